/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Ports: rings found by bells, hot and sleeping rings, cells lent and taken back, and what a
 * hostile peer may write.
 */
#include "port_test.h"

/* ---- opening ------------------------------------------------------------------------------- */

static void test_open(void **state)
{
    struct ivs_port port;

    (void) state;
    open_ports(3, CELLS);
    void *base = guarded_front(&memory);
    assert_int_equal(ivs_port_open(&port, base, shape.bytes, &shape, 3), -EINVAL);
    assert_int_equal(ivs_port_open(&port, base, shape.bytes, &shape, IVS_NOBODY), -EINVAL);
    assert_int_equal(ivs_port_open(&port, base, shape.bytes - 1, &shape, 0), -EINVAL);
    assert_int_equal(ivs_segment_format(base, shape.bytes - 1, &shape), -EINVAL);
    assert_int_equal(ivs_port_open(&port, base, shape.bytes + 1, &shape, 2), 0);
    ivs_port_close(&port);
    ivs_port_close(&port); /* once more does no harm */
    close_ports();
}

/* A segment that is not formatted, or not in this shape. */
static void test_open_other_segment(void **state)
{
    static const uint64_t flips[] = { 1, UINT64_C(1) << 32, UINT64_C(1) << 63 };
    struct ivs_port port;

    (void) state;
    open_ports(3, CELLS);
    void *base = guarded_front(&memory);
    for (size_t i = 0; i < 12; i++) {
        ivl_sh64_t *at = (ivl_sh64_t *) base + i / 3;
        uint64_t good = ivl_sh64_load_relaxed(at);
        ivl_sh64_store_relaxed(at, good ^ flips[i % 3]);
        assert_int_equal(ivs_port_open(&port, base, shape.bytes, &shape, 0), -EBADMSG);
        ivl_sh64_store_relaxed(at, good);
    }
    memset(base, 0, TEST_PAGE);
    assert_int_equal(ivs_port_open(&port, base, shape.bytes, &shape, 0), -EBADMSG);
    close_ports();
}

/* ---- finding rings ------------------------------------------------------------------------- */

static void test_first_message(void **state)
{
    uint32_t got[RANKS_MAX] = { 0 };

    (void) state;
    open_ports(4, CELLS);
    assert_int_equal(poll(me, got), 0);
    assert_int_equal(ports[2].ring_users[0], IVS_NOBODY);
    send(2, ME, 0);
    assert_int_equal(ports[2].ring_users[0], ME);
    assert_null(me->ins[2].ring);
    assert_int_equal(ivs_port_listen(me), 1);
    assert_int_equal(ivs_port_listen(me), 0);
    expect_hot(me, 1, (uint32_t[]){ 2 });
    assert_int_equal(poll(me, got), 1);
    send(2, ME, 1); /* hot: no bell */
    assert_int_equal(ivl_sh64_load_relaxed(wake_of(ME, 0)), 0);
    assert_int_equal(poll(me, got), 1);
    assert_int_equal(ports[2].ring_users[1], IVS_NOBODY);
    close_ports();
}

/* Every rank to as many as it has rings for, itself too; bits of all wake words. */
static void test_everybody(void **state)
{
    const uint32_t neighbours = 60;
    static uint32_t got[RANKS_MAX][RANKS_MAX];

    (void) state;
    memset(got, 0, sizeof(got));
    open_ports(RANKS_MAX, 2);
    for (uint32_t number = 0; number < 3; number++) {
        for (uint32_t from = 0; from < RANKS_MAX; from++) {
            for (uint32_t to = 0; to < RANKS_MAX; to++) {
                if ((to + RANKS_MAX - from) % RANKS_MAX < neighbours) {
                    send(from, to, number);
                }
            }
        }
        for (uint32_t to = 0; to < RANKS_MAX; to++) {
            uint32_t records = 0;
            for (uint32_t polls = 0; polls < 2 * RANKS_MAX; polls++) {
                records += (uint32_t) poll(&ports[to], got[to]);
            }
            assert_int_equal(records, neighbours);
            assert_int_equal(ports[to].hot_count, IVS_HOT);
            assert_int_equal(ports[to].known_count, neighbours);
        }
    }
    close_ports();
}

static void test_self(void **state)
{
    uint32_t got[RANKS_MAX] = { 0 };

    (void) state;
    open_ports(1, 2);
    for (uint32_t number = 0; number < 5 * IVS_RING_SLOTS; number++) {
        uint32_t cell;
        send(ME, ME, number);
        ivs_port_listen(me);
        assert_int_equal(poll(me, got), 1);
        assert_int_equal(ivs_cell_take(me, ME, &cell), 0);
        assert_ptr_equal(ivs_cell_of(me, ME, cell, 0, CELL_BYTES), ivs_cell_at(me, cell));
        ivs_cell_drop(me, cell);
    }
    close_ports();
}

