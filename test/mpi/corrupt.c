/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Preloaded into coll_random: collectives that go wrong as the environment variable CORRUPT says.
 *   data    the first byte that a rank receives; a barrier does not wait
 *   before  the byte before it
 *   send    the first byte that a rank sends
 *   order   allreduce combines in the order of falling ranks
 */
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

static int is(const char *what)
{
    const char *wanted = getenv("CORRUPT");

    return wanted != NULL && strcmp(wanted, what) == 0;
}

static void flip(void *buf, int count, MPI_Datatype type, int before)
{
    MPI_Aint low, extent;

    if (count > 0 && buf != MPI_IN_PLACE) {
        MPI_Type_get_true_extent(type, &low, &extent);
        ((char *) buf)[low - before] ^= 1;
    }
}

static int spoil(int result, const void *send, int sent, MPI_Datatype sendtype, void *recv,
                 int received, MPI_Datatype recvtype)
{
    if (is("send") && send != NULL) {
        flip((void *) (size_t) send, sent, sendtype, 0);
    }
    if ((is("data") || is("before")) && recv != NULL) {
        flip(recv, received, recvtype, is("before"));
    }
    return result;
}

/* The place of one rank's block. */
static void *block(void *buf, const int *displs, int rank, MPI_Datatype type)
{
    MPI_Aint low, extent;

    MPI_Type_get_extent(type, &low, &extent);
    return (char *) buf + displs[rank] * extent;
}

static int rank_in(MPI_Comm comm)
{
    int rank;

    MPI_Comm_rank(comm, &rank);
    return rank;
}

/* ---- data -------------------------------------------------------------------------------------- */

int MPI_Barrier(MPI_Comm comm)
{
    return is("data") ? MPI_SUCCESS : PMPI_Barrier(comm);
}

/* The first call hands out the seed. */
int MPI_Bcast(void *buf, int count, MPI_Datatype type, int root, MPI_Comm comm)
{
    static int calls;
    int result = PMPI_Bcast(buf, count, type, root, comm);

    return calls++ == 0 ? result : spoil(result, buf, count, type, buf, count, type);
}

int MPI_Gather(const void *s, int sc, MPI_Datatype st, void *r, int rc, MPI_Datatype rt, int root,
               MPI_Comm comm)
{
    int result = PMPI_Gather(s, sc, st, r, rc, rt, root, comm);

    return spoil(result, s, sc, st, rank_in(comm) == root ? r : NULL, rc, rt);
}

int MPI_Gatherv(const void *s, int sc, MPI_Datatype st, void *r, const int *rc, const int *displs,
                MPI_Datatype rt, int root, MPI_Comm comm)
{
    int result = PMPI_Gatherv(s, sc, st, r, rc, displs, rt, root, comm);

    if (rank_in(comm) != root) {
        return spoil(result, s, sc, st, NULL, 0, MPI_BYTE);
    }
    return spoil(result, s, sc, st, block(r, displs, 0, rt), rc[0], rt);
}

int MPI_Scatter(const void *s, int sc, MPI_Datatype st, void *r, int rc, MPI_Datatype rt, int root,
                MPI_Comm comm)
{
    int result = PMPI_Scatter(s, sc, st, r, rc, rt, root, comm);

    return spoil(result, rank_in(comm) == root ? s : NULL, sc, st, r, rc, rt);
}

int MPI_Scatterv(const void *s, const int *sc, const int *displs, MPI_Datatype st, void *r, int rc,
                 MPI_Datatype rt, int root, MPI_Comm comm)
{
    int result = PMPI_Scatterv(s, sc, displs, st, r, rc, rt, root, comm);

    if (rank_in(comm) != root) {
        return spoil(result, NULL, 0, MPI_BYTE, r, rc, rt);
    }
    return spoil(result, block((void *) (size_t) s, displs, 0, st), sc[0], st, r, rc, rt);
}

