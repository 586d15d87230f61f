/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collective operations that reduce: see ivs_coll_task.h. All results are made in the order of members,
 * from the last operand to the first, since in OP inout leaves its result on the right. Pieces count in
 * elements.
 */
#include "ivs_coll_task.h"

/* A member's operand lies in its payload of the step, from byte `at` on, its own too. */
static const unsigned char *operand(const struct ivs_coll *coll, const struct ivs_step *step,
                                    uint32_t member, size_t at)
{
    return (const unsigned char *) ivs_coll_theirs(coll, step, member) + at;
}

int ivs_coll_reduce_range(struct ivs_coll_task *task, const struct ivs_step *step, uint32_t last,
                          size_t at, void *result, size_t count)
{
    const struct ivs_coll *coll = task->coll;
    const struct ivs_coll_op *op = &task->op;

    for (; task->cursor <= last; task->cursor++) {
        const uint32_t j = last - task->cursor;
        int rc = ivs_coll_await(coll, step, j);

        if (rc == 0 && j == last) {
            ivs_copy(result, operand(coll, step, j, at), count * op->unit);
        } else if (rc == 0 && count > 0) {
            rc = op->apply(op->context, operand(coll, step, j, at), result, count);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* ---- Allreduce, Reduce, Scan ---- */

size_t ivs_coll_reduce_length(const struct ivs_coll_task *task, size_t left)
{
    const size_t unit = task->op.unit;

    return ivs_coll_share(task->coll, left * unit, 1, unit) / unit;
}

size_t ivs_coll_reduce_bytes(const struct ivs_coll_task *task, size_t length)
{
    return length * task->op.unit;
}

int ivs_coll_give_operand(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    const size_t unit = task->op.unit;

    return ivs_coll_put(task->coll, &piece->first, task->send + piece->at * unit,
                        piece->length * unit);
}

static int take_whole(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    return task->recv == NULL
               ? 0
               : ivs_coll_reduce_range(task, &piece->first, task->coll->members - 1, 0,
                                       task->recv + piece->at * task->op.unit, piece->length);
}

/* A member's slice of a piece of `count` elements: a multiple of 64 bytes but the last. */
struct slice {
    size_t from, count; /* elements */
};

static struct slice slice_of(const struct ivs_coll_task *task, size_t count, uint32_t member)
{
    const size_t unit = task->op.unit, members = task->coll->members;
    size_t step = unit < 64 && 64 % unit == 0 ? 64 / unit : 1;
    size_t each = (count + members - 1) / members;
    struct slice slice;

    each += (step - each % step) % step;
    slice.from = member * each < count ? member * each : count;
    slice.count = count - slice.from < each ? count - slice.from : each;
    return slice;
}

static size_t slice_bytes(const struct ivs_coll_task *task, size_t length)
{
    return slice_of(task, length, 0).count * task->op.unit; /* the longest */
}

/* Every member makes the sum of its slice. */
static int give_slice(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    const struct slice own = slice_of(task, piece->length, task->coll->self);
    int rc = ivs_coll_room(task->coll, &piece->second);

    if (rc == 0) {
        rc = ivs_coll_reduce_range(task, &piece->first, task->coll->members - 1,
                                   own.from * task->op.unit,
                                   ivs_coll_mine(task->coll, &piece->second), own.count);
    }
    if (rc == 0) {
        ivs_coll_publish(task->coll, &piece->second);
    }
    return rc;
}

static int take_slices(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    const struct ivs_coll *coll = task->coll;
    const size_t unit = task->op.unit;

    for (; task->recv != NULL && task->cursor < coll->members; task->cursor++) {
        const uint32_t j = (coll->self + 1 + task->cursor) % coll->members;
        const struct slice slice = slice_of(task, piece->length, j);
        int rc = ivs_coll_await(coll, &piece->second, j);

        if (rc != 0) {
            return rc;
        }
        ivs_copy(task->recv + (piece->at + slice.from) * unit, operand(coll, &piece->second, j, 0),
                 slice.count * unit);
    }
    return 0;
}

static const struct ivs_coll_plan whole = {
    .length = ivs_coll_reduce_length,
    .bytes = ivs_coll_reduce_bytes,
    .give = ivs_coll_give_operand,
    .take = take_whole,
};

static const struct ivs_coll_plan slices = {
    .length = ivs_coll_reduce_length,
    .bytes = ivs_coll_reduce_bytes,
    .give = ivs_coll_give_operand,
    .second_bytes = slice_bytes,
    .give_second = give_slice,
    .take = take_slices,
};

static void init(struct ivs_coll_task *task, struct ivs_coll *coll,
                 const struct ivs_coll_plan *plan, uint64_t call, size_t count, const void *send,
                 void *recv, const struct ivs_coll_op *op)
{
    ivs_coll_task_init(task, coll, plan, call, count);
    task->send = (const unsigned char *) send;
    task->recv = (unsigned char *) recv;
    task->op = *op;
}

static const struct ivs_coll_plan *plan_of(enum ivs_coll_way way)
{
    switch (way) {
        case IVS_COLL_SLICES:
            return &slices;
        case IVS_COLL_TREE:
            return &ivs_coll_tree_reduce;
        default:
            return &whole;
    }
}

void ivs_coll_allreduce(struct ivs_coll_task *task, struct ivs_coll *coll, const void *send,
                        void *recv, size_t count, const struct ivs_coll_op *op,
                        enum ivs_coll_way way)
{
    init(task, coll, plan_of(way), ivs_coll_call(IVS_ALLREDUCE, 0, count * op->unit), count, send,
         recv, op);
}

void ivs_coll_reduce(struct ivs_coll_task *task, struct ivs_coll *coll, uint32_t root,
                     const void *send, void *recv, size_t count, const struct ivs_coll_op *op,
                     enum ivs_coll_way way)
{
    init(task, coll, plan_of(way), ivs_coll_call(IVS_REDUCE, root, count * op->unit), count, send,
         coll->self == root ? recv : NULL, op);
}

static int take_scan(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    const uint32_t self = task->coll->self;

    if (task->without_self && self == 0) {
        return 0;
    }
    return ivs_coll_reduce_range(task, &piece->first, task->without_self ? self - 1 : self, 0,
                                 task->recv + piece->at * task->op.unit, piece->length);
}

void ivs_coll_scan(struct ivs_coll_task *task, struct ivs_coll *coll, const void *send, void *recv,
                   size_t count, const struct ivs_coll_op *op, bool without_self)
{
    static const struct ivs_coll_plan plan = {
        .length = ivs_coll_reduce_length,
        .bytes = ivs_coll_reduce_bytes,
        .give = ivs_coll_give_operand,
        .take = take_scan,
    };

    init(task, coll, &plan,
         ivs_coll_call(without_self ? IVS_EXSCAN : IVS_SCAN, 0, count * op->unit), count, send,
         recv, op);
    task->without_self = without_self;
}

/* ---- Reduce_scatter ---- */

static size_t block_count(const struct ivs_coll_counts *counts, uint32_t member)
{
    return counts->count == NULL ? counts->each : counts->count(counts->context, member);
}

/* What of a block lies in the piece. */
static size_t part_of(size_t block, const struct ivs_coll_piece *piece)
{
    size_t left = piece->at < block ? block - piece->at : 0;

    return left < piece->length ? left : piece->length;
}

static size_t share_length(const struct ivs_coll_task *task, size_t left)
{
    const size_t unit = task->op.unit;

    return ivs_coll_share(task->coll, left * unit, task->coll->members, unit) / unit;
}

static size_t share_bytes(const struct ivs_coll_task *task, size_t share)
{
    return share * task->op.unit * task->coll->members;
}

/* The shares of the operands for all members, own too: recv may be send. */
static int give_shares(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    struct ivs_coll *coll = task->coll;
    const size_t unit = task->op.unit;
    unsigned char *mine = (unsigned char *) ivs_coll_mine(coll, &piece->first);
    int rc = ivs_coll_room(coll, &piece->first);
    size_t begin = 0;

    for (uint32_t j = 0; rc == 0 && j < coll->members; j++) {
        size_t count = block_count(&task->counts, j);

        ivs_copy_out(&coll->distance, mine + j * piece->length * unit,
                     task->send + (begin + piece->at) * unit, part_of(count, piece) * unit);
        begin += count;
    }
    if (rc == 0) {
        ivs_coll_publish(coll, &piece->first);
    }
    return rc;
}

static int take_share(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    const size_t own = block_count(&task->counts, task->coll->self), unit = task->op.unit;

    return ivs_coll_reduce_range(task, &piece->first, task->coll->members - 1,
                                 task->coll->self * piece->length * unit,
                                 task->recv + piece->at * unit, part_of(own, piece));
}

void ivs_coll_reduce_scatter(struct ivs_coll_task *task, struct ivs_coll *coll, const void *send,
                             void *recv, const struct ivs_coll_counts *counts,
                             const struct ivs_coll_op *op)
{
    static const struct ivs_coll_plan plan = {
        .length = share_length,
        .bytes = share_bytes,
        .give = give_shares,
        .take = take_share,
    };
    size_t longest = 0;

    for (uint32_t j = 0; j < coll->members; j++) {
        size_t count = block_count(counts, j);
        longest = count > longest ? count : longest;
    }
    init(task, coll, &plan, ivs_coll_call(IVS_REDUCE_SCATTER, 0, longest * op->unit), longest, send,
         recv, op);
    task->counts = *counts;
}
