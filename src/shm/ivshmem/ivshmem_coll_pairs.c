/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Gatherv, Scatterv, Alltoallv and Alltoallw among ranks of one host. Each pair of ranks knows its own
 * length only, so there is one step with room for a share of fixed size for each pair, and what is
 * longer goes by message: both ranks of a pair come to the same decision. A share says how long the
 * sender takes it to be.
 */
#include "ivshmem_coll_impl.h"
#include "ivshmem_coll.h"

/* What goes to, or comes from, one rank. */
struct part {
    void *buf;
    MPI_Aint count, bytes;
    MPI_Datatype type;
};

struct pairs {
    MPIR_Comm *comm;
    struct ivs_coll *coll;
    struct part *send, *recv; /* by rank */
    uint32_t shares;          /* of a cell: 1 if all sends go to one rank */
    MPI_Aint share;           /* bytes of data */
    MPIR_Request **requests;
    MPI_Status *statuses;
    int pending, tag;
};

#define LENGTH_BYTES 16 /* before a share's data, which stays aligned */

static int pairs_begin(struct pairs *pairs, struct MPIDI_IVSHMEM_coll *own, MPIR_Comm *comm,
                       uint32_t shares, int tag)
{
    const size_t ranks = (size_t) comm->local_size;
    int mpi_errno = MPI_SUCCESS;

    memset(pairs, 0, sizeof(*pairs));
    pairs->comm = comm;
    pairs->coll = &own->coll;
    pairs->shares = shares;
    pairs->share = (MPI_Aint) (own->coll.shape.cell_bytes / shares / LENGTH_BYTES * LENGTH_BYTES) -
                   LENGTH_BYTES;
    pairs->share = MPL_MAX(pairs->share, 0); /* so many ranks that all goes by message */
    pairs->tag = tag;
    pairs->send =
        MPL_calloc(2 * ranks, sizeof(struct part) + sizeof(MPIR_Request *) + sizeof(MPI_Status),
                   MPL_MEM_COLL);
    if (pairs->send == NULL) {
        MPIDI_IVSHMEMI_area_leave(own);
        MPIR_ERR_SETANDJUMP(mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    }
    pairs->recv = pairs->send + ranks;
    pairs->requests = (MPIR_Request **) (pairs->recv + ranks);
    pairs->statuses = (MPI_Status *) (pairs->requests + 2 * ranks);
fn_fail:
    return mpi_errno;
}

static void set_part(struct part *part, const void *base, MPI_Aint displacement, MPI_Aint count,
                     MPI_Datatype type)
{
    part->buf = (char *) base + displacement;
    part->count = count;
    part->type = type;
    part->bytes = count == 0 ? 0 : MPIDI_IVSHMEMI_bytes_of(count, type);
}

static bool is_short(const struct pairs *pairs, const struct part *part)
{
    return part->bytes > 0 && part->bytes <= pairs->share;
}

static bool is_long(const struct pairs *pairs, const struct part *part)
{
    return part->bytes > pairs->share;
}

/* Of the share from one rank for another. */
static size_t share_at(const struct pairs *pairs, uint32_t from, uint32_t to)
{
    const uint32_t ranks = pairs->coll->members;

    return pairs->shares == 1
               ? 0
               : ((to + ranks - from - 1) % ranks) * (size_t) (pairs->share + LENGTH_BYTES);
}

static int pack_short(const struct pairs *pairs, const struct ivs_step *step)
{
    const uint32_t self = pairs->coll->self;
    char *mine = ivs_coll_mine(pairs->coll, step);
    int mpi_errno = MPI_SUCCESS;

    for (uint32_t j = 0; mpi_errno == MPI_SUCCESS && j < pairs->coll->members; j++) {
        const struct part *part = &pairs->send[j];

        if (j != self && is_short(pairs, part)) {
            char *to = mine + share_at(pairs, self, j);
            uint64_t length = (uint64_t) part->bytes;
            MPI_Aint done;

            memcpy(to, &length, sizeof(length));
            mpi_errno = MPIR_Typerep_pack(part->buf, part->count, part->type, 0, to + LENGTH_BYTES,
                                          part->bytes, &done);
        }
    }
    return mpi_errno;
}

static int unpack_short(const struct pairs *pairs, const struct ivs_step *step, uint32_t from)
{
    const struct part *part = &pairs->recv[from];
    const char *share = (const char *) ivs_coll_theirs(pairs->coll, step, from) +
                        share_at(pairs, from, pairs->coll->self);
    uint64_t length;
    MPI_Aint done;
    int mpi_errno = MPI_SUCCESS;

    memcpy(&length, share, sizeof(length)); /* compared and nothing else */
    MPIR_ERR_CHKANDJUMP(length != (uint64_t) part->bytes, mpi_errno, MPI_ERR_TRUNCATE,
                        "**ivshmem_collcalls");
    mpi_errno = MPIR_Typerep_unpack(share + LENGTH_BYTES, part->bytes, part->buf, part->count,
                                    part->type, 0, &done);
fn_fail:
    return mpi_errno;
}

static bool any_short(const struct pairs *pairs, const struct part *parts)
{
    for (uint32_t j = 0; j < pairs->coll->members; j++) {
        if (j != pairs->coll->self && is_short(pairs, &parts[j])) {
            return true;
        }
    }
    return false;
}

static int take_short(struct pairs *pairs, const struct ivs_step *step,
                      struct MPIDI_IVSHMEM_coll *own)
{
    const uint32_t ranks = pairs->coll->members, self = pairs->coll->self;
    int mpi_errno = MPI_SUCCESS;

    for (uint32_t i = 1; mpi_errno == MPI_SUCCESS && i < ranks; i++) {
        uint32_t j = (self + i) % ranks;

        if (is_short(pairs, &pairs->recv[j])) {
            int rc = ivs_coll_await(pairs->coll, step, j);
            mpi_errno = rc == 0 ? unpack_short(pairs, step, j) : MPIDI_IVSHMEMI_coll_error(own, rc);
        }
    }
    return mpi_errno;
}

/* The step that all ranks take, whatever they have. */
static int exchange_short(struct pairs *pairs, struct MPIDI_IVSHMEM_coll *own,
                          enum ivs_operation operation, uint32_t root)
{
    int mpi_errno = MPIDI_IVSHMEMI_ops_wait(own);
    struct ivs_step step;
    int rc = pairs->coll->failed;

    if (mpi_errno != MPI_SUCCESS || rc != 0) {
        return mpi_errno != MPI_SUCCESS ? mpi_errno : MPIDI_IVSHMEMI_coll_error(own, rc);
    }
    pairs->coll->call = ivs_coll_call(operation, root, 0);
    step = ivs_coll_begin(pairs->coll, pairs->coll->shape.cell_bytes);
    if (any_short(pairs, pairs->send)) {
        rc = ivs_coll_room(pairs->coll, &step);
        if (rc == 0) {
            mpi_errno = pack_short(pairs, &step);
            ivs_coll_publish(pairs->coll, &step);
        }
    }
    if (rc != 0) {
        mpi_errno = MPIDI_IVSHMEMI_coll_error(own, rc);
    }
    if (mpi_errno == MPI_SUCCESS) {
        mpi_errno = take_short(pairs, &step, own);
    }
    ivs_coll_end(pairs->coll, &step);
    return mpi_errno;
}

static int start_long(struct pairs *pairs, bool receive, MPIR_Errflag_t *errflag)
{
    int mpi_errno = MPI_SUCCESS;

    for (uint32_t i = 1; mpi_errno == MPI_SUCCESS && i < pairs->coll->members; i++) {
        uint32_t j = (pairs->coll->self + i) % pairs->coll->members;
        const struct part *part = receive ? &pairs->recv[j] : &pairs->send[j];
        MPIR_Request **request = &pairs->requests[pairs->pending];

        if (!is_long(pairs, part)) {
            continue;
        }
        mpi_errno = receive ? MPIC_Irecv(part->buf, part->count, part->type, (int) j, pairs->tag,
                                         pairs->comm, request)
                            : MPIC_Isend(part->buf, part->count, part->type, (int) j, pairs->tag,
                                         pairs->comm, request, errflag);
        pairs->pending += mpi_errno == MPI_SUCCESS;
    }
    return mpi_errno;
}

static int copy_own(const struct pairs *pairs)
{
    const struct part *send = &pairs->send[pairs->coll->self];
    const struct part *recv = &pairs->recv[pairs->coll->self];

    if (recv->bytes == 0 || send->bytes == 0) {
        return MPI_SUCCESS;
    }
    return MPIR_Localcopy(send->buf, send->count, send->type, recv->buf, recv->count, recv->type);
}

/* Long receives are posted before anybody is waited for. */
static int run(struct pairs *pairs, struct MPIDI_IVSHMEM_coll *own, enum ivs_operation operation,
               uint32_t root, MPIR_Errflag_t *errflag)
{
    int mpi_errno = MPI_SUCCESS, ret;

    mpi_errno = start_long(pairs, true, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = start_long(pairs, false, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = exchange_short(pairs, own, operation, root);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = copy_own(pairs);
fn_fail:
    if (pairs->pending > 0 && mpi_errno == MPI_SUCCESS) {
        ret = MPIC_Waitall(pairs->pending, pairs->requests, pairs->statuses, errflag);
        mpi_errno = mpi_errno == MPI_SUCCESS ? ret : mpi_errno;
    }
    return mpi_errno;
}

static void pairs_end(struct pairs *pairs)
{
    MPL_free(pairs->send);
}

int MPIDI_IVSHMEM_gatherv(const void *send, MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                          const MPI_Aint *counts, const MPI_Aint *displs, MPI_Datatype recv_type,
                          int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own;
    struct pairs pairs;
    MPI_Aint extent;
    int mpi_errno;

    if (MPIDI_IVSHMEMI_coll_choose(comm, IVS_GATHERV, 0, &own) == IVS_MPICH) {
        return MPID_Gatherv(send, send_count, send_type, recv, counts, displs, recv_type, root,
                            comm, errflag);
    }
    mpi_errno = pairs_begin(&pairs, own, comm, 1, MPIR_GATHERV_TAG);
    MPIR_ERR_CHECK(mpi_errno);
    if (send != MPI_IN_PLACE) {
        set_part(&pairs.send[root], send, 0, send_count, send_type);
    }
    if (comm->rank == root) {
        MPIR_Datatype_get_extent_macro(recv_type, extent);
        for (int j = 0; j < comm->local_size; j++) {
            set_part(&pairs.recv[j], recv, displs[j] * extent, counts[j], recv_type);
        }
    }
    mpi_errno = run(&pairs, own, IVS_GATHERV, (uint32_t) root, errflag);
fn_fail:
    pairs_end(&pairs);
    return mpi_errno;
}

int MPIDI_IVSHMEM_scatterv(const void *send, const MPI_Aint *counts, const MPI_Aint *displs,
                           MPI_Datatype send_type, void *recv, MPI_Aint recv_count,
                           MPI_Datatype recv_type, int root, MPIR_Comm *comm,
                           MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own;
    struct pairs pairs;
    MPI_Aint extent;
    int mpi_errno;

    if (MPIDI_IVSHMEMI_coll_choose(comm, IVS_SCATTERV, 0, &own) == IVS_MPICH) {
        return MPID_Scatterv(send, counts, displs, send_type, recv, recv_count, recv_type, root,
                             comm, errflag);
    }
    mpi_errno = pairs_begin(&pairs, own, comm, (uint32_t) comm->local_size - 1, MPIR_SCATTERV_TAG);
    MPIR_ERR_CHECK(mpi_errno);
    if (recv != MPI_IN_PLACE) {
        set_part(&pairs.recv[root], recv, 0, recv_count, recv_type);
    }
    if (comm->rank == root) {
        MPIR_Datatype_get_extent_macro(send_type, extent);
        for (int j = 0; j < comm->local_size; j++) {
            set_part(&pairs.send[j], send, displs[j] * extent, counts[j], send_type);
        }
    }
    mpi_errno = run(&pairs, own, IVS_SCATTERV, (uint32_t) root, errflag);
fn_fail:
    pairs_end(&pairs);
    return mpi_errno;
}

int MPIDI_IVSHMEM_alltoallv(const void *send, const MPI_Aint *send_counts,
                            const MPI_Aint *send_displs, MPI_Datatype send_type, void *recv,
                            const MPI_Aint *recv_counts, const MPI_Aint *recv_displs,
                            MPI_Datatype recv_type, MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own = NULL;
    struct pairs pairs;
    MPI_Aint send_extent, recv_extent;
    int mpi_errno;

    if (send == MPI_IN_PLACE ||
        MPIDI_IVSHMEMI_coll_choose(comm, IVS_ALLTOALLV, 0, &own) == IVS_MPICH) {
        return MPID_Alltoallv(send, send_counts, send_displs, send_type, recv, recv_counts,
                              recv_displs, recv_type, comm, errflag);
    }
    mpi_errno = pairs_begin(&pairs, own, comm, (uint32_t) comm->local_size - 1, MPIR_ALLTOALLV_TAG);
    MPIR_ERR_CHECK(mpi_errno);
    MPIR_Datatype_get_extent_macro(send_type, send_extent);
    MPIR_Datatype_get_extent_macro(recv_type, recv_extent);
    for (int j = 0; j < comm->local_size; j++) {
        set_part(&pairs.send[j], send, send_displs[j] * send_extent, send_counts[j], send_type);
        set_part(&pairs.recv[j], recv, recv_displs[j] * recv_extent, recv_counts[j], recv_type);
    }
    mpi_errno = run(&pairs, own, IVS_ALLTOALLV, 0, errflag);
fn_fail:
    pairs_end(&pairs);
    return mpi_errno;
}

int MPIDI_IVSHMEM_alltoallw(const void *send, const MPI_Aint *send_counts,
                            const MPI_Aint *send_displs, const MPI_Datatype *send_types, void *recv,
                            const MPI_Aint *recv_counts, const MPI_Aint *recv_displs,
                            const MPI_Datatype *recv_types, MPIR_Comm *comm,
                            MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEM_coll *own = NULL;
    struct pairs pairs;
    int mpi_errno;

    if (send == MPI_IN_PLACE ||
        MPIDI_IVSHMEMI_coll_choose(comm, IVS_ALLTOALLW, 0, &own) == IVS_MPICH) {
        return MPID_Alltoallw(send, send_counts, send_displs, send_types, recv, recv_counts,
                              recv_displs, recv_types, comm, errflag);
    }
    mpi_errno = pairs_begin(&pairs, own, comm, (uint32_t) comm->local_size - 1, MPIR_ALLTOALLW_TAG);
    MPIR_ERR_CHECK(mpi_errno);
    for (int j = 0; j < comm->local_size; j++) { /* displacements are in bytes */
        set_part(&pairs.send[j], send, send_displs[j], send_counts[j], send_types[j]);
        set_part(&pairs.recv[j], recv, recv_displs[j], recv_counts[j], recv_types[j]);
    }
    mpi_errno = run(&pairs, own, IVS_ALLTOALLW, 0, errflag);
fn_fail:
    pairs_end(&pairs);
    return mpi_errno;
}
