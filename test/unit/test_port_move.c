/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Ports with fewer rings than peers: rings move from one to another.
 */
#include "port_test.h"

/* More peers than rings: rings move from one to another, and all messages arrive, in order. */
static void test_rings_move(void **state)
{
    const uint32_t peers = 5;
    uint32_t got[RANKS_MAX][RANKS_MAX] = { { 0 } };
    uint32_t sent[RANKS_MAX] = { 0 };
    uint32_t refused = 0, dice = 1;

    (void) state;
    rings_wanted = 2;
    open_ports(peers + 1, CELLS);
    rings_wanted = IVS_RINGS_MAX;
    for (uint32_t turn = 0; turn < 20000; turn++) {
        uint32_t peer = 1 + (dice = dice * 1103515245 + 12345) / 65536 % peers;
        uint32_t poller = 1 + (dice = dice * 1103515245 + 12345) / 65536 % peers;
        int rc = ivs_link_open(me, peer);
        if (rc == 0 && publish(ME, peer, sent[peer], IVS_NOBODY) == 0) {
            sent[peer]++;
            if (ivs_out_must_wake(&me->links[peer].out)) {
                ivs_link_wake(me, peer);
            }
        } else {
            assert_true(rc == 0 || rc == -EAGAIN);
            refused++;
        }
        poll(&ports[poller], got[poller]);
    }
    for (uint32_t turn = 0; turn < 100 * peers; turn++) {
        poll(&ports[1 + turn % peers], got[1 + turn % peers]);
    }
    assert_true(refused > 0);
    for (uint32_t peer = 1; peer <= peers; peer++) {
        assert_true(sent[peer] > 100);
        assert_int_equal(got[peer][ME], sent[peer]);
    }
    close_ports();
}

/* A ring that its user needs, or whose peer does not look, stays; the others still move. */
static void test_pinned_rings_stay(void **state)
{
    uint32_t got[RANKS_MAX] = { 0 };

    (void) state;
    rings_wanted = 2;
    open_ports(5, CELLS);
    rings_wanted = IVS_RINGS_MAX;
    send(ME, 1, 0);
    send(ME, 2, 0);
    me->links[1].pinned = true;
    assert_int_equal(ivs_link_open(me, 3), -EAGAIN);
    assert_true(ivs_link_is_open(&me->links[1]));
    assert_false(ivs_link_is_open(&me->links[2]));
    assert_int_equal(ivs_link_open(me, 3), -EAGAIN); /* 2 has not looked yet */
    poll(&ports[2], got);                            /* hears the bell */
    assert_int_equal(poll(&ports[2], got), 1);       /* its message; then it lets go */
    assert_int_equal(ivs_link_open(me, 3), 0);
    assert_null(me->links[2].out.ring);
    ivs_link_wake(me, 2); /* a late bell: the name may be there still */
    poll(&ports[2], got);
    assert_null(ports[2].ins[ME].ring);
    close_ports();
}

/* Peers that compute and do not look keep the rings that are being taken from them. After a while
 * others are closed too, and one of these is given up. */
static void test_some_do_not_look(void **state)
{
    const uint32_t rings = 6, late = rings + 1;
    uint32_t got[RANKS_MAX][RANKS_MAX] = { { 0 } };
    uint32_t tries = 0, open = 0;

    (void) state;
    rings_wanted = rings;
    open_ports(late + 1, CELLS);
    rings_wanted = IVS_RINGS_MAX;
    for (uint32_t peer = 1; peer <= rings; peer++) {
        send(ME, peer, 0);
    }
    while (ivs_link_open(me, late) == -EAGAIN) {
        poll(&ports[rings], got[rings]);
        assert_true(++tries < 100000);
    }
    for (uint32_t peer = 1; peer <= rings; peer++) {
        open += ivs_link_is_open(&me->links[peer]);
    }
    assert_int_equal(open, 1); /* no more are closed than needed */
    close_ports();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rings_move),
        cmocka_unit_test(test_pinned_rings_stay),
        cmocka_unit_test(test_some_do_not_look),
    };

    return cmocka_run_group_tests_name("port_move", tests, NULL, NULL);
}
