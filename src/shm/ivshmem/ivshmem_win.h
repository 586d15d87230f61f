/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Windows whose memory lies in the region, for the files that work on them (ivshmem_win.c,
 * ivshmem_dynamic.c, ivshmem_put.c, ivshmem_accumulate.c, ivshmem_epoch.c, ivshmem_proxy.c).
 */
#ifndef IVSHMEM_WIN_H_INCLUDED
#define IVSHMEM_WIN_H_INCLUDED

#include "ivshmem_impl.h"
#include "core/ivs_attach.h"
#include "core/ivs_guard.h"
#include "core/ivs_lock.h"
#include "core/ivs_rwlock.h"

/* What the ranks of a host share about one rank's part of a window: one line of the region. */
struct MPIDI_IVSHMEMI_win_line {
    MPL_proc_mutex_t accumulate; /* holds an ivs_lock_t: for what is changed otherwise than by
                                    processor atomics; MPICH takes it as well, for what comes by
                                    network */
    ivs_rwlock_t epoch;          /* MPI_Win_lock; ranks of other hosts have it by proxy */
    char fill[64 - (sizeof(MPL_proc_mutex_t) + sizeof(ivs_rwlock_t)) % 64];
};

/* How this rank holds a target's lock. */
enum MPIDI_IVSHMEMI_held {
    MPIDI_IVSHMEMI_HELD_NOT,
    MPIDI_IVSHMEMI_HELD_SHARED,
    MPIDI_IVSHMEMI_HELD_ALONE,
    MPIDI_IVSHMEMI_HELD_UNCHECKED /* MPI_MODE_NOCHECK */
};

struct MPIDI_IVSHMEMI_target {
    char *base;     /* its part of the window, in this process; in dynamic windows, */
    MPI_Aint bytes; /* what it has attached that was accessed last */
    MPI_Aint start; /* the displacement of base, in bytes: 0, or an address of the target's */
    MPI_Aint disp_unit;
    struct MPIDI_IVSHMEMI_win_line *line;
    enum MPIDI_IVSHMEMI_held held;
    struct ivl_block block; /* a reference to its memory, if has_block: windows over memory that */
    bool has_block;         /* the program allocated, and may free before the window */
    bool by_messages;       /* a dynamic window, and accumulates may be under way to it */
};

struct MPIDI_IVSHMEMI_dynamic; /* ivshmem_dynamic.c */
struct MPIDI_IVSHMEMI_proxy;   /* ivshmem_proxy.c */

/* Private to the process. Invariant: all of [base, base + bytes) of each target lies in a block
 * that this process holds a reference to. */
struct MPIDI_IVSHMEM_win {
    bool whole; /* all ranks of the window are on this host: nothing changes it by network */
    int targets;
    uint32_t polls; /* flushes and unlocks since the last progress */
    bool polls_now; /* something was not direct: perhaps others wait for this rank as well */
    int rank;       /* this one's on the host */
    struct MPIDI_IVSHMEMI_win_line *lines;  /* a segment: one for each target, */
    struct ivs_guards guards;               /* then as many of these, one for each origin */
    struct MPIDI_IVSHMEMI_dynamic *dynamic; /* NULL: its memory was given when it was made */
    struct MPIDI_IVSHMEMI_proxy *proxy;     /* NULL: the window is whole */
    struct MPIDI_IVSHMEM_win *next;         /* dynamic and whole, or not whole */
    MPL_proc_mutex_t *posix_mutex;          /* what MPICH allocated for itself */
    struct MPIDI_IVSHMEMI_target target[];  /* by rank on the host */
};

/* The part of the window of a rank of this host. */
static inline struct MPIDI_IVSHMEMI_target *MPIDI_IVSHMEMI_target_of(MPIR_Win *win, int rank,
                                                                     MPIDI_winattr_t winattr)
{
    return &win->dev.shm.posix.ivshmem.own
                ->target[MPIDIU_win_rank_to_intra_rank(win, rank, winattr)];
}

/* MPI error if there is no epoch that allows access to the target. */
int MPIDI_IVSHMEMI_check_epoch(MPIR_Win *win, int rank);

static inline int MPIDI_IVSHMEMI_check_access(MPIR_Win *win, int rank,
                                              const struct MPIDI_IVSHMEMI_target *target)
{
    if (likely(MPIDIG_WIN(win, sync).access_epoch_type == MPIDIG_EPOTYPE_LOCK_ALL ||
               target->held != MPIDI_IVSHMEMI_HELD_NOT)) {
        return MPI_SUCCESS;
    }
    return MPIDI_IVSHMEMI_check_epoch(win, rank);
}

