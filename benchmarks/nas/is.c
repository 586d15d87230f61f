/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * IS: the rank of each of many integer keys, by a bucket sort.
 *
 * Keys are counted by buckets and the counts summed up over all ranks. Each rank takes consecutive
 * buckets with about the same number of keys altogether, gets the keys of its buckets from all, and
 * counts how many keys are below each value.
 */
#include <mpi.h>
#include "app.h"
#include "nas.h"
#include "nas_random.h"
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITERATIONS 10
#define TESTS 5 /* keys whose ranks are known, in each iteration */

static const struct problem {
    int keys, values, buckets;
    int index[TESTS], rank[TESTS]; /* of the test keys, among all */
    int rising;     /* so many test keys, the first, rise in rank by the iteration and rise; */
    int rise, fall; /* the others fall by the iteration and fall */
} problems[NAS_CLASSES] = {
    [NAS_S] = { .keys = 1 << 16,
                .values = 1 << 11,
                .buckets = 1 << 9,
                .index = { 48427, 17148, 23627, 62548, 4431 },
                .rank = { 0, 18, 346, 64917, 65463 },
                .rising = 3 },
    [NAS_W] = { .keys = 1 << 20,
                .values = 1 << 16,
                .buckets = 1 << 10,
                .index = { 357773, 934767, 875723, 898999, 404505 },
                .rank = { 1249, 11698, 1039987, 1043896, 1048018 },
                .rising = 2,
                .rise = -2 },
    [NAS_A] = { .keys = 1 << 23,
                .values = 1 << 19,
                .buckets = 1 << 10,
                .index = { 2112377, 662041, 5336171, 3642833, 4250760 },
                .rank = { 104, 17523, 123928, 8288932, 8388264 },
                .rising = 3,
                .rise = -1,
                .fall = -1 },
};

struct sorter {
    const struct problem *problem;
    MPI_Comm comm;
    int rank, ranks;
    int count;    /* of own keys */
    int width;    /* values in a bucket */
    int *key;     /* own, in the order of the sequence */
    int *ordered; /* own, by buckets */

    int *counts; /* of own keys by buckets, then own values of the test keys */
    int *totals; /* of all ranks */

    int *owner;                                 /* of each bucket */
    int *send, *send_at, *receive, *receive_at; /* counts and places for each rank */
    int *received;
    int received_count, room;

    int first_value, end_value; /* of our buckets */
    int below;                  /* keys of lower ranks */
    int *below_or_equal;        /* for each value: received keys */
    int64_t tested, wrong;      /* ranks of test keys, and results that are not right, so far */
};

/* ---- keys -------------------------------------------------------------------------------------- */

static void draw_keys(struct sorter *s)
{
    const int first = nas_first(s->rank, s->ranks, s->problem->keys);
    uint64_t x = random_jump(RANDOM_SEED, 4 * (uint64_t) first);

    for (int i = 0; i < s->count; i++) {
        double sum = random_next(&x);
        for (int draw = 1; draw < 4; draw++) {
            sum += random_next(&x);
        }
        s->key[i] = (int) (s->problem->values / 4 * sum);
    }
}

/* Each iteration has two keys of its own, among the first. */
static void change_keys(struct sorter *s, int iteration)
{
    if (s->rank == 0) {
        s->key[iteration] = iteration;
        s->key[iteration + ITERATIONS] = s->problem->values - iteration;
    }
}

/* ---- exchange ---------------------------------------------------------------------------------- */

static void count_buckets(struct sorter *s)
{
    const struct problem *p = s->problem;
    const int first = nas_first(s->rank, s->ranks, p->keys);

    memset(s->counts, 0, (size_t) (p->buckets + TESTS) * sizeof(int));
    for (int i = 0; i < s->count; i++) {
        s->counts[s->key[i] / s->width]++;
    }
    for (int i = 0; i < TESTS; i++) {
        int at = p->index[i] - first;
        s->counts[p->buckets + i] = at >= 0 && at < s->count ? s->key[at] : 0;
    }
}

