/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Passive target: the locks of the ranks of this host are words of the region that the origin takes
 * by itself; in windows whose ranks are all on this host, a flush is a fence. Nothing is asked of
 * the target. In windows that span hosts, ranks elsewhere are asked by MPICH's messages, and those
 * of them that want a lock here have it by proxy (ivshmem_proxy.c).
 *
 * MPICH's own record of the epoch is kept up to date, for its checks and its other calls. In dynamic
 * windows, and those that span hosts, some operations go by its messages: they are waited for before
 * a flush or an unlock is over.
 */
#include "ivshmem_win.h"

#define CALLS_PER_PROGRESS 64 /* flushes or unlocks alone must not stop what else is going on */

int MPIDI_IVSHMEMI_check_epoch(MPIR_Win *win, int rank)
{
    int mpi_errno = MPI_SUCCESS;

    MPIDIG_RMA_OP_CHECK_SYNC(rank, win);
    if (MPIDIG_WIN(win, sync).access_epoch_type == MPIDIG_EPOTYPE_LOCK) {
        /* this target is not locked, or the quick check would have said so */
        MPIR_ERR_SETANDJUMP(mpi_errno, MPI_ERR_RMA_SYNC, "**rmasync");
    }
fn_fail:
    return mpi_errno;
}

static struct MPIDI_IVSHMEMI_target *find(MPIR_Win *win, int rank)
{
    return MPIDI_IVSHMEMI_target_of(win, rank, MPIDI_WIN(win, winattr));
}

/* All that this rank did before is seen by whoever sees what it does afterwards: full, since a
 * flush also keeps later loads from passing earlier stores. */
static void fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static int progress(MPIR_Win *win)
{
    int mpi_errno = MPIDI_progress_test_vci(MPIDI_WIN(win, am_vci));

    MPID_THREAD_CS_YIELD(GLOBAL, MPIR_THREAD_GLOBAL_ALLFUNC_MUTEX);
    return mpi_errno;
}

/* A rank that only looks again and again at what another is to do by message must let it. */
static inline int answer_others(MPIR_Win *win)
{
    struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;

    if (likely(!own->polls_now && ++own->polls % CALLS_PER_PROGRESS != 0)) {
        return MPI_SUCCESS;
    }
    own->polls_now = false;
    return progress(win);
}

/* For what a wait is for another rank: finds the dead, too. */
static int progress_or_death(MPIR_Win *win)
{
    int mpi_errno = progress(win);

    return mpi_errno == MPI_SUCCESS ? MPIDI_IVSHMEMI_beat_check() : mpi_errno;
}

static bool uses_messages(const MPIR_Win *win)
{
    return win->dev.shm.posix.ivshmem.dynamic || !win->dev.shm.posix.ivshmem.whole;
}

/* Until what this rank did to the target by messages has been done. The target's record changes
 * under us, but stays while the window does. */
static int drain(MPIR_Win *win, int rank)
{
    MPIDIG_win_target_t *peer = NULL;
    int mpi_errno = MPI_SUCCESS;

    if (unlikely(uses_messages(win))) {
        peer = MPIDIG_win_target_find(win, rank);
    }
    while (peer != NULL && mpi_errno == MPI_SUCCESS &&
           (MPIR_cc_get(peer->remote_cmpl_cnts) != 0 ||
            MPIR_cc_get(peer->remote_acc_cmpl_cnts) != 0)) {
        mpi_errno = progress_or_death(win);
    }
    return mpi_errno;
}

static int drain_all(MPIR_Win *win)
{
    int ranks = uses_messages(win) ? win->comm_ptr->local_size : 0;
    int mpi_errno = MPI_SUCCESS;

    for (int i = 0; i < ranks && mpi_errno == MPI_SUCCESS; i++) {
        mpi_errno = drain(win, i);
    }
    return mpi_errno;
}

