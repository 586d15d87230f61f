/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Tables of what is attached to dynamic windows: what the owner adds and removes is what others
 * find, a copy is never half of a change, and a table of garbage does no harm.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/ivs_attach.h"

#define CHANGES 20000

static struct ivs_attach_table table;
static struct ivs_attach_list own, copy;

static void reset(void)
{
    memset(&table, 0, sizeof(table));
    memset(&own, 0, sizeof(own));
    memset(&copy, 0, sizeof(copy));
}

static struct ivs_attach_entry entry_at(uint64_t address, uint64_t bytes)
{
    struct ivs_attach_entry entry = { address, bytes, address * 2, address * 3, 7 };

    return entry;
}

static int add(uint64_t address, uint64_t bytes)
{
    struct ivs_attach_entry entry = entry_at(address, bytes);

    return ivs_attach_add(&table, &own, &entry);
}

static void test_add_and_find(void **state)
{
    (void) state;
    reset();
    assert_true(ivs_attach_is_current(&table, &copy)); /* both empty */
    assert_int_equal(ivs_attach_find(&copy, 1000, 1), -1);
    assert_int_equal(add(1000, 100), 0);
    assert_int_equal(add(1100, 50), 1); /* adjacent */
    assert_false(ivs_attach_is_current(&table, &copy));
    assert_int_equal(ivs_attach_copy(&table, &copy), 0);
    assert_true(ivs_attach_is_current(&table, &copy));
    assert_int_equal(ivs_attach_find(&copy, 1000, 100), 0);
    assert_int_equal(ivs_attach_find(&copy, 1099, 1), 0);
    assert_int_equal(ivs_attach_find(&copy, 1100, 50), 1);
    assert_int_equal(ivs_attach_find(&copy, 999, 1), -1);
    assert_int_equal(ivs_attach_find(&copy, 999, 2), -1);
    assert_int_equal(ivs_attach_find(&copy, 1099, 2), -1); /* over the border */
    assert_int_equal(ivs_attach_find(&copy, 1149, 2), -1);
    assert_int_equal(ivs_attach_find(&copy, 1150, 1), -1);
    assert_int_equal(ivs_attach_find(&copy, 1000, UINT64_MAX), -1);
    assert_int_equal(ivs_attach_find(&copy, UINT64_MAX, 1), -1);
    assert_int_equal(copy.entry[1].block, 2200);
    assert_int_equal(copy.entry[1].from, 3300);
    assert_int_equal(copy.entry[1].generation, 7);
}

static void test_refuses(void **state)
{
    struct ivs_attach_entry wide = entry_at(5000, 10);

    (void) state;
    reset();
    assert_int_equal(add(1000, 100), 0);
    assert_int_equal(add(1000, 100), -EEXIST);
    assert_int_equal(add(900, 101), -EEXIST);
    assert_int_equal(add(1099, 1), -EEXIST);
    assert_int_equal(add(900, 1000), -EEXIST);
    assert_int_equal(add(2000, 0), -EINVAL);
    assert_int_equal(add(UINT64_MAX - 3, 5), -EINVAL);
    wide.generation = (uint64_t) UINT32_MAX + 1;
    assert_int_equal(ivs_attach_add(&table, &own, &wide), -EINVAL);
    assert_int_equal(ivs_attach_remove(&table, &own, 1001), -ENOENT);
    assert_int_equal(ivs_attach_copy(&table, &copy), 0);
    assert_int_equal(copy.changes, 2); /* of all that, one */
    assert_int_equal(copy.used, 1);
}

static void test_full_and_again(void **state)
{
    (void) state;
    reset();
    for (uint32_t i = 0; i < IVS_ATTACH_SLOTS; i++) {
        assert_int_equal(add(1000 * (i + 1), 10), i);
    }
    assert_int_equal(add(1, 10), -ENOSPC);
    assert_int_equal(add(1000, 10), -EEXIST); /* said first: the program's mistake */
    assert_int_equal(ivs_attach_remove(&table, &own, 6000), 5);
    assert_int_equal(ivs_attach_copy(&table, &copy), 0);
    assert_int_equal(ivs_attach_find(&copy, 6000, 1), -1);
    assert_int_equal(copy.used, IVS_ATTACH_SLOTS);
    assert_int_equal(add(1, 10), 5);
    for (uint32_t i = IVS_ATTACH_SLOTS; i-- > 1;) {
        assert_int_equal(ivs_attach_remove(&table, &own, i == 5 ? 1 : 1000 * (i + 1)), i);
    }
    assert_int_equal(ivs_attach_copy(&table, &copy), 0);
    assert_int_equal(copy.used, 1);
    assert_int_equal(ivs_attach_find(&copy, 1000, 10), 0);
}

