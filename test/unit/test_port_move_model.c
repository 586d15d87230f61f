/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * All runs of a producer with fewer rings than consumers under store buffers (model.h): rings are
 * closed, let go of, taken back and opened to another peer, while bells come late. Every message
 * arrives once, whole, in order and where it belongs, and from every state all can still arrive.
 * Each rule that this rests on is broken once.
 */
#define RANKS 3u
#define CELLS 2u
#include "port_model.h"

#define FROM 0u /* who sends */

/* Rules to break. */
enum mutation {
    NONE,
    TAKEN_BACK_UNREAD,  /* the ring is taken back before its close record is read */
    OPENED_AT_ZERO,     /* not where its positions stand */
    OPENED_AWAKE,       /* nobody looks yet, but no bell rings */
    OLD_CREDIT,         /* the last consumer's credit stays */
    CREDIT_AFTER_NAME,  /* of the empty ring */
    RELAXED_NAME,       /* the same by the memory's choice */
    NAME_TAKEN_AGAIN,   /* the consumer does not know which name it let go of */
    NAME_KNOWN_BY_WORD, /* .. and takes the same position of another ring for it */
    NAME_STAYS,         /* of a ring that was taken back */
    SILENT_CLOSE,       /* no bell for the close record */
    LAZY_LAST_CREDIT,   /* the close record's credit waits for more */
    CREDIT_AND_STAY,    /* the consumer gives the credit, and looks on */
    CREDIT_TWICE,       /* .. and once more when it lets go */
    SENT_AFTER_CLOSE,   /* a message behind the close record */
};

struct scene {
    const char *name;
    enum mutation mutation;
    const char *violation; /* what must be found */
    const char *script;    /* A, B, C: message to rank 0, 1, 2; a, b, c: try to open a ring */
    uint32_t rings;
    uint32_t start[2]; /* positions of the rings */
    uint32_t slots[4]; /* of the messages, in turn; 0: back to the first */
    bool dozes;        /* a ring falls asleep after each message */
    bool weak;
};

static const struct scene *scene;

/* ---- producer ------------------------------------------------------------------------------ */

static uint32_t rank_of(char step)
{
    return (uint32_t) (step & 31) - 1;
}

static bool is_message(char step)
{
    return step < 'a';
}

/* Messages to `rank` among the first steps of the script. */
static uint32_t messages_to(uint32_t rank, uint32_t steps)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < steps; i++) {
        count += is_message(scene->script[i]) && rank_of(scene->script[i]) == rank;
    }
    return count;
}

static uint32_t mark_of(uint32_t to, uint32_t number)
{
    return to << 8 | number;
}

static void check_links(const struct ivs_port *port)
{
    uint32_t open = 0, used = 0;

    for (uint32_t i = 0; i < RANKS; i++) {
        const struct ivs_link *link = &port->links[i];
        open += link->out.ring != NULL && port->ring_users[link->ring_index] == i;
    }
    for (uint32_t i = 0; i < scene->rings; i++) {
        used += port->ring_users[i] != IVS_NOBODY;
    }
    if (open != used) {
        model_violation("a link without its ring");
    }
}

static void take_back_unread(struct ivs_port *port)
{
    for (uint32_t i = 0; i < RANKS; i++) {
        struct ivs_link *link = &port->links[i];
        if (link->closing) {
            link->out.acked = link->out.head;
            port->ring_users[link->ring_index] = IVS_NOBODY;
            port->ring_heads[link->ring_index] = link->out.head;
            link->out.ring = NULL;
            link->closing = false;
        }
    }
}

static int open_link(struct party *p, uint32_t to)
{
    const struct ivs_out *out = &p->links[to].out;
    bool was_open = out->ring != NULL;
    int rc;

    if (scene->mutation == TAKEN_BACK_UNREAD) {
        take_back_unread(&p->port);
    }
    if (scene->mutation == OPENED_AT_ZERO) {
        settle_all(&p->port);
        memset(p->ring_heads, 0, sizeof(p->ring_heads));
    }
    if (scene->mutation == SENT_AFTER_CLOSE) {
        p->links[to].closing = false;
    }
    rc = ivs_link_open(&p->port, to);
    if (scene->mutation == CREDIT_AFTER_NAME && rc == 0 && !was_open) {
        ivl_sh64_store_relaxed(&out->ring->credit, IVS_ASLEEP | out->head);
    }
    return rc;
}

