/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Dynamic windows: what a rank attaches that lies in the region, it tells the ranks of its host in
 * a table (core/ivs_attach), and they access it as in other windows. All else (private memory,
 * more than the table holds, one access to several attachments) goes to the target by MPICH's
 * messages, which it applies under its lock.
 *
 * Who uses an attachment holds a reference to its block, and so does who has attached it: the
 * memory is not given to others, whatever the program frees, until the last of them has seen it
 * detached.
 */
#include "ivshmem_win.h"
#include "ivshmem_transport.h"
#define IVSHMEM_HOOKS_DECLARE_ONLY
#include "ivshmem_hooks.h"

/* An attachment of another rank, or of this one. */
struct attachment {
    char *base; /* in this process; NULL: not used yet */
    struct ivl_block block;
};

/* What this rank knows of a target. */
struct reach {
    struct ivs_attach_list known;
    struct attachment attachment[IVS_ATTACH_SLOTS]; /* by slot */
};

struct MPIDI_IVSHMEMI_dynamic {
    struct ivs_attach_table *tables;           /* in the region: one for each target */
    struct ivs_attach_list mine;               /* what this rank has attached, */
    struct ivl_block blocks[IVS_ATTACH_SLOTS]; /* and its references, by slot */
    struct reach *reach[];                     /* by rank on the host; NULL: not needed yet */
};

/* ---- windows come and go ----------------------------------------------------------------------- */

static struct MPIDI_IVSHMEM_win *whole_windows;

struct MPIDI_IVSHMEMI_dynamic *MPIDI_IVSHMEMI_dynamic_make(int targets)
{
    struct MPIDI_IVSHMEMI_dynamic *dynamic;

    return MPL_calloc(1, sizeof(*dynamic) + (size_t) targets * sizeof(dynamic->reach[0]),
                      MPL_MEM_RMA);
}

void MPIDI_IVSHMEMI_dynamic_open(struct MPIDI_IVSHMEM_win *own, struct ivs_attach_table *tables)
{
    own->dynamic->tables = tables; /* zero: nothing is attached */
    for (int i = 0; i < own->targets; i++) {
        own->target[i].disp_unit = 1;
    }
    if (own->whole) {
        own->next = whole_windows;
        whole_windows = own;
    }
}

static void forget_window(const struct MPIDI_IVSHMEM_win *own)
{
    struct MPIDI_IVSHMEM_win **link = &whole_windows;

    while (*link != NULL && *link != own) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = own->next;
    }
}

static void drop(struct attachment *attachment)
{
    if (attachment->base != NULL) {
        MPIDI_IVSHMEMI_place_release(&attachment->block);
        attachment->base = NULL;
    }
}

void MPIDI_IVSHMEMI_dynamic_close(struct MPIDI_IVSHMEM_win *own)
{
    struct MPIDI_IVSHMEMI_dynamic *dynamic = own->dynamic;

    forget_window(own);
    for (int i = 0; i < own->targets; i++) {
        for (uint32_t k = 0; dynamic->reach[i] != NULL && k < IVS_ATTACH_SLOTS; k++) {
            drop(&dynamic->reach[i]->attachment[k]);
        }
        MPL_free(dynamic->reach[i]);
    }
    for (uint32_t k = 0; k < dynamic->mine.used; k++) {
        if (dynamic->mine.entry[k].bytes != 0) {
            MPIDI_IVSHMEMI_place_release(&dynamic->blocks[k]);
        }
    }
    MPL_free(dynamic);
}

/* What comes by messages may change the same elements as others do by atomics: it takes the lock
 * as those do who change many elements. In windows that are not whole, nobody uses atomics; in
 * those that are not dynamic, nothing comes by messages while others do. */
int MPIDI_IVSHMEMI_lock_own_part(ivs_lock_t *lock, const struct ivs_waiter *who)
{
    for (const struct MPIDI_IVSHMEM_win *own = whole_windows; own != NULL; own = own->next) {
        if (lock == (ivs_lock_t *) &own->lines[own->rank].accumulate) {
            return ivs_guard_lock(lock, &own->guards, (uint32_t) own->rank, who);
        }
    }
    return ivs_lock_take(lock, who);
}

/* ---- what others have attached ------------------------------------------------------------------ */

