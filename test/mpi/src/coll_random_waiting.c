/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Calls of coll_random, blocking or not.
 */
#include "coll_random.h"

enum waiting call_waiting;

static MPI_Request before = MPI_REQUEST_NULL;

/* What is under way before the call under test. */
static void begin(MPI_Comm comm)
{
    if (call_waiting >= WAIT_LAST_FIRST) {
        MPI_Ibarrier(comm, &before);
    }
}

/* The last one first. */
static int end(int rc, MPI_Request *request)
{
    if (rc == MPI_SUCCESS) {
        rc = MPI_Wait(request, MPI_STATUS_IGNORE);
    }
    MPI_Wait(&before, MPI_STATUS_IGNORE);
    return rc;
}

static bool is_blocking(void)
{
    return call_waiting == WAIT_INSIDE || call_waiting == WAIT_BEHIND;
}


int call_barrier(MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? MPI_Barrier(comm) : MPI_Ibarrier(comm, &request);
    return end(rc, &request);
}

int call_bcast(void *buf, int count, MPI_Datatype type, int root, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? MPI_Bcast(buf, count, type, root, comm)
                       : MPI_Ibcast(buf, count, type, root, comm, &request);
    return end(rc, &request);
}

int call_scatter(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                 int recv_count, MPI_Datatype recv_type, int root, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking()
             ? MPI_Scatter(send, send_count, send_type, recv, recv_count, recv_type, root, comm)
             : MPI_Iscatter(send, send_count, send_type, recv, recv_count, recv_type, root, comm,
                            &request);
    return end(rc, &request);
}

int call_gather(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                int recv_count, MPI_Datatype recv_type, int root, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking()
             ? MPI_Gather(send, send_count, send_type, recv, recv_count, recv_type, root, comm)
             : MPI_Igather(send, send_count, send_type, recv, recv_count, recv_type, root, comm,
                           &request);
    return end(rc, &request);
}

int call_allgather(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                   int recv_count, MPI_Datatype recv_type, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking()
             ? MPI_Allgather(send, send_count, send_type, recv, recv_count, recv_type, comm)
             : MPI_Iallgather(send, send_count, send_type, recv, recv_count, recv_type, comm,
                              &request);
    return end(rc, &request);
}

int call_alltoall(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                  int recv_count, MPI_Datatype recv_type, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking()
             ? MPI_Alltoall(send, send_count, send_type, recv, recv_count, recv_type, comm)
             : MPI_Ialltoall(send, send_count, send_type, recv, recv_count, recv_type, comm,
                             &request);
    return end(rc, &request);
}

int call_alltoallv(const void *send, const int *send_counts, const int *send_displs,
                   MPI_Datatype send_type, void *recv, const int *recv_counts,
                   const int *recv_displs, MPI_Datatype recv_type, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? MPI_Alltoallv(send, send_counts, send_displs, send_type, recv, recv_counts,
                                       recv_displs, recv_type, comm)
                       : MPI_Ialltoallv(send, send_counts, send_displs, send_type, recv,
                                        recv_counts, recv_displs, recv_type, comm, &request);
    return end(rc, &request);
}

int call_allgatherv(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                    const int *recv_counts, const int *displs, MPI_Datatype recv_type,
                    MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? MPI_Allgatherv(send, send_count, send_type, recv, recv_counts, displs,
                                        recv_type, comm)
                       : MPI_Iallgatherv(send, send_count, send_type, recv, recv_counts, displs,
                                         recv_type, comm, &request);
    return end(rc, &request);
}

int call_reduce(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op, int root,
                MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? MPI_Reduce(send, recv, count, type, op, root, comm)
                       : MPI_Ireduce(send, recv, count, type, op, root, comm, &request);
    return end(rc, &request);
}

int call_allreduce(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op,
                   MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? MPI_Allreduce(send, recv, count, type, op, comm)
                       : MPI_Iallreduce(send, recv, count, type, op, comm, &request);
    return end(rc, &request);
}

int call_scan(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? MPI_Scan(send, recv, count, type, op, comm)
                       : MPI_Iscan(send, recv, count, type, op, comm, &request);
    return end(rc, &request);
}

int call_exscan(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op,
                MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? MPI_Exscan(send, recv, count, type, op, comm)
                       : MPI_Iexscan(send, recv, count, type, op, comm, &request);
    return end(rc, &request);
}

int call_reduce_scatter_block(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op,
                              MPI_Comm comm)
{
    MPI_Request request = MPI_REQUEST_NULL;
    int rc;

    begin(comm);
    rc = is_blocking() ? MPI_Reduce_scatter_block(send, recv, count, type, op, comm)
                       : MPI_Ireduce_scatter_block(send, recv, count, type, op, comm, &request);
    return end(rc, &request);
}
