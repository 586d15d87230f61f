/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of an accumulate of doubles that is complete at the target.
 */
#include <mpi.h>
#include "rma.h"

static const char *problem(size_t bytes)
{
    return bytes % sizeof(double) == 0 && bytes > 0 ? NULL
                                                    : "size: sums doubles: give multiples of 8";
}

static void exchange(size_t bytes, int iterations)
{
    int count = (int) (bytes / sizeof(double));

    for (int i = 0; bench.first && i < iterations; i++) {
        MPI_Accumulate(bench.send, count, MPI_DOUBLE, bench.peer, 0, count, MPI_DOUBLE, MPI_SUM,
                       rma_win);
        MPI_Win_flush(bench.peer, rma_win);
    }
}

static void verify(size_t bytes)
{
    double *from = (double *) (void *) bench.send, *to = (double *) (void *) rma_base;
    size_t count = bytes / sizeof(double);

    for (size_t i = 0; i < count; i++) {
        from[i] = (double) i;
        to[i] = 1;
    }
    rma_meet();
    exchange(bytes, 2);
    rma_meet();
    for (size_t i = 0; !bench.first && i < count; i++) {
        if (to[i] != 1 + 2 * (double) i) {
            bench_wrong("the sum", i * sizeof(double));
        }
    }
    rma_meet();
    for (size_t i = 0; i < count; i++) {
        from[i] = 0; /* no overflow, however long it is timed */
    }
}

static const struct bench_program program = {
    .name = "accumulate",
    .title = "MPI_Accumulate of doubles and MPI_Win_flush, us",
    .min = 8,
    .max = 1 << 20,
    .pairs = 1,
    .problem = problem,
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
