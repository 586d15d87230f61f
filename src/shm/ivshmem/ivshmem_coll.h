/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collective operations that know the host. mpidch4.h includes this after CH4's own
 * (ch4_coll.h), and what calls those from then on calls the functions here: each leaves to the former
 * what is not its business, and keeps its contract. Under MPICH's global lock.
 */
#ifndef IVSHMEM_COLL_H_INCLUDED
#define IVSHMEM_COLL_H_INCLUDED

int MPIDI_IVSHMEM_barrier(MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_bcast(void *buf, MPI_Aint count, MPI_Datatype type, int root, MPIR_Comm *comm,
                        MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_allgather(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                            void *recv, MPI_Aint recv_count, MPI_Datatype recv_type,
                            MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_allgatherv(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                             void *recv, const MPI_Aint *recv_counts, const MPI_Aint *displs,
                             MPI_Datatype recv_type, MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_gather(const void *send, MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                         MPI_Aint recv_count, MPI_Datatype recv_type, int root, MPIR_Comm *comm,
                         MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_scatter(const void *send, MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                          MPI_Aint recv_count, MPI_Datatype recv_type, int root, MPIR_Comm *comm,
                          MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_alltoall(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                           void *recv, MPI_Aint recv_count, MPI_Datatype recv_type, MPIR_Comm *comm,
                           MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_gatherv(const void *send, MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                          const MPI_Aint *counts, const MPI_Aint *displs, MPI_Datatype recv_type,
                          int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_scatterv(const void *send, const MPI_Aint *counts, const MPI_Aint *displs,
                           MPI_Datatype send_type, void *recv, MPI_Aint recv_count,
                           MPI_Datatype recv_type, int root, MPIR_Comm *comm,
                           MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_alltoallv(const void *send, const MPI_Aint *send_counts,
                            const MPI_Aint *send_displs, MPI_Datatype send_type, void *recv,
                            const MPI_Aint *recv_counts, const MPI_Aint *recv_displs,
                            MPI_Datatype recv_type, MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_alltoallw(const void *send, const MPI_Aint *send_counts,
                            const MPI_Aint *send_displs, const MPI_Datatype *send_types, void *recv,
                            const MPI_Aint *recv_counts, const MPI_Aint *recv_displs,
                            const MPI_Datatype *recv_types, MPIR_Comm *comm,
                            MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_allreduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                            MPI_Op op, MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_reduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                         int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_reduce_scatter_block(const void *send, void *recv, MPI_Aint count,
                                       MPI_Datatype type, MPI_Op op, MPIR_Comm *comm,
                                       MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_reduce_scatter(const void *send, void *recv, const MPI_Aint *counts,
                                 MPI_Datatype type, MPI_Op op, MPIR_Comm *comm,
                                 MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_scan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                       MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEM_exscan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                         MPIR_Comm *comm, MPIR_Errflag_t *errflag);

/* Non-blocking ones, of communicators that have used blocking ones before. */
int MPIDI_IVSHMEM_ibarrier(MPIR_Comm *comm, MPIR_Request **request);
int MPIDI_IVSHMEM_ibcast(void *buf, MPI_Aint count, MPI_Datatype type, int root, MPIR_Comm *comm,
                         MPIR_Request **request);
int MPIDI_IVSHMEM_iallgather(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                             void *recv, MPI_Aint recv_count, MPI_Datatype recv_type,
                             MPIR_Comm *comm, MPIR_Request **request);
int MPIDI_IVSHMEM_igather(const void *send, MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                          MPI_Aint recv_count, MPI_Datatype recv_type, int root, MPIR_Comm *comm,
                          MPIR_Request **request);
int MPIDI_IVSHMEM_iscatter(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                           void *recv, MPI_Aint recv_count, MPI_Datatype recv_type, int root,
                           MPIR_Comm *comm, MPIR_Request **request);
int MPIDI_IVSHMEM_ialltoall(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                            void *recv, MPI_Aint recv_count, MPI_Datatype recv_type,
                            MPIR_Comm *comm, MPIR_Request **request);
int MPIDI_IVSHMEM_iallreduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                             MPI_Op op, MPIR_Comm *comm, MPIR_Request **request);
int MPIDI_IVSHMEM_ireduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                          MPI_Op op, int root, MPIR_Comm *comm, MPIR_Request **request);
int MPIDI_IVSHMEM_ireduce_scatter_block(const void *send, void *recv, MPI_Aint count,
                                        MPI_Datatype type, MPI_Op op, MPIR_Comm *comm,
                                        MPIR_Request **request);
int MPIDI_IVSHMEM_iscan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                        MPIR_Comm *comm, MPIR_Request **request);
int MPIDI_IVSHMEM_iexscan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                          MPI_Op op, MPIR_Comm *comm, MPIR_Request **request);

#ifndef IVSHMEM_COLL_DECLARE_ONLY
#define MPID_Barrier MPIDI_IVSHMEM_barrier
#define MPID_Bcast MPIDI_IVSHMEM_bcast
#define MPID_Allgather MPIDI_IVSHMEM_allgather
#define MPID_Allgatherv MPIDI_IVSHMEM_allgatherv
#define MPID_Gather MPIDI_IVSHMEM_gather
#define MPID_Scatter MPIDI_IVSHMEM_scatter
#define MPID_Alltoall MPIDI_IVSHMEM_alltoall
#define MPID_Gatherv MPIDI_IVSHMEM_gatherv
#define MPID_Scatterv MPIDI_IVSHMEM_scatterv
#define MPID_Alltoallv MPIDI_IVSHMEM_alltoallv
#define MPID_Alltoallw MPIDI_IVSHMEM_alltoallw
#define MPID_Allreduce MPIDI_IVSHMEM_allreduce
#define MPID_Reduce MPIDI_IVSHMEM_reduce
#define MPID_Reduce_scatter_block MPIDI_IVSHMEM_reduce_scatter_block
#define MPID_Reduce_scatter MPIDI_IVSHMEM_reduce_scatter
#define MPID_Scan MPIDI_IVSHMEM_scan
#define MPID_Exscan MPIDI_IVSHMEM_exscan
#define MPID_Ibarrier MPIDI_IVSHMEM_ibarrier
#define MPID_Ibcast MPIDI_IVSHMEM_ibcast
#define MPID_Iallgather MPIDI_IVSHMEM_iallgather
#define MPID_Igather MPIDI_IVSHMEM_igather
#define MPID_Iscatter MPIDI_IVSHMEM_iscatter
#define MPID_Ialltoall MPIDI_IVSHMEM_ialltoall
#define MPID_Iallreduce MPIDI_IVSHMEM_iallreduce
#define MPID_Ireduce MPIDI_IVSHMEM_ireduce
#define MPID_Ireduce_scatter_block MPIDI_IVSHMEM_ireduce_scatter_block
#define MPID_Iscan MPIDI_IVSHMEM_iscan
#define MPID_Iexscan MPIDI_IVSHMEM_iexscan
#endif

#endif /* IVSHMEM_COLL_H_INCLUDED */
