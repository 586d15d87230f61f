/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Invariant: while a member is between ivs_guard_lock() and ivs_lock_drop(), no member is between
 * a successful ivs_guard_enter() and ivs_guard_leave() for the same target.
 */
#include <errno.h>
#include <sched.h>

#include "ivs_guard.h"

#define LOOKS_BEFORE_YIELD 64
#define YIELDS_BEFORE_ASKING 256

/* A line is empty again after a few atomics, unless its member was preempted or has died. Any
 * value is good for a comparison: a line of garbage only matters if it names the target, and then
 * patience ends it. */
static int wait_for(const struct ivs_guard *line, uint64_t target, uint32_t member,
                    const struct ivs_waiter *who)
{
    struct ivs_patience wait = { 0 };
    int rc = 0;

    /* [guard L] */
    for (uint32_t look = 1; ivl_sh64_load_seqcst(&line->busy) == target && rc == 0; look++) {
        if (look % LOOKS_BEFORE_YIELD == 0) {
            sched_yield();
        }
        if (look % (LOOKS_BEFORE_YIELD * YIELDS_BEFORE_ASKING) == 0) {
            rc = ivs_patience_ask(&wait, who, member);
        }
    }
    return rc;
}

int ivs_guard_lock(ivs_lock_t *lock, const struct ivs_guards *guards, uint32_t target,
                   const struct ivs_waiter *who)
{
    int rc = ivs_lock_take(lock, who);

    if (rc != 0) {
        return rc;
    }
    /* [guard S] on this side: for all, the lock's word before the lines (seq_cst) */
    (void) ivl_sh64_fetch_add_seqcst(&lock->word, 0);
    for (uint32_t i = 0; i < guards->count && rc == 0; i++) {
        rc = wait_for(&guards->lines[i], (uint64_t) target + 1, guards->member_of[i], who);
    }
    if (rc != 0) {
        (void) ivs_lock_drop(lock, who->self);
    }
    return rc;
}
