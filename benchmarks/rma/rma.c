/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The window of the benchmarks of one-sided communication (see rma.h).
 */
#include <mpi.h>
#include "rma.h"
#include <string.h>

MPI_Win rma_win;
char *rma_base;

void rma_prepare_unlocked(size_t bytes)
{
    size_t room = bytes < 64 ? 64 : bytes;

    MPI_Win_allocate((MPI_Aint) room, 1, MPI_INFO_NULL, bench_comm, &rma_base, &rma_win);
    memset(rma_base, 0, room);
    MPI_Barrier(bench_comm);
}

void rma_finish_unlocked(void)
{
    MPI_Win_free(&rma_win);
}

void rma_prepare(size_t bytes)
{
    rma_prepare_unlocked(bytes);
    MPI_Win_lock_all(0, rma_win);
    rma_meet();
}

void rma_finish(void)
{
    MPI_Win_unlock_all(rma_win);
    rma_finish_unlocked();
}

void rma_meet(void)
{
    MPI_Win_sync(rma_win);
    MPI_Barrier(bench_comm);
    MPI_Win_sync(rma_win);
}

double rma_us(size_t bytes, int iterations, double seconds)
{
    (void) bytes;
    return seconds / iterations * 1e6;
}

double rma_mbps(size_t bytes, int iterations, double seconds)
{
    return (double) bytes * bench.window * iterations / seconds / 1e6;
}

void rma_verify_put(size_t bytes, void (*put)(size_t bytes, int iterations))
{
    bench_fill(bench.send, bytes, (unsigned) bench.rank);
    memset(rma_base, 0, bytes);
    rma_meet();
    put(bytes, 1);
    rma_meet();
    if (!bench.first) {
        bench_expect(rma_base, bytes, (unsigned) bench.peer);
    }
    rma_meet();
}

void rma_verify_get(size_t bytes, void (*get)(size_t bytes, int iterations))
{
    bench_fill(rma_base, bytes, (unsigned) bench.rank);
    memset(bench.receive, 0, bytes);
    rma_meet();
    get(bytes, 1);
    if (bench.first) {
        bench_expect(bench.receive, bytes, (unsigned) bench.peer);
    }
    rma_meet();
}
