/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The random numbers of the NAS benchmarks: x(k+1) = 5^13 x(k) mod 2^46, of which 2^-46 x is the
 * value, between 0 and 1. The product modulo 2^64, as processors do it, has the right low 46 bits.
 */
#ifndef NAS_RANDOM_H_INCLUDED
#define NAS_RANDOM_H_INCLUDED

#include <stdint.h>

#define RANDOM_SEED UINT64_C(314159265)

/* Moves x on and returns its value. */
double random_next(uint64_t *x);

/* x after so many moves. */
uint64_t random_jump(uint64_t x, uint64_t moves);

#endif
