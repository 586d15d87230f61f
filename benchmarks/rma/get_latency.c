/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of a get that is complete.
 */
#include <mpi.h>
#include "rma.h"

static void exchange(size_t bytes, int iterations)
{
    rma_get(bytes, iterations, 1);
}

static void verify(size_t bytes)
{
    rma_verify_get(bytes);
}

static const struct bench_program program = {
    .name = "get_latency",
    .title = "MPI_Get and MPI_Win_flush, us",
    .min = 1,
    .max = 4 << 20,
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
