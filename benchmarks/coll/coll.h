/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the benchmarks of collectives share: the loop that is timed and the data that are checked.
 *
 * The calls follow each other without a barrier. Where there is a root, it is another rank in each
 * call, in turn: so no rank can run ahead by more than one turn of roots, and each does the same
 * work. The size is that of a block: what a rank sends to, or has for, each other one.
 */
#ifndef COLL_H_INCLUDED
#define COLL_H_INCLUDED

#include <mpi.h>
#include "bench.h"
#include <stdbool.h>

struct coll {
    const char *name, *title; /* as in struct bench_program */
    size_t min, max;
    bool rooted;
    int blocks_sent, blocks_received; /* 1, or COLL_ALL: one for each rank */
    void (*call)(size_t bytes, int root);

    /* Moves data: the seed of a block that this rank sends, or must have received; COLL_NOTHING if
     * the call does not give it any. NULL for both: a reduction. */
    int (*sent)(int block);
    int (*received)(int block, int root);

    /* Reduces floats by MPI_SUM: of so many ranks, the lowest, on this rank, or 0. */
    int (*summed)(int root);
};

enum {
    COLL_ALL = 0,
    COLL_NOTHING = -1
};

/* Returns main()'s status. */
int coll_main(int argc, char **argv, const struct coll *coll);

/* Seeds: what a rank has for all, and what it has for one of them. */
int coll_from(int rank);
int coll_from_to(int rank, int to);
int coll_sent_to_all(int block);
int coll_sent_to_each(int block);
int coll_received_from_all(int block, int root);
int coll_received_from_each(int block, int root);

/* How many ranks are summed up: all of them, at the root or anywhere. */
int coll_at_root(int root);
int coll_everywhere(int root);

/* Equal blocks, one behind the other, for the calls with a count for each rank. */
extern int *coll_counts, *coll_displs;

#endif
