/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The lock between VMs that several may share: exclusion, sharing, reservation, misuse, garbage;
 * and every word that members can reach by their own steps.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/ivs_rwlock.h"

#define MEMBERS 4
#define ROUNDS 20000

static ivs_rwlock_t lock;
static long counter; /* plain: the lock is what protects it */

static int try_once(uint32_t self, bool alone)
{
    uint32_t tries = 0;

    return ivs_rwlock_try(&lock, self, MEMBERS, alone, &tries);
}

/* A try of a member that has waited long. */
static int try_late(uint32_t self, bool alone)
{
    uint32_t tries = IVS_RWLOCK_RESERVE_AFTER;

    return ivs_rwlock_try(&lock, self, MEMBERS, alone, &tries);
}

static uint64_t word(void)
{
    return ivl_sh64_load_relaxed(&lock.word);
}

/* ---- threads ----------------------------------------------------------------------------------- */

static long take(uint32_t self, bool alone)
{
    uint32_t tries = 0;
    int rc;

    while ((rc = ivs_rwlock_try(&lock, self, MEMBERS, alone, &tries)) == -EAGAIN) {
        sched_yield();
    }
    return rc != 0;
}

/* Every fourth turn alone; what sharers see must not change. */
static void *work(void *arg)
{
    uint32_t self = (uint32_t) (uintptr_t) arg;
    long failures = 0;

    for (int i = 0; i < ROUNDS; i++) {
        bool alone = ((uint32_t) i + self) % 4 == 0;
        failures += take(self, alone);
        long seen = counter;
        if (alone) {
            counter = seen + 1;
        } else {
            failures += *(volatile long *) &counter != seen;
        }
        failures += ivs_rwlock_drop(&lock, self, alone) != 0;
    }
    return (void *) (intptr_t) failures;
}

static void test_excludes(void **state)
{
    pthread_t threads[MEMBERS];

    (void) state;
    ivs_rwlock_init(&lock);
    counter = 0;
    for (uintptr_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *) i), 0);
    }
    for (int i = 0; i < MEMBERS; i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    assert_int_equal(counter, (long) MEMBERS * ROUNDS / 4);
    assert_int_equal(word(), 0);
}

/* ---- one after another ------------------------------------------------------------------------- */

static void test_shares(void **state)
{
    (void) state;
    ivs_rwlock_init(&lock);
    assert_int_equal(try_once(0, false), 0);
    assert_int_equal(try_once(1, false), 0);
    assert_int_equal(try_once(2, true), -EAGAIN);
    assert_int_equal(ivs_rwlock_holder(&lock), -1);
    assert_int_equal(ivs_rwlock_drop(&lock, 0, false), 0);
    assert_int_equal(ivs_rwlock_drop(&lock, 1, false), 0);
    assert_int_equal(try_once(2, true), 0);
    assert_int_equal(ivs_rwlock_holder(&lock), 2);
    assert_int_equal(try_once(0, false), -EAGAIN);
    assert_int_equal(ivs_rwlock_drop(&lock, 2, true), 0);
}

/* Who has waited long goes before those who come later, sharers too. */
static void test_reserves(void **state)
{
    uint32_t tries = 0;

    (void) state;
    ivs_rwlock_init(&lock);
    assert_int_equal(try_once(0, false), 0);
    for (int i = 0; i < IVS_RWLOCK_RESERVE_AFTER; i++) {
        assert_int_equal(ivs_rwlock_try(&lock, 1, MEMBERS, true, &tries), -EAGAIN);
        assert_int_equal(try_once(2, false), 0); /* not reserved yet */
        assert_int_equal(ivs_rwlock_drop(&lock, 2, false), 0);
    }
    assert_int_equal(ivs_rwlock_try(&lock, 1, MEMBERS, true, &tries), -EAGAIN);
    assert_int_equal(try_once(2, false), -EAGAIN);
    assert_int_equal(try_late(2, true), -EAGAIN); /* one reservation at a time */
    assert_int_equal(ivs_rwlock_drop(&lock, 0, false), 0);
    assert_int_equal(try_once(2, true), -EAGAIN);
    assert_int_equal(ivs_rwlock_try(&lock, 1, MEMBERS, true, &tries), 0);
    assert_int_equal(ivs_rwlock_drop(&lock, 1, true), 0);
    assert_int_equal(word(), 0);
}

static void test_forgets(void **state)
{
    (void) state;
    ivs_rwlock_init(&lock);
    assert_int_equal(try_once(0, true), 0);
    assert_int_equal(try_late(1, true), -EAGAIN);
    ivs_rwlock_forget(&lock, 2); /* not its reservation */
    assert_int_equal(ivs_rwlock_drop(&lock, 0, true), 0);
    assert_int_equal(try_once(2, true), -EAGAIN);
    ivs_rwlock_forget(&lock, 1);
    assert_int_equal(try_once(2, true), 0);
    assert_int_equal(ivs_rwlock_drop(&lock, 2, true), 0);
}

static void test_misuse(void **state)
{
    (void) state;
    ivs_rwlock_init(&lock);
    assert_int_equal(ivs_rwlock_drop(&lock, 1, true), -EPERM);
    assert_int_equal(ivs_rwlock_drop(&lock, 1, false), -EPERM);
    assert_int_equal(try_once(1, true), 0);
    assert_int_equal(try_once(1, true), -EDEADLK);
    assert_int_equal(try_once(1, false), -EDEADLK);
    assert_int_equal(ivs_rwlock_drop(&lock, 2, true), -EPERM);
    assert_int_equal(ivs_rwlock_drop(&lock, 1, false), -EPERM);
    assert_int_equal(ivs_rwlock_drop(&lock, 1, true), 0);
}

