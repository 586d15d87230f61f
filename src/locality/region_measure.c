/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * How fast the mapping can be read: tells cached from uncached memory.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality_impl.h"

#include <string.h>
#include <time.h>

#define BLOCK_BYTES 16384

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/* Copies as the transport would: memcpy into a buffer that stays in the first-level cache. */
static void read_all(const uint8_t *from, size_t bytes)
{
    uint8_t buf[BLOCK_BYTES];
    for (size_t done = 0; done < bytes; done += BLOCK_BYTES) {
        size_t n = bytes - done < BLOCK_BYTES ? bytes - done : BLOCK_BYTES;
        memcpy(buf, from + done, n);
        __asm__ __volatile__("" : : "r"(buf) : "memory"); /* the copy is wanted */
    }
}

double ivl_region_read_mbps(const struct ivl_region *region, size_t bytes)
{
    const uint8_t *heap = region->base + region->geo.heap_off;
    uint64_t limit = ivl_heap_bytes(&region->geo);
    if (bytes > limit) {
        bytes = (size_t) limit;
    }
    if (bytes == 0 || ivl_region_check_backing(region, NULL)) {
        return 0;
    }
    read_all(heap, bytes);
    double start = seconds();
    read_all(heap, bytes);
    double elapsed = seconds() - start;
    return elapsed > 0 ? (double) bytes / 1e6 / elapsed : 0;
}
