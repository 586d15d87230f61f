/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * One-way latency while all ranks ping-pong in pairs at the same time, mean over the pairs. With
 * more ranks than processors it shows how well waiting ranks make room.
 */
#include <mpi.h>
#include "bench.h"

static const struct bench_program program = {
    .name = "multi_latency",
    .title = "one-way latency, all pairs at once, us",
    .max = 4 << 20,
    .exchange = bench_ping_pong,
    .verify = bench_verify_ping_pong,
    .value = bench_one_way_us,
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, &program);
}
