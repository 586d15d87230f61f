/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collectives that move data, each rank with datatypes of its own (see coll_random.h).
 */
#include "coll_random.h"

/* What all ranks agree on: the blocks of the data, in units of a signature. */
struct plan {
    struct signature signature;
    int quantum;  /* divides each block, so that types may have several units */
    bool uniform; /* all ranks draw the same receive type */
    bool absolute;
};

static void draw_signature(struct signature *signature, struct call *call)
{
    *signature = (struct signature){ .items = 1 };
    if (call->derived) {
        signature->items = 1 + (int) rng_below(call->rng, UNIT_MAX);
    }
    for (int i = 0; i < signature->items; i++) {
        signature->of[i] = &basics[rng_below(call->rng, (uint32_t) basics_count)];
        signature->bytes += (size_t) signature->of[i]->bytes;
    }
}

static void draw_plan(struct plan *plan, struct call *call)
{
    static const int quanta[] = { 1, 1, 2, 4, 6, 12 };

    draw_signature(&plan->signature, call);
    plan->quantum = call->derived ? quanta[rng_below(call->rng, 6)] : 1;
    plan->uniform = false;
    plan->absolute = call->derived && one_in(&call->own, 5);
}

static int draw_units(const struct plan *plan, struct call *call)
{
    size_t unit = plan->signature.bytes * (size_t) plan->quantum;

    return (int) ((draw_bytes(call->rng, call->bytes) + unit - 1) / unit) * plan->quantum;
}

/* Some blocks empty, the others about as long as each other or not. */
static void draw_vector(const struct plan *plan, struct call *call, int *units)
{
    int usual = draw_units(plan, call);

    for (int i = 0; i < call->size; i++) {
        units[i] = one_in(call->rng, 4) ? 0 : one_in(call->rng, 3) ? draw_units(plan, call) : usual;
    }
}

static void describe(struct call *call, const struct plan *plan, int units)
{
    const struct signature *signature = &plan->signature;
    int used = 0;

    for (int i = 0; i < signature->items; i++) {
        used += snprintf(call->text + used, sizeof(call->text) - (size_t) used, "%s%s",
                         i > 0 ? "+" : "", signature->of[i]->name);
    }
    snprintf(call->text + used, sizeof(call->text) - (size_t) used, "%s, count %d",
             call->derived ? " derived" : "", units);
}

/* ---- sides of a call --------------------------------------------------------------------------- */

/* A datatype of this rank's own choice of which the block has a whole number. */
static void make_shape(struct buffer *side, const struct plan *plan, struct call *call, int units)
{
    struct rng common = *call->rng, *rng = plan->uniform ? &common : &call->own;
    int in_one = 1;

    for (int n = plan->quantum; n > 1 && in_one == 1; n--) {
        in_one = plan->quantum % n == 0 && one_in(rng, 2) ? n : 1;
    }
    if (call->derived && units > 0 && units <= 2000 && one_in(rng, 4)) {
        in_one = units;
    }
    shape_make(&side->shape[side->shapes++], &plan->signature, in_one,
               call->derived && !one_in(rng, 4), rng);
}

static void set_block(struct buffer *side, int i, const struct shape *shape, int units)
{
    side->block[i].shape = shape;
    side->counts[i] = units / (shape->items / shape->signature->items);
    side->block[i].count = side->counts[i];
}

/* Blocks of equal length, one behind the other. */
static void make_equal(struct buffer *side, const struct plan *plan, struct call *call, int blocks,
                       int units)
{
    make_shape(side, plan, call, units);
    side->blocks = blocks;
    for (int i = 0; i < blocks; i++) {
        set_block(side, i, &side->shape[0], units);
        side->block[i].at = (MPI_Aint) i * side->counts[0] * side->shape[0].extent;
    }
    buffer_make(side, call, plan->absolute);
}

/* A drawn order of the blocks in memory. */
static void draw_order(struct call *call, int blocks, int *order)
{
    for (int i = 0; i < blocks; i++) {
        int j = one_in(&call->own, 3) ? (int) rng_below(&call->own, (uint32_t) i + 1) : i;

        order[i] = order[j];
        order[j] = i;
    }
}

/* Blocks of their own lengths, with room in between, all of one type. The only block of an
 * allgather is at the beginning: MPICH 4.0.2 puts it there in any case. */