/* ---- hot and asleep ------------------------------------------------------------------------ */

static void ring_in(uint32_t peer)
{
    ivs_link_wake(&ports[peer], ME);
    assert_int_equal(ivs_port_listen(me), 1);
}

static void test_hot_list(void **state)
{
    uint32_t got[RANKS_MAX] = { 0 };

    (void) state;
    open_ports(7, CELLS);
    for (uint32_t peer = 1; peer <= IVS_HOT; peer++) {
        send(peer, ME, 0);
        assert_int_equal(ivs_port_listen(me), 1);
        assert_false(is_asleep(peer, ME));
    }
    expect_hot(me, 4, (uint32_t[]){ 4, 3, 2, 1 });
    ring_in(2); /* to the front, from the middle, the front and the back */
    expect_hot(me, 4, (uint32_t[]){ 2, 4, 3, 1 });
    ring_in(2);
    expect_hot(me, 4, (uint32_t[]){ 2, 4, 3, 1 });
    ring_in(1);
    expect_hot(me, 4, (uint32_t[]){ 1, 2, 4, 3 });
    assert_int_equal(poll(me, got), 4);

    send(5, ME, 0); /* one too many: the last one falls asleep */
    assert_int_equal(ivs_port_listen(me), 1);
    expect_hot(me, 4, (uint32_t[]){ 5, 1, 2, 4 });
    assert_true(is_asleep(3, ME));
    assert_false(is_asleep(4, ME));

    send(3, ME, 1); /* and is woken by its next message */
    assert_int_not_equal(ivl_sh64_load_relaxed(wake_of(ME, 0)), 0);
    assert_int_equal(ivs_port_listen(me), 1);
    expect_hot(me, 4, (uint32_t[]){ 3, 5, 1, 2 });
    assert_true(is_asleep(4, ME));
    assert_false(is_asleep(3, ME));
    assert_int_equal(poll(me, got), 2);
    close_ports();
}

/* All peers become known; the first ones sleep. */
static void make_known(uint32_t peers, uint32_t *got)
{
    for (uint32_t peer = 1; peer <= peers; peer++) {
        send(peer, ME, 0);
        assert_int_equal(ivs_port_listen(me), 1);
        assert_int_equal(poll(me, got), 1);
    }
    assert_int_equal(me->known_count, peers);
    assert_true(is_asleep(1, ME));
}

/* Records whose bell was lost are found within as many polls as there are known peers, whoever
 * of the sleeping ones sent, and wherever the search stands. */
static void test_lost_wakeup(void **state)
{
    const uint32_t peers = 9;

    (void) state;
    for (uint32_t sleeper = 1; sleeper <= peers - IVS_HOT; sleeper++) {
        for (uint32_t skip = 0; skip < peers; skip++) {
            uint32_t got[RANKS_MAX] = { 0 }, polls = 0;
            open_ports(peers + 1, CELLS);
            make_known(peers, got);
            for (uint32_t i = 0; i < skip; i++) {
                assert_int_equal(poll(me, got), 0);
            }
            assert_int_equal(publish(sleeper, ME, 1, IVS_NOBODY), 0);
            while (ivs_port_listen(me) == 0) {
                assert_true(++polls < peers);
            }
            assert_int_equal(me->hot[0], sleeper);
            assert_false(is_asleep(sleeper, ME));
            assert_int_equal(poll(me, got), 1);
            close_ports();
        }
    }
}

/* The same while others ring all the time. */
static void test_lost_wakeup_in_noise(void **state)
{
    const uint32_t peers = 9;
    uint32_t got[RANKS_MAX] = { 0 };

    (void) state;
    open_ports(peers + 1, CELLS);
    make_known(peers, got);
    assert_int_equal(publish(1, ME, 1, IVS_NOBODY), 0);
    for (uint32_t i = 0; i <= peers; i++) {
        for (uint32_t peer = 2; peer <= peers; peer++) {
            send(peer, ME, i + 1);
        }
        poll(me, got);
    }
    assert_int_equal(got[1], 2);
    close_ports();
}

/* Peers 1.. send and ring, as soon as their last message has been read. */
static void make_noise(uint32_t peers, uint32_t *sent, const uint32_t *got)
{
    for (uint32_t peer = 1; peer <= peers; peer++) {
        if (sent[peer] == got[peer]) {
            send(peer, ME, sent[peer]++);
        }
    }
}

