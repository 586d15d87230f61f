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

void MPIDI_IVSHMEMI_stage(int ret, MPIR_Comm *comm, int *mpi_errno, MPIR_Errflag_t *errflag)
{
    if (likely(ret == MPI_SUCCESS)) {
        return;
    }
    *errflag =
        MPIR_ERR_GET_CLASS(ret) == MPIX_ERR_PROC_FAILED ? MPIR_ERR_PROC_FAILED : MPIR_ERR_OTHER;
    if (*mpi_errno == MPI_SUCCESS) {
        *mpi_errno = ret;
    }
    MPIDI_IVSHMEMI_coll_leave(comm->node_comm);
}

int MPIDI_IVSHMEMI_hosts_barrier(MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    int mpi_errno = MPI_SUCCESS;

    if (comm->node_comm != NULL) {
        MPIDI_IVSHMEMI_stage(MPIDI_IVSHMEM_barrier(comm->node_comm, errflag), comm, &mpi_errno,
                             errflag);
    }
    if (comm->node_roots_comm != NULL) {
        MPIDI_IVSHMEMI_stage(MPID_Barrier(comm->node_roots_comm, errflag), comm, &mpi_errno,
                             errflag);
    }
    if (comm->node_comm != NULL) {
        MPIDI_IVSHMEMI_stage(MPIDI_IVSHMEM_barrier(comm->node_comm, errflag), comm, &mpi_errno,
                             errflag);
    }
    return mpi_errno;
}

/* On the root's host the ranks have the data first, from the root itself. */
int MPIDI_IVSHMEMI_hosts_bcast(void *buf, MPI_Aint count, MPI_Datatype type, int root,
                               MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    const int local_root = MPIR_Get_intranode_rank(comm, root); /* -1: on another host */
    int ret, mpi_errno = MPI_SUCCESS;

    if (local_root > 0) {
        ret = MPIDI_IVSHMEM_bcast(buf, count, type, local_root, comm->node_comm, errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    }
    if (comm->node_roots_comm != NULL) {
        ret = MPID_Bcast(buf, count, type, MPIR_Get_internode_rank(comm, root),
                         comm->node_roots_comm, errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    }
    if (local_root <= 0 && comm->node_comm != NULL) {
        ret = MPIDI_IVSHMEM_bcast(buf, count, type, 0, comm->node_comm, errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    }
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
    int ret, mpi_errno = MPI_SUCCESS;

    ret = reduce_here(send == MPI_IN_PLACE && !is_first ? recv : send, recv, count, type, op, comm,
                      errflag);
    MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    if (is_first) {
        ret = MPID_Allreduce(MPI_IN_PLACE, recv, count, type, op, comm->node_roots_comm, errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    }
    if (comm->node_comm != NULL) {
        ret = MPIDI_IVSHMEM_bcast(recv, count, type, 0, comm->node_comm, errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    }
    return mpi_errno;
}

/* The sums of the hosts, at the first rank of the root's host; from there to the root. */
static int reduce_hosts(void *sum, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                        int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    const int host = MPIR_Get_internode_rank(comm, root);
    const int local_root = MPIR_Get_intranode_rank(comm, root);
    int ret, mpi_errno = MPI_SUCCESS;

    if (comm->node_roots_comm != NULL) {
        const bool is_target = comm->node_roots_comm->rank == host;

        ret = MPID_Reduce(is_target ? MPI_IN_PLACE : sum, is_target ? sum : NULL, count, type, op,
                          host, comm->node_roots_comm, errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    }
    if (local_root > 0 && comm->node_comm->rank == 0) {
        ret = MPIC_Send(sum, count, type, local_root, MPIR_REDUCE_TAG, comm->node_comm, errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    } else if (local_root > 0 && comm->rank == root) {
        ret = MPIC_Recv(recv, count, type, 0, MPIR_REDUCE_TAG, comm->node_comm, MPI_STATUS_IGNORE,
                        errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    }
    return mpi_errno;
}

int MPIDI_IVSHMEMI_hosts_reduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                                MPI_Op op, int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    const bool is_first = comm->node_roots_comm != NULL;
    void *own = NULL, *sum = recv;
    int ret, mpi_errno = MPI_SUCCESS;

    if (is_first && comm->rank != root) { /* basic types only: extent is size, no lower bound */
        own = MPL_malloc(MPIDI_IVSHMEMI_bytes_of(count, type), MPL_MEM_COLL);
        MPIR_ERR_CHKANDJUMP(own == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
        sum = own;
    }
    ret = reduce_here(send == MPI_IN_PLACE && !is_first ? recv : send, sum, count, type, op, comm,
                      errflag);
    MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    ret = reduce_hosts(sum, recv, count, type, op, root, comm, errflag);
    mpi_errno = mpi_errno == MPI_SUCCESS ? ret : mpi_errno;
fn_exit:
    MPL_free(own);
    return mpi_errno;
fn_fail:
    MPIDI_IVSHMEMI_coll_leave(comm->node_comm);
    goto fn_exit;
}
