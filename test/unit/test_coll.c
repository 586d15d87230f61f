/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collective operations over shared memory: threads as members call the same random operations and
 * compare each result with one computed alone. An operation that composes affine maps tells whether
 * the order was kept.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/ivs_coll_task.h"
#include "ivs_test.h"

#define CELL 1024u
#define CELLS 4u
#define BLOCK_MAX \
    (5u * CELL) /* bytes of a block: more than a cell, and than all cells of a piece */
#define MEMBERS_MAX 7u
#define ROUNDS 600

static const struct ivs_coll_shape shape = { CELL, CELLS };
static struct guarded memory;
static atomic_bool stop; /* somebody has failed: the others must not wait for ever */

static int wait_for_others(void *context)
{
    (void) context;
    sched_yield();
    return atomic_load(&stop) ? -ECANCELED : 0;
}

/* ---- the operation: maps x -> a x + b over 32-bit integers, which do not commute ---- */

struct map {
    uint32_t a, b;
};

static struct map compose(struct map left, struct map right)
{
    struct map both = { left.a * right.a, left.b * right.a + right.b };
    return both;
}

static int apply(void *context, const void *in, void *inout, size_t count)
{
    const struct map *left = (const struct map *) in;
    struct map *right = (struct map *) inout;

    (void) context;
    for (size_t i = 0; i < count; i++) {
        right[i] = compose(left[i], right[i]);
    }
    return 0;
}

static const struct ivs_coll_op maps = { apply, NULL, sizeof(struct map) };

/* Element i of what a member gives in a round. */
static struct map given(uint64_t round, uint32_t member, size_t i)
{
    uint64_t x = (round * 1000 + member) * 0x9e3779b97f4a7c15u + i * 0xd1342543de82ef95u;
    struct map map;

    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9u;
    map.a = (uint32_t) x | 1;
    map.b = (uint32_t) (x >> 32);
    return map;
}

static void give(struct map *to, uint64_t round, uint32_t member, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = given(round, member, i);
    }
}

static struct map sum_to(uint64_t round, uint32_t last, size_t i)
{
    struct map sum = given(round, 0, i);

    for (uint32_t j = 1; j <= last; j++) {
        sum = compose(sum, given(round, j, i));
    }
    return sum;
}

static bool is_map(struct map x, struct map y)
{
    return x.a == y.a && x.b == y.b;
}

static bool is_given(const struct map *found, uint64_t round, uint32_t member, size_t from,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_map(found[i], given(round, member, from + i))) {
            return false;
        }
    }
    return true;
}

static bool is_sum(const struct map *found, uint64_t round, uint32_t last, size_t from,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_map(found[i], sum_to(round, last, from + i))) {
            return false;
        }
    }
    return true;
}

/* ---- a member ---- */

struct groups {
    uint32_t count, of[MEMBERS_MAX], first[MEMBERS_MAX];
};

struct member {
    pthread_t thread;
    uint32_t self, members;
    uint64_t seed;
    const char *failed; /* the operation whose result was wrong */
    uint64_t round;
    struct ivs_coll coll;
    struct ivs_coll_task task;
    bool bit_by_bit; /* tasks are carried on, not run */
    struct groups consecutive, mixed;
    struct map *send, *recv;
};

#define MAPS_MAX (BLOCK_MAX / sizeof(struct map))

/* What all members draw alike. */
struct round {
    uint64_t number;
    uint32_t root;
    size_t count;
    bool in_place, slices, mixed;
    enum ivs_coll_way way;
};

static int run(struct member *m)
{
    int rc;

    if (!m->bit_by_bit) {
        return ivs_coll_run(&m->task);
    }
    while ((rc = ivs_coll_advance(&m->task)) == -EAGAIN) {
        if (wait_for_others(NULL) != 0) {
            return -ECANCELED;
        }
    }
    return rc;
}

/* Members i with the same number are near each other. */
static void make_groups(struct groups *groups, uint32_t members, uint32_t (*number)(uint32_t))
{
    groups->count = 0;
    for (uint32_t j = 0; j < members; j++) {
        uint32_t i = 0;

        while (number(i) != number(j)) {
            i++;
        }
        groups->of[j] = i == j ? groups->count : groups->of[i];
        if (i == j) {
            groups->first[groups->count++] = j;
        }
    }
}

static uint32_t half(uint32_t member)
{
    return member / 2;
}

static uint32_t third(uint32_t member)
{
    return member % 3;
}

static void use_groups(struct member *m, const struct groups *groups)
{
    m->coll.groups.count = groups->count;
    m->coll.groups.of = groups->of;
    m->coll.groups.first = groups->first;
}

