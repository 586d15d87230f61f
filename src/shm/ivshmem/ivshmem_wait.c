/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Waiting without getting in the way. MPICH spins; a rank that waits for a peer that wants the
 * same processor then wastes a whole time slice. Here a rank spins for as long as a message is
 * likely to be on its way, then gives the processor up between two looks.
 *
 * Whether others want the processor is learnt: giving up one that nobody wants takes well under a
 * microsecond, and longer when somebody ran meanwhile. A rank then spins less long, but still
 * longer than a message takes: a stranger who wants the processor may keep it for milliseconds.
 * Where the launcher says that there are more ranks than processors, the others are likely to be
 * what the rank waits for, and it hardly spins, unless they sleep: no longer than an answer takes
 * from a rank that runs at the same time on another processor. Two such ranks then stay at it for
 * their time slice, and exchange thousands of messages in place of one for each switch between
 * processes. Who has waited in vain for long sleeps, so that the others have fewer to switch to.
 */
#include "ivshmem_impl.h"
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SPIN_ALONE 4000    /* looks before the first yield: some 100 us */
#define SPIN_SHARED 500    /* where others were seen to want the processor: some 10 us */
#define SPIN_CROWDED 10    /* where there are more ranks than processors: some 0.3 us */
#define BETWEEN_YIELDS 100 /* looks between two yields; none if crowded */
#define QUICK_NS 1000      /* a yield that took longer let somebody else run */
#define CALM_YIELDS 1000   /* quick yields in a row that say that the others have gone */
#define CALM_IN_CROWD 16   /* the same where there are more ranks than processors: they sleep */
#define YIELDS_AWAKE 1024  /* in vain, in a crowd: some 10 ms */
#define NAP_NS 50000
#define PASS_NS 50 /* of the progress engine, with nothing to do */

static struct {
    int progress; /* last progress count seen */
    int looks;    /* without progress */
    int quick;    /* quick yields in a row */
    bool shared;  /* others want the processor */
    bool crowded; /* more ranks than processors, and not all of the others sleep */
    bool many;    /* more ranks than processors */
    int yields;   /* in vain */
} waiting;

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

static int spin_limit(void)
{
    if (waiting.crowded) {
        return SPIN_CROWDED;
    }
    return waiting.shared || waiting.many ? SPIN_SHARED : SPIN_ALONE;
}

static void let_others_run(void)
{
    const struct timespec nap = { .tv_nsec = NAP_NS };

    if (waiting.crowded && ++waiting.yields > YIELDS_AWAKE) {
        nanosleep(&nap, NULL);
    } else {
        sched_yield();
    }
}

/* The netmod is polled after so many passes of the progress engine: time spent away counts as passes. */
static void count_passes(uint64_t ns)
{
    const uint64_t passes = ns / PASS_NS;

    MPIDI_IVSHMEM_poll.since +=
        passes < MPIDI_IVSHMEM_BUSY_PASSES ? (unsigned) passes : MPIDI_IVSHMEM_BUSY_PASSES;
}

void MPIDI_IVSHMEMI_give_way(void)
{
    const uint64_t start = now_ns();
    uint64_t away;

    let_others_run();
    away = now_ns() - start;
    count_passes(away);
    if (away > QUICK_NS) {
        waiting.shared = true;
        waiting.crowded = waiting.many;
        waiting.quick = 0;
    } else if (++waiting.quick >= (waiting.crowded ? CALM_IN_CROWD : CALM_YIELDS)) {
        waiting.shared = false;
        waiting.crowded = false;
        waiting.quick = 0;
    }
    waiting.looks = waiting.crowded ? SPIN_CROWDED : spin_limit() - BETWEEN_YIELDS;
}

void MPIDI_IVSHMEMI_waited(void)
{
    waiting.looks = 0;
    waiting.yields = 0;
}

void MPIDI_IVSHMEMI_wait_look(bool busy)
{
    /* what the netmod or a schedule of collectives brought along counts too */
    int progress = MPL_atomic_relaxed_load_int(&MPIDI_VCI(0).progress_count);

    if (busy || progress != waiting.progress) {
        waiting.progress = progress;
        MPIDI_IVSHMEMI_waited();
    } else if (++waiting.looks > spin_limit()) {
        MPIDI_IVSHMEMI_give_way();
    }
}

bool MPIDI_IVSHMEMI_is_crowded(void)
{
    return waiting.crowded;
}

void MPIDI_IVSHMEMI_wait_init(void)
{
    const char *ranks = getenv("MPI_LOCALNRANKS"); /* by Hydra: on this kernel */

    memset(&waiting, 0, sizeof(waiting));
    waiting.many = ranks != NULL && atol(ranks) > sysconf(_SC_NPROCESSORS_ONLN);
    waiting.crowded = waiting.many;
}
