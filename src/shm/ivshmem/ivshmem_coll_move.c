/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * MPI's collective operations that move data, among ranks of one host. What is chosen depends on
 * sizes in bytes only, which are the same on all ranks: types need not be.
 */
#include "ivshmem_coll_impl.h"
#include "ivshmem_coll.h"

int MPIDI_IVSHMEM_barrier(MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own = MPIDI_IVSHMEMI_coll_of(comm);

    if (own == NULL) {
        return MPID_Barrier(comm, errflag);
    }
    return MPIDI_IVSHMEMI_coll_error(own, ivs_coll_barrier(&own->coll));
}

int MPIDI_IVSHMEM_bcast(void *buf, MPI_Aint count, MPI_Datatype type, int root, MPIR_Comm *comm,
                        MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own = MPIDI_IVSHMEMI_coll_of(comm);
    struct MPIDI_IVSHMEMI_row row;
    int mpi_errno, ret;

    if (own == NULL) {
        return MPID_Bcast(buf, count, type, root, comm, errflag);
    }
    mpi_errno = MPIDI_IVSHMEMI_row_begin(&row, buf, count, type, comm->rank == root);
    if (mpi_errno == MPI_SUCCESS) {
        int rc = ivs_coll_bcast(&own->coll, (uint32_t) root, row.bytes, (size_t) row.size);
        mpi_errno = MPIDI_IVSHMEMI_coll_error(own, rc);
    }
    ret = MPIDI_IVSHMEMI_row_end(&row, mpi_errno == MPI_SUCCESS && comm->rank != root);
    return mpi_errno == MPI_SUCCESS ? ret : mpi_errno;
}

/* A call's two buffers. MPI_IN_PLACE: the send row is empty, and the receive row has the data. */
struct rows {
    struct MPIDI_IVSHMEMI_row send, recv;
};

static int rows_begin(struct rows *rows, const void *send, MPI_Aint send_count,
                      MPI_Datatype send_type, void *recv, MPI_Aint recv_count,
                      MPI_Datatype recv_type)
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

static int rows_end(struct rows *rows, int mpi_errno)
{
    int ret;

    MPIDI_IVSHMEMI_row_end(&rows->send, false);
    ret = MPIDI_IVSHMEMI_row_end(&rows->recv, mpi_errno == MPI_SUCCESS);
    return mpi_errno == MPI_SUCCESS ? ret : mpi_errno;
}

int MPIDI_IVSHMEM_allgather(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                            void *recv, MPI_Aint recv_count, MPI_Datatype recv_type,
                            MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own = MPIDI_IVSHMEMI_coll_of(comm);
    struct rows rows;
    int mpi_errno;

    if (own == NULL) {
        return MPID_Allgather(send, send_count, send_type, recv, recv_count, recv_type, comm,
                              errflag);
    }
    mpi_errno = rows_begin(&rows, send, send_count, send_type, recv, recv_count * comm->local_size,
                           recv_type);
    if (mpi_errno == MPI_SUCCESS) {
        const struct ivs_blocks blocks = { .each = (size_t) (rows.recv.size / comm->local_size) };
        int rc = ivs_coll_allgather(&own->coll, rows.send.bytes, rows.recv.bytes, &blocks);

        mpi_errno = MPIDI_IVSHMEMI_coll_error(own, rc);
    }
    return rows_end(&rows, mpi_errno);
}

int MPIDI_IVSHMEM_gather(const void *send, MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                         MPI_Aint recv_count, MPI_Datatype recv_type, int root, MPIR_Comm *comm,
                         MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own = MPIDI_IVSHMEMI_coll_of(comm);
    struct rows rows;
    int mpi_errno;

    if (own == NULL) {
        return MPID_Gather(send, send_count, send_type, recv, recv_count, recv_type, root, comm,
                           errflag);
    }
    if (comm->rank != root) {
        recv = NULL;
        recv_count = 0;
        recv_type = MPI_BYTE;
    }
    mpi_errno = rows_begin(&rows, send, send_count, send_type, recv, recv_count * comm->local_size,
                           recv_type);
    if (mpi_errno == MPI_SUCCESS) {
        MPI_Aint bytes = comm->rank == root ? rows.recv.size / comm->local_size : rows.send.size;
        int rc = ivs_coll_gather(&own->coll, (uint32_t) root, rows.send.bytes, rows.recv.bytes,
                                 (size_t) bytes);

        mpi_errno = MPIDI_IVSHMEMI_coll_error(own, rc);
    }
    return rows_end(&rows, mpi_errno);
}

/* In place is the receive buffer here. */
int MPIDI_IVSHMEM_scatter(const void *send, MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                          MPI_Aint recv_count, MPI_Datatype recv_type, int root, MPIR_Comm *comm,
                          MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own = MPIDI_IVSHMEMI_coll_of(comm);
    const bool in_place = recv == MPI_IN_PLACE;
    struct rows rows;
    int mpi_errno;

    if (own == NULL) {
        return MPID_Scatter(send, send_count, send_type, recv, recv_count, recv_type, root, comm,
                            errflag);
    }
    if (comm->rank != root) {
        send = NULL;
        send_count = 0;
        send_type = MPI_BYTE;
    }
    mpi_errno =
        rows_begin(&rows, send, send_count * comm->local_size, send_type, in_place ? NULL : recv,
                   in_place ? 0 : recv_count, in_place ? MPI_BYTE : recv_type);
    if (mpi_errno == MPI_SUCCESS) {
        MPI_Aint bytes = comm->rank == root ? rows.send.size / comm->local_size : rows.recv.size;
        int rc = ivs_coll_scatter(&own->coll, (uint32_t) root, rows.send.bytes,
                                  in_place ? NULL : rows.recv.bytes, (size_t) bytes);

        mpi_errno = MPIDI_IVSHMEMI_coll_error(own, rc);
    }
    return rows_end(&rows, mpi_errno);
}

int MPIDI_IVSHMEM_alltoall(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                           void *recv, MPI_Aint recv_count, MPI_Datatype recv_type, MPIR_Comm *comm,
                           MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own = MPIDI_IVSHMEMI_coll_of(comm);
    struct rows rows;
    int mpi_errno;

    if (own == NULL) {
        return MPID_Alltoall(send, send_count, send_type, recv, recv_count, recv_type, comm,
                             errflag);
    }
    mpi_errno = rows_begin(&rows, send, send_count * comm->local_size, send_type, recv,
                           recv_count * comm->local_size, recv_type);
    if (mpi_errno == MPI_SUCCESS) {
        const char *from = send == MPI_IN_PLACE ? rows.recv.bytes : rows.send.bytes;
        int rc = ivs_coll_alltoall(&own->coll, from, rows.recv.bytes,
                                   (size_t) (rows.recv.size / comm->local_size));

        mpi_errno = MPIDI_IVSHMEMI_coll_error(own, rc);
    }
    return rows_end(&rows, mpi_errno);
}
