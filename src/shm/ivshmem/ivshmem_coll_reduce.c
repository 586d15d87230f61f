/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * MPI's collective operations that reduce, among ranks of one host: elements of the basic types, by
 * any operation. Derived types, which only the program's own operations can take, and pairs with
 * gaps are left to MPICH. Type and operation are the same on all ranks.
 */
#include "ivshmem_coll_impl.h"
#include "ivshmem_coll.h"
#include "ivshmem_loop.h"

#define MANY 16 /* elements for which a vector loop is worth while */

struct operation {
    MPI_Op op;
    MPI_Datatype type;
    ivs_reduce_fn loop; /* NULL: MPICH's function */
    int mpi_errno;
};

static int apply(void *context, const void *in, void *inout, size_t count)
{
    struct operation *operation = context;

    if (operation->loop != NULL && count >= MANY) {
        operation->loop(inout, in, count);
        return 0;
    }
    operation->mpi_errno =
        MPIR_Reduce_local(in, inout, (MPI_Aint) count, operation->type, operation->op);
    return operation->mpi_errno == MPI_SUCCESS ? 0 : -EINVAL;
}

/* What a call wants, and how it gets it. */
struct call {
    struct operation operation;
    struct ivs_coll_op op;
    struct MPIDI_IVSHMEM_coll *own;
    enum ivs_algorithm algorithm;
};

/* Whether it is for us: operations that do not commute only among ranks of one host, as those of a
 * host need not be consecutive. */
static bool is_ours(const MPIR_Comm *comm, MPI_Aint count, MPI_Datatype type, MPI_Op op)
{
    return HANDLE_IS_BUILTIN(type) && count > 0 && MPIR_Datatype_get_basic_size(type) > 0 &&
           (comm->node_count == 1 || MPIR_Op_is_commutative(op));
}

static void call_begin(struct call *call, enum ivs_operation kind, MPIR_Comm *comm, MPI_Aint count,
                       MPI_Datatype type, MPI_Op op)
{
    const MPI_Aint bytes = MPIDI_IVSHMEMI_bytes_of(count, type);

    call->algorithm = IVS_MPICH;
    if (!is_ours(comm, count, type, op)) {
        MPIDI_IVSHMEMI_coll_count(kind, bytes, IVS_MPICH);
        return;
    }
    call->operation.op = op;
    call->operation.type = type;
    call->operation.loop = HANDLE_IS_BUILTIN(op) ? MPIDI_IVSHMEMI_loop_find(op, type) : NULL;
    call->operation.mpi_errno = MPI_SUCCESS;
    call->op.apply = apply;
    call->op.context = &call->operation;
    call->op.unit = (size_t) MPIR_Datatype_get_basic_size(type);
    call->algorithm = MPIDI_IVSHMEMI_coll_choose(comm, kind, bytes, &call->own);
}

static int call_end(struct call *call, int rc)
{
    if (call->operation.mpi_errno != MPI_SUCCESS) {
        call->own->mpi_errno = call->operation.mpi_errno;
    }
    return MPIDI_IVSHMEMI_coll_error(call->own, rc);
}

static enum ivs_coll_way way_of(const struct call *call)
{
    return call->algorithm == IVS_SLICES ? IVS_COLL_SLICES : IVS_COLL_WHOLE;
}

int MPIDI_IVSHMEM_allreduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                            MPI_Op op, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct call call;
    int rc;

    call_begin(&call, IVS_ALLREDUCE, comm, count, type, op);
    if (call.algorithm == IVS_HOSTS) {
        return MPIDI_IVSHMEMI_hosts_allreduce(send, recv, count, type, op, comm, errflag);
    }
    if (call.algorithm == IVS_MPICH) {
        return MPID_Allreduce(send, recv, count, type, op, comm, errflag);
    }
    rc = ivs_coll_allreduce(&call.own->coll, send == MPI_IN_PLACE ? recv : send, recv,
                            (size_t) count, &call.op, way_of(&call));
    return call_end(&call, rc);
}

int MPIDI_IVSHMEM_reduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                         int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct call call;
    int rc;

    call_begin(&call, IVS_REDUCE, comm, count, type, op);
    if (call.algorithm == IVS_HOSTS) {
        return MPIDI_IVSHMEMI_hosts_reduce(send, recv, count, type, op, root, comm, errflag);
    }
    if (call.algorithm == IVS_MPICH) {
        return MPID_Reduce(send, recv, count, type, op, root, comm, errflag);
    }
    rc = ivs_coll_reduce(&call.own->coll, (uint32_t) root, send == MPI_IN_PLACE ? recv : send, recv,
                         (size_t) count, &call.op, way_of(&call));
    return call_end(&call, rc);
}

int MPIDI_IVSHMEM_reduce_scatter_block(const void *send, void *recv, MPI_Aint count,
                                       MPI_Datatype type, MPI_Op op, MPIR_Comm *comm,
                                       MPIR_Errflag_t *errflag)
{
    const struct ivs_coll_counts blocks = { .each = (size_t) count };
    struct call call;
    int rc;

    call_begin(&call, IVS_REDUCE_SCATTER_BLOCK, comm, count, type, op);
    if (call.algorithm == IVS_MPICH) {
        return MPID_Reduce_scatter_block(send, recv, count, type, op, comm, errflag);
    }
    rc = ivs_coll_reduce_scatter(&call.own->coll, send == MPI_IN_PLACE ? recv : send, recv, &blocks,
                                 &call.op);
    return call_end(&call, rc);
}

static size_t count_of(const void *context, uint32_t member)
{
    return (size_t) ((const MPI_Aint *) context)[member];
}

int MPIDI_IVSHMEM_reduce_scatter(const void *send, void *recv, const MPI_Aint *counts,
                                 MPI_Datatype type, MPI_Op op, MPIR_Comm *comm,
                                 MPIR_Errflag_t *errflag)
{
    const struct ivs_coll_counts blocks = { 0, count_of, counts };
    MPI_Aint longest = 0;
    struct call call;
    int rc;

    for (int j = 0; j < comm->local_size; j++) {
        longest = MPL_MAX(longest, counts[j]);
    }
    call_begin(&call, IVS_REDUCE_SCATTER, comm, longest, type, op);
    if (call.algorithm == IVS_MPICH) {
        return MPID_Reduce_scatter(send, recv, counts, type, op, comm, errflag);
    }
    rc = ivs_coll_reduce_scatter(&call.own->coll, send == MPI_IN_PLACE ? recv : send, recv, &blocks,
                                 &call.op);
    return call_end(&call, rc);
}

static int run_scan(struct call *call, const void *send, void *recv, MPI_Aint count,
                    bool without_self)
{
    return call_end(call, ivs_coll_scan(&call->own->coll, send == MPI_IN_PLACE ? recv : send, recv,
                                        (size_t) count, &call->op, without_self));
}

int MPIDI_IVSHMEM_scan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                       MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct call call;

    call_begin(&call, IVS_SCAN, comm, count, type, op);
    return call.algorithm == IVS_MPICH ? MPID_Scan(send, recv, count, type, op, comm, errflag)
                                       : run_scan(&call, send, recv, count, false);
}

int MPIDI_IVSHMEM_exscan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                         MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct call call;

    call_begin(&call, IVS_EXSCAN, comm, count, type, op);
    return call.algorithm == IVS_MPICH ? MPID_Exscan(send, recv, count, type, op, comm, errflag)
                                       : run_scan(&call, send, recv, count, true);
}
