/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * MPI's collective operations that move data, among ranks of one host. What is chosen depends on
 * sizes in bytes only, which are the same on all ranks: types need not be.
 */
#include "ivshmem_coll_impl.h"
#include "ivshmem_coll.h"

static enum ivs_coll_way tree_or_whole(enum ivs_algorithm algorithm)
{
    return algorithm == IVS_TREE ? IVS_COLL_TREE : IVS_COLL_WHOLE;
}

int MPIDI_IVSHMEM_barrier(MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own;
    enum ivs_algorithm algorithm = MPIDI_IVSHMEMI_coll_choose(comm, IVS_BARRIER, 0, &own);
    struct MPIDI_IVSHMEMI_op op;

    if (algorithm == IVS_MPICH) {
        return MPID_Barrier(comm, errflag);
    }
    if (algorithm == IVS_HOSTS) {
        return MPIDI_IVSHMEMI_hosts_barrier(comm, errflag);
    }
    MPIDI_IVSHMEMI_op_init(&op, own);
    ivs_coll_barrier(&op.task, &own->coll, tree_or_whole(algorithm));
    return MPIDI_IVSHMEMI_op_run(&op, MPI_SUCCESS);
}

int MPIDI_IVSHMEM_ibarrier(MPIR_Comm *comm, MPIR_Request **request)
{
    enum ivs_algorithm algorithm;
    struct MPIDI_IVSHMEMI_op *op = MPIDI_IVSHMEMI_op_new(comm, IVS_BARRIER, 0, &algorithm);

    if (op == NULL) {
        return MPID_Ibarrier(comm, request);
    }
    ivs_coll_barrier(&op->task, &op->own->coll, tree_or_whole(algorithm));
    return MPIDI_IVSHMEMI_op_start(op, comm, MPI_SUCCESS, request);
}

/* ---- Bcast ---- */

static int begin_bcast(struct MPIDI_IVSHMEMI_op *op, enum ivs_algorithm algorithm, void *buf,
                       MPI_Aint count, MPI_Datatype type, int root)
{
    struct MPIDI_IVSHMEMI_row *row = &op->rows.recv;
    const bool is_root = op->own->coll.self == (uint32_t) root;
    int mpi_errno = MPIDI_IVSHMEMI_row_begin(row, buf, count, type, is_root);

    op->written = !is_root;
    ivs_coll_bcast(&op->task, &op->own->coll, (uint32_t) root, row->bytes, (size_t) row->size,
                   tree_or_whole(algorithm));
    return mpi_errno;
}

int MPIDI_IVSHMEM_bcast(void *buf, MPI_Aint count, MPI_Datatype type, int root, MPIR_Comm *comm,
                        MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own;
    enum ivs_algorithm algorithm =
        MPIDI_IVSHMEMI_coll_choose(comm, IVS_BCAST, MPIDI_IVSHMEMI_bytes_of(count, type), &own);
    struct MPIDI_IVSHMEMI_op op;

    if (algorithm == IVS_MPICH) {
        return MPID_Bcast(buf, count, type, root, comm, errflag);
    }
    if (algorithm == IVS_HOSTS) {
        return MPIDI_IVSHMEMI_hosts_bcast(buf, count, type, root, comm, errflag);
    }
    if (algorithm == IVS_LEADERS) {
        return MPIDI_IVSHMEMI_leaders_bcast(buf, count, type, root, comm, errflag);
    }
    MPIDI_IVSHMEMI_op_init(&op, own);
    return MPIDI_IVSHMEMI_op_run(&op, begin_bcast(&op, algorithm, buf, count, type, root));
}

int MPIDI_IVSHMEM_ibcast(void *buf, MPI_Aint count, MPI_Datatype type, int root, MPIR_Comm *comm,
                         MPIR_Request **request)
{
    enum ivs_algorithm algorithm;
    struct MPIDI_IVSHMEMI_op *op =
        MPIDI_IVSHMEMI_op_new(comm, IVS_BCAST, MPIDI_IVSHMEMI_bytes_of(count, type), &algorithm);

    if (op == NULL) {
        return MPID_Ibcast(buf, count, type, root, comm, request);
    }
    return MPIDI_IVSHMEMI_op_start(op, comm, begin_bcast(op, algorithm, buf, count, type, root),
                                   request);
}

/* ---- Allgather ---- */

