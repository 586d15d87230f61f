/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Accumulate, Get_accumulate, Fetch_and_op and Compare_and_swap in windows that lie in the
 * region. The standard wants each element of a predefined type changed at once (MPI-4.0, section
 * 12.7.1). Two ways, which core/ivs_guard keeps apart:
 *
 * - processor atomics for a single element, where all ranks of the window are on this host and the
 *   element has 1, 2, 4 or 8 bytes and is aligned to them: nobody waits for anybody;
 * - else a plain loop under the target's lock, which the target also takes for what comes to it by
 *   network.
 */
#include "ivshmem_win.h"
#include "core/ivs_element.h"
#include "ivshmem_loop.h"

#define MANY 16               /* for which it is worth while to look for a vector loop */
#define PIECES 64             /* of a derived target type, at a time */
#define ELEMENT_MAX 32        /* bytes of the largest predefined type: complex long double */
#define ELEMENT_ALIGNMENT 16u /* enough for any */

/* One operation on the elements of a target. */
struct change {
    MPI_Datatype type; /* predefined, of each element */
    unsigned bytes;    /* of each element */
    MPI_Op op;
    const char *origin; /* packed; NULL if the operation takes none */
    char *result;       /* packed; NULL if not asked for */
    const struct MPIDI_IVSHMEM_win *own;
};

/* Of a predefined type. */
static inline unsigned size_of(MPI_Datatype type)
{
    MPI_Aint bytes;

    MPIR_Datatype_get_size_macro(type, bytes);
    return (unsigned) bytes;
}

/* ---- one element ------------------------------------------------------------------------------- */

/* Applies the operation's function to private copies until nobody came between. */
static uint64_t change_by_function(const struct change *change, void *addr, const void *origin)
{
    MPIR_op_function *function = MPIR_OP_HDL_TO_FN(change->op);
    uint64_t old = ivs_element_load(addr, change->bytes);
    MPI_Datatype type = change->type;
    MPI_Aint one = 1;
    uint64_t from = 0, to;

    memcpy(&from, origin, change->bytes); /* aligned */
    do {
        to = old;
        (*function)(&from, &to, &one, &type);
    } while (!ivs_element_cas(addr, change->bytes, &old, to));
    return old;
}

static inline uint64_t change_element(const struct change *change, void *addr, const void *origin)
{
    unsigned bytes = change->bytes;

    switch (change->op) {
        case MPI_NO_OP:
            return ivs_element_load(addr, bytes);
        case MPI_REPLACE:
            if (change->result == NULL) {
                ivs_element_store(addr, bytes, ivs_element_get(origin, bytes));
                return 0;
            }
            return ivs_element_exchange(addr, bytes, ivs_element_get(origin, bytes));
        case MPI_SUM:
            if (MPIDI_IVSHMEMI_is_integer(change->type)) {
                return ivs_element_add(addr, bytes, ivs_element_get(origin, bytes));
            }
            return change_by_function(change, addr, origin);
        default:
            return change_by_function(change, addr, origin);
    }
}

/* ---- a run of elements ------------------------------------------------------------------------- */

/* The operations' functions are compiled for elements aligned as the language wants them. */
static bool is_aligned(const void *addr, unsigned bytes)
{
    unsigned alignment =
        bytes & -bytes; /* no type's is larger than the largest power in its size */

    return (uintptr_t) addr % (alignment < ELEMENT_ALIGNMENT ? alignment : ELEMENT_ALIGNMENT) == 0;
}

/* Aligned elements. */
static void apply_aligned(const struct change *change, const char *origin, char *addr,
                          MPI_Aint count)
{
    ivs_reduce_fn loop = count < MANY ? NULL : MPIDI_IVSHMEMI_loop_find(change->op, change->type);
    MPI_Datatype type = change->type;

    if (loop != NULL) {
        loop(addr, origin, (size_t) count);
    } else {
        (*MPIR_OP_HDL_TO_FN(change->op))((void *) origin, addr, &count, &type);
    }
}

static void apply(const struct change *change, const char *origin, char *addr, MPI_Aint bytes)
{
    MPIR_op_function *function = MPIR_OP_HDL_TO_FN(change->op);
    MPI_Datatype type = change->type;
    MPI_Aint one = 1;

    if (is_aligned(addr, change->bytes) && is_aligned(origin, change->bytes)) {
        apply_aligned(change, origin, addr, bytes / change->bytes);
        return;
    }
    for (MPI_Aint i = 0; i < bytes; i += change->bytes) {
        _Alignas(ELEMENT_ALIGNMENT) char from[ELEMENT_MAX], to[ELEMENT_MAX];
        memcpy(from, origin + i, change->bytes);
        memcpy(to, addr + i, change->bytes);
        (*function)(from, to, &one, &type);
        memcpy(addr + i, to, change->bytes);
    }
}

