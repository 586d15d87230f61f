/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Invariants of the word: not both a holder and sharers; while it is reserved, only the member it
 * is reserved for takes it; taking it ends the reservation. Holders write only what is theirs.
 */
#include <errno.h>

#include "ivs_rwlock.h"

#define FIELD 0xffffu
#define SHARED_ONE ((uint64_t) 1 << 16)

/* Changes of the word between a load and a compare-and-swap, in a row, before a caller hears of it:
 * every honest one takes part in the lock, so far fewer come; who is not honest does not hold us. */
#define TRIES_MOST 64
#define DROP_TRIES_MOST 1000000

struct fields {
    uint32_t holder, sharers, reserved;
};

static struct fields fields_of(uint64_t word)
{
    struct fields f = { (uint32_t) (word & FIELD), (uint32_t) (word >> 16 & FIELD),
                        (uint32_t) (word >> 32 & FIELD) };
    return f;
}

static uint64_t word_of(struct fields f)
{
    return (uint64_t) f.holder | (uint64_t) f.sharers << 16 | (uint64_t) f.reserved << 32;
}

static bool is_sane(uint64_t word, uint32_t members)
{
    struct fields f = fields_of(word);

    return word >> 48 == 0 && f.holder <= members && f.sharers <= members &&
           f.reserved <= members && (f.holder == 0 || f.sharers == 0);
}

void ivs_rwlock_init(ivs_rwlock_t *lock)
{
    /* relaxed: the creator publishes the block it lies in by other means */
    ivl_sh64_store_relaxed(&lock->word, 0);
}

int ivs_rwlock_try(ivs_rwlock_t *lock, uint32_t self, uint32_t members, bool alone, uint32_t *tries)
{
    uint64_t found = ivl_sh64_load_relaxed(&lock->word); /* relaxed: the CAS below orders */
    uint32_t tried = *tries;

    if (tried < IVS_RWLOCK_RESERVE_AFTER) {
        *tries = tried + 1;
    }
    for (int i = 0; i < TRIES_MOST; i++) {
        struct fields f = fields_of(found), next = f;
        bool taken;

        if (!is_sane(found, members)) {
            return -EBADMSG;
        }
        if (f.holder == self + 1) {
            return -EDEADLK;
        }
        taken = f.holder == 0 && (f.sharers == 0 || !alone) &&
                (f.reserved == 0 || f.reserved == self + 1);
        if (taken) {
            next.holder = alone ? self + 1 : 0;
            next.sharers += alone ? 0 : 1;
            next.reserved = 0;
        } else if (f.reserved == 0 && tried >= IVS_RWLOCK_RESERVE_AFTER) {
            next.reserved = self + 1;
        } else {
            return -EAGAIN;
        }
        /* [rwlock A] pairs with [rwlock R] in ivs_rwlock_drop: what the last holders wrote under
         * the lock is seen */
        if (ivl_sh64_cas(&lock->word, &found, word_of(next))) {
            return taken ? 0 : -EAGAIN;
        }
    }
    return -EAGAIN;
}

void ivs_rwlock_forget(ivs_rwlock_t *lock, uint32_t self)
{
    uint64_t found = ivl_sh64_load_relaxed(&lock->word);

    for (int i = 0; i < DROP_TRIES_MOST && fields_of(found).reserved == self + 1; i++) {
        struct fields next = fields_of(found);
        next.reserved = 0;
        if (ivl_sh64_cas(&lock->word, &found, (found >> 48) << 48 | word_of(next))) {
            return;
        }
    }
}

int ivs_rwlock_drop(ivs_rwlock_t *lock, uint32_t self, bool alone)
{
    uint64_t found = ivl_sh64_load_relaxed(&lock->word);

    for (int i = 0; i < DROP_TRIES_MOST; i++) {
        struct fields f = fields_of(found);

        if (alone ? f.holder != self + 1 : f.holder != 0 || f.sharers == 0) {
            return -EPERM;
        }
        /* [rwlock R] pairs with [rwlock A] in ivs_rwlock_try; only the field changes that is
         * known to be in order */
        if (ivl_sh64_cas(&lock->word, &found, found - (alone ? (uint64_t) f.holder : SHARED_ONE))) {
            return 0;
        }
    }
    return -EBADMSG;
}

int ivs_rwlock_holder(const ivs_rwlock_t *lock)
{
    return (int) (ivl_sh64_load_relaxed(&lock->word) & FIELD) - 1;
}