/* The same addresses over another block are another entry. */
static void test_same_address(void **state)
{
    struct ivs_attach_entry entry = entry_at(1000, 100), before;

    (void) state;
    reset();
    assert_int_equal(ivs_attach_add(&table, &own, &entry), 0);
    assert_int_equal(ivs_attach_copy(&table, &copy), 0);
    before = copy.entry[0];
    assert_int_equal(ivs_attach_remove(&table, &own, 1000), 0);
    entry.generation++;
    assert_int_equal(ivs_attach_add(&table, &own, &entry), 0);
    assert_false(ivs_attach_is_current(&table, &copy));
    assert_int_equal(ivs_attach_copy(&table, &copy), 0);
    assert_false(ivs_attach_equal(&before, &copy.entry[0]));
    before.generation++;
    assert_true(ivs_attach_equal(&before, &copy.entry[0]));
}

static void test_garbage(void **state)
{
    (void) state;
    reset();
    assert_int_equal(add(1000, 100), 0);
    assert_int_equal(add(2000, 100), 1);
    assert_int_equal(add(3000, 100), 2);
    table.entry[0].bytes = UINT64_MAX - 10; /* wraps, from the address */
    table.entry[1].from = UINT64_MAX - 10;
    assert_int_equal(ivs_attach_copy(&table, &copy), 0);
    assert_int_equal(ivs_attach_find(&copy, 1000, 1), -1);
    assert_int_equal(ivs_attach_find(&copy, 2000, 1), -1);
    assert_int_equal(ivs_attach_find(&copy, 3000, 100), 2);
    table.entry[2].generation = UINT64_MAX;
    assert_int_equal(ivs_attach_copy(&table, &copy), 0);
    assert_int_equal(ivs_attach_find(&copy, 3000, 1), -1);
    memset(&table.entry, 0xff, sizeof(table.entry));
    ivl_sh64_store_relaxed(&table.used, UINT64_MAX); /* far behind the table's end */
    assert_int_equal(ivs_attach_copy(&table, &copy), 0);
    assert_int_equal(copy.used, IVS_ATTACH_SLOTS);
    assert_int_equal(ivs_attach_find(&copy, UINT64_MAX, 1), -1);
    assert_int_equal(ivs_attach_find(&copy, 0, 0), -1);
}

/* An owner that died in the middle of a change. */
static void test_never_still(void **state)
{
    (void) state;
    reset();
    assert_int_equal(add(1000, 100), 0);
    assert_int_equal(ivs_attach_copy(&table, &copy), 0);
    ivl_sh64_store_relaxed(&table.changes, 3);
    assert_false(ivs_attach_is_current(&table, &copy));
    assert_int_equal(ivs_attach_copy(&table, &copy), -EAGAIN);
    assert_int_equal(copy.changes, 2); /* as it was */
    assert_int_equal(ivs_attach_find(&copy, 1000, 100), 0);
}

/* Attaches and detaches entries all of whose words follow from one. */
static void *change(void *arg)
{
    (void) arg;
    for (uint64_t i = 1; i <= CHANGES; i++) {
        (void) add(i, 1);
        if (i > 3) {
            (void) ivs_attach_remove(&table, &own, i - 3);
        }
    }
    return NULL;
}

static void test_copies_are_whole(void **state)
{
    pthread_t thread;
    bool last = false;

    (void) state;
    reset();
    assert_int_equal(pthread_create(&thread, NULL, change, NULL), 0);
    while (!last) {
        uint32_t entries = 0;
        if (ivs_attach_copy(&table, &copy) != 0) {
            continue;
        }
        for (uint32_t i = 0; i < copy.used; i++) {
            if (copy.entry[i].bytes != 0) {
                struct ivs_attach_entry whole = entry_at(copy.entry[i].address, 1);
                assert_true(ivs_attach_equal(&whole, &copy.entry[i]));
                entries++;
            }
        }
        assert_in_range(entries, 0, 4);
        last = ivs_attach_find(&copy, CHANGES, 1) >= 0;
    }
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_and_find),     cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_full_and_again),   cmocka_unit_test(test_same_address),
        cmocka_unit_test(test_garbage),          cmocka_unit_test(test_never_still),
        cmocka_unit_test(test_copies_are_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
