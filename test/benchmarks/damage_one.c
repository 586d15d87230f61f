/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Preloaded into an application: an MPI that damages one message. The environment variable
 * DAMAGE="CALL NUMBER BYTE MASK" says which: on the last rank, of the calls of PMPI_CALL that give
 * it 8 bytes or more, and BYTE or more, that NUMBER (from 1); in the byte that is BYTE from the end
 * (1: the last), the bits of MASK change. Applications have MPI_ functions of their own, which
 * measure time and call these.
 */
#include <mpi.h>
#include "real.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank_in(MPI_Comm comm)
{
    int rank;

    PMPI_Comm_rank(comm, &rank);
    return rank;
}

static size_t bytes_of(int count, MPI_Datatype type)
{
    int size;

    PMPI_Type_size(type, &size);
    return (size_t) count * (size_t) size;
}

static int is_last(void)
{
    int ranks;

    PMPI_Comm_size(MPI_COMM_WORLD, &ranks);
    return rank_in(MPI_COMM_WORLD) == ranks - 1;
}

static void damage(const char *call, void *buffer, size_t bytes)
{
    static int calls;
    const char *wanted = getenv("DAMAGE");
    char name[20];
    unsigned number, byte, mask;

    if (wanted == NULL || sscanf(wanted, "%19s %u %u %u", name, &number, &byte, &mask) != 4 ||
        strcmp(name, call) != 0 || bytes < 8 || bytes < byte || !is_last()) {
        return;
    }
    if (++calls == (int) number) {
        ((unsigned char *) buffer)[bytes - byte] ^= (unsigned char) mask;
    }
}

/* ---- calls ------------------------------------------------------------------------------------ */

int PMPI_Sendrecv(const void *sb, int sn, MPI_Datatype st, int to, int stag, void *rb, int rn,
                  MPI_Datatype rt, int from, int rtag, MPI_Comm c, MPI_Status *s)
{
    int result = REAL(PMPI_Sendrecv)(sb, sn, st, to, stag, rb, rn, rt, from, rtag, c, s);

    damage("Sendrecv", rb, bytes_of(rn, rt));
    return result;
}

int PMPI_Bcast(void *b, int n, MPI_Datatype t, int root, MPI_Comm c)
{
    int result = REAL(PMPI_Bcast)(b, n, t, root, c);

    damage("Bcast", b, rank_in(c) == root ? 0 : bytes_of(n, t));
    return result;
}

int PMPI_Reduce(const void *sb, void *rb, int n, MPI_Datatype t, MPI_Op op, int root, MPI_Comm c)
{
    int result = REAL(PMPI_Reduce)(sb, rb, n, t, op, root, c);

    damage("Reduce", rb, rank_in(c) == root ? bytes_of(n, t) : 0);
    return result;
}

int PMPI_Allreduce(const void *sb, void *rb, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c)
{
    int result = REAL(PMPI_Allreduce)(sb, rb, n, t, op, c);

    damage("Allreduce", rb, bytes_of(n, t));
    return result;
}

/* Blocks follow each other in the order of ranks. */
static size_t end_of(const int *counts, const int *displs, MPI_Datatype type, MPI_Comm comm)
{
    int ranks;

    PMPI_Comm_size(comm, &ranks);
    return bytes_of(displs[ranks - 1] + counts[ranks - 1], type);
}

int PMPI_Allgatherv(const void *sb, int sn, MPI_Datatype st, void *rb, const int *rn, const int *rd,
                    MPI_Datatype rt, MPI_Comm c)
{
    int result = REAL(PMPI_Allgatherv)(sb, sn, st, rb, rn, rd, rt, c);

    damage("Allgatherv", rb, end_of(rn, rd, rt, c));
    return result;
}

int PMPI_Alltoallv(const void *sb, const int *sn, const int *sd, MPI_Datatype st, void *rb,
                   const int *rn, const int *rd, MPI_Datatype rt, MPI_Comm c)
{
    int result = REAL(PMPI_Alltoallv)(sb, sn, sd, st, rb, rn, rd, rt, c);

    damage("Alltoallv", rb, end_of(rn, rd, rt, c));
    return result;
}