static int send_message(struct party *p, uint32_t to)
{
    struct ivs_out *out = &p->links[to].out;
    uint32_t slots = message_slots(scene->slots, p->count);
    uint32_t mark = mark_of(to, messages_to(to, p->count));
    int rc = ivs_out_begin(out, slots);

    if (rc == 0) {
        write_message(out, mark, slots);
        ivs_out_publish(out,
                        &(struct ivs_head){
                            .kind = KIND, .bytes = slots * IVS_BODY_BYTES, .aux = mark },
                        slots);
        if (ivs_out_must_wake(out)) {
            ivs_link_wake(&p->port, to);
        }
    }
    return rc;
}

/* The next step of the script. */
static void send_next(struct party *p)
{
    char step = scene->script[p->count];
    int rc = open_link(p, rank_of(step));

    if (rc == 0 && is_message(step)) {
        rc = send_message(p, rank_of(step));
    }
    p->port.tries = 0; /* only counts; there is nobody else to close */
    check_links(&p->port);
    if (!is_message(step) && rc == -EAGAIN) {
        rc = 0;
    }
    if (rc == 0) {
        p->count++;
    } else if (rc != -EAGAIN) {
        model_violation(REFUSED);
    }
    p->common.idle = rc == -EAGAIN;
    p->common.finished = scene->script[p->count] == '\0';
}

/* ---- consumer ------------------------------------------------------------------------------ */

static void let_go(struct party *p)
{
    struct ivs_in in = p->ins[FROM];

    if (scene->mutation == LAZY_LAST_CREDIT) {
        p->port.hot_count = p->port.known_count = 0;
        ivs_in_done(&in, 1, false);
        p->ins[FROM] = (struct ivs_in){ .ring = NULL };
    } else if (scene->mutation == CREDIT_AND_STAY) {
        ivs_in_done(&p->ins[FROM], 1, true);
    } else {
        ivs_port_detach(&p->port, FROM);
    }
    if (scene->mutation == CREDIT_TWICE) {
        in.tail++;
        ivs_in_store_credit(&in);
    }
}

static void doze(struct party *p)
{
    if (p->port.hot_count > 0) {
        p->port.hot_count = 0;
        put_to_sleep(&p->ins[FROM]);
    }
}

static void take_message(struct party *p, const struct ivs_head *head)
{
    uint32_t number = p->received[FROM]++;
    uint32_t slots = ivs_record_slots(head->bytes);

    if (head->kind != KIND || head->aux != mark_of(p->rank, number)) {
        model_violation(NO_RECORD);
        return;
    }
    check_payload(&p->ins[FROM], head->aux, slots);
    ivs_in_done(&p->ins[FROM], slots, false);
    if (scene->dozes) {
        doze(p);
    }
}

/* Takes a record, or lets go of the ring; false: nothing there. */
static bool take_record(struct party *p)
{
    struct ivs_in *in = &p->ins[FROM];
    uint64_t word = ivs_in_peek(in);
    struct ivs_head head;
    int rc = word == 0 ? 0 : ivs_in_head(in, word, &head);

    if (word == 0 || rc == -EAGAIN) {
        return word != 0;
    }
    if (rc != 0) {
        model_violation(NO_RECORD);
    } else if (head.kind == IVS_KIND_CLOSE) {
        let_go(p);
    } else {
        take_message(p, &head);
    }
    return true;
}

static void listen(struct party *p)
{
    if (scene->mutation == NAME_TAKEN_AGAIN) {
        p->names[FROM] = (struct ivs_name){ 0 };
    }
    int rc = ivs_port_listen(&p->port);
    if (rc < 0) {
        model_violation("honest bell refused");
    }
    p->common.idle = !p->any && rc == 0;
}

