/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Copying pieces of messages by vector moves. The C library's memcpy hands longer copies to the
 * processor's string instruction, which is slower where source and destination have nearly the
 * same offset in a page, as page-aligned buffers do (42 against 81 GB/s measured at 16 bytes).
 * Thread-safe; no overlap allowed; any length and alignment.
 */
#ifndef IVS_COPY_H_INCLUDED
#define IVS_COPY_H_INCLUDED

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define IVS_COPY_SHORT 512 /* below, the C library's memcpy is as good */
#define IVS_COPY_FEW 128

/* Chooses the routine for this processor. Called once before any copy; without it, memcpy. */
void ivs_copy_init(void);

/* Names the routine chosen, for reports: "avx512", "avx2" or "memcpy". */
const char *ivs_copy_name(void);

void ivs_copy_long(void *dst, const void *src, size_t bytes);

/* At most IVS_COPY_FEW bytes: two moves of the same constant length, which overlap in the middle.
 * A memcpy of variable but bounded length becomes a string instruction, which takes longer to
 * start than all of this. */
static inline void ivs_copy_few(void *dst, const void *src, size_t bytes)
{
    char *to = (char *) dst;
    const char *from = (const char *) src;

#define TWO_MOVES(length)                                                 \
    do {                                                                  \
        memcpy(to, from, (length));                                       \
        memcpy(to + bytes - (length), from + bytes - (length), (length)); \
    } while (0)
    if (bytes > 64) {
        TWO_MOVES(64);
    } else if (bytes > 32) {
        TWO_MOVES(32);
    } else if (bytes >= 16) {
        TWO_MOVES(16);
    } else if (bytes >= 8) {
        TWO_MOVES(8);
    } else if (bytes >= 4) {
        TWO_MOVES(4);
    } else if (bytes > 0) {
        to[0] = from[0];
        to[bytes / 2] = from[bytes / 2];
        to[bytes - 1] = from[bytes - 1];
    }
#undef TWO_MOVES
}

static inline void ivs_copy(void *dst, const void *src, size_t bytes)
{
    if (bytes <= IVS_COPY_FEW) {
        ivs_copy_few(dst, src, bytes);
    } else if (bytes < IVS_COPY_SHORT) {
        __asm__("" : "+r"(bytes)); /* the compiler forgets the bounds, and calls the library */
        memcpy(dst, src, bytes);
    } else {
        ivs_copy_long(dst, src, bytes);
    }
}

/* ---- for another processor to read -------------------------------------------------------- */

/* Writing what a distant processor has just read, and reading what it has just written, both fetch
 * every line from its cache: 2 GB/s where the two share no cache, 38 where they do. Stores that go
 * past the caches then carry 5 to 15. Who writes learns how far its readers are from how long its own
 * stores take, again and again, since virtual processors move. Private to the writer; begin with all
 * zero. */
struct ivs_distance {
    uint16_t slow; /* copies in a row that were */
    uint16_t near; /* copies to make without a look at the clock */
    uint16_t far;  /* copies to make past the caches */
};

#define IVS_COPY_FAR 4096 /* bytes from which that is faster */

void ivs_copy_out_long(struct ivs_distance *distance, void *dst, const void *src, size_t bytes);

/* As ivs_copy. What is stored is visible to others before any later store. */
static inline void ivs_copy_out(struct ivs_distance *distance, void *dst, const void *src,
                                size_t bytes)
{
    if (bytes < IVS_COPY_FAR) {
        ivs_copy(dst, src, bytes);
    } else {
        ivs_copy_out_long(distance, dst, src, bytes);
    }
}

#endif /* IVS_COPY_H_INCLUDED */
