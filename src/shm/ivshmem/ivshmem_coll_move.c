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
    struct MPIDI_IVSHMEM_coll *own;

    switch (MPIDI_IVSHMEMI_coll_choose(comm, IVS_BARRIER, 0, &own)) {
        case IVS_MPICH:
            return MPID_Barrier(comm, errflag);
        case IVS_HOSTS:
            return MPIDI_IVSHMEMI_hosts_barrier(comm, errflag);
        default:
            break;
    }
    return MPIDI_IVSHMEMI_coll_error(own, ivs_coll_barrier(&own->coll));
}

int MPIDI_IVSHMEM_bcast(void *buf, MPI_Aint count, MPI_Datatype type, int root, MPIR_Comm *comm,
                        MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own;
    struct MPIDI_IVSHMEMI_row row;
    int mpi_errno, ret;

    switch (
        MPIDI_IVSHMEMI_coll_choose(comm, IVS_BCAST, MPIDI_IVSHMEMI_bytes_of(count, type), &own)) {
        case IVS_MPICH:
            return MPID_Bcast(buf, count, type, root, comm, errflag);
        case IVS_HOSTS:
            return MPIDI_IVSHMEMI_hosts_bcast(buf, count, type, root, comm, errflag);
        default:
            break;
    }
    mpi_errno = MPIDI_IVSHMEMI_row_begin(&row, buf, count, type, comm->rank == root);
    if (mpi_errno == MPI_SUCCESS) {
        int rc = ivs_coll_bcast(&own->coll, (uint32_t) root, row.bytes, (size_t) row.size);
        mpi_errno = MPIDI_IVSHMEMI_coll_error(own, rc);
    }
    ret = MPIDI_IVSHMEMI_row_end(&row, mpi_errno == MPI_SUCCESS && comm->rank != root);
    return mpi_errno == MPI_SUCCESS ? ret : mpi_errno;
}

int MPIDI_IVSHMEM_allgather(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                            void *recv, MPI_Aint recv_count, MPI_Datatype recv_type,
                            MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    const MPI_Aint block = MPIDI_IVSHMEMI_bytes_of(recv_count, recv_type);
    struct MPIDI_IVSHMEM_coll *own;
    enum ivs_algorithm algorithm = MPIDI_IVSHMEMI_coll_choose(comm, IVS_ALLGATHER, block, &own);
    struct MPIDI_IVSHMEMI_rows rows;
    int mpi_errno;

    if (algorithm == IVS_MPICH) {
        return MPID_Allgather(send, send_count, send_type, recv, recv_count, recv_type, comm,
                              errflag);
    }
    mpi_errno = MPIDI_IVSHMEMI_rows_begin(&rows, send, send_count, send_type, recv,
                                          recv_count * comm->local_size, recv_type);
    if (mpi_errno == MPI_SUCCESS && algorithm == IVS_HOSTS) {
        mpi_errno = MPIDI_IVSHMEMI_hosts_allgather(send == MPI_IN_PLACE
                                                       ? rows.recv.bytes + comm->rank * block
                                                       : rows.send.bytes,
                                                   rows.recv.bytes, block, comm, errflag);
    } else if (mpi_errno == MPI_SUCCESS) {
        const struct ivs_blocks blocks = { .each = (size_t) block };
        int rc = ivs_coll_allgather(&own->coll, rows.send.bytes, rows.recv.bytes, &blocks);

        mpi_errno = MPIDI_IVSHMEMI_coll_error(own, rc);
    }
    return MPIDI_IVSHMEMI_rows_end(&rows, mpi_errno);
}

