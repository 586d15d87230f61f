/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Signs of life. A thread of each rank, asleep but for a moment now and then, beats in the
 * region and watches the other members of its job and, on the host's first rank, other jobs
 * whose lease has run out. It only looks and flags: MPI calls find the flag when they make
 * progress (ivshmem_recv.c) and return an error. A rank that makes no MPI call that looks (it
 * spins inside a collective's shared buffer) is ended by the thread one lease later, so that
 * nothing waits for a dead peer for ever.
 *
 * Invariant: the hot path reads one private flag; all else happens in the thread.
 */
#include "ivshmem_impl.h"
#include "core/ivs_member.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#define NOBODY (-1)
#define LOOKS_PER_LEASE 4
#define PATIENCE_S 600 /* for one holder of a lock: a gigabyte may be added up under it, slowly */

struct seen {
    uint64_t heartbeat;
    uint64_t since_ms; /* own clock, when it last changed */
};

static struct {
    pthread_t thread;
    pthread_mutex_t lock; /* private memory */
    pthread_cond_t wake;
    bool running;
    bool stop;
    struct seen *seen;
    struct ivl_watch *watch;
    uint64_t watched_ms; /* when other jobs were last looked at */
    _Atomic int dead;    /* member that died, or NOBODY; written by the thread */
    uint64_t dead_since_ms;
} beat = { .lock = PTHREAD_MUTEX_INITIALIZER, .dead = NOBODY };

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

static struct ivs_members members_of(void)
{
    struct ivs_members members = { MPIDI_IVSHMEMI_global.region, MPIDI_IVSHMEMI_global.members_off,
                                   MPIDI_IVSHMEMI_global.members };
    return members;
}

static uint32_t lease_ms(void)
{
    return MPIDI_IVSHMEMI_global.region->geo.lease_ms;
}

/* World rank of a member, for messages. */
static int world_rank(uint32_t member)
{
    const struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;
    int host = map->nodes[map->node_of[MPIR_Process.rank]].host;
    uint32_t line = 0;

    for (int rank = 0; rank < map->size; rank++) {
        if (map->nodes[map->node_of[rank]].host == host && line++ == member) {
            return rank;
        }
    }
    return -1;
}

/* Cannot go on, and cannot trust that an MPI call will say so. */
static void give_up(const char *why)
{
    char text[256];

    snprintf(text, sizeof(text), "[ivshmem] rank %d: %s: ending the job", MPIR_Process.rank, why);
    fprintf(stderr, "%s\n", text);
    fflush(stderr);
    MPIR_pmi_abort(1, text);
    _exit(1);
}

/* Said at once and by one rank: the error that MPI calls return may come late, or be lost when
 * the launcher ends the others. */
static void tell(uint32_t dead)
{
    if (MPIDI_IVSHMEMI_global.member == (dead == 0 ? 1 : 0)) {
        fprintf(stderr,
                "[ivshmem] rank %d: rank %d, in a co-resident VM, has shown no sign of life for "
                "%u ms\n",
                MPIR_Process.rank, world_rank(dead), lease_ms());
        fflush(stderr);
    }
}

static void look_at(uint32_t member, uint64_t now)
{
    struct ivs_members members = members_of();
    struct seen *seen = &beat.seen[member];
    uint64_t heartbeat = ivs_member_heartbeat(&members, member);

    if (heartbeat != seen->heartbeat || !ivs_member_is_joined(&members, member)) {
        seen->heartbeat = heartbeat;
        seen->since_ms = now;
    } else if (now - seen->since_ms > lease_ms() &&
               atomic_load_explicit(&beat.dead, memory_order_relaxed) == NOBODY) {
        beat.dead_since_ms = now;
        /* relaxed: the flag is all there is to see */
        atomic_store_explicit(&beat.dead, (int) member, memory_order_relaxed);
        tell(member);
    }
}

static void look_around(uint64_t now)
{
    for (uint32_t i = 0; i < MPIDI_IVSHMEMI_global.members; i++) {
        if (i != MPIDI_IVSHMEMI_global.member) {
            look_at(i, now);
        }
    }
    if (atomic_load_explicit(&beat.dead, memory_order_relaxed) != NOBODY &&
        now - beat.dead_since_ms > lease_ms()) {
        give_up("a rank in a co-resident VM has died and no MPI call took notice");
    }
}

/* A look at all chunks of the region: rarely, a fixed number of times per lease. */
static void watch_jobs(uint64_t now)
{
    if (beat.watch != NULL && now - beat.watched_ms > lease_ms() / LOOKS_PER_LEASE) {
        beat.watched_ms = now;
        (void) ivl_watch_step(beat.watch, now, NULL, NULL);
    }
}

static void step(void)
{
    const MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;
    struct ivl_diag diag;
    uint64_t now = now_ms();

    if (ivl_region_check(global->region, &diag) != 0) {
        char why[320];
        snprintf(why, sizeof(why), "%.100s: %.120s", diag.where, diag.what);
        give_up(why);
    }
    if (ivl_job_beat(global->region, &global->job, global->members_off, global->member) != 0) {
        give_up("this job's lease on the region has run out (was the VM paused?)");
    }
    look_around(now);
    watch_jobs(now);
}

static void *run(void *unused ATTRIBUTE((unused)))
{
    struct timespec until;
    bool stop = false;

    while (!stop) {
        step();
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (long) (MPIR_CVAR_IVSHMEM_HEARTBEAT_MS % 1000) * 1000000;
        until.tv_sec += MPIR_CVAR_IVSHMEM_HEARTBEAT_MS / 1000 + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_mutex_lock(&beat.lock);
        while (!beat.stop && pthread_cond_timedwait(&beat.wake, &beat.lock, &until) == 0) {
        }
        stop = beat.stop;
        pthread_mutex_unlock(&beat.lock);
    }
    return NULL;
}

int MPIDI_IVSHMEMI_beat_check(void)
{
    int mpi_errno = MPI_SUCCESS;
    int dead = atomic_load_explicit(&beat.dead, memory_order_relaxed);

    if (unlikely(dead != NOBODY)) {
        int rank = world_rank((uint32_t) dead);
        MPIR_ERR_SET1(mpi_errno, MPIX_ERR_PROC_FAILED, "**ivshmem_dead", "**ivshmem_dead %d", rank);
    }
    return mpi_errno;
}

/* The thread takes no signals: they stay with the application's threads. */
static int start_thread(void)
{
    sigset_t all, old;
    pthread_condattr_t attr;
    int rc;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&beat.wake, &attr);
    pthread_condattr_destroy(&attr);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&beat.thread, NULL, run, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

int MPIDI_IVSHMEMI_beat_start(void)
{
    const MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;
    int mpi_errno = MPI_SUCCESS;
    uint64_t now = now_ms();

    beat.stop = false;
    beat.dead = NOBODY;
    beat.seen = MPL_calloc(global->members, sizeof(*beat.seen), MPL_MEM_OTHER);
    MPIR_ERR_CHKANDJUMP(beat.seen == NULL, mpi_errno, MPI_ERR_OTHER, "**ivshmem_nomem");
    for (uint32_t i = 0; i < global->members; i++) {
        beat.seen[i].since_ms = now;
    }
    if (global->member == 0 && ivl_watch_create(global->region, &beat.watch) != 0) {
        beat.watch = NULL; /* only means that this job frees no dead ones */
    }
    MPIR_ERR_CHKANDJUMP(start_thread() != 0, mpi_errno, MPI_ERR_OTHER, "**ivshmem_nomem");
    beat.running = true;

fn_fail:
    return mpi_errno;
}

void MPIDI_IVSHMEMI_beat_stop(void)
{
    if (!beat.running) {
        return;
    }
    pthread_mutex_lock(&beat.lock);
    beat.stop = true;
    pthread_cond_signal(&beat.wake);
    pthread_mutex_unlock(&beat.lock);
    pthread_join(beat.thread, NULL);
    pthread_cond_destroy(&beat.wake);
    beat.dead = NOBODY;
    ivl_watch_destroy(beat.watch);
    MPL_free(beat.seen);
    beat.watch = NULL;
    beat.seen = NULL;
    beat.running = false;
}

/* Only the first member to die is noted. The job ends with it: who waits for any other one, which
 * may have died as well or wait for the first, need not go on. */
static bool all_alive(uint32_t member ATTRIBUTE((unused)))
{
    return atomic_load_explicit(&beat.dead, memory_order_relaxed) == NOBODY;
}

struct ivs_waiter MPIDI_IVSHMEMI_waiter(void)
{
    const struct ivs_waiter who = { .self = MPIDI_IVSHMEMI_global.member,
                                    .members = MPIDI_IVSHMEMI_global.members,
                                    .alive = all_alive,
                                    .patience_s = PATIENCE_S };
    return who;
}

int MPIDI_IVSHMEMI_lock_error(int rc)
{
    int mpi_errno = MPI_SUCCESS;

    if (rc == -EOWNERDEAD) {
        mpi_errno = MPIDI_IVSHMEMI_beat_check();
    }
    if (mpi_errno == MPI_SUCCESS) {
        MPIR_ERR_SET1(mpi_errno, MPI_ERR_OTHER, "**ivshmem_winlock", "**ivshmem_winlock %s",
                      strerror(-rc));
    }
    return mpi_errno;
}
