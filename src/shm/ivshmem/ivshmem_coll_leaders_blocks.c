/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Allgather and Alltoall over several hosts that have as many ranks each: every rank speaks with the ranks
 * of the same number on the other hosts.
 */
#include "ivshmem_coll_impl.h"
#include "ivshmem_coll.h"

#define SHORT_BLOCK 1024 /* bytes */

static char *place(const struct MPIDI_IVSHMEMI_hosts *hosts, char *row, int host, int local,
                   MPI_Aint block)
{
    return row + hosts->rank_at[hosts->first_at[host] + local] * block;
}

/* First what the ranks of this number have, then what those of this host have got. */
static int allgather(const struct MPIDI_IVSHMEMI_hosts *hosts, const char *send, char *column,
                     char *all, char *recv, MPI_Aint block, MPIR_Comm *comm,
                     MPIR_Errflag_t *errflag)
{
    const MPI_Aint bytes = hosts->hosts * block;
    int mpi_errno;

    mpi_errno =
        MPID_Allgather(send, block, MPI_BYTE, column, block, MPI_BYTE, hosts->leader_comm, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = MPIDI_IVSHMEM_allgather(column, bytes, MPI_BYTE, all, bytes, MPI_BYTE,
                                        comm->node_comm, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    for (int l = 0; l < hosts->locals; l++) {
        for (int h = 0; h < hosts->hosts; h++, all += block) {
            memcpy(place(hosts, recv, h, l, block), all, block);
        }
    }
fn_fail:
    return mpi_errno;
}

static bool fits(const struct MPIDI_IVSHMEMI_hosts *hosts)
{
    return hosts->same && hosts->locals > 1;
}

int MPIDI_IVSHMEMI_leaders_allgather(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                                     MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEMI_hosts *hosts;
    char *column = NULL;
    int mpi_errno;

    mpi_errno = MPIDI_IVSHMEMI_leaders_of(comm, &hosts);
    MPIR_ERR_CHECK(mpi_errno);
    if (!fits(hosts)) {
        return MPIDI_IVSHMEMI_hosts_allgather(send, recv, block, comm, errflag);
    }
    column = MPL_malloc((hosts->hosts + hosts->ranks) * block, MPL_MEM_COLL);
    MPIR_ERR_CHKANDJUMP(column == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    mpi_errno =
        allgather(hosts, send, column, column + hosts->hosts * block, recv, block, comm, errflag);
fn_fail:
    if (mpi_errno != MPI_SUCCESS) {
        MPIDI_IVSHMEMI_coll_leave(comm->node_comm);
    }
    MPL_free(column);
    return mpi_errno;
}

/* Among the ranks of this host: each gets what all have for ranks of its number. */
static int gather_column(const struct MPIDI_IVSHMEMI_hosts *hosts, const char *send, char *from,
                         char *to, MPI_Aint block, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    const MPI_Aint bytes = hosts->hosts * block;

    for (int l = 0; l < hosts->locals; l++) {
        for (int h = 0; h < hosts->hosts; h++) {
            memcpy(from + (l * hosts->hosts + h) * block, place(hosts, (char *) send, h, l, block),
                   block);
        }
    }
    return MPIDI_IVSHMEM_alltoall(from, bytes, MPI_BYTE, to, bytes, MPI_BYTE, comm->node_comm,
                                  errflag);
}

/* from: [local][host], of this host's ranks for the ranks of this number. */
static int exchange_columns(const struct MPIDI_IVSHMEMI_hosts *hosts, char *from, char *to,
                            char *recv, MPI_Aint block, MPIR_Errflag_t *errflag)
{
    const MPI_Aint bytes = hosts->locals * block;
    int mpi_errno;

    for (int h = 0; h < hosts->hosts; h++) {
        for (int l = 0; l < hosts->locals; l++) {
            memcpy(to + (h * hosts->locals + l) * block, from + (l * hosts->hosts + h) * block,
                   block);
        }
    }
    mpi_errno =
        MPID_Alltoall(to, bytes, MPI_BYTE, from, bytes, MPI_BYTE, hosts->leader_comm, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    for (int h = 0; h < hosts->hosts; h++) {
        for (int l = 0; l < hosts->locals; l++, from += block) {
            memcpy(place(hosts, recv, h, l, block), from, block);
        }
    }
fn_fail:
    return mpi_errno;
}

/* Where hosts have different numbers of ranks: two levels copy long blocks too often. */
static int alltoall_otherwise(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                              MPIR_Errflag_t *errflag)
{
    const bool in_place = send == recv;

    if (block <= SHORT_BLOCK) {
        return MPIDI_IVSHMEMI_hosts_alltoall(send, recv, block, comm, errflag);
    }
    return MPID_Alltoall(in_place ? MPI_IN_PLACE : send, block, MPI_BYTE, recv, block, MPI_BYTE,
                         comm, errflag);
}

int MPIDI_IVSHMEMI_leaders_alltoall(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                                    MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEMI_hosts *hosts;
    char *one = NULL, *other;
    int mpi_errno;

    mpi_errno = MPIDI_IVSHMEMI_leaders_of(comm, &hosts);
    MPIR_ERR_CHECK(mpi_errno);
    if (!fits(hosts)) {
        return alltoall_otherwise(send, recv, block, comm, errflag);
    }
    one = MPL_malloc(2 * hosts->ranks * block, MPL_MEM_COLL);
    MPIR_ERR_CHKANDJUMP(one == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    other = one + hosts->ranks * block;
    mpi_errno = gather_column(hosts, send, one, other, block, comm, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = exchange_columns(hosts, other, one, recv, block, errflag);
fn_fail:
    if (mpi_errno != MPI_SUCCESS) {
        MPIDI_IVSHMEMI_coll_leave(comm->node_comm);
    }
    MPL_free(one);
    return mpi_errno;
}
