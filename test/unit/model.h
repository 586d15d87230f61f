/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Explores all runs of a few parties that share memory, each with a store buffer. The parties run
 * the real code of the core: this header stands in for shared_word.h and for memcpy, and turns
 * every access into a step of a model. Include it before the core's files.
 *
 * A party is a function that is called again and again, an "operation", on its private state. It
 * is stopped before each load by longjmp; to go on, it is called once more on the private state
 * as it was at the operation's begin, and is given what it has loaded so far. So the state of a
 * run is plain data, can be compared (by a 128-bit hash) and each is visited once. From each there
 * must be a way to the end of the run; where all parties wait, any fair schedule must lead there.
 *
 * Stores go into the party's buffer at once: nobody can tell when. What is chosen is who loads
 * next, and which buffer hands a store over to memory. Order of that: as buffered (TSO, as on
 * x86); or `weak`: any, but not before an earlier one to the same place, and a release store not
 * before any earlier one. Loads stay in order. Read-modify-writes wait for the buffer to be empty.
 */
#ifndef MODEL_H_INCLUDED
#define MODEL_H_INCLUDED

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locality_abi.h"
#include "model_graph.h"

#define SHARED_WORD_H_INCLUDED /* see above */

#define MODEL_PARTIES 3
#define MODEL_PLACES 160 /* words of shared memory that are ever touched */
#define MODEL_LOADS 32   /* in one operation */
#define MODEL_BUFFER 96
#define MODEL_WEAK_BUFFER 3 /* weak: stores that may be on their way at once */
#define MODEL_PRIVATE 1024
#define MODEL_SEGMENT (256u << 10)
#define MODEL_SEEN (1u << 21)
#define MODEL_FAIR_ROUNDS 300

struct model_party {
    unsigned char private[MODEL_PRIVATE];
    uint64_t loaded[MODEL_LOADS];
    uint64_t value[MODEL_BUFFER];
    uint8_t place[MODEL_BUFFER];
    bool release[MODEL_BUFFER];
    uint16_t buffered;
    uint16_t loads, accesses; /* done in the operation */
};

struct model_world {
    uint64_t memory[MODEL_PLACES]; /* what changed since the beginning, by exclusive or */
    struct model_party parties[MODEL_PARTIES];
    uint32_t id; /* of the state; not part of it */
};

/* Every party's private state begins with this. */
struct model_private {
    bool finished;  /* nothing left to do */
    bool satisfied; /* has got all that it must get, and goes on */
    bool idle;      /* the last operation waited in vain */
};

enum model_access {
    MODEL_LOAD,
    MODEL_STORE,
    MODEL_RMW
};

struct model_setup {
    int parties;
    size_t private_bytes;
    void *work[MODEL_PARTIES]; /* where operations find their private state */
    void (*run[MODEL_PARTIES])(void *work);
    bool weak;
    /* May be NULL. Breaks a rule of the code: alters what an access stores (the bits that an rmw
     * sets), or what a load gives. False: the store is left out. */
    bool (*alter)(enum model_access access, const void *p, uint64_t *value, bool *release);
};

/* Shared memory as it is at the beginning; set up by plain calls while nothing is explored. */
static unsigned char model_segment[MODEL_SEGMENT] __attribute__((aligned(4096)));

static struct {
    const struct model_setup *setup;
    const char *violation;
    /* the step being made */
    struct model_world *world;
    struct model_party *party;
    jmp_buf stop;
    int access, load;
    bool may_load, moved;
    /* places: index + 1 by word */
    uint8_t place_of[MODEL_SEGMENT / 8];
    uint64_t initial[MODEL_PLACES];
    int places;
    /* visited, and to be visited */
    struct model_world *stack;
    size_t depth, room;
    uint64_t (*seen)[2];
    uint32_t *seen_id;
    struct model_graph graph;
    long states, completed;
} model;

static void model_violation(const char *what)
{
    if (!model.violation) {
        model.violation = what;
    }
}

static void model_require(bool cond, const char *what)
{
    if (!cond) {
        fprintf(stderr, "model: %s\n", what);
        abort();
    }
}

static bool model_is_shared(const void *p)
{
    return (const unsigned char *) p >= model_segment &&
           (const unsigned char *) p < model_segment + MODEL_SEGMENT;
}