static void make_spread(struct buffer *side, const struct plan *plan, struct call *call, int blocks,
                        const int *units)
{
    bool packed = call_lenient && call->size == 1 && strcmp(call->name, "allgatherv") == 0;
    int order[RANKS_MAX], end = packed ? 0 : -(int) rng_below(&call->own, 3);

    make_shape(side, plan, call, 0);
    side->blocks = blocks;
    draw_order(call, blocks, order);
    for (int k = 0; k < blocks; k++) {
        int i = order[k];

        set_block(side, i, &side->shape[0], units[i]);
        side->displs[i] = end + (packed ? 0 : (int) rng_below(&call->own, 3));
        end = side->displs[i] + side->counts[i];
        side->block[i].at = side->displs[i] * side->shape[0].extent;
    }
    buffer_make(side, call, plan->absolute);
}

/* Blocks of their own lengths and types. */
static void make_mixed(struct buffer *side, const struct plan *plan, struct call *call,
                       const int *units)
{
    int order[RANKS_MAX];
    MPI_Aint end = -32;

    side->blocks = call->size;
    for (int i = 0; i < call->size; i++) {
        make_shape(side, plan, call, units[i]);
        set_block(side, i, &side->shape[i], units[i]);
    }
    draw_order(call, call->size, order);
    for (int k = 0; k < call->size; k++) {
        struct block *block = &side->block[order[k]];
        MPI_Aint length = block->count > 0 ? (block->count - 1) * block->shape->extent +
                                                 block->shape->high - block->shape->low
                                           : 0;

        block->at = (end - block->shape->low + 31) & ~(MPI_Aint) 15;
        side->displs[order[k]] = (int) block->at;
        end = block->at + block->shape->low + length;
    }
    buffer_make(side, call, plan->absolute);
}

static MPI_Datatype type_of(const struct buffer *side)
{
    return side->shape[0].type;
}

static void fill_all(struct buffer *send, const struct call *call, bool all_the_same)
{
    for (int i = 0; i < send->blocks; i++) {
        buffer_fill(send, i, call_stream(call, call->rank, all_the_same ? 0 : i));
    }
    buffer_keep(send);
}

static void end_side(struct buffer *side, const struct call *call, const char *what)
{
    if (side->blocks > 0) {
        buffer_check(side, call, what);
        buffer_free(side);
    }
}

static void end_sides(struct buffer *send, struct buffer *recv, const struct call *call)
{
    end_side(send, call, "send");
    end_side(recv, call, "receive");
}

/* ---- one to all -------------------------------------------------------------------------------- */

static void run_bcast(struct call *call)
{
    struct buffer data = { 0 };
    struct plan plan;
    int units;

    draw_plan(&plan, call);
    units = draw_units(&plan, call);
    describe(call, &plan, units);
    make_equal(&data, &plan, call, 1, units);
    if (call->rank == call->root) {
        buffer_fill(&data, 0, call_stream(call, call->root, 0));
    }
    buffer_expect(&data, 0, call_stream(call, call->root, 0));
    call_bcast(data.pointer, data.counts[0], type_of(&data), call->root, call->comm);
    end_side(&data, call, "broadcast");
}

/* The receive side of a scatter; in place there is none at the root. */
static void receive_part(struct buffer *recv, const struct plan *plan, struct call *call, int units)
{
    if (call->in_place && call->rank == call->root) {
        recv->pointer = MPI_IN_PLACE;
        recv->types[0] = MPI_DATATYPE_NULL;
        return;
    }
    make_equal(recv, plan, call, 1, units);
    buffer_expect(recv, 0, call_stream(call, call->root, call->rank));
}

static void run_scatter(struct call *call)
{
    struct buffer send = { .types = { MPI_DATATYPE_NULL } }, recv = { 0 };
    struct plan plan;
    int units;

    draw_plan(&plan, call);
    units = draw_units(&plan, call);
    describe(call, &plan, units);
    if (call->rank == call->root) {
        make_equal(&send, &plan, call, call->size, units);
        fill_all(&send, call, false);
    }
    receive_part(&recv, &plan, call, units);
    call_scatter(send.pointer, send.counts[0], send.types[0], recv.pointer, recv.counts[0],
                 recv.types[0], call->root, call->comm);
    end_sides(&send, &recv, call);
}

static void run_scatterv(struct call *call)
{
    struct buffer send = { .types = { MPI_DATATYPE_NULL } }, recv = { 0 };
    struct plan plan;
    int units[RANKS_MAX];

    draw_plan(&plan, call);
    draw_vector(&plan, call, units);
    describe(call, &plan, units[0]);
    if (call->rank == call->root) {
        make_spread(&send, &plan, call, call->size, units);
        fill_all(&send, call, false);
    }
    receive_part(&recv, &plan, call, units[call->rank]);
    MPI_Scatterv(send.pointer, send.counts, send.displs, send.types[0], recv.pointer,
                 recv.counts[0], recv.types[0], call->root, call->comm);
    end_sides(&send, &recv, call);
}