/* Under the target's lock. */
static void change_locked(const struct change *change, char *addr, MPI_Aint from, MPI_Aint bytes)
{
    if (change->result != NULL) {
        memcpy(change->result + from, addr, (size_t) bytes);
    }
    if (change->op != MPI_NO_OP) {
        apply(change, change->origin + from, addr, bytes);
    }
}

/* By an atomic: the caller has entered. */
static void change_one(const struct change *change, char *addr)
{
    uint64_t old = change_element(change, addr, change->origin);

    if (change->result != NULL) {
        ivs_element_put(change->result, change->bytes, old);
    }
}

/* ---- any types --------------------------------------------------------------------------------- */

static MPI_Datatype element_type(MPI_Datatype datatype)
{
    MPIR_Datatype *type;

    if (HANDLE_IS_BUILTIN(datatype)) {
        return datatype;
    }
    MPIR_Datatype_get_ptr(datatype, type);
    return type->basic_type;
}

/* Elements whose bytes have holes between or in them: pairs such as MPI_DOUBLE_INT. */
static bool has_holes(MPI_Datatype type)
{
    MPI_Aint size, extent;

    MPIR_Datatype_get_size_macro(type, size);
    MPIR_Datatype_get_extent_macro(type, extent);
    return size != extent;
}

/* All pieces of a derived target type in turn, under the target's lock. */
static int change_pieces(const struct change *change, char *addr, MPI_Aint count, MPI_Datatype type)
{
    struct iovec pieces[PIECES];
    MPI_Aint size, all, from = 0, got, bytes;
    int mpi_errno = MPI_SUCCESS;

    MPIR_Datatype_get_size_macro(type, size);
    all = size * count;
    while (from < all) {
        mpi_errno =
            MPIR_Typerep_to_iov(addr, count, type, from, pieces, PIECES, all - from, &got, &bytes);
        MPIR_ERR_CHECK(mpi_errno);
        MPIR_ERR_CHKANDJUMP(got < 1, mpi_errno, MPI_ERR_INTERN, "**intern");
        for (MPI_Aint i = 0; i < got; i++) {
            change_locked(change, pieces[i].iov_base, from, (MPI_Aint) pieces[i].iov_len);
            from += (MPI_Aint) pieces[i].iov_len;
        }
    }
fn_fail:
    return mpi_errno;
}

static int change_target(const struct change *change, struct MPIDI_IVSHMEMI_target *target,
                         char *addr, MPI_Aint count, MPI_Datatype type, MPI_Aint bytes)
{
    const bool is_row = HANDLE_IS_BUILTIN(type);
    int mpi_errno, rc;

    if (is_row && bytes == (MPI_Aint) change->bytes && ivs_element_is_atomic(addr, change->bytes) &&
        MPIDI_IVSHMEMI_atomics_enter(change->own, target)) {
        change_one(change, addr);
        MPIDI_IVSHMEMI_atomics_leave(change->own);
        return MPI_SUCCESS;
    }
    mpi_errno = MPIDI_IVSHMEMI_accumulate_lock(change->own, target);
    MPIR_ERR_CHECK(mpi_errno);
    if (is_row) {
        change_locked(change, addr, 0, bytes);
    } else {
        mpi_errno = change_pieces(change, addr, count, type);
    }
    rc = MPIDI_IVSHMEMI_accumulate_unlock(change->own, target);
    mpi_errno = mpi_errno == MPI_SUCCESS ? rc : mpi_errno;
fn_fail:
    return mpi_errno;
}

/* MPICH's own routines under the lock, for elements with holes. */
static int change_with_holes(const struct MPIDI_IVSHMEM_win *own, const void *origin,
                             int origin_count, MPI_Datatype origin_type, void *result,
                             int result_count, MPI_Datatype result_type,
                             struct MPIDI_IVSHMEMI_target *target, char *addr, int count,
                             MPI_Datatype type, MPI_Op op)
{
    int mpi_errno = MPIDI_IVSHMEMI_accumulate_lock(own, target), rc;

    MPIR_ERR_CHECK(mpi_errno);
    if (result != NULL) {
        mpi_errno = MPIR_Localcopy(addr, count, type, result, result_count, result_type);
    }
    if (mpi_errno == MPI_SUCCESS && op != MPI_NO_OP) {
        mpi_errno = MPIDI_POSIX_compute_accumulate((void *) origin, origin_count, origin_type, addr,
                                                   count, type, op, -1);
    }
    rc = MPIDI_IVSHMEMI_accumulate_unlock(own, target);
    mpi_errno = mpi_errno == MPI_SUCCESS ? rc : mpi_errno;
fn_fail:
    return mpi_errno;
}

