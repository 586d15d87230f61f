/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of a compare-and-swap that is complete.
 */
#include <mpi.h>
#include "rma.h"

static int64_t last; /* what the counter holds, by the origin */

static void exchange(size_t bytes, int iterations)
{
    int64_t next, old;

    (void) bytes;
    for (int i = 0; bench.first && i < iterations; i++) {
        next = last + 1;
        MPI_Compare_and_swap(&next, &last, &old, MPI_INT64_T, bench.peer, 0, rma_win);
        MPI_Win_flush(bench.peer, rma_win);
        if (old != last) {
            bench_wrong("the value found", 0);
        }
        last = next;
    }
}

static void swap_twice(void)
{
    exchange(sizeof(last), 2);
}

static void verify(size_t bytes)
{
    (void) bytes;
    last = 40;
    rma_verify_counter(last, swap_twice, !bench.first, last + 2);
}

static const struct bench_program program = {
    .name = "compare_and_swap",
    .title = "MPI_Compare_and_swap and MPI_Win_flush, us",
    .min = 8,
    .max = 8,
    .pairs = 1,
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