/* Lowest and highest byte, relative to the first element's origin, of count elements, 1 at least;
 * false if that is no number. */
bool MPIDI_IVSHMEMI_span(MPI_Aint count, MPI_Datatype datatype, MPI_Aint *low, MPI_Aint *high);

/* Address of count elements of the type at a displacement, all of which lie in the target's part
 * of the window; NULL if they do not. */
char *MPIDI_IVSHMEMI_target_addr(const struct MPIDI_IVSHMEMI_target *target, MPI_Aint disp,
                                 MPI_Aint count, MPI_Datatype datatype);

/* The same for elements of `bytes` bytes in all, without holes. */
static inline char *MPIDI_IVSHMEMI_target_bytes(const struct MPIDI_IVSHMEMI_target *target,
                                                MPI_Aint disp, MPI_Aint bytes)
{
    MPI_Aint offset;

    if (unlikely(__builtin_mul_overflow(disp, target->disp_unit, &offset) ||
                 __builtin_sub_overflow(offset, target->start, &offset) || offset < 0 ||
                 bytes > target->bytes || offset > target->bytes - bytes)) {
        return NULL;
    }
    return target->base + offset;
}

/* MPI error: the access leaves the target's part of the window. */
int MPIDI_IVSHMEMI_range_error(int rank, const struct MPIDI_IVSHMEMI_target *target);

/* Takes and drops the target's accumulate lock: nobody else changes its elements meanwhile. Not
 * taken where the target is locked for this rank alone. MPI errors if its holder has died or the
 * word is nonsense. */
int MPIDI_IVSHMEMI_accumulate_lock(const struct MPIDI_IVSHMEM_win *own,
                                   struct MPIDI_IVSHMEMI_target *target);
int MPIDI_IVSHMEMI_accumulate_unlock(const struct MPIDI_IVSHMEM_win *own,
                                     struct MPIDI_IVSHMEMI_target *target);

/* Whether a few elements of the target may be changed by processor atomics now; if so, leave()
 * must follow at once. In windows whose ranks are all on this host only. */
static inline bool MPIDI_IVSHMEMI_atomics_enter(const struct MPIDI_IVSHMEM_win *own,
                                                const struct MPIDI_IVSHMEMI_target *target)
{
    return own->whole && ivs_guard_enter(&own->guards.lines[own->rank],
                                         (const ivs_lock_t *) &target->line->accumulate,
                                         (uint32_t) (target - own->target));
}

static inline void MPIDI_IVSHMEMI_atomics_leave(const struct MPIDI_IVSHMEM_win *own)
{
    ivs_guard_leave(&own->guards.lines[own->rank]);
}

/* ivshmem_dynamic.c. make: private, for the window's tables in the region, which follow the guards;
 * NULL if out of memory. */
struct MPIDI_IVSHMEMI_dynamic *MPIDI_IVSHMEMI_dynamic_make(int targets);
void MPIDI_IVSHMEMI_dynamic_open(struct MPIDI_IVSHMEM_win *own, struct ivs_attach_table *tables);
void MPIDI_IVSHMEMI_dynamic_close(struct MPIDI_IVSHMEM_win *own);

/* ivshmem_proxy.c, for windows that are not whole. make: NULL if out of memory. */
struct MPIDI_IVSHMEMI_proxy *MPIDI_IVSHMEMI_proxy_make(int ranks);
void MPIDI_IVSHMEMI_proxy_open(struct MPIDI_IVSHMEM_win *own, uint64_t id);
void MPIDI_IVSHMEMI_proxy_close(struct MPIDI_IVSHMEM_win *own);

/* More members than can be named in the word of a target's lock, or share it: a proxy has one share
 * for all whose proxy it is, and one more while it lets the next in. */
static inline uint32_t MPIDI_IVSHMEMI_lock_members(const struct MPIDI_IVSHMEM_win *own)
{
    return MPIDI_IVSHMEMI_global.members + (own->whole ? 0 : 2);
}

/* Whether this rank's part is locked alone by a rank of another host. */
bool MPIDI_IVSHMEMI_proxy_is_alone(const struct MPIDI_IVSHMEM_win *own);

/* The lock of this rank's part of a window, as ivs_guard_lock() or ivs_lock_take(): 0 or negative
 * errno. For what MPICH does under it. */
int MPIDI_IVSHMEMI_lock_own_part(ivs_lock_t *lock, const struct ivs_waiter *who);

#endif /* IVSHMEM_WIN_H_INCLUDED */
