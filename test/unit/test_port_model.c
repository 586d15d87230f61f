/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * All runs of small scenes under store buffers (model.h), with the real code of rings and ports:
 * nothing is lost, repeated or torn (R1, R2), nothing waits for ever (R3, lost wake-ups, cells).
 * And each rule that this rests on is broken once, to see that the model would find out.
 */
#define RANKS 6u
#define CELLS 4u
#include "port_model.h"

#define ME 0u

/* Rules to break. */
enum mutation {
    NONE,
    HEAD_BEFORE_PAYLOAD,
    RELAXED_HEAD,
    NO_CREDIT_CHECK,
    CREDIT_BEFORE_READ,
    LAZIER_CREDIT,
    NO_REST_HEADS,
    NO_SLEEPER_CHECK,
    LAZY_CREDIT_FOR_CELLS,
    LENT_WITH_THE_LAST_RECORD,
    CUT_UNREAD_LAP,
};

struct scene {
    const char *name;
    enum mutation mutation;
    const char *violation; /* what must be found */
    bool weak;
    uint32_t start; /* position of the rings */
    uint32_t messages;
    uint32_t slots[4]; /* of the messages, in turn; 0: back to the first */
    bool stale;        /* the ring holds heads of the next lap, 65535 laps old */
    bool cuts;         /* laps are cut short */
};

static const struct scene *scene;

/* ---- setting up ---------------------------------------------------------------------------- */

/* A ring of rank `from` to me as it is after `start` slots. */
static struct ivs_ring *old_ring(uint32_t from)
{
    struct ivs_ring *r = ring(&parties[0].port, from, 0);

    age_ring(r, scene->stale ? scene->start + 2 * IVS_RING_SLOTS : scene->start);
    ivl_sh64_store_relaxed(&r->credit, scene->start);
    return r;
}

static void connect_ring(struct party *from, struct party *me, bool asleep)
{
    struct ivs_ring *r = old_ring(from->rank);

    from->links[ME].out =
        (struct ivs_out){ .ring = r, .head = scene->start, .acked = scene->start };
    from->links[ME].loans = from->loans;
    me->ins[from->rank] = (struct ivs_in){
        .ring = r, .tail = scene->start, .returned = scene->start, .asleep = asleep
    };
    if (asleep) {
        ivl_sh64_store_relaxed(&r->credit, IVS_ASLEEP | scene->start);
    }
}

/* ---- one ring ------------------------------------------------------------------------------ */

static void publish_message(struct ivs_out *out, uint32_t number, uint32_t slots)
{
    const struct ivs_head head = { .kind = KIND, .bytes = slots * IVS_BODY_BYTES, .aux = number };

    if (scene->mutation == RELAXED_HEAD) {
        ivs_out_store_rest(out, slots);
        ivl_sh64_store_relaxed(&ivs_out_slot(out, 0)->head, ivs_head_pack(out->head, &head));
        out->head += slots;
    } else if (scene->mutation == NO_REST_HEADS) {
        ivl_sh64_store_release(&ivs_out_slot(out, 0)->head, ivs_head_pack(out->head, &head));
        out->head += slots;
    } else {
        ivs_out_publish(out, &head, slots);
    }
}

/* Rank 5 is there to drive rank 1 out of the hot ones. */
static uint32_t messages_of(uint32_t rank)
{
    return rank == 5 ? 1 : scene->messages;
}

static void cut_lap(struct ivs_out *out)
{
    const struct ivs_head pad = { .kind = IVS_KIND_PAD };

    if (scene->mutation != CUT_UNREAD_LAP) {
        ivs_out_cut_lap(out);
    } else if (out->head % IVS_RING_SLOTS == IVS_HALF_SLOTS) {
        ivl_sh64_store_release(&ivs_out_slot(out, 0)->head, ivs_head_pack(out->head, &pad));
        out->head += IVS_HALF_SLOTS;
    }
}

