/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * One-sided communication in windows that lie in the region. mpidch4.h includes this between the
 * definitions of the shared-memory layer and the netmod and the files that call them: what those
 * call for a window goes to the functions here, which leave to the former what is not theirs.
 *
 * All keep the contract of the function they stand in for, and run under MPICH's global lock.
 */
#ifndef IVSHMEM_RMA_H_INCLUDED
#define IVSHMEM_RMA_H_INCLUDED

int MPIDI_IVSHMEMI_put(const void *origin, int origin_count, MPI_Datatype origin_type, int rank,
                       MPI_Aint disp, int count, MPI_Datatype type, MPIR_Win *win,
                       MPIDI_winattr_t winattr);
int MPIDI_IVSHMEMI_get(void *origin, int origin_count, MPI_Datatype origin_type, int rank,
                       MPI_Aint disp, int count, MPI_Datatype type, MPIR_Win *win,
                       MPIDI_winattr_t winattr);
/* Accumulate (result_count 0) and Get_accumulate. */
int MPIDI_IVSHMEMI_accumulate(const void *origin, int origin_count, MPI_Datatype origin_type,
                              void *result, int result_count, MPI_Datatype result_type, int rank,
                              MPI_Aint disp, int count, MPI_Datatype type, MPI_Op op, MPIR_Win *win,
                              MPIDI_winattr_t winattr);
int MPIDI_IVSHMEMI_fetch_and_op(const void *origin, void *result, MPI_Datatype type, int rank,
                                MPI_Aint disp, MPI_Op op, MPIR_Win *win, MPIDI_winattr_t winattr);
int MPIDI_IVSHMEMI_compare_and_swap(const void *origin, const void *compare, void *result,
                                    MPI_Datatype type, int rank, MPI_Aint disp, MPIR_Win *win,
                                    MPIDI_winattr_t winattr);
/* A request that is complete, for the operations that return one. rc: of the operation. */
int MPIDI_IVSHMEMI_rma_request(int rc, MPIR_Win *win, MPIR_Request **request);

/* Dynamic windows (ivshmem_dynamic.c): whether the operation is for the functions above, and these
 * find its memory then; else, the attributes to hand on. ordered: an accumulate of any kind. */
bool MPIDI_IVSHMEMI_reach(MPIR_Win *win, int rank, MPI_Aint disp, MPI_Aint count, MPI_Datatype type,
                          bool ordered, MPIDI_winattr_t *winattr);

int MPIDI_IVSHMEMI_win_lock(int lock_type, int rank, int assert, MPIR_Win *win);
int MPIDI_IVSHMEMI_win_unlock(int rank, MPIR_Win *win);
int MPIDI_IVSHMEMI_win_lock_all(int assert, MPIR_Win *win);
int MPIDI_IVSHMEMI_win_unlock_all(MPIR_Win *win);
int MPIDI_IVSHMEMI_win_flush(int rank, MPIR_Win *win);
int MPIDI_IVSHMEMI_win_flush_all(MPIR_Win *win);

/* MPI_Alloc_mem by size, and by info key; MPI_Free_mem (ivshmem_mem.c). */
void *MPIDI_IVSHMEM_alloc_mem(MPI_Aint bytes, MPIR_Info *info);
void *MPIDI_IVSHMEM_alloc_shmem(MPI_Aint bytes, MPIR_Info *info);
int MPIDI_IVSHMEM_free_mem(void *addr);

/* Whether the locks of the ranks of this host are in the region; whether all ranks are on it. */
#define MPIDI_IVSHMEM_LOCKS(win) ((win)->dev.shm.posix.ivshmem.own != NULL)
#define MPIDI_IVSHMEM_WIN_IS_WHOLE(win) ((win)->dev.shm.posix.ivshmem.whole)

static inline bool MPIDI_IVSHMEM_locks_target(const MPIR_Win *win, int rank)
{
    return MPIDI_IVSHMEM_LOCKS(win) &&
           (MPIDI_IVSHMEM_WIN_IS_WHOLE(win) || MPIDI_rank_is_local(rank, win->comm_ptr));
}

