/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Benchmarks of collectives (see coll.h).
 */
#include <mpi.h>
#include "coll.h"
#include <stdlib.h>
#include <string.h>

#define GUARD 0x5a

static const struct coll *coll;
static struct bench_program program;
int *coll_counts, *coll_displs;

/* ---- seeds ------------------------------------------------------------------------------------ */

int coll_from(int rank)
{
    return 1 + rank;
}

int coll_from_to(int rank, int to)
{
    return 1 + rank * 17 + to * 3;
}

int coll_sent_to_all(int block)
{
    (void) block;
    return coll_from(bench.rank);
}

int coll_sent_to_each(int block)
{
    return coll_from_to(bench.rank, block);
}

int coll_received_from_all(int block, int root)
{
    (void) root;
    return coll_from(block);
}

int coll_received_from_each(int block, int root)
{
    (void) root;
    return coll_from_to(block, bench.rank);
}

int coll_at_root(int root)
{
    return bench.rank == root ? bench.ranks : 0;
}

int coll_everywhere(int root)
{
    (void) root;
    return bench.ranks;
}

/* ---- data ------------------------------------------------------------------------------------- */

static int all_or_one(int blocks)
{
    return blocks == COLL_ALL ? bench.ranks : blocks;
}

static void verify_moved(size_t bytes, int root)
{
    int in = all_or_one(coll->blocks_received), out = all_or_one(coll->blocks_sent);

    for (int i = 0; i < out; i++) {
        bench_fill(bench.send + (size_t) i * bytes, bytes, (unsigned) coll->sent(i));
    }
    memset(bench.receive, GUARD, (size_t) in * bytes + 1);
    coll->call(bytes, root);
    for (int i = 0; i < in; i++) {
        int seed = coll->received(i, root);

        if (seed != COLL_NOTHING) {
            bench_expect(bench.receive + (size_t) i * bytes, bytes, (unsigned) seed);
        }
    }
}

/* Small integers, so that sums are exact. */
static float element(size_t i, int ranks)
{
    return (float) (i % 31 + 1) * (float) ranks;
}

static void verify_reduced(size_t bytes, int root)
{
    size_t in = all_or_one(coll->blocks_received) * bytes / sizeof(float);
    size_t out = all_or_one(coll->blocks_sent) * bytes / sizeof(float);
    size_t first = coll->blocks_sent == COLL_ALL ? (size_t) bench.rank * in : 0;
    float *send = (float *) (void *) bench.send, *receive = (float *) (void *) bench.receive;
    int ranks = coll->summed(root);

    for (size_t i = 0; i < out; i++) {
        send[i] = element(i, bench.rank + 1);
    }
    memset(bench.receive, GUARD, in * sizeof(float) + 1);
    coll->call(bytes, root);
    for (size_t i = 0; ranks > 0 && i < in; i++) {
        if (receive[i] != element(first + i, ranks * (ranks + 1) / 2)) {
            bench_wrong("the sum", i * sizeof(float));
        }
    }
}

static void verify(size_t bytes)
{
    size_t end = (size_t) all_or_one(coll->blocks_received) * bytes;

    for (int root = 0; root < (coll->rooted ? bench.ranks : 1); root++) {
        if (coll->summed != NULL) {
            verify_reduced(bytes, root);
        } else {
            verify_moved(bytes, root);
        }
        if (bench.receive[end] != GUARD) {
            bench_wrong("memory behind the received data", end);
        }
    }
}

/* ---- course ----------------------------------------------------------------------------------- */

static void prepare(size_t bytes)
{
    coll_counts = malloc((size_t) bench.ranks * sizeof(int));
    coll_displs = malloc((size_t) bench.ranks * sizeof(int));
    if (coll_counts == NULL || coll_displs == NULL) {
        MPI_Abort(MPI_COMM_WORLD, 1);
        exit(1);
    }
    for (int i = 0; i < bench.ranks; i++) {
        coll_counts[i] = (int) bytes;
        coll_displs[i] = i * (int) bytes;
    }
}

static void finish(void)
{
    free(coll_counts);
    free(coll_displs);
}

static void exchange(size_t bytes, int iterations)
{
    int root = 0;

    for (int i = 0; i < iterations; i++) {
        coll->call(bytes, root);
        root = root + 1 < bench.ranks ? root + 1 : 0;
    }
}

static const char *problem(size_t bytes)
{
    return coll->summed != NULL && bytes % sizeof(float) != 0
               ? "sizes are multiples of 4, those of a float: see --sizes"
               : NULL;
}

int coll_main(int argc, char **argv, const struct coll *which)
{
    coll = which;
    program = (struct bench_program){
        .name = coll->name,
        .title = coll->title,
        .min = coll->min,
        .max = coll->max,
        .together = true,
        .rooted = coll->rooted,
        .problem = problem,
        .prepare = prepare,
        .finish = finish,
        .exchange = exchange,
        .verify = verify,
        .value = bench_us,
    };
    return bench_main(argc, argv, &program);
}
