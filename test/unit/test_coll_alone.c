/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collective operations over shared memory: what a member meets when others write garbage, leave, lag
 * behind, or call something else.
 */
#include <errno.h>
#include <string.h>

#include "core/ivs_coll_task.h"
#include "ivs_test.h"

#define CELL 1024u
#define CELLS 4u

static const struct ivs_coll_shape shape = { CELL, CELLS };
static struct guarded memory;

static int looks;

static int bcast(struct ivs_coll *coll, uint32_t root, void *buf, size_t bytes)
{
    struct ivs_coll_task task;

    ivs_coll_bcast(&task, coll, root, buf, bytes, IVS_COLL_WHOLE);
    return ivs_coll_run(&task);
}

static int give_up(void *context)
{
    (void) context;
    return ++looks < 5 ? 0 : -ETIMEDOUT;
}

static void alone(struct ivs_coll *coll, uint32_t self)
{
    guarded_make(&memory, ivs_coll_bytes(3, &shape));
    looks = 0;
    ivs_coll_init(coll, guarded_back(&memory), 3, self, &shape, give_up, NULL);
}

static void wait_ends(void **state)
{
    struct ivs_coll coll;
    unsigned char buf[8];

    (void) state;
    alone(&coll, 1);
    assert_int_equal(bcast(&coll, 0, buf, sizeof(buf)), -ETIMEDOUT);
    assert_int_equal(looks, 5);
    guarded_free(&memory);
}

/* A root may be ahead by a ring of lines, or of cells, and not more. */
static void root_stops(size_t bytes, int ahead)
{
    struct ivs_coll coll;
    unsigned char buf[CELL];
    int sent = 0;

    alone(&coll, 0);
    memset(buf, 1, sizeof(buf));
    while (bcast(&coll, 0, buf, bytes) == 0) {
        assert_int_equal(looks, 0);
        sent++;
    }
    assert_int_equal(sent, ahead);
    guarded_free(&memory);
}

static void root_does_not_overwrite(void **state)
{
    (void) state;
    root_stops(IVS_COLL_INLINE, IVS_COLL_LINES);
    root_stops(IVS_COLL_INLINE + 1, shape.cells);
}

/* Any wrong word in another member's part ends the wait or is ignored. */
static void garbage_is_refused(void **state)
{
    struct ivs_coll_task task;
    struct ivs_coll coll;
    unsigned char buf[CELL];

    (void) state;
    alone(&coll, 1);
    memset(coll.area, 0xa5, ivs_coll_bytes(3, &shape));
    assert_int_equal(bcast(&coll, 0, buf, sizeof(buf)), -EBADMSG);
    ivs_coll_barrier(&task, &coll, IVS_COLL_WHOLE);
    assert_int_equal(ivs_coll_run(&task), -EBADMSG);
    guarded_free(&memory);
}

/* A root that broadcasts another length, or calls something else. */
static void other_calls_are_found(void **state)
{
    struct ivs_coll coll, other;
    struct ivs_coll_task task;
    unsigned char buf[16] = { 0 };

    (void) state;
    alone(&coll, 1);
    ivs_coll_init(&other, coll.area, 3, 0, &shape, give_up, NULL);
    assert_int_equal(bcast(&other, 0, buf, 8), 0);
    assert_int_equal(bcast(&coll, 0, buf, 16), -EPROTO);
    ivs_coll_scatter(&task, &other, 0, buf, NULL, 4);
    assert_int_equal(ivs_coll_run(&task), 0);
    assert_int_equal(bcast(&coll, 0, buf, 4), -EPROTO);
    guarded_free(&memory);
}

/* Who waits for a member that has left, or comes later, hears of it; nobody waits for its room. */
static void leaving_is_told(void **state)
{
    struct ivs_coll coll, other;
    struct ivs_coll_task task;
    unsigned char buf[CELL] = { 0 };

    (void) state;
    alone(&coll, 1);
    ivs_coll_init(&other, coll.area, 3, 0, &shape, give_up, NULL);
    ivs_coll_leave(&other);
    ivs_coll_init(&other, coll.area, 3, 2, &shape, give_up, NULL);
    ivs_coll_leave(&other);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(bcast(&coll, 1, buf, sizeof(buf)), 0);
    }
    assert_int_equal(bcast(&coll, 0, buf, sizeof(buf)), -ECONNRESET);
    ivs_coll_barrier(&task, &coll, IVS_COLL_WHOLE);
    assert_int_equal(ivs_coll_run(&task), -ECONNRESET);
    assert_int_equal(looks, 0);
    guarded_free(&memory);
}

/* What others claim to be done with moves nothing but what this member writes of its own. */
static void false_claims_do_no_harm(void **state)
{
    struct ivs_coll coll;
    unsigned char buf[CELL];

    (void) state;
    alone(&coll, 0);
    memset(buf, 7, sizeof(buf));
    for (uint32_t j = 1; j < 3; j++) {
        memset(coll.area + j * coll.stride, 0xff, 8);
    }
    for (int i = 0; i < 100; i++) {
        assert_int_equal(bcast(&coll, 0, buf, sizeof(buf)), 0);
    }
    for (size_t i = 8; i < coll.stride; i++) {
        assert_int_equal(coll.area[coll.stride + i], 0);
    }
    guarded_free(&memory);
}

/* An operation that fails ends the call with its error. */
static int refuse(void *context, const void *in, void *inout, size_t count)
{
    (void) context;
    (void) in;
    (void) inout;
    (void) count;
    return -EDOM;
}

static void errors_of_operations_pass(void **state)
{
    const struct ivs_coll_op op = { refuse, NULL, 4 };
    struct ivs_coll_task task;
    struct ivs_coll coll;
    uint32_t x[3] = { 1, 2, 3 }, y[3];

    (void) state;
    alone(&coll, 2);
    for (uint32_t j = 0; j < 2; j++) { /* the others have come */
        struct ivs_coll other;
        struct ivs_step step;

        ivs_coll_init(&other, coll.area, 3, j, &shape, give_up, NULL);
        other.call = ivs_coll_call(IVS_ALLREDUCE, 0, sizeof(x));
        step = ivs_coll_begin(&other, sizeof(x));
        assert_int_equal(ivs_coll_put(&other, &step, x, sizeof(x)), 0);
    }
    ivs_coll_allreduce(&task, &coll, x, y, 3, &op, IVS_COLL_WHOLE);
    assert_int_equal(ivs_coll_run(&task), -EDOM);
    guarded_free(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_ends),
        cmocka_unit_test(root_does_not_overwrite),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(other_calls_are_found),
        cmocka_unit_test(false_claims_do_no_harm),
        cmocka_unit_test(errors_of_operations_pass),
        cmocka_unit_test(leaving_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