/* A packed copy of the origin's data, or the data themselves if they are. */
static int pack_origin(const void *origin, MPI_Aint count, MPI_Datatype type, MPI_Aint bytes,
                       const char **packed, void **buffer)
{
    MPI_Aint got;
    int mpi_errno = MPI_SUCCESS;

    *packed = origin;
    if (!HANDLE_IS_BUILTIN(type)) {
        *buffer = MPL_malloc((size_t) bytes, MPL_MEM_RMA);
        MPIR_ERR_CHKANDJUMP(*buffer == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
        mpi_errno = MPIR_Typerep_pack(origin, count, type, 0, *buffer, bytes, &got);
        *packed = *buffer;
    }
fn_fail:
    return mpi_errno;
}

static int change_any(const void *origin, int origin_count, MPI_Datatype origin_type, void *result,
                      int result_count, MPI_Datatype result_type,
                      struct MPIDI_IVSHMEMI_target *target, char *addr, int count,
                      MPI_Datatype type, struct change *change, MPI_Aint bytes)
{
    void *origin_buffer = NULL, *result_buffer = NULL;
    int mpi_errno = MPI_SUCCESS;

    if (change->op != MPI_NO_OP) {
        mpi_errno =
            pack_origin(origin, origin_count, origin_type, bytes, &change->origin, &origin_buffer);
        MPIR_ERR_CHECK(mpi_errno);
    }
    if (result != NULL) {
        change->result = result;
        if (!HANDLE_IS_BUILTIN(result_type)) {
            result_buffer = MPL_malloc((size_t) bytes, MPL_MEM_RMA);
            MPIR_ERR_CHKANDJUMP(result_buffer == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
            change->result = result_buffer;
        }
    }
    mpi_errno = change_target(change, target, addr, count, type, bytes);
    MPIR_ERR_CHECK(mpi_errno);
    if (result_buffer != NULL) {
        MPI_Aint got;
        mpi_errno =
            MPIR_Typerep_unpack(result_buffer, bytes, result, result_count, result_type, 0, &got);
    }
fn_fail:
    MPL_free(origin_buffer);
    MPL_free(result_buffer);
    return mpi_errno;
}

/* ---- what MPI calls ---------------------------------------------------------------------------- */

/* Bytes of each side; those that take part must agree, as the standard asks of the program. */
static int check_sizes(int origin_count, MPI_Datatype origin_type, bool has_result,
                       int result_count, MPI_Datatype result_type, int count, MPI_Datatype type,
                       MPI_Op op, MPI_Aint *bytes)
{
    MPI_Aint origin_bytes = 0, result_bytes = 0;
    int mpi_errno = MPI_SUCCESS;

    MPIDI_Datatype_check_size(type, count, *bytes);
    if (op != MPI_NO_OP) {
        MPIDI_Datatype_check_size(origin_type, origin_count, origin_bytes);
        MPIR_ERR_CHKANDJUMP2(origin_bytes != *bytes, mpi_errno, MPI_ERR_ARG, "**ivshmem_sizes",
                             "**ivshmem_sizes %L %L", (long long) origin_bytes, (long long) *bytes);
    }
    if (has_result) {
        MPIDI_Datatype_check_size(result_type, result_count, result_bytes);
        MPIR_ERR_CHKANDJUMP2(result_bytes != *bytes, mpi_errno, MPI_ERR_ARG, "**ivshmem_sizes",
                             "**ivshmem_sizes %L %L", (long long) result_bytes, (long long) *bytes);
    }
fn_fail:
    return mpi_errno;
}

int MPIDI_IVSHMEMI_accumulate(const void *origin, int origin_count, MPI_Datatype origin_type,
                              void *result, int result_count, MPI_Datatype result_type, int rank,
                              MPI_Aint disp, int count, MPI_Datatype type, MPI_Op op, MPIR_Win *win,
                              MPIDI_winattr_t winattr)
{
    struct MPIDI_IVSHMEMI_target *target = MPIDI_IVSHMEMI_target_of(win, rank, winattr);
    struct change change = { .op = op, .own = win->dev.shm.posix.ivshmem.own };
    bool has_result = result_type != MPI_DATATYPE_NULL;
    int mpi_errno = MPIDI_IVSHMEMI_check_access(win, rank, target);
    MPI_Aint bytes;
    char *addr;

    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = check_sizes(origin_count, origin_type, has_result, result_count, result_type, count,
                            type, op, &bytes);
    MPIR_ERR_CHECK(mpi_errno);
    if (bytes == 0) {
        goto fn_fail;
    }
    addr = MPIDI_IVSHMEMI_target_addr(target, disp, count, type);
    if (addr == NULL) {
        mpi_errno = MPIDI_IVSHMEMI_range_error(rank, target);
        goto fn_fail;
    }
    change.type = element_type(type);
    MPIR_ERR_CHKANDJUMP(change.type == MPI_DATATYPE_NULL, mpi_errno, MPI_ERR_TYPE, "**dtype");
    change.bytes = size_of(change.type);
    MPIR_ERR_CHKANDJUMP(change.bytes == 0 || change.bytes > ELEMENT_MAX, mpi_errno, MPI_ERR_TYPE,
                        "**dtype");
    if (has_holes(change.type)) {
        mpi_errno = change_with_holes(change.own, origin, origin_count, origin_type,
                                      has_result ? result : NULL, result_count, result_type, target,
                                      addr, count, type, op);
    } else {
        mpi_errno =
            change_any(origin, origin_count, origin_type, has_result ? result : NULL, result_count,
                       result_type, target, addr, count, type, &change, bytes);
    }
fn_fail:
    return mpi_errno;
}

int MPIDI_IVSHMEMI_fetch_and_op(const void *origin, void *result, MPI_Datatype type, int rank,
                                MPI_Aint disp, MPI_Op op, MPIR_Win *win, MPIDI_winattr_t winattr)
{
    const struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;
    struct MPIDI_IVSHMEMI_target *target = MPIDI_IVSHMEMI_target_of(win, rank, winattr);
    unsigned bytes = size_of(type);
    char *addr = MPIDI_IVSHMEMI_target_bytes(target, disp, bytes);
    int mpi_errno = MPIDI_IVSHMEMI_check_access(win, rank, target);

    MPIR_ERR_CHECK(mpi_errno);
    if (likely(addr != NULL && ivs_element_is_atomic(addr, bytes) &&
               MPIDI_IVSHMEMI_atomics_enter(own, target))) {
        struct change change = { type, bytes, op, origin, result, own };
        uint64_t old = change_element(&change, addr, origin);
        MPIDI_IVSHMEMI_atomics_leave(own);
        ivs_element_put(result, bytes, old);
    } else {
        mpi_errno = MPIDI_IVSHMEMI_accumulate(origin, 1, type, result, 1, type, rank, disp, 1, type,
                                              op, win, winattr);
    }
fn_fail:
    return mpi_errno;
}

int MPIDI_IVSHMEMI_compare_and_swap(const void *origin, const void *compare, void *result,
                                    MPI_Datatype type, int rank, MPI_Aint disp, MPIR_Win *win,
                                    MPIDI_winattr_t winattr)
{
    const struct MPIDI_IVSHMEM_win *own = win->dev.shm.posix.ivshmem.own;
    struct MPIDI_IVSHMEMI_target *target = MPIDI_IVSHMEMI_target_of(win, rank, winattr);
    unsigned bytes = size_of(type);
    char *addr = MPIDI_IVSHMEMI_target_bytes(target, disp, bytes);
    int mpi_errno = MPIDI_IVSHMEMI_check_access(win, rank, target);

    MPIR_ERR_CHECK(mpi_errno);
    if (addr == NULL) {
        mpi_errno = MPIDI_IVSHMEMI_range_error(rank, target);
        goto fn_fail;
    }
    if (likely(ivs_element_is_atomic(addr, bytes) && MPIDI_IVSHMEMI_atomics_enter(own, target))) {
        uint64_t found = ivs_element_get(compare, bytes);
        (void) ivs_element_cas(addr, bytes, &found, ivs_element_get(origin, bytes));
        MPIDI_IVSHMEMI_atomics_leave(own);
        ivs_element_put(result, bytes, found);
        goto fn_fail;
    }
    mpi_errno = MPIDI_IVSHMEMI_accumulate_lock(own, target);
    MPIR_ERR_CHECK(mpi_errno);
    memcpy(result, addr, bytes);
    if (memcmp(compare, addr, bytes) == 0) {
        memcpy(addr, origin, bytes);
    }
    mpi_errno = MPIDI_IVSHMEMI_accumulate_unlock(own, target);
fn_fail:
    return mpi_errno;
}
