/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collective operations that move data: see ivs_coll.h. Every byte is written once into the area by
 * who has it, and read by whom it is for.
 */
#include "ivs_coll.h"
#include "ivs_copy.h"

#define PIECES 4u /* that a long message is cut into, so that all copy at the same time */
#define PIECE_MIN 8192u

/* A call, for what is done with its pieces. */
struct move {
    struct ivs_coll *coll;
    const unsigned char *send;
    unsigned char *recv;
    size_t bytes; /* of the message, or of a block */
    uint32_t root;
    const struct ivs_blocks *blocks;
};

/* Of a message that is published whole. */
static size_t piece_of(const void *context, size_t left)
{
    const struct move *move = (const struct move *) context;
    const size_t most = move->coll->shape.cell_bytes;
    size_t piece = move->bytes / PIECES;

    piece -= piece % 64;
    piece = piece < PIECE_MIN ? PIECE_MIN : piece;
    piece = piece < most ? piece : most;
    return left < piece ? left : piece;
}

static size_t piece_bytes(const void *context, size_t piece)
{
    (void) context;
    return piece;
}

/* Of a message that is published with others, one for each other member. */
static size_t share_of(const void *context, size_t left)
{
    const struct ivs_coll *coll = ((const struct move *) context)->coll;
    const uint32_t others = coll->members - 1;

    return ivs_coll_share(coll, left, others, coll->shape.cell_bytes / others >= 64 ? 64 : 1);
}

static size_t shares_bytes(const void *context, size_t share)
{
    return share * (((const struct move *) context)->coll->members - 1);
}

/* Of a member's payload, from byte `at` on. */
static int take(const struct ivs_coll *coll, const struct ivs_step *step, uint32_t member,
                size_t at, void *to, size_t bytes)
{
    int rc = ivs_coll_await(coll, step, member);

    if (rc == 0) {
        ivs_copy(to, (const unsigned char *) ivs_coll_theirs(coll, step, member) + at, bytes);
    }
    return rc;
}

/* The other members in turn; not all members take from the same one at the same time. */
static uint32_t member_after(const struct ivs_coll *coll, uint32_t i)
{
    return (coll->self + i) % coll->members;
}

/* ---- Barrier ---- */

int ivs_coll_barrier(struct ivs_coll *coll)
{
    int rc = ivs_coll_call(coll, IVS_BARRIER, 0, 0);
    struct ivs_step step;

    if (rc != 0) {
        return rc;
    }
    step = ivs_coll_begin(coll, 0);
    rc = ivs_coll_room(coll, &step);
    if (rc == 0) {
        ivs_coll_publish(coll, &step);
    }
    for (uint32_t j = 0; rc == 0 && j < coll->members; j++) {
        rc = ivs_coll_await(coll, &step, j);
    }
    ivs_coll_end(coll, &step);
    return rc;
}

/* ---- Bcast ---- */

static int bcast_give(const void *context, const struct ivs_step *step, size_t at, size_t piece)
{
    const struct move *move = (const struct move *) context;

    return move->coll->self != move->root ? 0
                                          : ivs_coll_put(move->coll, step, move->recv + at, piece);
}

static int bcast_take(const void *context, const struct ivs_step *step, size_t at, size_t piece)
{
    const struct move *move = (const struct move *) context;

    return move->coll->self == move->root
               ? 0
               : take(move->coll, step, move->root, 0, move->recv + at, piece);
}

int ivs_coll_bcast(struct ivs_coll *coll, uint32_t root, void *buf, size_t bytes)
{
    const struct move move = { coll, NULL, (unsigned char *) buf, bytes, root, NULL };
    const struct ivs_coll_run run = {
        .total = bytes,
        .piece = piece_of,
        .bytes = piece_bytes,
        .give = bcast_give,
        .take = bcast_take,
    };

    return ivs_coll_run(coll, &run, &move, ivs_coll_call(coll, IVS_BCAST, root, bytes));
}

