/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What CH4 calls when windows, their memory, and communicators come and go: shm_hooks.c includes this
 * after posix's declarations.
 * Each stands in for the MPIDI_POSIX_ function of the same name, calls it, and keeps its
 * contract.
 */
#ifndef IVSHMEM_HOOKS_H_INCLUDED
#define IVSHMEM_HOOKS_H_INCLUDED

int MPIDI_IVSHMEM_mpi_win_create_hook(MPIR_Win *win);
int MPIDI_IVSHMEM_mpi_win_allocate_hook(MPIR_Win *win);
int MPIDI_IVSHMEM_mpi_win_allocate_shared_hook(MPIR_Win *win);
int MPIDI_IVSHMEM_mpi_win_create_dynamic_hook(MPIR_Win *win);
int MPIDI_IVSHMEM_mpi_win_attach_hook(MPIR_Win *win, void *base, MPI_Aint size);
int MPIDI_IVSHMEM_mpi_win_detach_hook(MPIR_Win *win, const void *base);
int MPIDI_IVSHMEM_mpi_win_free_hook(MPIR_Win *win);
int MPIDI_IVSHMEM_mpi_comm_commit_pre_hook(MPIR_Comm *comm);
int MPIDI_IVSHMEM_mpi_comm_free_hook(MPIR_Comm *comm);

#ifndef IVSHMEM_HOOKS_DECLARE_ONLY
#define MPIDI_POSIX_mpi_win_create_hook MPIDI_IVSHMEM_mpi_win_create_hook
#define MPIDI_POSIX_mpi_win_allocate_hook MPIDI_IVSHMEM_mpi_win_allocate_hook
#define MPIDI_POSIX_mpi_win_allocate_shared_hook MPIDI_IVSHMEM_mpi_win_allocate_shared_hook
#define MPIDI_POSIX_mpi_win_create_dynamic_hook MPIDI_IVSHMEM_mpi_win_create_dynamic_hook
#define MPIDI_POSIX_mpi_win_attach_hook MPIDI_IVSHMEM_mpi_win_attach_hook
#define MPIDI_POSIX_mpi_win_detach_hook MPIDI_IVSHMEM_mpi_win_detach_hook
#define MPIDI_POSIX_mpi_win_free_hook MPIDI_IVSHMEM_mpi_win_free_hook
#define MPIDI_POSIX_mpi_comm_commit_pre_hook MPIDI_IVSHMEM_mpi_comm_commit_pre_hook
#define MPIDI_POSIX_mpi_comm_free_hook MPIDI_IVSHMEM_mpi_comm_free_hook
#endif

#endif /* IVSHMEM_HOOKS_H_INCLUDED */
