/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * One-way latency of a message between two ranks that do nothing else.
 */
#include <mpi.h>
#include "bench.h"

static const struct bench_program program = {
    .name = "latency",
    .title = "one-way latency, us",
    .max = 4 << 20,
    .pairs = 1,
    .exchange = bench_ping_pong,
    .verify = bench_verify_ping_pong,
    .value = bench_one_way_us,
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, &program);
}
