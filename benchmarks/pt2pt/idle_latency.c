/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * One-way latency between ranks 0 and 1 while all further ranks are idle.
 */
#include <mpi.h>
#include "bench.h"

static const struct bench_program program = {
    .name = "idle_latency",
    .title = "one-way latency beside idle ranks, us",
    .min = 8,
    .max = 8,
    .pairs = 1,
    .takes_idle = true,
    .exchange = bench_ping_pong,
    .verify = bench_verify_ping_pong,
    .value = bench_one_way_us,
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, &program);
}
