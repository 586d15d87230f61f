/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Windows whose memory lies in the region: what is kept about them, and where a target's part of
 * them is.
 */
#include "ivshmem_win.h"
#include "ivshmem_transport.h"
#define IVSHMEM_HOOKS_DECLARE_ONLY
#include "ivshmem_hooks.h"
#include "mpidu_shm.h"

IVL_STATIC_ASSERT(sizeof(struct MPIDI_IVSHMEMI_win_line) == 64, "one line per target");

/* ---- where a target's memory is ---------------------------------------------------------------- */

int MPIDI_IVSHMEMI_range_error(int rank, const struct MPIDI_IVSHMEMI_target *target)
{
    return MPIR_Err_create_code(MPI_SUCCESS, MPIR_ERR_RECOVERABLE, __func__, __LINE__,
                                MPI_ERR_RMA_RANGE, "**ivshmem_range", "**ivshmem_range %d %L", rank,
                                (long long) target->bytes);
}

bool MPIDI_IVSHMEMI_span(MPI_Aint count, MPI_Datatype datatype, MPI_Aint *low, MPI_Aint *high)
{
    const MPIR_Datatype *type;
    MPI_Aint reach; /* from the first element's origin to the last one's */

    if (HANDLE_IS_BUILTIN(datatype)) {
        MPI_Aint extent = MPIR_Datatype_get_basic_size(datatype);
        MPIR_Datatype_get_extent_macro(datatype, extent);
        *low = 0;
        return !__builtin_mul_overflow(count, extent, high);
    }
    MPIR_Datatype_get_ptr(datatype, type);
    if (__builtin_mul_overflow(count - 1, type->extent, &reach)) {
        return false;
    }
    *low = type->true_lb + (reach < 0 ? reach : 0);
    *high = type->true_ub + (reach > 0 ? reach : 0);
    return true;
}

char *MPIDI_IVSHMEMI_target_addr(const struct MPIDI_IVSHMEMI_target *target, MPI_Aint disp,
                                 MPI_Aint count, MPI_Datatype datatype)
{
    MPI_Aint offset, low, high, first, end;

    if (!MPIDI_IVSHMEMI_span(count, datatype, &low, &high) ||
        __builtin_mul_overflow(disp, target->disp_unit, &offset) ||
        __builtin_sub_overflow(offset, target->start, &offset) ||
        __builtin_add_overflow(offset, low, &first) || __builtin_add_overflow(offset, high, &end) ||
        first < 0 || end > target->bytes) {
        return NULL;
    }
    return target->base + offset;
}

/* ---- the accumulate lock ----------------------------------------------------------------------- */

static bool is_mine(const struct MPIDI_IVSHMEM_win *own, const struct MPIDI_IVSHMEMI_target *target)
{
    return own->whole && target->held == MPIDI_IVSHMEMI_HELD_ALONE;
}

int MPIDI_IVSHMEMI_accumulate_lock(const struct MPIDI_IVSHMEM_win *own,
                                   struct MPIDI_IVSHMEMI_target *target)
{
    const struct ivs_waiter who = MPIDI_IVSHMEMI_waiter();
    ivs_lock_t *lock = (ivs_lock_t *) &target->line->accumulate;
    int rc = 0;

    if (own->whole && !is_mine(own, target)) {
        rc = ivs_guard_lock(lock, &own->guards, (uint32_t) (target - own->target), &who);
    } else if (!own->whole) {
        rc = ivs_lock_take(lock, &who);
    }
    return rc == 0 ? MPI_SUCCESS : MPIDI_IVSHMEMI_lock_error(rc);
}

int MPIDI_IVSHMEMI_accumulate_unlock(const struct MPIDI_IVSHMEM_win *own,
                                     struct MPIDI_IVSHMEMI_target *target)
{
    int rc = is_mine(own, target) ? 0
                                  : ivs_lock_drop((ivs_lock_t *) &target->line->accumulate,
                                                  MPIDI_IVSHMEMI_global.member);

    return rc == 0 ? MPI_SUCCESS : MPIDI_IVSHMEMI_lock_error(rc);
}

/* ---- windows come and go ----------------------------------------------------------------------- */

/* Frees what was made of a window, also in part. */
static int close_window(struct MPIDI_IVSHMEM_win *own)
{
    int mpi_errno = MPI_SUCCESS;

    for (int i = 0; i < own->targets; i++) {
        if (own->target[i].has_block) {
            MPIDI_IVSHMEMI_place_release(&own->target[i].block);
        }
    }
    if (own->dynamic != NULL) {
        MPIDI_IVSHMEMI_dynamic_close(own);
    }
    if (own->proxy != NULL) {
        MPIDI_IVSHMEMI_proxy_close(own);
    }
    if (own->lines != NULL) {
        mpi_errno = MPIDU_shm_free(own->lines);
    }
    MPL_free(own->guards.member_of);
    MPL_free(own);
    return mpi_errno;
}