/* After the rows: blocks of so many bytes. */
static void allgather_task(struct MPIDI_IVSHMEMI_op *op, MPI_Aint block)
{
    const struct ivs_blocks blocks = { .each = (size_t) block };

    ivs_coll_allgather(&op->task, &op->own->coll, op->rows.send.bytes, op->rows.recv.bytes,
                       &blocks);
}

int MPIDI_IVSHMEM_allgather(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                            void *recv, MPI_Aint recv_count, MPI_Datatype recv_type,
                            MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    const MPI_Aint block = MPIDI_IVSHMEMI_bytes_of(recv_count, recv_type);
    struct MPIDI_IVSHMEM_coll *own;
    enum ivs_algorithm algorithm = MPIDI_IVSHMEMI_coll_choose(comm, IVS_ALLGATHER, block, &own);
    struct MPIDI_IVSHMEMI_op op;
    int mpi_errno;

    if (algorithm == IVS_MPICH) {
        return MPID_Allgather(send, send_count, send_type, recv, recv_count, recv_type, comm,
                              errflag);
    }
    MPIDI_IVSHMEMI_op_init(&op, own);
    mpi_errno = MPIDI_IVSHMEMI_rows_begin(&op.rows, send, send_count, send_type, recv,
                                          recv_count * comm->local_size, recv_type);
    if (mpi_errno == MPI_SUCCESS && own == NULL) {
        const char *from =
            send == MPI_IN_PLACE ? op.rows.recv.bytes + comm->rank * block : op.rows.send.bytes;

        mpi_errno =
            (algorithm == IVS_HOSTS ? MPIDI_IVSHMEMI_hosts_allgather
                                    : MPIDI_IVSHMEMI_leaders_allgather)(from, op.rows.recv.bytes,
                                                                        block, comm, errflag);
        return MPIDI_IVSHMEMI_rows_end(&op.rows, true, mpi_errno);
    }
    if (mpi_errno == MPI_SUCCESS) {
        allgather_task(&op, block);
    }
    return MPIDI_IVSHMEMI_op_run(&op, mpi_errno);
}

int MPIDI_IVSHMEM_iallgather(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                             void *recv, MPI_Aint recv_count, MPI_Datatype recv_type,
                             MPIR_Comm *comm, MPIR_Request **request)
{
    const MPI_Aint block = MPIDI_IVSHMEMI_bytes_of(recv_count, recv_type);
    enum ivs_algorithm algorithm;
    struct MPIDI_IVSHMEMI_op *op = MPIDI_IVSHMEMI_op_new(comm, IVS_ALLGATHER, block, &algorithm);
    int mpi_errno;

    if (op == NULL) {
        return MPID_Iallgather(send, send_count, send_type, recv, recv_count, recv_type, comm,
                               request);
    }
    mpi_errno = MPIDI_IVSHMEMI_rows_begin(&op->rows, send, send_count, send_type, recv,
                                          recv_count * comm->local_size, recv_type);
    if (mpi_errno == MPI_SUCCESS) {
        allgather_task(op, block);
    }
    return MPIDI_IVSHMEMI_op_start(op, comm, mpi_errno, request);
}

/* ---- Gather ---- */

/* The receive buffer counts at the root only. */
static int begin_gather(struct MPIDI_IVSHMEMI_op *op, const void *send, MPI_Aint send_count,
                        MPI_Datatype send_type, void *recv, MPI_Aint recv_count,
                        MPI_Datatype recv_type, int root, MPI_Aint block)
{
    struct ivs_coll *coll = &op->own->coll;
    const bool is_root = coll->self == (uint32_t) root;
    int mpi_errno =
        MPIDI_IVSHMEMI_rows_begin(&op->rows, send, send_count, send_type, is_root ? recv : NULL,
                                  is_root ? recv_count * (MPI_Aint) coll->members : 0,
                                  is_root ? recv_type : MPI_BYTE);

    if (mpi_errno == MPI_SUCCESS) {
        ivs_coll_gather(&op->task, coll, (uint32_t) root, op->rows.send.bytes, op->rows.recv.bytes,
                        (size_t) block);
    }
    return mpi_errno;
}

/* Of a block: the root knows one of its types and counts, the others the other. */
static MPI_Aint block_bytes(bool is_root, MPI_Aint root_count, MPI_Datatype root_type,
                            MPI_Aint other_count, MPI_Datatype other_type)
{
    return is_root ? MPIDI_IVSHMEMI_bytes_of(root_count, root_type)
                   : MPIDI_IVSHMEMI_bytes_of(other_count, other_type);
}

