/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Elements of windows changed by processor atomics: every size, neighbours untouched, nothing
 * lost among threads.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/ivs_element.h"

#define THREADS 4
#define ROUNDS 20000

static const unsigned sizes[] = { 1, 2, 4, 8 };

static uint64_t mask_of(unsigned bytes)
{
    return bytes == 8 ? UINT64_MAX : ((uint64_t) 1 << 8 * bytes) - 1;
}

static void test_which(void **state)
{
    _Alignas(16) char memory[32];

    (void) state;
    for (unsigned bytes = 0; bytes <= 16; bytes++) {
        for (unsigned offset = 0; offset < 16; offset++) {
            bool wanted =
                (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) && offset % bytes == 0;
            assert_int_equal(ivs_element_is_atomic(memory + offset, bytes), wanted);
        }
    }
}

static void test_each_size(void **state)
{
    (void) state;
    for (unsigned i = 0; i < 4; i++) {
        unsigned bytes = sizes[i];
        uint64_t mask = mask_of(bytes), words[3], expected;
        char *addr = (char *) &words[1];

        memset(words, 0x5a, sizeof(words));
        ivs_element_store(addr, bytes, 0x1122334455667788u);
        assert_int_equal(ivs_element_load(addr, bytes), 0x1122334455667788u & mask);
        assert_int_equal(ivs_element_exchange(addr, bytes, UINT64_MAX), 0x1122334455667788u & mask);
        assert_int_equal(ivs_element_add(addr, bytes, 3), mask);
        assert_int_equal(ivs_element_load(addr, bytes), 2);
        expected = 1;
        assert_false(ivs_element_cas(addr, bytes, &expected, 7));
        assert_int_equal(expected, 2);
        assert_true(ivs_element_cas(addr, bytes, &expected, 0x8877665544332211u));
        assert_int_equal(ivs_element_get(addr, bytes), 0x8877665544332211u & mask);
        assert_int_equal(words[0], 0x5a5a5a5a5a5a5a5au);
        assert_int_equal(words[2], 0x5a5a5a5a5a5a5a5au);
        for (unsigned k = bytes; k < 8; k++) {
            assert_int_equal(addr[k], 0x5a);
        }
    }
}

static uint64_t shared[2];

static void *work(void *arg)
{
    unsigned bytes = *(const unsigned *) arg;

    for (int i = 0; i < ROUNDS; i++) {
        uint64_t old = ivs_element_load(&shared[1], bytes);
        (void) ivs_element_add(&shared[0], bytes, 1);
        while (!ivs_element_cas(&shared[1], bytes, &old, old + 1)) {
        }
    }
    return NULL;
}

static void test_nothing_lost(void **state)
{
    (void) state;
    for (unsigned i = 0; i < 4; i++) {
        pthread_t threads[THREADS];
        unsigned bytes = sizes[i];

        memset(shared, 0, sizeof(shared));
        for (int k = 0; k < THREADS; k++) {
            assert_int_equal(pthread_create(&threads[k], NULL, work, &bytes), 0);
        }
        for (int k = 0; k < THREADS; k++) {
            pthread_join(threads[k], NULL);
        }
        assert_int_equal(ivs_element_load(&shared[0], bytes), THREADS * ROUNDS & mask_of(bytes));
        assert_int_equal(ivs_element_load(&shared[1], bytes), THREADS * ROUNDS & mask_of(bytes));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which),
        cmocka_unit_test(test_each_size),
        cmocka_unit_test(test_nothing_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
