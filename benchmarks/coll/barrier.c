/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of MPI_Barrier; the size is always 0.
 */
#include <mpi.h>
#include "coll.h"

static void call(size_t bytes, int root)
{
    (void) root;
    (void) bytes;
    MPI_Barrier(bench_comm);
}

static int nothing(int root)
{
    (void) root;
    return 0;
}

static const struct coll coll = {
    .name = "barrier",
    .title = "MPI_Barrier, us",
    .blocks_sent = 1,
    .blocks_received = 1,
    .call = call,
    .summed = nothing,
};

int main(int argc, char **argv)
{
    return coll_main(argc, argv, &coll);
}
