/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The lock between VMs: mutual exclusion, misuse, a dead holder, garbage in the word.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/ivs_lock.h"

#define MEMBERS 4
#define ROUNDS 20000

static ivs_lock_t lock;
static long counter; /* plain: the lock is what protects it */

static bool is_alive(uint32_t member)
{
    (void) member;
    return true;
}

static bool is_dead(uint32_t member)
{
    (void) member;
    return false;
}

static int take(uint32_t self, bool (*alive)(uint32_t))
{
    const struct ivs_waiter who = {
        .self = self, .members = MEMBERS, .alive = alive, .patience_s = 1
    };

    return ivs_lock_take(&lock, &who);
}

static void *work(void *arg)
{
    uint32_t self = (uint32_t) (uintptr_t) arg;
    long failures = 0;

    for (int i = 0; i < ROUNDS; i++) {
        failures += take(self, is_alive) != 0;
        counter++;
        failures += ivs_lock_drop(&lock, self) != 0;
    }
    return (void *) (intptr_t) failures;
}

static void test_excludes(void **state)
{
    pthread_t threads[MEMBERS];

    (void) state;
    ivs_lock_init(&lock);
    counter = 0;
    for (uintptr_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *) i), 0);
    }
    for (int i = 0; i < MEMBERS; i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    assert_int_equal(counter, (long) MEMBERS * ROUNDS);
}

static void test_misuse(void **state)
{
    (void) state;
    ivs_lock_init(&lock);
    assert_int_equal(ivs_lock_drop(&lock, 1), -EPERM);
    assert_int_equal(take(1, is_alive), 0);
    assert_int_equal(take(1, is_alive), -EDEADLK);
    assert_int_equal(ivs_lock_drop(&lock, 2), -EPERM);
    assert_int_equal(ivs_lock_drop(&lock, 1), 0);
}

static void test_dead_holder(void **state)
{
    (void) state;
    ivs_lock_init(&lock);
    assert_int_equal(take(2, is_alive), 0);
    assert_int_equal(take(1, is_dead), -EOWNERDEAD);
}

/* A word that names a member which lives and does not hold it. */
static void test_stuck_word(void **state)
{
    (void) state;
    ivl_sh64_store_relaxed(&lock.word, 3);
    assert_int_equal(take(1, is_alive), -ETIMEDOUT);
    assert_int_equal(ivl_sh64_load_relaxed(&lock.word), 3);
}

static void test_garbage_in_word(void **state)
{
    (void) state;
    ivl_sh64_store_relaxed(&lock.word, MEMBERS + 1);
    assert_int_equal(take(1, is_alive), -EBADMSG);
    ivl_sh64_store_relaxed(&lock.word, UINT64_MAX);
    assert_int_equal(take(1, is_alive), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_excludes),        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_dead_holder),     cmocka_unit_test(test_stuck_word),
        cmocka_unit_test(test_garbage_in_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
