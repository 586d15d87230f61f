/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collective operations over an area (ivs_coll.h). A task is one operation under way: it cuts what is to
 * be done into pieces, and can be run to its end, or be carried on bit by bit.
 *
 * Invariants
 *   T1 All members begin the tasks of an area in the same order, and carry on one at a time: the steps of
 *      a task have consecutive numbers.
 *   T2 What a task has left off at is in the task, so that nothing is read or reduced twice.
 *
 * Lengths, roots, counts and ways are the same on all members. Buffers of one operation do not overlap
 * unless said, and are the caller's until the task has ended. Not thread-safe.
 */
#ifndef IVS_COLL_TASK_H_INCLUDED
#define IVS_COLL_TASK_H_INCLUDED

#include "ivs_coll.h"

#define IVS_COLL_AHEAD 8u /* most pieces given before the first of them is taken */

/* Blocks of a buffer, one for each member. */
struct ivs_blocks {
    const size_t *bytes; /* NULL: all have `each` */
    const size_t *at;    /* NULL: one behind the other, `each` apart */
    size_t each;
};

/* inout[i] becomes in[i] OP inout[i]. Both are aligned to 16 bytes or as the caller's buffers. 0, or
 * what the operation returns; not -EAGAIN. */
struct ivs_coll_op {
    int (*apply)(void *context, const void *in, void *inout, size_t count);
    void *context;
    size_t unit; /* bytes of an element, at most cell_bytes / members */
};

/* Elements that each member gets of a result, one block behind the other. */
struct ivs_coll_counts {
    size_t each;
    size_t (*count)(const void *context, uint32_t member); /* NULL: each */
    const void *context;
};

/* Who does what: each member all for itself; the sum of its slice, which the others then take; or the
 * first member of each group what is between groups. */
enum ivs_coll_way {
    IVS_COLL_WHOLE,
    IVS_COLL_SLICES,
    IVS_COLL_TREE
};

/* Of an operation: `at` and `length` count in bytes or elements, as the operation likes. */
struct ivs_coll_piece {
    struct ivs_step first, second;
    size_t at, length;
};

struct ivs_coll_task;

/* What an operation does with its pieces. Functions that return int: 0; -EAGAIN, to be called again
 * for the same piece; or what ends the task. */
struct ivs_coll_plan {
    /* How much of what is left the next piece holds, and the bytes of its payload at most. */
    size_t (*length)(const struct ivs_coll_task *task, size_t left);
    size_t (*bytes)(const struct ivs_coll_task *task, size_t length);
    /* Publishes what this member has. */
    int (*give)(struct ivs_coll_task *task, const struct ivs_coll_piece *piece);
    /* NULL, or makes something of what others have given, and publishes that in a second step. */
    size_t (*second_bytes)(const struct ivs_coll_task *task, size_t length);
    int (*give_second)(struct ivs_coll_task *task, const struct ivs_coll_piece *piece);
    int (*take)(struct ivs_coll_task *task, const struct ivs_coll_piece *piece);
};

struct ivs_coll_task {
    /* what is to be done */
    struct ivs_coll *coll;
    const struct ivs_coll_plan *plan;
    uint64_t call;
    size_t total;
    const unsigned char *send;
    unsigned char *recv;
    size_t bytes; /* of a message, or of a block */
    uint32_t root;
    bool without_self;
    struct ivs_blocks blocks;
    struct ivs_coll_op op;
    struct ivs_coll_counts counts;
    /* how far it is */
    enum {
        IVS_COLL_GIVING,
        IVS_COLL_GIVING_SECOND,
        IVS_COLL_TAKING
    } phase;
    size_t at;        /* begun */
    unsigned count;   /* pieces begun since the last were taken */
    unsigned seconds; /* of these, whose second step has begun */
    unsigned index;   /* of the piece that the phase is at */
    uint32_t cursor;  /* members that the function for this piece is done with */
    struct ivs_coll_piece pieces[IVS_COLL_AHEAD];
};

/* Runs a task to its end. 0; -EBADMSG, -EPROTO, -ECONNRESET (ivs_coll_await), or what wait or the operation
 * returned: the area is of no use any more then. */
int ivs_coll_run(struct ivs_coll_task *task);

/* Carries a task on as far as it goes without waiting. -EAGAIN: it is not at its end; else the same. */
int ivs_coll_advance(struct ivs_coll_task *task);

