/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Reductions whose result does not depend on where ranks run: MPICH's algorithms that know ranks only.
 * Sums of floating-point numbers round alike then, however many VMs and hosts the same ranks are on.
 */
#include "ivshmem_coll_impl.h"
#include "ivshmem_coll.h"

int MPIDI_IVSHMEMI_ordered_reduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                                  MPI_Op op, int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    return comm->comm_kind == MPIR_COMM_KIND__INTRACOMM
               ? MPIR_Reduce_intra_binomial(send, recv, count, type, op, root, comm, errflag)
               : MPID_Reduce(send, recv, count, type, op, root, comm, errflag);
}

int MPIDI_IVSHMEMI_ordered_allreduce(const void *send, void *recv, MPI_Aint count,
                                     MPI_Datatype type, MPI_Op op, MPIR_Comm *comm,
                                     MPIR_Errflag_t *errflag)
{
    return comm->comm_kind == MPIR_COMM_KIND__INTRACOMM
               ? MPIR_Allreduce_intra_recursive_doubling(send, recv, count, type, op, comm, errflag)
               : MPID_Allreduce(send, recv, count, type, op, comm, errflag);
}

int MPIDI_IVSHMEMI_ordered_scan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                                MPI_Op op, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    return MPIR_Scan_intra_recursive_doubling(send, recv, count, type, op, comm, errflag);
}
