/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Where the ranks of a communicator over several hosts are, and the communicators of their leaders.
 * Ranks of a host need not be consecutive.
 */
#include "ivshmem_coll_impl.h"

#define LEADERS_MAX 8 /* of a host, where data is cut into slices */

static int allocate(struct MPIDI_IVSHMEMI_hosts **result, MPIR_Comm *comm)
{
    const size_t ranks = (size_t) comm->local_size, hosts = (size_t) comm->node_count;
    struct MPIDI_IVSHMEMI_hosts *own = MPL_calloc(1, sizeof(*own), MPL_MEM_COLL);
    int mpi_errno = MPI_SUCCESS;

    MPIR_ERR_CHKANDJUMP(own == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    own->rank_at = MPL_calloc(ranks + hosts + 1, sizeof(int), MPL_MEM_COLL);
    if (own->rank_at == NULL) {
        MPL_free(own);
        MPIR_ERR_SETANDJUMP(mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    }
    own->first_at = own->rank_at + ranks;
    *result = own;
fn_fail:
    return mpi_errno;
}

/* Sorts the ranks by hosts. */
static int fill(struct MPIDI_IVSHMEMI_hosts *own, MPIR_Comm *comm)
{
    int *next = MPL_malloc((size_t) comm->node_count * sizeof(int), MPL_MEM_COLL);
    int mpi_errno = MPI_SUCCESS;

    MPIR_ERR_CHKANDJUMP(next == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    own->ranks = comm->local_size;
    own->hosts = comm->node_count;
    own->here = MPIR_Get_internode_rank(comm, comm->rank);
    own->locals = comm->node_comm == NULL ? 1 : comm->node_comm->local_size;
    for (int i = 0; i < own->ranks; i++) {
        own->first_at[MPIR_Get_internode_rank(comm, i) + 1]++;
    }
    own->same = true;
    own->leaders = LEADERS_MAX;
    for (int h = 0; h < own->hosts; h++) {
        own->same = own->same && own->first_at[h + 1] == own->first_at[1];
        own->leaders = MPL_MIN(own->leaders, own->first_at[h + 1]);
        own->first_at[h + 1] += own->first_at[h];
        next[h] = own->first_at[h];
    }
    for (int i = 0; i < own->ranks; i++) {
        own->rank_at[next[MPIR_Get_internode_rank(comm, i)]++] = i;
    }
fn_fail:
    MPL_free(next);
    return mpi_errno;
}

int MPIDI_IVSHMEMI_hosts_of(MPIR_Comm *comm, struct MPIDI_IVSHMEMI_hosts **hosts)
{
    struct MPIDI_IVSHMEM_coll *own = MPIDI_IVSHMEMI_coll_slot(comm);
    int mpi_errno = MPI_SUCCESS;

    if (own->hosts == NULL) {
        struct MPIDI_IVSHMEMI_hosts *made = NULL;

        mpi_errno = allocate(&made, comm);
        MPIR_ERR_CHECK(mpi_errno);
        mpi_errno = fill(made, comm);
        if (mpi_errno != MPI_SUCCESS) {
            MPIDI_IVSHMEMI_hosts_free(made);
            goto fn_fail;
        }
        own->hosts = made;
    }
    *hosts = own->hosts;
fn_fail:
    return mpi_errno;
}

/* All ranks of a host lead if all hosts have as many: Allgather and Alltoall want that. */
int MPIDI_IVSHMEMI_leaders_of(MPIR_Comm *comm, struct MPIDI_IVSHMEMI_hosts **hosts)
{
    struct MPIDI_IVSHMEMI_hosts *own;
    int mpi_errno, local, color;

    mpi_errno = MPIDI_IVSHMEMI_hosts_of(comm, hosts);
    MPIR_ERR_CHECK(mpi_errno);
    own = *hosts;
    if (!own->split) {
        local = comm->node_comm == NULL ? 0 : comm->node_comm->rank;
        color = own->same || local < own->leaders ? local : MPI_UNDEFINED;
        own->splitting = true; /* what this calls does without leaders */
        mpi_errno = MPIR_Comm_split_impl(comm, color, own->here, &own->leader_comm);
        own->splitting = false;
        own->split = mpi_errno == MPI_SUCCESS;
    }
fn_fail:
    return mpi_errno;
}

void MPIDI_IVSHMEMI_hosts_free(struct MPIDI_IVSHMEMI_hosts *hosts)
{
    if (hosts == NULL) {
        return;
    }
    if (hosts->leader_comm != NULL) {
        MPIR_Comm_release(hosts->leader_comm);
    }
    MPL_free(hosts->rank_at);
    MPL_free(hosts);
}
