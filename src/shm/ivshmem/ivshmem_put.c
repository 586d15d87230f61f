/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Put and Get in windows that lie in the region: the origin copies to or from the target's
 * memory. They are complete when the copy is; what orders them for others is the fence in the
 * synchronisation that must follow (MPI-4.0, section 12.7).
 */
#include "ivshmem_win.h"
#include "core/ivs_copy.h"

/* Types without holes whose size is the extent, equal on both sides: nearly all there are. Gives
 * their bytes. */
static inline bool is_plain(int origin_count, MPI_Datatype origin_type, int count,
                            MPI_Datatype type, MPI_Aint *bytes)
{
    if (likely(origin_type == type && origin_count == count && HANDLE_IS_BUILTIN(type))) {
        MPI_Aint extent;
        MPIR_Datatype_get_extent_macro(type, extent);
        *bytes = (MPI_Aint) MPIR_Datatype_get_basic_size(type) * count;
        return extent == (MPI_Aint) MPIR_Datatype_get_basic_size(type);
    }
    return false;
}

/* The address of `bytes` bytes without holes. */
static inline int find_plain(MPIR_Win *win, int rank, MPIDI_winattr_t winattr, MPI_Aint disp,
                             MPI_Aint bytes, char **addr)
{
    const struct MPIDI_IVSHMEMI_target *target = MPIDI_IVSHMEMI_target_of(win, rank, winattr);
    int mpi_errno = MPIDI_IVSHMEMI_check_access(win, rank, target);

    *addr = NULL;
    if (likely(mpi_errno == MPI_SUCCESS && bytes != 0)) {
        *addr = MPIDI_IVSHMEMI_target_bytes(target, disp, bytes);
        if (unlikely(*addr == NULL)) {
            mpi_errno = MPIDI_IVSHMEMI_range_error(rank, target);
        }
    }
    return mpi_errno;
}

/* The address for any types. */
static int find_typed(MPIR_Win *win, int rank, MPIDI_winattr_t winattr, MPI_Aint origin_bytes,
                      MPI_Aint disp, int count, MPI_Datatype type, char **addr)
{
    const struct MPIDI_IVSHMEMI_target *target = MPIDI_IVSHMEMI_target_of(win, rank, winattr);
    MPI_Aint bytes;
    int mpi_errno = MPIDI_IVSHMEMI_check_access(win, rank, target);

    *addr = NULL;
    MPIDI_Datatype_check_size(type, count, bytes);
    if (mpi_errno == MPI_SUCCESS && origin_bytes != 0 && bytes != 0) {
        *addr = MPIDI_IVSHMEMI_target_addr(target, disp, count, type);
        if (*addr == NULL) {
            mpi_errno = MPIDI_IVSHMEMI_range_error(rank, target);
        }
    }
    return mpi_errno;
}

/* The most common length without a call. */
static inline void copy(void *to, const void *from, MPI_Aint bytes)
{
    if (bytes == sizeof(uint64_t)) {
        memcpy(to, from, sizeof(uint64_t));
    } else {
        ivs_copy(to, from, (size_t) bytes);
    }
}

enum direction {
    TO_TARGET,
    FROM_TARGET
};

/* Both directions; each caller gets a copy with its own. */
static inline __attribute__((always_inline)) int transfer(
    enum direction direction, void *origin, int origin_count, MPI_Datatype origin_type, int rank,
    MPI_Aint disp, int count, MPI_Datatype type, MPIR_Win *win, MPIDI_winattr_t winattr)
{
    MPI_Aint bytes;
    char *addr;
    int mpi_errno;

    if (likely(is_plain(origin_count, origin_type, count, type, &bytes))) {
        mpi_errno = find_plain(win, rank, winattr, disp, bytes, &addr);
        if (likely(addr != NULL)) {
            copy(direction == TO_TARGET ? addr : origin, direction == TO_TARGET ? origin : addr,
                 bytes);
        }
        return mpi_errno;
    }
    MPIDI_Datatype_check_size(origin_type, origin_count, bytes);
    mpi_errno = find_typed(win, rank, winattr, bytes, disp, count, type, &addr);
    if (addr == NULL) {
        return mpi_errno;
    }
    return direction == TO_TARGET
               ? MPIR_Localcopy(origin, origin_count, origin_type, addr, count, type)
               : MPIR_Localcopy(addr, count, type, origin, origin_count, origin_type);
}

int MPIDI_IVSHMEMI_put(const void *origin, int origin_count, MPI_Datatype origin_type, int rank,
                       MPI_Aint disp, int count, MPI_Datatype type, MPIR_Win *win,
                       MPIDI_winattr_t winattr)
{
    return transfer(TO_TARGET, (void *) origin, origin_count, origin_type, rank, disp, count, type,
                    win, winattr);
}

int MPIDI_IVSHMEMI_get(void *origin, int origin_count, MPI_Datatype origin_type, int rank,
                       MPI_Aint disp, int count, MPI_Datatype type, MPIR_Win *win,
                       MPIDI_winattr_t winattr)
{
    return transfer(FROM_TARGET, origin, origin_count, origin_type, rank, disp, count, type, win,
                    winattr);
}

int MPIDI_IVSHMEMI_rma_request(int rc, MPIR_Win *win, MPIR_Request **request)
{
    if (rc == MPI_SUCCESS) {
        int vci = MPIDI_WIN(win, am_vci);
        MPIDI_CH4_REQUEST_CREATE(*request, MPIR_REQUEST_KIND__RMA, vci, 2);
        MPIR_ERR_CHKANDSTMT(*request == NULL, rc, MPI_ERR_NO_MEM, return rc, "**nomemreq");
        MPID_Request_complete(*request);
    }
    return rc;
}
