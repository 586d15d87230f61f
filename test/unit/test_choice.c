/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The choice between two ways of a message, by made-up times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/ivs_choice.h"

#define BYTES 262144u

/* Messages that take one[] and two[] ns; how many of them took one copy. */
static uint32_t run(struct ivs_choice *choice, uint32_t messages, uint64_t one, uint64_t two)
{
    uint32_t ones = 0;

    for (uint32_t i = 0; i < messages; i++) {
        enum ivs_way way = ivs_choice_next(choice);
        ones += way == IVS_ONE_COPY;
        ivs_choice_note(choice, way, BYTES, way == IVS_ONE_COPY ? one : two);
    }
    return ones;
}

static void test_both_are_tried_first(void **state)
{
    struct ivs_choice choice = { 0 };

    (void) state;
    assert_int_equal(run(&choice, IVS_CHOICE_RUN, 1, 1000000), IVS_CHOICE_RUN);
    assert_int_equal(run(&choice, IVS_CHOICE_FIRST, 1, 1000000), 0);
    assert_int_equal(run(&choice, 10, 1, 1000000), 10);
}

/* Nothing is preferred before samples have come back. */
static void test_samples_under_way(void **state)
{
    struct ivs_choice choice = { 0 };
    uint32_t ones = 0;

    (void) state;
    ivs_choice_note(&choice, ivs_choice_next(&choice), BYTES, 1000);
    for (uint32_t i = 1; i < 100 * IVS_CHOICE_RUN; i++) {
        ones += ivs_choice_next(&choice) == IVS_ONE_COPY;
    }
    assert_int_equal(ones, 50 * IVS_CHOICE_RUN - 1);
}

/* What a try begins with does not count. */
static void test_first_of_a_try(void **state)
{
    struct ivs_choice choice = { 0 };

    (void) state;
    run(&choice, 2 * IVS_CHOICE_RUN, 30000, 20000);
    while (ivs_choice_next(&choice) == IVS_TWO_COPIES) {
        ivs_choice_note(&choice, IVS_TWO_COPIES, BYTES, 20000);
    }
    for (uint32_t i = 0; i < IVS_CHOICE_RUN; i++) {
        ivs_choice_note(&choice, IVS_ONE_COPY, BYTES, i < IVS_CHOICE_RUN / 2 ? 30000 : 10000);
    }
    assert_int_equal(ivs_choice_next(&choice), IVS_ONE_COPY);
}

static void test_faster_one_wins(void **state)
{
    static const struct {
        uint64_t one, two;
        bool one_wins;
    } cases[] = { { 10000, 20000, true }, { 20000, 10000, false }, { 10000, 10000, true } };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ivs_choice choice = { 0 };
        uint32_t ones;
        run(&choice, 2 * IVS_CHOICE_RUN, cases[i].one, cases[i].two);
        ones = run(&choice, IVS_CHOICE_PERIOD, cases[i].one, cases[i].two);
        assert_int_equal(ones,
                         cases[i].one_wins ? IVS_CHOICE_PERIOD - IVS_CHOICE_RUN : IVS_CHOICE_RUN);
    }
}

/* Two samples of five that are far off decide nothing. */
static void test_outliers(void **state)
{
    struct ivs_choice choice = { 0 };

    (void) state;
    for (int i = 0; i < IVS_CHOICE_SAMPLES; i++) {
        ivs_choice_note(&choice, IVS_ONE_COPY, BYTES, i < 2 ? 100000000 : 10000);
        ivs_choice_note(&choice, IVS_TWO_COPIES, BYTES, i < 2 ? 1 : 20000);
    }
    assert_int_equal(ivs_choice_next(&choice), IVS_ONE_COPY);
}

static void test_it_changes_its_mind(void **state)
{
    struct ivs_choice choice = { 0 };

    (void) state;
    run(&choice, IVS_CHOICE_PERIOD, 10000, 20000);
    assert_int_equal(ivs_choice_next(&choice), IVS_ONE_COPY);
    run(&choice, 4 * IVS_CHOICE_PERIOD, 10000, 5000);
    assert_int_equal(ivs_choice_next(&choice), IVS_TWO_COPIES);
    run(&choice, 4 * IVS_CHOICE_PERIOD, 10000, 50000);
    assert_int_equal(ivs_choice_next(&choice), IVS_ONE_COPY);
}

/* Times are per byte: a class holds sizes that differ by two. */
static void test_sizes_of_a_class(void **state)
{
    struct ivs_choice choice = { 0 };

    (void) state;
    for (int i = 0; i < IVS_CHOICE_SAMPLES; i++) {
        ivs_choice_note(&choice, IVS_ONE_COPY, 2 * (uint64_t) BYTES, 30000);
        ivs_choice_note(&choice, IVS_TWO_COPIES, BYTES, 20000);
    }
    assert_int_equal(ivs_choice_next(&choice), IVS_ONE_COPY);
}

static void test_long_use_does_not_wrap(void **state)
{
    struct ivs_choice choice = { 0 };

    (void) state;
    run(&choice, 100, 10000, 20000);
    choice.count[IVS_ONE_COPY] = UINT32_MAX - 3;
    choice.messages = UINT32_MAX - 3;
    assert_true(run(&choice, 20, 10000, 20000) >= 16);
}

static void test_classes(void **state)
{
    (void) state;
    assert_int_equal(ivs_choice_class(1), 0);
    assert_int_equal(ivs_choice_class(65537), 0);
    assert_int_equal(ivs_choice_class(131072), 0);
    assert_int_equal(ivs_choice_class(131073), 1);
    assert_int_equal(ivs_choice_class(262144), 1);
    assert_int_equal(ivs_choice_class(1 << 20), 3);
    assert_int_equal(ivs_choice_class(UINT64_MAX), IVS_CHOICE_CLASSES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_are_tried_first),
        cmocka_unit_test(test_samples_under_way),
        cmocka_unit_test(test_first_of_a_try),
        cmocka_unit_test(test_faster_one_wins),
        cmocka_unit_test(test_outliers),
        cmocka_unit_test(test_it_changes_its_mind),
        cmocka_unit_test(test_sizes_of_a_class),
        cmocka_unit_test(test_long_use_does_not_wrap),
        cmocka_unit_test(test_classes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
