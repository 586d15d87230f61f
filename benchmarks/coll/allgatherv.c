/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Time of MPI_Allgatherv with equal blocks; the size is that of one.
 */
#include <mpi.h>
#include "coll.h"

static void call(size_t bytes, int root)
{
    (void) root;
    MPI_Allgatherv(bench.send, (int) bytes, MPI_BYTE, bench.receive, coll_counts, coll_displs,
                   MPI_BYTE, bench_comm);
}

static const struct coll coll = {
    .name = "allgatherv",
    .title = "MPI_Allgatherv, us",
    .min = 1,
    .max = 1 << 20,
    .blocks_sent = 1,
    .blocks_received = COLL_ALL,
    .call = call,
    .sent = coll_sent_to_all,
    .received = coll_received_from_all,
};

int main(int argc, char **argv)
{
    return coll_main(argc, argv, &coll);
}