/* A first message is heard of by its bell alone: whoever else rings, and in whatever wake word. */
static void test_first_contact_in_noise(void **state)
{
    const uint32_t noisy = 9;

    (void) state;
    for (uint32_t late = noisy + 1; late < RANKS_MAX; late += 11) {
        uint32_t got[RANKS_MAX] = { 0 }, sent[RANKS_MAX] = { 0 }, polls = 0;
        open_ports(RANKS_MAX, 2);
        send(late, ME, 0);
        while (got[late] == 0) {
            make_noise(noisy, sent, got);
            poll(me, got);
            assert_true(++polls < RANKS_MAX);
        }
        close_ports();
    }
}

/* ---- cells --------------------------------------------------------------------------------- */

static uint32_t lend(uint32_t from, uint32_t to, uint32_t number)
{
    uint32_t cell = IVS_NOBODY;

    assert_int_equal(ivs_cell_take(&ports[from], to, &cell), 0);
    assert_true(cell < shape.cells);
    assert_int_equal(publish(from, to, number, cell), 0);
    ivs_cell_lend(&ports[from], to, cell);
    ivs_link_wake(&ports[from], to);
    return cell;
}

static void test_cells_come_back(void **state)
{
    struct message message;

    (void) state;
    open_ports(2, CELLS);
    for (uint32_t round = 0; round < 1000; round++) {
        uint32_t cell[CELLS / 2];
        uint32_t lent = 1 + round % (CELLS / 2);
        for (uint32_t i = 0; i < lent; i++) {
            cell[i] = lend(1, ME, round);
            for (uint32_t k = 0; k < i; k++) {
                assert_int_not_equal(cell[i], cell[k]);
            }
            memset(ivs_cell_at(&ports[1], cell[i]), (int) (round + i) & 0xff, CELL_BYTES);
        }
        ivs_port_listen(me);
        for (uint32_t i = 0; i < lent; i++) {
            assert_true(take_from(me, 1, &message));
            assert_int_equal(message.cell, cell[i]);
            const unsigned char *data = ivs_cell_of(me, 1, message.cell, 0, CELL_BYTES);
            assert_int_equal(data[0], (round + i) & 0xff);
            assert_int_equal(data[CELL_BYTES - 1], (round + i) & 0xff);
        }
    }
    close_ports();
}

/* Cells that a peer still holds are not given to another. */
static void test_cells_are_held(void **state)
{
    struct message message;
    uint32_t cell;

    (void) state;
    for (uint32_t cells = 2; cells < 20; cells++) {
        const uint32_t half = cells / 2;
        bool used[32] = { false };
        open_ports(4, cells);
        for (uint32_t i = 0; i < half; i++) {
            used[lend(1, ME, i)] = true;
        }
        assert_int_equal(ivs_cell_take(&ports[1], ME, &cell), -EAGAIN);
        for (uint32_t i = 0; i < half; i++) { /* the other half is for others */
            cell = lend(1, 2, i);
            assert_false(used[cell]);
            used[cell] = true;
        }
        assert_int_equal(ivs_cell_take(&ports[1], 2, &cell), -EAGAIN);
        if (cells % 2 == 0) {
            assert_int_equal(ivs_cell_take(&ports[1], 3, &cell), -EAGAIN);
        }
        ivs_port_listen(me); /* one comes back: anybody may have it */
        assert_true(take_from(me, 1, &message));
        for (uint32_t i = 0; i <= cells % 2; i++) {
            assert_int_equal(ivs_cell_take(&ports[1], 3, &cell), 0);
        }
        assert_int_equal(ports[1].free_count, 0);
        close_ports();
    }
}

/* Lends as many cells as one peer may hold, again and again: never one that is still held. */
static void lend_rounds(uint32_t each)
{
    for (uint32_t round = 0; round < 4; round++) {
        struct message message;
        uint32_t used = 0;
        for (uint32_t i = 0; i < each; i++) {
            uint32_t bit = 1u << lend(1, ME, i);
            assert_int_equal(used & bit, 0);
            used |= bit;
        }
        ivs_port_listen(me);
        while (take_from(me, 1, &message)) {
            assert_true(used & 1u << message.cell);
        }
    }
}

/* The counters of loans wrap; the number of cells need not divide 2^32. */
static void test_loan_counters_wrap(void **state)
{
    (void) state;
    for (uint32_t cells = 2; cells < 20; cells++) {
        for (uint32_t before = 0; before <= cells / 2; before++) {
            open_ports(2, cells);
            assert_int_equal(ivs_link_open(&ports[1], ME), 0);
            ports[1].links[ME].loans_head = ports[1].links[ME].loans_tail = 0u - before;
            lend_rounds(cells / 2);
            close_ports();
        }
    }
}