int MPI_Allgather(const void *s, int sc, MPI_Datatype st, void *r, int rc, MPI_Datatype rt,
                  MPI_Comm comm)
{
    return spoil(PMPI_Allgather(s, sc, st, r, rc, rt, comm), s, sc, st, r, rc, rt);
}

int MPI_Allgatherv(const void *s, int sc, MPI_Datatype st, void *r, const int *rc,
                   const int *displs, MPI_Datatype rt, MPI_Comm comm)
{
    int result = PMPI_Allgatherv(s, sc, st, r, rc, displs, rt, comm);

    return spoil(result, s, sc, st, block(r, displs, 0, rt), rc[0], rt);
}

int MPI_Alltoall(const void *s, int sc, MPI_Datatype st, void *r, int rc, MPI_Datatype rt,
                 MPI_Comm comm)
{
    return spoil(PMPI_Alltoall(s, sc, st, r, rc, rt, comm), s, sc, st, r, rc, rt);
}

int MPI_Alltoallv(const void *s, const int *sc, const int *sd, MPI_Datatype st, void *r,
                  const int *rc, const int *rd, MPI_Datatype rt, MPI_Comm comm)
{
    int result = PMPI_Alltoallv(s, sc, sd, st, r, rc, rd, rt, comm);

    if (s == MPI_IN_PLACE) {
        return spoil(result, NULL, 0, MPI_BYTE, block(r, rd, 0, rt), rc[0], rt);
    }
    return spoil(result, block((void *) (size_t) s, sd, 0, st), sc[0], st, block(r, rd, 0, rt),
                 rc[0], rt);
}

int MPI_Alltoallw(const void *s, const int *sc, const int *sd, const MPI_Datatype *st, void *r,
                  const int *rc, const int *rd, const MPI_Datatype *rt, MPI_Comm comm)
{
    int result = PMPI_Alltoallw(s, sc, sd, st, r, rc, rd, rt, comm);

    if (s == MPI_IN_PLACE) {
        return spoil(result, NULL, 0, MPI_BYTE, (char *) r + rd[0], rc[0], rt[0]);
    }
    return spoil(result, (const char *) s + sd[0], sc[0], st[0], (char *) r + rd[0], rc[0], rt[0]);
}

/* ---- reductions -------------------------------------------------------------------------------- */

int MPI_Reduce(const void *s, void *r, int count, MPI_Datatype type, MPI_Op op, int root,
               MPI_Comm comm)
{
    int result = PMPI_Reduce(s, r, count, type, op, root, comm);

    return spoil(result, s, count, type, rank_in(comm) == root ? r : NULL, count, type);
}

int MPI_Allreduce(const void *s, void *r, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    MPI_Comm reversed;

    if (is("order")) {
        PMPI_Comm_split(comm, 0, -rank_in(comm), &reversed);
        PMPI_Allreduce(s, r, count, type, op, reversed);
        return PMPI_Comm_free(&reversed);
    }
    return spoil(PMPI_Allreduce(s, r, count, type, op, comm), s, count, type, r, count, type);
}

int MPI_Scan(const void *s, void *r, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    return spoil(PMPI_Scan(s, r, count, type, op, comm), s, count, type, r, count, type);
}

int MPI_Exscan(const void *s, void *r, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    return spoil(PMPI_Exscan(s, r, count, type, op, comm), s, count, type, r, count, type);
}

int MPI_Reduce_scatter(const void *s, void *r, const int *counts, MPI_Datatype type, MPI_Op op,
                       MPI_Comm comm)
{
    int result = PMPI_Reduce_scatter(s, r, counts, type, op, comm), mine = counts[rank_in(comm)];

    return spoil(result, s, mine, type, r, mine, type);
}

int MPI_Reduce_scatter_block(const void *s, void *r, int count, MPI_Datatype type, MPI_Op op,
                             MPI_Comm comm)
{
    int result = PMPI_Reduce_scatter_block(s, r, count, type, op, comm);

    return spoil(result, s, count, type, r, count, type);
}
