/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of MPI_Alltoall; the size is that of a block for one rank.
 */
#include <mpi.h>
#include "coll.h"

static void call(size_t bytes, int root)
{
    (void) root;
    MPI_Alltoall(bench.send, (int) bytes, MPI_BYTE, bench.receive, (int) bytes, MPI_BYTE,
                 bench_comm);
}

static const struct coll coll = {
    .name = "alltoall",
    .title = "MPI_Alltoall, us",
    .min = 1,
    .max = 1 << 20,
    .blocks_sent = COLL_ALL,
    .blocks_received = COLL_ALL,
    .call = call,
    .sent = coll_sent_to_each,
    .received = coll_received_from_each,
};

int main(int argc, char **argv)
{
    return coll_main(argc, argv, &coll);
}
