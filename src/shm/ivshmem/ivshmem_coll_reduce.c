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

#define MANY 16          /* elements for which a vector loop is worth while */
#define WHOLE_BYTES 4096 /* that surely are one piece */

static int apply(void *context, const void *in, void *inout, size_t count)
{
    struct MPIDI_IVSHMEMI_reduction *reduction = context;

    if (reduction->loop != NULL && count >= MANY) {
        reduction->loop(inout, in, count);
        return 0;
    }
    reduction->mpi_errno =
        MPIR_Reduce_local(in, inout, (MPI_Aint) count, reduction->type, reduction->op);
    return reduction->mpi_errno == MPI_SUCCESS ? 0 : -EINVAL;
}

/* Programs' operations are called for all elements at once, as in MPICH: some count on it. `pieces`: that
 * a rank's data may be cut into before. */
static bool is_whole(MPI_Aint bytes, MPI_Op op, int pieces)
{
    return HANDLE_IS_BUILTIN(op) || bytes <= WHOLE_BYTES / pieces;
}

/* Whether it is for us: operations that do not commute only among ranks of one host, as those of a
 * host need not be consecutive. */
static bool is_ours(const MPIR_Comm *comm, enum ivs_operation operation, MPI_Aint count,
                    MPI_Datatype type, MPI_Op op)
{
    const bool scatters = operation == IVS_REDUCE_SCATTER || operation == IVS_REDUCE_SCATTER_BLOCK;

    return HANDLE_IS_BUILTIN(type) && count > 0 && MPIR_Datatype_get_basic_size(type) > 0 &&
           !MPIR_CVAR_IVSHMEM_COLL_ORDERED &&
           is_whole(MPIDI_IVSHMEMI_bytes_of(count, type), op, scatters ? comm->local_size : 1) &&
           (comm->node_count == 1 || MPIR_Op_is_commutative(op));
}

static enum ivs_algorithm choose(MPIR_Comm *comm, enum ivs_operation operation, MPI_Aint count,
                                 MPI_Datatype type, MPI_Op op, struct MPIDI_IVSHMEM_coll **own)
{
    const MPI_Aint bytes = MPIDI_IVSHMEMI_bytes_of(count, type);
    enum ivs_algorithm algorithm;

    if (!is_ours(comm, operation, count, type, op)) {
        MPIDI_IVSHMEMI_coll_count(operation, bytes, IVS_MPICH, true);
        return IVS_MPICH;
    }
    algorithm = MPIDI_IVSHMEMI_coll_choose(comm, operation, bytes, own);
    return algorithm == IVS_LEADERS && !HANDLE_IS_BUILTIN(op) ? IVS_HOSTS : algorithm;
}

/* For a non-blocking call; NULL: leave it to MPICH. */
static struct MPIDI_IVSHMEMI_op *new_op(MPIR_Comm *comm, enum ivs_operation operation,
                                        MPI_Aint count, MPI_Datatype type, MPI_Op op,
                                        enum ivs_algorithm *algorithm)
{
    const MPI_Aint bytes = MPIDI_IVSHMEMI_bytes_of(count, type);

    if (!is_ours(comm, operation, count, type, op)) {
        MPIDI_IVSHMEMI_coll_count(operation, bytes, IVS_MPICH, false);
        return NULL;
    }
    return MPIDI_IVSHMEMI_op_new(comm, operation, bytes, algorithm);
}

static struct ivs_coll_op begin(struct MPIDI_IVSHMEMI_op *op, MPI_Datatype type, MPI_Op mpi_op)
{
    struct ivs_coll_op core = { apply, &op->reduction,
                                (size_t) MPIR_Datatype_get_basic_size(type) };

    op->reduction.op = mpi_op;
    op->reduction.type = type;
    op->reduction.loop = HANDLE_IS_BUILTIN(mpi_op) ? MPIDI_IVSHMEMI_loop_find(mpi_op, type) : NULL;
    return core;
}

