/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * MPI's predefined operations and types as the vector loops know them.
 */
#include "ivshmem_impl.h"
#include "ivshmem_loop.h"

bool MPIDI_IVSHMEMI_is_integer(MPI_Datatype type)
{
    switch (type) {
        case MPI_SIGNED_CHAR:
        case MPI_UNSIGNED_CHAR:
        case MPI_SHORT:
        case MPI_UNSIGNED_SHORT:
        case MPI_INT:
        case MPI_UNSIGNED:
        case MPI_LONG:
        case MPI_UNSIGNED_LONG:
        case MPI_LONG_LONG:
        case MPI_UNSIGNED_LONG_LONG:
        case MPI_INT8_T:
        case MPI_INT16_T:
        case MPI_INT32_T:
        case MPI_INT64_T:
        case MPI_UINT8_T:
        case MPI_UINT16_T:
        case MPI_UINT32_T:
        case MPI_UINT64_T:
        case MPI_AINT:
        case MPI_OFFSET:
        case MPI_COUNT:
            return true;
        default:
            return false;
    }
}

static bool is_unsigned(MPI_Datatype type)
{
    switch (type) {
        case MPI_UNSIGNED_CHAR:
        case MPI_UNSIGNED_SHORT:
        case MPI_UNSIGNED:
        case MPI_UNSIGNED_LONG:
        case MPI_UNSIGNED_LONG_LONG:
        case MPI_UINT8_T:
        case MPI_UINT16_T:
        case MPI_UINT32_T:
        case MPI_UINT64_T:
            return true;
        default:
            return false;
    }
}

/* IVS_TYPES if the vector loops do not know it. */
static enum ivs_type vector_type(MPI_Datatype type)
{
    static const enum ivs_type integers[] = {
        [1] = IVS_TYPE_I8, [2] = IVS_TYPE_I16, [4] = IVS_TYPE_I32, [8] = IVS_TYPE_I64
    };

    if (MPIDI_IVSHMEMI_is_integer(type)) {
        return integers[MPIR_Datatype_get_basic_size(type)] + (is_unsigned(type) ? 1 : 0);
    }
    return type == MPI_FLOAT ? IVS_TYPE_F32 : type == MPI_DOUBLE ? IVS_TYPE_F64 : IVS_TYPES;
}

static enum ivs_op vector_op(MPI_Op op)
{
    switch (op) {
        case MPI_SUM:
            return IVS_OP_SUM;
        case MPI_PROD:
            return IVS_OP_PROD;
        case MPI_MIN:
            return IVS_OP_MIN;
        case MPI_MAX:
            return IVS_OP_MAX;
        case MPI_BAND:
            return IVS_OP_BAND;
        case MPI_BOR:
            return IVS_OP_BOR;
        case MPI_BXOR:
            return IVS_OP_BXOR;
        default:
            return IVS_OPS;
    }
}

ivs_reduce_fn MPIDI_IVSHMEMI_loop_find(MPI_Op op, MPI_Datatype type)
{
    return ivs_reduce_find(vector_op(op), vector_type(type));
}