/* ---- accesses ------------------------------------------------------------------------------ */

typedef uint64_t __attribute__((may_alias)) model_word_t;

static model_word_t *model_word(const void *p)
{
    return (model_word_t *) (void *) (model_segment + ((const unsigned char *) p - model_segment));
}

static int model_place(const void *p)
{
    size_t word = (size_t) ((const unsigned char *) p - model_segment) / 8;

    if (model.place_of[word] == 0) {
        model_require(model.places < MODEL_PLACES, "too many places");
        model.initial[model.places] = *model_word(p);
        model.place_of[word] = (uint8_t) ++model.places;
    }
    return model.place_of[word] - 1;
}

static uint64_t model_record(uint64_t value)
{
    struct model_party *party = model.party;

    model_require(party->loads < MODEL_LOADS, "too many loads");
    party->loaded[party->loads++] = value;
    party->accesses++;
    model.load++;
    model.may_load = false;
    model.moved = true;
    return value;
}

static bool model_alter(enum model_access access, const void *p, uint64_t *value, bool *release)
{
    return model.setup->alter == NULL || model.setup->alter(access, p, value, release);
}

/* True if the access was made before; then *value is what it gave. */
static bool model_repeat(uint64_t *value)
{
    if (model.access++ >= model.party->accesses) {
        return false;
    }
    *value = model.party->loaded[model.load++];
    return true;
}

/* What the party sees there now. */
static uint64_t model_now(int place)
{
    for (int i = model.party->buffered; i-- > 0;) {
        if (model.party->place[i] == place) {
            return model.party->value[i];
        }
    }
    return model.world->memory[place] ^ model.initial[place];
}

static uint64_t model_load(const void *p)
{
    uint64_t value;

    if (!model.world) {
        return *model_word(p);
    }
    if (model_repeat(&value)) {
        return value;
    }
    if (!model.may_load) {
        longjmp(model.stop, 1);
    }
    value = model_now(model_place(p));
    (void) model_alter(MODEL_LOAD, p, &value, NULL);
    return model_record(value);
}

static void model_store(void *p, uint64_t value, bool release)
{
    struct model_party *party = model.party;

    if (!model.world) {
        *model_word(p) = value;
        return;
    }
    if (model.access++ < party->accesses) {
        return;
    }
    if (party->buffered == (model.setup->weak ? MODEL_WEAK_BUFFER : MODEL_BUFFER)) {
        longjmp(model.stop, 1);
    }
    if (model_alter(MODEL_STORE, p, &value, &release)) {
        party->value[party->buffered] = value;
        party->place[party->buffered] = (uint8_t) model_place(p);
        party->release[party->buffered++] = release;
    }
    party->accesses++;
    model.moved = true;
}

/* Stores (old & keep) | set. */
static uint64_t model_rmw(void *p, uint64_t keep, uint64_t set)
{
    uint64_t old;

    if (!model.world) {
        old = *model_word(p);
        *model_word(p) = (old & keep) | set;
        return old;
    }
    if (model_repeat(&old)) {
        return old;
    }
    if (!model.may_load || model.party->buffered > 0) {
        longjmp(model.stop, 1);
    }
    int place = model_place(p);
    (void) model_alter(MODEL_RMW, p, &set, NULL);
    old = model.world->memory[place] ^ model.initial[place];
    model.world->memory[place] = ((old & keep) | set) ^ model.initial[place];
    return model_record(old);
}

static inline uint64_t ivl_sh64_load_relaxed(const ivl_sh64_t *word)
{
    return model_load(word);
}

static inline uint64_t ivl_sh64_load_acquire(const ivl_sh64_t *word)
{
    return model_load(word);
}

static inline void ivl_sh64_store_relaxed(ivl_sh64_t *word, uint64_t value)
{
    model_store(word, value, false);
}

static inline void ivl_sh64_store_release(ivl_sh64_t *word, uint64_t value)
{
    model_store(word, value, true);
}

static inline uint64_t ivl_sh64_exchange(ivl_sh64_t *word, uint64_t value)
{
    return model_rmw(word, 0, value);
}

