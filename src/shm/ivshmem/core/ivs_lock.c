/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Invariant: only the holder writes the word, and only to 0; everyone else changes it from 0 by
 * compare-and-swap.
 */
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "ivs_lock.h"

#define SPINS_BEFORE_YIELD 64
#define ROUNDS_BEFORE_ASKING 1024

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

void ivs_lock_init(ivs_lock_t *lock)
{
    /* relaxed: the creator publishes the block it lies in by other means */
    ivl_sh64_store_relaxed(&lock->word, 0);
}

int ivs_patience_ask(struct ivs_patience *wait, const struct ivs_waiter *who, uint32_t member)
{
    struct timespec now;
    uint64_t now_ms;

    if (!who->alive(member)) {
        return -EOWNERDEAD;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    now_ms = (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
    if (wait->of != (uint64_t) member + 1) {
        wait->of = (uint64_t) member + 1;
        wait->since = now_ms;
    }
    return now_ms - wait->since > (uint64_t) who->patience_s * 1000 ? -ETIMEDOUT : 0;
}

/* What a waiter finds out about the holder: 0 = wait on. */
static int judge(uint64_t found, const struct ivs_waiter *who, struct ivs_patience *wait)
{
    if (found > who->members) {
        return -EBADMSG;
    }
    if (found == (uint64_t) who->self + 1) {
        return -EDEADLK;
    }
    return found == 0 ? 0 : ivs_patience_ask(wait, who, (uint32_t) found - 1);
}

/* Waits a little while the lock looks taken; true when it looks free. */
static bool wait_briefly(const ivs_lock_t *lock)
{
    for (int i = 0; i < SPINS_BEFORE_YIELD; i++) {
        /* relaxed: the compare-and-swap that follows orders */
        if (ivl_sh64_load_relaxed(&lock->word) == 0) {
            return true;
        }
        pause_briefly();
    }
    sched_yield();
    return false;
}

int ivs_lock_take(ivs_lock_t *lock, const struct ivs_waiter *who)
{
    struct ivs_patience wait = { 0 };
    uint64_t found = 0;

    for (uint32_t round = 1;; round++) {
        found = 0;
        /* [lock A] pairs with [lock R] in ivs_lock_drop: what the last holder wrote under the
         * lock is seen */
        if (ivl_sh64_cas(&lock->word, &found, (uint64_t) who->self + 1)) {
            return 0;
        }
        if (round % ROUNDS_BEFORE_ASKING == 0 || found > who->members) {
            int verdict = judge(found, who, &wait);
            if (verdict != 0) {
                return verdict;
            }
        }
        (void) wait_briefly(lock);
    }
}

int ivs_lock_drop(ivs_lock_t *lock, uint32_t self)
{
    uint64_t expected = (uint64_t) self + 1;

    /* [lock R] pairs with [lock A] in ivs_lock_take */
    return ivl_sh64_cas(&lock->word, &expected, 0) ? 0 : -EPERM;
}