/* Slices are for MPI's own operations, trees for what commutes, or for groups of consecutive ranks. */
static enum ivs_coll_way way_of(const struct MPIDI_IVSHMEM_coll *own, enum ivs_algorithm algorithm,
                                MPI_Op op)
{
    if (algorithm == IVS_TREE && (own->groups_consecutive || MPIR_Op_is_commutative(op))) {
        return IVS_COLL_TREE;
    }
    return algorithm == IVS_SLICES && HANDLE_IS_BUILTIN(op) ? IVS_COLL_SLICES : IVS_COLL_WHOLE;
}

static const void *operand(const void *send, const void *recv)
{
    return send == MPI_IN_PLACE ? recv : send;
}

/* ---- Allreduce ---- */

static void begin_allreduce(struct MPIDI_IVSHMEMI_op *op, enum ivs_algorithm algorithm,
                            const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                            MPI_Op mpi_op)
{
    const struct ivs_coll_op core = begin(op, type, mpi_op);

    ivs_coll_allreduce(&op->task, &op->own->coll, operand(send, recv), recv, (size_t) count, &core,
                       way_of(op->own, algorithm, mpi_op));
}

int MPIDI_IVSHMEM_allreduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                            MPI_Op mpi_op, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own;
    enum ivs_algorithm algorithm = choose(comm, IVS_ALLREDUCE, count, type, mpi_op, &own);
    struct MPIDI_IVSHMEMI_op op;

    if (algorithm == IVS_HOSTS) {
        return MPIDI_IVSHMEMI_hosts_allreduce(send, recv, count, type, mpi_op, comm, errflag);
    }
    if (algorithm == IVS_LEADERS) {
        return MPIDI_IVSHMEMI_leaders_allreduce(send, recv, count, type, mpi_op, comm, errflag);
    }
    if (algorithm == IVS_MPICH) {
        return MPIR_CVAR_IVSHMEM_COLL_ORDERED
                   ? MPIDI_IVSHMEMI_ordered_allreduce(send, recv, count, type, mpi_op, comm,
                                                      errflag)
                   : MPID_Allreduce(send, recv, count, type, mpi_op, comm, errflag);
    }
    MPIDI_IVSHMEMI_op_init(&op, own);
    begin_allreduce(&op, algorithm, send, recv, count, type, mpi_op);
    return MPIDI_IVSHMEMI_op_run(&op, MPI_SUCCESS);
}

int MPIDI_IVSHMEM_iallreduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                             MPI_Op mpi_op, MPIR_Comm *comm, MPIR_Request **request)
{
    enum ivs_algorithm algorithm;
    struct MPIDI_IVSHMEMI_op *op = new_op(comm, IVS_ALLREDUCE, count, type, mpi_op, &algorithm);

    if (op == NULL) {
        return MPID_Iallreduce(send, recv, count, type, mpi_op, comm, request);
    }
    begin_allreduce(op, algorithm, send, recv, count, type, mpi_op);
    return MPIDI_IVSHMEMI_op_start(op, comm, MPI_SUCCESS, request);
}

/* ---- Reduce ---- */

static void begin_reduce(struct MPIDI_IVSHMEMI_op *op, enum ivs_algorithm algorithm,
                         const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                         MPI_Op mpi_op, int root)
{
    const struct ivs_coll_op core = begin(op, type, mpi_op);

    ivs_coll_reduce(&op->task, &op->own->coll, (uint32_t) root, operand(send, recv), recv,
                    (size_t) count, &core, way_of(op->own, algorithm, mpi_op));
}

