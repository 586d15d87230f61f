/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collective operations that reduce: see ivs_coll.h. All results are made in the order of members,
 * from the last operand to the first, since in OP inout leaves its result on the right.
 */
#include <stdbool.h>

#include "ivs_coll.h"
#include "ivs_copy.h"

/* A call, for what is done with its pieces, which count in elements. */
struct reduction {
    struct ivs_coll *coll;
    const unsigned char *send;
    unsigned char *recv; /* NULL: this member does not want the result */
    const struct ivs_coll_op *op;
    const struct ivs_coll_counts *blocks;
    bool without_self;
};

/* A rank's operand lies in its payload of the step, from byte `at` on, its own too. */
static const unsigned char *operand(const struct ivs_coll *coll, const struct ivs_step *step,
                                    uint32_t member, size_t at)
{
    return (const unsigned char *) ivs_coll_theirs(coll, step, member) + at;
}

/* result = operand 0 OP ... OP operand last, count elements. */
static int reduce_range(const struct reduction *r, const struct ivs_step *step, uint32_t last,
                        size_t at, void *result, size_t count)
{
    const struct ivs_coll_op *op = r->op;
    int rc = ivs_coll_await(r->coll, step, last);

    if (rc != 0 || count == 0) {
        return rc;
    }
    ivs_copy(result, operand(r->coll, step, last, at), count * op->unit);
    for (uint32_t j = last; rc == 0 && j-- > 0;) {
        rc = ivs_coll_await(r->coll, step, j);
        if (rc == 0) {
            rc = op->apply(op->context, operand(r->coll, step, j, at), result, count);
        }
    }
    return rc;
}

/* ---- Allreduce, Reduce, Scan ---- */

static size_t piece_of(const void *context, size_t left)
{
    const struct reduction *r = (const struct reduction *) context;

    return ivs_coll_share(r->coll, left * r->op->unit, 1, r->op->unit) / r->op->unit;
}

static size_t piece_bytes(const void *context, size_t piece)
{
    return piece * ((const struct reduction *) context)->op->unit;
}

static int give_piece(const void *context, const struct ivs_step *step, size_t at, size_t piece)
{
    const struct reduction *r = (const struct reduction *) context;

    return ivs_coll_put(r->coll, step, r->send + at * r->op->unit, piece * r->op->unit);
}

static int take_whole(const void *context, const struct ivs_step *step, size_t at, size_t piece)
{
    const struct reduction *r = (const struct reduction *) context;

    return r->recv == NULL
               ? 0
               : reduce_range(r, step, r->coll->members - 1, 0, r->recv + at * r->op->unit, piece);
}

/* A member's slice of a piece of `count` elements: a multiple of 64 bytes but the last. */
struct slice {
    size_t from, count; /* elements */
};

static struct slice slice_of(const struct reduction *r, size_t count, uint32_t member)
{
    const size_t unit = r->op->unit, members = r->coll->members;
    size_t step = unit < 64 && 64 % unit == 0 ? 64 / unit : 1;
    size_t each = (count + members - 1) / members;
    struct slice slice;

    each += (step - each % step) % step;
    slice.from = member * each < count ? member * each : count;
    slice.count = count - slice.from < each ? count - slice.from : each;
    return slice;
}

static size_t slice_bytes(const void *context, size_t piece)
{
    const struct reduction *r = (const struct reduction *) context;

    return slice_of(r, piece, 0).count * r->op->unit; /* the longest */
}

/* Every member makes the sum of its slice. */
static int give_slice(const void *context, const struct ivs_step *first,
                      const struct ivs_step *second, size_t at, size_t piece)
{
    const struct reduction *r = (const struct reduction *) context;
    struct slice own = slice_of(r, piece, r->coll->self);
    int rc = ivs_coll_room(r->coll, second);

    (void) at;
    if (rc == 0) {
        rc = reduce_range(r, first, r->coll->members - 1, own.from * r->op->unit,
                          ivs_coll_mine(r->coll, second), own.count);
    }
    if (rc == 0) {
        ivs_coll_publish(r->coll, second);
    }
    return rc;
}

static int take_slices(const void *context, const struct ivs_step *step, size_t at, size_t piece)
{
    const struct reduction *r = (const struct reduction *) context;
    const struct ivs_coll *coll = r->coll;
    int rc = 0;

    for (uint32_t i = 1; rc == 0 && r->recv != NULL && i <= coll->members; i++) {
        uint32_t j = (coll->self + i) % coll->members;
        struct slice slice = slice_of(r, piece, j);

        rc = ivs_coll_await(coll, step, j);
        if (rc == 0) {
            ivs_copy(r->recv + (at + slice.from) * r->op->unit, operand(coll, step, j, 0),
                     slice.count * r->op->unit);
        }
    }
    return rc;
}

static int reduce(const struct reduction *r, size_t count, enum ivs_coll_way way, int rc)
{
    const struct ivs_coll_run whole = {
        .total = count,
        .piece = piece_of,
        .bytes = piece_bytes,
        .give = give_piece,
        .take = take_whole,
    };
    const struct ivs_coll_run slices = {
        .total = count,
        .piece = piece_of,
        .bytes = piece_bytes,
        .give = give_piece,
        .second_bytes = slice_bytes,
        .give_second = give_slice,
        .take = take_slices,
    };

    return ivs_coll_run(r->coll, way == IVS_COLL_WHOLE ? &whole : &slices, r, rc);
}