static void test_cell_of(void **state)
{
    static const struct {
        uint64_t cell, at, bytes;
    } bad[] = {
        { CELLS, 0, 1 },          { UINT32_MAX, 0, 1 },
        { UINT64_MAX, 0, 1 },     { UINT64_C(1) << 32, 0, 1 },
        { 0, 0, CELL_BYTES + 1 }, { 0, 0, UINT64_MAX },
        { 0, 1, CELL_BYTES },     { 0, CELL_BYTES, 1 },
        { 0, UINT64_MAX, 1 },     { 0, UINT64_MAX - 7, 8 },
        { 0, UINT64_MAX, 0 },
    };

    (void) state;
    open_ports(3, CELLS);
    for (uint32_t peer = 0; peer < 3; peer++) {
        unsigned char *last = ivs_cell_at(&ports[peer], CELLS - 1);
        assert_ptr_equal(ivs_cell_of(me, peer, 0, 0, 1), ivs_cell_at(&ports[peer], 0));
        assert_ptr_equal(ivs_cell_of(me, peer, CELLS - 1, 0, CELL_BYTES), last);
        assert_ptr_equal(ivs_cell_of(me, peer, CELLS - 1, CELL_BYTES - 3, 3),
                         last + CELL_BYTES - 3);
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            assert_null(ivs_cell_of(me, peer, bad[i].cell, bad[i].at, bad[i].bytes));
        }
    }
    close_ports();
}

/* ---- a hostile peer ------------------------------------------------------------------------ */

static void test_bogus_bells(void **state)
{
    (void) state;
    for (uint32_t bit = 0; bit < 128; bit++) {
        open_ports(70, 2);
        ivl_sh64_store_relaxed(wake_of(ME, bit / 64), UINT64_C(1) << bit % 64);
        /* one without a ring is passed over, as a late bell; no such peer is an error */
        assert_int_equal(ivs_port_listen(me), bit < 70 ? 0 : -EBADMSG);
        assert_int_equal(me->known_count, 0);
        close_ports();
    }
}

/* Names in a peer's directory that are not ours, or ours too often. */
static void test_bogus_directory(void **state)
{
    static const uint64_t names[] = { 0, 2, 3, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX };
    uint32_t got[RANKS_MAX] = { 0 };

    (void) state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        open_ports(5, CELLS);
        for (uint32_t k = 0; k < shape.rings; k++) {
            ivl_sh64_store_relaxed(directory_of(3, k), names[i]);
        }
        ivs_link_wake(&ports[3], ME);
        assert_int_equal(ivs_port_listen(me), 0);
        assert_int_equal(me->known_count, 0);
        close_ports();
    }
    open_ports(5, CELLS);
    for (uint32_t k = 1; k < shape.rings; k++) {
        ivl_sh64_store_relaxed(directory_of(3, k), ME + 1);
    }
    ivs_link_wake(&ports[3], ME);
    assert_int_equal(ivs_port_listen(me), 1);
    assert_int_equal(poll(me, got), 0);
    assert_int_equal(me->known_count, 1);
    close_ports();
}

/* Credit that cannot be: seen by the sender when it needs cells or room. */
static void test_bogus_credit(void **state)
{
    uint32_t cell;

    (void) state;
    open_ports(3, CELLS);
    for (uint32_t i = 0; i < CELLS / 2; i++) {
        lend(1, ME, i);
    }
    ivl_sh64_store_relaxed(&ports[1].links[ME].out.ring->credit, CELLS / 2 + 1);
    assert_int_equal(ivs_cell_take(&ports[1], ME, &cell), -EBADMSG);
    for (uint32_t i = 0; i < CELLS / 2; i++) {
        assert_int_equal(ivs_cell_take(&ports[1], 2, &cell), 0);
    }
    assert_int_equal(ivs_cell_take(&ports[1], 2, &cell), -EBADMSG);
    close_ports();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_open_other_segment),
        cmocka_unit_test(test_first_message),
        cmocka_unit_test(test_everybody),
        cmocka_unit_test(test_self),
        cmocka_unit_test(test_hot_list),
        cmocka_unit_test(test_lost_wakeup),
        cmocka_unit_test(test_lost_wakeup_in_noise),
        cmocka_unit_test(test_first_contact_in_noise),
        cmocka_unit_test(test_cells_come_back),
        cmocka_unit_test(test_cells_are_held),
        cmocka_unit_test(test_loan_counters_wrap),
        cmocka_unit_test(test_cell_of),
        cmocka_unit_test(test_bogus_bells),
        cmocka_unit_test(test_bogus_directory),
        cmocka_unit_test(test_bogus_credit),
    };

    return cmocka_run_group_tests_name("port", tests, NULL, NULL);
}
