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

#define MANY 16          /* elements for which it is worth while to look for a vector loop */
#define WHOLE_BYTES 4096 /* up to here every rank makes the whole sum: one step instead of two */
#define WHOLE_RANKS 2    /* or with so few ranks: what slices save, the second step costs */

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

/* The area of comm if it may be used for this. */
static struct MPIDI_IVSHMEM_coll *reducer_of(MPIR_Comm *comm, MPI_Aint count, MPI_Datatype type,
                                             MPI_Op op, struct operation *operation,
                                             struct ivs_coll_op *own_op)
{
    if (!HANDLE_IS_BUILTIN(type) || count == 0) {
        return NULL;
    }
    operation->op = op;
    operation->type = type;
    operation->loop = HANDLE_IS_BUILTIN(op) ? MPIDI_IVSHMEMI_loop_find(op, type) : NULL;
    operation->mpi_errno = MPI_SUCCESS;
    own_op->apply = apply;
    own_op->context = operation;
    own_op->unit = (size_t) MPIR_Datatype_get_basic_size(type);
    return own_op->unit == 0 ? NULL : MPIDI_IVSHMEMI_coll_of(comm);
}

static enum ivs_coll_way way_for(const struct MPIDI_IVSHMEM_coll *own, size_t bytes)
{
    return own->coll.members <= WHOLE_RANKS || bytes <= WHOLE_BYTES ? IVS_COLL_WHOLE
                                                                    : IVS_COLL_SLICES;
}

static int end(struct MPIDI_IVSHMEM_coll *own, const struct operation *operation, int rc)
{
    if (operation->mpi_errno != MPI_SUCCESS) {
        own->mpi_errno = operation->mpi_errno;
    }
    return MPIDI_IVSHMEMI_coll_error(own, rc);
}

int MPIDI_IVSHMEM_allreduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                            MPI_Op op, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct operation operation;
    struct ivs_coll_op own_op;
    struct MPIDI_IVSHMEM_coll *own = reducer_of(comm, count, type, op, &operation, &own_op);
    int rc;

    if (own == NULL) {
        return MPID_Allreduce(send, recv, count, type, op, comm, errflag);
    }
    rc = ivs_coll_allreduce(&own->coll, send == MPI_IN_PLACE ? recv : send, recv, (size_t) count,
                            &own_op, way_for(own, (size_t) count * own_op.unit));
    return end(own, &operation, rc);
}

int MPIDI_IVSHMEM_reduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                         int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct operation operation;
    struct ivs_coll_op own_op;
    struct MPIDI_IVSHMEM_coll *own = reducer_of(comm, count, type, op, &operation, &own_op);
    int rc;

    if (own == NULL) {
        return MPID_Reduce(send, recv, count, type, op, root, comm, errflag);
    }
    rc = ivs_coll_reduce(&own->coll, (uint32_t) root, send == MPI_IN_PLACE ? recv : send, recv,
                         (size_t) count, &own_op, way_for(own, (size_t) count * own_op.unit));
    return end(own, &operation, rc);
}

int MPIDI_IVSHMEM_reduce_scatter_block(const void *send, void *recv, MPI_Aint count,
                                       MPI_Datatype type, MPI_Op op, MPIR_Comm *comm,
                                       MPIR_Errflag_t *errflag)
{
    struct operation operation;
    struct ivs_coll_op own_op;
    struct MPIDI_IVSHMEM_coll *own = reducer_of(comm, count, type, op, &operation, &own_op);
    int rc;

    if (own == NULL) {
        return MPID_Reduce_scatter_block(send, recv, count, type, op, comm, errflag);
    }
    rc = ivs_coll_reduce_scatter(&own->coll, send == MPI_IN_PLACE ? recv : send, recv,
                                 (size_t) count, &own_op);
    return end(own, &operation, rc);
}

int MPIDI_IVSHMEM_scan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                       MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct operation operation;
    struct ivs_coll_op own_op;
    struct MPIDI_IVSHMEM_coll *own = reducer_of(comm, count, type, op, &operation, &own_op);
    int rc;

    if (own == NULL) {
        return MPID_Scan(send, recv, count, type, op, comm, errflag);
    }
    rc = ivs_coll_scan(&own->coll, send == MPI_IN_PLACE ? recv : send, recv, (size_t) count,
                       &own_op, false);
    return end(own, &operation, rc);
}

int MPIDI_IVSHMEM_exscan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type, MPI_Op op,
                         MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct operation operation;
    struct ivs_coll_op own_op;
    struct MPIDI_IVSHMEM_coll *own = reducer_of(comm, count, type, op, &operation, &own_op);
    int rc;

    if (own == NULL) {
        return MPID_Exscan(send, recv, count, type, op, comm, errflag);
    }
    rc = ivs_coll_scan(&own->coll, send == MPI_IN_PLACE ? recv : send, recv, (size_t) count,
                       &own_op, true);
    return end(own, &operation, rc);
}
