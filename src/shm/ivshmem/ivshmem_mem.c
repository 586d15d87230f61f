/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * MPI_Alloc_mem from the region. Memory there can be a window that other VMs access directly
 * (ivshmem_win.c). Asked for by the info key mpich_buf_type = shmem, it is taken from the region
 * whatever it costs; by size alone, only where the mapping is ordinary write-back memory: a
 * program that computes in it must not be slowed down unasked. What does not fit is private
 * memory, as for any MPI.
 */
#include "ivshmem_impl.h"

#define ORDINARY_MBPS 1000 /* reads of memory that is not write-back are slower by far */

/* Blocks taken and refused, for the report at the end. */
static struct {
    uint64_t taken, refused;
} counts;

static void *take(MPI_Aint bytes)
{
    void *addr = NULL;

    if (MPIDI_IVSHMEMI_seg_alloc((uint64_t) bytes, &addr) == MPL_SUCCESS) {
        counts.taken++;
        return addr;
    }
    counts.refused++;
    return NULL;
}

static bool is_wanted(MPI_Aint bytes)
{
    return MPIDI_IVSHMEMI_global.merged && MPIR_CVAR_IVSHMEM_ALLOC_MEM_KIB > 0 &&
           bytes / 1024 >= MPIR_CVAR_IVSHMEM_ALLOC_MEM_KIB &&
           MPIDI_IVSHMEMI_global.read_mbps >= ORDINARY_MBPS;
}

void *MPIDI_IVSHMEM_alloc_mem(MPI_Aint bytes, MPIR_Info *info)
{
    void *addr = is_wanted(bytes) ? take(bytes) : NULL;

    return addr != NULL ? addr : MPIDIG_mpi_alloc_mem(bytes, info);
}

void *MPIDI_IVSHMEM_alloc_shmem(MPI_Aint bytes, MPIR_Info *info)
{
    void *addr = MPIDI_IVSHMEMI_global.merged ? take(bytes) : NULL;

    return addr != NULL ? addr : MPIDIG_mpi_alloc_mem(bytes, info);
}

int MPIDI_IVSHMEM_free_mem(void *addr)
{
    int mpi_errno = MPI_SUCCESS;

    if (!MPIDI_IVSHMEMI_in_region(addr)) {
        return MPIDIG_mpi_free_mem(addr);
    }
    MPIR_ERR_CHKANDJUMP(MPIDI_IVSHMEMI_seg_free(addr) != MPL_SUCCESS, mpi_errno, MPI_ERR_BASE,
                        "**ivshmem_base");
fn_fail:
    return mpi_errno;
}

/* One line: if something was refused, or all is to be told. */
void MPIDI_IVSHMEMI_mem_report(void)
{
    const int level = counts.refused > 0 ? 1 : 2;

    if (MPIR_CVAR_IVSHMEM_REPORT >= level && counts.taken + counts.refused > 0) {
        fprintf(stderr,
                "[ivshmem] rank %d: MPI_Alloc_mem: %" PRIu64 " times from the region, %" PRIu64
                " times from private memory, as the region had no room\n",
                MPIR_Process.rank, counts.taken, counts.refused);
    }
    counts.taken = counts.refused = 0;
}
