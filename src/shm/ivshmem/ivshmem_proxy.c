/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Locks of windows that span hosts. The ranks of this host take a target's lock by themselves
 * (ivshmem_epoch.c); those of other hosts send MPICH's messages to the target, which takes the
 * same word for them, as their proxy, before it lets MPICH grant the lock, and drops it when they
 * unlock. What cannot be granted yet waits here, in order, and is tried again by progress.
 *
 * So MPICH's own queue never holds anybody up: who comes to it has the word already.
 */
#include "ivshmem_win.h"
#include "ivshmem_transport.h"
#include "mpidig_rma_callbacks.h"

/* A lock message whose turn has not come. */
struct request {
    struct request *next;
    int kind; /* MPIDIG_WIN_LOCK or MPIDIG_WIN_LOCKALL */
    uint32_t attr;
    MPIDIG_win_cntrl_msg_t msg;
};

struct MPIDI_IVSHMEMI_proxy {
    struct request *head, **end;
    uint64_t id;      /* of the window */
    uint32_t ranks;   /* in the window */
    uint32_t tries;   /* for the head */
    bool alone;       /* an origin of another host holds the lock alone; */
    uint32_t sharers; /* or so many share it, for whom the word has one share */
    uint8_t held[];   /* by rank in the window: enum MPIDI_IVSHMEMI_held */
};

uint32_t MPIDI_IVSHMEMI_proxy_waiting;
static struct MPIDI_IVSHMEM_win *spanning_windows;

static int pass_on(int kind, MPIDIG_win_cntrl_msg_t *msg, uint32_t attr, MPIR_Request **req)
{
    switch (kind) {
        case MPIDIG_WIN_LOCK:
            return MPIDIG_win_lock_target_msg_cb(msg, NULL, 0, attr, req);
        case MPIDIG_WIN_LOCKALL:
            return MPIDIG_win_lockall_target_msg_cb(msg, NULL, 0, attr, req);
        case MPIDIG_WIN_UNLOCK:
            return MPIDIG_win_unlock_target_msg_cb(msg, NULL, 0, attr, req);
        default:
            return MPIDIG_win_unlockall_target_msg_cb(msg, NULL, 0, attr, req);
    }
}

static ivs_rwlock_t *own_word(const struct MPIDI_IVSHMEM_win *own)
{
    return &own->lines[own->rank].epoch;
}

/* ---- granting ---------------------------------------------------------------------------------- */

/* It is let in as any other sharer would be, but the share that is there does for all. */
static int count_sharer(struct MPIDI_IVSHMEM_win *own)
{
    return own->proxy->sharers++ == 0
               ? 0
               : ivs_rwlock_drop(own_word(own), MPIDI_IVSHMEMI_global.member, false);
}

/* Tries for the first in the queue. *taken: whether it has the lock now. */
static int try_first(struct MPIDI_IVSHMEM_win *own, bool *taken)
{
    struct MPIDI_IVSHMEMI_proxy *proxy = own->proxy;
    bool alone = proxy->head->msg.lock_type == MPI_LOCK_EXCLUSIVE;
    int rc = ivs_rwlock_try(own_word(own), MPIDI_IVSHMEMI_global.member,
                            MPIDI_IVSHMEMI_lock_members(own), alone, &proxy->tries);

    *taken = rc == 0;
    if (*taken) {
        proxy->tries = 0;
        proxy->alone = alone;
        proxy->held[proxy->head->msg.origin_rank] =
            alone ? MPIDI_IVSHMEMI_HELD_ALONE : MPIDI_IVSHMEMI_HELD_SHARED;
        rc = alone ? 0 : count_sharer(own);
    }
    /* EDEADLK: this rank holds it alone, for itself or another */
    return rc == 0 || rc == -EAGAIN || rc == -EDEADLK ? MPI_SUCCESS : MPIDI_IVSHMEMI_lock_error(rc);
}

