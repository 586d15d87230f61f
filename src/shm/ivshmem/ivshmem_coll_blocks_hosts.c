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

static bool is_consecutive(const struct MPIDI_IVSHMEMI_hosts *hosts)
{
    int i = 0;

    while (i < hosts->ranks && hosts->rank_at[i] == i) {
        i++;
    }
    return i == hosts->ranks;
}

/* counts[h] and displs[h] for messages of `each` blocks for each rank of a host. */
static MPI_Aint *make_counts(const struct MPIDI_IVSHMEMI_hosts *hosts, MPI_Aint each)
{
    MPI_Aint *counts = MPL_malloc(2 * sizeof(MPI_Aint) * hosts->hosts, MPL_MEM_COLL);

    for (int h = 0; counts != NULL && h < hosts->hosts; h++) {
        counts[h] = MPIDI_IVSHMEMI_ranks_of(hosts, h) * each;
        counts[hosts->hosts + h] = hosts->first_at[h] * each;
    }
    return counts;
}

/* ---- Allgather ---- */

/* all: a row in the order of hosts. */
static int allgather_ordered(const struct MPIDI_IVSHMEMI_hosts *hosts, const char *send, char *all,
                             MPI_Aint block, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    char *here = all + hosts->first_at[hosts->here] * block;
    MPI_Aint *counts = NULL;
    int ret, mpi_errno = MPI_SUCCESS;

    if (comm->node_comm != NULL) {
        ret = MPIDI_IVSHMEM_gather(send, block, MPI_BYTE, here, block, MPI_BYTE, 0, comm->node_comm,
                                   errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    } else if (send != here) {
        memmove(here, send, block);
    }
    if (comm->node_roots_comm != NULL) {
        counts = make_counts(hosts, block);
        MPIR_ERR_CHKANDJUMP(counts == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
        ret = MPID_Allgatherv(MPI_IN_PLACE, 0, MPI_BYTE, all, counts, counts + hosts->hosts,
                              MPI_BYTE, comm->node_roots_comm, errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    }
    if (comm->node_comm != NULL) {
        ret = MPIDI_IVSHMEM_bcast(all, hosts->ranks * block, MPI_BYTE, 0, comm->node_comm, errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    }
fn_fail:
    MPL_free(counts);
    return mpi_errno;
}

/* By way of a row in the order of hosts. */
static int allgather_disordered(const struct MPIDI_IVSHMEMI_hosts *hosts, const char *send,
                                char *recv, MPI_Aint block, MPIR_Comm *comm,
                                MPIR_Errflag_t *errflag)
{
    char *all = MPL_malloc(hosts->ranks * block, MPL_MEM_COLL);
    int mpi_errno = MPI_SUCCESS;

    MPIR_ERR_CHKANDJUMP(all == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    mpi_errno = allgather_ordered(hosts, send, all, block, comm, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    for (int i = 0; i < hosts->ranks; i++) {
        memcpy(recv + hosts->rank_at[i] * block, all + i * block, block);
    }
fn_fail:
    MPL_free(all);
    return mpi_errno;
}

int MPIDI_IVSHMEMI_hosts_allgather(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                                   MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEMI_hosts *hosts;
    int mpi_errno;

    if (block == 0) {
        return MPI_SUCCESS;
    }
    mpi_errno = MPIDI_IVSHMEMI_hosts_of(comm, &hosts);
    MPIR_ERR_CHECK(mpi_errno);
    if (is_consecutive(hosts)) {
        const bool in_place = send == recv + comm->rank * block;

        /* the first rank's own block is where the gathering wants it */
        mpi_errno =
            allgather_ordered(hosts,
                              in_place && comm->node_roots_comm != NULL && comm->node_comm != NULL
                                  ? MPI_IN_PLACE
                                  : send,
                              recv, block, comm, errflag);
    } else {
        mpi_errno = allgather_disordered(hosts, send, recv, block, comm, errflag);
    }
fn_fail:
    return mpi_errno;
}

/* ---- Alltoall ---- */

/* At the first rank of a host there are two buffers of a row of blocks for each of its ranks. What the
 * ranks send, [local][rank], becomes messages, [host][local of ours][local of theirs]. */
static void to_messages(const struct MPIDI_IVSHMEMI_hosts *hosts, char *to, const char *rows,
                        MPI_Aint block)
{
    for (int h = 0; h < hosts->hosts; h++) {
        for (int l = 0; l < hosts->locals; l++) {
            for (int at = hosts->first_at[h]; at < hosts->first_at[h + 1]; at++, to += block) {
                memcpy(to, rows + (l * hosts->ranks + hosts->rank_at[at]) * block, block);
            }
        }
    }
}

/* What has come, [host][local of theirs][local of ours], becomes rows. */
static void from_messages(const struct MPIDI_IVSHMEMI_hosts *hosts, char *rows, const char *from,
                          MPI_Aint block)
{
    for (int at = 0; at < hosts->ranks; at++) {
        for (int l = 0; l < hosts->locals; l++, from += block) {
            memcpy(rows + (l * hosts->ranks + hosts->rank_at[at]) * block, from, block);
        }
    }
}

/* Between the hosts, of the first ranks only: rows to rows, by way of other. */
static int exchange(const struct MPIDI_IVSHMEMI_hosts *hosts, char *rows, char *other,
                    MPI_Aint block, MPIR_Comm *roots, MPIR_Errflag_t *errflag)
{
    MPI_Aint *counts = make_counts(hosts, block * hosts->locals); /* the same both ways */
    int mpi_errno = MPI_SUCCESS;

    MPIR_ERR_CHKANDJUMP(counts == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    to_messages(hosts, other, rows, block);
    mpi_errno = MPID_Alltoallv(other, counts, counts + hosts->hosts, MPI_BYTE, rows, counts,
                               counts + hosts->hosts, MPI_BYTE, roots, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    from_messages(hosts, other, rows, block);
fn_fail:
    MPL_free(counts);
    return mpi_errno;
}

static int alltoall(const struct MPIDI_IVSHMEMI_hosts *hosts, char *rows, char *other,
                    const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                    MPIR_Errflag_t *errflag)
{
    const MPI_Aint row = hosts->ranks * block;
    int ret, mpi_errno = MPI_SUCCESS;

    if (comm->node_comm != NULL) {
        ret = MPIDI_IVSHMEM_gather(send, row, MPI_BYTE, rows, row, MPI_BYTE, 0, comm->node_comm,
                                   errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    } else {
        memcpy(rows, send, row);
    }
    if (comm->node_roots_comm != NULL) {
        ret = exchange(hosts, rows, other, block, comm->node_roots_comm, errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    }
    if (comm->node_comm != NULL) {
        ret = MPIDI_IVSHMEM_scatter(other, row, MPI_BYTE, recv, row, MPI_BYTE, 0, comm->node_comm,
                                    errflag);
        MPIDI_IVSHMEMI_stage(ret, comm, &mpi_errno, errflag);
    } else {
        memcpy(recv, other, row);
    }
    return mpi_errno;
}

int MPIDI_IVSHMEMI_hosts_alltoall(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                                  MPIR_Errflag_t *errflag)
{
    char *rows = NULL, *other = NULL;
    struct MPIDI_IVSHMEMI_hosts *hosts;
    int mpi_errno;

    if (block == 0) {
        return MPI_SUCCESS;
    }
    mpi_errno = MPIDI_IVSHMEMI_hosts_of(comm, &hosts);
    MPIR_ERR_CHECK(mpi_errno);
    if (comm->node_roots_comm != NULL) {
        MPI_Aint bytes = hosts->locals * hosts->ranks * block;

        rows = MPL_malloc(2 * bytes, MPL_MEM_COLL);
        MPIR_ERR_CHKANDJUMP(rows == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
        other = rows + bytes;
    }
    mpi_errno = alltoall(hosts, rows, other, send, recv, block, comm, errflag);
fn_exit:
    MPL_free(rows);
    return mpi_errno;
fn_fail:
    MPIDI_IVSHMEMI_coll_leave(comm->node_comm);
    goto fn_exit;
}
