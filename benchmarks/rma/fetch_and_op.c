/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of a fetch-and-add that is complete.
 */
#include <mpi.h>
#include "rma.h"

static void exchange(size_t bytes, int iterations)
{
    (void) bytes;
    if (bench.first) {
        rma_count(bench.peer, iterations);
    }
}

static void count_twice(void)
{
    exchange(sizeof(int64_t), 2);
}

static void verify(size_t bytes)
{
    (void) bytes;
    rma_verify_counter(40, count_twice, !bench.first, 42);
}

static const struct bench_program program = {
    .name = "fetch_and_op",
    .title = "MPI_Fetch_and_op and MPI_Win_flush, us",
    .min = 8,
    .max = 8,
    .pairs = 1,
    .takes_dynamic = true,
    .prepare = rma_prepare,
    .finish = rma_finish,
    .exchange = exchange,
    .verify = verify,
    .value = bench_us,
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, &program);
}
