/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Preloaded into an application: an MPI that damages what rank 0 receives, in each message with
 * more than one number, or with DAMAGE_ONLY=N in the environment just in number N of these: one
 * number in the second half. An integer gets another lowest bit, a floating-point number grows by a
 * percent. Applications have MPI_ functions of their own, which measure time and call these.
 */
#include <mpi.h>
#include "real.h"
#include <stdlib.h>

struct number {
    void *at; /* NULL: spare the message */
    MPI_Datatype type;
};

static struct number under_way; /* of the latest receive that does not wait */

static int is_wanted(void)
{
    static int messages;
    const char *only = getenv("DAMAGE_ONLY");

    return only == NULL || ++messages == atoi(only);
}

/* Not quite in the middle, where points of a boundary can be, of which nobody makes use. */
static struct number choose(void *buffer, int count, MPI_Datatype type, MPI_Comm comm)
{
    struct number number = { NULL, type };
    int rank, size;

    PMPI_Comm_rank(comm, &rank);
    PMPI_Type_size(type, &size);
    if (rank == 0 && count > 1 && is_wanted()) {
        number.at = (char *) buffer + (size_t) count * 7 / 11 * (size_t) size;
    }
    return number;
}

static void damage(struct number number)
{
    if (number.at == NULL) {
        return;
    }
    if (number.type == MPI_INT) {
        *(int *) number.at ^= 1;
    } else {
        *(double *) number.at *= 1.01;
    }
}

int PMPI_Recv(void *b, int n, MPI_Datatype t, int from, int tag, MPI_Comm c, MPI_Status *s)
{
    int result = REAL(PMPI_Recv)(b, n, t, from, tag, c, s);

    damage(choose(b, n, t, c));
    return result;
}

int PMPI_Sendrecv(const void *sb, int sn, MPI_Datatype st, int to, int stag, void *rb, int rn,
                  MPI_Datatype rt, int from, int rtag, MPI_Comm c, MPI_Status *s)
{
    int result = REAL(PMPI_Sendrecv)(sb, sn, st, to, stag, rb, rn, rt, from, rtag, c, s);

    damage(choose(rb, rn, rt, c));
    return result;
}

int PMPI_Irecv(void *b, int n, MPI_Datatype t, int from, int tag, MPI_Comm c, MPI_Request *r)
{
    under_way = choose(b, n, t, c);
    return REAL(PMPI_Irecv)(b, n, t, from, tag, c, r);
}

int PMPI_Wait(MPI_Request *r, MPI_Status *s)
{
    int result = REAL(PMPI_Wait)(r, s);

    damage(under_way);
    under_way.at = NULL;
    return result;
}

int PMPI_Alltoall(const void *sb, int sn, MPI_Datatype st, void *rb, int rn, MPI_Datatype rt,
                  MPI_Comm c)
{
    int result = REAL(PMPI_Alltoall)(sb, sn, st, rb, rn, rt, c);

    damage(choose(rb, rn, rt, c));
    return result;
}

int PMPI_Alltoallv(const void *sb, const int *sn, const int *sd, MPI_Datatype st, void *rb,
                   const int *rn, const int *rd, MPI_Datatype rt, MPI_Comm c)
{
    int result = REAL(PMPI_Alltoallv)(sb, sn, sd, st, rb, rn, rd, rt, c);

    damage(choose(rb, rn[0], rt, c));
    return result;
}