/* ---- Allgather ---- */

static size_t block_bytes(const struct ivs_blocks *blocks, uint32_t member)
{
    return blocks->bytes == NULL ? blocks->each : blocks->bytes[member];
}

static unsigned char *block_in(const struct move *move, uint32_t member)
{
    return move->recv +
           (move->blocks->at == NULL ? member * move->blocks->each : move->blocks->at[member]);
}

static size_t longest_block(const struct ivs_coll *coll, const struct ivs_blocks *blocks)
{
    size_t longest = 0;

    for (uint32_t j = 0; j < coll->members; j++) {
        longest = block_bytes(blocks, j) > longest ? block_bytes(blocks, j) : longest;
    }
    return longest;
}

/* What of a member's block lies in the piece at `at`. */
static size_t part_of(const struct move *move, uint32_t member, size_t at, size_t piece)
{
    size_t block = block_bytes(move->blocks, member);
    size_t left = at < block ? block - at : 0;

    return left < piece ? left : piece;
}

static int allgather_give(const void *context, const struct ivs_step *step, size_t at, size_t piece)
{
    const struct move *move = (const struct move *) context;
    size_t part = part_of(move, move->coll->self, at, piece);

    return part == 0 ? 0 : ivs_coll_put(move->coll, step, move->send + at, part);
}

static int allgather_take(const void *context, const struct ivs_step *step, size_t at, size_t piece)
{
    const struct move *move = (const struct move *) context;
    int rc = 0;

    for (uint32_t i = 1; rc == 0 && i < move->coll->members; i++) {
        uint32_t j = member_after(move->coll, i);
        size_t part = part_of(move, j, at, piece);

        rc = part == 0 ? 0 : take(move->coll, step, j, 0, block_in(move, j) + at, part);
    }
    return rc;
}

int ivs_coll_allgather(struct ivs_coll *coll, const void *send, void *recv,
                       const struct ivs_blocks *blocks)
{
    const size_t longest = longest_block(coll, blocks);
    struct move move = { coll,  (const unsigned char *) send, (unsigned char *) recv, longest, 0,
                         blocks };
    const struct ivs_coll_run run = {
        .total = longest,
        .piece = piece_of,
        .bytes = piece_bytes,
        .give = allgather_give,
        .take = allgather_take,
    };
    unsigned char *place = block_in(&move, coll->self);
    int rc;

    if (send == NULL) {
        move.send = place;
    }
    rc = ivs_coll_run(coll, &run, &move, ivs_coll_call(coll, IVS_ALLGATHER, 0, longest));
    if (rc == 0 && move.send != place) {
        ivs_copy(place, move.send, block_bytes(blocks, coll->self));
    }
    return rc;
}

/* ---- Gather ---- */

static int gather_give(const void *context, const struct ivs_step *step, size_t at, size_t piece)
{
    const struct move *move = (const struct move *) context;

    return move->coll->self == move->root ? 0
                                          : ivs_coll_put(move->coll, step, move->send + at, piece);
}

static int gather_take(const void *context, const struct ivs_step *step, size_t at, size_t piece)
{
    const struct move *move = (const struct move *) context;
    int rc = 0;

    for (uint32_t i = 1; rc == 0 && move->coll->self == move->root && i < move->coll->members;
         i++) {
        uint32_t j = member_after(move->coll, i);
        rc = take(move->coll, step, j, 0, move->recv + j * move->bytes + at, piece);
    }
    return rc;
}

int ivs_coll_gather(struct ivs_coll *coll, uint32_t root, const void *send, void *recv,
                    size_t bytes)
{
    const struct move move = {
        coll, (const unsigned char *) send, (unsigned char *) recv, bytes, root, NULL
    };
    const struct ivs_coll_run run = {
        .total = bytes,
        .piece = piece_of,
        .bytes = piece_bytes,
        .give = gather_give,
        .take = gather_take,
    };
    int rc = ivs_coll_run(coll, &run, &move, ivs_coll_call(coll, IVS_GATHER, root, bytes));

    if (rc == 0 && coll->self == root && send != NULL) {
        ivs_copy(move.recv + root * bytes, send, bytes);
    }
    return rc;
}

