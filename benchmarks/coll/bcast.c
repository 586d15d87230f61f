/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of MPI_Bcast, each rank the root in turn.
 */
#include <mpi.h>
#include "coll.h"

static void call(size_t bytes, int root)
{
    MPI_Bcast(bench.rank == root ? bench.send : bench.receive, (int) bytes, MPI_BYTE, root,
              bench_comm);
}

static int received(int block, int root)
{
    (void) block;
    return bench.rank == root ? COLL_NOTHING : coll_from(root);
}

static const struct coll coll = {
    .name = "bcast",
    .title = "MPI_Bcast, us",
    .min = 1,
    .max = 1 << 20,
    .rooted = true,
    .blocks_sent = 1,
    .blocks_received = 1,
    .call = call,
    .sent = coll_sent_to_all,
    .received = received,
};

int main(int argc, char **argv)
{
    return coll_main(argc, argv, &coll);
}
