/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Reductions, on all ranks with one datatype (see coll_random.h). Numbers are such that every order
 * of evaluation gives the same result, without rounding.
 */
#include "coll_random.h"

/* ---- one reduction ----------------------------------------------------------------------------- */

struct reduction {
    const struct rule *rule;
    struct signature signature;
    int units;            /* in an element */
    int count;            /* elements */
    struct rng shape_rng; /* the same datatype on all ranks */
};

/* Small enough for any order of evaluation to be exact in any type, and for products not to be all
 * zeros modulo 256. */
static struct cell value(const struct reduction *r, const struct basic *basic, uint64_t stream,
                         int rank, size_t k)
{
    static const int64_t factors[2][4] = { { 1, -1, 1, 2 }, { 1, -1, 1, 3 } };
    struct cell cell = basic_value(basic, stream, k);
    uint64_t bits = (uint64_t) cell.a >> 3;

    if (r->rule->op == MPI_PROD) {
        cell.a = factors[rank % 2][bits % 4];
        cell.b = (int64_t) (bits / 4 % 2);
        return cell;
    }
    if (r->rule->needs == HAS_BITS || r->rule->only != NULL) {
        return cell;
    }
    cell.a = (int64_t) (bits % 15) - (basic->kind == KIND_UNSIGNED ? 0 : 7);
    if (basic->kind == KIND_LOGICAL || r->rule->needs == HAS_LOGIC) {
        cell.a = bits % 5 != 0;
        cell.a ^= r->rule->op == MPI_LOR || r->rule->op == MPI_LXOR;
    }
    cell.b %= 1000;
    return cell;
}

/* MPICH 4.0.2 mistakes the true extent for the extent if the operation does not commute. */
static bool wants_dense(const struct call *call, const struct rule *rule)
{
    return call_lenient && strncmp(call->name, "reduce_scatter", 14) == 0 && !rule->commutes;
}

static bool has_gaps(const struct basic *basic)
{
    return basic->kind >= KIND_INTEGER_PAIR && basic->bytes != basic->part + (int) sizeof(int);
}

static const struct basic *draw_basic(const struct rule *rule, struct rng *rng)
{
    const struct basic *basic;

    if (rule->only != NULL) {
        return basic_named(rule->only);
    }
    do {
        basic = &basics[rng_below(rng, (uint32_t) basics_count)];
        /* a bool does not hold a sum */
    } while (rule->needs != 0 ? (basic->has & rule->needs) == 0
                              : rule->commutes && basic->kind == KIND_LOGICAL);
    return basic;
}

static void draw_reduction(struct reduction *r, struct call *call)
{
    bool own = one_in(call->rng, 3);
    uint32_t first = own ? 0 : RULE_PREDEFINED,
             end = own ? RULE_PREDEFINED : (uint32_t) rules_count;

    *r = (struct reduction){ .units = 1, .signature = { .items = 1 } };
    r->rule = &rules[first + rng_below(call->rng, end - first)];
    call->derived = own && call->derived && !wants_dense(call, r->rule);
    if (own && r->rule->width == 0 && call->derived) {
        r->signature.items = 1 + (int) rng_below(call->rng, UNIT_MAX);
    }
    for (int i = 0; i < r->signature.items; i++) {
        do {
            r->signature.of[i] = draw_basic(r->rule, call->rng);
        } while (wants_dense(call, r->rule) && has_gaps(r->signature.of[i]));
        r->signature.bytes += (size_t) r->signature.of[i]->bytes;
    }
    r->units = r->rule->width > 1 ? r->rule->width : 1;
    r->shape_rng = (struct rng){ rng_next(call->rng) };
}

static int draw_count(const struct reduction *r, struct call *call)
{
    size_t element = r->signature.bytes * (size_t) r->units;

    return (int) ((draw_bytes(call->rng, call->bytes) + element - 1) / element);
}

static void draw(struct reduction *r, struct call *call)
{
    draw_reduction(r, call);
    r->count = draw_count(r, call);
    snprintf(call->text, sizeof(call->text), "%s of %s%s%s%s, count %d", r->rule->name,
             r->signature.of[0]->name, r->signature.items > 1 ? "+..." : "",
             r->units > 1 ? " (several)" : "", call->derived ? " derived" : "", r->count);
}

