/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Atomics on few elements beside plain loops under the lock: nothing is lost, a busy or dead
 * member is waited for or found, targets do not get in each other's way.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/ivs_element.h"
#include "core/ivs_guard.h"

#define MEMBERS 4
#define ROUNDS 20000
#define ELEMENTS 16

static ivs_lock_t locks[2];
static struct ivs_guard lines[MEMBERS];
static uint32_t member_of[MEMBERS] = { 0, 1, 2, 3 };
static const struct ivs_guards guards = { lines, member_of, MEMBERS };
static uint64_t elements[2][ELEMENTS];

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

static void reset(void)
{
    ivs_lock_init(&locks[0]);
    ivs_lock_init(&locks[1]);
    memset(lines, 0, sizeof(lines));
    memset(elements, 0, sizeof(elements));
}

static int lock_target(uint32_t target, uint32_t self, bool (*alive)(uint32_t))
{
    const struct ivs_waiter who = {
        .self = self, .members = MEMBERS, .alive = alive, .patience_s = 1
    };

    return ivs_guard_lock(&locks[target], &guards, target, &who);
}

static long change_plainly(uint32_t target, uint32_t self)
{
    long failures = lock_target(target, self, is_alive) != 0;

    for (int i = 0; i < ELEMENTS; i++) {
        /* two steps, so that a change in between would be lost; relaxed: the lock orders */
        uint64_t value = __atomic_load_n(&elements[target][i], __ATOMIC_RELAXED);
        __atomic_store_n(&elements[target][i], value + 1, __ATOMIC_RELAXED);
    }
    return failures + (ivs_lock_drop(&locks[target], self) != 0);
}

static long change(uint32_t target, uint32_t self)
{
    if (!ivs_guard_enter(&lines[self], &locks[target], target)) {
        return change_plainly(target, self);
    }
    for (int i = 0; i < ELEMENTS; i++) {
        (void) ivs_element_add(&elements[target][i], 8, 1);
    }
    ivs_guard_leave(&lines[self]);
    return 0;
}

static void *work(void *arg)
{
    uint32_t self = (uint32_t) (uintptr_t) arg;
    long failures = 0;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t target = (i + self) % 2;
        failures += i % 8 == self ? change_plainly(target, self) : change(target, self);
    }
    return (void *) (intptr_t) failures;
}

static void test_nothing_lost(void **state)
{
    pthread_t threads[MEMBERS];

    (void) state;
    reset();
    for (uintptr_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *) i), 0);
    }
    for (int i = 0; i < MEMBERS; i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    for (int i = 0; i < ELEMENTS; i++) {
        assert_int_equal(elements[0][i], MEMBERS * ROUNDS / 2);
        assert_int_equal(elements[1][i], MEMBERS * ROUNDS / 2);
    }
}

static void test_keeps_out(void **state)
{
    (void) state;
    reset();
    assert_int_equal(lock_target(0, 1, is_alive), 0);
    assert_false(ivs_guard_enter(&lines[2], &locks[0], 0));
    assert_int_equal(ivl_sh64_load_relaxed(&lines[2].busy), 0);
    assert_true(ivs_guard_enter(&lines[2], &locks[1], 1)); /* another target */
    ivs_guard_leave(&lines[2]);
    assert_int_equal(ivs_lock_drop(&locks[0], 1), 0);
    assert_true(ivs_guard_enter(&lines[2], &locks[0], 0));
    ivs_guard_leave(&lines[2]);
}

/* Its own line cannot be busy while it locks, so a busy line is another member's: one that is busy
 * with another target is not waited for, one that has died is found. */
static void test_busy_line(void **state)
{
    (void) state;
    reset();
    assert_true(ivs_guard_enter(&lines[3], &locks[1], 1));
    assert_int_equal(lock_target(0, 1, is_dead), 0);
    assert_int_equal(ivs_lock_drop(&locks[0], 1), 0);
    assert_int_equal(lock_target(1, 1, is_dead), -EOWNERDEAD);
    assert_int_equal(ivs_lock_drop(&locks[1], 1), -EPERM);     /* not held after the error */
    assert_int_equal(lock_target(1, 1, is_alive), -ETIMEDOUT); /* stuck, and its member lives */
    assert_int_equal(ivs_lock_drop(&locks[1], 1), -EPERM);
    ivl_sh64_store_relaxed(&lines[3].busy, UINT64_MAX); /* garbage names no target */
    assert_int_equal(lock_target(1, 1, is_dead), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_lost),
        cmocka_unit_test(test_keeps_out),
        cmocka_unit_test(test_busy_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
