/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The ports' own code as parties of the model (model.h), and messages whose content says which
 * they are: for the tests that explore all runs. Before it define RANKS and CELLS.
 */
#ifndef PORT_MODEL_H_INCLUDED
#define PORT_MODEL_H_INCLUDED

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "model.h"
#define IVS_RING_SLOTS 32u
#include "core/ivs_ring.h"

/* A link's table of loans, where a ring is opened in a scene that lends nothing. */
static void *no_loans(void)
{
    return model_segment;
}

#define calloc(count, bytes) no_loans()
#include "core/ivs_port.c"
#undef calloc
#include "core/ivs_shape.c"

#define KIND 7u

/* What may be found. */
#define TORN "torn"
#define STUCK "nothing moves any more"
#define NO_RECORD "lost, repeated or no record"
#define REFUSED "honest credit refused"

struct party {
    struct model_private common;
    uint32_t rank, count, turn;
    bool any, waited;
    uint32_t received[RANKS];
    struct ivs_port port;
    struct ivs_link links[RANKS];
    struct ivs_in ins[RANKS];
    uint32_t known[RANKS];
    uint32_t free_cells[CELLS];
    struct ivs_name names[RANKS];
    uint32_t ring_users[RANKS];
    uint32_t ring_heads[RANKS];
    struct ivs_loan loans[CELLS];
};

static struct ivs_shape shape;
static struct party parties[MODEL_PARTIES];

static struct party *new_party(int index, uint32_t rank)
{
    struct party *p = &parties[index];

    memset(p, 0, sizeof(*p));
    p->rank = rank;
    p->port.shape = shape;
    p->port.base = model_segment;
    p->port.self = rank;
    p->port.links = p->links;
    p->port.ins = p->ins;
    p->port.known = p->known;
    p->port.names = p->names;
    p->port.ring_users = p->ring_users;
    p->port.ring_heads = p->ring_heads;
    for (uint32_t i = 0; i < RANKS; i++) {
        p->ring_users[i] = IVS_NOBODY;
    }
    p->port.free_cells = p->free_cells;
    p->port.loan_mask = CELLS - 1;
    for (uint32_t i = 0; i < CELLS; i++) {
        p->free_cells[p->port.free_count++] = i;
    }
    return p;
}

/* The heads that a ring at position `start` still holds from before. */
static void age_ring(struct ivs_ring *r, uint32_t start)
{
    const struct ivs_head old = { .kind = KIND, .bytes = 8 };

    for (uint32_t i = 1; i <= IVS_RING_SLOTS; i++) {
        ivl_sh64_store_relaxed(&r->slots[(start - i) % IVS_RING_SLOTS].head,
                               ivs_head_pack(start - i, &old));
    }
}

/* ---- messages ------------------------------------------------------------------------------ */

/* Slots of a message by its number: up to 4 sizes in turn; 0: back to the first. */
static uint32_t message_slots(const uint32_t sizes[4], uint32_t number)
{
    uint32_t count = 1;

    while (count < 4 && sizes[count] != 0) {
        count++;
    }
    return sizes[number % count];
}

static uint64_t token(uint32_t number, uint32_t slot)
{
    return (uint64_t) (number + 1) << 8 | slot;
}

static void write_message(struct ivs_out *out, uint32_t number, uint32_t slots)
{
    for (uint32_t i = 0; i < slots; i++) {
        uint64_t words[IVS_BODY_BYTES / 8] = { token(number, i) };
        ivs_out_write(out, i * IVS_BODY_BYTES, words, sizeof(words));
    }
}

static void check_payload(const struct ivs_in *in, uint32_t number, uint32_t slots)
{
    for (uint32_t i = 0; i < slots; i++) {
        uint64_t words[IVS_BODY_BYTES / 8];
        ivs_in_read(in, i * IVS_BODY_BYTES, words, sizeof(words));
        if (words[0] != token(number, i)) {
            model_violation(TORN);
        }
    }
}

/* ---- exploring ----------------------------------------------------------------------------- */

/* All runs of the first parties, as they have been set up. violation: what must be found, NULL:
 * nothing. */
static void explore(struct model_setup *setup, void (*const *run)(void *), const char *name,
                    const char *violation)
{
    const char *found;
    long states;

    setup->private_bytes = sizeof(struct party);
    for (int i = 0; i < setup->parties; i++) {
        setup->work[i] = &parties[i];
        setup->run[i] = run[i];
    }
    found = model_explore(setup, &states);
    print_message("# %s: %ld states, %s\n", name, states, found ? found : "sound");
    if (violation) {
        assert_non_null(found);
        assert_string_equal(found, violation);
    } else {
        assert_null(found);
    }
}

#endif /* PORT_MODEL_H_INCLUDED */