/* The ring, if it is hot, until nothing is there; then the bells. */
static void look(void *work)
{
    struct party *p = work;

    if (p->turn == 0 && p->port.hot_count > 0) {
        bool got = take_record(p);
        p->any |= got;
        p->turn = !got;
    } else {
        listen(p);
        p->any = false;
        p->turn = 0;
    }
    if (p->port.known_count != (p->ins[FROM].ring != NULL) ||
        p->port.hot_count != (p->ins[FROM].ring != NULL && !p->ins[FROM].asleep)) {
        model_violation("known or hot without a ring");
    }
    p->common.satisfied =
        p->received[FROM] == messages_to(p->rank, (uint32_t) strlen(scene->script));
}

/* ---- who sends, perhaps also to itself ------------------------------------------------------ */

static void send_or_look(void *work)
{
    struct party *p = work;
    bool reads = messages_to(FROM, (uint32_t) strlen(scene->script)) > 0;
    bool waited;

    if (!reads) {
        send_next(p);
        return;
    }
    if (p->rank == FROM && scene->script[p->count] != '\0' && !p->waited) {
        send_next(p);
        p->waited = p->common.idle;
        p->common.finished = p->common.idle = false;
        return;
    }
    waited = p->waited || scene->script[p->count] == '\0';
    look(p);
    p->common.idle &= waited;
    p->common.satisfied &= scene->script[p->count] == '\0';
    p->waited &= p->turn != 0 || p->any;
}

static void (*const run[])(void *) = { send_or_look, look, look };

/* ---- broken accesses ----------------------------------------------------------------------- */

static const struct party *running(void)
{
    return &parties[model.party - model.world->parties];
}

static bool is_name(const void *p)
{
    const ivl_sh64_t *names = directory(&parties[FROM].port, FROM);

    return (const ivl_sh64_t *) p >= names && (const ivl_sh64_t *) p < names + scene->rings;
}

static bool is_credit(const void *p)
{
    return p == &ring(&parties[FROM].port, FROM, 0)->credit ||
           p == &ring(&parties[FROM].port, FROM, 1)->credit;
}

static bool alter_store(const void *p, uint64_t *value, bool *release)
{
    bool own_credit = is_credit(p) && running()->rank == FROM;

    switch (scene->mutation) {
        case OPENED_AWAKE:
            *value &= own_credit ? ~IVS_ASLEEP : UINT64_MAX;
            return true;
        case RELAXED_NAME:
            *release &= !is_name(p);
            return true;
        case OLD_CREDIT:
            return !own_credit;
        case NAME_STAYS:
            return !is_name(p) || *value != 0;
        default:
            return true;
    }
}

static bool alter_access(enum model_access access, const void *p, uint64_t *value, bool *release)
{
    const struct party *me = running();

    if (access == MODEL_STORE) {
        return alter_store(p, value, release);
    }
    if (access == MODEL_LOAD && scene->mutation == NAME_KNOWN_BY_WORD && is_name(p) &&
        *value == me->names[FROM].word) {
        *value = 0;
    }
    if (access == MODEL_RMW && scene->mutation == SILENT_CLOSE && me->rank == FROM) {
        for (uint32_t i = 0; i < RANKS; i++) {
            *value = me->links[i].closing ? 0 : *value;
        }
    }
    return true;
}

/* ---- scenes -------------------------------------------------------------------------------- */

static void set_up(void)
{
    assert_int_equal(ivs_shape_make(RANKS, scene->rings, CELLS, 1024, &shape), 0);
    assert_true(shape.bytes <= MODEL_SEGMENT);
    memset(model_segment, 0, sizeof(model_segment));
    for (uint32_t i = 0; i < RANKS; i++) {
        new_party((int) i, i);
    }
    for (uint32_t i = 0; i < scene->rings; i++) {
        parties[FROM].ring_heads[i] = scene->start[i];
        age_ring(ring(&parties[FROM].port, FROM, i), scene->start[i]);
    }
}

static void explore_all(const struct scene *scenes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        scene = &scenes[i];
        set_up();
        explore(&(struct model_setup){ .parties = RANKS,
                                       .weak = scene->weak,
                                       .alter = alter_access },
                run, scene->name, scene->violation);
    }
}

