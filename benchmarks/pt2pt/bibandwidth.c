/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Bandwidth of both directions together, a window of messages under way in each.
 */
#include <mpi.h>
#include "windows.h"

static double megabytes_per_second(size_t bytes, int iterations, double seconds)
{
    return 2.0 * (double) bytes * bench.window * iterations / seconds / 1e6;
}

static const struct bench_program program = {
    .name = "bibandwidth",
    .title = "bandwidth of both directions together, MB/s (1 MB is 1000000 bytes)",
    .min = 1,
    .max = 4 << 20,
    .pairs = 1,
    .takes_window = true,
    .exchange = windows_both_ways,
    .verify = windows_verify_both_ways,
    .value = megabytes_per_second,
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, &program);
}