static int serve(struct MPIDI_IVSHMEM_win *own)
{
    struct MPIDI_IVSHMEMI_proxy *proxy = own->proxy;
    int mpi_errno = MPI_SUCCESS;

    while (proxy->head != NULL && mpi_errno == MPI_SUCCESS) {
        struct request *first = proxy->head;
        MPIR_Request *none = NULL;
        bool taken;
        mpi_errno = try_first(own, &taken);
        if (!taken) {
            break;
        }
        proxy->head = first->next;
        proxy->end = proxy->head == NULL ? &proxy->head : proxy->end;
        MPIDI_IVSHMEMI_proxy_waiting--;
        mpi_errno =
            pass_on(first->kind, &first->msg, first->attr & ~MPIDIG_AM_ATTR__IS_ASYNC, &none);
        MPL_free(first);
    }
    return mpi_errno;
}

int MPIDI_IVSHMEMI_proxy_progress(void)
{
    int mpi_errno = MPI_SUCCESS;

    for (struct MPIDI_IVSHMEM_win *own = spanning_windows; own != NULL && mpi_errno == MPI_SUCCESS;
         own = own->next) {
        mpi_errno = serve(own);
    }
    return mpi_errno;
}

bool MPIDI_IVSHMEMI_proxy_is_alone(const struct MPIDI_IVSHMEM_win *own)
{
    return own->proxy != NULL && own->proxy->alone;
}

/* ---- messages ---------------------------------------------------------------------------------- */

static struct MPIDI_IVSHMEM_win *window_of(const MPIDIG_win_cntrl_msg_t *msg)
{
    for (struct MPIDI_IVSHMEM_win *own = spanning_windows; own != NULL; own = own->next) {
        if (own->proxy->id == msg->win_id) {
            return own;
        }
    }
    return NULL;
}

static int rank_error(uint32_t rank)
{
    return MPIR_Err_create_code(MPI_SUCCESS, MPIR_ERR_RECOVERABLE, __func__, __LINE__,
                                MPI_ERR_RMA_SYNC, "**ivshmem_lockmsg", "**ivshmem_lockmsg %d",
                                (int) rank);
}

static int take_request(int kind, const MPIDIG_win_cntrl_msg_t *msg, uint32_t attr,
                        struct MPIDI_IVSHMEM_win *own)
{
    struct MPIDI_IVSHMEMI_proxy *proxy = own->proxy;
    struct request *request;
    int mpi_errno = MPI_SUCCESS;