int MPIDI_IVSHMEM_reduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                         MPI_Op mpi_op, int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own;
    enum ivs_algorithm algorithm = choose(comm, IVS_REDUCE, count, type, mpi_op, &own);
    struct MPIDI_IVSHMEMI_op op;

    if (algorithm == IVS_HOSTS) {
        return MPIDI_IVSHMEMI_hosts_reduce(send, recv, count, type, mpi_op, root, comm, errflag);
    }
    if (algorithm == IVS_MPICH) {
        return MPIR_CVAR_IVSHMEM_COLL_ORDERED
                   ? MPIDI_IVSHMEMI_ordered_reduce(send, recv, count, type, mpi_op, root, comm,
                                                   errflag)
                   : MPID_Reduce(send, recv, count, type, mpi_op, root, comm, errflag);
    }
    MPIDI_IVSHMEMI_op_init(&op, own);
    begin_reduce(&op, algorithm, send, recv, count, type, mpi_op, root);
    return MPIDI_IVSHMEMI_op_run(&op, MPI_SUCCESS);
}

int MPIDI_IVSHMEM_ireduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                          MPI_Op mpi_op, int root, MPIR_Comm *comm, MPIR_Request **request)
{
    enum ivs_algorithm algorithm;
    struct MPIDI_IVSHMEMI_op *op = new_op(comm, IVS_REDUCE, count, type, mpi_op, &algorithm);

    if (op == NULL) {
        return MPID_Ireduce(send, recv, count, type, mpi_op, root, comm, request);
    }
    begin_reduce(op, algorithm, send, recv, count, type, mpi_op, root);
    return MPIDI_IVSHMEMI_op_start(op, comm, MPI_SUCCESS, request);
}

/* ---- Reduce_scatter ---- */

static void begin_reduce_scatter(struct MPIDI_IVSHMEMI_op *op, const void *send, void *recv,
                                 const struct ivs_coll_counts *counts, MPI_Datatype type,
                                 MPI_Op mpi_op)
{
    const struct ivs_coll_op core = begin(op, type, mpi_op);

    ivs_coll_reduce_scatter(&op->task, &op->own->coll, operand(send, recv), recv, counts, &core);
}

int MPIDI_IVSHMEM_reduce_scatter_block(const void *send, void *recv, MPI_Aint count,
                                       MPI_Datatype type, MPI_Op mpi_op, MPIR_Comm *comm,
                                       MPIR_Errflag_t *errflag)
{
    const struct ivs_coll_counts counts = { .each = (size_t) count };
    struct MPIDI_IVSHMEM_coll *own;
    struct MPIDI_IVSHMEMI_op op;

    if (choose(comm, IVS_REDUCE_SCATTER_BLOCK, count, type, mpi_op, &own) == IVS_MPICH) {
        return MPID_Reduce_scatter_block(send, recv, count, type, mpi_op, comm, errflag);
    }
    MPIDI_IVSHMEMI_op_init(&op, own);
    begin_reduce_scatter(&op, send, recv, &counts, type, mpi_op);
    return MPIDI_IVSHMEMI_op_run(&op, MPI_SUCCESS);
}

int MPIDI_IVSHMEM_ireduce_scatter_block(const void *send, void *recv, MPI_Aint count,
                                        MPI_Datatype type, MPI_Op mpi_op, MPIR_Comm *comm,
                                        MPIR_Request **request)
{
    const struct ivs_coll_counts counts = { .each = (size_t) count };
    enum ivs_algorithm algorithm;
    struct MPIDI_IVSHMEMI_op *op =
        new_op(comm, IVS_REDUCE_SCATTER_BLOCK, count, type, mpi_op, &algorithm);

    if (op == NULL) {
        return MPID_Ireduce_scatter_block(send, recv, count, type, mpi_op, comm, request);
    }
    begin_reduce_scatter(op, send, recv, &counts, type, mpi_op);
    return MPIDI_IVSHMEMI_op_start(op, comm, MPI_SUCCESS, request);
}

static size_t count_of(const void *context, uint32_t member)
{
    return (size_t) ((const MPI_Aint *) context)[member];
}

