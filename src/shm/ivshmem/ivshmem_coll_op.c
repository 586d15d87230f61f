/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Calls that go through a communicator's area. Blocking ones run to their end; non-blocking ones wait in
 * the order of their calls, which is the same on all ranks, and progress carries on the first of each
 * area. A blocking call first waits for those before it: all ranks that it is called on have called them,
 * too. Under MPICH's global lock.
 */
#include "ivshmem_coll_impl.h"
#include "ivshmem_transport.h"

struct MPIDI_IVSHMEM_coll *MPIDI_IVSHMEMI_colls_busy; /* with operations under way */

static int end(struct MPIDI_IVSHMEMI_op *op, int rc)
{
    if (unlikely(op->reduction.mpi_errno != MPI_SUCCESS)) {
        op->own->mpi_errno = op->reduction.mpi_errno;
    }
    return MPIDI_IVSHMEMI_coll_error(op->own, rc);
}

/* Copies are given back in any case. */
static int end_rows(struct MPIDI_IVSHMEMI_op *op, int mpi_errno)
{
    op->written = op->written && mpi_errno == MPI_SUCCESS;
    return MPIDI_IVSHMEMI_rows_end(&op->rows, op->written, mpi_errno);
}

/* The others go through the area, and would wait for this rank. */
static int give_up(struct MPIDI_IVSHMEMI_op *op, int mpi_errno)
{
    MPIDI_IVSHMEMI_area_leave(op->own);
    return end_rows(op, mpi_errno);
}

int MPIDI_IVSHMEMI_op_run(struct MPIDI_IVSHMEMI_op *op, int mpi_errno)
{
    if (likely(mpi_errno == MPI_SUCCESS) && unlikely(op->own->first != NULL)) {
        mpi_errno = MPIDI_IVSHMEMI_ops_wait(op->own);
    }
    if (unlikely(mpi_errno != MPI_SUCCESS)) {
        return give_up(op, mpi_errno);
    }
    return end_rows(op, end(op, ivs_coll_run(&op->task)));
}

/* ---- non-blocking ---- */

struct MPIDI_IVSHMEMI_op *MPIDI_IVSHMEMI_op_new(MPIR_Comm *comm, enum ivs_operation operation,
                                                MPI_Aint bytes, enum ivs_algorithm *algorithm)
{
    struct MPIDI_IVSHMEM_coll *own;
    struct MPIDI_IVSHMEMI_op *op;

    *algorithm = MPIDI_IVSHMEMI_coll_choose_now(comm, operation, bytes, &own);
    if (*algorithm == IVS_MPICH) {
        return NULL;
    }
    op = MPL_malloc(sizeof(*op), MPL_MEM_COLL);
    MPIR_Assert(op != NULL); /* the other ranks go through the area */
    MPIDI_IVSHMEMI_op_init(op, own);
    return op;
}

/* The program may free type and operation before the end. */
static void hold_handles(struct MPIDI_IVSHMEMI_op *op)
{
    MPIR_Datatype_add_ref_if_not_builtin(op->rows.recv.type);
    if (op->reduction.op != MPI_OP_NULL) {
        MPIR_Op_add_ref_if_not_builtin(op->reduction.op);
    }
}

static void release_handles(struct MPIDI_IVSHMEMI_op *op)
{
    MPIR_Datatype_release_if_not_builtin(op->rows.recv.type);
    if (op->reduction.op != MPI_OP_NULL) {
        MPIR_Op_release_if_not_builtin(op->reduction.op);
    }
}

int MPIDI_IVSHMEMI_ops_wait(struct MPIDI_IVSHMEM_coll *own)
{
    while (own->first != NULL) {
        int mpi_errno = MPID_Progress_test(NULL);

        if (mpi_errno != MPI_SUCCESS) {
            return mpi_errno;
        }
        MPIDI_PROGRESS_YIELD();
    }
    return MPI_SUCCESS;
}

static void set_busy(struct MPIDI_IVSHMEM_coll *own)
{
    own->next = MPIDI_IVSHMEMI_colls_busy;
    own->link = &MPIDI_IVSHMEMI_colls_busy;
    if (own->next != NULL) {
        own->next->link = &own->next;
    }
    MPIDI_IVSHMEMI_colls_busy = own;
}

static void set_idle(struct MPIDI_IVSHMEM_coll *own)
{
    *own->link = own->next;
    if (own->next != NULL) {
        own->next->link = own->link;
    }
}

/* The first operation has ended. */
static void complete(struct MPIDI_IVSHMEM_coll *own, int rc)
{
    struct MPIDI_IVSHMEMI_op *op = own->first;

    op->request->status.MPI_ERROR = end_rows(op, end(op, rc));
    own->first = op->next;
    if (own->first == NULL) {
        set_idle(own);
    }
    release_handles(op);
    MPIR_Request_complete(op->request);
    MPL_free(op);
}

/* Carries on the operations of an area. True: something has ended. */
static bool advance(struct MPIDI_IVSHMEM_coll *own)
{
    bool any = false;

    for (;;) {
        int rc = ivs_coll_advance(&own->first->task);

        if (rc == -EAGAIN) {
            return any;
        }
        any = true;
        complete(own, rc);
        if (own->first == NULL) {
            return true;
        }
    }
}

bool MPIDI_IVSHMEMI_colls_advance(void)
{
    struct MPIDI_IVSHMEM_coll *next;
    bool any = false;

    for (struct MPIDI_IVSHMEM_coll *own = MPIDI_IVSHMEMI_colls_busy; own != NULL; own = next) {
        next = own->next; /* own may leave the list */
        any |= advance(own);
    }
    return any;
}

int MPIDI_IVSHMEMI_op_start(struct MPIDI_IVSHMEMI_op *op, MPIR_Comm *comm, int mpi_errno,
                            MPIR_Request **request)
{
    struct MPIDI_IVSHMEM_coll *own = op->own;

    op->request = mpi_errno == MPI_SUCCESS ? MPIR_Request_create(MPIR_REQUEST_KIND__COLL) : NULL;
    if (op->request == NULL) {
        if (mpi_errno == MPI_SUCCESS) {
            MPIR_ERR_SET(mpi_errno, MPI_ERR_NO_MEM, "**nomem");
        }
        mpi_errno = give_up(op, mpi_errno);
        MPL_free(op);
        return mpi_errno;
    }
    MPIR_Request_add_ref(op->request); /* given back by complete() */
    MPIR_Comm_add_ref(comm);           /* given back with the request */
    op->request->comm = comm;
    *request = op->request;
    hold_handles(op);
    op->next = NULL;
    if (own->first == NULL) {
        own->first = op;
        set_busy(own);
        own->newest = op;
        advance(own);
    } else {
        own->newest->next = op;
        own->newest = op;
    }
    return MPI_SUCCESS;
}
