/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Random numbers (see nas_random.h).
 */
#include "nas_random.h"

#define FACTOR UINT64_C(1220703125) /* 5^13 */
#define MASK ((UINT64_C(1) << 46) - 1)

double random_next(uint64_t *x)
{
    *x = *x * FACTOR & MASK;
    return (double) *x * 0x1p-46;
}

uint64_t random_jump(uint64_t x, uint64_t moves)
{
    for (uint64_t power = FACTOR; moves != 0; moves >>= 1) {
        if ((moves & 1) != 0) {
            x = x * power & MASK;
        }
        power = power * power & MASK;
    }
    return x;
}
