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

/* A rank's operand lies in its payload of the step, from byte `at` on, its own too. */
static const unsigned char *operand(const struct ivs_coll *coll, const struct ivs_step *step,
                                    uint32_t member, size_t at)
{
    return (const unsigned char *) ivs_coll_theirs(coll, step, member) + at;
}

/* result = operand 0 OP ... OP operand last, count elements. */
static int reduce_range(const struct ivs_coll *coll, const struct ivs_step *step, uint32_t last,
                        size_t at, void *result, size_t count, const struct ivs_coll_op *op)
{
    int rc = ivs_coll_await(coll, step, last);

    if (rc != 0 || count == 0) {
        return rc;
    }
    ivs_copy(result, operand(coll, step, last, at), count * op->unit);
    for (uint32_t j = last; rc == 0 && j-- > 0;) {
        rc = ivs_coll_await(coll, step, j);
        if (rc == 0) {
            rc = op->apply(op->context, operand(coll, step, j, at), result, count);
        }
    }
    return rc;
}

/* Elements of a piece: whole cells, the same for all members. */
static size_t piece_of(const struct ivs_coll *coll, size_t left, const struct ivs_coll_op *op)
{
    return ivs_coll_share(coll, left * op->unit, 1, op->unit) / op->unit;
}

/* A member's slice of a piece of `count` elements: a multiple of 64 bytes but the last. */
struct slice {
    size_t from, count; /* elements */
};

static struct slice slice_of(const struct ivs_coll *coll, size_t count, size_t unit,
                             uint32_t member)
{
    size_t step = unit < 64 && 64 % unit == 0 ? 64 / unit : 1;
    size_t each = (count + coll->members - 1) / coll->members;
    struct slice slice;

    each += (step - each % step) % step;
    slice.from = member * each < count ? member * each : count;
    slice.count = count - slice.from < each ? count - slice.from : each;
    return slice;
}

/* Every member makes the sum of its slice and publishes it in the second step. */
static int sum_slices(struct ivs_coll *coll, const struct ivs_step *first,
                      const struct ivs_step *second, size_t count, const struct ivs_coll_op *op)
{
    struct slice own = slice_of(coll, count, op->unit, coll->self);
    int rc = ivs_coll_room(coll, second);

    if (rc == 0) {
        rc = reduce_range(coll, first, coll->members - 1, own.from * op->unit,
                          ivs_coll_mine(coll, second), own.count, op);
    }
    if (rc == 0) {
        ivs_coll_publish(coll, second);
    }
    return rc;
}

static int collect_slices(const struct ivs_coll *coll, const struct ivs_step *step,
                          unsigned char *recv, size_t count, size_t unit)
{
    int rc = 0;

    for (uint32_t i = 1; rc == 0 && i <= coll->members; i++) {
        uint32_t j = (coll->self + i) % coll->members;
        struct slice slice = slice_of(coll, count, unit, j);

        rc = ivs_coll_await(coll, step, j);
        if (rc == 0) {
            ivs_copy(recv + slice.from * unit, operand(coll, step, j, 0), slice.count * unit);
        }
    }
    return rc;
}

/* recv NULL: only the others want the result. */
static int reduce_piece(struct ivs_coll *coll, const void *send, unsigned char *recv, size_t count,
                        const struct ivs_coll_op *op, enum ivs_coll_way way)
{
    struct ivs_step first = ivs_coll_begin(coll, count * op->unit);
    int rc = ivs_coll_put(coll, &first, send, count * op->unit);

    if (way == IVS_COLL_WHOLE) {
        if (rc == 0 && recv != NULL) {
            rc = reduce_range(coll, &first, coll->members - 1, 0, recv, count, op);
        }
        ivs_coll_end(coll, &first);
    } else {
        struct slice slice = slice_of(coll, count, op->unit, 0); /* the longest */
        struct ivs_step second = ivs_coll_begin(coll, slice.count * op->unit);

        rc = rc == 0 ? sum_slices(coll, &first, &second, count, op) : rc;
        ivs_coll_end(coll, &first);
        if (rc == 0 && recv != NULL) {
            rc = collect_slices(coll, &second, recv, count, op->unit);
        }
        ivs_coll_end(coll, &second);
    }
    return rc;
}

