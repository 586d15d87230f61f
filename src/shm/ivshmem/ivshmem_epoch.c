/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Passive target in windows whose ranks are all on this host: locks are words of the region that
 * the origin takes by itself, a flush is a fence. Nothing is asked of the target. (Windows that
 * span hosts keep MPICH's messages: their targets must know of origins on other hosts.)
 *
 * MPICH's own record of the epoch is kept up to date, for its checks and its other calls. In dynamic
 * windows some operations go by its messages: they are waited for before a flush or an unlock is
 * over.
 */
#include "ivshmem_win.h"

#define FLUSHES_PER_PROGRESS 64 /* a flush alone must not stop what else is going on */

int MPIDI_IVSHMEMI_check_epoch(MPIR_Win *win, int rank)
{
    int mpi_errno = MPI_SUCCESS;

    MPIDIG_RMA_OP_CHECK_SYNC(rank, win);
    if (win->dev.shm.posix.ivshmem.whole &&
        MPIDIG_WIN(win, sync).access_epoch_type == MPIDIG_EPOTYPE_LOCK) {
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

/* For what a wait is for another rank: finds the dead, too. */
static int progress_or_death(MPIR_Win *win)
{
    int mpi_errno = progress(win);

    return mpi_errno == MPI_SUCCESS ? MPIDI_IVSHMEMI_beat_check() : mpi_errno;
}

/* Until what this rank did to the target by messages has been done. The target's record changes
 * under us, but stays while the window does. */
static int drain(MPIR_Win *win, int rank)
{
    MPIDIG_win_target_t *peer = NULL;
    int mpi_errno = MPI_SUCCESS;

    if (unlikely(win->dev.shm.posix.ivshmem.dynamic)) {
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
    int ranks = win->dev.shm.posix.ivshmem.dynamic ? win->comm_ptr->local_size : 0;
    int mpi_errno = MPI_SUCCESS;

    for (int i = 0; i < ranks && mpi_errno == MPI_SUCCESS; i++) {
        mpi_errno = drain(win, i);
    }
    return mpi_errno;
}

/* What MPICH looks at before it sends: whether this one target is locked. */
static void record(MPIR_Win *win, int rank, int epoch)
{
    if (win->dev.shm.posix.ivshmem.dynamic) {
        MPIDIG_win_target_get(win, rank)->sync.access_epoch_type = epoch;
    }
}

/* Waits for the lock. What else goes on is driven meanwhile, which also finds dead ranks: one of
 * them may be who holds it. */
static int take(MPIR_Win *win, struct MPIDI_IVSHMEMI_target *target, bool alone)
{
    const MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;
    ivs_rwlock_t *lock = &target->line->epoch;
    int mpi_errno = MPI_SUCCESS;
    uint32_t tries = 0;
    int rc = ivs_rwlock_try(lock, global->member, global->members, alone, &tries);

    while (rc == -EAGAIN && mpi_errno == MPI_SUCCESS) {
        mpi_errno = progress_or_death(win);
        if (mpi_errno == MPI_SUCCESS) {
            rc = ivs_rwlock_try(lock, global->member, global->members, alone, &tries);
        }
    }
    if (rc == -EAGAIN) {
        ivs_rwlock_forget(lock, global->member);
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
fn_fail:
    return mpi_errno;
}

int MPIDI_IVSHMEMI_win_lock_all(int assert, MPIR_Win *win)
{
    struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;
    int mpi_errno = MPI_SUCCESS;
    int taken = 0;

    MPIDIG_ACCESS_EPOCH_CHECK_NONE(win, mpi_errno, goto fn_fail);
    fence();
    while (taken < own->targets) {
        /* not all ranks begin with the same target */
        int i = (taken + win->comm_ptr->rank) % own->targets;
        if (assert & MPI_MODE_NOCHECK) {
            own->target[i].held = MPIDI_IVSHMEMI_HELD_UNCHECKED;
        } else {
            mpi_errno = take(win, &own->target[i], false);
            MPIR_ERR_CHECK(mpi_errno);
        }
        taken++;
    }
    MPIDIG_WIN(win, sync).access_epoch_type = MPIDIG_EPOTYPE_LOCK_ALL;
fn_exit:
    return mpi_errno;
fn_fail:
    while (taken-- > 0) {
        drop(&own->target[(taken + win->comm_ptr->rank) % own->targets]);
    }
    goto fn_exit;
}

int MPIDI_IVSHMEMI_win_unlock_all(MPIR_Win *win)
{
    struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;
    int mpi_errno = MPI_SUCCESS;

    MPIDIG_ACCESS_EPOCH_CHECK(win, MPIDIG_EPOTYPE_LOCK_ALL, mpi_errno, goto fn_fail);
    mpi_errno = drain_all(win);
    fence();
    for (int i = 0; i < own->targets; i++) {
        int rc = drop(&own->target[i]);
        mpi_errno = mpi_errno == MPI_SUCCESS ? rc : mpi_errno;
    }
    MPIDIG_WIN(win, sync).access_epoch_type = MPIDIG_EPOTYPE_NONE;
fn_fail:
    return mpi_errno;
}

static inline int flush(MPIR_Win *win)
{
    struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;

    fence();
    if (++own->polls % FLUSHES_PER_PROGRESS == 0) {
        return progress(win);
    }
    return MPI_SUCCESS;
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