/* ---- all to one -------------------------------------------------------------------------------- */

/* The send side of a gather: this rank's block, or nothing in place. */
static void send_part(struct buffer *send, const struct plan *plan, struct call *call, int units,
                      bool in_place)
{
    if (in_place) {
        send->pointer = MPI_IN_PLACE;
        send->types[0] = MPI_DATATYPE_NULL;
        return;
    }
    make_equal(send, plan, call, 1, units);
    fill_all(send, call, true);
}

static void expect_gathered(struct buffer *recv, const struct call *call)
{
    if (call->in_place) {
        buffer_fill(recv, call->rank, call_stream(call, call->rank, 0));
    }
    for (int i = 0; i < call->size; i++) {
        buffer_expect(recv, i, call_stream(call, i, 0));
    }
}

static void run_gather(struct call *call)
{
    struct buffer send = { 0 }, recv = { .types = { MPI_DATATYPE_NULL } };
    bool is_root = call->rank == call->root;
    struct plan plan;
    int units;

    draw_plan(&plan, call);
    units = draw_units(&plan, call);
    describe(call, &plan, units);
    send_part(&send, &plan, call, units, call->in_place && is_root);
    if (is_root) {
        make_equal(&recv, &plan, call, call->size, units);
        expect_gathered(&recv, call);
    }
    call_gather(send.pointer, send.counts[0], send.types[0], recv.pointer, recv.counts[0],
                recv.types[0], call->root, call->comm);
    end_sides(&send, &recv, call);
}

static void run_gatherv(struct call *call)
{
    struct buffer send = { 0 }, recv = { .types = { MPI_DATATYPE_NULL } };
    bool is_root = call->rank == call->root;
    struct plan plan;
    int units[RANKS_MAX];

    draw_plan(&plan, call);
    draw_vector(&plan, call, units);
    describe(call, &plan, units[0]);
    send_part(&send, &plan, call, units[call->rank], call->in_place && is_root);
    if (is_root) {
        make_spread(&recv, &plan, call, call->size, units);
        expect_gathered(&recv, call);
    }
    MPI_Gatherv(send.pointer, send.counts[0], send.types[0], recv.pointer, recv.counts, recv.displs,
                recv.types[0], call->root, call->comm);
    end_sides(&send, &recv, call);
}

/* ---- all to all -------------------------------------------------------------------------------- */

static void run_allgather(struct call *call)
{
    struct buffer send = { 0 }, recv = { 0 };
    struct plan plan;
    int units;

    draw_plan(&plan, call);
    units = draw_units(&plan, call);
    describe(call, &plan, units);
    send_part(&send, &plan, call, units, call->in_place);
    make_equal(&recv, &plan, call, call->size, units);
    expect_gathered(&recv, call);
    call_allgather(send.pointer, send.counts[0], send.types[0], recv.pointer, recv.counts[0],
                   recv.types[0], call->comm);
    end_sides(&send, &recv, call);
}

/* MPICH 4.0.2 cuts long blocks into segments by the extent of each rank's own receive type. */
static bool is_segmented(const struct plan *plan, const struct call *call, const int *units)
{
    size_t bytes = 0;

    for (int i = 0; i < call->size; i++) {
        bytes += (size_t) units[i] * plan->signature.bytes;
    }
    return call_lenient && bytes > 16384;
}

static void run_allgatherv(struct call *call)
{
    struct buffer send = { 0 }, recv = { 0 };
    struct plan plan;
    int units[RANKS_MAX];

    draw_plan(&plan, call);
    draw_vector(&plan, call, units);
    describe(call, &plan, units[0]);
    send_part(&send, &plan, call, units[call->rank], call->in_place);
    plan.uniform = is_segmented(&plan, call, units);
    make_spread(&recv, &plan, call, call->size, units);
    expect_gathered(&recv, call);
    call_allgatherv(send.pointer, send.counts[0], send.types[0], recv.pointer, recv.counts,
                    recv.displs, recv.types[0], call->comm);
    end_sides(&send, &recv, call);
}

/* The data of an all-to-all: in place, what is sent is in the receive buffer at first. */
static void set_exchange(struct buffer *send, struct buffer *recv, const struct call *call)
{
    struct buffer *source = call->in_place ? recv : send;

    fill_all(source, call, false);
    for (int i = 0; i < call->size; i++) {
        buffer_expect(recv, i, call_stream(call, i, call->rank));
    }
    if (call->in_place) {
        send->pointer = MPI_IN_PLACE;
        send->types[0] = MPI_DATATYPE_NULL;
    }
}