/* A new look at the target's table. What is not as it was is given up. */
static bool look_again(struct MPIDI_IVSHMEMI_target *target, const struct ivs_attach_table *table,
                       struct reach *reach)
{
    struct ivs_attach_list fresh;

    if (ivs_attach_copy(table, &fresh) != 0) {
        return false;
    }
    for (uint32_t i = 0; i < reach->known.used; i++) {
        if (!ivs_attach_equal(&reach->known.entry[i], &fresh.entry[i])) {
            drop(&reach->attachment[i]);
        }
    }
    reach->known = fresh;
    target->bytes = 0; /* find it again */
    return true;
}

/* So that what was detached can be freed, if this rank never accesses that target again. */
static void look_everywhere(struct MPIDI_IVSHMEM_win *own)
{
    struct MPIDI_IVSHMEMI_dynamic *dynamic = own->dynamic;

    for (int i = 0; i < own->targets; i++) {
        if (dynamic->reach[i] != NULL &&
            !ivs_attach_is_current(&dynamic->tables[i], &dynamic->reach[i]->known)) {
            (void) look_again(&own->target[i], &dynamic->tables[i], dynamic->reach[i]);
        }
    }
}

static bool attach(const struct ivs_attach_entry *entry, struct attachment *attachment)
{
    const struct MPIDI_IVSHMEMI_place place = { .block = entry->block,
                                                .from = entry->from,
                                                .generation = (uint32_t) entry->generation,
                                                .in_region = 1 };

    if (attachment->base == NULL) {
        attachment->base = MPIDI_IVSHMEMI_place_attach(&place, entry->bytes, &attachment->block);
    }
    return attachment->base != NULL;
}

/* Points the target at the attachment that has all of [first, first + bytes). */
static bool find(struct MPIDI_IVSHMEM_win *own, struct MPIDI_IVSHMEMI_target *target,
                 uint64_t first, uint64_t bytes)
{
    struct MPIDI_IVSHMEMI_dynamic *dynamic = own->dynamic;
    struct ivs_attach_table *table = &dynamic->tables[target - own->target];
    struct reach **reach = &dynamic->reach[target - own->target];
    const struct ivs_attach_entry *entry;
    int slot;

    if (*reach == NULL) {
        *reach = MPL_calloc(1, sizeof(**reach), MPL_MEM_RMA);
    }
    if (*reach == NULL ||
        (!ivs_attach_is_current(table, &(*reach)->known) && !look_again(target, table, *reach))) {
        return false;
    }
    slot = ivs_attach_find(&(*reach)->known, first, bytes);
    if (slot < 0 || !attach(&(*reach)->known.entry[slot], &(*reach)->attachment[slot])) {
        return false;
    }
    entry = &(*reach)->known.entry[slot];
    target->base = (*reach)->attachment[slot].base;
    target->bytes = (MPI_Aint) entry->bytes;
    target->start = (MPI_Aint) entry->address;
    return true;
}

/* The attachment that was accessed last, which nearly always is the one. */
static inline bool is_found(const struct MPIDI_IVSHMEM_win *own,
                            const struct MPIDI_IVSHMEMI_target *target, uint64_t first,
                            uint64_t bytes)
{
    const struct MPIDI_IVSHMEMI_dynamic *dynamic = own->dynamic;
    uint64_t at = first - (uint64_t) target->start;

    return at < (uint64_t) target->bytes && bytes <= (uint64_t) target->bytes - at &&
           ivs_attach_is_current(&dynamic->tables[target - own->target],
                                 &dynamic->reach[target - own->target]->known);
}

/* Accumulates to a target come there in order (MPI-4.0, section 12.7.2): none may pass those that
 * went by messages. */
static bool are_under_way(MPIR_Win *win, int rank, struct MPIDI_IVSHMEMI_target *target)
{
    const MPIDIG_win_target_t *peer = MPIDIG_win_target_find(win, rank);

    target->by_messages = (peer != NULL && MPIR_cc_get(peer->remote_acc_cmpl_cnts) != 0) ||
                          MPIR_cc_get(MPIDIG_WIN(win, remote_acc_cmpl_cnts)) != 0;
    return target->by_messages;
}

/* By MPICH, which must not take what is not in the region for shared; what this rank does to itself
 * needs no message, but the lock. */
