/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Allgather and Alltoall over several hosts in two levels: the first rank of each host collects what
 * its host has for the others, sends one message to each, and hands out what has come. Ranks of a
 * host need not be consecutive: between, blocks lie in the order of hosts.
 */
#include "ivshmem_coll_impl.h"
#include "ivshmem_coll.h"

/* The ranks in the order of hosts; the ranks of a host in their own order, as in node_comm. */
struct order {
    int ranks, hosts, here, locals;
    int *rank_at;  /* by place */
    int *first_at; /* by host: the place of its first rank; one more at the end */
};

static int order_begin(struct order *order, MPIR_Comm *comm)
{
    int *next, mpi_errno = MPI_SUCCESS;

    order->ranks = comm->local_size;
    order->hosts = comm->node_count;
    order->here = MPIR_Get_internode_rank(comm, comm->rank);
    order->locals = comm->node_comm == NULL ? 1 : comm->node_comm->local_size;
    order->rank_at = MPL_calloc((size_t) order->ranks + 2 * (size_t) order->hosts + 2, sizeof(int),
                                MPL_MEM_COLL);
    MPIR_ERR_CHKANDJUMP(order->rank_at == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    order->first_at = order->rank_at + order->ranks;
    next = order->first_at + order->hosts + 1;
    for (int i = 0; i < order->ranks; i++) {
        order->first_at[MPIR_Get_internode_rank(comm, i) + 1]++;
    }
    for (int h = 0; h < order->hosts; h++) {
        order->first_at[h + 1] += order->first_at[h];
        next[h] = order->first_at[h];
    }
    for (int i = 0; i < order->ranks; i++) {
        order->rank_at[next[MPIR_Get_internode_rank(comm, i)]++] = i;
    }
fn_fail:
    return mpi_errno;
}

static int ranks_of(const struct order *order, int host)
{
    return order->first_at[host + 1] - order->first_at[host];
}

static bool is_consecutive(const struct order *order)
{
    int i = 0;

    while (i < order->ranks && order->rank_at[i] == i) {
        i++;
    }
    return i == order->ranks;
}

/* counts[h] and displs[h] for messages of `each` blocks for each rank of a host. */
static MPI_Aint *make_counts(const struct order *order, MPI_Aint each)
{
    MPI_Aint *counts = MPL_malloc(2 * sizeof(MPI_Aint) * order->hosts, MPL_MEM_COLL);

    for (int h = 0; counts != NULL && h < order->hosts; h++) {
        counts[h] = ranks_of(order, h) * each;
        counts[order->hosts + h] = order->first_at[h] * each;
    }
    return counts;
}

/* ---- Allgather ---- */

/* all: a row in the order of hosts. */
static int allgather_ordered(const struct order *order, const char *send, char *all, MPI_Aint block,
                             MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    char *here = all + order->first_at[order->here] * block;
    MPI_Aint *counts = NULL;
    int mpi_errno = MPI_SUCCESS;

    if (comm->node_comm != NULL) {
        mpi_errno = MPIDI_IVSHMEM_gather(send, block, MPI_BYTE, here, block, MPI_BYTE, 0,
                                         comm->node_comm, errflag);
        MPIR_ERR_CHECK(mpi_errno);
    } else if (send != here) {
        memmove(here, send, block);
    }
    if (comm->node_roots_comm != NULL) {
        counts = make_counts(order, block);
        MPIR_ERR_CHKANDJUMP(counts == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
        mpi_errno = MPID_Allgatherv(MPI_IN_PLACE, 0, MPI_BYTE, all, counts, counts + order->hosts,
                                    MPI_BYTE, comm->node_roots_comm, errflag);
        MPIR_ERR_CHECK(mpi_errno);
    }
    if (comm->node_comm != NULL) {
        mpi_errno =
            MPIDI_IVSHMEM_bcast(all, order->ranks * block, MPI_BYTE, 0, comm->node_comm, errflag);
    }
fn_fail:
    MPL_free(counts);
    return mpi_errno;
}

/* By way of a row in the order of hosts. */
static int allgather_disordered(const struct order *order, const char *send, char *recv,
                                MPI_Aint block, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    char *all = MPL_malloc(order->ranks * block, MPL_MEM_COLL);
    int mpi_errno = MPI_SUCCESS;

    MPIR_ERR_CHKANDJUMP(all == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    mpi_errno = allgather_ordered(order, send, all, block, comm, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    for (int i = 0; i < order->ranks; i++) {
        memcpy(recv + order->rank_at[i] * block, all + i * block, block);
    }
fn_fail:
    MPL_free(all);
    return mpi_errno;
}

int MPIDI_IVSHMEMI_hosts_allgather(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                                   MPIR_Errflag_t *errflag)
{
    struct order order;
    int mpi_errno;

    if (block == 0) {
        return MPI_SUCCESS;
    }
    mpi_errno = order_begin(&order, comm);
    MPIR_ERR_CHECK(mpi_errno);
    if (is_consecutive(&order)) {
        const bool in_place = send == recv + comm->rank * block;

        /* the first rank's own block is where the gathering wants it */
        mpi_errno =
            allgather_ordered(&order,
                              in_place && comm->node_roots_comm != NULL && comm->node_comm != NULL
                                  ? MPI_IN_PLACE
                                  : send,
                              recv, block, comm, errflag);
    } else {
        mpi_errno = allgather_disordered(&order, send, recv, block, comm, errflag);
    }
fn_fail:
    MPL_free(order.rank_at);
    return mpi_errno;
}

/* ---- Alltoall ---- */

/* At the first rank of a host there are two buffers of a row of blocks for each of its ranks. What the
 * ranks send, [local][rank], becomes messages, [host][local of ours][local of theirs]. */
static void to_messages(const struct order *order, char *to, const char *rows, MPI_Aint block)
{
    for (int h = 0; h < order->hosts; h++) {
        for (int l = 0; l < order->locals; l++) {
            for (int at = order->first_at[h]; at < order->first_at[h + 1]; at++, to += block) {
                memcpy(to, rows + (l * order->ranks + order->rank_at[at]) * block, block);
            }
        }
    }
}

/* What has come, [host][local of theirs][local of ours], becomes rows. */
static void from_messages(const struct order *order, char *rows, const char *from, MPI_Aint block)
{
    for (int at = 0; at < order->ranks; at++) {
        for (int l = 0; l < order->locals; l++, from += block) {
            memcpy(rows + (l * order->ranks + order->rank_at[at]) * block, from, block);
        }
    }
}

/* Between the hosts, of the first ranks only: rows to rows, by way of other. */
static int exchange(const struct order *order, char *rows, char *other, MPI_Aint block,
                    MPIR_Comm *roots, MPIR_Errflag_t *errflag)
{
    MPI_Aint *counts = make_counts(order, block * order->locals); /* the same both ways */
    int mpi_errno = MPI_SUCCESS;

    MPIR_ERR_CHKANDJUMP(counts == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    to_messages(order, other, rows, block);
    mpi_errno = MPID_Alltoallv(other, counts, counts + order->hosts, MPI_BYTE, rows, counts,
                               counts + order->hosts, MPI_BYTE, roots, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    from_messages(order, other, rows, block);
fn_fail:
    MPL_free(counts);
    return mpi_errno;
}

static int alltoall(const struct order *order, char *rows, char *other, const char *send,
                    char *recv, MPI_Aint block, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    const MPI_Aint row = order->ranks * block;
    int mpi_errno = MPI_SUCCESS;

    if (comm->node_comm != NULL) {
        mpi_errno = MPIDI_IVSHMEM_gather(send, row, MPI_BYTE, rows, row, MPI_BYTE, 0,
                                         comm->node_comm, errflag);
        MPIR_ERR_CHECK(mpi_errno);
    } else {
        memcpy(rows, send, row);
    }
    if (comm->node_roots_comm != NULL) {
        mpi_errno = exchange(order, rows, other, block, comm->node_roots_comm, errflag);
        MPIR_ERR_CHECK(mpi_errno);
    }
    if (comm->node_comm != NULL) {
        mpi_errno = MPIDI_IVSHMEM_scatter(other, row, MPI_BYTE, recv, row, MPI_BYTE, 0,
                                          comm->node_comm, errflag);
    } else {
        memcpy(recv, other, row);
    }
fn_fail:
    return mpi_errno;
}

int MPIDI_IVSHMEMI_hosts_alltoall(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                                  MPIR_Errflag_t *errflag)
{
    char *rows = NULL, *other = NULL;
    struct order order;
    int mpi_errno;

    if (block == 0) {
        return MPI_SUCCESS;
    }
    mpi_errno = order_begin(&order, comm);
    MPIR_ERR_CHECK(mpi_errno);
    if (comm->node_roots_comm != NULL) {
        MPI_Aint bytes = order.locals * order.ranks * block;

        rows = MPL_malloc(2 * bytes, MPL_MEM_COLL);
        MPIR_ERR_CHKANDJUMP(rows == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
        other = rows + bytes;
    }
    mpi_errno = alltoall(&order, rows, other, send, recv, block, comm, errflag);
fn_fail:
    MPL_free(rows);
    MPL_free(order.rank_at);
    return mpi_errno;
}
