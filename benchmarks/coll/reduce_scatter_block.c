/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of MPI_Reduce_scatter_block of floats by MPI_SUM; the size is that of the block
 * that a rank receives.
 */
#include <mpi.h>
#include "coll.h"

static void call(size_t bytes, int root)
{
    int count = (int) (bytes / sizeof(float));

    (void) root;
    MPI_Reduce_scatter_block(bench.send, bench.receive, count, MPI_FLOAT, MPI_SUM, bench_comm);
}

static const struct coll coll = {
    .name = "reduce_scatter_block",
    .title = "MPI_Reduce_scatter_block of floats, us",
    .min = 4,
    .max = 1 << 20,
    .blocks_sent = COLL_ALL,
    .blocks_received = 1,
    .call = call,
    .summed = coll_everywhere,
};

int main(int argc, char **argv)
{
    return coll_main(argc, argv, &coll);
}