/* rc: of the call's begin. */
static int reduce(struct ivs_coll *coll, int rc, const void *send, void *recv, size_t count,
                  const struct ivs_coll_op *op, enum ivs_coll_way way)
{
    const unsigned char *from = (const unsigned char *) send;
    unsigned char *to = (unsigned char *) recv;

    for (size_t at = 0, piece; rc == 0 && at < count; at += piece) {
        piece = piece_of(coll, count - at, op);
        rc = reduce_piece(coll, from + at * op->unit, to == NULL ? NULL : to + at * op->unit, piece,
                          op, way);
    }
    return rc;
}

int ivs_coll_allreduce(struct ivs_coll *coll, const void *send, void *recv, size_t count,
                       const struct ivs_coll_op *op, enum ivs_coll_way way)
{
    int rc = ivs_coll_call(coll, IVS_COLL_ALLREDUCE, 0, count * op->unit);

    return reduce(coll, rc, send, recv, count, op, way);
}

int ivs_coll_reduce(struct ivs_coll *coll, uint32_t root, const void *send, void *recv,
                    size_t count, const struct ivs_coll_op *op, enum ivs_coll_way way)
{
    int rc = ivs_coll_call(coll, IVS_COLL_REDUCE, root, count * op->unit);

    return reduce(coll, rc, send, coll->self == root ? recv : NULL, count, op, way);
}

/* Elements of a member's block, and where it begins. */
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

/* Publishes the pieces at `at` of the operands for all members, own too: recv may be send. */
static int put_operands(struct ivs_coll *coll, const struct ivs_step *step,
                        const unsigned char *send, const struct ivs_coll_counts *blocks, size_t at,
                        size_t share, size_t unit)
{
    unsigned char *mine = (unsigned char *) ivs_coll_mine(coll, step);
    int rc = ivs_coll_room(coll, step);
    size_t begin = 0;

    for (uint32_t j = 0; rc == 0 && j < coll->members; j++) {
        size_t count = block_count(blocks, j);

        ivs_copy_out(&coll->distance, mine + j * share * unit, send + (begin + at) * unit,
                     part_of(count, at, share) * unit);
        begin += count;
    }
    if (rc == 0) {
        ivs_coll_publish(coll, step);
    }
    return rc;
}

int ivs_coll_reduce_scatter(struct ivs_coll *coll, const void *send, void *recv,
                            const struct ivs_coll_counts *blocks, const struct ivs_coll_op *op)
{
    const size_t own = block_count(blocks, coll->self);
    size_t longest = 0;
    int rc;

    for (uint32_t j = 0; j < coll->members; j++) {
        longest = block_count(blocks, j) > longest ? block_count(blocks, j) : longest;
    }
    rc = ivs_coll_call(coll, IVS_COLL_REDUCE_SCATTER, 0, longest * op->unit);
    for (size_t at = 0, share; rc == 0 && at < longest; at += share) {
        struct ivs_step step;

        share = ivs_coll_share(coll, (longest - at) * op->unit, coll->members, op->unit) / op->unit;
        step = ivs_coll_begin(coll, share * op->unit * coll->members);
        rc = put_operands(coll, &step, (const unsigned char *) send, blocks, at, share, op->unit);
        if (rc == 0) {
            rc = reduce_range(coll, &step, coll->members - 1, coll->self * share * op->unit,
                              (unsigned char *) recv + at * op->unit, part_of(own, at, share), op);
        }
        ivs_coll_end(coll, &step);
    }
    return rc;
}

int ivs_coll_scan(struct ivs_coll *coll, const void *send, void *recv, size_t count,
                  const struct ivs_coll_op *op, bool without_self)
{
    const unsigned char *from = (const unsigned char *) send;
    unsigned char *to = (unsigned char *) recv;
    const bool takes = !without_self || coll->self > 0;
    int rc = ivs_coll_call(coll, IVS_COLL_SCAN, without_self, count * op->unit);

    for (size_t at = 0, piece; rc == 0 && at < count; at += piece) {
        struct ivs_step step;

        piece = piece_of(coll, count - at, op);
        step = ivs_coll_begin(coll, piece * op->unit);
        rc = ivs_coll_put(coll, &step, from + at * op->unit, piece * op->unit);
        if (rc == 0 && takes) {
            rc = reduce_range(coll, &step, without_self ? coll->self - 1 : coll->self, 0,
                              to + at * op->unit, piece, op);
        }
        ivs_coll_end(coll, &step);
    }
    return rc;
}
