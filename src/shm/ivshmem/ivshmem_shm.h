/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The message transport as CH4's shared-memory layer calls it (shm_p2p.h, shm_am.h,
 * shm_progress.h, posix_init.c). Each stands in for the MPIDI_POSIX_ function of the same name
 * and keeps its contract. All run under MPICH's global lock.
 */
#ifndef IVSHMEM_SHM_H_INCLUDED
#define IVSHMEM_SHM_H_INCLUDED

int MPIDI_IVSHMEM_transport_init(int rank, int size);
int MPIDI_IVSHMEM_transport_finalize(void);

int MPIDI_IVSHMEM_progress(int vci, int blocking);

int MPIDI_IVSHMEM_mpi_isend(const void *buf, MPI_Aint count, MPI_Datatype datatype, int rank,
                            int tag, MPIR_Comm *comm, int context_offset, MPIDI_av_entry_t *addr,
                            MPIR_Request **request);
int MPIDI_IVSHMEM_isend_coll(const void *buf, MPI_Aint count, MPI_Datatype datatype, int rank,
                             int tag, MPIR_Comm *comm, int context_offset, MPIDI_av_entry_t *addr,
                             MPIR_Request **request, MPIR_Errflag_t *errflag);

int MPIDI_IVSHMEM_am_send_hdr(int rank, MPIR_Comm *comm, int handler_id, const void *am_hdr,
                              MPI_Aint am_hdr_sz, int src_vci, int dst_vci);
int MPIDI_IVSHMEM_am_isend(int rank, MPIR_Comm *comm, int handler_id, const void *am_hdr,
                           MPI_Aint am_hdr_sz, const void *data, MPI_Aint count,
                           MPI_Datatype datatype, int src_vci, int dst_vci, MPIR_Request *sreq);
int MPIDI_IVSHMEM_am_send_hdr_reply(MPIR_Comm *comm, int src_rank, int handler_id,
                                    const void *am_hdr, MPI_Aint am_hdr_sz, int src_vci,
                                    int dst_vci);
int MPIDI_IVSHMEM_am_isend_reply(MPIR_Comm *comm, int src_rank, int handler_id, const void *am_hdr,
                                 MPI_Aint am_hdr_sz, const void *data, MPI_Aint count,
                                 MPI_Datatype datatype, int src_vci, int dst_vci,
                                 MPIR_Request *sreq);
MPI_Aint MPIDI_IVSHMEM_am_hdr_max_sz(void);
MPI_Aint MPIDI_IVSHMEM_am_eager_limit(void);
MPI_Aint MPIDI_IVSHMEM_am_eager_buf_limit(void);

#endif /* IVSHMEM_SHM_H_INCLUDED */
