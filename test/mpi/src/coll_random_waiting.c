/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Calls of coll_random as non-blocking ones: MPI's profiling interface lets the blocking functions be
 * defined here.
 */
#include "coll_random.h"

enum waiting call_waiting;

static MPI_Request before = MPI_REQUEST_NULL;

/* What is under way before the call under test. */
static void begin(MPI_Comm comm)
{
    if (call_waiting >= WAIT_LAST_FIRST) {
        PMPI_Ibarrier(comm, &before);
    }
}

/* The last one first. */
static int end(int rc, MPI_Request *request)
{
    if (rc == MPI_SUCCESS) {
        rc = PMPI_Wait(request, MPI_STATUS_IGNORE);
    }
    PMPI_Wait(&before, MPI_STATUS_IGNORE);
    return rc;
}

static bool is_blocking(void)
{
    return call_waiting == WAIT_INSIDE || call_waiting == WAIT_BEHIND;
}


int MPI_Barrier(MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? PMPI_Barrier(comm) : PMPI_Ibarrier(comm, &request);
    return end(rc, &request);
}

int MPI_Bcast(void *buf, int count, MPI_Datatype type, int root, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? PMPI_Bcast(buf, count, type, root, comm)
                       : PMPI_Ibcast(buf, count, type, root, comm, &request);
    return end(rc, &request);
}

int MPI_Scatter(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                int recv_count, MPI_Datatype recv_type, int root, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking()
             ? PMPI_Scatter(send, send_count, send_type, recv, recv_count, recv_type, root, comm)
             : PMPI_Iscatter(send, send_count, send_type, recv, recv_count, recv_type, root, comm,
                             &request);
    return end(rc, &request);
}

int MPI_Gather(const void *send, int send_count, MPI_Datatype send_type, void *recv, int recv_count,
               MPI_Datatype recv_type, int root, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking()
             ? PMPI_Gather(send, send_count, send_type, recv, recv_count, recv_type, root, comm)
             : PMPI_Igather(send, send_count, send_type, recv, recv_count, recv_type, root, comm,
                            &request);
    return end(rc, &request);
}

int MPI_Allgather(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                  int recv_count, MPI_Datatype recv_type, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking()
             ? PMPI_Allgather(send, send_count, send_type, recv, recv_count, recv_type, comm)
             : PMPI_Iallgather(send, send_count, send_type, recv, recv_count, recv_type, comm,
                               &request);
    return end(rc, &request);
}

int MPI_Alltoall(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                 int recv_count, MPI_Datatype recv_type, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking()
             ? PMPI_Alltoall(send, send_count, send_type, recv, recv_count, recv_type, comm)
             : PMPI_Ialltoall(send, send_count, send_type, recv, recv_count, recv_type, comm,
                              &request);
    return end(rc, &request);
}

int MPI_Alltoallv(const void *send, const int *send_counts, const int *send_displs,
                  MPI_Datatype send_type, void *recv, const int *recv_counts,
                  const int *recv_displs, MPI_Datatype recv_type, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? PMPI_Alltoallv(send, send_counts, send_displs, send_type, recv,
                                        recv_counts, recv_displs, recv_type, comm)
                       : PMPI_Ialltoallv(send, send_counts, send_displs, send_type, recv,
                                         recv_counts, recv_displs, recv_type, comm, &request);
    return end(rc, &request);
}

int MPI_Allgatherv(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                   const int *recv_counts, const int *displs, MPI_Datatype recv_type, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? PMPI_Allgatherv(send, send_count, send_type, recv, recv_counts, displs,
                                         recv_type, comm)
                       : PMPI_Iallgatherv(send, send_count, send_type, recv, recv_counts, displs,
                                          recv_type, comm, &request);
    return end(rc, &request);
}

int MPI_Reduce(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op, int root,
               MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? PMPI_Reduce(send, recv, count, type, op, root, comm)
                       : PMPI_Ireduce(send, recv, count, type, op, root, comm, &request);
    return end(rc, &request);
}

int MPI_Allreduce(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op,
                  MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? PMPI_Allreduce(send, recv, count, type, op, comm)
                       : PMPI_Iallreduce(send, recv, count, type, op, comm, &request);
    return end(rc, &request);
}

int MPI_Scan(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? PMPI_Scan(send, recv, count, type, op, comm)
                       : PMPI_Iscan(send, recv, count, type, op, comm, &request);
    return end(rc, &request);
}

int MPI_Exscan(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? PMPI_Exscan(send, recv, count, type, op, comm)
                       : PMPI_Iexscan(send, recv, count, type, op, comm, &request);
    return end(rc, &request);
}

int MPI_Reduce_scatter_block(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op,
                             MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? PMPI_Reduce_scatter_block(send, recv, count, type, op, comm)
                       : PMPI_Ireduce_scatter_block(send, recv, count, type, op, comm, &request);
    return end(rc, &request);
}
