/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of a put in an epoch of its own: lock, put, unlock.
 */
#include <mpi.h>
#include "rma.h"

static void exchange(size_t bytes, int iterations)
{
    for (int i = 0; bench.first && i < iterations; i++) {
        MPI_Win_lock(MPI_LOCK_EXCLUSIVE, bench.peer, 0, rma_win);
        MPI_Put(bench.send, (int) bytes, MPI_BYTE, bench.peer, 0, (int) bytes, MPI_BYTE, rma_win);
        MPI_Win_unlock(bench.peer, rma_win);
    }
}

/* There is no epoch around it: what the target sees is read under its own lock. */
static void verify(size_t bytes)
{
    bench_fill(bench.send, bytes, (unsigned) bench.rank);
    MPI_Barrier(bench_comm);
    exchange(bytes, 1);
    MPI_Barrier(bench_comm);
    if (!bench.first) {
        MPI_Win_lock(MPI_LOCK_EXCLUSIVE, bench.rank, 0, rma_win);
        bench_expect(rma_base, bytes, (unsigned) bench.peer);
        MPI_Win_unlock(bench.rank, rma_win);
    }
}

static const struct bench_program program = {
    .name = "put_lock",
    .title = "MPI_Win_lock, MPI_Put and MPI_Win_unlock, us",
    .min = 1,
    .max = 4096,
    .pairs = 1,
    .prepare = rma_prepare_unlocked,
    .finish = rma_finish_unlocked,
    .exchange = exchange,
    .verify = verify,
    .value = bench_us,
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, &program);
}
