/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the fuzz targets share. Each target is one property function over bytes; libFuzzer calls
 * it, and so does replay.c over the corpus in make check. A property that does not hold aborts.
 */
#ifndef FUZZ_H_INCLUDED
#define FUZZ_H_INCLUDED

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "locality_impl.h"

#define REGION_BYTES (UINT64_C(1) << 20)

/* libFuzzer's name; also called by replay.c */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(cond)                                                                 \
    do {                                                                              \
        if (!(cond)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #cond); \
            abort();                                                                  \
        }                                                                             \
    } while (0)

/* A region in private memory, made once; `fuzz_reset` puts its metadata back as it was new. */
static struct ivl_region *fuzz_region;
static uint8_t fuzz_fresh[65536]; /* copy of the metadata */

__attribute__((unused)) static void fuzz_make(uint32_t vms, uint32_t jobs, uint32_t chunk_bytes)
{
    const struct ivl_format fmt = { .region_bytes = REGION_BYTES,
                                    .vms = vms,
                                    .jobs = jobs,
                                    .chunk_bytes = chunk_bytes,
                                    .lease_ms = 1000 };
    void *base =
        mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(base != MAP_FAILED);
    require(ivl_region_format(base, &fmt, NULL) == 0);
    require(ivl_region_over(base, REGION_BYTES, &fuzz_region, NULL) == 0);
    require(fuzz_region->geo.heap_off <= sizeof(fuzz_fresh));
    memcpy(fuzz_fresh, base, fuzz_region->geo.heap_off);
}

__attribute__((unused)) static void fuzz_reset(void)
{
    memcpy(fuzz_region->base, fuzz_fresh, fuzz_region->geo.heap_off);
    memset(&ivl_impl(fuzz_region)->hints, 0, sizeof(ivl_impl(fuzz_region)->hints));
}

/* Lays the input's next bytes over memory of the region. */
__attribute__((unused)) static void fuzz_overlay(uint64_t offset, size_t bytes,
                                                 const uint8_t **data, size_t *size)
{
    size_t n = *size < bytes ? *size : bytes;
    memcpy(fuzz_region->base + offset, *data, n);
    *data += n;
    *size -= n;
}

/* Next byte of the input, 0 at its end. */
__attribute__((unused)) static uint8_t fuzz_byte(const uint8_t **data, size_t *size)
{
    if (*size == 0) {
        return 0;
    }
    --*size;
    return *(*data)++;
}

/* Failed calls say so, in terminated text. */
__attribute__((unused)) static void fuzz_check_diag(int rc, const struct ivl_diag *diag)
{
    require(rc <= 0);
    if (rc) {
        char text[700];
        require(memchr(diag->where, 0, sizeof(diag->where)));
        require(memchr(diag->what, 0, sizeof(diag->what)) && diag->what[0]);
        require(memchr(diag->remedy, 0, sizeof(diag->remedy)));
        ivl_diag_format(diag, text, sizeof(text));
    }
}

#endif /* FUZZ_H_INCLUDED */
