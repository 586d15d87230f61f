/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/ivs_cookie.h"

#define MANY 1000

static int objects[MANY];

static void test_comes_back_once(void **state)
{
    struct ivs_cookies cookies = { .entries = NULL };
    uint64_t cookie = ivs_cookie_make(&cookies, 3, 1, &objects[0]);
    (void) state;

    assert_int_not_equal(cookie, 0);
    assert_ptr_equal(ivs_cookie_redeem(&cookies, 3, 1, cookie), &objects[0]);
    assert_null(ivs_cookie_redeem(&cookies, 3, 1, cookie));
    ivs_cookies_clear(&cookies);
}

static void test_roles_end_one_by_one(void **state)
{
    struct ivs_cookies cookies = { .entries = NULL };
    uint64_t cookie = ivs_cookie_make(&cookies, 3, 1 | 2, &objects[0]);
    (void) state;

    assert_null(ivs_cookie_redeem(&cookies, 3, 4, cookie));
    assert_ptr_equal(ivs_cookie_redeem(&cookies, 3, 2, cookie), &objects[0]);
    assert_null(ivs_cookie_redeem(&cookies, 3, 2, cookie));
    assert_ptr_equal(ivs_cookie_redeem(&cookies, 3, 1, cookie), &objects[0]);
    assert_null(ivs_cookie_redeem(&cookies, 3, 1, cookie));
    ivs_cookies_clear(&cookies);
}

static void test_last_role_ends_all(void **state)
{
    struct ivs_cookies cookies = { .entries = NULL };
    uint64_t cookie = ivs_cookie_make(&cookies, 3, 1 | 2, &objects[0]);
    uint64_t other;
    (void) state;

    assert_null(ivs_cookie_redeem_last(&cookies, 3, 4, cookie));
    assert_null(ivs_cookie_redeem_last(&cookies, 2, 1, cookie));
    assert_ptr_equal(ivs_cookie_redeem_last(&cookies, 3, 2, cookie), &objects[0]);
    assert_null(ivs_cookie_redeem_last(&cookies, 3, 1, cookie));
    assert_null(ivs_cookie_redeem(&cookies, 3, 1, cookie));
    assert_null(ivs_cookie_redeem(&cookies, 3, 2, cookie));
    other = ivs_cookie_make(&cookies, 3, 1, &objects[1]);
    assert_int_equal((uint32_t) other, (uint32_t) cookie); /* the entry is free again */
    assert_null(ivs_cookie_redeem_last(&cookies, 3, 1, cookie));
    assert_ptr_equal(ivs_cookie_redeem_last(&cookies, 3, 1, other), &objects[1]);
    ivs_cookies_clear(&cookies);
}

static void test_other_peer_gets_nothing(void **state)
{
    struct ivs_cookies cookies = { .entries = NULL };
    uint64_t cookie = ivs_cookie_make(&cookies, 3, 1, &objects[0]);
    (void) state;

    assert_null(ivs_cookie_redeem(&cookies, 2, 1, cookie));
    assert_ptr_equal(ivs_cookie_redeem(&cookies, 3, 1, cookie), &objects[0]);
    ivs_cookies_clear(&cookies);
}

static void test_made_up_ones_get_nothing(void **state)
{
    struct ivs_cookies cookies = { .entries = NULL };
    uint64_t cookie;
    (void) state;

    assert_null(ivs_cookie_redeem(&cookies, 0, 1, 1));
    cookie = ivs_cookie_make(&cookies, 0, 1, &objects[0]);
    assert_null(ivs_cookie_redeem(&cookies, 0, 1, 0));
    assert_null(ivs_cookie_redeem(&cookies, 0, 1, UINT64_MAX));
    assert_null(ivs_cookie_redeem(&cookies, 0, 1, cookie + 1));
    assert_null(ivs_cookie_redeem(&cookies, 0, 1, cookie ^ UINT64_C(1) << 32));
    assert_null(ivs_cookie_redeem(&cookies, 0, 1, cookie & UINT32_MAX));
    assert_ptr_equal(ivs_cookie_redeem(&cookies, 0, 1, cookie), &objects[0]);
    ivs_cookies_clear(&cookies);
}

/* The entry is used again, the cookie is another. */
static void test_old_one_does_not_name_the_next(void **state)
{
    struct ivs_cookies cookies = { .entries = NULL };
    uint64_t first = ivs_cookie_make(&cookies, 0, 1, &objects[0]);
    uint64_t second;
    (void) state;

    assert_non_null(ivs_cookie_redeem(&cookies, 0, 1, first));
    second = ivs_cookie_make(&cookies, 0, 1, &objects[1]);
    assert_int_equal((uint32_t) first, (uint32_t) second);
    assert_null(ivs_cookie_redeem(&cookies, 0, 1, first));
    assert_ptr_equal(ivs_cookie_redeem(&cookies, 0, 1, second), &objects[1]);
    ivs_cookies_clear(&cookies);
}

static void test_many_at_a_time(void **state)
{
    struct ivs_cookies cookies = { .entries = NULL };
    uint64_t made[MANY];
    uint32_t room;
    (void) state;

    for (int i = 0; i < MANY; i++) {
        made[i] = ivs_cookie_make(&cookies, (uint32_t) i % 7, 1, &objects[i]);
    }
    room = cookies.room;
    for (int i = 0; i < MANY; i += 2) {
        assert_ptr_equal(ivs_cookie_redeem(&cookies, (uint32_t) i % 7, 1, made[i]), &objects[i]);
        made[i] = ivs_cookie_make(&cookies, 9, 1, &objects[i]);
    }
    assert_int_equal(cookies.room, room);
    for (int i = 0; i < MANY; i++) {
        uint32_t peer = i % 2 == 0 ? 9 : (uint32_t) i % 7;
        assert_ptr_equal(ivs_cookie_redeem(&cookies, peer, 1, made[i]), &objects[i]);
    }
    ivs_cookies_clear(&cookies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back_once),
        cmocka_unit_test(test_roles_end_one_by_one),
        cmocka_unit_test(test_last_role_ends_all),
        cmocka_unit_test(test_other_peer_gets_nothing),
        cmocka_unit_test(test_made_up_ones_get_nothing),
        cmocka_unit_test(test_old_one_does_not_name_the_next),
        cmocka_unit_test(test_many_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
