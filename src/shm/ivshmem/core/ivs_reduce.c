/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Chooses among loops that the compiler has made for several processors (ivs_reduce_loops.h).
 */
#include <stdint.h>

#include "ivs_reduce.h"

#if defined(__GNUC__) && !defined(__clang__)
#define VECTORISED __attribute__((optimize("O3"))) /* loops of unknown length too */
#else
#define VECTORISED
#endif

#define TARGET VECTORISED
#define LOOPS(name) plain_##name
#include "ivs_reduce_loops.h"
#undef TARGET
#undef LOOPS

#if defined(__x86_64__)
#define TARGET VECTORISED __attribute__((target("avx2")))
#define LOOPS(name) avx2_##name
#include "ivs_reduce_loops.h"
#undef TARGET
#undef LOOPS

#define TARGET VECTORISED __attribute__((target("avx512f,avx512bw,avx512dq")))
#define LOOPS(name) avx512_##name
#include "ivs_reduce_loops.h"
#undef TARGET
#undef LOOPS
#endif

ivs_reduce_fn ivs_reduce_find(enum ivs_op op, enum ivs_type type)
{
    if ((unsigned) op >= IVS_OPS || (unsigned) type >= IVS_TYPES) {
        return NULL;
    }
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq")) {
        return avx512_table[op][type];
    }
    if (__builtin_cpu_supports("avx2")) {
        return avx2_table[op][type];
    }
#endif
    return plain_table[op][type];
}
