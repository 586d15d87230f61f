/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Buffers of collective operations as rows of bytes.
 */
#include "ivshmem_coll_impl.h"

static int pack(struct MPIDI_IVSHMEMI_row *row)
{
    MPI_Aint done = 0;
    int mpi_errno;

    mpi_errno = MPIR_Typerep_pack(row->buf, row->count, row->type, 0, row->copy, row->size, &done);
    MPIR_Assert(mpi_errno != MPI_SUCCESS || done == row->size);
    return mpi_errno;
}

int MPIDI_IVSHMEMI_row_begin(struct MPIDI_IVSHMEMI_row *row, const void *buf, MPI_Aint count,
                             MPI_Datatype type, bool packed)
{
    MPI_Aint lower;
    int is_contiguous, mpi_errno = MPI_SUCCESS;

    row->buf = (void *) buf;
    row->count = count;
    row->type = type;
    row->copy = NULL;
    MPIDI_Datatype_check_contig_size_lb(type, count, is_contiguous, row->size, lower);
    if (is_contiguous || row->size == 0) {
        row->bytes = MPIR_get_contig_ptr(buf, lower);
        return MPI_SUCCESS;
    }
    row->copy = MPL_malloc(row->size, MPL_MEM_COLL);
    row->bytes = row->copy;
    if (row->copy == NULL) {
        MPIR_ERR_SET(mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    } else if (packed) {
        mpi_errno = pack(row);
    }
    return mpi_errno;
}

int MPIDI_IVSHMEMI_row_end(struct MPIDI_IVSHMEMI_row *row, bool written)
{
    int mpi_errno = MPI_SUCCESS;

    if (row->copy != NULL && written) {
        MPI_Aint done = 0;

        mpi_errno =
            MPIR_Typerep_unpack(row->copy, row->size, row->buf, row->count, row->type, 0, &done);
    }
    MPL_free(row->copy);
    row->copy = NULL;
    return mpi_errno;
}

int MPIDI_IVSHMEMI_rows_begin(struct MPIDI_IVSHMEMI_rows *rows, const void *send,
                              MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                              MPI_Aint recv_count, MPI_Datatype recv_type)
{
    const bool in_place = send == MPI_IN_PLACE;
    int mpi_errno;

    memset(rows, 0, sizeof(*rows));
    mpi_errno = MPIDI_IVSHMEMI_row_begin(&rows->recv, recv, recv_count, recv_type, in_place);
    if (mpi_errno == MPI_SUCCESS && !in_place) {
        mpi_errno = MPIDI_IVSHMEMI_row_begin(&rows->send, send, send_count, send_type, true);
    }
    return mpi_errno;
}

int MPIDI_IVSHMEMI_rows_end(struct MPIDI_IVSHMEMI_rows *rows, bool written, int mpi_errno)
{
    int ret;

    MPIDI_IVSHMEMI_row_end(&rows->send, false);
    ret = MPIDI_IVSHMEMI_row_end(&rows->recv, written && mpi_errno == MPI_SUCCESS);
    return mpi_errno == MPI_SUCCESS ? ret : mpi_errno;
}
