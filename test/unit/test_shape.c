/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Where the parts of a message segment lie: in range, apart from each other, and small.
 */
#include "ivs_test.h"
#include "core/ivs_size.h"

#define MIB (UINT64_C(1) << 20)

static void test_figures_out_of_range(void **state)
{
    static const struct {
        uint32_t ranks, cells, cell_bytes;
        int rc;
    } cases[] = {
        { 1, 2, IVS_CELL_BYTES_MIN, 0 },
        { IVS_RANKS_MAX, IVS_CELLS_MAX, IVS_CELL_BYTES_MAX, 0 },
        { 0, 2, 1024, -EINVAL },
        { IVS_RANKS_MAX + 1, 2, 1024, -EINVAL },
        { UINT32_MAX, 2, 1024, -EINVAL },
        { 1, 0, 1024, -EINVAL },
        { 1, 1, 1024, -EINVAL },
        { 1, IVS_CELLS_MAX + 1, 1024, -EINVAL },
        { 1, UINT32_MAX, 1024, -EINVAL },
        { 1, 2, 0, -EINVAL },
        { 1, 2, IVS_CELL_BYTES_MIN - IVS_LINE, -EINVAL },
        { 1, 2, IVS_CELL_BYTES_MIN + 1, -EINVAL },
        { 1, 2, IVS_CELL_BYTES_MIN + IVS_LINE / 2, -EINVAL },
        { 1, 2, IVS_CELL_BYTES_MIN + IVS_LINE, 0 },
        { 1, 2, IVS_CELL_BYTES_MAX + IVS_LINE, -EINVAL },
        { 1, 2, UINT32_MAX - 63, -EINVAL },
    };

    (void) state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ivs_shape shape;
        assert_int_equal(ivs_shape_make(cases[i].ranks, IVS_RINGS_MAX, cases[i].cells,
                                        cases[i].cell_bytes, &shape),
                         cases[i].rc);
    }
}

/* The areas of a part in their order, none over the next, each where its users need it. */
static void check_areas(const struct ivs_shape *s)
{
    uint64_t rings = (uint64_t) s->rings * IVS_RING_BYTES;
    uint64_t cells = (uint64_t) s->cells * s->cell_bytes;

    assert_true((uint64_t) s->wake_words * 64 >= s->ranks);
    assert_true(s->directory_off >= s->wake_words * 8u);
    assert_int_equal(s->directory_off % IVS_LINE, 0); /* peers write the words before it */
    assert_true(s->rings_off >= (uint64_t) s->directory_off + s->rings * 8u);
    assert_int_equal(s->rings_off % IVS_SLOT_BYTES, 0);
    assert_true(s->cells_off >= s->rings_off + rings);
    assert_int_equal(s->cells_off % TEST_PAGE, 0);
    assert_true(s->part_bytes >= s->cells_off + cells);
    assert_true(s->part_bytes < s->cells_off + cells + TEST_PAGE);
    assert_int_equal(s->part_bytes % TEST_PAGE, 0);
    assert_int_equal(s->bytes, TEST_PAGE + s->ranks * s->part_bytes);
}

static void test_areas_do_not_overlap(void **state)
{
    static const uint32_t cells[] = { 2, 3, 8, 12, 16, 1000, IVS_CELLS_MAX };
    static const uint32_t cell_bytes[] = { IVS_CELL_BYTES_MIN, 4096, 16384, 19968,
                                           IVS_CELL_BYTES_MAX };

    (void) state;
    for (uint32_t ranks = 1; ranks <= IVS_RANKS_MAX; ranks += 1 + ranks / 100) {
        for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
            for (size_t k = 0; k < sizeof(cell_bytes) / sizeof(cell_bytes[0]); k++) {
                struct ivs_shape shape;
                assert_int_equal(ivs_shape_make(ranks, IVS_RINGS_MAX, cells[i], cell_bytes[k],
                                                &shape),
                                 0);
                assert_int_equal(shape.ranks, ranks);
                assert_int_equal(shape.cells, cells[i]);
                assert_int_equal(shape.cell_bytes, cell_bytes[k]);
                check_areas(&shape);
            }
        }
    }
}

/* A ring for each rank of the host, as long as that is not too many. */
static void test_rings(void **state)
{
    struct ivs_shape shape;

    (void) state;
    for (uint32_t ranks = 1; ranks < 2 * IVS_RINGS_MAX; ranks++) {
        assert_int_equal(ivs_shape_make(ranks, IVS_RINGS_MAX, 2, 1024, &shape), 0);
        assert_int_equal(shape.rings, ranks < IVS_RINGS_MAX ? ranks : IVS_RINGS_MAX);
    }
    assert_int_equal(ivs_shape_make(9, 4, 2, 1024, &shape), 0);
    assert_int_equal(shape.rings, 4);
    assert_int_equal(ivs_shape_make(9, 0, 2, 1024, &shape), -EINVAL);
    assert_int_equal(ivs_shape_make(9, IVS_RINGS_MAX + 1, 2, 1024, &shape), -EINVAL);
    assert_int_equal(ivs_shape_make(IVS_RANKS_MAX, IVS_RINGS_MAX, 2, 1024, &shape), 0);
    assert_int_equal(shape.rings, IVS_RINGS_MAX);
}

/* What 64 ranks may take before any large message. */
static void test_bytes(void **state)
{
    struct ivs_queues queues = { .cells = 0, .cell_bytes = 16384, .rings = IVS_RINGS_MAX };
    struct ivs_shape shape;

    (void) state;
    ivs_size_usual(64, &queues);
    assert_true(queues.rings >= 32);
    assert_int_equal(ivs_shape_make(64, queues.rings, queues.cells, queues.cell_bytes, &shape), 0);
    assert_true(shape.bytes <= 32 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_out_of_range),
        cmocka_unit_test(test_areas_do_not_overlap),
        cmocka_unit_test(test_rings),
        cmocka_unit_test(test_bytes),
    };

    return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
