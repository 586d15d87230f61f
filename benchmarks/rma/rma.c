/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The window of the benchmarks of one-sided communication (see rma.h).
 */
#include <mpi.h>
#include "rma.h"
#include <stdlib.h>
#include <string.h>

MPI_Win rma_win;
char *rma_base;
static MPI_Aint *starts; /* by rank; NULL: not a dynamic window */

MPI_Aint rma_start(int rank)
{
    return starts == NULL ? 0 : starts[rank];
}

static void make_dynamic(MPI_Aint bytes)
{
    MPI_Aint mine;
    int ranks;

    rma_base = bench_shared_memory((size_t) bytes);
    MPI_Win_create_dynamic(MPI_INFO_NULL, bench_comm, &rma_win);
    MPI_Win_attach(rma_win, rma_base, bytes);
    MPI_Get_address(rma_base, &mine);
    MPI_Comm_size(bench_comm, &ranks);
    starts = malloc((size_t) ranks * sizeof(*starts));
    if (starts == NULL) {
        MPI_Abort(MPI_COMM_WORLD, 1);
        exit(1);
    }
    MPI_Allgather(&mine, 1, MPI_AINT, starts, 1, MPI_AINT, bench_comm);
}

void rma_prepare_unlocked(size_t bytes)
{
    size_t room = bytes < 64 ? 64 : bytes;

    if (bench.dynamic) {
        make_dynamic((MPI_Aint) room);
    } else {
        MPI_Win_allocate((MPI_Aint) room, 1, MPI_INFO_NULL, bench_comm, &rma_base, &rma_win);
    }
    memset(rma_base, 0, room);
    MPI_Barrier(bench_comm);
}

void rma_finish_unlocked(void)
{
    MPI_Win_free(&rma_win);
    if (bench.dynamic) {
        MPI_Free_mem(rma_base);
        free(starts);
        starts = NULL;
    }
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

double rma_mbps(size_t bytes, int iterations, double seconds)
{
    return (double) bytes * bench.window * iterations / seconds / 1e6;
}

void rma_put(size_t bytes, int windows, int window)
{
    MPI_Aint start = rma_start(bench.peer);

    for (int i = 0; bench.first && i < windows; i++) {
        for (int k = 0; k < window; k++) {
            MPI_Put(bench.send, (int) bytes, MPI_BYTE, bench.peer, start, (int) bytes, MPI_BYTE,
                    rma_win);
        }
        MPI_Win_flush(bench.peer, rma_win);
    }
}

void rma_get(size_t bytes, int windows, int window)
{
    MPI_Aint start = rma_start(bench.peer);

    for (int i = 0; bench.first && i < windows; i++) {
        for (int k = 0; k < window; k++) {
            MPI_Get(bench.receive, (int) bytes, MPI_BYTE, bench.peer, start, (int) bytes, MPI_BYTE,
                    rma_win);
        }
        MPI_Win_flush(bench.peer, rma_win);
    }
}

void rma_verify_put(size_t bytes)
{
    bench_fill(bench.send, bytes, (unsigned) bench.rank);
    memset(rma_base, 0, bytes);
    rma_meet();
    rma_put(bytes, 1, 1);
    rma_meet();
    if (!bench.first) {
        bench_expect(rma_base, bytes, (unsigned) bench.peer);
    }
    rma_meet();
}

void rma_verify_get(size_t bytes)
{
    bench_fill(rma_base, bytes, (unsigned) bench.rank);
    memset(bench.receive, 0, bytes);
    rma_meet();
    rma_get(bytes, 1, 1);
    if (bench.first) {
        bench_expect(bench.receive, bytes, (unsigned) bench.peer);
    }
    rma_meet();
}

int64_t *rma_counter(void)
{
    return (int64_t *) (void *) rma_base;
}

void rma_count(int rank, int times)
{
    MPI_Aint start = rma_start(rank);
    int64_t one = 1, old;

    for (int i = 0; i < times; i++) {
        MPI_Fetch_and_op(&one, &old, MPI_INT64_T, rank, start, MPI_SUM, rma_win);
        MPI_Win_flush(rank, rma_win);
    }
}

void rma_verify_counter(int64_t before, void (*work)(void), bool checks, int64_t expected)
{
    *rma_counter() = before;
    rma_meet();
    work();
    rma_meet();
    if (checks && *rma_counter() != expected) {
        bench_wrong("the counter", 0);
    }
    rma_meet();
}
