/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The tests in shared memory of benchmarks/primitive, two threads for the two processes: the
 * bakery lock excludes, the semaphores count, and wrong data are found.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../benchmarks/primitive/area.h"

#define ROUNDS 1000000
#define LOOKS 20
#define ITERATIONS 2000
#define SLOW_WAITS 200000

static struct area area;
static struct bakery bakery;
static long counter, strangers; /* plain: the lock is what protects them */
static ivl_sh64_t occupant;     /* who is inside, and one */
static jmp_buf failed;
static char failure[200];
static bool expected; /* a failure of player 0 is part of the test */

/* ---- what the program has in other files -------------------------------------------------- */

_Noreturn void die(const char *where, const char *what_fmt, ...)
{
    int length = snprintf(failure, sizeof(failure), "%s: ", where);
    va_list arguments;

    va_start(arguments, what_fmt);
    vsnprintf(failure + length, sizeof(failure) - (size_t) length, what_fmt, arguments);
    va_end(arguments);
    if (expected) {
        longjmp(failed, 1);
    }
    fprintf(stderr, "%s\n", failure);
    abort();
}

void wait_slowly(struct wait *wait)
{
    if (++wait->deadline > SLOW_WAITS) {
        expected = false;
        die("wait", "no end of it");
    }
    sched_yield();
}

/* ---- good data ---------------------------------------------------------------------------- */

/* Long enough for another one to come in. */
static void be_inside(unsigned me)
{
    long seen = counter;

    ivl_sh64_store_relaxed(&occupant, me + 1);
    for (int look = 0; look < LOOKS; look++) {
        strangers += ivl_sh64_load_relaxed(&occupant) != me + 1;
    }
    counter = seen + 1;
}

static void *contend(void *arg)
{
    unsigned me = (unsigned) (uintptr_t) arg;

    for (int i = 0; i < ROUNDS; i++) {
        bakery_lock(&bakery, me);
        be_inside(me);
        bakery_unlock(&bakery, me);
    }
    return NULL;
}

/* One in this thread, the other one in a second thread. */
static void run_both(void *(*mine)(void *), void *my_arg, void *(*other)(void *), void *other_arg)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, other, other_arg), 0);
    mine(my_arg);
    pthread_join(thread, NULL);
}

static void test_excludes(void **state)
{
    (void) state;
    memset(&bakery, 0, sizeof(bakery));
    counter = strangers = 0;
    run_both(contend, (void *) 0, contend, (void *) 1);
    assert_int_equal(counter, 2 * ROUNDS);
    assert_int_equal(strangers, 0);
}

static void test_order_of_entry(void **state)
{
    (void) state;
    assert_true(bakery_first(7, 0, 1)); /* nobody else wants to */
    assert_true(bakery_first(3, 4, 1)); /* the lower number */
    assert_false(bakery_first(4, 3, 0));
    assert_true(bakery_first(4, 4, 0)); /* of equal ones process 0 */
    assert_false(bakery_first(4, 4, 1));
}

static void test_semaphore(void **state)
{
    static struct semaphore semaphore;

    (void) state;
    assert_false(semaphore_try(&semaphore, 0));
    semaphore_give(&semaphore, 1);
    semaphore_give(&semaphore, 0);
    assert_true(semaphore_try(&semaphore, 0));
    semaphore_take(&semaphore, 1);
    assert_false(semaphore_try(&semaphore, 1));
}

static void *play(void *arg)
{
    struct player *player = shared_open(&area, arg == NULL);

    for (int repetition = 0; repetition < 2; repetition++) {
        shared_run(player, TEST_RAW, ITERATIONS);
        shared_run(player, TEST_SYNC, ITERATIONS);
        shared_check(player, ITERATIONS);
        shared_run(player, TEST_SYNC1K, ITERATIONS);
    }
    shared_close(player);
    return NULL;
}

static void test_all(void **state)
{
    (void) state;
    assert_true(shared_bytes() >= sizeof(area));
    memset(&area, 0, sizeof(area));
    run_both(play, NULL, play, &area);
    assert_int_equal(ivl_sh64_load_relaxed(&area.raw.word), 2 * 2 * ITERATIONS);
    assert_int_equal(ivl_sh64_load_relaxed(&area.integer.word), 2 * 2 * ITERATIONS);
}

/* ---- wrong data --------------------------------------------------------------------------- */

/* Increments by two. */
static void *play_wrong_integer(void *unused)
{
    (void) unused;
    semaphore_take(&area.turn[1], 1);
    ivl_sh64_store_relaxed(&area.integer.word, ivl_sh64_load_relaxed(&area.integer.word) + 2);
    semaphore_give(&area.turn[0], 1);
    return NULL;
}

/* Sends back what it got. */
static void *play_wrong_bytes(void *unused)
{
    (void) unused;
    semaphore_take(&area.turn[1], 1);
    semaphore_give(&area.turn[0], 1);
    return NULL;
}

static void run_to_failure(enum test test, void *(*partner)(void *) )
{
    struct player *player;
    pthread_t thread;

    memset(&area, 0, sizeof(area));
    failure[0] = '\0';
    player = shared_open(&area, true);
    assert_int_equal(pthread_create(&thread, NULL, partner, NULL), 0);
    expected = true;
    if (setjmp(failed) == 0) {
        if (test == TEST_SYNC1K) {
            shared_check(player, 1);
        } else {
            shared_run(player, test, 1);
        }
    }
    expected = false;
    pthread_join(thread, NULL);
    shared_close(player);
}

static void test_wrong_integer(void **state)
{
    (void) state;
    run_to_failure(TEST_SYNC, play_wrong_integer);
    assert_non_null(strstr(failure, "sync: the integer is 3 instead of 2"));
}

static void test_wrong_bytes(void **state)
{
    (void) state;
    run_to_failure(TEST_SYNC1K, play_wrong_bytes);
    assert_non_null(strstr(failure, "sync1k: byte 0 of iteration 0 is 1 instead of 102"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_excludes),      cmocka_unit_test(test_order_of_entry),
        cmocka_unit_test(test_semaphore),     cmocka_unit_test(test_all),
        cmocka_unit_test(test_wrong_integer), cmocka_unit_test(test_wrong_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