/* MPICH 4.0.2 frees another address than it allocated if the true lower bound is not 0. */
static bool wants_low_zero(const struct call *call)
{
    return call_lenient && strcmp(call->name, "reduce") == 0;
}

/* A buffer of so many elements in one block; of the same datatype as its twin, if it has one. */
static void make_side(struct buffer *side, const struct reduction *r, struct call *call, int count,
                      const struct buffer *twin)
{
    struct rng rng = r->shape_rng;

    *side = (struct buffer){ .blocks = 1, .shapes = twin == NULL };
    if (twin != NULL) {
        side->shape[0] = twin->shape[0];
    } else {
        shape_make(&side->shape[0], &r->signature, r->units, call->derived, &rng);
        while (side->shape[0].low != 0 && wants_low_zero(call)) {
            shape_free(&side->shape[0]);
            shape_make(&side->shape[0], &r->signature, r->units, call->derived, &rng);
        }
    }
    side->block[0] = (struct block){ .shape = &side->shape[0], .count = count };
    buffer_make(side, call, false);
    rules_expect(call, &side->shape[0]);
}

static void fill(struct buffer *side, const struct reduction *r, const struct call *call)
{
    const struct block *block = &side->block[0];
    size_t items = (size_t) block->count * (size_t) block->shape->items;
    uint64_t stream = call_stream(call, call->rank, 0);

    for (size_t k = 0; k < items; k++) {
        const struct basic *basic = shape_basic(block->shape, k);

        buffer_put(side->origin, block, k, value(r, basic, stream, call->rank, k));
    }
    buffer_keep(side);
}

/* One element of what the first ranks have, combined in order. */
static void reference(const struct reduction *r, const struct call *call, const struct shape *shape,
                      int ranks, size_t element, struct cell *result)
{
    size_t first = element * (size_t) shape->items;

    for (int rank = 0; rank < ranks; rank++) {
        uint64_t stream = call_stream(call, rank, 0);
        struct cell left[WIDTH_MAX];

        memcpy(left, result, (size_t) shape->items * sizeof(left[0]));
        for (int i = 0; i < shape->items; i++) {
            const struct basic *basic = shape_basic(shape, first + (size_t) i);

            result[i] = value(r, basic, stream, rank, first + (size_t) i);
        }
        if (rank > 0) {
            rule_combine(r->rule, shape, left, result);
        }
    }
}

/* So many elements of the result, from this one on, at the beginning of the buffer. */
static void expect(struct buffer *side, const struct reduction *r, const struct call *call,
                   int ranks, int from, int count)
{
    const struct shape *shape = &side->shape[0];
    struct cell result[WIDTH_MAX] = { 0 };

    for (int e = 0; e < count; e++) {
        reference(r, call, shape, ranks, (size_t) (from + e), result);
        for (int i = 0; i < shape->items; i++) {
            size_t item = (size_t) e * (size_t) shape->items + (size_t) i;

            buffer_put(side->image_origin, &side->block[0], item, result[i]);
        }
    }
}

/* Both sides: so many elements are sent and received; in place the larger number in one buffer. */
static void make_sides(struct buffer *send, struct buffer *recv, const struct reduction *r,
                       struct call *call, int sent, int received, bool in_place)
{
    if (in_place) {
        make_side(recv, r, call, sent, NULL);
        fill(recv, r, call);
        send->pointer = MPI_IN_PLACE;
        return;
    }
    make_side(send, r, call, sent, NULL);
    make_side(recv, r, call, received, send);
    fill(send, r, call);
}

static MPI_Datatype type_of(const struct buffer *recv)
{
    return recv->shape[0].type;
}

static void end_sides(struct buffer *send, struct buffer *recv, const struct call *call)
{
    if (recv->blocks > 0) {
        buffer_check(recv, call, "receive");
        buffer_free(recv);
    }
    if (send->blocks > 0) {
        buffer_check(send, call, "send");
        buffer_free(send);
    }
}

/* ---- the calls --------------------------------------------------------------------------------- */

