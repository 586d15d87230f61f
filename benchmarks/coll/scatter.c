/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of MPI_Scatter, each rank the root in turn; the size is that of one rank's block.
 */
#include <mpi.h>
#include "coll.h"

static void call(size_t bytes, int root)
{
    MPI_Scatter(bench.send, (int) bytes, MPI_BYTE, bench.receive, (int) bytes, MPI_BYTE, root,
                bench_comm);
}

static int received(int block, int root)
{
    (void) block;
    return coll_from_to(root, bench.rank);
}

static const struct coll coll = {
    .name = "scatter",
    .title = "MPI_Scatter, us",
    .min = 1,
    .max = 1 << 20,
    .rooted = true,
    .blocks_sent = COLL_ALL,
    .blocks_received = 1,
    .call = call,
    .sent = coll_sent_to_each,
    .received = received,
};

int main(int argc, char **argv)
{
    return coll_main(argc, argv, &coll);
}
