/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of a fetch-and-add on a counter that all ranks change at once.
 */
#include <mpi.h>
#include "rma.h"

static void exchange(size_t bytes, int iterations)
{
    (void) bytes;
    rma_count(0, iterations);
}

static void count_to_ten(void)
{
    rma_count(0, 10);
}

static void verify(size_t bytes)
{
    (void) bytes;
    rma_verify_counter(0, count_to_ten, bench.rank == 0, 10 * bench.ranks);
}

static const struct bench_program program = {
    .name = "counter",
    .title = "MPI_Fetch_and_op and MPI_Win_flush by all ranks on one counter, us",
    .min = 8,
    .max = 8,
    .pairs = 0,
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
