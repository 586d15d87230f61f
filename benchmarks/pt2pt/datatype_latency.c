/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * One-way latency of messages that lie scattered in memory. Sizes are bytes of data.
 */
#include <mpi.h>
#include "bench.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Data come in runs: this many bytes at these places of each stretch of memory. */
struct shape {
    const char *name;
    size_t extent, bytes; /* of a stretch, and of the data in it */
    int runs;
    struct {
        size_t at, bytes;
    } run[3];
    void (*make)(int stretches, MPI_Datatype *type);
};

static const struct shape *shape;
static MPI_Datatype type;

static void make_contiguous(int stretches, MPI_Datatype *made)
{
    MPI_Type_contiguous(2 * stretches, MPI_DOUBLE, made);
}

static void make_vector(int stretches, MPI_Datatype *made)
{
    MPI_Type_vector(2 * stretches, 1, 2, MPI_DOUBLE, made);
}

static void make_indexed(int stretches, MPI_Datatype *made)
{
    size_t blocks = 2 * (size_t) stretches;
    int *lengths = malloc(2 * blocks * sizeof(int)), *at = lengths + blocks;

    if (lengths == NULL) {
        fprintf(stderr, "datatype_latency: no memory for %zu blocks: give a lower --max\n", blocks);
        MPI_Abort(MPI_COMM_WORLD, 1);
        exit(1);
    }
    for (size_t i = 0; i < blocks; i++) {
        lengths[i] = i % 2 == 0 ? 1 : 3;
        at[i] = (int) (i / 2 * 6 + i % 2 * 2);
    }
    MPI_Type_indexed((int) blocks, lengths, at, MPI_DOUBLE, made);
    free(lengths);
}

static void make_struct(int stretches, MPI_Datatype *made)
{
    const int lengths[] = { 1, 1, 1 };
    const MPI_Aint at[] = { 0, 8, 16 };
    MPI_Datatype types[] = { MPI_INT32_T, MPI_DOUBLE, MPI_FLOAT }, parts, element;

    MPI_Type_create_struct(3, lengths, at, types, &parts);
    MPI_Type_create_resized(parts, 0, 24, &element);
    MPI_Type_contiguous(stretches, element, made);
    MPI_Type_free(&parts);
    MPI_Type_free(&element);
}

static const struct shape shapes[] = {
    { "contiguous", 16, 16, 1, { { 0, 16 } }, make_contiguous },
    { "vector", 32, 16, 2, { { 0, 8 }, { 16, 8 } }, make_vector },
    { "indexed", 48, 32, 2, { { 0, 8 }, { 16, 24 } }, make_indexed },
    { "struct", 24, 16, 3, { { 0, 4 }, { 8, 8 }, { 16, 4 } }, make_struct },
};

static const struct shape *find_shape(void)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (strcmp(shapes[i].name, bench.type) == 0) {
            return &shapes[i];
        }
    }
    return NULL;
}

static const char *problem(size_t bytes)
{
    if (find_shape() == NULL) {
        return "--type: unknown: use contiguous, vector, indexed or struct";
    }
    return bytes == 0 || bytes % 32 != 0 ? "sizes: give multiples of 32 bytes" : NULL;
}

static void prepare(size_t bytes)
{
    shape = find_shape();
    shape->make((int) (bytes / shape->bytes), &type);
    MPI_Type_commit(&type);
}

static void finish(void)
{
    MPI_Type_free(&type);
}

static void ping_pong(size_t bytes, int iterations)
{
    (void) bytes;
    for (int i = 0; i < iterations; i++) {
        if (bench.first) {
            MPI_Send(bench.send, 1, type, bench.peer, BENCH_TAG, bench_comm);
        }
        MPI_Recv(bench.receive, 1, type, bench.peer, BENCH_TAG, bench_comm, MPI_STATUS_IGNORE);
        if (!bench.first) {
            MPI_Send(bench.send, 1, type, bench.peer, BENCH_TAG, bench_comm);
        }
    }
}

/* What must lie in the receive buffer: the peer's data in the runs, zero in between. */
static void keep_runs_only(char *data, size_t bytes)
{
    for (size_t at = 0; at < bytes / shape->bytes * shape->extent; at += shape->extent) {
        size_t kept = 0;
        for (int r = 0; r < shape->runs; r++) {
            memset(data + at + kept, 0, shape->run[r].at - kept);
            kept = shape->run[r].at + shape->run[r].bytes;
        }
        memset(data + at + kept, 0, shape->extent - kept);
    }
}

static void verify(size_t bytes)
{
    size_t memory = bytes / shape->bytes * shape->extent;

    bench_fill(bench.send, memory, (unsigned) bench.rank);
    memset(bench.receive, 0, memory);
    ping_pong(bytes, 1);
    bench_fill(bench.send, memory, (unsigned) bench.peer);
    keep_runs_only(bench.send, bytes);
    for (size_t i = 0; i < memory; i++) {
        if (bench.receive[i] != bench.send[i]) {
            bench_wrong(shape->name, i);
        }
    }
}

static const struct bench_program program = {
    .name = "datatype_latency",
    .title = "one-way latency of scattered data, us",
    .min = 32,
    .max = 1 << 20,
    .pairs = 1,
    .takes_type = true,
    .problem = problem,
    .prepare = prepare,
    .finish = finish,
    .exchange = ping_pong,
    .verify = verify,
    .value = bench_one_way_us,
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, &program);
}
