/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Bandwidth from one rank to another, a window of messages under way.
 */
#include <mpi.h>
#include "windows.h"

static double megabytes_per_second(size_t bytes, int iterations, double seconds)
{
    return (double) bytes * bench.window * iterations / seconds / 1e6;
}

static const struct bench_program program = {
    .name = "bandwidth",
    .title = "bandwidth, MB/s (1 MB is 1000000 bytes)",
    .min = 1,
    .max = 4 << 20,
    .pairs = 1,
    .takes_window = true,
    .exchange = windows_one_way,
    .verify = windows_verify_one_way,
    .value = megabytes_per_second,
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, &program);
}