/* What MPICH looks at before it sends: whether this one target is locked. */
static void record(MPIR_Win *win, int rank, int epoch)
{
    if (uses_messages(win)) {
        MPIDIG_win_target_get(win, rank)->sync.access_epoch_type = epoch;
    }
}

/* 0 or negative errno, as ivs_rwlock_try(). */
static int try_once(const struct MPIDI_IVSHMEM_win *own, struct MPIDI_IVSHMEMI_target *target,
                    bool alone, uint32_t *tries)
{
    int rc = ivs_rwlock_try(&target->line->epoch, MPIDI_IVSHMEMI_global.member,
                            MPIDI_IVSHMEMI_lock_members(own), alone, tries);

    if (rc == -EDEADLK && target - own->target == own->rank && MPIDI_IVSHMEMI_proxy_is_alone(own)) {
        rc = -EAGAIN; /* this rank holds it for another */
    }
    return rc;
}

/* Waits for the lock. What else goes on is driven meanwhile, which also finds dead ranks: one of
 * them may be who holds it. */
static int take(MPIR_Win *win, struct MPIDI_IVSHMEMI_target *target, bool alone)
{
    const struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;
    int mpi_errno = MPI_SUCCESS;
    uint32_t tries = 0;
    int rc = try_once(own, target, alone, &tries);

    while (rc == -EAGAIN && mpi_errno == MPI_SUCCESS) {
        mpi_errno = progress_or_death(win);
        if (mpi_errno == MPI_SUCCESS) {
            rc = try_once(own, target, alone, &tries);
        }
    }
    if (rc == -EAGAIN) {
        ivs_rwlock_forget(&target->line->epoch, MPIDI_IVSHMEMI_global.member);
        return mpi_errno;
    }
    if (rc != 0) {
        return MPIDI_IVSHMEMI_lock_error(rc);
    }
    target->held = alone ? MPIDI_IVSHMEMI_HELD_ALONE : MPIDI_IVSHMEMI_HELD_SHARED;
    return MPI_SUCCESS;
}

static int drop(struct MPIDI_IVSHMEMI_target *target)
{
    enum MPIDI_IVSHMEMI_held held = target->held;
    int rc = 0;

    target->held = MPIDI_IVSHMEMI_HELD_NOT;
    if (held == MPIDI_IVSHMEMI_HELD_SHARED || held == MPIDI_IVSHMEMI_HELD_ALONE) {
        rc = ivs_rwlock_drop(&target->line->epoch, MPIDI_IVSHMEMI_global.member,
                             held == MPIDI_IVSHMEMI_HELD_ALONE);
    }
    return rc == 0 ? MPI_SUCCESS : MPIDI_IVSHMEMI_lock_error(rc);
}

int MPIDI_IVSHMEMI_win_lock(int lock_type, int rank, int assert, MPIR_Win *win)
{
    struct MPIDI_IVSHMEMI_target *target = find(win, rank);
    int epoch = MPIDIG_WIN(win, sync).access_epoch_type;
    int mpi_errno = MPI_SUCCESS;

    MPIR_ERR_CHKANDJUMP((epoch != MPIDIG_EPOTYPE_NONE && epoch != MPIDIG_EPOTYPE_REFENCE &&
                         epoch != MPIDIG_EPOTYPE_LOCK) ||
                            target->held != MPIDI_IVSHMEMI_HELD_NOT,
                        mpi_errno, MPI_ERR_RMA_SYNC, "**rmasync");
    if (assert & MPI_MODE_NOCHECK) {
        target->held = MPIDI_IVSHMEMI_HELD_UNCHECKED;
        fence();
    } else {
        mpi_errno = take(win, target, lock_type == MPI_LOCK_EXCLUSIVE);
        MPIR_ERR_CHECK(mpi_errno);
    }
    record(win, rank, MPIDIG_EPOTYPE_LOCK);
    MPIDIG_WIN(win, sync).access_epoch_type = MPIDIG_EPOTYPE_LOCK;
    MPIDIG_WIN(win, sync).lock.count++;
fn_fail:
    return mpi_errno;
}

