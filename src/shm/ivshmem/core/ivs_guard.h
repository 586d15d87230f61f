/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Two ways to change the memory of a target, kept apart: processor atomics on few elements, by any
 * number of members at once, and plain loops over many, by one member under the target's lock.
 * The first must cost next to nothing, so a member only says in a line of its own that it is at
 * it; who takes the lock then waits for those who are. (Dekker's rule, with as many on one side
 * as like.)
 */
#ifndef IVS_GUARD_H_INCLUDED
#define IVS_GUARD_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "ivs_lock.h"

/* A member's line: 0, or the target that it is changing by atomics, + 1. */
struct ivs_guard {
    ivl_sh64_t busy;
    char fill[56];
};

/* Whether atomics may be used on the target now; if so, ivs_guard_leave() must follow soon. */
static inline bool ivs_guard_enter(struct ivs_guard *own, const ivs_lock_t *lock, uint32_t target)
{
    /* [guard S] the exchange comes before the load below for all (seq_cst), so either that sees
     * the lock taken, or its taker's look at this line, [guard L], sees the target */
    (void) ivl_sh64_exchange_seqcst(&own->busy, (uint64_t) target + 1);
    if (ivl_sh64_load_seqcst(&lock->word) == 0) {
        return true;
    }
    ivl_sh64_store_release(&own->busy, 0);
    return false;
}

static inline void ivs_guard_leave(struct ivs_guard *own)
{
    /* release: who finds the line empty [guard L] sees the changes */
    ivl_sh64_store_release(&own->busy, 0);
}

/* The lines of those that may change a target. Line i is that of member member_of[i]. */
struct ivs_guards {
    struct ivs_guard *lines;
    uint32_t *member_of; /* private */
    uint32_t count;
};

/* Takes the target's lock and waits until no member changes the target by atomics. Errors as of
 * ivs_lock_take(), about the lock's holder or a member that is at it; then it is not held. */
int ivs_guard_lock(ivs_lock_t *lock, const struct ivs_guards *guards, uint32_t target,
                   const struct ivs_waiter *who);

#endif /* IVS_GUARD_H_INCLUDED */