#define LAP_END (IVS_RING_SLOTS - 2)
#define WRAP (0u - 3)

static const struct scene sound_scenes[] = {
    { "back and forth", .script = "BCBC", .rings = 1, .slots = { 1 } },
    { "end of the lap", .script = "BCBC", .rings = 1, .start = { LAP_END }, .slots = { 1 } },
    { "positions wrap", .script = "BBCCB", .rings = 1, .start = { WRAP }, .slots = { 1 } },
    { "padding", .script = "BCBC", .rings = 1, .start = { WRAP }, .slots = { 8, 3, 7 } },
    { "full ring", .script = "BBBBCB", .rings = 1, .slots = { 8 } },
    { "opened for nothing", .script = "bcCbBcbC", .rings = 1, .slots = { 1 } },
    { "asleep", .script = "BcBCBC", .rings = 1, .slots = { 1 }, .dozes = true },
    { "back and forth, weak", .script = "BcBC", .rings = 1, .slots = { 1 }, .weak = true },
    { "asleep, weak", .script = "BCB", .rings = 1, .slots = { 1 }, .dozes = true, .weak = true },
    { "two rings", .script = "CBAC", .rings = 2, .start = { 0, 0u - 2 }, .slots = { 1 } },
    { "two rings, weak", .script = "CBaC", .rings = 2, .start = { 0, 0u - 2 }, .slots = { 1 },
      .weak = true },
};

static void test_moves(void **state)
{
    (void) state;
    explore_all(sound_scenes, sizeof(sound_scenes) / sizeof(sound_scenes[0]));
}

static const struct scene broken_scenes[] = {
    { "taken back unread", TAKEN_BACK_UNREAD, STUCK, "BCBC", 1, .slots = { 1 } },
    { "opened at zero", OPENED_AT_ZERO, NO_RECORD, "BBC", 1, .slots = { 1 } },
    { "opened awake", OPENED_AWAKE, STUCK, "BCBC", 1, .slots = { 1 } },
    { "old credit", OLD_CREDIT, STUCK, "BCBC", 1, .slots = { 1 } },
    { "name taken again", NAME_TAKEN_AGAIN, NO_RECORD, "BCBC", 1, .slots = { 1 } },
    { "name known by its word", NAME_KNOWN_BY_WORD, STUCK, "CBAC", 2, .start = { 0, 0u - 2 },
      .slots = { 1 } },
    { "silent close", SILENT_CLOSE, STUCK, "bCB", 1, .slots = { 1 } },
    { "lazy last credit", LAZY_LAST_CREDIT, STUCK, "BCBC", 1, .slots = { 1 } },
    { "credit, and stay", CREDIT_AND_STAY, NO_RECORD, "BCBC", 1, .slots = { 1 } },
    { "credit twice", CREDIT_TWICE, STUCK, "BCBC", 1, .slots = { 1 } },
    { "sent after close", SENT_AFTER_CLOSE, STUCK, "BcBC", 1, .slots = { 1 } },
};

static void test_broken_rules(void **state)
{
    (void) state;
    explore_all(broken_scenes, sizeof(broken_scenes) / sizeof(broken_scenes[0]));
}

/* Not needed for that. The producer's empty credit may come after the consumer's first one: before
 * any record, so it only says "asleep" and costs bells. A name that stays belongs to a ring that is
 * opened to somebody else before any other is closed, as long as that waits until all are in use. */
static const struct scene harmless_scenes[] = {
    { "credit after name", CREDIT_AFTER_NAME, NULL, "BcBCB", 1, .slots = { 1 } },
    { "relaxed name", RELAXED_NAME, NULL, "BcBC", 1, .slots = { 1 }, .weak = true },
    { "name stays", NAME_STAYS, NULL, "CBaC", 2, .start = { 0, 0u - 2 }, .slots = { 1 } },
};

static void test_harmless(void **state)
{
    (void) state;
    explore_all(harmless_scenes, sizeof(harmless_scenes) / sizeof(harmless_scenes[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_broken_rules),
        cmocka_unit_test(test_harmless),
    };

    return cmocka_run_group_tests_name("port_move_model", tests, NULL, NULL);
}