int MPIDI_IVSHMEMI_win_unlock(int rank, MPIR_Win *win)
{
    struct MPIDI_IVSHMEMI_target *target = find(win, rank);
    int mpi_errno = MPI_SUCCESS, rc;

    MPIR_ERR_CHKANDJUMP(MPIDIG_WIN(win, sync).access_epoch_type != MPIDIG_EPOTYPE_LOCK ||
                            target->held == MPIDI_IVSHMEMI_HELD_NOT,
                        mpi_errno, MPI_ERR_RMA_SYNC, "**rmasync");
    mpi_errno = drain(win, rank);
    fence();
    rc = drop(target);
    mpi_errno = mpi_errno == MPI_SUCCESS ? rc : mpi_errno;
    record(win, rank, MPIDIG_EPOTYPE_NONE);
    if (--MPIDIG_WIN(win, sync).lock.count == 0) {
        MPIDIG_WIN(win, sync).access_epoch_type = MPIDIG_EPOTYPE_NONE;
    }
    rc = answer_others(win);
    mpi_errno = mpi_errno == MPI_SUCCESS ? rc : mpi_errno;
fn_fail:
    return mpi_errno;
}

/* ---- all ranks --------------------------------------------------------------------------------- */

static bool is_here(const MPIR_Win *win, int rank)
{
    return win->dev.shm.posix.ivshmem.whole || MPIDI_rank_is_local(rank, win->comm_ptr);
}

/* What this rank holds on this host. */
static int drop_all(const MPIR_Win *win)
{
    struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;
    int mpi_errno = MPI_SUCCESS;

    for (int i = 0; i < own->targets; i++) {
        int rc = drop(&own->target[i]);
        mpi_errno = mpi_errno == MPI_SUCCESS ? rc : mpi_errno;
    }
    return mpi_errno;
}

/* A rank of another host, by MPICH's message: it answers, and MPICH counts the locks held. */
static int ask(MPIR_Win *win, int rank, int kind)
{
    MPIDIG_win_cntrl_msg_t msg = { .win_id = MPIDIG_WIN(win, win_id),
                                   .origin_rank = (uint32_t) win->comm_ptr->rank,
                                   .lock_type = MPI_LOCK_SHARED };
    int vci = MPIDI_WIN(win, am_vci);

    return MPIDI_NM_am_send_hdr(rank, win->comm_ptr, kind, &msg, sizeof(msg), vci, vci);
}

static int await_locks(MPIR_Win *win, unsigned held)
{
    int mpi_errno = MPI_SUCCESS;

    while (mpi_errno == MPI_SUCCESS && MPIDIG_WIN(win, sync).lockall.allLocked != held) {
        mpi_errno = progress_or_death(win);
    }
    return mpi_errno;
}

/* One after the other, by rank. In any other order two ranks could each wait for a lock that is
 * reserved by one who wants it alone and waits for the other. */
static int take_all(MPIR_Win *win)
{
    int mpi_errno = MPI_SUCCESS;
    unsigned asked = 0;

    for (int i = 0; i < win->comm_ptr->local_size && mpi_errno == MPI_SUCCESS; i++) {
        if (is_here(win, i)) {
            mpi_errno = take(win, find(win, i), false);
            continue;
        }
        mpi_errno = ask(win, i, MPIDIG_WIN_LOCKALL);
        if (mpi_errno == MPI_SUCCESS) {
            mpi_errno = await_locks(win, ++asked);
        }
    }
    if (mpi_errno != MPI_SUCCESS) {
        (void) drop_all(win);
    }
    return mpi_errno;
}