static struct MPIDI_IVSHMEM_win *make_window(const MPIR_Win *win)
{
    MPIR_Comm *host = win->comm_ptr->node_comm;
    int targets = host->local_size;
    struct MPIDI_IVSHMEM_win *own =
        MPL_calloc(1, sizeof(*own) + (size_t) targets * sizeof(own->target[0]), MPL_MEM_RMA);

    if (own == NULL) {
        return NULL;
    }
    own->guards.member_of =
        MPL_malloc((size_t) targets * sizeof(*own->guards.member_of), MPL_MEM_RMA);
    own->whole = targets == win->comm_ptr->local_size;
    own->proxy = own->whole ? NULL : MPIDI_IVSHMEMI_proxy_make(win->comm_ptr->local_size);
    if (own->guards.member_of == NULL || (!own->whole && own->proxy == NULL)) {
        close_window(own);
        return NULL;
    }
    own->targets = targets;
    own->guards.count = (uint32_t) targets;
    own->rank = host->rank;
    for (int i = 0; i < targets; i++) {
        own->guards.member_of[i] = MPIDI_IVSHMEMI_peer_of(i, host);
    }
    return own;
}

/* *agreed: whether all ranks of the host can; no rank goes on alone into what is collective. */
static int agree(MPIR_Comm *host, bool can, bool *agreed)
{
    MPIR_Errflag_t errflag = MPIR_ERR_NONE;

    *agreed = false;
    return MPIR_Allreduce(&can, agreed, 1, MPI_C_BOOL, MPI_LAND, host, &errflag);
}

/* Collective over the ranks of the window on this host, all of which come here or none does. The
 * locks, and the switch. *used: false if there was no room for them. */
static int open_window(MPIR_Win *win, struct MPIDI_IVSHMEM_win *own, bool *used)
{
    MPIDI_POSIX_win_t *posix = &win->dev.shm.posix;
    MPIR_Comm *host = win->comm_ptr->node_comm;
    bool failed = false;
    void *lines = NULL;
    size_t each = sizeof(struct MPIDI_IVSHMEMI_win_line) + sizeof(struct ivs_guard) +
                  (own->dynamic != NULL ? sizeof(struct ivs_attach_table) : 0);
    int mpi_errno = MPIDU_shm_alloc(host, (size_t) own->targets * each, &lines, &failed);

    *used = mpi_errno == MPI_SUCCESS && !failed;
    if (!*used) {
        return mpi_errno;
    }
    own->lines = lines; /* zero: no lock is taken, nobody is busy */
    own->guards.lines = (struct ivs_guard *) (own->lines + own->targets);
    for (int i = 0; i < own->targets; i++) {
        own->target[i].line = &own->lines[i];
    }
    own->posix_mutex = posix->shm_mutex_ptr;
    /* what comes by network is for this rank's part */
    posix->shm_mutex_ptr = &own->lines[host->rank].accumulate;
    if (own->dynamic != NULL) {
        MPIDI_IVSHMEMI_dynamic_open(own,
                                    (struct ivs_attach_table *) (own->guards.lines + own->targets));
    }
    if (own->proxy != NULL) {
        MPIDI_IVSHMEMI_proxy_open(own, MPIDIG_WIN(win, win_id));
    }
    posix->ivshmem.own = own;
    posix->ivshmem.whole = own->whole;
    posix->ivshmem.dynamic = own->dynamic != NULL;
    return MPI_SUCCESS;
}

/* ---- windows that MPICH allocated -------------------------------------------------------------- */

/* The bases were made up from sizes that other ranks sent: they are checked against the segment
 * that the window's memory is. */
static int fill_targets(MPIR_Win *win, struct MPIDI_IVSHMEM_win *own)
{
    const MPIDIG_win_shared_info_t *table = MPIDIG_WIN(win, shared_table);
    uintptr_t start = (uintptr_t) MPIDIG_WIN(win, mmap_addr);
    size_t length = (size_t) MPIDIG_WIN(win, mmap_sz);
    int mpi_errno = MPI_SUCCESS;

    for (int i = 0; i < own->targets; i++) {
        struct MPIDI_IVSHMEMI_target *target = &own->target[i];
        size_t offset = (uintptr_t) table[i].shm_base_addr - start;

        target->disp_unit = (MPI_Aint) table[i].disp_unit;
        if (table[i].shm_base_addr != NULL) {
            MPIR_ERR_CHKANDJUMP1(offset > length || table[i].size > length - offset, mpi_errno,
                                 MPI_ERR_OTHER, "**ivshmem_winsize", "**ivshmem_winsize %d", i);
            target->base = table[i].shm_base_addr;
            target->bytes = (MPI_Aint) table[i].size;
        }
    }
fn_fail:
    return mpi_errno;
}

