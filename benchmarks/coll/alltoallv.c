/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of MPI_Alltoallv with equal blocks; the size is that of one.
 */
#include <mpi.h>
#include "coll.h"

static void call(size_t bytes, int root)
{
    (void) bytes;
    (void) root;
    MPI_Alltoallv(bench.send, coll_counts, coll_displs, MPI_BYTE, bench.receive, coll_counts,
                  coll_displs, MPI_BYTE, bench_comm);
}

static const struct coll coll = {
    .name = "alltoallv",
    .title = "MPI_Alltoallv, us",
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