/* Whether the parts of the window on this host, or what is accessed of them, lie in the region. */
static inline bool MPIDI_IVSHMEM_is_direct(MPIR_Win *win, int rank, MPI_Aint disp, MPI_Aint count,
                                           MPI_Datatype type, bool ordered,
                                           MPIDI_winattr_t *winattr)
{
    return win->dev.shm.posix.ivshmem.own != NULL &&
           (likely(!win->dev.shm.posix.ivshmem.dynamic) ||
            MPIDI_IVSHMEMI_reach(win, rank, disp, count, type, ordered, winattr));
}

static inline int MPIDI_IVSHMEM_mpi_put(const void *origin, int origin_count,
                                        MPI_Datatype origin_type, int rank, MPI_Aint disp,
                                        int count, MPI_Datatype type, MPIR_Win *win,
                                        MPIDI_winattr_t winattr)
{
    return MPIDI_IVSHMEM_is_direct(win, rank, disp, count, type, false, &winattr)
               ? MPIDI_IVSHMEMI_put(origin, origin_count, origin_type, rank, disp, count, type, win,
                                    winattr)
               : MPIDI_SHM_mpi_put(origin, origin_count, origin_type, rank, disp, count, type, win,
                                   winattr);
}

static inline int MPIDI_IVSHMEM_mpi_get(void *origin, int origin_count, MPI_Datatype origin_type,
                                        int rank, MPI_Aint disp, int count, MPI_Datatype type,
                                        MPIR_Win *win, MPIDI_winattr_t winattr)
{
    return MPIDI_IVSHMEM_is_direct(win, rank, disp, count, type, false, &winattr)
               ? MPIDI_IVSHMEMI_get(origin, origin_count, origin_type, rank, disp, count, type, win,
                                    winattr)
               : MPIDI_SHM_mpi_get(origin, origin_count, origin_type, rank, disp, count, type, win,
                                   winattr);
}

static inline int MPIDI_IVSHMEM_mpi_rput(const void *origin, int origin_count,
                                         MPI_Datatype origin_type, int rank, MPI_Aint disp,
                                         int count, MPI_Datatype type, MPIR_Win *win,
                                         MPIDI_winattr_t winattr, MPIR_Request **request)
{
    return MPIDI_IVSHMEM_is_direct(win, rank, disp, count, type, false, &winattr)
               ? MPIDI_IVSHMEMI_rma_request(MPIDI_IVSHMEMI_put(origin, origin_count, origin_type,
                                                               rank, disp, count, type, win,
                                                               winattr),
                                            win, request)
               : MPIDI_SHM_mpi_rput(origin, origin_count, origin_type, rank, disp, count, type, win,
                                    winattr, request);
}

static inline int MPIDI_IVSHMEM_mpi_rget(void *origin, int origin_count, MPI_Datatype origin_type,
                                         int rank, MPI_Aint disp, int count, MPI_Datatype type,
                                         MPIR_Win *win, MPIDI_winattr_t winattr,
                                         MPIR_Request **request)
{
    return MPIDI_IVSHMEM_is_direct(win, rank, disp, count, type, false, &winattr)
               ? MPIDI_IVSHMEMI_rma_request(MPIDI_IVSHMEMI_get(origin, origin_count, origin_type,
                                                               rank, disp, count, type, win,
                                                               winattr),
                                            win, request)
               : MPIDI_SHM_mpi_rget(origin, origin_count, origin_type, rank, disp, count, type, win,
                                    winattr, request);
}

static inline int MPIDI_IVSHMEM_mpi_accumulate(const void *origin, int origin_count,
                                               MPI_Datatype origin_type, int rank, MPI_Aint disp,
                                               int count, MPI_Datatype type, MPI_Op op,
                                               MPIR_Win *win, MPIDI_winattr_t winattr)
{
    return MPIDI_IVSHMEM_is_direct(win, rank, disp, count, type, true, &winattr)
               ? MPIDI_IVSHMEMI_accumulate(origin, origin_count, origin_type, NULL, 0,
                                           MPI_DATATYPE_NULL, rank, disp, count, type, op, win,
                                           winattr)
               : MPIDI_SHM_mpi_accumulate(origin, origin_count, origin_type, rank, disp, count,
                                          type, op, win, winattr);
}