/* ---- operations: each fills in a task ------------------------------------------------------- */

void ivs_coll_barrier(struct ivs_coll_task *task, struct ivs_coll *coll, enum ivs_coll_way way);
void ivs_coll_bcast(struct ivs_coll_task *task, struct ivs_coll *coll, uint32_t root, void *buf,
                    size_t bytes, enum ivs_coll_way way);

/* send: own block, at recv's place for it if in place (NULL). blocks' arrays are the caller's until the
 * task has ended. */
void ivs_coll_allgather(struct ivs_coll_task *task, struct ivs_coll *coll, const void *send,
                        void *recv, const struct ivs_blocks *blocks);
/* recv is used at the root only; there send may be NULL: it is in its place. */
void ivs_coll_gather(struct ivs_coll_task *task, struct ivs_coll *coll, uint32_t root,
                     const void *send, void *recv, size_t bytes);
/* send is used at the root only; there recv may be NULL: the root's own block stays. */
void ivs_coll_scatter(struct ivs_coll_task *task, struct ivs_coll *coll, uint32_t root,
                      const void *send, void *recv, size_t bytes);
/* A block for each member from each. send may be recv: the blocks are exchanged in place. */
void ivs_coll_alltoall(struct ivs_coll_task *task, struct ivs_coll *coll, const void *send,
                       void *recv, size_t bytes);

/* Reductions are made in order of members, so that all results are equal, bit by bit, and operations
 * that do not commute come out right; by trees, in order of members if each group is of consecutive
 * ones. send may be recv. op is copied, what its context points to is the caller's. */
void ivs_coll_allreduce(struct ivs_coll_task *task, struct ivs_coll *coll, const void *send,
                        void *recv, size_t count, const struct ivs_coll_op *op,
                        enum ivs_coll_way way);
/* recv is used at the root only. */
void ivs_coll_reduce(struct ivs_coll_task *task, struct ivs_coll *coll, uint32_t root,
                     const void *send, void *recv, size_t count, const struct ivs_coll_op *op,
                     enum ivs_coll_way way);
/* recv: of this member's block. */
void ivs_coll_reduce_scatter(struct ivs_coll_task *task, struct ivs_coll *coll, const void *send,
                             void *recv, const struct ivs_coll_counts *counts,
                             const struct ivs_coll_op *op);
/* without_self: of the members before this one only; recv of the first is left as it is. */
void ivs_coll_scan(struct ivs_coll_task *task, struct ivs_coll *coll, const void *send, void *recv,
                   size_t count, const struct ivs_coll_op *op, bool without_self);

/* ---- for the plans --------------------------------------------------------------------------- */

/* A task with nothing but what all have; the caller fills in the rest. */
void ivs_coll_task_init(struct ivs_coll_task *task, struct ivs_coll *coll,
                        const struct ivs_coll_plan *plan, uint64_t call, size_t total);

/* Of tasks that reduce: result = operand of member 0 OP ... OP that of `last`, count elements that lie in
 * each one's payload of the step from byte `at` on. Keeps to the cursor. */
int ivs_coll_reduce_range(struct ivs_coll_task *task, const struct ivs_step *step, uint32_t last,
                          size_t at, void *result, size_t count);

/* ivs_coll_tree.c */
extern const struct ivs_coll_plan ivs_coll_tree_barrier, ivs_coll_tree_bcast, ivs_coll_tree_reduce;

/* Lengths of pieces, of what is published whole (ivs_coll_move.c) and of elements (ivs_coll_reduce.c). */
size_t ivs_coll_move_length(const struct ivs_coll_task *task, size_t left);
size_t ivs_coll_move_bytes(const struct ivs_coll_task *task, size_t length);
size_t ivs_coll_no_bytes(const struct ivs_coll_task *task, size_t length);
int ivs_coll_give_word(struct ivs_coll_task *task, const struct ivs_coll_piece *piece);
int ivs_coll_give_root(struct ivs_coll_task *task, const struct ivs_coll_piece *piece);
size_t ivs_coll_reduce_length(const struct ivs_coll_task *task, size_t left);
size_t ivs_coll_reduce_bytes(const struct ivs_coll_task *task, size_t length);
int ivs_coll_give_operand(struct ivs_coll_task *task, const struct ivs_coll_piece *piece);

#endif /* IVS_COLL_TASK_H_INCLUDED */
