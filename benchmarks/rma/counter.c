/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of a fetch-and-add on a counter that all ranks change at once.
 */
#include <mpi.h>
#include "rma.h"
#include <stdint.h>

static int64_t *counter(void)
{
    return (int64_t *) (void *) rma_base;
}

static void exchange(size_t bytes, int iterations)
{
    int64_t one = 1, old;

    (void) bytes;
    for (int i = 0; i < iterations; i++) {
        MPI_Fetch_and_op(&one, &old, MPI_INT64_T, 0, 0, MPI_SUM, rma_win);
        MPI_Win_flush(0, rma_win);
    }
}

static void verify(size_t bytes)
{
    *counter() = 0;
    rma_meet();
    exchange(bytes, 10);
    rma_meet();
    if (bench.rank == 0 && *counter() != 10 * bench.ranks) {
        bench_wrong("the counter", 0);
    }
    rma_meet();
}

static const struct bench_program program = {
    .name = "counter",
    .title = "MPI_Fetch_and_op and MPI_Win_flush by all ranks on one counter, us",
    .min = 8,
    .max = 8,
    .pairs = 0,
    .prepare = rma_prepare,
    .finish = rma_finish,
    .exchange = exchange,
    .verify = verify,
    .value = rma_us,
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, &program);
}