static inline uint64_t ivl_sh64_fetch_or(ivl_sh64_t *word, uint64_t bits)
{
    return model_rmw(word, UINT64_MAX, bits);
}

/* A copy from or to shared memory is one access; its first 8 bytes stand for all of it. */
static void *model_memcpy(void *dst, const void *src, size_t bytes)
{
    uint64_t value;

    if (model_is_shared(dst)) {
        memcpy(&value, src, sizeof(value));
        model_store(dst, value, false);
    } else if (model_is_shared(src)) {
        value = model_load(src);
        memcpy(dst, &value, sizeof(value));
    } else {
        memcpy(dst, src, bytes);
    }
    return dst;
}

/* ---- steps --------------------------------------------------------------------------------- */

/* Lets a party go on: one load at most, and all stores up to the next one. False: it cannot. */
static bool model_advance(struct model_world *world, int i)
{
    const struct model_setup *setup = model.setup;
    struct model_party *party = &world->parties[i];
    struct model_private *work = setup->work[i];

    model.world = world;
    model.party = party;
    model.may_load = true;
    model.moved = false;
    if (setjmp(model.stop) == 0) {
        for (;;) {
            memcpy(work, party->private, setup->private_bytes);
            if (work->finished || model.violation) {
                break;
            }
            model.access = model.load = 0;
            setup->run[i](work);
            memcpy(party->private, work, setup->private_bytes);
            party->loads = party->accesses = 0;
            model.moved = true;
        }
    }
    model.world = NULL;
    return model.moved;
}

static bool model_may_flush(const struct model_party *party, int k)
{
    if (k == 0 || !model.setup->weak || party->release[k]) {
        return k == 0;
    }
    for (int i = 0; i < k; i++) {
        if (party->place[i] == party->place[k]) {
            return false;
        }
    }
    return true;
}

static void model_flush(struct model_world *world, int i, int k)
{
    struct model_party *party = &world->parties[i];
    size_t behind = (size_t) (party->buffered - k - 1);
    int place = party->place[k];

    world->memory[place] = party->value[k] ^ model.initial[place];
    memmove(&party->value[k], &party->value[k + 1], behind * sizeof(party->value[0]));
    memmove(&party->place[k], &party->place[k + 1], behind * sizeof(party->place[0]));
    memmove(&party->release[k], &party->release[k + 1], behind * sizeof(party->release[0]));
    party->buffered--;
}

/* ---- exploration --------------------------------------------------------------------------- */

static bool model_all(const struct model_world *world, bool or_idle)
{
    for (int i = 0; i < model.setup->parties; i++) {
        const struct model_private *p = (const void *) world->parties[i].private;
        if (!(p->finished || p->satisfied ||
              (or_idle && p->idle && world->parties[i].buffered == 0))) {
            return false;
        }
    }
    return true;
}

/* When all wait, a fair schedule must still bring the run to its end. */
static void model_check_end(const struct model_world *from)
{
    static struct model_world world;

    if (model_all(from, false)) {
        model.completed++;
        model_graph_end(&model.graph, from->id);
        return;
    }
    if (!model_all(from, true)) {
        return;
    }
    world = *from;
    for (int round = 0; round < MODEL_FAIR_ROUNDS && !model.violation; round++) {
        for (int i = 0; i < model.setup->parties; i++) {
            while (world.parties[i].buffered > 0) {
                model_flush(&world, i, 0);
            }
            model_advance(&world, i);
        }
        if (model_all(&world, false)) {
            return;
        }
    }
    model_violation("nothing moves any more");
}