int MPIDI_IVSHMEM_reduce_scatter(const void *send, void *recv, const MPI_Aint *counts,
                                 MPI_Datatype type, MPI_Op mpi_op, MPIR_Comm *comm,
                                 MPIR_Errflag_t *errflag)
{
    const struct ivs_coll_counts blocks = { 0, count_of, counts };
    struct MPIDI_IVSHMEM_coll *own;
    struct MPIDI_IVSHMEMI_op op;
    MPI_Aint longest = 0;

    for (int j = 0; j < comm->local_size; j++) {
        longest = MPL_MAX(longest, counts[j]);
    }
    if (choose(comm, IVS_REDUCE_SCATTER, longest, type, mpi_op, &own) == IVS_MPICH) {
        return MPID_Reduce_scatter(send, recv, counts, type, mpi_op, comm, errflag);
    }
    MPIDI_IVSHMEMI_op_init(&op, own);
    begin_reduce_scatter(&op, send, recv, &blocks, type, mpi_op);
    return MPIDI_IVSHMEMI_op_run(&op, MPI_SUCCESS);
}

/* ---- Scan, Exscan ---- */

static void begin_scan(struct MPIDI_IVSHMEMI_op *op, const void *send, void *recv, MPI_Aint count,
                       MPI_Datatype type, MPI_Op mpi_op, bool without_self)
{
    const struct ivs_coll_op core = begin(op, type, mpi_op);

    ivs_coll_scan(&op->task, &op->own->coll, operand(send, recv), recv, (size_t) count, &core,
                  without_self);
}

static int run_scan(struct MPIDI_IVSHMEM_coll *own, const void *send, void *recv, MPI_Aint count,
                    MPI_Datatype type, MPI_Op mpi_op, bool without_self)
{
    struct MPIDI_IVSHMEMI_op op;

    MPIDI_IVSHMEMI_op_init(&op, own);
    begin_scan(&op, send, recv, count, type, mpi_op, without_self);
    return MPIDI_IVSHMEMI_op_run(&op, MPI_SUCCESS);
}

int MPIDI_IVSHMEM_scan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                       MPI_Op mpi_op, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own;

    if (choose(comm, IVS_SCAN, count, type, mpi_op, &own) != IVS_MPICH) {
        return run_scan(own, send, recv, count, type, mpi_op, false);
    }
    return MPIR_CVAR_IVSHMEM_COLL_ORDERED
               ? MPIDI_IVSHMEMI_ordered_scan(send, recv, count, type, mpi_op, comm, errflag)
               : MPID_Scan(send, recv, count, type, mpi_op, comm, errflag);
}

int MPIDI_IVSHMEM_exscan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                         MPI_Op mpi_op, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own;

    return choose(comm, IVS_EXSCAN, count, type, mpi_op, &own) == IVS_MPICH
               ? MPID_Exscan(send, recv, count, type, mpi_op, comm, errflag)
               : run_scan(own, send, recv, count, type, mpi_op, true);
}

int MPIDI_IVSHMEM_iscan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                        MPI_Op mpi_op, MPIR_Comm *comm, MPIR_Request **request)
{
    enum ivs_algorithm algorithm;
    struct MPIDI_IVSHMEMI_op *op = new_op(comm, IVS_SCAN, count, type, mpi_op, &algorithm);

    if (op == NULL) {
        return MPID_Iscan(send, recv, count, type, mpi_op, comm, request);
    }
    begin_scan(op, send, recv, count, type, mpi_op, false);
    return MPIDI_IVSHMEMI_op_start(op, comm, MPI_SUCCESS, request);
}

int MPIDI_IVSHMEM_iexscan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                          MPI_Op mpi_op, MPIR_Comm *comm, MPIR_Request **request)
{
    enum ivs_algorithm algorithm;
    struct MPIDI_IVSHMEMI_op *op = new_op(comm, IVS_EXSCAN, count, type, mpi_op, &algorithm);

    if (op == NULL) {
        return MPID_Iexscan(send, recv, count, type, mpi_op, comm, request);
    }
    begin_scan(op, send, recv, count, type, mpi_op, true);
    return MPIDI_IVSHMEMI_op_start(op, comm, MPI_SUCCESS, request);
}