static bool try_bcast(struct member *m, const struct round *r)
{
    give(m->recv, r->number, m->self, r->count);
    ivs_coll_bcast(&m->task, &m->coll, r->root, m->recv, r->count * sizeof(struct map), r->way);
    return run(m) == 0 && is_given(m->recv, r->number, r->root, 0, r->count);
}

static bool try_allgather(struct member *m, const struct round *r)
{
    size_t bytes[MEMBERS_MAX], at[MEMBERS_MAX], end = 0;
    struct ivs_blocks blocks = { bytes, at, 0 };
    struct map *place;

    for (uint32_t j = 0; j < m->members; j++) { /* one in three is empty, all are shorter */
        bytes[j] = (j + r->number) % 3 == 0 ? 0 : r->count / (1 + j % 2) * sizeof(struct map);
        at[j] = end;
        end += bytes[j] + sizeof(struct map);
    }
    place = (struct map *) ((char *) m->recv + at[m->self]);
    give(r->in_place ? place : m->send, r->number, m->self, bytes[m->self] / sizeof(struct map));
    ivs_coll_allgather(&m->task, &m->coll, r->in_place ? NULL : m->send, m->recv, &blocks);
    if (run(m) != 0) {
        return false;
    }
    for (uint32_t j = 0; j < m->members; j++) {
        if (!is_given((struct map *) ((char *) m->recv + at[j]), r->number, j, 0,
                      bytes[j] / sizeof(struct map))) {
            return false;
        }
    }
    return true;
}

static bool try_gather(struct member *m, const struct round *r)
{
    const bool in_place = r->in_place && m->self == r->root;

    give(in_place ? m->recv + m->self * r->count : m->send, r->number, m->self, r->count);
    ivs_coll_gather(&m->task, &m->coll, r->root, in_place ? NULL : m->send, m->recv,
                    r->count * sizeof(struct map));
    if (run(m) != 0) {
        return false;
    }
    for (uint32_t j = 0; m->self == r->root && j < m->members; j++) {
        if (!is_given(m->recv + j * r->count, r->number, j, 0, r->count)) {
            return false;
        }
    }
    return true;
}

static bool try_scatter(struct member *m, const struct round *r)
{
    const bool in_place = r->in_place && m->self == r->root;

    give(m->send, r->number, r->root, r->count * m->members);
    ivs_coll_scatter(&m->task, &m->coll, r->root, m->send, in_place ? NULL : m->recv,
                     r->count * sizeof(struct map));
    return run(m) == 0 &&
           (in_place || is_given(m->recv, r->number, r->root, m->self * r->count, r->count));
}

static bool try_alltoall(struct member *m, const struct round *r)
{
    give(r->in_place ? m->recv : m->send, r->number, m->self, r->count * m->members);
    ivs_coll_alltoall(&m->task, &m->coll, r->in_place ? m->recv : m->send, m->recv,
                      r->count * sizeof(struct map));
    if (run(m) != 0) {
        return false;
    }
    for (uint32_t j = 0; j < m->members; j++) {
        if (!is_given(m->recv + j * r->count, r->number, j, m->self * r->count, r->count)) {
            return false;
        }
    }
    return true;
}

static bool try_allreduce(struct member *m, const struct round *r)
{
    struct map *send = r->in_place ? m->recv : m->send;

    give(send, r->number, m->self, r->count);
    ivs_coll_allreduce(&m->task, &m->coll, send, m->recv, r->count, &maps, r->way);
    return run(m) == 0 && is_sum(m->recv, r->number, m->members - 1, 0, r->count);
}

static bool try_reduce(struct member *m, const struct round *r)
{
    struct map *send = r->in_place ? m->recv : m->send;

    give(send, r->number, m->self, r->count);
    ivs_coll_reduce(&m->task, &m->coll, r->root, send, m->self == r->root ? m->recv : NULL,
                    r->count, &maps, r->way);
    return run(m) == 0 &&
           (m->self != r->root || is_sum(m->recv, r->number, m->members - 1, 0, r->count));
}

/* All blocks alike, or some shorter. */
static size_t scattered_count(const void *context, uint32_t member)
{
    const struct round *r = (const struct round *) context;

    return (member + r->number) % 3 == 0 ? 0 : r->count / (1 + member % 2);
}

static bool try_reduce_scatter(struct member *m, const struct round *r)
{
    struct map *send = r->in_place ? m->recv : m->send;
    struct ivs_coll_counts blocks = { r->count, r->slices ? scattered_count : NULL, r };
    size_t begin = 0, all = 0, own = r->count;

    for (uint32_t j = 0; j < m->members; j++) {
        size_t count = r->slices ? scattered_count(r, j) : r->count;

        begin = j == m->self ? all : begin;
        own = j == m->self ? count : own;
        all += count;
    }
    give(send, r->number, m->self, all);
    ivs_coll_reduce_scatter(&m->task, &m->coll, send, m->recv, &blocks, &maps);
    return run(m) == 0 && is_sum(m->recv, r->number, m->members - 1, begin, own);
}