static int open_allocated(MPIR_Win *win)
{
    struct MPIDI_IVSHMEM_win *own = make_window(win);
    int wrong = own != NULL ? fill_targets(win, own) : MPI_SUCCESS;
    bool agreed = false, used = false;
    int mpi_errno = agree(win->comm_ptr->node_comm, own != NULL && wrong == MPI_SUCCESS, &agreed);

    if (mpi_errno == MPI_SUCCESS && agreed) {
        mpi_errno = open_window(win, own, &used);
    }
    if (own != NULL && !used) {
        close_window(own); /* MPICH's one lock per host does as well */
    }
    return wrong != MPI_SUCCESS ? wrong : mpi_errno;
}

static int after_allocation(MPIR_Win *win, int rc)
{
    if (rc == MPI_SUCCESS && (MPIDI_WIN(win, winattr) & MPIDI_WINATTR_SHM_ALLOCATED) &&
        MPIDI_IVSHMEMI_in_region(win->dev.shm.posix.shm_mutex_ptr) &&
        MPIDIG_WIN(win, mmap_addr) != NULL) {
        rc = open_allocated(win);
    }
    return rc;
}

/* ---- windows over memory that the program has --------------------------------------------------- */

/* Where a rank's part of a window is, as the ranks of the host tell each other. */
struct part {
    struct MPIDI_IVSHMEMI_place place;
    uint64_t bytes; /* 0: empty, and nowhere */
    uint64_t disp_unit;
};

static struct part own_part(const MPIR_Win *win)
{
    struct part part = { .bytes = (uint64_t) win->size, .disp_unit = (uint32_t) win->disp_unit };

    if (win->size > 0) {
        MPIDI_IVSHMEMI_seg_place(win->base, (uint64_t) win->size, &part.place);
    }
    return part;
}

/* False if the other rank's part is not there. */
static bool take_part(const struct part *part, struct MPIDI_IVSHMEMI_target *target)
{
    target->disp_unit = (MPI_Aint) part->disp_unit;
    if (part->bytes == 0) {
        return true;
    }
    target->base = MPIDI_IVSHMEMI_place_attach(&part->place, part->bytes, &target->block);
    target->has_block = target->base != NULL;
    target->bytes = target->has_block ? (MPI_Aint) part->bytes : 0;
    return target->has_block;
}

static bool all_usable(const struct part *parts, int count)
{
    bool any = false;

    for (int i = 0; i < count; i++) {
        if (parts[i].bytes != 0 && parts[i].place.in_region == 0) {
            return false;
        }
        any = any || parts[i].bytes != 0;
    }
    return any;
}

/* All parts or none: *agreed is the same on all ranks of the host. */
static int take_parts(MPIR_Comm *host, const struct part *parts, struct MPIDI_IVSHMEM_win *own,
                      bool *agreed)
{
    bool taken = own != NULL;

    for (int i = 0; taken && i < own->targets; i++) {
        taken = take_part(&parts[i], &own->target[i]);
    }
    return agree(host, taken, agreed);
}

/* Back to a window that MPICH reaches by messages. */
static void forget_lock(MPIR_Win *win)
{
    MPIDU_shm_free(win->dev.shm.posix.shm_mutex_ptr);
    win->dev.shm.posix.shm_mutex_ptr = NULL;
    MPIDI_WIN(win, winattr) &= ~MPIDI_WINATTR_SHM_ALLOCATED;
}

/* A window for which MPICH has allocated nothing. mpi_errno: so far. Takes over own. */
static int open_agreed(MPIR_Win *win, struct MPIDI_IVSHMEM_win *own, bool agreed, int mpi_errno)
{
    bool used = false;

    MPIR_ERR_CHECK(mpi_errno);
    if (agreed) {
        mpi_errno = MPIDI_POSIX_shm_win_init_hook(win); /* what comes by network takes its lock */
        MPIR_ERR_CHECK(mpi_errno);
        if (MPIDI_WIN(win, winattr) & MPIDI_WINATTR_SHM_ALLOCATED) {
            mpi_errno = open_window(win, own, &used);
            if (!used) {
                forget_lock(win);
            }
        }
    }
fn_fail:
    if (own != NULL && !used) {
        close_window(own);
    }
    return mpi_errno;
}

