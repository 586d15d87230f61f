/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The two processes of a measurement, and what the parts of the program give each other. The first
 * process listens, decides what is measured and takes the times; the second one connects to it.
 * Each part ends the process by die(), in one line, and the region is left in order.
 */
#ifndef PRIMITIVE_H_INCLUDED
#define PRIMITIVE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "locality.h"

enum test {
    TEST_RAW,
    TEST_SYNC,
    TEST_SYNC1K,
    TEST_TCP,
    TEST_VERBS,
    TEST_COUNT
};
extern const char *const test_names[TEST_COUNT];

#define TESTS_SHARED (1u << TEST_RAW | 1u << TEST_SYNC | 1u << TEST_SYNC1K)
#define REPETITIONS_MAX 1000
#define ITERATIONS_MAX UINT64_C(1000000000000)
#define TIMEOUT_MAX 3600

/* What is measured: the first process sends it to the second. */
struct plan {
    uint32_t tests;       /* bit n: enum test n; not 0 */
    uint32_t repetitions; /* 1..REPETITIONS_MAX */
    uint64_t iterations;  /* of raw, sync and sync1k, 1..ITERATIONS_MAX */
    uint64_t messages;    /* iterations of tcp and verbs */
};

struct options {
    struct plan plan;
    const char *listen, *connect; /* [HOST:]PORT; one of them is NULL */
    const char *region;           /* URI of the region, or NULL */
    const char *verbs_device;     /* NULL: the first with an active port */
    int verbs_gid;                /* index; -1: chosen */
    int cpu;                      /* -1: not bound */
    unsigned timeout_s;           /* of one wait for the partner */
    bool json;
};

/* options.c: exits with 2 if they are wrong. */
void options_parse(int argc, char **argv, struct options *options);
bool plan_is_valid(const struct plan *plan);

/* ---- die.c ------------------------------------------------------------------------------- */

/* Prints "primitive: where: what" to stderr and exits with 1. From the main thread only. */
_Noreturn void die(const char *where, const char *what_fmt, ...)
    __attribute__((format(printf, 2, 3)));
_Noreturn void die_diag(const struct ivl_diag *diag);

/* ---- meet.c: the connection --------------------------------------------------------------- */

/* Listens (first process) or connects; waits up to timeout_s seconds. Returns the socket. */
int meet(const struct options *options);

/* All of it, or the process fails: the partner is gone, or silent for timeout_s. */
void meet_send(int sock, const void *data, size_t bytes);
void meet_receive(int sock, void *data, size_t bytes);

/* Returns when both have come to it. */
void meet_barrier(int sock);

/* Sends what is ours, gets what is theirs: bytes of each. */
void meet_swap(int sock, const void *ours, void *theirs, size_t bytes);

/* Says that nothing more will be sent, and waits a little for the partner to do the same, which it
 * does at the latest when its process ends. False: it has not, or nothing more is heard of its machine. */
bool meet_part(int sock);

/* ---- watch.c: is the partner there? ------------------------------------------------------- */

/* A thread looks at the connection and calls beat(context) now and then, until it says that the
 * job was lost (false). */
void watch_start(int sock, unsigned timeout_s, bool (*beat)(void *context), void *context);
void watch_stop(void);

/* A wait for a word that the partner is to write: zeroed, and wait_missed() after each miss. What
 * it costs where the value comes at once is nothing; else a count. */
struct wait {
    uint32_t misses;
    double deadline; /* s; 0: not set yet */
};

/* Lets others run; fails if the partner is gone, the job was lost or the time is over. */
void wait_slowly(struct wait *wait);

static inline void wait_missed(struct wait *wait)
{
    if ((++wait->misses & 0x3fff) == 0) {
        wait_slowly(wait);
    }
}

double now_s(void);

/* ---- place.c: memory in the region -------------------------------------------------------- */

/* Opens the region; the first process makes a job of two members with one block there, the second
 * one joins it. *opened is set as soon as there is something to close. */
struct place;
void place_open(struct place **opened, const char *uri, bool first, int sock, size_t bytes);
void *place_memory(const struct place *place);
const struct ivl_region *place_region(const struct place *place);
bool place_beat(void *place);

/* Gives back what this process has; parted: the partner does not use it any more. */
void place_close(struct place *place, bool parted);

/* ---- the tests ---------------------------------------------------------------------------- */

/* shared.c: raw, sync, sync1k in `memory`, which is zero before the first one. */
struct player;
size_t shared_bytes(void);
struct player *shared_open(void *memory, bool first);
void shared_run(struct player *player, enum test test, uint64_t iterations);
void shared_check(struct player *player, uint64_t iterations); /* every byte of sync1k */
void shared_close(struct player *player);

/* tcp.c */
void tcp_run(int sock, bool first, uint64_t iterations);

/* verbs.c, or verbs_none.c where libibverbs is not there. NULL and why: no device here. */
#define WHY_BYTES 160
struct verbs;
struct verbs *verbs_open(const struct options *options, char why[WHY_BYTES]);
void verbs_join(struct verbs *verbs, int sock);
void verbs_run(struct verbs *verbs, bool first, uint64_t iterations);
void verbs_close(struct verbs *verbs);

#endif /* PRIMITIVE_H_INCLUDED */
