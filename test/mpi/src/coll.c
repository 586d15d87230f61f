/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collectives with random sizes, roots and communicators, against results worked out by each
 * rank alone. Reductions are integer sums and a product of matrices, which does not commute.
 * Options: see check.h; -max is the largest block in bytes.
 */
#include "check.h"

#define COMMS 3

struct call {
    MPI_Comm comm;
    int rank, size;
    int root;
    int count; /* int64_t elements of one rank's block */
    bool in_place;
    int64_t *send, *recv; /* size * count elements each */
};

static MPI_Comm comms[COMMS];
static MPI_Op matrix_op;
static MPI_Datatype matrix_type;
static int current; /* round: part of every value */

/* ---- values ----------------------------------------------------------------------------------- */

static int64_t value(int rank, int i)
{
    return (int64_t) (rank + 1) * 1000003 + (int64_t) i * 17 + current;
}

static int64_t sum(int ranks, int i)
{
    int64_t total = 0;

    for (int rank = 0; rank < ranks; rank++) {
        total += value(rank, i);
    }
    return total;
}

static void fill(int64_t *buf, int count, int rank, int first)
{
    for (int i = 0; i < count; i++) {
        buf[i] = value(rank, first + i);
    }
}

static void expect(const char *what, const struct call *call, int i, int64_t got, int64_t want)
{
    CHECK(got == want, "%s of %d elements on rank %d of %d, root %d%s: element %d is wrong", what,
          call->count, call->rank, call->size, call->root, call->in_place ? ", in place" : "", i);
}

/* The block of each rank is in its place. */
static void expect_blocks(const char *what, const struct call *call)
{
    for (int i = 0; i < call->size * call->count; i++) {
        expect(what, call, i, call->recv[i], value(i / call->count, i % call->count));
    }
}

static void expect_sums(const char *what, const struct call *call, int ranks, int first)
{
    for (int i = 0; i < call->count; i++) {
        expect(what, call, i, call->recv[i], sum(ranks, first + i));
    }
}

/* ---- collectives ------------------------------------------------------------------------------ */

static void run_bcast(struct call *call)
{
    if (call->rank == call->root) {
        fill(call->recv, call->count, call->root, 0);
    }
    MPI_Bcast(call->recv, call->count, MPI_INT64_T, call->root, call->comm);
    for (int i = 0; i < call->count; i++) {
        expect("bcast", call, i, call->recv[i], value(call->root, i));
    }
}

/* In place only at root 0: elsewhere MPICH 4.0.2 crashes on large counts, with any device. */
static void run_reduce(struct call *call)
{
    bool is_root = call->rank == call->root;
    const void *send = call->in_place && is_root && call->root == 0 ? MPI_IN_PLACE : call->send;

    fill(call->send, call->count, call->rank, 0);
    fill(call->recv, call->count, call->rank, 0);
    MPI_Reduce(send, call->recv, call->count, MPI_INT64_T, MPI_SUM, call->root, call->comm);
    if (is_root) {
        expect_sums("reduce", call, call->size, 0);
    }
}

static void run_allreduce(struct call *call)
{
    fill(call->send, call->count, call->rank, 0);
    fill(call->recv, call->count, call->rank, 0);
    MPI_Allreduce(call->in_place ? MPI_IN_PLACE : call->send, call->recv, call->count, MPI_INT64_T,
                  MPI_SUM, call->comm);
    expect_sums("allreduce", call, call->size, 0);
}

static void run_scan(struct call *call)
{
    fill(call->send, call->count, call->rank, 0);
    MPI_Scan(call->send, call->recv, call->count, MPI_INT64_T, MPI_SUM, call->comm);
    expect_sums("scan", call, call->rank + 1, 0);
}

static void run_reduce_scatter(struct call *call)
{
    fill(call->send, call->count * call->size, call->rank, 0);
    MPI_Reduce_scatter_block(call->send, call->recv, call->count, MPI_INT64_T, MPI_SUM, call->comm);
    expect_sums("reduce_scatter", call, call->size, call->rank * call->count);
}

static void run_allgather(struct call *call)
{
    fill(call->send, call->count, call->rank, 0);
    fill(call->recv + (size_t) call->rank * (size_t) call->count, call->count, call->rank, 0);
    MPI_Allgather(call->in_place ? MPI_IN_PLACE : call->send, call->count, MPI_INT64_T, call->recv,
                  call->count, MPI_INT64_T, call->comm);
    expect_blocks("allgather", call);
}

static void run_gather(struct call *call)
{
    fill(call->send, call->count, call->rank, 0);
    MPI_Gather(call->send, call->count, MPI_INT64_T, call->recv, call->count, MPI_INT64_T,
               call->root, call->comm);
    if (call->rank == call->root) {
        expect_blocks("gather", call);
    }
}