/* True if there is room and the message has been written. */
static bool produce_message(struct party *p)
{
    struct ivs_out *out = &p->links[ME].out;
    uint32_t slots = message_slots(scene->slots, p->count);
    int rc;

    if (scene->mutation == NO_CREDIT_CHECK) {
        out->acked = out->head;
    }
    if (scene->cuts) {
        cut_lap(out);
    }
    rc = ivs_out_begin(out, slots);
    p->common.idle = rc == -EAGAIN;
    if (rc != 0) {
        if (rc != -EAGAIN) {
            model_violation("honest credit refused");
        }
        return false;
    }
    struct ivs_out before = *out;
    if (scene->mutation != HEAD_BEFORE_PAYLOAD) {
        write_message(out, p->count, slots);
    }
    publish_message(out, p->count, slots);
    if (scene->mutation == HEAD_BEFORE_PAYLOAD) {
        write_message(&before, p->count, slots);
    }
    p->count++;
    p->common.finished = p->count == messages_of(p->rank);
    return true;
}

static void produce(void *work)
{
    produce_message(work);
}

static void done(struct ivs_in *in, uint32_t slots)
{
    if (scene->mutation == LAZIER_CREDIT) {
        in->tail += slots;
        if (in->tail - in->returned > IVS_RING_SLOTS - IVS_RECORD_SLOTS) {
            ivs_in_store_credit(in);
        }
    } else {
        ivs_in_done(in, slots, false);
    }
}

/* Takes a message from peer's ring; false: none there. */
static bool consume_message(struct party *p, uint32_t peer)
{
    struct ivs_in *in = &p->ins[peer];
    uint64_t word = ivs_in_peek(in);
    uint32_t number = p->received[peer], slots = message_slots(scene->slots, number);
    struct ivs_head head;
    int rc = word == 0 ? 0 : ivs_in_head(in, word, &head);

    if (word == 0 || rc == -EAGAIN) {
        return word != 0;
    }
    if (rc != 0 || head.kind != KIND || head.aux != number ||
        head.bytes != slots * IVS_BODY_BYTES) {
        model_violation("lost, repeated or no record");
        return false;
    }
    struct ivs_in before = *in;
    if (scene->mutation == CREDIT_BEFORE_READ) {
        done(in, slots);
    }
    check_payload(&before, number, slots);
    if (scene->mutation != CREDIT_BEFORE_READ) {
        done(in, slots);
    }
    p->received[peer]++;
    return true;
}

static void consume(void *work)
{
    struct party *p = work;

    p->common.idle = !consume_message(p, 1);
    p->common.finished = p->received[1] == scene->messages;
}

static void (*ring_parties[])(void *) = { consume, produce };

static void setup_ring(void)
{
    connect_ring(new_party(1, 1), new_party(0, ME), false);
}

/* ---- asleep and awake ---------------------------------------------------------------------- */

static void send(void *work)
{
    struct party *p = work;

    if (p->links[ME].out.ring == NULL) {
        ivs_link_open(&p->port, ME);
    }
    if (produce_message(p) && ivs_out_must_wake(&p->links[ME].out)) {
        ivs_link_wake(&p->port, ME);
    }
}

static int listen(struct party *p)
{
    uint32_t known = p->port.known_count;
    int rc;

    if (scene->mutation == NO_SLEEPER_CHECK) {
        p->port.known_count = 0;
    }
    rc = ivs_port_listen(&p->port);
    if (scene->mutation == NO_SLEEPER_CHECK) {
        p->port.known_count = known;
    }
    return rc;
}

/* One ring of the hot ones, or the bells after the last one. Only ranks 1 and 5 ever send. */
static void look(void *work)
{
    struct party *p = work;
    const struct ivs_port *port = &p->port;

    while (p->turn < port->hot_count && port->hot[p->turn] % 4 != 1) {
        p->turn++;
    }
    if (p->turn < port->hot_count) {
        bool got = consume_message(p, port->hot[p->turn]);
        p->any |= got;
        p->turn += !got;
    } else {
        int rc = listen(p);
        if (rc < 0) {
            model_violation("honest bell refused");
        }
        p->common.idle = !p->any && rc == 0;
        p->any = false;
        p->turn = 0;
    }
    p->common.finished = p->received[1] == messages_of(1) && p->received[5] == messages_of(5);
}

static void (*sleep_parties[])(void *) = { look, send, send };