static inline int MPIDI_IVSHMEM_mpi_raccumulate(const void *origin, int origin_count,
                                                MPI_Datatype origin_type, int rank, MPI_Aint disp,
                                                int count, MPI_Datatype type, MPI_Op op,
                                                MPIR_Win *win, MPIDI_winattr_t winattr,
                                                MPIR_Request **request)
{
    return MPIDI_IVSHMEM_is_direct(win, rank, disp, count, type, true, &winattr)
               ? MPIDI_IVSHMEMI_rma_request(MPIDI_IVSHMEMI_accumulate(origin, origin_count,
                                                                      origin_type, NULL, 0,
                                                                      MPI_DATATYPE_NULL, rank, disp,
                                                                      count, type, op, win,
                                                                      winattr),
                                            win, request)
               : MPIDI_SHM_mpi_raccumulate(origin, origin_count, origin_type, rank, disp, count,
                                           type, op, win, winattr, request);
}

static inline int MPIDI_IVSHMEM_mpi_get_accumulate(const void *origin, int origin_count,
                                                   MPI_Datatype origin_type, void *result,
                                                   int result_count, MPI_Datatype result_type,
                                                   int rank, MPI_Aint disp, int count,
                                                   MPI_Datatype type, MPI_Op op, MPIR_Win *win,
                                                   MPIDI_winattr_t winattr)
{
    return MPIDI_IVSHMEM_is_direct(win, rank, disp, count, type, true, &winattr)
               ? MPIDI_IVSHMEMI_accumulate(origin, origin_count, origin_type, result, result_count,
                                           result_type, rank, disp, count, type, op, win, winattr)
               : MPIDI_SHM_mpi_get_accumulate(origin, origin_count, origin_type, result,
                                              result_count, result_type, rank, disp, count, type,
                                              op, win, winattr);
}

static inline int MPIDI_IVSHMEM_mpi_rget_accumulate(const void *origin, int origin_count,
                                                    MPI_Datatype origin_type, void *result,
                                                    int result_count, MPI_Datatype result_type,
                                                    int rank, MPI_Aint disp, int count,
                                                    MPI_Datatype type, MPI_Op op, MPIR_Win *win,
                                                    MPIDI_winattr_t winattr, MPIR_Request **request)
{
    return MPIDI_IVSHMEM_is_direct(win, rank, disp, count, type, true, &winattr)
               ? MPIDI_IVSHMEMI_rma_request(MPIDI_IVSHMEMI_accumulate(origin, origin_count,
                                                                      origin_type, result,
                                                                      result_count, result_type,
                                                                      rank, disp, count, type, op,
                                                                      win, winattr),
                                            win, request)
               : MPIDI_SHM_mpi_rget_accumulate(origin, origin_count, origin_type, result,
                                               result_count, result_type, rank, disp, count, type,
                                               op, win, winattr, request);
}

static inline int MPIDI_IVSHMEM_mpi_fetch_and_op(const void *origin, void *result,
                                                 MPI_Datatype type, int rank, MPI_Aint disp,
                                                 MPI_Op op, MPIR_Win *win, MPIDI_winattr_t winattr)
{
    return MPIDI_IVSHMEM_is_direct(win, rank, disp, 1, type, true, &winattr)
               ? MPIDI_IVSHMEMI_fetch_and_op(origin, result, type, rank, disp, op, win, winattr)
               : MPIDI_SHM_mpi_fetch_and_op(origin, result, type, rank, disp, op, win, winattr);
}

static inline int MPIDI_IVSHMEM_mpi_compare_and_swap(const void *origin, const void *compare,
                                                     void *result, MPI_Datatype type, int rank,
                                                     MPI_Aint disp, MPIR_Win *win,
                                                     MPIDI_winattr_t winattr)
{
    return MPIDI_IVSHMEM_is_direct(win, rank, disp, 1, type, true, &winattr)
               ? MPIDI_IVSHMEMI_compare_and_swap(origin, compare, result, type, rank, disp, win,
                                                 winattr)
               : MPIDI_SHM_mpi_compare_and_swap(origin, compare, result, type, rank, disp, win,
                                                winattr);
}

static inline int MPIDI_IVSHMEM_win_lock(int lock_type, int rank, int assert, MPIR_Win *win,
                                         MPIDI_av_entry_t *addr)
{
    return MPIDI_IVSHMEM_locks_target(win, rank)
               ? MPIDI_IVSHMEMI_win_lock(lock_type, rank, assert, win)
               : MPIDI_NM_mpi_win_lock(lock_type, rank, assert, win, addr);
}