/* Words that no member can have written: refused, and left as they are. */
static void test_garbage(void **state)
{
    static const uint64_t bad[] = {
        UINT64_MAX,
        (uint64_t) 1 << 48,             /* a bit that means nothing */
        MEMBERS + 1,                    /* no such holder */
        (uint64_t) (MEMBERS + 1) << 16, /* more sharers than members */
        (uint64_t) (MEMBERS + 1) << 32, /* reserved for nobody */
        1 | (uint64_t) 1 << 16,         /* held alone and shared */
    };

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (uint32_t self = 0; self < MEMBERS; self++) {
            ivl_sh64_store_relaxed(&lock.word, bad[i]);
            assert_int_equal(try_once(self, true), -EBADMSG);
            assert_int_equal(try_late(self, false), -EBADMSG);
            assert_int_equal(word(), bad[i]);
        }
    }
    ivl_sh64_store_relaxed(&lock.word, UINT64_MAX);
    assert_int_equal(ivs_rwlock_drop(&lock, 0, true), -EPERM);
    assert_int_equal(ivs_rwlock_drop(&lock, 0, false), -EPERM);
}

/* ---- all runs ---------------------------------------------------------------------------------- */

#define ACTORS 3
#define STATES 4096

/* Each step is one compare-and-swap, so runs of whole steps are all runs there are. */
enum what {
    IDLE,
    WAITS_ALONE,
    WAITS_LATE_ALONE,
    WAITS_SHARED,
    WAITS_LATE_SHARED,
    ALONE,
    SHARED
};

struct point {
    uint64_t word;
    unsigned char actor[ACTORS];
};

static struct point seen[STATES];
static size_t seen_count;

static void note(const unsigned char *actor)
{
    struct point point;

    memset(&point, 0, sizeof(point));
    point.word = word();
    memcpy(point.actor, actor, ACTORS);
    for (size_t i = 0; i < seen_count; i++) {
        if (memcmp(&seen[i], &point, sizeof(point)) == 0) {
            return;
        }
    }
    assert_true(seen_count < STATES);
    seen[seen_count++] = point;
}

static void check(const struct point *point)
{
    unsigned alone = 0, shared = 0;

    for (int i = 0; i < ACTORS; i++) {
        alone += point->actor[i] == ALONE;
        shared += point->actor[i] == SHARED;
    }
    assert_true(alone + (shared != 0) <= 1);
    assert_int_equal(point->word >> 16 & 0xffff, shared);
    assert_int_equal((point->word & 0xffff) != 0, alone);
}

static bool waits(unsigned char what)
{
    return what >= WAITS_ALONE && what <= WAITS_LATE_SHARED;
}

/* Tries for actor i as its state says; its next state. */
static unsigned char attempt(uint32_t i, unsigned char what)
{
    bool alone = what == WAITS_ALONE || what == WAITS_LATE_ALONE;
    bool late = what == WAITS_LATE_ALONE || what == WAITS_LATE_SHARED;
    int rc = late ? try_late(i, alone) : try_once(i, alone);

    if (rc == 0) {
        return alone ? ALONE : SHARED;
    }
    assert_int_equal(rc, -EAGAIN);
    return alone ? WAITS_LATE_ALONE : WAITS_LATE_SHARED;
}

static void step(struct point from, uint32_t i, unsigned char next)
{
    unsigned char actor[ACTORS];
    unsigned char what = from.actor[i];

    memcpy(actor, from.actor, ACTORS);
    ivl_sh64_store_relaxed(&lock.word, from.word);
    if (what == ALONE || what == SHARED) {
        assert_int_equal(ivs_rwlock_drop(&lock, i, what == ALONE), 0);
        actor[i] = IDLE;
    } else if (waits(what) && next == IDLE) {
        ivs_rwlock_forget(&lock, i);
        actor[i] = IDLE;
    } else if (waits(what)) {
        actor[i] = attempt(i, what);
    } else {
        actor[i] = next;
    }
    note(actor);
}

/* If all holders let go and one waiter tries on, it gets the lock, whoever reserved it, unless
 * the reservation is another waiter's: then that one does. */
static void check_somebody_gets_it(const struct point *point)
{
    struct point now = *point;
    bool wanted = false, got = false;

    ivl_sh64_store_relaxed(&lock.word, now.word);
    for (uint32_t i = 0; i < ACTORS; i++) {
        if (now.actor[i] == ALONE || now.actor[i] == SHARED) {
            assert_int_equal(ivs_rwlock_drop(&lock, i, now.actor[i] == ALONE), 0);
        }
    }
    for (uint32_t i = 0; i < ACTORS; i++) {
        if (waits(now.actor[i])) {
            wanted = true;
            got = got || attempt(i, now.actor[i]) >= ALONE;
        }
    }
    assert_true(got || !wanted);
}

static void test_all_runs(void **state)
{
    const unsigned char idle[ACTORS] = { IDLE, IDLE, IDLE };

    (void) state;
    ivs_rwlock_init(&lock);
    seen_count = 0;
    note(idle);
    for (size_t done = 0; done < seen_count; done++) {
        struct point from = seen[done];
        check(&from);
        check_somebody_gets_it(&from);
        for (uint32_t i = 0; i < ACTORS; i++) {
            if (from.actor[i] == IDLE) {
                step(from, i, WAITS_ALONE);
                step(from, i, WAITS_SHARED);
            } else {
                step(from, i, WAITS_ALONE);
                step(from, i, IDLE);
            }
        }
    }
    print_message("%zu states\n", seen_count);
    assert_true(seen_count > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_excludes), cmocka_unit_test(test_shares),
        cmocka_unit_test(test_reserves), cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_misuse),   cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_all_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
