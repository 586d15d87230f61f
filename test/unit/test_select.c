/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Selection of algorithms: order of rules, bounds, what is forbidden, texts that cannot be read.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/ivs_select.h"

static struct ivs_rules rules;

static enum ivs_algorithm choose(enum ivs_operation operation, bool many_hosts, uint64_t bytes)
{
    const struct ivs_call call = { operation, many_hosts, 8, 8, bytes };

    return ivs_select(&rules, &call);
}

static int parse(const char *text, size_t *at)
{
    memset(&rules, 0, sizeof(rules));
    return ivs_rules_parse(&rules, text, at);
}

/* Whatever the size, what is chosen exists. */
static void choices_exist(void **state)
{
    (void) state;
    memset(&rules, 0, sizeof(rules));
    for (int operation = 0; operation < IVS_OPERATIONS; operation++) {
        for (int hosts = 0; hosts < 2; hosts++) {
            for (uint64_t bytes = 1; bytes != 0; bytes <<= 1) {
                enum ivs_algorithm found = choose((enum ivs_operation) operation, hosts, bytes);
                assert_true(ivs_has_algorithm((enum ivs_operation) operation, found, hosts));
                assert_true(hosts || found != IVS_MPICH);
            }
        }
    }
}

static void all_have_names(void **state)
{
    (void) state;
    for (int i = 0; i < IVS_OPERATIONS; i++) {
        const char *name = ivs_operation_name((enum ivs_operation) i);
        assert_int_equal(ivs_operation_find(name, strlen(name)), i);
    }
    for (int i = 0; i < IVS_ALGORITHMS; i++) {
        const char *name = ivs_algorithm_name((enum ivs_algorithm) i);
        assert_int_equal(ivs_algorithm_find(name, strlen(name)), i);
    }
}

static void knob_comes_first(void **state)
{
    size_t at;

    (void) state;
    assert_int_equal(parse("allreduce=slices,bcast=mpich", &at), 0);
    assert_int_equal(choose(IVS_ALLREDUCE, false, 8), IVS_SLICES);
    assert_int_equal(choose(IVS_BCAST, false, 8), IVS_MPICH);
    assert_int_equal(choose(IVS_GATHER, false, 8), IVS_SHARED);
    assert_int_equal(choose(IVS_ALLREDUCE, true, 8), IVS_HOSTS); /* no slices there */
}

static void forbidden_is_not_chosen(void **state)
{
    size_t at;

    (void) state;
    assert_int_equal(parse("allreduce=!shared,bcast=!shared", &at), 0);
    assert_int_equal(choose(IVS_ALLREDUCE, false, 8), IVS_SLICES);
    assert_int_equal(choose(IVS_BCAST, false, 8), IVS_MPICH);
    assert_int_equal(parse("allreduce=!hosts", &at), 0);
    assert_int_equal(choose(IVS_ALLREDUCE, true, 8), IVS_LEADERS);
    assert_int_equal(parse("allreduce=!hosts,allreduce=!leaders", &at), 0);
    assert_int_equal(choose(IVS_ALLREDUCE, true, 8), IVS_MPICH);
}

static void bad_text_is_found(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } bad[] = { { "bcast", 0 },        { "bcast=shared,sort=shared", 13 },
                { "bcast=slices", 0 }, { "bcast=!", 0 },
                { "bcast=", 0 },       { "=shared", 0 },
                { "scan=hosts", 0 },   { "bcast=shared,,", 13 } };
    size_t at;

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(parse(bad[i].text, &at), -EINVAL);
        assert_int_equal(at, bad[i].at);
    }
    assert_int_equal(parse("", &at), 0);
}

/* Rules with bounds: the first that fits counts. */
static void bounds_are_kept(void **state)
{
    const struct ivs_rule small = { IVS_BCAST, IVS_MPICH, false, 8, 4, 100 };
    struct ivs_call call = { IVS_BCAST, false, 8, 4, 100 };

    (void) state;
    memset(&rules, 0, sizeof(rules));
    assert_int_equal(ivs_rules_add(&rules, &small), 0);
    assert_int_equal(ivs_select(&rules, &call), IVS_MPICH);
    call.bytes = 101;
    assert_int_equal(ivs_select(&rules, &call), IVS_SHARED);
    call.bytes = 100;
    call.ranks = 9;
    assert_int_equal(ivs_select(&rules, &call), IVS_SHARED);
    call.ranks = 8;
    call.vms = 5;
    assert_int_equal(ivs_select(&rules, &call), IVS_SHARED);
}

static void sums_differ(void **state)
{
    uint32_t sum;
    size_t at;

    (void) state;
    assert_int_equal(parse("bcast=mpich,scan=mpich", &at), 0);
    sum = ivs_rules_sum(&rules);
    assert_int_equal(parse("scan=mpich,bcast=mpich", &at), 0);
    assert_int_not_equal(ivs_rules_sum(&rules), sum);
    assert_int_equal(parse("bcast=mpich,scan=!mpich", &at), 0);
    assert_int_not_equal(ivs_rules_sum(&rules), sum);
}

static void table_may_be_full(void **state)
{
    const struct ivs_rule rule = { IVS_BCAST, IVS_MPICH, false, 1, 1, 1 };

    (void) state;
    memset(&rules, 0, sizeof(rules));
    for (int i = 0; i < IVS_RULES_MAX; i++) {
        assert_int_equal(ivs_rules_add(&rules, &rule), 0);
    }
    assert_int_equal(ivs_rules_add(&rules, &rule), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_exist),     cmocka_unit_test(all_have_names),
        cmocka_unit_test(knob_comes_first),  cmocka_unit_test(forbidden_is_not_chosen),
        cmocka_unit_test(bad_text_is_found), cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(sums_differ),       cmocka_unit_test(table_may_be_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
