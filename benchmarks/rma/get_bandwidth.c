/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Bandwidth of windows of gets, each window flushed.
 */
#include <mpi.h>
#include "rma.h"

static void exchange(size_t bytes, int iterations)
{
    rma_get(bytes, iterations, bench.window);
}

static void verify(size_t bytes)
{
    rma_verify_get(bytes);
}

static const struct bench_program program = {
    .name = "get_bandwidth",
    .title = "bandwidth of MPI_Get, MB/s (1 MB is 1000000 bytes)",
    .min = 1,
    .max = 4 << 20,
    .pairs = 1,
    .takes_window = true,
    .takes_dynamic = true,
    .prepare = rma_prepare,
    .finish = rma_finish,
    .exchange = exchange,
    .verify = verify,
    .value = rma_mbps,
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, &program);
}