int ivs_coll_allreduce(struct ivs_coll *coll, const void *send, void *recv, size_t count,
                       const struct ivs_coll_op *op, enum ivs_coll_way way)
{
    const struct reduction r = {
        coll, (const unsigned char *) send, (unsigned char *) recv, op, NULL, false
    };

    return reduce(&r, count, way, ivs_coll_call(coll, IVS_ALLREDUCE, 0, count * op->unit));
}

int ivs_coll_reduce(struct ivs_coll *coll, uint32_t root, const void *send, void *recv,
                    size_t count, const struct ivs_coll_op *op, enum ivs_coll_way way)
{
    const struct reduction r = { coll,
                                 (const unsigned char *) send,
                                 coll->self == root ? (unsigned char *) recv : NULL,
                                 op,
                                 NULL,
                                 false };

    return reduce(&r, count, way, ivs_coll_call(coll, IVS_REDUCE, root, count * op->unit));
}

static int take_scan(const void *context, const struct ivs_step *step, size_t at, size_t piece)
{
    const struct reduction *r = (const struct reduction *) context;
    const uint32_t self = r->coll->self;

    if (r->without_self && self == 0) {
        return 0;
    }
    return reduce_range(r, step, r->without_self ? self - 1 : self, 0, r->recv + at * r->op->unit,
                        piece);
}

int ivs_coll_scan(struct ivs_coll *coll, const void *send, void *recv, size_t count,
                  const struct ivs_coll_op *op, bool without_self)
{
    const struct reduction r = {
        coll, (const unsigned char *) send, (unsigned char *) recv, op, NULL, without_self
    };
    const struct ivs_coll_run run = {
        .total = count,
        .piece = piece_of,
        .bytes = piece_bytes,
        .give = give_piece,
        .take = take_scan,
    };

    return ivs_coll_run(coll, &run, &r,
                        ivs_coll_call(coll, without_self ? IVS_EXSCAN : IVS_SCAN, 0,
                                      count * op->unit));
}

/* ---- Reduce_scatter ---- */

static size_t block_count(const struct ivs_coll_counts *blocks, uint32_t member)
{
    return blocks->count == NULL ? blocks->each : blocks->count(blocks->context, member);
}

/* What of a block lies in the piece of `share` elements at `at`. */
static size_t part_of(size_t block, size_t at, size_t share)
{
    size_t left = at < block ? block - at : 0;

    return left < share ? left : share;
}

static size_t share_of(const void *context, size_t left)
{
    const struct reduction *r = (const struct reduction *) context;

    return ivs_coll_share(r->coll, left * r->op->unit, r->coll->members, r->op->unit) / r->op->unit;
}

static size_t shares_bytes(const void *context, size_t share)
{
    const struct reduction *r = (const struct reduction *) context;

    return share * r->op->unit * r->coll->members;
}

/* The pieces at `at` of the operands for all members, own too: recv may be send. */
static int give_shares(const void *context, const struct ivs_step *step, size_t at, size_t share)
{
    const struct reduction *r = (const struct reduction *) context;
    const size_t unit = r->op->unit;
    unsigned char *mine = (unsigned char *) ivs_coll_mine(r->coll, step);
    int rc = ivs_coll_room(r->coll, step);
    size_t begin = 0;

    for (uint32_t j = 0; rc == 0 && j < r->coll->members; j++) {
        size_t count = block_count(r->blocks, j);

        ivs_copy_out(&r->coll->distance, mine + j * share * unit, r->send + (begin + at) * unit,
                     part_of(count, at, share) * unit);
        begin += count;
    }
    if (rc == 0) {
        ivs_coll_publish(r->coll, step);
    }
    return rc;
}

static int take_share(const void *context, const struct ivs_step *step, size_t at, size_t share)
{
    const struct reduction *r = (const struct reduction *) context;
    const size_t own = block_count(r->blocks, r->coll->self);

    return reduce_range(r, step, r->coll->members - 1, r->coll->self * share * r->op->unit,
                        r->recv + at * r->op->unit, part_of(own, at, share));
}

int ivs_coll_reduce_scatter(struct ivs_coll *coll, const void *send, void *recv,
                            const struct ivs_coll_counts *blocks, const struct ivs_coll_op *op)
{
    const struct reduction r = {
        coll, (const unsigned char *) send, (unsigned char *) recv, op, blocks, false
    };
    struct ivs_coll_run run = {
        .piece = share_of,
        .bytes = shares_bytes,
        .give = give_shares,
        .take = take_share,
    };

    for (uint32_t j = 0; j < coll->members; j++) {
        size_t count = block_count(blocks, j);
        run.total = count > run.total ? count : run.total;
    }
    return ivs_coll_run(coll, &run, &r,
                        ivs_coll_call(coll, IVS_REDUCE_SCATTER, 0, run.total * op->unit));
}
