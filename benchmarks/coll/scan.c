/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of MPI_Scan of floats by MPI_SUM. Rank 0 waits for nobody and runs ahead as far as the
 * library lets it.
 */
#include <mpi.h>
#include "coll.h"

static void call(size_t bytes, int root)
{
    int count = (int) (bytes / sizeof(float));

    (void) root;
    MPI_Scan(bench.send, bench.receive, count, MPI_FLOAT, MPI_SUM, bench_comm);
}

static int summed(int root)
{
    (void) root;
    return bench.rank + 1;
}

static const struct coll coll = {
    .name = "scan",
    .title = "MPI_Scan of floats, us",
    .min = 4,
    .max = 1 << 20,
    .blocks_sent = 1,
    .blocks_received = 1,
    .call = call,
    .summed = summed,
};

int main(int argc, char **argv)
{
    return coll_main(argc, argv, &coll);
}