static void run_alltoall(struct call *call)
{
    struct buffer send = { 0 }, recv = { 0 };
    struct plan plan;
    int units;

    draw_plan(&plan, call);
    units = draw_units(&plan, call);
    describe(call, &plan, units);
    if (!call->in_place) {
        make_equal(&send, &plan, call, call->size, units);
    }
    make_equal(&recv, &plan, call, call->size, units);
    set_exchange(&send, &recv, call);
    call_alltoall(send.pointer, send.counts[0], send.types[0], recv.pointer, recv.counts[0],
                  recv.types[0], call->comm);
    end_sides(&send, &recv, call);
}

/* What this rank sends to and receives from each; in place they must be equal. */
static void draw_exchange(const struct plan *plan, struct call *call, int *out, int *in)
{
    int units[RANKS_MAX];

    for (int from = 0; from < call->size; from++) {
        draw_vector(plan, call, units);
        for (int to = 0; to < call->size; to++) {
            bool mirrored = call->in_place && from > to;

            if (from == call->rank && !mirrored) {
                out[to] = units[to];
            }
            if (to == call->rank && !mirrored) {
                in[from] = units[to];
            }
        }
    }
    for (int i = 0; call->in_place && i < call->size; i++) {
        if (i < call->rank) {
            out[i] = in[i];
        } else {
            in[i] = out[i];
        }
    }
}

static void run_alltoallv(struct call *call)
{
    struct buffer send = { 0 }, recv = { 0 };
    int out[RANKS_MAX], in[RANKS_MAX];
    struct plan plan;

    draw_plan(&plan, call);
    draw_exchange(&plan, call, out, in);
    describe(call, &plan, out[0]);
    if (!call->in_place) {
        make_spread(&send, &plan, call, call->size, out);
    }
    make_spread(&recv, &plan, call, call->size, in);
    set_exchange(&send, &recv, call);
    call_alltoallv(send.pointer, send.counts, send.displs, send.types[0], recv.pointer, recv.counts,
                   recv.displs, recv.types[0], call->comm);
    end_sides(&send, &recv, call);
}

static void run_alltoallw(struct call *call)
{
    struct buffer send = { 0 }, recv = { 0 };
    int out[RANKS_MAX], in[RANKS_MAX];
    struct plan plan;

    draw_plan(&plan, call);
    draw_exchange(&plan, call, out, in);
    describe(call, &plan, out[0]);
    if (!call->in_place) {
        make_mixed(&send, &plan, call, out);
    }
    make_mixed(&recv, &plan, call, in);
    set_exchange(&send, &recv, call);
    MPI_Alltoallw(send.pointer, send.counts, send.displs, send.types, recv.pointer, recv.counts,
                  recv.displs, recv.types, call->comm);
    end_sides(&send, &recv, call);
}

/* ---- barrier ----------------------------------------------------------------------------------- */

#define BARRIER_TAG 77

/* Nothing that the others send after the barrier may arrive while the root has not entered it. */
static void run_barrier(struct call *call)
{
    int arrived = 0;

    snprintf(call->text, sizeof(call->text), "no data, count 0");
    if (call->rank != call->root) {
        call_barrier(call->comm);
        MPI_Send(NULL, 0, MPI_BYTE, call->root, BARRIER_TAG, call->comm);
        return;
    }
    for (int i = (int) rng_below(&call->own, 300); i >= 0 && !arrived; i--) {
        MPI_Iprobe(MPI_ANY_SOURCE, BARRIER_TAG, call->comm, &arrived, MPI_STATUS_IGNORE);
    }
    if (arrived) {
        call_failed(call, "a rank left before rank %d entered", call->root);
    }
    call_barrier(call->comm);
    for (int i = 1; i < call->size; i++) {
        MPI_Recv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, BARRIER_TAG, call->comm, MPI_STATUS_IGNORE);
    }
}

const struct operation moves[] = {
    { "barrier", run_barrier },     { "bcast", run_bcast },           { "gather", run_gather },
    { "gatherv", run_gatherv },     { "scatter", run_scatter },       { "scatterv", run_scatterv },
    { "allgather", run_allgather }, { "allgatherv", run_allgatherv }, { "alltoall", run_alltoall },
    { "alltoallv", run_alltoallv }, { "alltoallw", run_alltoallw },
};
const int moves_count = sizeof(moves) / sizeof(moves[0]);
