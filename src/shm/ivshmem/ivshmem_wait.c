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
 *
 * Some who want the processor do not get it by a yield: those of another VM, whose kernel sees
 * nothing of it, and of another group of the scheduler. A rank that was off the processor for a good
 * part of the time between two yields, and did not sleep, has met them; then it sleeps for a moment
 * where it would yield. This is the thread's own time against the clock; under a hypervisor it needs a
 * kernel that knows of stolen time.
 */
#include "ivshmem_impl.h"
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SPIN_ALONE 4000    /* looks before the first yield: some 100 us */
#define SPIN_SHARED 500    /* where others were seen to want the processor: some 10 us */
#define SPIN_CROWDED 10    /* where there are more ranks than processors: some 0.3 us */
#define SPIN_NAPPING 100   /* where a yield does not reach them: some 5 us */
#define BETWEEN_YIELDS 100 /* looks between two yields; none if crowded */
#define QUICK_NS 1000      /* a yield that took longer let somebody else run */
#define CALM_YIELDS 1000   /* quick yields in a row that say that the others have gone */
#define CALM_IN_CROWD 16   /* the same where there are more ranks than processors: they sleep */
#define YIELDS_AWAKE 1024  /* in vain, in a crowd: some 10 ms */
#define NAP_NS 50000
#define LOST_NS 500000 /* off the processor between two yields: more than interrupts take, */
#define LOST_PART 8    /* also of a long time: this part of it */
#define NAPS 200       /* in place of yields, after that: some 20 ms */
#define NAPS_MAX 20000 /* twice as many each time that it was in vain to try again */
#define PASS_NS 50     /* of the progress engine, with nothing to do */

static struct {
    int progress; /* last progress count seen */
    int looks;    /* without progress */
    int quick;    /* quick yields in a row */
    bool shared;  /* others want the processor */
    bool crowded; /* more ranks than processors, and not all of the others sleep */
    bool many;    /* more ranks than processors */
    int yields;   /* in vain */
} waiting;

/* What is known of the time between two yields. */
static struct {
    uint64_t start, away; /* the last yield's; start 0: there was none */
    uint64_t ran;         /* the thread's own time at start */
    long sleeps;          /* of the thread, when last asked */
    int naps;             /* still to take in place of yields */
    int next_naps;        /* to take after the next loss */
} losses;

static uint64_t time_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

static int spin_limit(void)
{
    if (waiting.crowded) {
        return SPIN_CROWDED;
    }
    if (losses.naps > 0) {
        return SPIN_NAPPING;
    }
    return waiting.shared || waiting.many ? SPIN_SHARED : SPIN_ALONE;
}

/* The program's own sleeps between two calls are no losses. */
static bool has_slept(void)
{
    const long before = losses.sleeps;
    struct rusage usage = { .ru_nvcsw = before };

    getrusage(RUSAGE_THREAD, &usage);
    losses.sleeps = usage.ru_nvcsw;
    return usage.ru_nvcsw != before;
}

/* Before a yield: whether the processor was taken away since the last one. Threads have a time each,
 * which cannot be compared. */
static void count_losses(uint64_t start)
{
    uint64_t ran, passed, known;

    if (MPIR_IS_THREADED) {
        return;
    }
    ran = time_ns(CLOCK_THREAD_CPUTIME_ID);
    passed = start - losses.start;
    known = losses.away + (ran - losses.ran);
    if (losses.start != 0 && passed > known + LOST_NS && passed - known > passed / LOST_PART &&
        !has_slept()) {
        losses.naps = losses.next_naps;
        losses.next_naps = MPL_MIN(2 * losses.next_naps, NAPS_MAX);
    }
    losses.start = start;
    losses.ran = ran;
}

static void let_others_run(void)
{
    const struct timespec nap = { .tv_nsec = NAP_NS };
    const bool in_vain = waiting.crowded && ++waiting.yields > YIELDS_AWAKE;

    if (losses.naps > 0 || in_vain) {
        nanosleep(&nap, NULL);
        losses.naps -= losses.naps > 0;
        losses.sleeps++;
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
    const uint64_t start = time_ns(CLOCK_MONOTONIC);
    uint64_t away;

    count_losses(start);
    let_others_run();
    away = time_ns(CLOCK_MONOTONIC) - start;
    losses.away = away;
    count_passes(away);
    if (away > QUICK_NS) {
        waiting.shared = true;
        waiting.crowded = waiting.many;
        waiting.quick = 0;
    } else if (++waiting.quick >= (waiting.crowded ? CALM_IN_CROWD : CALM_YIELDS)) {
        waiting.shared = false;
        waiting.crowded = false;
        waiting.quick = 0;
        losses.next_naps = NAPS;
    }
    waiting.looks =
        waiting.crowded || losses.naps > 0 ? spin_limit() : spin_limit() - BETWEEN_YIELDS;
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
    return waiting.crowded || losses.naps > 0;
}

void MPIDI_IVSHMEMI_wait_init(void)
{
    const char *ranks = getenv("MPI_LOCALNRANKS"); /* by Hydra: on this kernel */

    memset(&waiting, 0, sizeof(waiting));
    memset(&losses, 0, sizeof(losses));
    losses.next_naps = NAPS;
    waiting.many = ranks != NULL && atol(ranks) > sysconf(_SC_NPROCESSORS_ONLN);
    waiting.crowded = waiting.many;
}
