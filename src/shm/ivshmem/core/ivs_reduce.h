/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Element-wise operations on arrays, in vector loops for the processor at hand: to[i] becomes
 * from[i] OP to[i]. Integers wrap. The greater and the lesser of two floating-point numbers is
 * either if one is not a number. Thread-safe.
 */
#ifndef IVS_REDUCE_H_INCLUDED
#define IVS_REDUCE_H_INCLUDED

#include <stddef.h>

enum ivs_op {
    IVS_OP_SUM,
    IVS_OP_PROD,
    IVS_OP_MIN,
    IVS_OP_MAX,
    IVS_OP_BAND, /* this and the next two: integers only */
    IVS_OP_BOR,
    IVS_OP_BXOR,
    IVS_OPS
};

enum ivs_type {
    IVS_TYPE_I8,
    IVS_TYPE_U8,
    IVS_TYPE_I16,
    IVS_TYPE_U16,
    IVS_TYPE_I32,
    IVS_TYPE_U32,
    IVS_TYPE_I64,
    IVS_TYPE_U64,
    IVS_TYPE_F32,
    IVS_TYPE_F64,
    IVS_TYPES
};

/* Both arrays are aligned to the elements' size, have count elements and do not overlap. */
typedef void (*ivs_reduce_fn)(void *to, const void *from, size_t count);

/* NULL: no such operation on such elements. */
ivs_reduce_fn ivs_reduce_find(enum ivs_op op, enum ivs_type type);

#endif /* IVS_REDUCE_H_INCLUDED */