static void leave_to_mpich(struct MPIDI_IVSHMEM_win *own, struct MPIDI_IVSHMEMI_target *target,
                           bool ordered, MPIDI_winattr_t *winattr)
{
    own->polls_now = true;
    if (target - own->target != own->rank) {
        *winattr &= ~(MPIDI_winattr_t) MPIDI_WINATTR_SHM_ALLOCATED;
        target->by_messages = target->by_messages || ordered;
    }
}

static bool is_empty(MPI_Aint count, MPI_Datatype type)
{
    MPI_Aint bytes;

    MPIDI_Datatype_check_size(type, count, bytes);
    return bytes == 0;
}

bool MPIDI_IVSHMEMI_reach(MPIR_Win *win, int rank, MPI_Aint disp, MPI_Aint count, MPI_Datatype type,
                          bool ordered, MPIDI_winattr_t *winattr)
{
    struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;
    struct MPIDI_IVSHMEMI_target *target = MPIDI_IVSHMEMI_target_of(win, rank, *winattr);
    MPI_Aint low, high, first;

    if (unlikely(is_empty(count, type))) {
        return true; /* accesses nothing, wherever */
    }
    if (likely(!(ordered && target->by_messages && are_under_way(win, rank, target)) &&
               MPIDI_IVSHMEMI_span(count, type, &low, &high) && high > low &&
               !__builtin_add_overflow(disp, low, &first)) &&
        (likely(is_found(own, target, (uint64_t) first, (uint64_t) (high - low))) ||
         find(own, target, (uint64_t) first, (uint64_t) (high - low)))) {
        return true;
    }
    leave_to_mpich(own, target, ordered, winattr);
    return false;
}

/* ---- what this rank attaches -------------------------------------------------------------------- */

static int overlap_error(const void *base)
{
    return MPIR_Err_create_code(MPI_SUCCESS, MPIR_ERR_RECOVERABLE, __func__, __LINE__,
                                MPI_ERR_RMA_ATTACH, "**ivshmem_attach", "**ivshmem_attach %p",
                                base);
}

/* Tells the others, if they can reach it. */
static int tell(struct MPIDI_IVSHMEMI_dynamic *dynamic, struct ivs_attach_table *table,
                const void *base, uint64_t bytes)
{
    struct ivs_attach_entry entry = { .address = (uintptr_t) base, .bytes = bytes };
    struct MPIDI_IVSHMEMI_place place;
    struct ivl_block block;
    int slot;

    if (!MPIDI_IVSHMEMI_seg_place(base, bytes, &place) ||
        MPIDI_IVSHMEMI_place_attach(&place, bytes, &block) == NULL) {
        return MPI_SUCCESS; /* by messages */
    }
    entry.block = place.block;
    entry.from = place.from;
    entry.generation = place.generation;
    slot = ivs_attach_add(table, &dynamic->mine, &entry);
    if (slot < 0) {
        MPIDI_IVSHMEMI_place_release(&block);
        return slot == -EEXIST ? overlap_error(base) : MPI_SUCCESS;
    }
    dynamic->blocks[slot] = block;
    return MPI_SUCCESS;
}

int MPIDI_IVSHMEM_mpi_win_attach_hook(MPIR_Win *win, void *base, MPI_Aint size)
{
    struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;
    int mpi_errno = MPIDI_POSIX_mpi_win_attach_hook(win, base, size);

    if (mpi_errno == MPI_SUCCESS && own != NULL && own->dynamic != NULL && size > 0) {
        look_everywhere(own);
        mpi_errno = tell(own->dynamic, &own->dynamic->tables[own->rank], base, (uint64_t) size);
    }
    return mpi_errno;
}

int MPIDI_IVSHMEM_mpi_win_detach_hook(MPIR_Win *win, const void *base)
{
    struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;

    if (own != NULL && own->dynamic != NULL) {
        struct MPIDI_IVSHMEMI_dynamic *dynamic = own->dynamic;
        int slot = ivs_attach_remove(&dynamic->tables[own->rank], &dynamic->mine, (uintptr_t) base);
        if (slot >= 0) {
            MPIDI_IVSHMEMI_place_release(&dynamic->blocks[slot]);
        }
        look_everywhere(own);
    }
    return MPIDI_POSIX_mpi_win_detach_hook(win, base);
}
