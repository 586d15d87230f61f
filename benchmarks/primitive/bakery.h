/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Lamport's bakery lock for two processes: loads and stores only, no atomic read-modify-write is
 * needed of the memory they share. Who wants to enter draws a number above the other one's; the
 * lower number goes first, of equal ones that of process 0.
 *
 * It is right only if a process's store is seen by the other one before its own next load: each
 * says what it wants, then looks at the other. Processors, x86 too, let a load overtake an earlier
 * store to another place, and then both look before either has spoken. So the stores that a load
 * must not overtake, [1] and [2], are sequentially consistent, which costs an exchange or a fence
 * each and is most of the price of this lock, and so are the loads that follow them, [3], [4] and
 * [5]: all of these are in one order for both processes. Hence, if 0 does not see in [3] that 1
 * has drawn, its [1] was before the [2] of 1, and 1 finds in [4] that 0 is choosing and waits for
 * its number; and of two that have drawn, at least one sees the other's number in [5].
 * Releases are enough elsewhere: [6] only comes after [2], and [7] makes what was written under
 * the lock visible to whoever reads the 0 in [5].
 *
 * A number that a hostile partner writes can let both in or nobody: the tests notice wrong data,
 * and each wait has an end.
 */
#ifndef BAKERY_H_INCLUDED
#define BAKERY_H_INCLUDED

#include "primitive.h"
#include "shared_word.h"

/* A word with a cache line of its own. */
struct line {
    ivl_sh64_t word;
    uint8_t rest[IVL_CACHE_LINE - sizeof(ivl_sh64_t)];
};

/* One writer per line. */
struct bakery {
    struct line choosing[2];
    struct line number[2]; /* 0: does not want to enter */
};

static inline bool bakery_first(uint64_t mine, uint64_t theirs, unsigned me)
{
    return theirs == 0 || mine < theirs || (mine == theirs && me == 0);
}

static inline void bakery_lock(struct bakery *bakery, unsigned me)
{
    const unsigned other = 1 - me;
    struct wait wait = { 0 };
    uint64_t mine;

    ivl_sh64_exchange_seqcst(&bakery->choosing[me].word, 1);           /* [1] */
    mine = ivl_sh64_load_seqcst(&bakery->number[other].word) + 1;      /* [3] */
    ivl_sh64_exchange_seqcst(&bakery->number[me].word, mine);          /* [2] */
    ivl_sh64_store_release(&bakery->choosing[me].word, 0);             /* [6] */
    while (ivl_sh64_load_seqcst(&bakery->choosing[other].word) != 0) { /* [4] */
        wait_missed(&wait);
    }
    while (!bakery_first(mine, ivl_sh64_load_seqcst(&bakery->number[other].word), me)) { /* [5] */
        wait_missed(&wait);
    }
}

static inline void bakery_unlock(struct bakery *bakery, unsigned me)
{
    ivl_sh64_store_release(&bakery->number[me].word, 0); /* [7] */
}

/* A counting semaphore, whose count the lock guards. */
struct semaphore {
    struct bakery lock;
    struct line count;
};

static inline bool semaphore_try(struct semaphore *semaphore, unsigned me)
{
    uint64_t count;

    bakery_lock(&semaphore->lock, me);
    count = ivl_sh64_load_relaxed(&semaphore->count.word); /* relaxed: under the lock */
    if (count > 0) {
        ivl_sh64_store_relaxed(&semaphore->count.word, count - 1);
    }
    bakery_unlock(&semaphore->lock, me);
    return count > 0;
}

/* P */
static inline void semaphore_take(struct semaphore *semaphore, unsigned me)
{
    struct wait wait = { 0 };

    while (!semaphore_try(semaphore, me)) {
        wait_missed(&wait);
    }
}

/* V */
static inline void semaphore_give(struct semaphore *semaphore, unsigned me)
{
    bakery_lock(&semaphore->lock, me);
    ivl_sh64_store_relaxed(&semaphore->count.word,
                           ivl_sh64_load_relaxed(&semaphore->count.word) + 1);
    bakery_unlock(&semaphore->lock, me);
}

#endif /* BAKERY_H_INCLUDED */