static bool try_scan(struct member *m, const struct round *r)
{
    const bool without_self = r->slices;
    struct map *send = r->in_place ? m->recv : m->send;

    give(send, r->number, m->self, r->count);
    ivs_coll_scan(&m->task, &m->coll, send, m->recv, r->count, &maps, without_self);
    return run(m) == 0 &&
           (without_self ? m->self == 0 || is_sum(m->recv, r->number, m->self - 1, 0, r->count)
                         : is_sum(m->recv, r->number, m->self, 0, r->count));
}

static bool try_barrier(struct member *m, const struct round *r)
{
    ivs_coll_barrier(&m->task, &m->coll, r->way);
    return run(m) == 0;
}

static const struct {
    const char *name;
    bool (*run)(struct member *, const struct round *);
    bool reduces; /* in order: groups of consecutive members */
} operations[] = {
    { "barrier", try_barrier, false },     { "bcast", try_bcast, false },
    { "allgather", try_allgather, false }, { "gather", try_gather, false },
    { "scatter", try_scatter, false },     { "alltoall", try_alltoall, false },
    { "allreduce", try_allreduce, true },  { "reduce", try_reduce, true },
    { "scan", try_scan, false },           { "reduce_scatter", try_reduce_scatter, false },
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* Mostly short; else around the lengths where something changes. */
static size_t draw_count(uint64_t *seed)
{
    const size_t edges[] = { IVS_COLL_INLINE, CELL, 2 * (size_t) CELL, BLOCK_MAX };
    size_t edge = edges[rnd(seed, 4)] / sizeof(struct map);

    if (rnd(seed, 2) == 0) {
        return rnd(seed, 40);
    }
    edge = edge - 2 + rnd(seed, 4);
    return edge < MAPS_MAX ? edge : MAPS_MAX;
}

static void *member_main(void *arg)
{
    struct member *m = (struct member *) arg;
    uint64_t own = m->self;

    for (m->round = 1; m->round <= ROUNDS && m->failed == NULL; m->round++) {
        struct round r = { .number = m->round };
        uint32_t op = rnd(&m->seed, OPERATIONS);

        r.root = rnd(&m->seed, m->members);
        r.count = draw_count(&m->seed);
        r.in_place = rnd(&m->seed, 2) != 0;
        r.slices = rnd(&m->seed, 2) != 0;
        r.way = (enum ivs_coll_way) rnd(&m->seed, 3);
        r.mixed = rnd(&m->seed, 2) != 0;
        m->bit_by_bit = rnd(&own, 2) != 0;
        use_groups(m, r.mixed && !operations[op].reduces ? &m->mixed : &m->consecutive);
        if (!operations[op].run(m, &r)) {
            m->failed = operations[op].name;
            atomic_store(&stop, true);
        }
    }
    return NULL;
}

static void run_members(uint32_t members)
{
    struct member *m = calloc(members, sizeof(*m));

    guarded_make(&memory, ivs_coll_bytes(members, &shape));
    atomic_store(&stop, false);
    for (uint32_t j = 0; j < members; j++) {
        m[j].self = j;
        m[j].members = members;
        m[j].seed = 4711 + members;
        make_groups(&m[j].consecutive, members, half);
        make_groups(&m[j].mixed, members, third);
        m[j].send = malloc(members * (BLOCK_MAX + sizeof(struct map)));
        m[j].recv = malloc(members * (BLOCK_MAX + sizeof(struct map)));
        ivs_coll_init(&m[j].coll, guarded_front(&memory), members, j, &shape, wait_for_others,
                      NULL);
        assert_int_equal(pthread_create(&m[j].thread, NULL, member_main, &m[j]), 0);
    }
    for (uint32_t j = 0; j < members; j++) {
        pthread_join(m[j].thread, NULL);
        free(m[j].send);
        free(m[j].recv);
    }
    for (uint32_t j = 0; j < members; j++) {
        if (m[j].failed != NULL) {
            fail_msg("%u members, member %u, round %d: %s", members, j, (int) m[j].round,
                     m[j].failed);
        }
    }
    guarded_free(&memory);
    free(m);
}

static void all_operations_agree(void **state)
{
    (void) state;
    for (uint32_t members = 1; members <= MEMBERS_MAX; members++) {
        run_members(members);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_operations_agree) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