/* By the keys before a bucket, of all ranks, it is seen whose it is. */
static void share_buckets(struct sorter *s)
{
    const int share = s->problem->keys / s->ranks;
    int before = 0;

    s->below = 0;
    s->received_count = 0;
    s->first_value = s->end_value = 0;
    for (int b = 0; b < s->problem->buckets; b++) {
        int owner = before / share < s->ranks ? before / share : s->ranks - 1;
        if (s->totals[b] < 0 || s->totals[b] > s->problem->keys - before) {
            app_fail("rank %d: more keys than there are: MPI changed data", s->rank);
        }
        s->owner[b] = owner;
        before += s->totals[b];
        if (owner < s->rank) {
            s->below += s->totals[b];
            s->first_value = s->end_value = (b + 1) * s->width;
        } else if (owner == s->rank) {
            s->received_count += s->totals[b];
            s->end_value = (b + 1) * s->width;
        }
    }
}

/* Buckets with the same owner are neighbours, so that the keys for a rank are too. */
static void order_keys(struct sorter *s)
{
    const int buckets = s->problem->buckets;
    int at = 0;

    memset(s->send, 0, (size_t) s->ranks * sizeof(int));
    for (int b = 0; b < buckets; b++) {
        int count = s->counts[b];
        s->send[s->owner[b]] += count;
        s->counts[b] = at;
        at += count;
    }
    for (int i = 0; i < s->count; i++) {
        s->ordered[s->counts[s->key[i] / s->width]++] = s->key[i];
    }
}

/* One behind the other; returns how many there are, or -1 if a count cannot be. */
static int place(const int *counts, int *places, int ranks, int limit)
{
    int sum = 0;

    for (int i = 0; i < ranks; i++) {
        if (counts[i] < 0 || counts[i] > limit - sum) {
            return -1;
        }
        places[i] = sum;
        sum += counts[i];
    }
    return sum;
}

static void exchange_keys(struct sorter *s)
{
    MPI_Alltoall(s->send, 1, MPI_INT, s->receive, 1, MPI_INT, s->comm);
    place(s->send, s->send_at, s->ranks, s->count);
    if (place(s->receive, s->receive_at, s->ranks, s->received_count) != s->received_count) {
        app_fail("rank %d: the ranks' keys are not as many as their sum: MPI changed data",
                 s->rank);
    }
    if (s->received_count > s->room) {
        free(s->received);
        s->room = s->received_count;
        s->received = app_allocate((size_t) s->room, sizeof(int));
    }
    MPI_Alltoallv(s->ordered, s->send, s->send_at, MPI_INT, s->received, s->receive, s->receive_at,
                  MPI_INT, s->comm);
}

/* ---- ranks ------------------------------------------------------------------------------------- */

static void count_values(struct sorter *s)
{
    int *count = s->below_or_equal;

    if (s->end_value > s->first_value) {
        memset(count + s->first_value, 0, (size_t) (s->end_value - s->first_value) * sizeof(int));
    }
    for (int i = 0; i < s->received_count; i++) {
        int key = s->received[i];
        if (key < s->first_value || key >= s->end_value) {
            s->wrong++; /* not ours */
        } else {
            count[key]++;
        }
    }
    for (int value = s->first_value + 1; value < s->end_value; value++) {
        count[value] += count[value - 1];
    }
}

static void check_ranks(struct sorter *s, int iteration)
{
    const struct problem *p = s->problem;

    for (int i = 0; i < TESTS; i++) {
        int key = s->totals[p->buckets + i];
        int rank = s->below;
        int shift = i < p->rising ? iteration + p->rise : -(iteration + p->fall);
        if (key < s->first_value || key >= s->end_value) {
            continue;
        }
        if (key > s->first_value) {
            rank += s->below_or_equal[key - 1];
        }
        s->tested++;
        s->wrong += rank != p->rank[i] + shift;
    }
}

static void rank_keys(struct sorter *s, int iteration)
{
    change_keys(s, iteration);
    count_buckets(s);
    MPI_Allreduce(s->counts, s->totals, s->problem->buckets + TESTS, MPI_INT, MPI_SUM, s->comm);
    share_buckets(s);
    order_keys(s);
    exchange_keys(s);
    count_values(s);
    check_ranks(s, iteration);
}

/* ---- full verification ------------------------------------------------------------------------- */

