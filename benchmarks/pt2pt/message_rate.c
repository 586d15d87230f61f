/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Messages a second from the first to the second rank of each pair, all pairs together.
 */
#include <mpi.h>
#include "windows.h"

static double messages_per_second(size_t bytes, int iterations, double seconds)
{
    (void) bytes;
    return (double) bench.pairs * bench.window * iterations / seconds;
}

static const struct bench_program program = {
    .name = "message_rate",
    .title = "messages/s, all pairs together",
    .min = 8,
    .max = 8,
    .takes_window = true,
    .exchange = windows_one_way,
    .verify = windows_verify_one_way,
    .value = messages_per_second,
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, &program);
}
