/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Ranks that call collective operations that do not go together: all come back, and whoever needs the
 * other's data gets an error. The communicator is of no use then, others are. Different operations only
 * among ranks of one host: over messages MPI promises nothing, and may wait for ever.
 *
 * Options: see check.h.
 */
#include "check.h"

#define INTS 3000 /* more than a line */

static int data[INTS];

/* Rank 1 calls something else than the others. */
static int other_length(MPI_Comm comm)
{
    return MPI_Bcast(data, check.rank == 1 ? INTS / 2 : INTS, MPI_INT, 0, comm);
}

static int other_operation(MPI_Comm comm)
{
    static int result[INTS];

    return check.rank == 1 ? MPI_Barrier(comm)
                           : MPI_Allreduce(data, result, 8, MPI_INT, MPI_SUM, comm);
}

static int other_length_later(MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc = MPI_Ibcast(data, check.rank == 1 ? INTS / 2 : INTS, MPI_INT, 0, comm, &request);
    int ret = MPI_Wait(&request, MPI_STATUS_IGNORE);

    return rc == MPI_SUCCESS ? ret : rc;
}

static void try(const char *name, int (*call)(MPI_Comm), bool all)
{
    MPI_Comm comm;
    int rc, value = check.rank == 0;

    check_at(name, 0);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    for (int i = 0; i < 5; i++) { /* until the communicator has an area */
        MPI_Bcast(&value, 1, MPI_INT, 0, comm);
    }
    MPI_Barrier(MPI_COMM_WORLD); /* who leaves with an error must not find others in these */
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    rc = call(comm);
    CHECK(rc != MPI_SUCCESS || (check.rank != 1 && !all), "%s: no error", name);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Comm_free(&comm);
}

static bool is_one_host(void)
{
    MPI_Comm host;
    int size;

    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
    MPI_Comm_size(host, &size);
    MPI_Comm_free(&host);
    return size == check.size;
}

int main(int argc, char **argv)
{
    check_start(&argc, &argv, 1, 0);
    try("another length", other_length, false);
    if (is_one_host()) {
        try("another operation", other_operation, true);
    }
    try("another length, non-blocking", other_length_later, false);
    return check_end();
}