/* Four hot rings, of which rank 1's is the first to fall asleep, and rank 5's sleeps. */
static void setup_sleep(void)
{
    struct party *me = new_party(0, ME);
    struct party *first = new_party(1, 1), *fifth = new_party(2, 5);

    connect_ring(first, me, false);
    connect_ring(fifth, me, true);
    for (uint32_t peer = 1; peer < RANKS; peer++) {
        if (peer % 4 != 1) {
            me->ins[peer] = (struct ivs_in){ .ring = ring(&me->port, peer, 0) };
        }
        me->known[me->port.known_count++] = peer;
    }
    for (uint32_t peer = IVS_HOT; peer > 0; peer--) {
        me->port.hot[me->port.hot_count++] = peer;
    }
}

/* Nobody knows anybody. */
static void setup_first_contact(void)
{
    new_party(0, ME);
    new_party(1, 1);
    new_party(2, 5);
}

/* ---- cells --------------------------------------------------------------------------------- */

static void lend(void *work)
{
    struct party *p = work;
    struct ivs_out *out = &p->links[ME].out;
    uint32_t cell;
    int rc = ivs_cell_take(&p->port, ME, &cell);

    if (rc == 0) {
        rc = ivs_out_begin(out, 1);
        if (rc != 0) {
            ivs_cell_drop(&p->port, cell);
        }
    }
    p->common.idle = rc == -EAGAIN;
    if (rc != 0) {
        if (rc != -EAGAIN) {
            model_violation("honest credit refused");
        }
        return;
    }
    uint64_t words[IVS_BODY_BYTES / 8] = { token(p->count, cell) };
    memcpy(ivs_cell_at(&p->port, cell), words, sizeof(words));
    ivs_out_write(out, 0, words, sizeof(words));
    if (scene->mutation == LENT_WITH_THE_LAST_RECORD) {
        ivs_cell_lend(&p->port, ME, cell);
    }
    ivs_out_publish(out, &(struct ivs_head){ .kind = KIND, .bytes = IVS_BODY_BYTES }, 1);
    if (scene->mutation != LENT_WITH_THE_LAST_RECORD) {
        ivs_cell_lend(&p->port, ME, cell);
    }
    p->count++;
    p->common.finished = p->count == scene->messages;
}

static void borrow(void *work)
{
    struct party *p = work;
    struct ivs_in *in = &p->ins[1];
    uint64_t record[IVS_BODY_BYTES / 8], data[IVS_BODY_BYTES / 8];
    uint64_t word = ivs_in_peek(in);
    struct ivs_head head;

    p->common.idle = word == 0;
    if (word == 0 || ivs_in_head(in, word, &head) != 0) {
        return;
    }
    ivs_in_read(in, 0, record, sizeof(record));
    uint32_t cell = record[0] & 0xff;
    if (record[0] != token(p->received[1], cell)) {
        model_violation("lost, repeated or no record");
    }
    if (scene->mutation == CREDIT_BEFORE_READ) {
        ivs_in_done(in, 1, true);
    }
    memcpy(data, ivs_cell_of(&p->port, 1, cell, 0, sizeof(data)), sizeof(data));
    if (data[0] != record[0]) {
        model_violation("torn");
    }
    if (scene->mutation != CREDIT_BEFORE_READ) {
        ivs_in_done(in, 1, scene->mutation != LAZY_CREDIT_FOR_CELLS);
    }
    p->received[1]++;
    p->common.finished = p->received[1] == scene->messages;
}

static void (*cell_parties[])(void *) = { borrow, lend };

/* The other half of the cells is with somebody else, so that each is needed again soon. */
static void setup_cells(void)
{
    setup_ring();
    parties[1].port.free_count = CELLS / 2;
}

/* ---- scenes -------------------------------------------------------------------------------- */

static void explore_all(const struct scene *scenes, size_t count, int n, void (*set_up)(void),
                        void (**run)(void *))
{
    for (size_t i = 0; i < count; i++) {
        scene = &scenes[i];
        memset(model_segment, 0, sizeof(model_segment));
        set_up();
        explore(&(struct model_setup){ .parties = n, .weak = scene->weak }, run, scene->name,
                scene->violation);
    }
}

#define WRAP (0u - 10)

#define LAP IVS_RING_SLOTS
#define HALF IVS_HALF_SLOTS

