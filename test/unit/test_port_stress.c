/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Ports under load: threads, each with a port of its own on one segment, send each other (and
 * themselves) records and cells of random lengths. Every message carries its number and a
 * pattern; each pair's must arrive in order, whole and once. More ranks than hot rings, so rings
 * fall asleep and are woken all the time.
 */
#include "ivs_test.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#define RANKS 6u
#define MESSAGES 15000u /* from each rank to each */
#define CELLS 5u
#define CELL_BYTES 2048u
#define SILENCE_S 60 /* without any message: something got lost */

_Static_assert(RANKS > IVS_HOT, "some rings must sleep");

struct wire {
    uint32_t from, number;
    uint32_t cell; /* IVS_NOBODY: the data follows in the record */
    uint32_t bytes;
};

#define INLINE_MAX (IVS_RECORD_BYTES - (uint32_t) sizeof(struct wire))

static struct ivs_shape shape;
static unsigned char *segment;
static ivl_sh64_t failed; /* somebody has seen an error: all stop */

struct worker {
    struct ivs_port port;
    uint32_t self;
    uint64_t seed;
    uint32_t sent[RANKS], received[RANKS];
    uint32_t all_sent, all_received;
    uint32_t in_cells, full;
    const char *error;
};

static void give_up(struct worker *w, const char *what)
{
    if (!w->error) {
        w->error = what;
    }
    ivl_sh64_store_relaxed(&failed, 1);
}

static uint64_t mark_of(const struct wire *wire, uint32_t to)
{
    return (uint64_t) wire->from << 40 | (uint64_t) to << 32 | wire->number;
}

/* ---- sending ------------------------------------------------------------------------------- */

static void publish(struct worker *w, uint32_t to, const struct wire *wire,
                    const unsigned char *data)
{
    struct ivs_out *out = &w->port.links[to].out;
    uint32_t inlined = wire->cell == IVS_NOBODY ? wire->bytes : 0;
    const struct ivs_head head = { .kind = KIND, .bytes = (uint32_t) sizeof(*wire) + inlined };

    ivs_out_write(out, 0, wire, sizeof(*wire));
    ivs_out_write(out, sizeof(*wire), data, inlined);
    ivs_out_publish(out, &head, ivs_record_slots(head.bytes));
    if (wire->cell != IVS_NOBODY) {
        ivs_cell_lend(&w->port, to, wire->cell);
    }
    if (ivs_out_must_wake(out)) {
        ivs_link_wake(&w->port, to);
    }
}

/* A cell for one message in four; if none is free it goes in the record. */
static int choose_place(struct worker *w, uint32_t to, struct wire *wire)
{
    int rc;

    wire->cell = IVS_NOBODY;
    wire->bytes = rnd(&w->seed, rnd(&w->seed, 3) ? 100 : INLINE_MAX + 1);
    if (rnd(&w->seed, 4) != 0) {
        return 0;
    }
    rc = ivs_cell_take(&w->port, to, &wire->cell);
    if (rc == 0) {
        wire->bytes = 1 + rnd(&w->seed, CELL_BYTES);
        w->in_cells++;
    }
    return rc == -EAGAIN ? 0 : rc;
}

/* 0; -EAGAIN no room now. */
static int send_one(struct worker *w, uint32_t to)
{
    unsigned char data[CELL_BYTES];
    struct wire wire = { .from = w->self, .number = w->sent[to] };
    int rc = ivs_link_open(&w->port, to);

    if (rc == 0) {
        rc = choose_place(w, to, &wire);
    }
    if (rc != 0) {
        return rc;
    }
    uint32_t inlined = wire.cell == IVS_NOBODY ? wire.bytes : 0;
    rc = ivs_out_begin(&w->port.links[to].out, ivs_record_slots((uint32_t) sizeof(wire) + inlined));
    if (rc == 0) {
        bool in_cell = wire.cell != IVS_NOBODY;
        pattern_fill(in_cell ? ivs_cell_at(&w->port, wire.cell) : data, wire.bytes,
                     mark_of(&wire, to));
        publish(w, to, &wire, data);
    } else if (wire.cell != IVS_NOBODY) {
        ivs_cell_drop(&w->port, wire.cell);
    }
    return rc;
}

static void send_some(struct worker *w)
{
    uint32_t to = rnd(&w->seed, RANKS);

    for (uint32_t burst = rnd(&w->seed, 12); burst > 0 && w->sent[to] < MESSAGES; burst--) {
        int rc = send_one(w, to);
        if (rc == -EAGAIN) {
            w->full++;
            return;
        }
        if (rc != 0) {
            give_up(w, "sending failed");
            return;
        }
        w->sent[to]++;
        w->all_sent++;
    }
}

