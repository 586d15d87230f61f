/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Waiting without getting in the way. MPICH spins; a rank that waits for a peer that wants the
 * same processor then wastes a whole time slice. Here a rank spins for as long as a message is
 * likely to be on its way, then gives the processor up between two looks.
 *
 * How long it spins is learnt: giving up a processor that nobody else wants takes well under a
 * microsecond, and longer when somebody ran meanwhile. The launcher's count of local ranks only
 * sets the start, so that other jobs and other launchers are taken into account too.
 */
#include "ivshmem_impl.h"
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SPIN_ALONE 4000    /* looks before the first yield: some 100 us */
#define SPIN_CROWDED 2     /* the same where others want the processor */
#define BETWEEN_YIELDS 100 /* looks between two yields when alone: 1 % of them yield */
#define CROWDED_NS 3000    /* a yield that took longer let somebody else run */
#define CALM_YIELDS 1000   /* quick yields in a row that say that the crowd has gone */

static struct {
    int hook;
    int progress; /* last progress count seen */
    int looks;    /* without progress */
    int quick;    /* quick yields in a row */
    bool crowded;
    bool registered;
} waiting;

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

static void give_way(void)
{
    uint64_t start = now_ns();

    sched_yield();
    if (now_ns() - start > CROWDED_NS) {
        waiting.crowded = true;
        waiting.quick = 0;
    } else if (++waiting.quick >= CALM_YIELDS) {
        waiting.crowded = false;
        waiting.quick = 0;
    }
    waiting.looks = waiting.crowded ? SPIN_CROWDED : SPIN_ALONE - BETWEEN_YIELDS;
}

/* Called by MPI's progress engine, one thread at a time. The module's only hook: MPICH has room
 * for four and uses two itself. */
static int progress_hook(int *made_progress)
{
    int progress = MPL_atomic_relaxed_load_int(&MPIDI_VCI(0).progress_count);

    *made_progress = 0;
    if (progress != waiting.progress) {
        waiting.progress = progress;
        waiting.looks = 0;
    } else if (++waiting.looks > (waiting.crowded ? SPIN_CROWDED : SPIN_ALONE)) {
        give_way();
    }
    return MPIDI_IVSHMEMI_beat_check();
}

int MPIDI_IVSHMEMI_wait_start(void)
{
    const char *ranks = getenv("MPI_LOCALNRANKS"); /* by Hydra: on this kernel */
    int mpi_errno;

    memset(&waiting, 0, sizeof(waiting));
    waiting.crowded = ranks != NULL && atol(ranks) > sysconf(_SC_NPROCESSORS_ONLN);
    mpi_errno = MPIR_Progress_hook_register(progress_hook, &waiting.hook);
    MPIR_ERR_CHECK(mpi_errno);
    MPIR_Progress_hook_activate(waiting.hook);
    waiting.registered = true;
fn_fail:
    return mpi_errno;
}

void MPIDI_IVSHMEMI_wait_stop(void)
{
    if (waiting.registered) {
        MPIR_Progress_hook_deactivate(waiting.hook);
        MPIR_Progress_hook_deregister(waiting.hook);
        waiting.registered = false;
    }
}