int MPIDI_IVSHMEM_gather(const void *send, MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                         MPI_Aint recv_count, MPI_Datatype recv_type, int root, MPIR_Comm *comm,
                         MPIR_Errflag_t *errflag)
{
    const MPI_Aint block =
        block_bytes(comm->rank == root, recv_count, recv_type, send_count, send_type);
    struct MPIDI_IVSHMEM_coll *own;
    struct MPIDI_IVSHMEMI_op op;

    if (MPIDI_IVSHMEMI_coll_choose(comm, IVS_GATHER, block, &own) == IVS_MPICH) {
        return MPID_Gather(send, send_count, send_type, recv, recv_count, recv_type, root, comm,
                           errflag);
    }
    MPIDI_IVSHMEMI_op_init(&op, own);
    return MPIDI_IVSHMEMI_op_run(&op, begin_gather(&op, send, send_count, send_type, recv,
                                                   recv_count, recv_type, root, block));
}

int MPIDI_IVSHMEM_igather(const void *send, MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                          MPI_Aint recv_count, MPI_Datatype recv_type, int root, MPIR_Comm *comm,
                          MPIR_Request **request)
{
    const MPI_Aint block =
        block_bytes(comm->rank == root, recv_count, recv_type, send_count, send_type);
    enum ivs_algorithm algorithm;
    struct MPIDI_IVSHMEMI_op *op = MPIDI_IVSHMEMI_op_new(comm, IVS_GATHER, block, &algorithm);

    if (op == NULL) {
        return MPID_Igather(send, send_count, send_type, recv, recv_count, recv_type, root, comm,
                            request);
    }
    return MPIDI_IVSHMEMI_op_start(op, comm,
                                   begin_gather(op, send, send_count, send_type, recv, recv_count,
                                                recv_type, root, block),
                                   request);
}

/* ---- Scatter ---- */

/* The send buffer counts at the root only. In place is the receive buffer here. */
static int begin_scatter(struct MPIDI_IVSHMEMI_op *op, const void *send, MPI_Aint send_count,
                         MPI_Datatype send_type, void *recv, MPI_Aint recv_count,
                         MPI_Datatype recv_type, int root, MPI_Aint block)
{
    struct ivs_coll *coll = &op->own->coll;
    const bool is_root = coll->self == (uint32_t) root, in_place = recv == MPI_IN_PLACE;
    int mpi_errno =
        MPIDI_IVSHMEMI_rows_begin(&op->rows, is_root ? send : NULL,
                                  is_root ? send_count * (MPI_Aint) coll->members : 0,
                                  is_root ? send_type : MPI_BYTE, in_place ? NULL : recv,
                                  in_place ? 0 : recv_count, in_place ? MPI_BYTE : recv_type);

    if (mpi_errno == MPI_SUCCESS) {
        ivs_coll_scatter(&op->task, coll, (uint32_t) root, op->rows.send.bytes,
                         in_place ? NULL : op->rows.recv.bytes, (size_t) block);
    }
    return mpi_errno;
}

int MPIDI_IVSHMEM_scatter(const void *send, MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                          MPI_Aint recv_count, MPI_Datatype recv_type, int root, MPIR_Comm *comm,
                          MPIR_Errflag_t *errflag)
{
    const MPI_Aint block =
        block_bytes(comm->rank == root, send_count, send_type, recv_count, recv_type);
    struct MPIDI_IVSHMEM_coll *own;
    struct MPIDI_IVSHMEMI_op op;

    if (MPIDI_IVSHMEMI_coll_choose(comm, IVS_SCATTER, block, &own) == IVS_MPICH) {
        return MPID_Scatter(send, send_count, send_type, recv, recv_count, recv_type, root, comm,
                            errflag);
    }
    MPIDI_IVSHMEMI_op_init(&op, own);
    return MPIDI_IVSHMEMI_op_run(&op, begin_scatter(&op, send, send_count, send_type, recv,
                                                    recv_count, recv_type, root, block));
}

