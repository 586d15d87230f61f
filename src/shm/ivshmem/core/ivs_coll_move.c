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

/* The next piece of `left` bytes of a message of `bytes`. */
static size_t piece_of(const struct ivs_coll *coll, size_t bytes, size_t left)
{
    size_t piece = bytes / PIECES;

    piece -= piece % 64;
    piece = piece < PIECE_MIN ? PIECE_MIN : piece;
    piece = piece < coll->shape.cell_bytes ? piece : coll->shape.cell_bytes;
    return left < piece ? left : piece;
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

int ivs_coll_barrier(struct ivs_coll *coll)
{
    int rc = ivs_coll_call(coll, IVS_COLL_BARRIER, 0, 0);
    struct ivs_step step = ivs_coll_begin(coll, 0);

    rc = rc == 0 ? ivs_coll_room(coll, &step) : rc;
    if (rc == 0) {
        ivs_coll_publish(coll, &step);
    }
    for (uint32_t j = 0; rc == 0 && j < coll->members; j++) {
        rc = ivs_coll_await(coll, &step, j);
    }
    ivs_coll_end(coll, &step);
    return rc;
}

int ivs_coll_bcast(struct ivs_coll *coll, uint32_t root, void *buf, size_t bytes)
{
    unsigned char *to = (unsigned char *) buf;
    int rc = ivs_coll_call(coll, IVS_COLL_BCAST, root, bytes);

    for (size_t at = 0, piece; rc == 0 && at < bytes; at += piece) {
        struct ivs_step step;

        piece = piece_of(coll, bytes, bytes - at);
        step = ivs_coll_begin(coll, piece);
        rc = coll->self == root ? ivs_coll_put(coll, &step, to + at, piece)
                                : take(coll, &step, root, 0, to + at, piece);
        ivs_coll_end(coll, &step);
    }
    return rc;
}

static size_t block_bytes(const struct ivs_blocks *blocks, uint32_t member)
{
    return blocks->bytes == NULL ? blocks->each : blocks->bytes[member];
}

static unsigned char *block_in(void *buf, const struct ivs_blocks *blocks, uint32_t member)
{
    return (unsigned char *) buf +
           (blocks->at == NULL ? member * blocks->each : blocks->at[member]);
}

static size_t longest_block(const struct ivs_coll *coll, const struct ivs_blocks *blocks)
{
    size_t longest = 0;

    for (uint32_t j = 0; j < coll->members; j++) {
        longest = block_bytes(blocks, j) > longest ? block_bytes(blocks, j) : longest;
    }
    return longest;
}

/* What of a block lies in the piece at `at`. */
static size_t part_of(size_t block, size_t at, size_t piece)
{
    size_t left = at < block ? block - at : 0;

    return left < piece ? left : piece;
}

/* One piece of each block. */
static int allgather_piece(struct ivs_coll *coll, const unsigned char *own, void *recv,
                           const struct ivs_blocks *blocks, size_t at, size_t piece)
{
    struct ivs_step step = ivs_coll_begin(coll, piece);
    size_t part = part_of(block_bytes(blocks, coll->self), at, piece);
    int rc = part == 0 ? 0 : ivs_coll_put(coll, &step, own + at, part);

    for (uint32_t i = 1; rc == 0 && i < coll->members; i++) {
        uint32_t j = (coll->self + i) % coll->members; /* not all at the same one */
        part = part_of(block_bytes(blocks, j), at, piece);
        rc = part == 0 ? 0 : take(coll, &step, j, 0, block_in(recv, blocks, j) + at, part);
    }
    ivs_coll_end(coll, &step);
    return rc;
}

int ivs_coll_allgather(struct ivs_coll *coll, const void *send, void *recv,
                       const struct ivs_blocks *blocks)
{
    unsigned char *place = block_in(recv, blocks, coll->self);
    const unsigned char *own = send == NULL ? place : (const unsigned char *) send;
    size_t longest = longest_block(coll, blocks);
    int rc = ivs_coll_call(coll, IVS_COLL_ALLGATHER, 0, longest);

    for (size_t at = 0, piece; rc == 0 && at < longest; at += piece) {
        piece = piece_of(coll, longest, longest - at);
        rc = allgather_piece(coll, own, recv, blocks, at, piece);
    }
    if (rc == 0 && own != place) {
        ivs_copy(place, own, block_bytes(blocks, coll->self));
    }
    return rc;
}

static int gather_piece(struct ivs_coll *coll, uint32_t root, const unsigned char *send,
                        unsigned char *recv, size_t bytes, size_t at, size_t piece)
{
    struct ivs_step step = ivs_coll_begin(coll, piece);
    int rc = 0;

    if (coll->self != root) {
        rc = ivs_coll_put(coll, &step, send + at, piece);
    }
    for (uint32_t j = 0; rc == 0 && coll->self == root && j < coll->members; j++) {
        rc = j == root ? 0 : take(coll, &step, j, 0, recv + j * bytes + at, piece);
    }
    ivs_coll_end(coll, &step);
    return rc;
}

int ivs_coll_gather(struct ivs_coll *coll, uint32_t root, const void *send, void *recv,
                    size_t bytes)
{
    int rc = ivs_coll_call(coll, IVS_COLL_GATHER, root, bytes);

    for (size_t at = 0, piece; rc == 0 && at < bytes; at += piece) {
        piece = piece_of(coll, bytes, bytes - at);
        rc = gather_piece(coll, root, (const unsigned char *) send, (unsigned char *) recv, bytes,
                          at, piece);
    }
    if (rc == 0 && coll->self == root && send != NULL) {
        ivs_copy((unsigned char *) recv + root * bytes, send, bytes);
    }
    return rc;
}

/* Where in a payload of a share for each member but the sender the one for `to` lies. */
static size_t share_at(const struct ivs_coll *coll, uint32_t from, uint32_t to, size_t share)
{
    return ((to + coll->members - from - 1) % coll->members) * share;
}

/* Publishes the pieces at `at` of the blocks for all others. */
static int put_shares(struct ivs_coll *coll, const struct ivs_step *step, const unsigned char *send,
                      size_t bytes, size_t at, size_t share)
{
    unsigned char *mine = (unsigned char *) ivs_coll_mine(coll, step);
    int rc = ivs_coll_room(coll, step);

    for (uint32_t j = 0; rc == 0 && j < coll->members; j++) {
        if (j != coll->self) {
            ivs_copy_out(&coll->distance, mine + share_at(coll, coll->self, j, share),
                         send + j * bytes + at, share);
        }
    }
    if (rc == 0) {
        ivs_coll_publish(coll, step);
    }
    return rc;
}

static size_t share_of(const struct ivs_coll *coll, size_t left)
{
    uint32_t others = coll->members - 1;
    size_t unit = coll->shape.cell_bytes / others >= 64 ? 64 : 1;

    return ivs_coll_share(coll, left, others, unit);
}

int ivs_coll_scatter(struct ivs_coll *coll, uint32_t root, const void *send, void *recv,
                     size_t bytes)
{
    const unsigned char *from = (const unsigned char *) send;
    int rc = ivs_coll_call(coll, IVS_COLL_SCATTER, root, bytes);

    if (coll->self == root && recv != NULL) {
        ivs_copy(recv, from + root * bytes, bytes);
    }
    for (size_t at = 0, share; rc == 0 && coll->members > 1 && at < bytes; at += share) {
        struct ivs_step step;

        share = share_of(coll, bytes - at);
        step = ivs_coll_begin(coll, share * (coll->members - 1));
        rc = coll->self == root ? put_shares(coll, &step, from, bytes, at, share)
                                : take(coll, &step, root, share_at(coll, root, coll->self, share),
                                       (unsigned char *) recv + at, share);
        ivs_coll_end(coll, &step);
    }
    return rc;
}

static int alltoall_piece(struct ivs_coll *coll, const unsigned char *send, unsigned char *recv,
                          size_t bytes, size_t at, size_t share)
{
    struct ivs_step step = ivs_coll_begin(coll, share * (coll->members - 1));
    int rc = put_shares(coll, &step, send, bytes, at, share);

    for (uint32_t i = 1; rc == 0 && i < coll->members; i++) {
        uint32_t j = (coll->self + i) % coll->members;
        rc = take(coll, &step, j, share_at(coll, j, coll->self, share), recv + j * bytes + at,
                  share);
    }
    ivs_coll_end(coll, &step);
    return rc;
}

int ivs_coll_alltoall(struct ivs_coll *coll, const void *send, void *recv, size_t bytes)
{
    const unsigned char *from = (const unsigned char *) send;
    int rc = ivs_coll_call(coll, IVS_COLL_ALLTOALL, 0, bytes);

    for (size_t at = 0, share; rc == 0 && coll->members > 1 && at < bytes; at += share) {
        share = share_of(coll, bytes - at);
        rc = alltoall_piece(coll, from, (unsigned char *) recv, bytes, at, share);
    }
    if (rc == 0 && send != recv) {
        ivs_copy((unsigned char *) recv + coll->self * bytes, from + coll->self * bytes, bytes);
    }
    return rc;
}
