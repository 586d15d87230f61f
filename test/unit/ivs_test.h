/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the tests of rings and ports share: memory between guard pages, random numbers, records
 * whose content says who sent them.
 */
#ifndef IVS_TEST_H_INCLUDED
#define IVS_TEST_H_INCLUDED

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "core/ivs_port.h"

#define TEST_PAGE 4096u
#define KIND 7u /* a user's kind of record */

/* Zeroed memory with an inaccessible page before and behind it; `bytes` end at the one behind if
 * they are a multiple of their alignment. */
struct guarded {
    unsigned char *map;
    uint64_t map_bytes;
    uint64_t bytes;
};

__attribute__((unused)) static void guarded_make(struct guarded *g, uint64_t bytes)
{
    uint64_t whole = (bytes + TEST_PAGE - 1) / TEST_PAGE * TEST_PAGE;

    g->bytes = bytes;
    g->map_bytes = whole + 2 * (uint64_t) TEST_PAGE;
    g->map =
        mmap(NULL, g->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(g->map != MAP_FAILED);
    assert_int_equal(mprotect(g->map + TEST_PAGE, whole, PROT_READ | PROT_WRITE), 0);
}

__attribute__((unused)) static void *guarded_front(const struct guarded *g)
{
    return g->map + TEST_PAGE;
}

__attribute__((unused)) static void *guarded_back(const struct guarded *g)
{
    return g->map + g->map_bytes - TEST_PAGE - g->bytes;
}

__attribute__((unused)) static void guarded_free(struct guarded *g)
{
    munmap(g->map, g->map_bytes);
}

__attribute__((unused)) static uint32_t rnd(uint64_t *seed, uint32_t below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t) (*seed >> 33) % below;
}

/* `bytes` bytes that depend on all of mark and on their place. */
__attribute__((unused)) static void pattern_fill(unsigned char *to, uint32_t bytes, uint64_t mark)
{
    uint64_t x = mark * UINT64_C(0x9e3779b97f4a7c15) + 1;

    for (uint32_t i = 0; i < bytes; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        to[i] = (unsigned char) (x >> 56);
    }
}

#endif /* IVS_TEST_H_INCLUDED */
