/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collective operations that move data: see ivs_coll_task.h. Every byte is written once into the area
 * by who has it, and read by whom it is for.
 */
#include "ivs_coll_task.h"

#define PIECES 4u /* that a long message is cut into, so that all copy at the same time */
#define PIECE_MIN 8192u
#define LONG_BLOCKS 2u /* cells from which blocks go out one after another */

/* Of a message that is published whole. */
size_t ivs_coll_move_length(const struct ivs_coll_task *task, size_t left)
{
    const size_t most = task->coll->shape.cell_bytes;
    size_t piece = task->bytes / PIECES;

    piece -= piece % 64;
    piece = piece < PIECE_MIN ? PIECE_MIN : piece;
    piece = piece < most ? piece : most;
    return left < piece ? left : piece;
}

size_t ivs_coll_move_bytes(const struct ivs_coll_task *task, size_t length)
{
    (void) task;
    return length;
}

/* Of a message that is published with others, one for each other member. */
static size_t share_length(const struct ivs_coll_task *task, size_t left)
{
    const struct ivs_coll *coll = task->coll;
    const uint32_t others = coll->members - 1;

    return ivs_coll_share(coll, left, others, coll->shape.cell_bytes / others >= 64 ? 64 : 1);
}

static size_t share_bytes(const struct ivs_coll_task *task, size_t share)
{
    return share * (task->coll->members - 1);
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

/* The next member to take from. False: that was the last one. */
static bool next_member(const struct ivs_coll_task *task, uint32_t *member)
{
    *member = member_after(task->coll, task->cursor + 1);
    return task->cursor + 1 < task->coll->members;
}

/* ---- Barrier ---- */

size_t ivs_coll_no_bytes(const struct ivs_coll_task *task, size_t length)
{
    (void) task;
    (void) length;
    return 0;
}

int ivs_coll_give_word(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    int rc = ivs_coll_room(task->coll, &piece->first);

    if (rc == 0) {
        ivs_coll_publish(task->coll, &piece->first);
    }
    return rc;
}

static int barrier_take(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    uint32_t j;

    for (; next_member(task, &j); task->cursor++) {
        int rc = ivs_coll_await(task->coll, &piece->first, j);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

void ivs_coll_barrier(struct ivs_coll_task *task, struct ivs_coll *coll, enum ivs_coll_way way)
{
    static const struct ivs_coll_plan plan = {
        .length = ivs_coll_move_length,
        .bytes = ivs_coll_no_bytes,
        .give = ivs_coll_give_word,
        .take = barrier_take,
    };

    ivs_coll_task_init(task, coll, way == IVS_COLL_TREE ? &ivs_coll_tree_barrier : &plan,
                       ivs_coll_call(IVS_BARRIER, 0, 0), 1);
    task->bytes = 1;
}

/* ---- Bcast ---- */

int ivs_coll_give_root(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    return task->coll->self != task->root
               ? 0
               : ivs_coll_put(task->coll, &piece->first, task->recv + piece->at, piece->length);
}

static int bcast_take(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    return task->coll->self == task->root ? 0
                                          : take(task->coll, &piece->first, task->root, 0,
                                                 task->recv + piece->at, piece->length);
}

void ivs_coll_bcast(struct ivs_coll_task *task, struct ivs_coll *coll, uint32_t root, void *buf,
                    size_t bytes, enum ivs_coll_way way)
{
    static const struct ivs_coll_plan plan = {
        .length = ivs_coll_move_length,
        .bytes = ivs_coll_move_bytes,
        .give = ivs_coll_give_root,
        .take = bcast_take,
    };

    ivs_coll_task_init(task, coll, way == IVS_COLL_TREE ? &ivs_coll_tree_bcast : &plan,
                       ivs_coll_call(IVS_BCAST, root, bytes), bytes);
    task->recv = (unsigned char *) buf;
    task->bytes = bytes;
    task->root = root;
}

/* ---- Allgather ---- */

static size_t block_bytes(const struct ivs_blocks *blocks, uint32_t member)
{
    return blocks->bytes == NULL ? blocks->each : blocks->bytes[member];
}

static unsigned char *block_in(const struct ivs_coll_task *task, uint32_t member)
{
    return task->recv +
           (task->blocks.at == NULL ? member * task->blocks.each : task->blocks.at[member]);
}

static size_t longest_block(const struct ivs_coll *coll, const struct ivs_blocks *blocks)
{
    size_t longest = 0;

    for (uint32_t j = 0; j < coll->members; j++) {
        longest = block_bytes(blocks, j) > longest ? block_bytes(blocks, j) : longest;
    }
    return longest;
}

/* What of a member's block lies in the piece. */
static size_t part_of(const struct ivs_coll_task *task, uint32_t member,
                      const struct ivs_coll_piece *piece)
{
    size_t block = block_bytes(&task->blocks, member);
    size_t left = piece->at < block ? block - piece->at : 0;

    return left < piece->length ? left : piece->length;
}

static int allgather_give(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    size_t part = part_of(task, task->coll->self, piece);

    return part == 0 ? 0 : ivs_coll_put(task->coll, &piece->first, task->send + piece->at, part);
}

static int allgather_take(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    uint32_t j;

    for (; next_member(task, &j); task->cursor++) {
        size_t part = part_of(task, j, piece);
        int rc = part == 0
                     ? 0
                     : take(task->coll, &piece->first, j, 0, block_in(task, j) + piece->at, part);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

void ivs_coll_allgather(struct ivs_coll_task *task, struct ivs_coll *coll, const void *send,
                        void *recv, const struct ivs_blocks *blocks)
{
    static const struct ivs_coll_plan plan = {
        .length = ivs_coll_move_length,
        .bytes = ivs_coll_move_bytes,
        .give = allgather_give,
        .take = allgather_take,
    };
    const size_t longest = longest_block(coll, blocks);
    unsigned char *place;

    ivs_coll_task_init(task, coll, &plan, ivs_coll_call(IVS_ALLGATHER, 0, longest), longest);
    task->recv = (unsigned char *) recv;
    task->bytes = longest;
    task->blocks = *blocks;
    place = block_in(task, coll->self);
    task->send = send == NULL ? place : (const unsigned char *) send;
    if (task->send != place) {
        ivs_copy(place, task->send, block_bytes(blocks, coll->self));
    }
}

/* ---- Gather ---- */

static int gather_give(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    return task->coll->self == task->root
               ? 0
               : ivs_coll_put(task->coll, &piece->first, task->send + piece->at, piece->length);
}

static int gather_take(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    uint32_t j;

    for (; task->coll->self == task->root && next_member(task, &j); task->cursor++) {
        int rc = take(task->coll, &piece->first, j, 0, task->recv + j * task->bytes + piece->at,
                      piece->length);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

void ivs_coll_gather(struct ivs_coll_task *task, struct ivs_coll *coll, uint32_t root,
                     const void *send, void *recv, size_t bytes)
{
    static const struct ivs_coll_plan plan = {
        .length = ivs_coll_move_length,
        .bytes = ivs_coll_move_bytes,
        .give = gather_give,
        .take = gather_take,
    };

    ivs_coll_task_init(task, coll, &plan, ivs_coll_call(IVS_GATHER, root, bytes), bytes);
    task->send = (const unsigned char *) send;
    task->recv = (unsigned char *) recv;
    task->bytes = bytes;
    task->root = root;
    if (coll->self == root && send != NULL) {
        ivs_copy(task->recv + root * bytes, send, bytes);
    }
}

/* ---- Scatter, Alltoall ---- */

/* Where in a payload of a share for each member but the sender the one for `to` lies. */
static size_t share_at(const struct ivs_coll *coll, uint32_t from, uint32_t to, size_t share)
{
    return ((to + coll->members - from - 1) % coll->members) * share;
}

/* Publishes the shares of the blocks for all others. */
static int give_shares(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    struct ivs_coll *coll = task->coll;
    unsigned char *mine = (unsigned char *) ivs_coll_mine(coll, &piece->first);
    int rc = ivs_coll_room(coll, &piece->first);

    for (uint32_t i = 1; rc == 0 && i < coll->members; i++) {
        uint32_t j = member_after(coll, i);
        ivs_copy_out(&coll->distance, mine + share_at(coll, coll->self, j, piece->length),
                     task->send + j * task->bytes + piece->at, piece->length);
    }
    if (rc == 0) {
        ivs_coll_publish(coll, &piece->first);
    }
    return rc;
}

static int scatter_give(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    return task->coll->self == task->root ? give_shares(task, piece) : 0;
}

static int scatter_take(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    const struct ivs_coll *coll = task->coll;

    return coll->self == task->root ? 0
                                    : take(coll, &piece->first, task->root,
                                           share_at(coll, task->root, coll->self, piece->length),
                                           task->recv + piece->at, piece->length);
}

void ivs_coll_scatter(struct ivs_coll_task *task, struct ivs_coll *coll, uint32_t root,
                      const void *send, void *recv, size_t bytes)
{
    static const struct ivs_coll_plan plan = {
        .length = share_length,
        .bytes = share_bytes,
        .give = scatter_give,
        .take = scatter_take,
    };

    ivs_coll_task_init(task, coll, &plan, ivs_coll_call(IVS_SCATTER, root, bytes),
                       coll->members == 1 ? 0 : bytes);
    task->send = (const unsigned char *) send;
    task->recv = (unsigned char *) recv;
    task->bytes = bytes;
    task->root = root;
    if (coll->self == root && recv != NULL) {
        ivs_copy(recv, task->send + root * bytes, bytes);
    }
}

static int alltoall_take(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    const struct ivs_coll *coll = task->coll;
    uint32_t j;

    for (; next_member(task, &j); task->cursor++) {
        int rc = take(coll, &piece->first, j, share_at(coll, j, coll->self, piece->length),
                      task->recv + j * task->bytes + piece->at, piece->length);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* Long blocks go one after another, to each member in turn, in pieces as long as a cell: what lies together
 * is copied together. Pieces count the bytes of all blocks; in round i those for the member i after this
 * one go out, and those of the member i before it come in. */
static size_t pair_length(const struct ivs_coll_task *task, size_t left)
{
    const size_t in_block = (left - 1) % task->bytes + 1;

    return in_block < task->coll->shape.cell_bytes ? in_block : task->coll->shape.cell_bytes;
}

static int pair_give(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    const uint32_t to = member_after(task->coll, (uint32_t) (piece->at / task->bytes) + 1);

    return ivs_coll_put(task->coll, &piece->first,
                        task->send + to * task->bytes + piece->at % task->bytes, piece->length);
}

static int pair_take(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    const struct ivs_coll *coll = task->coll;
    const uint32_t from =
        member_after(coll, coll->members - 1 - (uint32_t) (piece->at / task->bytes));

    return take(coll, &piece->first, from, 0,
                task->recv + from * task->bytes + piece->at % task->bytes, piece->length);
}

void ivs_coll_alltoall(struct ivs_coll_task *task, struct ivs_coll *coll, const void *send,
                       void *recv, size_t bytes)
{
    static const struct ivs_coll_plan shares = {
        .length = share_length,
        .bytes = share_bytes,
        .give = give_shares,
        .take = alltoall_take,
    };
    static const struct ivs_coll_plan pairs = {
        .length = pair_length,
        .bytes = ivs_coll_move_bytes,
        .give = pair_give,
        .take = pair_take,
    };
    /* in place a block would be overwritten before its turn to go out */
    const bool in_turn = bytes >= LONG_BLOCKS * coll->shape.cell_bytes && send != recv;
    const size_t total = in_turn ? (coll->members - 1) * bytes : bytes;

    ivs_coll_task_init(task, coll, in_turn ? &pairs : &shares,
                       ivs_coll_call(IVS_ALLTOALL, 0, bytes), coll->members == 1 ? 0 : total);
    task->send = (const unsigned char *) send;
    task->recv = (unsigned char *) recv;
    task->bytes = bytes;
    if (send != recv) {
        ivs_copy(task->recv + coll->self * bytes, task->send + coll->self * bytes, bytes);
    }
}