static void model_mix(uint64_t hash[2], uint64_t word)
{
    hash[0] = (hash[0] ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    hash[0] ^= hash[0] >> 32;
    hash[1] = (hash[1] ^ word) * UINT64_C(0xc2b2ae3d27d4eb4f);
    hash[1] ^= hash[1] >> 29;
}

static void model_hash(const struct model_world *world, uint64_t hash[2])
{
    hash[0] = 1;
    hash[1] = 2;
    for (int i = 0; i < MODEL_PLACES; i++) {
        model_mix(hash, world->memory[i]);
    }
    for (int i = 0; i < model.setup->parties; i++) {
        const struct model_party *party = &world->parties[i];
        const model_word_t *words = (const void *) party->private;
        for (size_t k = 0; k < model.setup->private_bytes / 8; k++) {
            model_mix(hash, words[k]);
        }
        model_mix(hash, (uint64_t) party->accesses << 32 | (uint64_t) party->loads << 16 |
                            party->buffered);
        for (int k = 0; k < party->loads; k++) {
            model_mix(hash, party->loaded[k]);
        }
        for (int k = 0; k < party->buffered; k++) {
            model_mix(hash, party->value[k]);
            model_mix(hash, party->place[k] * 2u + party->release[k]);
        }
    }
}

/* Gives the state its number; true if it has not been seen. */
static bool model_is_new(struct model_world *world)
{
    uint64_t hash[2];

    model_hash(world, hash);
    for (uint64_t at = hash[0] % MODEL_SEEN;; at = (at + 1) % MODEL_SEEN) {
        uint64_t *seen = model.seen[at];
        if (seen[0] == 0 && seen[1] == 0) {
            seen[0] = hash[0];
            seen[1] = hash[1];
            world->id = model.seen_id[at] = (uint32_t) model.states++;
            return true;
        }
        if (seen[0] == hash[0] && seen[1] == hash[1]) {
            world->id = model.seen_id[at];
            return false;
        }
    }
}

static struct model_world *model_push(const struct model_world *world)
{
    if (model.depth == model.room) {
        model.room = model.room ? 2 * model.room : 64;
        model.stack = realloc(model.stack, model.room * sizeof(*model.stack));
        model_require(model.stack != NULL, "no memory");
    }
    model.stack[model.depth] = *world;
    return &model.stack[model.depth++];
}

static void model_visit(struct model_world *world)
{
    if (!model.violation && model_is_new(world)) {
        model_require(model.states < MODEL_SEEN / 2, "too many states");
        model_push(world);
        model_check_end(world);
    }
}

static void model_step_to(const struct model_world *from, struct model_world *to)
{
    model_visit(to);
    model_graph_edge(&model.graph, from->id, to->id);
}

static void model_successors(const struct model_world *from)
{
    static struct model_world next;

    for (int i = 0; i < model.setup->parties; i++) {
        next = *from;
        if (model_advance(&next, i)) {
            model_step_to(from, &next);
        }
        for (int k = 0; k < from->parties[i].buffered; k++) {
            if (model_may_flush(&from->parties[i], k)) {
                next = *from;
                model_flush(&next, i, k);
                model_step_to(from, &next);
            }
        }
    }
}

static void model_begin(const struct model_setup *setup)
{
    model.setup = setup;
    model.violation = NULL;
    model.places = 0;
    model.states = model.completed = 0;
    memset(model.place_of, 0, sizeof(model.place_of));
    model.seen = calloc(MODEL_SEEN, sizeof(*model.seen));
    model.seen_id = calloc(MODEL_SEEN, sizeof(*model.seen_id));
    model_require(model.seen && model.seen_id && setup->private_bytes <= MODEL_PRIVATE,
                  "no memory");
    model_graph_init(&model.graph);
}

static void model_end(void)
{
    model.depth = 0;
    free(model.seen);
    free(model.seen_id);
    model_graph_free(&model.graph);
}

/* Visits all states that can be reached from where the working copies of the private states are.
 * Returns what is wrong in one of them, or NULL. *states: how many there were. */
static const char *model_explore(const struct model_setup *setup, long *states)
{
    static struct model_world world;

    model_begin(setup);
    memset(&world, 0, sizeof(world));
    for (int i = 0; i < setup->parties; i++) {
        memcpy(world.parties[i].private, setup->work[i], setup->private_bytes);
    }
    model_visit(&world);
    while (model.depth > 0 && !model.violation) {
        world = model.stack[--model.depth];
        model_successors(&world);
    }
    *states = model.states;
    model_require(model.violation || model.completed > 0, "no run came to its end");
    if (!model.violation && !model_graph_all_lead_to_end(&model.graph, (uint32_t) *states)) {
        model_violation("no way to the end");
    }
    model_end();
    return model.violation;
}

/* From here on accesses of the core are steps. */
#define memcpy(dst, src, bytes) model_memcpy(dst, src, bytes)

#endif /* MODEL_H_INCLUDED */
