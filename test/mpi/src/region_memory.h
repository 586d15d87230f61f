/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Memory for dynamic windows, and its addresses on all ranks.
 */
#ifndef REGION_MEMORY_H_INCLUDED
#define REGION_MEMORY_H_INCLUDED

#include "check.h"

/* Zeros, in the region if there is one. To be freed by MPI_Free_mem(). */
static inline void *region_memory(MPI_Aint bytes)
{
    MPI_Info info;
    void *memory;

    MPI_Info_create(&info);
    MPI_Info_set(info, "mpich_buf_type", "shmem");
    CHECK(MPI_Alloc_mem(bytes, info, &memory) == MPI_SUCCESS, "no memory of %ld bytes",
          (long) bytes);
    memset(memory, 0, (size_t) bytes);
    MPI_Info_free(&info);
    return memory;
}

/* By rank. To be freed. */
static inline MPI_Aint *tell_address(const void *place)
{
    MPI_Aint mine, *all = check_alloc((size_t) check.size * sizeof(*all));

    MPI_Get_address(place, &mine);
    MPI_Allgather(&mine, 1, MPI_AINT, all, 1, MPI_AINT, MPI_COMM_WORLD);
    return all;
}

/* The address of a 64-bit element. */
static inline MPI_Aint at(MPI_Aint base, MPI_Aint element)
{
    return base + element * (MPI_Aint) sizeof(int64_t);
}

#endif /* REGION_MEMORY_H_INCLUDED */