static void run_reduce(struct call *call)
{
    struct buffer send = { 0 }, recv = { 0 };
    bool is_root = call->rank == call->root;
    struct reduction r;

    draw(&r, call);
    if (is_root) {
        make_sides(&send, &recv, &r, call, r.count, r.count, call->in_place);
        expect(&recv, &r, call, call->size, 0, r.count);
    } else {
        make_side(&send, &r, call, r.count, NULL);
        fill(&send, &r, call);
    }
    call_reduce(send.pointer, recv.pointer, r.count, type_of(is_root ? &recv : &send), r.rule->op,
                call->root, call->comm);
    end_sides(&send, &recv, call);
}

static void run_allreduce(struct call *call)
{
    struct buffer send = { 0 }, recv = { 0 };
    struct reduction r;

    draw(&r, call);
    make_sides(&send, &recv, &r, call, r.count, r.count, call->in_place);
    expect(&recv, &r, call, call->size, 0, r.count);
    call_allreduce(send.pointer, recv.pointer, r.count, type_of(&recv), r.rule->op, call->comm);
    end_sides(&send, &recv, call);
}

static void run_scan(struct call *call)
{
    struct buffer send = { 0 }, recv = { 0 };
    struct reduction r;

    draw(&r, call);
    make_sides(&send, &recv, &r, call, r.count, r.count, call->in_place);
    expect(&recv, &r, call, call->rank + 1, 0, r.count);
    call_scan(send.pointer, recv.pointer, r.count, type_of(&recv), r.rule->op, call->comm);
    end_sides(&send, &recv, call);
}

static void run_exscan(struct call *call)
{
    struct buffer send = { 0 }, recv = { 0 };
    struct reduction r;

    draw(&r, call);
    make_sides(&send, &recv, &r, call, r.count, r.count, call->in_place);
    expect(&recv, &r, call, call->rank, 0, call->rank > 0 ? r.count : 0);
    call_exscan(send.pointer, recv.pointer, r.count, type_of(&recv), r.rule->op, call->comm);
    if (call->rank == 0) {
        buffer_forgive(&recv, 0, 0); /* undefined there */
    }
    end_sides(&send, &recv, call);
}

static void run_reduce_scatter_block(struct call *call)
{
    struct buffer send = { 0 }, recv = { 0 };
    struct reduction r;

    draw(&r, call);
    make_sides(&send, &recv, &r, call, r.count * call->size, r.count, call->in_place);
    expect(&recv, &r, call, call->size, r.count * call->rank, r.count);
    call_reduce_scatter_block(send.pointer, recv.pointer, r.count, type_of(&recv), r.rule->op,
                              call->comm);
    buffer_forgive(&recv, 0, (size_t) r.count * (size_t) recv.shape[0].items);
    end_sides(&send, &recv, call);
}

static void run_reduce_scatter(struct call *call)
{
    struct buffer send = { 0 }, recv = { 0 };
    int counts[RANKS_MAX], total = 0, before = 0, mine;
    struct reduction r;

    draw(&r, call);
    for (int i = 0; i < call->size; i++) {
        counts[i] = one_in(call->rng, 4)   ? 0
                    : one_in(call->rng, 3) ? draw_count(&r, call)
                                           : r.count;
        before += i < call->rank ? counts[i] : 0;
        total += counts[i];
    }
    mine = counts[call->rank];
    make_sides(&send, &recv, &r, call, total, mine, call->in_place);
    expect(&recv, &r, call, call->size, before, mine);
    MPI_Reduce_scatter(send.pointer, recv.pointer, counts, type_of(&recv), r.rule->op, call->comm);
    buffer_forgive(&recv, 0, (size_t) mine * (size_t) recv.shape[0].items);
    end_sides(&send, &recv, call);
}

const struct operation reductions[] = {
    { "reduce", run_reduce },
    { "allreduce", run_allreduce },
    { "scan", run_scan },
    { "exscan", run_exscan },
    { "reduce_scatter", run_reduce_scatter },
    { "reduce_scatter_block", run_reduce_scatter_block },
};
const int reductions_count = sizeof(reductions) / sizeof(reductions[0]);