/* A sum that tells other keys apart, in any order. */
static uint64_t sum_of(const int *keys, int count)
{
    uint64_t sum = 0;

    for (int i = 0; i < count; i++) {
        uint64_t x = ((uint64_t) (unsigned) keys[i] + 1) * UINT64_C(0x9e3779b97f4a7c15);
        sum += (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    }
    return sum;
}

/* Each key by its rank. */
static void place_keys(struct sorter *s, int *sorted)
{
    for (int i = 0; i < s->received_count; i++) {
        int key = s->received[i];
        if (key >= s->first_value && key < s->end_value) {
            sorted[--s->below_or_equal[key]] = key;
        }
    }
}

/* By their ranks the keys are in order, here and after those of lower ranks, and are still the
 * same. Each test key was found on one rank in each iteration. */
static void check_all(struct sorter *s)
{
    int *sorted = app_allocate((size_t) s->received_count, sizeof(int));
    int last, before = INT_MIN;
    uint64_t own[2] = { sum_of(s->key, s->count), (uint64_t) s->tested }, all[2] = { 0 };

    place_keys(s, sorted);
    for (int i = 1; i < s->received_count; i++) {
        s->wrong += sorted[i - 1] > sorted[i];
    }
    last = s->received_count > 0 ? sorted[s->received_count - 1] : INT_MIN;
    MPI_Exscan(&last, &before, 1, MPI_INT, MPI_MAX, s->comm);
    s->wrong += s->rank > 0 && s->received_count > 0 && before > sorted[0];
    own[0] -= sum_of(sorted, s->received_count);
    MPI_Allreduce(own, all, 2, MPI_UINT64_T, MPI_SUM, s->comm);
    s->wrong += all[0] != 0 || all[1] != TESTS * (ITERATIONS + 1);
    free(sorted);
}

/* ---- program ----------------------------------------------------------------------------------- */

static void set_up(struct sorter *s, const struct problem *p, MPI_Comm comm)
{
    *s = (struct sorter){ .problem = p, .comm = comm, .width = p->values / p->buckets };
    MPI_Comm_rank(comm, &s->rank);
    MPI_Comm_size(comm, &s->ranks);
    s->count = p->keys / s->ranks;
    s->key = app_allocate((size_t) s->count, sizeof(int));
    s->ordered = app_allocate((size_t) s->count, sizeof(int));
    s->counts = app_allocate((size_t) (p->buckets + TESTS), sizeof(int));
    s->totals = app_allocate((size_t) (p->buckets + TESTS), sizeof(int));
    s->owner = app_allocate((size_t) p->buckets, sizeof(int));
    s->send = app_allocate(4 * (size_t) s->ranks, sizeof(int));
    s->send_at = s->send + s->ranks;
    s->receive = s->send_at + s->ranks;
    s->receive_at = s->receive + s->ranks;
    s->below_or_equal = app_allocate((size_t) p->values, sizeof(int));
    draw_keys(s);
}

static void tear_down(struct sorter *s)
{
    free(s->key);
    free(s->ordered);
    free(s->counts);
    free(s->totals);
    free(s->owner);
    free(s->send);
    free(s->received);
    free(s->below_or_equal);
}

static void run(enum nas_class class, MPI_Comm comm, struct nas_outcome *outcome)
{
    const struct problem *p = &problems[class];
    struct sorter s;

    set_up(&s, p, comm);
    rank_keys(&s, 1); /* touches everything once, not timed */
    MPI_Barrier(comm);
    app_start();
    for (int i = 1; i <= ITERATIONS; i++) {
        rank_keys(&s, i);
    }
    app_stop();
    check_all(&s);
    outcome->verified = s.wrong == 0;
    outcome->millions = 1e-6 * ITERATIONS * p->keys;
    snprintf(outcome->sizes, sizeof(outcome->sizes), "keys=%d values=%d iterations=%d", p->keys,
             p->values, ITERATIONS);
    tear_down(&s);
}

static const char *refusal(enum nas_class class, int ranks)
{
    (void) class;
    return nas_is_power_of_two(ranks) && ranks <= 512 ? NULL : "IS takes 1, 2, 4, 8, ... 512";
}

int main(int argc, char **argv)
{
    return nas_main(argc, argv,
                    &(struct nas_kernel){ "is",
                                          "NAS IS: bucket sort of integers, one Alltoallv "
                                          "of all keys in each iteration",
                                          refusal, run });
}
