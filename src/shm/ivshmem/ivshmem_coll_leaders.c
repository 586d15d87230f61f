/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Bcast and Allreduce of long messages over several hosts: the first ranks of each host each send a slice
 * to the other hosts. A message goes in segments; while one is on the network the hosts work on the next.
 */
#include "ivshmem_coll_impl.h"
#include "ivshmem_coll.h"

#define SEGMENT_BYTES (256 << 10) /* for each leader */

/* A message in segments, each cut into a slice for each leader. Counts in elements. */
struct segments {
    struct MPIDI_IVSHMEMI_hosts *hosts;
    MPIR_Comm *local; /* NULL: this rank is alone on its host */
    MPI_Aint count, each;
    MPI_Aint *counts, *displs; /* by local rank: its slice of a segment */
    int self;                  /* local rank */
};

static int segments_begin(struct segments *s, struct MPIDI_IVSHMEMI_hosts *hosts, MPIR_Comm *comm,
                          MPI_Aint count, MPI_Aint unit)
{
    int mpi_errno = MPI_SUCCESS;

    s->hosts = hosts;
    s->local = comm->node_comm;
    s->self = s->local == NULL ? 0 : s->local->rank;
    s->count = count;
    s->each = MPL_MAX(SEGMENT_BYTES / unit, 1) * hosts->leaders;
    s->counts = MPL_calloc(2 * (size_t) hosts->locals, sizeof(MPI_Aint), MPL_MEM_COLL);
    MPIR_ERR_CHKANDJUMP(s->counts == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    s->displs = s->counts + hosts->locals;
fn_fail:
    return mpi_errno;
}

static void segments_end(struct segments *s)
{
    MPL_free(s->counts);
}

/* Sets counts and displs for the segment at element `at`; the elements of this rank's slice. */
static MPI_Aint slice_at(struct segments *s, MPI_Aint at)
{
    const MPI_Aint length = MPL_MIN(s->each, s->count - at);
    const int leaders = s->hosts->leaders;
    MPI_Aint each = (length + leaders - 1) / leaders, begin = 0;

    for (int k = 0; k < s->hosts->locals; k++) {
        s->displs[k] = begin;
        s->counts[k] = k < leaders ? MPL_MIN(each, length - begin) : 0;
        begin += s->counts[k];
    }
    return s->counts[s->self];
}

/* Of the ranks of this host: slices become a segment. */
static int collect(struct segments *s, const void *send, char *segment, MPI_Aint slice,
                   MPI_Datatype type, MPIR_Errflag_t *errflag)
{
    if (s->local == NULL) {
        return send == MPI_IN_PLACE ? MPI_SUCCESS
                                    : MPIR_Localcopy(send, slice, type, segment, slice, type);
    }
    return MPIDI_IVSHMEM_allgatherv(send, slice, type, segment, s->counts, s->displs, type,
                                    s->local, errflag);
}

/* The other ranks of this host may wait for what this one does not do any more. */
static void leave_after(int mpi_errno, MPIR_Comm *comm)
{
    if (mpi_errno != MPI_SUCCESS) {
        MPIDI_IVSHMEMI_coll_leave(comm->node_comm);
    }
}

/* ---- Bcast ---- */

struct bcast {
    struct segments s;
    char *bytes;
    int root_host, local_root; /* -1: the root is on another host */
    MPIR_Request *requests[2];
};

/* The root's host gets a segment from the root, and its leaders send their slices of it. */
static int bcast_start(struct bcast *b, MPI_Aint at, MPIR_Errflag_t *errflag)
{
    const MPI_Aint slice = slice_at(&b->s, at);
    MPIR_Request **request = &b->requests[at / b->s.each % 2];
    int mpi_errno = MPI_SUCCESS;

    *request = NULL;
    if (b->local_root >= 0 && b->s.local != NULL) {
        mpi_errno = MPIDI_IVSHMEM_bcast(b->bytes + at, MPL_MIN(b->s.each, b->s.count - at),
                                        MPI_BYTE, b->local_root, b->s.local, errflag);
        MPIR_ERR_CHECK(mpi_errno);
    }
    if (b->s.hosts->leader_comm != NULL && slice > 0) {
        mpi_errno = MPIR_Ibcast(b->bytes + at + b->s.displs[b->s.self], slice, MPI_BYTE,
                                b->root_host, b->s.hosts->leader_comm, request);
    }
fn_fail:
    return mpi_errno;
}

static int wait_for(MPIR_Request **request)
{
    int mpi_errno = MPI_SUCCESS;

    if (*request != NULL) {
        mpi_errno = MPID_Wait(*request, MPI_STATUS_IGNORE);
        MPIR_ERR_CHECK(mpi_errno); /* it is still under way */
        mpi_errno = (*request)->status.MPI_ERROR;
        MPIR_Request_free(*request);
        *request = NULL;
    }
fn_fail:
    return mpi_errno;
}

/* After an error: a segment is on the network, and nobody can take it back. */
static bool is_pending(MPIR_Request *const requests[2])
{
    return requests[0] != NULL || requests[1] != NULL;
}

static int bcast_finish(struct bcast *b, MPI_Aint at, MPIR_Errflag_t *errflag)
{
    const MPI_Aint slice = slice_at(&b->s, at);
    int mpi_errno = wait_for(&b->requests[at / b->s.each % 2]);

    if (mpi_errno == MPI_SUCCESS && b->local_root < 0) {
        mpi_errno = collect(&b->s, MPI_IN_PLACE, b->bytes + at, slice, MPI_BYTE, errflag);
    }
    return mpi_errno;
}

static int bcast_bytes(struct bcast *b, MPIR_Errflag_t *errflag)
{
    const MPI_Aint each = b->s.each;
    int mpi_errno = bcast_start(b, 0, errflag);

    for (MPI_Aint at = 0; mpi_errno == MPI_SUCCESS && at < b->s.count; at += each) {
        if (at + each < b->s.count) {
            mpi_errno = bcast_start(b, at + each, errflag);
        }
        if (mpi_errno == MPI_SUCCESS) {
            mpi_errno = bcast_finish(b, at, errflag);
        }
    }
    return mpi_errno;
}

int MPIDI_IVSHMEMI_leaders_bcast(void *buf, MPI_Aint count, MPI_Datatype type, int root,
                                 MPIR_Comm *comm, MPIR_Errflag_t *errflag)
{
    struct MPIDI_IVSHMEMI_row row = { .copy = NULL };
    struct bcast b = { .s.counts = NULL };
    struct MPIDI_IVSHMEMI_hosts *hosts;
    int mpi_errno, ret;

    mpi_errno = MPIDI_IVSHMEMI_leaders_of(comm, &hosts);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = MPIDI_IVSHMEMI_row_begin(&row, buf, count, type, comm->rank == root);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = segments_begin(&b.s, hosts, comm, row.size, 1);
    MPIR_ERR_CHECK(mpi_errno);
    b.bytes = row.bytes;
    b.root_host = MPIR_Get_internode_rank(comm, root);
    b.local_root = MPIR_Get_intranode_rank(comm, root);
    mpi_errno = bcast_bytes(&b, errflag);
fn_fail:
    leave_after(mpi_errno, comm);
    segments_end(&b.s);
    if (is_pending(b.requests)) {
        row.copy = NULL; /* is written to yet */
    }
    ret = MPIDI_IVSHMEMI_row_end(&row, mpi_errno == MPI_SUCCESS && comm->rank != root);
    return mpi_errno == MPI_SUCCESS ? ret : mpi_errno;
}

/* ---- Allreduce ---- */

struct allreduce {
    struct segments s;
    const char *send;
    char *recv, *sums; /* this rank's slices of two segments */
    MPI_Aint unit;
    MPI_Datatype type;
    MPI_Op op;
    MPIR_Request *requests[2];
};

static char *sum_at(const struct allreduce *a, MPI_Aint at)
{
    return a->sums + at / a->s.each % 2 * (a->s.each / a->s.hosts->leaders) * a->unit;
}

/* This host's sum of a segment, in slices; the leaders add those of other hosts. */
static int allreduce_start(struct allreduce *a, MPI_Aint at, MPIR_Errflag_t *errflag)
{
    const MPI_Aint slice = slice_at(&a->s, at);
    const char *segment = a->send + at * a->unit;
    MPIR_Request **request = &a->requests[at / a->s.each % 2];
    int mpi_errno;

    *request = NULL;
    mpi_errno = a->s.local == NULL
                    ? MPIR_Localcopy(segment, slice, a->type, sum_at(a, at), slice, a->type)
                    : MPIDI_IVSHMEM_reduce_scatter(segment, sum_at(a, at), a->s.counts, a->type,
                                                   a->op, a->s.local, errflag);
    MPIR_ERR_CHECK(mpi_errno);
    if (a->s.hosts->leader_comm != NULL && slice > 0) {
        mpi_errno = MPIR_Iallreduce(MPI_IN_PLACE, sum_at(a, at), slice, a->type, a->op,
                                    a->s.hosts->leader_comm, request);
    }
fn_fail:
    return mpi_errno;
}

static int allreduce_finish(struct allreduce *a, MPI_Aint at, MPIR_Errflag_t *errflag)
{
    const MPI_Aint slice = slice_at(&a->s, at);
    int mpi_errno = wait_for(&a->requests[at / a->s.each % 2]);

    return mpi_errno != MPI_SUCCESS
               ? mpi_errno
               : collect(&a->s, sum_at(a, at), a->recv + at * a->unit, slice, a->type, errflag);
}

static int allreduce_all(struct allreduce *a, MPIR_Errflag_t *errflag)
{
    const MPI_Aint each = a->s.each;
    int mpi_errno = allreduce_start(a, 0, errflag);

    for (MPI_Aint at = 0; mpi_errno == MPI_SUCCESS && at < a->s.count; at += each) {
        if (at + each < a->s.count) {
            mpi_errno = allreduce_start(a, at + each, errflag);
        }
        if (mpi_errno == MPI_SUCCESS) {
            mpi_errno = allreduce_finish(a, at, errflag);
        }
    }
    return mpi_errno;
}

/* Of basic types and operations that commute. */
int MPIDI_IVSHMEMI_leaders_allreduce(const void *send, void *recv, MPI_Aint count,
                                     MPI_Datatype type, MPI_Op op, MPIR_Comm *comm,
                                     MPIR_Errflag_t *errflag)
{
    struct allreduce a = { .s.counts = NULL };
    struct MPIDI_IVSHMEMI_hosts *hosts;
    int mpi_errno;

    mpi_errno = MPIDI_IVSHMEMI_leaders_of(comm, &hosts);
    MPIR_ERR_CHECK(mpi_errno);
    a.unit = (MPI_Aint) MPIR_Datatype_get_basic_size(type);
    mpi_errno = segments_begin(&a.s, hosts, comm, count, a.unit);
    MPIR_ERR_CHECK(mpi_errno);
    a.send = send == MPI_IN_PLACE ? recv : send;
    a.recv = recv;
    a.type = type;
    a.op = op;
    a.sums = MPL_malloc(2 * a.s.each / hosts->leaders * a.unit, MPL_MEM_COLL);
    MPIR_ERR_CHKANDJUMP(a.sums == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    mpi_errno = allreduce_all(&a, errflag);
fn_fail:
    leave_after(mpi_errno, comm);
    if (!is_pending(a.requests)) {
        MPL_free(a.sums);
    }
    segments_end(&a.s);
    return mpi_errno;
}