static void run_scatter(struct call *call)
{
    for (int to = 0; to < call->size; to++) {
        fill(call->send + (size_t) to * (size_t) call->count, call->count, to, 0);
    }
    MPI_Scatter(call->send, call->count, MPI_INT64_T, call->recv, call->count, MPI_INT64_T,
                call->root, call->comm);
    for (int i = 0; i < call->count; i++) {
        expect("scatter", call, i, call->recv[i], value(call->rank, i));
    }
}

static void run_alltoall(struct call *call)
{
    fill(call->send, call->count * call->size, call->rank, 0);
    MPI_Alltoall(call->send, call->count, MPI_INT64_T, call->recv, call->count, MPI_INT64_T,
                 call->comm);
    for (int i = 0; i < call->size * call->count; i++) {
        int64_t want = value(i / call->count, call->rank * call->count + i % call->count);
        expect("alltoall", call, i, call->recv[i], want);
    }
}

/* 2 x 2 matrices over the integers modulo 2^64: associative, not commutative. */
static void matrix_multiply(const uint64_t *left, uint64_t *right)
{
    uint64_t product[4] = { left[0] * right[0] + left[1] * right[2],
                            left[0] * right[1] + left[1] * right[3],
                            left[2] * right[0] + left[3] * right[2],
                            left[2] * right[1] + left[3] * right[3] };

    memcpy(right, product, sizeof(product));
}

static void matrix_reduce(void *in, void *inout, int *count, MPI_Datatype *type)
{
    (void) type;
    for (int i = 0; i < *count; i++) {
        matrix_multiply((uint64_t *) in + 4 * i, (uint64_t *) inout + 4 * i);
    }
}

static void run_matrices(struct call *call)
{
    int count = call->count / 4;
    int64_t want[4], left[4];

    fill(call->send, 4 * count, call->rank, 0);
    MPI_Allreduce(call->send, call->recv, count, matrix_type, matrix_op, call->comm);
    for (int i = 0; i < count; i++) {
        fill(want, 4, call->size - 1, 4 * i);
        for (int rank = call->size - 2; rank >= 0; rank--) {
            fill(left, 4, rank, 4 * i);
            matrix_multiply((uint64_t *) left, (uint64_t *) want);
        }
        for (int j = 0; j < 4; j++) {
            expect("allreduce of matrices", call, 4 * i + j, call->recv[4 * i + j], want[j]);
        }
    }
}

static void run_barrier(struct call *call)
{
    MPI_Barrier(call->comm);
}

static void (*const runs[])(struct call *) = {
    run_bcast,  run_reduce,  run_allreduce, run_scan,     run_reduce_scatter, run_allgather,
    run_gather, run_scatter, run_alltoall,  run_matrices, run_barrier,
};
#define RUNS (sizeof(runs) / sizeof(runs[0]))

/* ---- rounds ----------------------------------------------------------------------------------- */

static void set_up(void)
{
    comms[0] = MPI_COMM_WORLD;
    MPI_Comm_split(MPI_COMM_WORLD, 0, -check.rank, &comms[1]);
    MPI_Comm_split(MPI_COMM_WORLD, check.rank * 2 / check.size, 0, &comms[2]);
    MPI_Type_contiguous(4, MPI_UINT64_T, &matrix_type);
    MPI_Type_commit(&matrix_type);
    MPI_Op_create(matrix_reduce, 0, &matrix_op);
}

static void tear_down(void)
{
    MPI_Op_free(&matrix_op);
    MPI_Type_free(&matrix_type);
    MPI_Comm_free(&comms[1]);
    MPI_Comm_free(&comms[2]);
}

/* One block in four is empty, tiny, of a page or so, of any size. */
static int draw_count(struct rng *rng)
{
    static const uint32_t limits[] = { 1, 8, 600, UINT32_MAX };
    uint32_t limit = limits[rng_below(rng, 4)], most = (uint32_t) check.max_bytes / 8;

    return (int) rng_below(rng, limit < most ? limit : most);
}

static void run_round(int round)
{
    struct rng rng = rng_for((uint64_t) round, 21);
    struct call call = { .comm = comms[rng_below(&rng, COMMS)] };
    size_t bytes;

    current = round;
    MPI_Comm_rank(call.comm, &call.rank);
    MPI_Comm_size(call.comm, &call.size);
    call.root = (int) rng_below(&rng, 1000) % call.size;
    call.count = draw_count(&rng);
    call.in_place = rng_below(&rng, 3) == 0;
    bytes = (size_t) call.count * (size_t) call.size * sizeof(int64_t);
    call.send = check_alloc(bytes);
    call.recv = check_alloc(bytes);
    runs[rng_below(&rng, RUNS)](&call);
    free(call.send);
    free(call.recv);
}

int main(int argc, char **argv)
{
    check_start(&argc, &argv, 150, 100000);
    set_up();
    for (int round = 0; round < check.rounds; round++) {
        check_at("round", round);
        run_round(round);
    }
    tear_down();
    return check_end();
}
