/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Windows of messages under way (see windows.h). When timed, all messages of a window lie in one
 * buffer, as is usual; when checked, each has its own place and content.
 */
#include <mpi.h>
#include "windows.h"
#include <string.h>

static MPI_Request requests[2 * 4096];

static void post_sends(MPI_Request *to, size_t bytes, size_t stride, int count)
{
    for (int i = 0; i < count; i++) {
        MPI_Isend(bench.send + (size_t) i * stride, (int) bytes, MPI_BYTE, bench.peer, BENCH_TAG,
                  bench_comm, &to[i]);
    }
}

static void post_receives(MPI_Request *to, size_t bytes, size_t stride, int count)
{
    for (int i = 0; i < count; i++) {
        MPI_Irecv(bench.receive + (size_t) i * stride, (int) bytes, MPI_BYTE, bench.peer, BENCH_TAG,
                  bench_comm, &to[i]);
    }
}

static void one_way(size_t bytes, size_t stride, int count)
{
    if (bench.first) {
        post_sends(requests, bytes, stride, count);
        MPI_Waitall(count, requests, MPI_STATUSES_IGNORE);
        MPI_Recv(NULL, 0, MPI_BYTE, bench.peer, BENCH_TAG, bench_comm, MPI_STATUS_IGNORE);
    } else {
        post_receives(requests, bytes, stride, count);
        MPI_Waitall(count, requests, MPI_STATUSES_IGNORE);
        MPI_Send(NULL, 0, MPI_BYTE, bench.peer, BENCH_TAG, bench_comm);
    }
}

static void both_ways(size_t bytes, size_t stride, int count)
{
    post_receives(requests, bytes, stride, count);
    post_sends(requests + count, bytes, stride, count);
    MPI_Waitall(2 * count, requests, MPI_STATUSES_IGNORE);
}

void windows_one_way(size_t bytes, int iterations)
{
    for (int i = 0; i < iterations; i++) {
        one_way(bytes, 0, bench.window);
    }
}

void windows_both_ways(size_t bytes, int iterations)
{
    for (int i = 0; i < iterations; i++) {
        both_ways(bytes, 0, bench.window);
    }
}

static unsigned seed_of(int rank, int slot)
{
    return (unsigned) (rank * 5 + slot * 3);
}

/* As many messages as have a place of their own. */
static int slots(size_t bytes)
{
    size_t fit = bench.buffer_bytes / (bytes > 0 ? bytes : 1);

    return fit < (size_t) bench.window ? (int) fit : bench.window;
}

static void fill_slots(size_t bytes, int count)
{
    for (int i = 0; i < count; i++) {
        bench_fill(bench.send + (size_t) i * bytes, bytes, seed_of(bench.rank, i));
    }
    memset(bench.receive, 0, (size_t) count * bytes);
}

static void expect_slots(size_t bytes, int count)
{
    for (int i = 0; i < count; i++) {
        bench_expect(bench.receive + (size_t) i * bytes, bytes, seed_of(bench.peer, i));
    }
}

void windows_verify_one_way(size_t bytes)
{
    int count = slots(bytes);

    fill_slots(bytes, count);
    one_way(bytes, bytes, count);
    if (!bench.first) {
        expect_slots(bytes, count);
    }
}

void windows_verify_both_ways(size_t bytes)
{
    int count = slots(bytes);

    fill_slots(bytes, count);
    both_ways(bytes, bytes, count);
    expect_slots(bytes, count);
}