int MPIDI_IVSHMEM_gather(const void *send, MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                         MPI_Aint recv_count, MPI_Datatype recv_type, int root, MPIR_Comm *comm,
                         MPIR_Errflag_t *errflag)
{
    const MPI_Aint block = comm->rank == root ? MPIDI_IVSHMEMI_bytes_of(recv_count, recv_type)
                                              : MPIDI_IVSHMEMI_bytes_of(send_count, send_type);
    struct MPIDI_IVSHMEM_coll *own;
    struct MPIDI_IVSHMEMI_rows rows;
    int mpi_errno;

    if (MPIDI_IVSHMEMI_coll_choose(comm, IVS_GATHER, block, &own) == IVS_MPICH) {
        return MPID_Gather(send, send_count, send_type, recv, recv_count, recv_type, root, comm,
                           errflag);
    }
    if (comm->rank != root) {
        recv = NULL;
        recv_count = 0;
        recv_type = MPI_BYTE;
    }
    mpi_errno = MPIDI_IVSHMEMI_rows_begin(&rows, send, send_count, send_type, recv,
                                          recv_count * comm->local_size, recv_type);
    if (mpi_errno == MPI_SUCCESS) {
        int rc = ivs_coll_gather(&own->coll, (uint32_t) root, rows.send.bytes, rows.recv.bytes,
                                 (size_t) block);

        mpi_errno = MPIDI_IVSHMEMI_coll_error(own, rc);
    }
    return MPIDI_IVSHMEMI_rows_end(&rows, mpi_errno);
}

/* In place is the receive buffer here. */
int MPIDI_IVSHMEM_scatter(const void *send, MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                          MPI_Aint recv_count, MPI_Datatype recv_type, int root, MPIR_Comm *comm,
                          MPIR_Errflag_t *errflag)
{
    const MPI_Aint block = comm->rank == root ? MPIDI_IVSHMEMI_bytes_of(send_count, send_type)
                                              : MPIDI_IVSHMEMI_bytes_of(recv_count, recv_type);
    struct MPIDI_IVSHMEM_coll *own;
    const bool in_place = recv == MPI_IN_PLACE;
    struct MPIDI_IVSHMEMI_rows rows;
    int mpi_errno;

    if (MPIDI_IVSHMEMI_coll_choose(comm, IVS_SCATTER, block, &own) == IVS_MPICH) {
        return MPID_Scatter(send, send_count, send_type, recv, recv_count, recv_type, root, comm,
                            errflag);
    }
    if (comm->rank != root) {
        send = NULL;
        send_count = 0;
        send_type = MPI_BYTE;
    }
    mpi_errno = MPIDI_IVSHMEMI_rows_begin(&rows, send, send_count * comm->local_size, send_type,
                                          in_place ? NULL : recv, in_place ? 0 : recv_count,
                                          in_place ? MPI_BYTE : recv_type);
    if (mpi_errno == MPI_SUCCESS) {
        int rc = ivs_coll_scatter(&own->coll, (uint32_t) root, rows.send.bytes,
                                  in_place ? NULL : rows.recv.bytes, (size_t) block);

        mpi_errno = MPIDI_IVSHMEMI_coll_error(own, rc);
    }
    return MPIDI_IVSHMEMI_rows_end(&rows, mpi_errno);
}

int MPIDI_IVSHMEM_alltoall(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                           void *recv, MPI_Aint recv_count, MPI_Datatype recv_type, MPIR_Comm *comm,
                           MPIR_Errflag_t *errflag)
{
    const MPI_Aint block = MPIDI_IVSHMEMI_bytes_of(recv_count, recv_type);
    struct MPIDI_IVSHMEM_coll *own;
    enum ivs_algorithm algorithm = MPIDI_IVSHMEMI_coll_choose(comm, IVS_ALLTOALL, block, &own);
    struct MPIDI_IVSHMEMI_rows rows;
    const char *from;
    int mpi_errno;

    if (algorithm == IVS_MPICH) {
        return MPID_Alltoall(send, send_count, send_type, recv, recv_count, recv_type, comm,
                             errflag);
    }
    mpi_errno = MPIDI_IVSHMEMI_rows_begin(&rows, send, send_count * comm->local_size, send_type,
                                          recv, recv_count * comm->local_size, recv_type);
    from = send == MPI_IN_PLACE ? rows.recv.bytes : rows.send.bytes;
    if (mpi_errno == MPI_SUCCESS && algorithm == IVS_HOSTS) {
        mpi_errno = MPIDI_IVSHMEMI_hosts_alltoall(from, rows.recv.bytes, block, comm, errflag);
    } else if (mpi_errno == MPI_SUCCESS) {
        int rc = ivs_coll_alltoall(&own->coll, from, rows.recv.bytes, (size_t) block);

        mpi_errno = MPIDI_IVSHMEMI_coll_error(own, rc);
    }
    return MPIDI_IVSHMEMI_rows_end(&rows, mpi_errno);
}
