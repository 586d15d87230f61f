/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Trees of two levels over groups of near members (a NUMA node, a VM): what crosses from group to group
 * does so once for each pair of groups, in a second step of the groups' first members.
 */
#include "ivs_coll_task.h"

static uint32_t group_of(const struct ivs_coll_task *task, uint32_t member)
{
    return task->coll->groups.of[member];
}

static uint32_t first_of(const struct ivs_coll_task *task, uint32_t group)
{
    return task->coll->groups.first[group];
}

static bool is_first(const struct ivs_coll_task *task)
{
    return first_of(task, group_of(task, task->coll->self)) == task->coll->self;
}

/* ---- Barrier: first members wait for their groups, and all for the first members ---- */

static int barrier_give_second(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    struct ivs_coll *coll = task->coll;
    int rc;

    if (!is_first(task)) {
        return 0;
    }
    for (; task->cursor < coll->members; task->cursor++) {
        if (group_of(task, task->cursor) == group_of(task, coll->self)) {
            rc = ivs_coll_await(coll, &piece->first, task->cursor);
            if (rc != 0) {
                return rc;
            }
        }
    }
    rc = ivs_coll_room(coll, &piece->second);
    if (rc == 0) {
        ivs_coll_publish(coll, &piece->second);
    }
    return rc;
}

static int barrier_take(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    for (; task->cursor < task->coll->groups.count; task->cursor++) {
        int rc = ivs_coll_await(task->coll, &piece->second, first_of(task, task->cursor));
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

const struct ivs_coll_plan ivs_coll_tree_barrier = {
    .length = ivs_coll_move_length,
    .bytes = ivs_coll_no_bytes,
    .give = ivs_coll_give_word,
    .second_bytes = ivs_coll_no_bytes,
    .give_second = barrier_give_second,
    .take = barrier_take,
};

/* ---- Bcast: the other groups' first members pass on what the root gives ---- */

/* The member that this one reads, and in which step. */
static uint32_t source_of(const struct ivs_coll_task *task, const struct ivs_coll_piece *piece,
                          const struct ivs_step **step)
{
    const uint32_t group = group_of(task, task->coll->self);

    if (group == group_of(task, task->root) || is_first(task)) {
        *step = &piece->first;
        return task->root;
    }
    *step = &piece->second;
    return first_of(task, group);
}

static int bcast_give_second(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    struct ivs_coll *coll = task->coll;
    int rc;

    if (!is_first(task) || group_of(task, coll->self) == group_of(task, task->root)) {
        return 0;
    }
    rc = ivs_coll_await(coll, &piece->first, task->root);
    return rc != 0 ? rc
                   : ivs_coll_put(coll, &piece->second,
                                  ivs_coll_theirs(coll, &piece->first, task->root), piece->length);
}

static int bcast_take(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    const struct ivs_step *step;
    uint32_t source = source_of(task, piece, &step);
    int rc;

    if (task->coll->self == task->root) {
        return 0;
    }
    rc = ivs_coll_await(task->coll, step, source);
    if (rc == 0) {
        ivs_copy(task->recv + piece->at, ivs_coll_theirs(task->coll, step, source), piece->length);
    }
    return rc;
}

const struct ivs_coll_plan ivs_coll_tree_bcast = {
    .length = ivs_coll_move_length,
    .bytes = ivs_coll_move_bytes,
    .give = ivs_coll_give_root,
    .second_bytes = ivs_coll_move_bytes,
    .give_second = bcast_give_second,
    .take = bcast_take,
};

/* ---- Allreduce, Reduce: sums of groups, then the sum of these ---- */

/* result = operand of `member` in the step OP result, or the operand if it is the last. */
static int add(struct ivs_coll_task *task, const struct ivs_step *step, uint32_t member,
               bool is_last, void *result, size_t count)
{
    const struct ivs_coll_op *op = &task->op;
    const void *operand = ivs_coll_theirs(task->coll, step, member);
    int rc = ivs_coll_await(task->coll, step, member);

    if (rc != 0) {
        return rc;
    }
    if (!is_last) {
        return op->apply(op->context, operand, result, count);
    }
    ivs_copy(result, operand, count * op->unit);
    return 0;
}

static uint32_t last_of(const struct ivs_coll_task *task, uint32_t group)
{
    uint32_t member = task->coll->members - 1;

    while (group_of(task, member) != group) {
        member--;
    }
    return member;
}

static int reduce_give_second(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    struct ivs_coll *coll = task->coll;
    const uint32_t group = group_of(task, coll->self), last = last_of(task, group);
    int rc;

    if (!is_first(task)) {
        return 0;
    }
    rc = ivs_coll_room(coll, &piece->second);
    for (; rc == 0 && task->cursor <= last - coll->self; task->cursor += rc == 0) {
        const uint32_t j = last - task->cursor;

        if (group_of(task, j) == group) {
            rc = add(task, &piece->first, j, j == last, ivs_coll_mine(coll, &piece->second),
                     piece->length);
        }
    }
    if (rc == 0) {
        ivs_coll_publish(coll, &piece->second);
    }
    return rc;
}

static int reduce_take(struct ivs_coll_task *task, const struct ivs_coll_piece *piece)
{
    const uint32_t groups = task->coll->groups.count;

    for (; task->recv != NULL && task->cursor < groups; task->cursor++) {
        const uint32_t group = groups - 1 - task->cursor;
        int rc = add(task, &piece->second, first_of(task, group), group == groups - 1,
                     task->recv + piece->at * task->op.unit, piece->length);

        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

const struct ivs_coll_plan ivs_coll_tree_reduce = {
    .length = ivs_coll_reduce_length,
    .bytes = ivs_coll_reduce_bytes,
    .give = ivs_coll_give_operand,
    .second_bytes = ivs_coll_reduce_bytes,
    .give_second = reduce_give_second,
    .take = reduce_take,
};