static inline int MPIDI_IVSHMEM_win_unlock(int rank, MPIR_Win *win, MPIDI_av_entry_t *addr)
{
    return MPIDI_IVSHMEM_locks_target(win, rank) ? MPIDI_IVSHMEMI_win_unlock(rank, win)
                                                 : MPIDI_NM_mpi_win_unlock(rank, win, addr);
}

static inline int MPIDI_IVSHMEM_win_lock_all(int assert, MPIR_Win *win)
{
    return MPIDI_IVSHMEM_LOCKS(win) ? MPIDI_IVSHMEMI_win_lock_all(assert, win)
                                    : MPIDI_NM_mpi_win_lock_all(assert, win);
}

static inline int MPIDI_IVSHMEM_win_unlock_all(MPIR_Win *win)
{
    return MPIDI_IVSHMEM_LOCKS(win) ? MPIDI_IVSHMEMI_win_unlock_all(win)
                                    : MPIDI_NM_mpi_win_unlock_all(win);
}

static inline int MPIDI_IVSHMEM_win_flush(int rank, MPIR_Win *win, MPIDI_av_entry_t *addr)
{
    return MPIDI_IVSHMEM_WIN_IS_WHOLE(win) ? MPIDI_IVSHMEMI_win_flush(rank, win)
                                           : MPIDI_NM_mpi_win_flush(rank, win, addr);
}

static inline int MPIDI_IVSHMEM_win_flush_local(int rank, MPIR_Win *win, MPIDI_av_entry_t *addr)
{
    return MPIDI_IVSHMEM_WIN_IS_WHOLE(win) ? MPIDI_IVSHMEMI_win_flush(rank, win)
                                           : MPIDI_NM_mpi_win_flush_local(rank, win, addr);
}

static inline int MPIDI_IVSHMEM_win_flush_all(MPIR_Win *win)
{
    return MPIDI_IVSHMEM_WIN_IS_WHOLE(win) ? MPIDI_IVSHMEMI_win_flush_all(win)
                                           : MPIDI_NM_mpi_win_flush_all(win);
}

static inline int MPIDI_IVSHMEM_win_flush_local_all(MPIR_Win *win)
{
    return MPIDI_IVSHMEM_WIN_IS_WHOLE(win) ? MPIDI_IVSHMEMI_win_flush_all(win)
                                           : MPIDI_NM_mpi_win_flush_local_all(win);
}

/* From here on. */
#define MPIDI_SHM_mpi_put MPIDI_IVSHMEM_mpi_put
#define MPIDI_SHM_mpi_get MPIDI_IVSHMEM_mpi_get
#define MPIDI_SHM_mpi_rput MPIDI_IVSHMEM_mpi_rput
#define MPIDI_SHM_mpi_rget MPIDI_IVSHMEM_mpi_rget
#define MPIDI_SHM_mpi_accumulate MPIDI_IVSHMEM_mpi_accumulate
#define MPIDI_SHM_mpi_raccumulate MPIDI_IVSHMEM_mpi_raccumulate
#define MPIDI_SHM_mpi_get_accumulate MPIDI_IVSHMEM_mpi_get_accumulate
#define MPIDI_SHM_mpi_rget_accumulate MPIDI_IVSHMEM_mpi_rget_accumulate
#define MPIDI_SHM_mpi_fetch_and_op MPIDI_IVSHMEM_mpi_fetch_and_op
#define MPIDI_SHM_mpi_compare_and_swap MPIDI_IVSHMEM_mpi_compare_and_swap
#define MPIDI_NM_mpi_win_lock MPIDI_IVSHMEM_win_lock
#define MPIDI_NM_mpi_win_unlock MPIDI_IVSHMEM_win_unlock
#define MPIDI_NM_mpi_win_lock_all MPIDI_IVSHMEM_win_lock_all
#define MPIDI_NM_mpi_win_unlock_all MPIDI_IVSHMEM_win_unlock_all
#define MPIDI_NM_mpi_win_flush MPIDI_IVSHMEM_win_flush
#define MPIDI_NM_mpi_win_flush_local MPIDI_IVSHMEM_win_flush_local
#define MPIDI_NM_mpi_win_flush_all MPIDI_IVSHMEM_win_flush_all
#define MPIDI_NM_mpi_win_flush_local_all MPIDI_IVSHMEM_win_flush_local_all

#endif /* IVSHMEM_RMA_H_INCLUDED */
