/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * MPI_Allgatherv among ranks of one host: blocks of different lengths at places of their own.
 */
#include "ivshmem_coll_impl.h"
#include "ivshmem_coll.h"

/* The receive buffer: the program's own memory where its type is contiguous, else a copy in which the
 * blocks lie one behind the other. */
struct blocks {
    size_t *bytes, *at;
    char *base;
    char *copy; /* NULL: none */
    char *recv;
    const MPI_Aint *counts, *displs;
    MPI_Datatype type;
    MPI_Aint extent;
    int ranks;
};

static char *place_of(const struct blocks *b, int rank)
{
    return b->recv + b->displs[rank] * b->extent;
}

static int allocate(struct blocks *b, MPI_Aint size, bool is_contiguous)
{
    MPI_Aint total = 0;
    int mpi_errno = MPI_SUCCESS;

    b->bytes = MPL_malloc(2 * sizeof(size_t) * b->ranks, MPL_MEM_COLL);
    MPIR_ERR_CHKANDJUMP(b->bytes == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    b->at = b->bytes + b->ranks;
    for (int j = 0; j < b->ranks; j++) {
        b->bytes[j] = (size_t) (b->counts[j] * size);
        b->at[j] = (size_t) (is_contiguous ? b->displs[j] * b->extent : total);
        total += b->counts[j] * size;
    }
    if (!is_contiguous && total > 0) {
        b->copy = MPL_malloc(total, MPL_MEM_COLL);
        MPIR_ERR_CHKANDJUMP(b->copy == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
        b->base = b->copy;
    }
fn_fail:
    return mpi_errno;
}

static int begin(struct blocks *b, void *recv, const MPI_Aint *counts, const MPI_Aint *displs,
                 MPI_Datatype type, int ranks)
{
    MPI_Aint size, lower;
    int is_contiguous;

    memset(b, 0, sizeof(*b));
    MPIDI_Datatype_check_contig_size_lb(type, 1, is_contiguous, size, lower);
    MPIR_Datatype_get_extent_macro(type, b->extent);
    b->recv = recv;
    b->base = MPIR_get_contig_ptr(recv, lower);
    b->counts = counts;
    b->displs = displs;
    b->type = type;
    b->ranks = ranks;
    return allocate(b, size, is_contiguous != 0);
}

static int pack_own(const struct blocks *b, int rank)
{
    MPI_Aint done;

    if (b->copy == NULL || b->bytes[rank] == 0) {
        return MPI_SUCCESS;
    }
    return MPIR_Typerep_pack(place_of(b, rank), b->counts[rank], b->type, 0, b->copy + b->at[rank],
                             (MPI_Aint) b->bytes[rank], &done);
}

static int unpack(const struct blocks *b)
{
    int mpi_errno = MPI_SUCCESS;

    for (int j = 0; mpi_errno == MPI_SUCCESS && b->copy != NULL && j < b->ranks; j++) {
        MPI_Aint done;

        if (b->bytes[j] > 0) {
            mpi_errno = MPIR_Typerep_unpack(b->copy + b->at[j], (MPI_Aint) b->bytes[j],
                                            place_of(b, j), b->counts[j], b->type, 0, &done);
        }
    }
    return mpi_errno;
}

static void end(struct blocks *b)
{
    MPL_free(b->bytes);
    MPL_free(b->copy);
}

static int exchange(struct MPIDI_IVSHMEM_coll *own, struct blocks *b, const char *send)
{
    const struct ivs_blocks core = { b->bytes, b->at, 0 };
    struct MPIDI_IVSHMEMI_op op;

    MPIDI_IVSHMEMI_op_init(&op, own);
    ivs_coll_allgather(&op.task, &own->coll, send, b->base, &core);
    return MPIDI_IVSHMEMI_op_run(&op, MPI_SUCCESS);
}

int MPIDI_IVSHMEM_allgatherv(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                             void *recv, const MPI_Aint *recv_counts, const MPI_Aint *displs,
                             MPI_Datatype recv_type, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own;
    const bool in_place = send == MPI_IN_PLACE;
    struct MPIDI_IVSHMEMI_row row = { .copy = NULL };
    struct blocks blocks;
    int mpi_errno;

    if (MPIDI_IVSHMEMI_coll_choose(comm, IVS_ALLGATHERV, 0, &own) == IVS_MPICH) {
        return MPID_Allgatherv(send, send_count, send_type, recv, recv_counts, displs, recv_type,
                               comm, errflag);
    }
    mpi_errno = begin(&blocks, recv, recv_counts, displs, recv_type, comm->local_size);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = in_place ? pack_own(&blocks, comm->rank)
                         : MPIDI_IVSHMEMI_row_begin(&row, send, send_count, send_type, true);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = exchange(own, &blocks, in_place ? NULL : row.bytes);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = unpack(&blocks);
fn_fail:
    if (mpi_errno != MPI_SUCCESS) {
        MPIDI_IVSHMEMI_area_leave(own);
    }
    MPIDI_IVSHMEMI_row_end(&row, false);
    end(&blocks);
    return mpi_errno;
}
