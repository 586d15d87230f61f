/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of a fetch-and-add that is complete.
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
    for (int i = 0; bench.first && i < iterations; i++) {
        MPI_Fetch_and_op(&one, &old, MPI_INT64_T, bench.peer, 0, MPI_SUM, rma_win);
        MPI_Win_flush(bench.peer, rma_win);
    }
}

static void verify(size_t bytes)
{
    *counter() = 40;
    rma_meet();
    exchange(bytes, 2);
    rma_meet();
    if (!bench.first && *counter() != 42) {
        bench_wrong("the counter", 0);
    }
    rma_meet();
}

static const struct bench_program program = {
    .name = "fetch_and_op",
    .title = "MPI_Fetch_and_op and MPI_Win_flush, us",
    .min = 8,
    .max = 8,
    .pairs = 1,
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