static const struct scene ring_scenes[] = {
    { "short records", .start = WRAP, .messages = 45, .slots = { 1 } },
    { "longest records", .start = LAP, .messages = 9, .slots = { 8 } },
    { "padding", .start = WRAP, .messages = 10, .slots = { 8, 3, 7, 5 } },
    { "most padding", .start = 2 * LAP - 7, .messages = 9, .slots = { 8, 8, 8, 1 } },
    { "heads of the next lap", .start = LAP, .messages = 8, .slots = { 8, 7, 8 }, .stale = true },
    { "weak, a full ring", .weak = true, .start = WRAP, .messages = 35, .slots = { 1 } },
    { "weak, padding", .weak = true, .start = WRAP, .messages = 4, .slots = { 4, 2, 7, 3 } },
    { "short laps", .cuts = true, .start = HALF - 2, .messages = 40, .slots = { 1 } },
    { "short laps, wrapping", .cuts = true, .start = 0u - HALF - 2, .messages = 12,
      .slots = { 3, 8, 1, 2 } },
    { "short laps, full ring", .cuts = true, .start = LAP - 8, .messages = 12, .slots = { 8 } },
    { "short laps, weak", .weak = true, .cuts = true, .start = HALF - 2, .messages = 5,
      .slots = { 1, 4 } },
    { "head before payload", HEAD_BEFORE_PAYLOAD, TORN, .messages = 2, .slots = { 2 } },
    { "relaxed head", RELAXED_HEAD, TORN, .weak = true, .messages = 2, .slots = { 2 } },
    { "no credit check", NO_CREDIT_CHECK, STUCK, .start = LAP, .messages = 6, .slots = { 8 } },
    { "credit before read", CREDIT_BEFORE_READ, TORN, .start = LAP, .messages = 6, .slots = { 8 } },
    { "lazier credit", LAZIER_CREDIT, STUCK, .start = LAP + 1, .messages = 8, .slots = { 8 } },
    { "no heads in later slots", NO_REST_HEADS, NO_RECORD, .start = LAP, .messages = 8,
      .slots = { 8, 7, 8 }, .stale = true },
    { "unread lap cut", CUT_UNREAD_LAP, STUCK, .cuts = true, .start = HALF, .messages = 6,
      .slots = { 8 } },
};

static void test_ring(void **state)
{
    (void) state;
    explore_all(ring_scenes, sizeof(ring_scenes) / sizeof(ring_scenes[0]), 2, setup_ring,
                ring_parties);
}

static const struct scene sleep_scenes[] = {
    { "falling asleep", .start = 32, .messages = 3, .slots = { 1 } },
    { "falling asleep, weak", .weak = true, .start = 32, .messages = 2, .slots = { 1 } },
    { "no sleeper check", NO_SLEEPER_CHECK, STUCK, .start = 32, .messages = 2, .slots = { 1 } },
};

static void test_sleep(void **state)
{
    (void) state;
    explore_all(sleep_scenes, sizeof(sleep_scenes) / sizeof(sleep_scenes[0]), 3, setup_sleep,
                sleep_parties);
}

static const struct scene contact_scenes[] = {
    { "first contact", .messages = 2, .slots = { 1 } },
    { "first contact, weak", .weak = true, .messages = 1, .slots = { 2 } },
};

static void test_first_contact(void **state)
{
    (void) state;
    explore_all(contact_scenes, sizeof(contact_scenes) / sizeof(contact_scenes[0]), 3,
                setup_first_contact, sleep_parties);
}

static const struct scene cell_scenes[] = {
    { "cells", .start = 0u - 3, .messages = 9 },
    { "cells, weak", .weak = true, .start = 0u - 3, .messages = 6 },
    { "cells, lazy credit", LAZY_CREDIT_FOR_CELLS, STUCK, .messages = 5 },
    { "cells, credit before read", CREDIT_BEFORE_READ, TORN, .messages = 5 },
    { "cells, lent too early", LENT_WITH_THE_LAST_RECORD, TORN, .messages = 5 },
};

static void test_cells(void **state)
{
    (void) state;
    explore_all(cell_scenes, sizeof(cell_scenes) / sizeof(cell_scenes[0]), 2, setup_cells,
                cell_parties);
}

static int make_shape(void **state)
{
    (void) state;
    assert_int_equal(ivs_shape_make(RANKS, IVS_RINGS_MAX, CELLS, 1024, &shape), 0);
    assert_true(shape.bytes <= MODEL_SEGMENT);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_sleep),
        cmocka_unit_test(test_first_contact),
        cmocka_unit_test(test_cells),
    };

    return cmocka_run_group_tests_name("port_model", tests, make_shape, NULL);
}
