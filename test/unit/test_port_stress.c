/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Ports under load: threads, each with a port of its own on one segment, send each other (and
 * themselves) records and cells of random lengths. Every message carries its number and a
 * pattern; each pair's must arrive in order, whole and once. More ranks than hot rings, so rings
 * fall asleep and are woken all the time; in the second test also more ranks than rings, so these
 * move from peer to peer.
 */
#include "ivs_test.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#define RANKS_MAX 6u
#define CELLS 5u
#define CELL_BYTES 2048u
#define SILENCE_S 60 /* without any message: something got lost */

struct wire {
    uint32_t from, number;
    uint32_t cell; /* IVS_NOBODY: the data follows in the record */
    uint32_t bytes;
};

#define INLINE_MAX (IVS_RECORD_BYTES - (uint32_t) sizeof(struct wire))

/* A run of the test. */
struct run {
    uint32_t ranks, rings;
    uint32_t messages; /* from each rank to each */
};

static const struct run *run;
static struct ivs_shape shape;
static unsigned char *segment;
static ivl_sh64_t failed;   /* somebody has seen an error: all stop */
static ivl_sh64_t finished; /* ranks that have sent and received all */

struct worker {
    struct ivs_port port;
    uint32_t self;
    uint64_t seed;
    uint32_t sent[RANKS_MAX], received[RANKS_MAX];
    uint32_t all_sent, all_received;
    uint32_t in_cells, full, detached;
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
    ivs_out_cut_lap(&w->port.links[to].out);
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
    uint32_t to = rnd(&w->seed, run->ranks);

    for (uint32_t burst = rnd(&w->seed, 12); burst > 0 && w->sent[to] < run->messages; burst--) {
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
    uint64_t word = in->ring == NULL ? 0 : ivs_in_peek(in);
    struct ivs_head head;
    struct wire wire = { .cell = IVS_NOBODY };

    if (word == 0) {
        return false;
    }
    int rc = ivs_in_head(in, word, &head);
    if (rc == -EAGAIN) {
        return true;
    }
    if (rc == 0 && head.kind == IVS_KIND_CLOSE) {
        ivs_port_detach(&w->port, peer);
        w->detached++;
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

static bool is_done(const struct worker *w)
{
    return w->all_sent + w->all_received == 2 * run->ranks * run->messages;
}

/* Goes on until all have finished: others may wait for rings that we are to let go of. */
static void *work(void *arg)
{
    struct worker *w = (struct worker *) arg;
    uint32_t before = 0;
    time_t last = time(NULL);

    while (ivl_sh64_load_relaxed(&finished) < run->ranks && !ivl_sh64_load_relaxed(&failed)) {
        bool was_done = is_done(w);
        send_some(w);
        poll(w);
        if (is_done(w) && !was_done) {
            (void) ivl_sh64_fetch_add_relaxed(&finished, 1);
        }
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

static void make_segment(void)
{
    assert_int_equal(ivs_shape_make(run->ranks, run->rings, CELLS, CELL_BYTES, &shape), 0);
    segment = aligned_alloc(TEST_PAGE, shape.bytes);
    assert_non_null(segment);
    memset(segment, 0, shape.bytes);
    assert_int_equal(ivs_segment_format(segment, shape.bytes, &shape), 0);
}

static void work_all(struct worker *workers)
{
    pthread_t threads[RANKS_MAX];

    ivl_sh64_store_relaxed(&finished, 0);
    for (uint32_t i = 0; i < run->ranks; i++) {
        workers[i] = (struct worker){ .self = i, .seed = i + 1 };
        assert_int_equal(ivs_port_open(&workers[i].port, segment, shape.bytes, &shape, i), 0);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < run->ranks; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void check_worker(const struct worker *w)
{
    if (w->error) {
        print_error("rank %u: %s after %u\n", w->self, w->error, w->all_received);
    }
    assert_null(w->error);
    for (uint32_t k = 0; k < run->ranks; k++) {
        assert_int_equal(w->received[k], run->messages);
    }
}

/* Returns how often rings were let go of. */
static uint32_t everybody_with_everybody(const struct run *this_run)
{
    static struct worker workers[RANKS_MAX];
    uint32_t in_cells = 0, full = 0, detached = 0;

    run = this_run;
    make_segment();
    work_all(workers);
    for (uint32_t i = 0; i < run->ranks; i++) {
        check_worker(&workers[i]);
        in_cells += workers[i].in_cells;
        full += workers[i].full;
        detached += workers[i].detached;
        ivs_port_close(&workers[i].port);
    }
    assert_true(in_cells > run->ranks * run->messages / 10); /* both ways were used, */
    assert_true(full > 0);                                   /* and rings were full */
    free(segment);
    return detached;
}

static void test_everybody_with_everybody(void **state)
{
    (void) state;
    _Static_assert(RANKS_MAX > IVS_HOT, "some rings must sleep");
    assert_int_equal(everybody_with_everybody(&(struct run){ RANKS_MAX, RANKS_MAX, 15000 }), 0);
}

static void test_more_peers_than_rings(void **state)
{
    static const struct run runs[] = { { 5, 2, 4000 }, { 5, 1, 1000 } };

    (void) state;
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        uint32_t detached = everybody_with_everybody(&runs[i]);
        print_message("# %u times one of %u rings was let go of\n", detached, runs[i].rings);
        assert_true(detached > runs[i].messages);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everybody_with_everybody),
        cmocka_unit_test(test_more_peers_than_rings),
    };

    return cmocka_run_group_tests_name("port_stress", tests, NULL, NULL);
}
