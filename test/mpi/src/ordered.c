/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Sums of numbers so different in size that each order of adding rounds in its own way. Prints a sum over
 * the bits of all results, for test/mpi/coll-choice to compare between placements of the same ranks.
 *
 * Options: see check.h.
 */
#include "check.h"

#define COUNT 500
#define CALLS 8 /* of each operation: more than until a communicator has an area */

static double given[COUNT * 16], result[COUNT * 16];
static uint64_t bits;

static void add_bits(int count)
{
    for (int i = 0; i < count; i++) {
        uint64_t word;

        memcpy(&word, &result[i], sizeof(word));
        bits = bits * 0x9e3779b97f4a7c15u + word;
    }
}

static void draw(struct rng *rng, int count)
{
    for (int i = 0; i < count; i++) {
        double number = (double) rng_next(rng) * 0x1p-64 - 0.5;

        given[i] = number * (double) (UINT64_C(1) << rng_below(rng, 50));
    }
    memset(result, 0, sizeof(result));
}

static void run(struct rng *rng, int count)
{
    draw(rng, count);
    MPI_Allreduce(given, result, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    add_bits(count);
    draw(rng, count);
    MPI_Reduce(given, result, count, MPI_DOUBLE, MPI_SUM, check.size - 1, MPI_COMM_WORLD);
    add_bits(count);
    draw(rng, count);
    MPI_Scan(given, result, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    add_bits(count);
    draw(rng, count);
    MPI_Exscan(given, result, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    add_bits(check.rank == 0 ? 0 : count);
    draw(rng, count * check.size);
    MPI_Reduce_scatter_block(given, result, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    add_bits(count);
}

int main(int argc, char **argv)
{
    struct rng rng;
    uint64_t all;

    check_start(&argc, &argv, 1, 0);
    CHECK(check.size <= 16, "%d ranks: use at most 16", check.size);
    rng.state = 4711 + (uint64_t) check.rank; /* whatever the seed: runs are compared */
    for (int i = 0; i < CALLS; i++) {
        run(&rng, i % 2 == 0 ? 3 : COUNT);
    }
    MPI_Reduce(&bits, &all, 1, MPI_UINT64_T, MPI_BXOR, 0, MPI_COMM_WORLD);
    if (check.rank == 0) {
        printf("# bits %016llx\n", (unsigned long long) all);
    }
    return check_end();
}
