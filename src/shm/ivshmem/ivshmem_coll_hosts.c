/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collective operations over several hosts, in two levels: shared memory among the ranks of each host,
 * messages among the first ranks of the hosts. MPICH's node_comm holds the former (none: this rank is
 * alone on its host), its node_roots_comm the latter (none: this rank is not the first).
 */
#include "ivshmem_coll_impl.h"
#include "ivshmem_coll.h"

int MPIDI_IVSHMEMI_hosts_barrier(MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    int mpi_errno = MPI_SUCCESS;

    if (comm->node_comm != NULL) {
        mpi_errno = MPIDI_IVSHMEM_barrier(comm->node_comm, errflag);
        MPIR_ERR_CHECK(mpi_errno);
    }
    if (comm->node_roots_comm != NULL) {
        mpi_errno = MPID_Barrier(comm->node_roots_comm, errflag);
        MPIR_ERR_CHECK(mpi_errno);
    }
    if (comm->node_comm != NULL) {
        mpi_errno = MPIDI_IVSHMEM_barrier(comm->node_comm, errflag);
    }
fn_fail:
    return mpi_errno;
}

/* On the root's host the ranks have the data first, from the root itself. */
int MPIDI_IVSHMEMI_hosts_bcast(void *buf, MPI_Aint count, MPI_Datatype type, int root,
                               MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    const int local_root = MPIR_Get_intranode_rank(comm, root); /* -1: on another host */
    int mpi_errno = MPI_SUCCESS;

    if (local_root > 0) {
        mpi_errno = MPIDI_IVSHMEM_bcast(buf, count, type, local_root, comm->node_comm, errflag);
        MPIR_ERR_CHECK(mpi_errno);
    }
    if (comm->node_roots_comm != NULL) {
        mpi_errno = MPID_Bcast(buf, count, type, MPIR_Get_internode_rank(comm, root),
                               comm->node_roots_comm, errflag);
        MPIR_ERR_CHECK(mpi_errno);
    }
    if (local_root <= 0 && comm->node_comm != NULL) {
        mpi_errno = MPIDI_IVSHMEM_bcast(buf, count, type, 0, comm->node_comm, errflag);
    }
fn_fail:
    return mpi_errno;
}

/* The sum of this host's ranks, at the first of them. */
static int reduce_here(const void *send, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                       MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    if (comm->node_comm != NULL) {
        return MPIDI_IVSHMEM_reduce(send, recv, count, type, op, 0, comm->node_comm, errflag);
    }
    return send == MPI_IN_PLACE ? MPI_SUCCESS
                                : MPIR_Localcopy(send, count, type, recv, count, type);
}

int MPIDI_IVSHMEMI_hosts_allreduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                                   MPI_Op op, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    const bool is_first = comm->node_roots_comm != NULL;
    int mpi_errno;

    mpi_errno = reduce_here(send == MPI_IN_PLACE && !is_first ? recv : send, recv, count, type, op,
                            comm, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    if (is_first) {
        mpi_errno =
            MPID_Allreduce(MPI_IN_PLACE, recv, count, type, op, comm->node_roots_comm, errflag);
        MPIR_ERR_CHECK(mpi_errno);
    }
    if (comm->node_comm != NULL) {
        mpi_errno = MPIDI_IVSHMEM_bcast(recv, count, type, 0, comm->node_comm, errflag);
    }
fn_fail:
    return mpi_errno;
}

/* The sums of the hosts, at the first rank of the root's host; from there to the root. */
static int reduce_hosts(void *sum, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                        int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    const int host = MPIR_Get_internode_rank(comm, root);
    const int local_root = MPIR_Get_intranode_rank(comm, root);
    int mpi_errno = MPI_SUCCESS;

    if (comm->node_roots_comm != NULL) {
        const bool is_target = comm->node_roots_comm->rank == host;

        mpi_errno = MPID_Reduce(is_target ? MPI_IN_PLACE : sum, is_target ? sum : NULL, count, type,
                                op, host, comm->node_roots_comm, errflag);
        MPIR_ERR_CHECK(mpi_errno);
    }
    if (local_root > 0 && comm->node_comm->rank == 0) {
        mpi_errno =
            MPIC_Send(sum, count, type, local_root, MPIR_REDUCE_TAG, comm->node_comm, errflag);
    } else if (local_root > 0 && comm->rank == root) {
        mpi_errno = MPIC_Recv(recv, count, type, 0, MPIR_REDUCE_TAG, comm->node_comm,
                              MPI_STATUS_IGNORE, errflag);
    }
fn_fail:
    return mpi_errno;
}

int MPIDI_IVSHMEMI_hosts_reduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                                MPI_Op op, int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    const bool is_first = comm->node_roots_comm != NULL;
    void *own = NULL, *sum = recv;
    int mpi_errno = MPI_SUCCESS;

    if (is_first && comm->rank != root) { /* basic types only: extent is size, no lower bound */
        own = MPL_malloc(MPIDI_IVSHMEMI_bytes_of(count, type), MPL_MEM_COLL);
        MPIR_ERR_CHKANDJUMP(own == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
        sum = own;
    }
    mpi_errno = reduce_here(send == MPI_IN_PLACE && !is_first ? recv : send, sum, count, type, op,
                            comm, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = reduce_hosts(sum, recv, count, type, op, root, comm, errflag);
fn_fail:
    MPL_free(own);
    return mpi_errno;
}