static int open_created(MPIR_Win *win, const struct part *parts)
{
    struct MPIDI_IVSHMEM_win *own = make_window(win);
    bool agreed = false;
    int mpi_errno = take_parts(win->comm_ptr->node_comm, parts, own, &agreed);

    return open_agreed(win, own, agreed, mpi_errno);
}

/* Collective over the ranks of the window on this host. */
static int open_dynamic(MPIR_Win *win)
{
    struct MPIDI_IVSHMEM_win *own = make_window(win);
    bool agreed = false;
    int mpi_errno;

    if (own != NULL) {
        own->dynamic = MPIDI_IVSHMEMI_dynamic_make(own->targets);
    }
    mpi_errno = agree(win->comm_ptr->node_comm, own != NULL && own->dynamic != NULL, &agreed);
    return open_agreed(win, own, agreed, mpi_errno);
}

/* Collective over the ranks of the window on this host. */
static int look_at_memory(MPIR_Win *win)
{
    MPIR_Comm *host = win->comm_ptr->node_comm;
    MPIR_Errflag_t errflag = MPIR_ERR_NONE;
    struct part mine = own_part(win), *parts = NULL;
    int mpi_errno = MPI_SUCCESS;

    parts = MPL_malloc((size_t) host->local_size * sizeof(*parts), MPL_MEM_RMA);
    MPIR_ERR_CHKANDJUMP(parts == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    mpi_errno = MPIR_Allgather(&mine, sizeof(mine), MPI_BYTE, parts, sizeof(mine), MPI_BYTE, host,
                               &errflag);
    MPIR_ERR_CHECK(mpi_errno);
    if (all_usable(parts, host->local_size)) {
        mpi_errno = open_created(win, parts);
    }
fn_fail:
    MPL_free(parts);
    return mpi_errno;
}

/* ---- what MPICH calls -------------------------------------------------------------------------- */

static void start(MPIR_Win *win)
{
    win->dev.shm.posix.ivshmem.own = NULL;
    win->dev.shm.posix.ivshmem.whole = false;
    win->dev.shm.posix.ivshmem.dynamic = false;
}

int MPIDI_IVSHMEM_mpi_win_create_hook(MPIR_Win *win)
{
    int mpi_errno;

    start(win);
    mpi_errno = MPIDI_POSIX_mpi_win_create_hook(win);
    if (mpi_errno == MPI_SUCCESS && MPIDI_IVSHMEMI_global.merged &&
        win->comm_ptr->node_comm != NULL) {
        mpi_errno = look_at_memory(win);
    }
    return mpi_errno;
}

int MPIDI_IVSHMEM_mpi_win_allocate_hook(MPIR_Win *win)
{
    start(win);
    return after_allocation(win, MPIDI_POSIX_mpi_win_allocate_hook(win));
}

int MPIDI_IVSHMEM_mpi_win_allocate_shared_hook(MPIR_Win *win)
{
    start(win);
    return after_allocation(win, MPIDI_POSIX_mpi_win_allocate_shared_hook(win));
}

int MPIDI_IVSHMEM_mpi_win_create_dynamic_hook(MPIR_Win *win)
{
    int mpi_errno;

    start(win);
    mpi_errno = MPIDI_POSIX_mpi_win_create_dynamic_hook(win);
    if (mpi_errno == MPI_SUCCESS && MPIDI_IVSHMEMI_global.merged &&
        win->comm_ptr->node_comm != NULL) {
        mpi_errno = open_dynamic(win);
    }
    return mpi_errno;
}

/* MPICH also comes here for a window that could not be made: then nothing of it is set but its
 * attributes. */
int MPIDI_IVSHMEM_mpi_win_free_hook(MPIR_Win *win)
{
    MPIDI_POSIX_win_t *posix = &win->dev.shm.posix;
    struct MPIDI_IVSHMEM_win *own = NULL;
    int mpi_errno;

    if (MPIDI_WIN(win, winattr) & MPIDI_WINATTR_SHM_ALLOCATED) {
        own = posix->ivshmem.own;
    }
    if (own != NULL) {
        posix->shm_mutex_ptr = own->posix_mutex;
        start(win);
    }
    mpi_errno = MPIDI_POSIX_mpi_win_free_hook(win);
    if (own != NULL) {
        int rc = close_window(own);
        mpi_errno = mpi_errno == MPI_SUCCESS ? rc : mpi_errno;
    }
    return mpi_errno;
}
