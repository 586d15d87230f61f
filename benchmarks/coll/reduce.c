/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of MPI_Reduce of floats by MPI_SUM, each rank the root in turn.
 */
#include <mpi.h>
#include "coll.h"

static void call(size_t bytes, int root)
{
    int count = (int) (bytes / sizeof(float));

    MPI_Reduce(bench.send, bench.receive, count, MPI_FLOAT, MPI_SUM, root, bench_comm);
}

static const struct coll coll = {
    .name = "reduce",
    .title = "MPI_Reduce of floats, us",
    .min = 4,
    .max = 1 << 20,
    .rooted = true,
    .blocks_sent = 1,
    .blocks_received = 1,
    .call = call,
    .summed = coll_at_root,
};

int main(int argc, char **argv)
{
    return coll_main(argc, argv, &coll);
}
