/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A lock between VMs: test-and-test-and-set with back-off, in one 64-bit word of the region. No
 * queue of waiters: a waiter whose vCPU is preempted holds up nobody.
 */
#ifndef IVS_LOCK_H_INCLUDED
#define IVS_LOCK_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "shared_word.h"

/* Word: 0 = free, else the holder's member index + 1. */
typedef struct {
    ivl_sh64_t word;
} ivs_lock_t;

/* Who waits, for whom, how long. */
struct ivs_waiter {
    uint32_t self;    /* own member index */
    uint32_t members; /* indices are below it */
    /* Asked every so often whether the member waited for still lives. */
    bool (*alive)(uint32_t member);
    /* Seconds after which one holder that lives is not waited for any longer: what is done under
     * these locks is short, so the word was overwritten. */
    uint32_t patience_s;
};

/* A wait for one member. Begin with all zero. */
struct ivs_patience {
    uint64_t of;    /* member + 1 waited for; 0: none yet */
    uint64_t since; /* ms of the monotonic clock */
};

/* 0: wait on; -EOWNERDEAD the member has died; -ETIMEDOUT patience has run out. */
int ivs_patience_ask(struct ivs_patience *wait, const struct ivs_waiter *who, uint32_t member);

void ivs_lock_init(ivs_lock_t *lock);

/* 0; -EOWNERDEAD, -ETIMEDOUT as above, about the holder; -EBADMSG the word names no member
 * (corrupt); -EDEADLK self holds it already. */
int ivs_lock_take(ivs_lock_t *lock, const struct ivs_waiter *who);

/* 0; -EPERM self does not hold it. */
int ivs_lock_drop(ivs_lock_t *lock, uint32_t self);

#endif /* IVS_LOCK_H_INCLUDED */