/* ---- receiving ----------------------------------------------------------------------------- */

static const char *check_record(struct worker *w, uint32_t peer, const struct ivs_head *head,
                                struct wire *wire)
{
    unsigned char got[CELL_BYTES], want[CELL_BYTES];
    struct ivs_in *in = &w->port.ins[peer];

    if (head->kind != KIND || head->bytes < sizeof(*wire)) {
        return "not a record";
    }
    ivs_in_read(in, 0, wire, sizeof(*wire));
    if (wire->from != peer || wire->number != w->received[peer]) {
        return "lost, repeated or out of order";
    }
    if (wire->cell == IVS_NOBODY) {
        if (head->bytes != sizeof(*wire) + wire->bytes) {
            return "wrong length";
        }
        ivs_in_read(in, sizeof(*wire), got, wire->bytes);
    } else {
        const void *cell = ivs_cell_of(&w->port, peer, wire->cell, 0, wire->bytes);
        if (!cell) {
            return "wrong cell";
        }
        memcpy(got, cell, wire->bytes);
    }
    pattern_fill(want, wire->bytes, mark_of(wire, w->self));
    return memcmp(got, want, wire->bytes) == 0 ? NULL : "torn";
}

static bool take_from(struct worker *w, uint32_t peer)
{
    struct ivs_in *in = &w->port.ins[peer];
    uint64_t word = ivs_in_peek(in);
    struct ivs_head head;
    struct wire wire = { .cell = IVS_NOBODY };

    if (word == 0) {
        return false;
    }
    int rc = ivs_in_head(in, word, &head);
    if (rc == -EAGAIN) {
        return true;
    }
    const char *error = rc == 0 ? check_record(w, peer, &head, &wire) : "bad head";
    if (error) {
        give_up(w, error);
        return false;
    }
    ivs_in_done(in, ivs_record_slots(head.bytes), wire.cell != IVS_NOBODY);
    w->received[peer]++;
    w->all_received++;
    return true;
}

static void poll(struct worker *w)
{
    uint32_t hot[IVS_HOT], count = w->port.hot_count;

    memcpy(hot, w->port.hot, sizeof(hot));
    for (uint32_t i = 0; i < count; i++) {
        for (int k = 0; k < 16 && take_from(w, hot[i]); k++) {
        }
    }
    if (ivs_port_listen(&w->port) < 0) {
        give_up(w, "bad bell");
    }
}

/* ---- the run ------------------------------------------------------------------------------- */

static void *work(void *arg)
{
    struct worker *w = (struct worker *) arg;
    uint32_t before = 0;
    time_t last = time(NULL);

    while (w->all_sent + w->all_received < 2 * RANKS * MESSAGES &&
           !ivl_sh64_load_relaxed(&failed)) {
        send_some(w);
        poll(w);
        if (w->all_sent + w->all_received != before) {
            before = w->all_sent + w->all_received;
            last = time(NULL);
        } else if (time(NULL) - last > SILENCE_S) {
            give_up(w, "nothing moves any more");
        } else {
            sched_yield();
        }
    }
    return NULL;
}

static void test_everybody_with_everybody(void **state)
{
    static struct worker workers[RANKS];
    pthread_t threads[RANKS];
    uint32_t in_cells = 0, full = 0;

    (void) state;
    assert_int_equal(ivs_shape_make(RANKS, IVS_RINGS_MAX, CELLS, CELL_BYTES, &shape), 0);
    segment = aligned_alloc(TEST_PAGE, shape.bytes);
    assert_non_null(segment);
    memset(segment, 0, shape.bytes);
    assert_int_equal(ivs_segment_format(segment, shape.bytes, &shape), 0);
    for (uint32_t i = 0; i < RANKS; i++) {
        workers[i] = (struct worker){ .self = i, .seed = i + 1 };
        assert_int_equal(ivs_port_open(&workers[i].port, segment, shape.bytes, &shape, i), 0);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < RANKS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (uint32_t i = 0; i < RANKS; i++) {
        if (workers[i].error) {
            print_error("rank %u: %s after %u\n", i, workers[i].error, workers[i].all_received);
        }
        assert_null(workers[i].error);
        for (uint32_t k = 0; k < RANKS; k++) {
            assert_int_equal(workers[i].received[k], MESSAGES);
        }
        in_cells += workers[i].in_cells;
        full += workers[i].full;
        ivs_port_close(&workers[i].port);
    }
    assert_true(in_cells > RANKS * MESSAGES / 10); /* both ways were used, */
    assert_true(full > 0);                         /* and rings were full */
    free(segment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everybody_with_everybody),
    };

    return cmocka_run_group_tests_name("port_stress", tests, NULL, NULL);
}