int MPIDI_IVSHMEM_iscatter(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                           void *recv, MPI_Aint recv_count, MPI_Datatype recv_type, int root,
                           MPIR_Comm *comm, MPIR_Request **request)
{
    const MPI_Aint block =
        block_bytes(comm->rank == root, send_count, send_type, recv_count, recv_type);
    enum ivs_algorithm algorithm;
    struct MPIDI_IVSHMEMI_op *op = MPIDI_IVSHMEMI_op_new(comm, IVS_SCATTER, block, &algorithm);

    if (op == NULL) {
        return MPID_Iscatter(send, send_count, send_type, recv, recv_count, recv_type, root, comm,
                             request);
    }
    return MPIDI_IVSHMEMI_op_start(op, comm,
                                   begin_scatter(op, send, send_count, send_type, recv, recv_count,
                                                 recv_type, root, block),
                                   request);
}

/* ---- Alltoall ---- */

static int begin_alltoall(struct MPIDI_IVSHMEMI_op *op, const void *send, MPI_Aint send_count,
                          MPI_Datatype send_type, void *recv, MPI_Aint recv_count,
                          MPI_Datatype recv_type, int ranks)
{
    return MPIDI_IVSHMEMI_rows_begin(&op->rows, send, send_count * ranks, send_type, recv,
                                     recv_count * ranks, recv_type);
}

/* In place: blocks are sent from where others arrive. */
static const char *alltoall_from(const struct MPIDI_IVSHMEMI_op *op, const void *send)
{
    return send == MPI_IN_PLACE ? op->rows.recv.bytes : op->rows.send.bytes;
}

int MPIDI_IVSHMEM_alltoall(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                           void *recv, MPI_Aint recv_count, MPI_Datatype recv_type, MPIR_Comm *comm,
                           MPIR_Errflag_t *errflag)
{
    const MPI_Aint block = MPIDI_IVSHMEMI_bytes_of(recv_count, recv_type);
    struct MPIDI_IVSHMEM_coll *own;
    enum ivs_algorithm algorithm = MPIDI_IVSHMEMI_coll_choose(comm, IVS_ALLTOALL, block, &own);
    struct MPIDI_IVSHMEMI_op op;
    int mpi_errno;

    if (algorithm == IVS_MPICH) {
        return MPID_Alltoall(send, send_count, send_type, recv, recv_count, recv_type, comm,
                             errflag);
    }
    MPIDI_IVSHMEMI_op_init(&op, own);
    mpi_errno = begin_alltoall(&op, send, send_count, send_type, recv, recv_count, recv_type,
                               comm->local_size);
    if (mpi_errno == MPI_SUCCESS && own == NULL) {
        mpi_errno =
            (algorithm == IVS_HOSTS ? MPIDI_IVSHMEMI_hosts_alltoall
                                    : MPIDI_IVSHMEMI_leaders_alltoall)(alltoall_from(&op, send),
                                                                       op.rows.recv.bytes, block,
                                                                       comm, errflag);
        return MPIDI_IVSHMEMI_rows_end(&op.rows, true, mpi_errno);
    }
    if (mpi_errno == MPI_SUCCESS) {
        ivs_coll_alltoall(&op.task, &own->coll, alltoall_from(&op, send), op.rows.recv.bytes,
                          (size_t) block);
    }
    return MPIDI_IVSHMEMI_op_run(&op, mpi_errno);
}

int MPIDI_IVSHMEM_ialltoall(const void *send, MPI_Aint send_count, MPI_Datatype send_type,
                            void *recv, MPI_Aint recv_count, MPI_Datatype recv_type,
                            MPIR_Comm *comm, MPIR_Request **request)
{
    const MPI_Aint block = MPIDI_IVSHMEMI_bytes_of(recv_count, recv_type);
    enum ivs_algorithm algorithm;
    struct MPIDI_IVSHMEMI_op *op = MPIDI_IVSHMEMI_op_new(comm, IVS_ALLTOALL, block, &algorithm);
    int mpi_errno;

    if (op == NULL) {
        return MPID_Ialltoall(send, send_count, send_type, recv, recv_count, recv_type, comm,
                              request);
    }
    mpi_errno = begin_alltoall(op, send, send_count, send_type, recv, recv_count, recv_type,
                               comm->local_size);
    if (mpi_errno == MPI_SUCCESS) {
        ivs_coll_alltoall(&op->task, &op->own->coll, alltoall_from(op, send), op->rows.recv.bytes,
                          (size_t) block);
    }
    return MPIDI_IVSHMEMI_op_start(op, comm, mpi_errno, request);
}
