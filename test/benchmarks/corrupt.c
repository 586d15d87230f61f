/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Linked into a benchmark: an MPI that flips a bit of the last byte it receives.
 */
#include <mpi.h>
#include <stddef.h>

static char *last; /* byte of the latest non-blocking receive */

int MPI_Recv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm,
             MPI_Status *status)
{
    int result = PMPI_Recv(buf, count, datatype, source, tag, comm, status);
    MPI_Aint low, extent;

    MPI_Type_get_true_extent(datatype, &low, &extent);
    if (count > 0) {
        ((char *) buf)[low + extent * count - 1] ^= 1;
    }
    return result;
}

int MPI_Irecv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm,
              MPI_Request *request)
{
    last = count > 0 ? (char *) buf + count - 1 : NULL;
    return PMPI_Irecv(buf, count, datatype, source, tag, comm, request);
}

int MPI_Waitall(int count, MPI_Request *requests, MPI_Status *statuses)
{
    int result = PMPI_Waitall(count, requests, statuses);

    if (last != NULL) {
        *last ^= 1;
    }
    return result;
}