static int release_others(MPIR_Win *win)
{
    int ranks = win->dev.shm.posix.ivshmem.whole ? 0 : win->comm_ptr->local_size;
    int mpi_errno = MPI_SUCCESS;

    for (int i = 0; i < ranks && mpi_errno == MPI_SUCCESS; i++) {
        if (!is_here(win, i)) {
            mpi_errno = ask(win, i, MPIDIG_WIN_UNLOCKALL);
        }
    }
    return mpi_errno == MPI_SUCCESS ? await_locks(win, 0) : mpi_errno;
}

static void take_unchecked(MPIR_Win *win)
{
    struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;

    for (int i = 0; i < own->targets; i++) {
        own->target[i].held = MPIDI_IVSHMEMI_HELD_UNCHECKED;
    }
    MPIDIG_WIN(win, sync).assert_mode |= MPI_MODE_NOCHECK;
}

int MPIDI_IVSHMEMI_win_lock_all(int assert, MPIR_Win *win)
{
    int mpi_errno = MPI_SUCCESS;

    MPIDIG_ACCESS_EPOCH_CHECK_NONE(win, mpi_errno, goto fn_fail);
    fence();
    if ((assert &MPI_MODE_NOCHECK) != 0) {
        take_unchecked(win);
    } else {
        mpi_errno = take_all(win);
        MPIR_ERR_CHECK(mpi_errno);
    }
    MPIDIG_WIN(win, sync).access_epoch_type = MPIDIG_EPOTYPE_LOCK_ALL;
fn_fail:
    return mpi_errno;
}

int MPIDI_IVSHMEMI_win_unlock_all(MPIR_Win *win)
{
    struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;
    int mpi_errno = MPI_SUCCESS, rc;

    MPIDIG_ACCESS_EPOCH_CHECK(win, MPIDIG_EPOTYPE_LOCK_ALL, mpi_errno, goto fn_fail);
    if (!own->whole) {
        mpi_errno = MPIDI_NM_rma_win_cmpl_hook(win); /* what the network module did by itself */
    }
    rc = drain_all(win);
    mpi_errno = mpi_errno == MPI_SUCCESS ? rc : mpi_errno;
    fence();
    rc = drop_all(win);
    mpi_errno = mpi_errno == MPI_SUCCESS ? rc : mpi_errno;
    if (mpi_errno == MPI_SUCCESS && !(MPIDIG_WIN(win, sync).assert_mode & MPI_MODE_NOCHECK)) {
        mpi_errno = release_others(win);
    }
    if (MPIR_CVAR_CH4_RMA_MEM_EFFICIENT && mpi_errno == MPI_SUCCESS) {
        MPIDIG_win_target_cleanall(win); /* as MPICH at this place */
    }
    MPIDIG_WIN(win, sync).assert_mode = 0;
    MPIDIG_WIN(win, sync).access_epoch_type = MPIDIG_EPOTYPE_NONE;
    rc = answer_others(win);
    mpi_errno = mpi_errno == MPI_SUCCESS ? rc : mpi_errno;
fn_fail:
    return mpi_errno;
}

/* ---- flush ------------------------------------------------------------------------------------- */

static inline int flush(MPIR_Win *win)
{
    fence();
    return answer_others(win);
}

int MPIDI_IVSHMEMI_win_flush(int rank, MPIR_Win *win)
{
    int mpi_errno = MPI_SUCCESS;

    MPIR_ERR_CHKANDJUMP(find(win, rank)->held == MPIDI_IVSHMEMI_HELD_NOT, mpi_errno,
                        MPI_ERR_RMA_SYNC, "**rmasync");
    mpi_errno = drain(win, rank);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = flush(win);
fn_fail:
    return mpi_errno;
}

int MPIDI_IVSHMEMI_win_flush_all(MPIR_Win *win)
{
    int mpi_errno = MPI_SUCCESS;

    MPIDIG_EPOCH_CHECK_PASSIVE(win, mpi_errno, goto fn_fail);
    mpi_errno = drain_all(win);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = flush(win);
fn_fail:
    return mpi_errno;
}
