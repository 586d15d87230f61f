/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time in milliseconds, from a clock that nobody sets.
 */
#ifndef IVD_CLOCK_H_INCLUDED
#define IVD_CLOCK_H_INCLUDED

#include <stdint.h>
#include <time.h>

static inline uint64_t ivd_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t) t.tv_sec * 1000 + (uint64_t) t.tv_nsec / 1000000;
}

#endif /* IVD_CLOCK_H_INCLUDED */
