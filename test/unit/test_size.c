/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Cells for the room there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/ivs_size.h"

#define MIB (UINT64_C(1) << 20)

static const struct ivs_queues defaults = { 16, 16384, 64 };

static void test_plenty_of_room_is_all_cells(void **state)
{
    struct ivs_queues queues;

    (void) state;
    assert_true(ivs_size_fit(4, 4, 4096, 64 * MIB, &defaults, &queues));
    assert_int_equal(queues.cells, 16);
    assert_int_equal(queues.cell_bytes, 16384);
}

/* Whatever is chosen fits, and more room never gives less. */
static void test_choice_fits_and_grows(void **state)
{
    uint64_t last = 0;

    (void) state;
    for (uint64_t budget = 1; budget < 512 * MIB; budget += budget / 8 + 1) {
        struct ivs_queues queues;
        if (ivs_size_fit(16, 64, 4096, budget, &defaults, &queues)) {
            uint64_t depth = (uint64_t) queues.cells * queues.cell_bytes;
            assert_true(ivs_size_need(16, 64, 4096, &queues) <= budget);
            assert_true(depth >= last);
            last = depth;
        } else {
            assert_int_equal(last, 0);
            assert_true(budget < ivs_size_need(16, 64, 4096, &ivs_queues_least));
        }
    }
    assert_int_equal(last, UINT64_C(16) * 16384);
}

static void test_knobs_bound_the_choice(void **state)
{
    const struct ivs_queues most = { 10, 19968, 64 };
    struct ivs_queues queues;

    (void) state;
    assert_true(ivs_size_fit(4, 4, 4096, 64 * MIB, &most, &queues));
    assert_int_equal(queues.cells, 10);
    assert_int_equal(queues.cell_bytes, 19968);
}

/* Few ranks have a ring to each other and plenty of cells; many have some of each. */
static void test_usual(void **state)
{
    (void) state;
    for (uint32_t ranks = 1; ranks <= 5000; ranks++) {
        struct ivs_queues queues = { .cells = 0, .cell_bytes = 16384, .rings = 64 };
        ivs_size_usual(ranks, &queues);
        assert_in_range(queues.cells, 8, 128);
        assert_in_range(queues.rings, 1, 64);
        assert_true(ranks > 40 || queues.rings >= ranks);
        assert_true(ranks > 6 || queues.cells == 128);
    }
}

/* Figures of a node with very many ranks do not wrap at 32 bits. */
static void test_no_overflow(void **state)
{
    (void) state;
    const struct ivs_queues most = { 1024, 1 << 20, 64 };

    assert_true(ivs_size_need(1000, 1000, 4096, &most) > UINT64_C(900) << 30);
    assert_true(ivs_size_need(1000, UINT32_MAX, 4096, &defaults) > UINT64_C(1) << 43);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plenty_of_room_is_all_cells),
        cmocka_unit_test(test_choice_fits_and_grows),
        cmocka_unit_test(test_knobs_bound_the_choice),
        cmocka_unit_test(test_usual),
        cmocka_unit_test(test_no_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
