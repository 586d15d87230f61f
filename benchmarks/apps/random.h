/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Random numbers by counter: number i of a sequence is a function of the seed and i, so that each
 * rank makes its part of the input and the whole is the same for any number of ranks. The mixing
 * function is that of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators, OOPSLA 2014).
 */
#ifndef RANDOM_H_INCLUDED
#define RANDOM_H_INCLUDED

#include <stdint.h>

static inline uint64_t random_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint64_t random_bits(uint64_t seed, uint64_t i)
{
    return random_mix(random_mix(seed) + (i + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* From 0 to below 1. */
static inline double random_unit(uint64_t seed, uint64_t i)
{
    return (double) (random_bits(seed, i) >> 11) * 0x1p-53;
}

#endif