/* ---- Scatter, Alltoall ---- */

/* Where in a payload of a share for each member but the sender the one for `to` lies. */
static size_t share_at(const struct ivs_coll *coll, uint32_t from, uint32_t to, size_t share)
{
    return ((to + coll->members - from - 1) % coll->members) * share;
}

/* Publishes the pieces at `at` of the blocks for all others. */
static int give_shares(const void *context, const struct ivs_step *step, size_t at, size_t share)
{
    const struct move *move = (const struct move *) context;
    struct ivs_coll *coll = move->coll;
    unsigned char *mine = (unsigned char *) ivs_coll_mine(coll, step);
    int rc = ivs_coll_room(coll, step);

    for (uint32_t i = 1; rc == 0 && i < coll->members; i++) {
        uint32_t j = member_after(coll, i);
        ivs_copy_out(&coll->distance, mine + share_at(coll, coll->self, j, share),
                     move->send + j * move->bytes + at, share);
    }
    if (rc == 0) {
        ivs_coll_publish(coll, step);
    }
    return rc;
}

static int scatter_give(const void *context, const struct ivs_step *step, size_t at, size_t share)
{
    const struct move *move = (const struct move *) context;

    return move->coll->self == move->root ? give_shares(context, step, at, share) : 0;
}

static int scatter_take(const void *context, const struct ivs_step *step, size_t at, size_t share)
{
    const struct move *move = (const struct move *) context;
    const struct ivs_coll *coll = move->coll;

    return coll->self == move->root
               ? 0
               : take(coll, step, move->root, share_at(coll, move->root, coll->self, share),
                      move->recv + at, share);
}

int ivs_coll_scatter(struct ivs_coll *coll, uint32_t root, const void *send, void *recv,
                     size_t bytes)
{
    const struct move move = {
        coll, (const unsigned char *) send, (unsigned char *) recv, bytes, root, NULL
    };
    const struct ivs_coll_run run = {
        .total = coll->members == 1 ? 0 : bytes,
        .piece = share_of,
        .bytes = shares_bytes,
        .give = scatter_give,
        .take = scatter_take,
    };

    if (coll->self == root && recv != NULL) {
        ivs_copy(recv, move.send + root * bytes, bytes);
    }
    return ivs_coll_run(coll, &run, &move, ivs_coll_call(coll, IVS_SCATTER, root, bytes));
}

static int alltoall_take(const void *context, const struct ivs_step *step, size_t at, size_t share)
{
    const struct move *move = (const struct move *) context;
    const struct ivs_coll *coll = move->coll;
    int rc = 0;

    for (uint32_t i = 1; rc == 0 && i < coll->members; i++) {
        uint32_t j = member_after(coll, i);
        rc = take(coll, step, j, share_at(coll, j, coll->self, share),
                  move->recv + j * move->bytes + at, share);
    }
    return rc;
}

int ivs_coll_alltoall(struct ivs_coll *coll, const void *send, void *recv, size_t bytes)
{
    const struct move move = { coll, (const unsigned char *) send, (unsigned char *) recv, bytes, 0,
                               NULL };
    const struct ivs_coll_run run = {
        .total = coll->members == 1 ? 0 : bytes,
        .piece = share_of,
        .bytes = shares_bytes,
        .give = give_shares,
        .take = alltoall_take,
    };
    int rc = ivs_coll_run(coll, &run, &move, ivs_coll_call(coll, IVS_ALLTOALL, 0, bytes));

    if (rc == 0 && send != recv) {
        ivs_copy(move.recv + coll->self * bytes, move.send + coll->self * bytes, bytes);
    }
    return rc;
}
