/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of MPI_Gather, each rank the root in turn; the size is that of one rank's block.
 */
#include <mpi.h>
#include "coll.h"

static void call(size_t bytes, int root)
{
    MPI_Gather(bench.send, (int) bytes, MPI_BYTE, bench.receive, (int) bytes, MPI_BYTE, root,
               bench_comm);
}

static int received(int block, int root)
{
    return bench.rank == root ? coll_from(block) : COLL_NOTHING;
}

static const struct coll coll = {
    .name = "gather",
    .title = "MPI_Gather, us",
    .min = 1,
    .max = 1 << 20,
    .rooted = true,
    .blocks_sent = 1,
    .blocks_received = COLL_ALL,
    .call = call,
    .sent = coll_sent_to_all,
    .received = received,
};

int main(int argc, char **argv)
{
    return coll_main(argc, argv, &coll);
}
