/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Carrying on tasks: see ivs_coll_task.h.
 */
#include <errno.h>

#include "ivs_coll_task.h"

void ivs_coll_task_init(struct ivs_coll_task *task, struct ivs_coll *coll,
                        const struct ivs_coll_plan *plan, uint64_t call, size_t total)
{
    task->coll = coll;
    task->plan = plan;
    task->call = call;
    task->total = total;
    task->phase = IVS_COLL_GIVING;
    task->at = 0;
    task->count = 0;
    task->seconds = 0;
    task->index = 0;
    task->cursor = 0;
}

/* Members that share a processor do more between two switches if they give several pieces, then take as
 * many, and so on. Half of the cells: the other half may still be read by others. */
static unsigned most_pieces(const struct ivs_coll_task *task)
{
    const unsigned half = task->coll->shape.cells / 2;
    const unsigned ahead = half < IVS_COLL_AHEAD ? half : IVS_COLL_AHEAD;

    return task->plan->give_second == NULL || ahead < 2 ? ahead : ahead / 2;
}

static void begin_piece(struct ivs_coll_task *task)
{
    struct ivs_coll_piece *piece = &task->pieces[task->count++];

    piece->at = task->at;
    piece->length = task->plan->length(task, task->total - task->at);
    piece->first = ivs_coll_begin(task->coll, task->plan->bytes(task, piece->length));
    task->at += piece->length;
}

static int give_pieces(struct ivs_coll_task *task)
{
    const unsigned most = most_pieces(task);

    for (;;) {
        int rc;

        if (task->index == task->count) {
            if (task->count == most || task->at == task->total) {
                return 0;
            }
            begin_piece(task);
        }
        rc = task->plan->give(task, &task->pieces[task->index]);
        if (rc != 0) {
            return rc;
        }
        task->cursor = 0;
        task->index++;
    }
}

static int give_seconds(struct ivs_coll_task *task)
{
    while (task->index < task->count) {
        struct ivs_coll_piece *piece = &task->pieces[task->index];
        int rc;

        if (task->index == task->seconds) {
            piece->second =
                ivs_coll_begin(task->coll, task->plan->second_bytes(task, piece->length));
            task->seconds++;
        }
        rc = task->plan->give_second(task, piece);
        if (rc != 0) {
            return rc;
        }
        task->cursor = 0;
        task->index++;
    }
    return 0;
}

static int take_pieces(struct ivs_coll_task *task)
{
    while (task->index < task->count) {
        int rc = task->plan->take(task, &task->pieces[task->index]);

        if (rc != 0) {
            return rc;
        }
        if (task->plan->give_second == NULL) {
            ivs_coll_end(task->coll, &task->pieces[task->index].first);
        }
        task->cursor = 0;
        task->index++;
    }
    return 0;
}

/* In the order in which they began: a taker may have read both. */
static void end_seconds(struct ivs_coll_task *task)
{
    for (unsigned i = 0; i < task->count; i++) {
        ivs_coll_end(task->coll, &task->pieces[i].first);
    }
    for (unsigned i = 0; i < task->count; i++) {
        ivs_coll_end(task->coll, &task->pieces[i].second);
    }
}

static int carry_on(struct ivs_coll_task *task)
{
    const bool two_steps = task->plan->give_second != NULL;
    int rc;

    for (;;) {
        switch (task->phase) {
            case IVS_COLL_GIVING:
                rc = give_pieces(task);
                break;
            case IVS_COLL_GIVING_SECOND:
                rc = give_seconds(task);
                break;
            default:
                rc = take_pieces(task);
        }
        if (rc != 0) {
            return rc;
        }
        task->index = 0;
        if (task->phase == IVS_COLL_TAKING) {
            if (two_steps) {
                end_seconds(task);
            }
            task->count = 0;
            task->seconds = 0;
            task->phase = IVS_COLL_GIVING;
            if (task->at == task->total) {
                return 0;
            }
        } else {
            task->phase = task->phase == IVS_COLL_GIVING && two_steps ? IVS_COLL_GIVING_SECOND
                                                                      : IVS_COLL_TAKING;
        }
    }
}

int ivs_coll_run(struct ivs_coll_task *task)
{
    task->coll->call = task->call;
    return task->coll->failed != 0 ? task->coll->failed : carry_on(task);
}

static int not_now(void *context)
{
    (void) context;
    return -EAGAIN;
}

int ivs_coll_advance(struct ivs_coll_task *task)
{
    struct ivs_coll *coll = task->coll;
    int (*const wait)(void *) = coll->wait;
    const uint32_t looks = coll->looks;
    int rc;

    coll->wait = not_now;
    coll->looks = 1;
    rc = ivs_coll_run(task);
    coll->wait = wait;
    coll->looks = looks;
    return rc;
}