    if (msg->origin_rank >= own->proxy->ranks) {
        return rank_error(msg->origin_rank);
    }
    request = MPL_malloc(sizeof(*request), MPL_MEM_RMA);
    MPIR_ERR_CHKANDJUMP(request == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    *request = (struct request){ .kind = kind, .attr = attr, .msg = *msg };
    *proxy->end = request;
    proxy->end = &request->next;
    MPIDI_IVSHMEMI_proxy_waiting++;
    mpi_errno = serve(own);
fn_fail:
    return mpi_errno;
}

/* MPICH has taken note: the next may have it. */
static int drop_for(uint32_t rank, struct MPIDI_IVSHMEM_win *own)
{
    struct MPIDI_IVSHMEMI_proxy *proxy = own->proxy;
    bool alone = proxy->held[rank] == MPIDI_IVSHMEMI_HELD_ALONE;
    int rc = 0;

    proxy->held[rank] = MPIDI_IVSHMEMI_HELD_NOT;
    proxy->alone = proxy->alone && !alone;
    if (alone || --proxy->sharers == 0) {
        rc = ivs_rwlock_drop(own_word(own), MPIDI_IVSHMEMI_global.member, alone);
    }
    return rc == 0 ? serve(own) : MPIDI_IVSHMEMI_lock_error(rc);
}

static int take_lock(int kind, void *header, uint32_t attr, MPIR_Request **req)
{
    MPIDIG_win_cntrl_msg_t *msg = header;
    struct MPIDI_IVSHMEM_win *own = window_of(msg);

    if (own == NULL) {
        return pass_on(kind, msg, attr, req);
    }
    if (attr & MPIDIG_AM_ATTR__IS_ASYNC) {
        *req = NULL;
    }
    return take_request(kind, msg, attr, own);
}

static int take_unlock(int kind, void *header, uint32_t attr, MPIR_Request **req)
{
    MPIDIG_win_cntrl_msg_t msg = *(MPIDIG_win_cntrl_msg_t *) header;
    struct MPIDI_IVSHMEM_win *own = window_of(&msg);
    int mpi_errno;

    if (own != NULL && (msg.origin_rank >= own->proxy->ranks ||
                        own->proxy->held[msg.origin_rank] == MPIDI_IVSHMEMI_HELD_NOT)) {
        return rank_error(msg.origin_rank);
    }
    mpi_errno = pass_on(kind, &msg, attr, req);
    return own == NULL || mpi_errno != MPI_SUCCESS ? mpi_errno : drop_for(msg.origin_rank, own);
}

static int on_lock(void *header, void *data ATTRIBUTE((unused)), MPI_Aint bytes ATTRIBUTE((unused)),
                   uint32_t attr, MPIR_Request **req)
{
    return take_lock(MPIDIG_WIN_LOCK, header, attr, req);
}

static int on_lock_all(void *header, void *data ATTRIBUTE((unused)),
                       MPI_Aint bytes ATTRIBUTE((unused)), uint32_t attr, MPIR_Request **req)
{
    return take_lock(MPIDIG_WIN_LOCKALL, header, attr, req);
}

static int on_unlock(void *header, void *data ATTRIBUTE((unused)),
                     MPI_Aint bytes ATTRIBUTE((unused)), uint32_t attr, MPIR_Request **req)
{
    return take_unlock(MPIDIG_WIN_UNLOCK, header, attr, req);
}

static int on_unlock_all(void *header, void *data ATTRIBUTE((unused)),
                         MPI_Aint bytes ATTRIBUTE((unused)), uint32_t attr, MPIR_Request **req)
{
    return take_unlock(MPIDIG_WIN_UNLOCKALL, header, attr, req);
}

/* ---- windows come and go ----------------------------------------------------------------------- */

struct MPIDI_IVSHMEMI_proxy *MPIDI_IVSHMEMI_proxy_make(int ranks)
{
    struct MPIDI_IVSHMEMI_proxy *proxy =
        MPL_calloc(1, sizeof(*proxy) + (size_t) ranks, MPL_MEM_RMA);

    if (proxy != NULL) {
        proxy->end = &proxy->head;
        proxy->ranks = (uint32_t) ranks;
    }
    return proxy;
}

/* No message for the window can come before all of its ranks have been here. */
void MPIDI_IVSHMEMI_proxy_open(struct MPIDI_IVSHMEM_win *own, uint64_t id)
{
    MPIDIG_am_reg_cb(MPIDIG_WIN_LOCK, NULL, on_lock);
    MPIDIG_am_reg_cb(MPIDIG_WIN_LOCKALL, NULL, on_lock_all);
    MPIDIG_am_reg_cb(MPIDIG_WIN_UNLOCK, NULL, on_unlock);
    MPIDIG_am_reg_cb(MPIDIG_WIN_UNLOCKALL, NULL, on_unlock_all);
    own->proxy->id = id;
    own->next = spanning_windows;
    spanning_windows = own;
}

void MPIDI_IVSHMEMI_proxy_close(struct MPIDI_IVSHMEM_win *own)
{
    struct MPIDI_IVSHMEM_win **link = &spanning_windows;

    while (*link != NULL && *link != own) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = own->next;
    }
    while (own->proxy->head != NULL) {
        struct request *first = own->proxy->head;
        own->proxy->head = first->next;
        MPIDI_IVSHMEMI_proxy_waiting--;
        MPL_free(first);
    }
    MPL_free(own->proxy);
}
