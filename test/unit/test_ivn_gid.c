/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * GIDs: kinds of addresses, the best of a table, networks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ivn_test.h"

static enum ivn_address kind(const char *text)
{
    uint8_t raw[16];

    put_address(text, raw);
    return ivn_gid_address(raw);
}

static void test_addresses(void **state)
{
    (void) state;
    assert_int_equal(kind("10.0.0.1"), IVN_IPV4);
    assert_int_equal(kind("169.254.0.1"), IVN_IPV4);
    assert_int_equal(kind("0.0.0.0"), IVN_NO_ADDRESS);
    assert_int_equal(kind("224.0.0.1"), IVN_NO_ADDRESS);
    assert_int_equal(kind("255.255.255.255"), IVN_NO_ADDRESS);
    assert_int_equal(kind("2001:db8::1"), IVN_GLOBAL);
    assert_int_equal(kind("fd00::1"), IVN_GLOBAL);
    assert_int_equal(kind("::fffe:10.0.0.1"), IVN_GLOBAL);
    assert_int_equal(kind("fe80::1"), IVN_LINK_LOCAL);
    assert_int_equal(kind("febf::1"), IVN_LINK_LOCAL);
    assert_int_equal(kind("fec0::1"), IVN_GLOBAL);
    assert_int_equal(kind("ff02::1"), IVN_NO_ADDRESS);
    assert_int_equal(kind("::"), IVN_NO_ADDRESS);
}

static struct ivn_port empty(enum ivn_layer layer)
{
    struct ivn_port port;

    memset(&port, 0, sizeof(port));
    port.layer = layer;
    return port;
}

/* Each GID added is better than those before. */
static void test_order(void **state)
{
    static const struct {
        const char *address;
        bool v2;
    } rising[] = {
        { "fe80::1", false }, { "fd00::1", false },    { "10.0.0.1", false },
        { "fe80::1", true },  { "2001:db8::1", true }, { "10.0.0.1", true },
    };
    struct ivn_port port = empty(IVN_ROCE);

    (void) state;
    assert_null(ivn_gid_best(&port, -1));
    for (uint32_t i = 0; i < sizeof(rising) / sizeof(rising[0]); i++) {
        add_gid(&port, i, rising[i].address, 24, rising[i].v2);
        assert_int_equal(ivn_gid_best(&port, -1)->index, i);
    }
    add_gid(&port, 20, "10.0.0.2", 24, true); /* as good: the lower index stays */
    assert_int_equal(ivn_gid_best(&port, -1)->index, 5);
    port.gids[5].up = false; /* as of a VLAN that is down */
    assert_int_equal(ivn_gid_best(&port, -1)->index, 20);
    assert_int_equal(ivn_gid_usable(&port), 6);
}

static void test_a_given_index(void **state)
{
    struct ivn_port port = roce("mlx5_0", "10.0.0.1");

    (void) state;
    assert_int_equal(ivn_gid_best(&port, 0)->index, 0);
    assert_null(ivn_gid_best(&port, 4));
    port.gids[2].up = false;
    assert_null(ivn_gid_best(&port, 2));
}

static void test_infiniband_takes_the_first(void **state)
{
    struct ivn_port port = empty(IVN_INFINIBAND);

    (void) state;
    add_gid(&port, 1, "2001:db8::1", 0, false);
    add_gid(&port, 0, "fe80::1", 0, false);
    assert_int_equal(ivn_gid_best(&port, -1)->index, 0);
}

static bool same(enum ivn_layer layer, const char *a, const char *b, uint32_t bits)
{
    struct ivn_port pa = empty(layer), pb = empty(layer);

    add_gid(&pa, 0, a, bits, true);
    add_gid(&pb, 0, b, bits, true);
    return ivn_gid_same_network(&pa, &pa.gids[0], &pb, &pb.gids[0]);
}

static void test_networks(void **state)
{
    struct ivn_port a = roce("mlx5_0", "10.0.0.1"), b = a;

    (void) state;
    assert_true(same(IVN_ROCE, "10.0.0.1", "10.0.0.200", 24));
    assert_false(same(IVN_ROCE, "10.0.0.1", "10.0.1.1", 24));
    assert_true(same(IVN_ROCE, "10.0.0.1", "10.0.1.1", 23));
    assert_false(same(IVN_ROCE, "10.0.0.1", "10.0.2.1", 23));
    assert_false(same(IVN_ROCE, "10.0.0.1", "10.0.0.2", 0));
    assert_false(same(IVN_ROCE, "169.254.0.1", "169.254.0.2", 16));
    assert_true(same(IVN_ROCE, "2001:db8::1", "2001:db8::2", 64));
    assert_true(same(IVN_ROCE, "2001:db8::1", "2001:db8::1", 128));
    assert_false(same(IVN_ROCE, "2001:db8::1", "2001:db8::1", 129));
    assert_false(same(IVN_ROCE, "fe80::1", "fe80::2", 64));
    assert_true(same(IVN_INFINIBAND, "fe80::1", "fe80::2", 0));
    assert_false(same(IVN_INFINIBAND, "fe80::1", "fe80:0:0:1::1", 0));
    assert_true(ivn_gid_same_network(&a, &a.gids[3], &b, &b.gids[3]));
    assert_false(ivn_gid_same_network(&a, &a.gids[3], &b, &b.gids[2])); /* v2 and v1 */
    b.layer = IVN_INFINIBAND;
    assert_false(ivn_gid_same_network(&a, &a.gids[3], &b, &b.gids[3]));
}

static void test_default_subnet(void **state)
{
    struct ivn_port plain = infiniband("mlx5_0", "fe80::2:c903:0:1");
    struct ivn_port given = infiniband("mlx5_0", "fe80:0:0:1:2:c903:0:1");
    struct ivn_port other = roce("mlx5_0", NULL);

    (void) state;
    assert_true(ivn_gid_is_default_subnet(&plain, &plain.gids[0]));
    assert_false(ivn_gid_is_default_subnet(&given, &given.gids[0]));
    assert_false(ivn_gid_is_default_subnet(&other, &other.gids[0]));
}

static void test_texts(void **state)
{
    struct ivn_port port = roce("mlx5_0", "10.0.0.1");
    char text[IVN_GID_TEXT_BYTES];

    (void) state;
    ivn_gid_format(&port.gids[3], text);
    assert_string_equal(text, "10.0.0.1");
    ivn_gid_format(&port.gids[1], text);
    assert_string_equal(text, "fe80::1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),     cmocka_unit_test(test_order),
        cmocka_unit_test(test_a_given_index), cmocka_unit_test(test_infiniband_takes_the_first),
        cmocka_unit_test(test_networks),      cmocka_unit_test(test_default_subnet),
        cmocka_unit_test(test_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
