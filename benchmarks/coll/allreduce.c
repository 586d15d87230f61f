/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of MPI_Allreduce of floats by MPI_SUM.
 */
#include <mpi.h>
#include "coll.h"

static void call(size_t bytes, int root)
{
    int count = (int) (bytes / sizeof(float));

    (void) root;
    MPI_Allreduce(bench.send, bench.receive, count, MPI_FLOAT, MPI_SUM, bench_comm);
}

static const struct coll coll = {
    .name = "allreduce",
    .title = "MPI_Allreduce of floats, us",
    .min = 4,
    .max = 1 << 20,
    .blocks_sent = 1,
    .blocks_received = 1,
    .call = call,
    .summed = coll_everywhere,
};

int main(int argc, char **argv)
{
    return coll_main(argc, argv, &coll);
}
