/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The time of a rank inside MPI: each MPI function that can take time, through its PMPI name.
 */
#include <mpi.h>
#include "app.h"

static bool running;
static int depth; /* of calls of MPI in each other */
static double started, seconds, communication;

void app_start(void)
{
    started = PMPI_Wtime();
    running = true;
}

void app_stop(void)
{
    if (running) {
        seconds += PMPI_Wtime() - started;
        running = false;
    }
}

double app_seconds(void)
{
    return seconds;
}

double app_communication(void)
{
    return communication;
}

static double enter(void)
{
    return depth++ == 0 && running ? PMPI_Wtime() : 0;
}

static int leave(double entered, int result)
{
    if (--depth == 0 && running) {
        communication += PMPI_Wtime() - entered;
    }
    return result;
}

#define TIMED(name, parameters, arguments)            \
    int MPI_##name parameters                         \
    {                                                 \
        double entered = enter();                     \
                                                      \
        return leave(entered, PMPI_##name arguments); \
    }

/* clang-format off */

/* ---- point to point ---------------------------------------------------------------------------- */

#define TIMED_SEND(name) \
    TIMED(name, (const void *b, int n, MPI_Datatype t, int to, int tag, MPI_Comm c), \
          (b, n, t, to, tag, c))
#define TIMED_ISEND(name) \
    TIMED(name, (const void *b, int n, MPI_Datatype t, int to, int tag, MPI_Comm c, MPI_Request *r), \
          (b, n, t, to, tag, c, r))

TIMED_SEND(Send)
TIMED_SEND(Ssend)
TIMED_SEND(Rsend)
TIMED_SEND(Bsend)
TIMED_ISEND(Isend)
TIMED_ISEND(Issend)
TIMED_ISEND(Irsend)
TIMED_ISEND(Ibsend)
TIMED_ISEND(Send_init)
TIMED_ISEND(Ssend_init)
TIMED_ISEND(Rsend_init)
TIMED(Recv, (void *b, int n, MPI_Datatype t, int from, int tag, MPI_Comm c, MPI_Status *s),
      (b, n, t, from, tag, c, s))
TIMED(Irecv, (void *b, int n, MPI_Datatype t, int from, int tag, MPI_Comm c, MPI_Request *r),
      (b, n, t, from, tag, c, r))
TIMED(Recv_init, (void *b, int n, MPI_Datatype t, int from, int tag, MPI_Comm c, MPI_Request *r),
      (b, n, t, from, tag, c, r))
TIMED(Sendrecv,
      (const void *sb, int sn, MPI_Datatype st, int to, int stag, void *rb, int rn, MPI_Datatype rt,
       int from, int rtag, MPI_Comm c, MPI_Status *s),
      (sb, sn, st, to, stag, rb, rn, rt, from, rtag, c, s))
TIMED(Sendrecv_replace,
      (void *b, int n, MPI_Datatype t, int to, int stag, int from, int rtag, MPI_Comm c,
       MPI_Status *s),
      (b, n, t, to, stag, from, rtag, c, s))
TIMED(Probe, (int from, int tag, MPI_Comm c, MPI_Status *s), (from, tag, c, s))
TIMED(Iprobe, (int from, int tag, MPI_Comm c, int *f, MPI_Status *s), (from, tag, c, f, s))
TIMED(Start, (MPI_Request *r), (r))
TIMED(Startall, (int n, MPI_Request r[]), (n, r))
TIMED(Request_free, (MPI_Request *r), (r))
TIMED(Wait, (MPI_Request *r, MPI_Status *s), (r, s))
TIMED(Waitall, (int n, MPI_Request r[], MPI_Status s[]), (n, r, s))
TIMED(Waitany, (int n, MPI_Request r[], int *i, MPI_Status *s), (n, r, i, s))
TIMED(Waitsome, (int n, MPI_Request r[], int *m, int i[], MPI_Status s[]), (n, r, m, i, s))
TIMED(Test, (MPI_Request *r, int *f, MPI_Status *s), (r, f, s))
TIMED(Testall, (int n, MPI_Request r[], int *f, MPI_Status s[]), (n, r, f, s))
TIMED(Testany, (int n, MPI_Request r[], int *i, int *f, MPI_Status *s), (n, r, i, f, s))
TIMED(Testsome, (int n, MPI_Request r[], int *m, int i[], MPI_Status s[]), (n, r, m, i, s))
TIMED(Pack, (const void *b, int n, MPI_Datatype t, void *out, int size, int *at, MPI_Comm c),
      (b, n, t, out, size, at, c))
TIMED(Unpack, (const void *in, int size, int *at, void *b, int n, MPI_Datatype t, MPI_Comm c),
      (in, size, at, b, n, t, c))

/* ---- collective, and the same without waiting -------------------------------------------------- */

/* Unwraps the parameters in brackets, so that a request can follow them. */
#define BARE(...) __VA_ARGS__
#define TIMED_PAIR(name, iname, parameters, arguments)                    \
    TIMED(name, (BARE parameters), (BARE arguments))                      \
    TIMED(iname, (BARE parameters, MPI_Request *request), (BARE arguments, request))

TIMED_PAIR(Barrier, Ibarrier, (MPI_Comm c), (c))
TIMED_PAIR(Bcast, Ibcast, (void *b, int n, MPI_Datatype t, int root, MPI_Comm c),
           (b, n, t, root, c))
TIMED_PAIR(Gather, Igather,
           (const void *sb, int sn, MPI_Datatype st, void *rb, int rn, MPI_Datatype rt, int root,
            MPI_Comm c),
           (sb, sn, st, rb, rn, rt, root, c))
TIMED_PAIR(Gatherv, Igatherv,
           (const void *sb, int sn, MPI_Datatype st, void *rb, const int rn[], const int rd[],
            MPI_Datatype rt, int root, MPI_Comm c),
           (sb, sn, st, rb, rn, rd, rt, root, c))
TIMED_PAIR(Scatter, Iscatter,
           (const void *sb, int sn, MPI_Datatype st, void *rb, int rn, MPI_Datatype rt, int root,
            MPI_Comm c),
           (sb, sn, st, rb, rn, rt, root, c))
TIMED_PAIR(Scatterv, Iscatterv,
           (const void *sb, const int sn[], const int sd[], MPI_Datatype st, void *rb, int rn,
            MPI_Datatype rt, int root, MPI_Comm c),
           (sb, sn, sd, st, rb, rn, rt, root, c))
TIMED_PAIR(Allgather, Iallgather,
           (const void *sb, int sn, MPI_Datatype st, void *rb, int rn, MPI_Datatype rt, MPI_Comm c),
           (sb, sn, st, rb, rn, rt, c))
TIMED_PAIR(Allgatherv, Iallgatherv,
           (const void *sb, int sn, MPI_Datatype st, void *rb, const int rn[], const int rd[],
            MPI_Datatype rt, MPI_Comm c),
           (sb, sn, st, rb, rn, rd, rt, c))
TIMED_PAIR(Alltoall, Ialltoall,
           (const void *sb, int sn, MPI_Datatype st, void *rb, int rn, MPI_Datatype rt, MPI_Comm c),
           (sb, sn, st, rb, rn, rt, c))
TIMED_PAIR(Alltoallv, Ialltoallv,
           (const void *sb, const int sn[], const int sd[], MPI_Datatype st, void *rb,
            const int rn[], const int rd[], MPI_Datatype rt, MPI_Comm c),
           (sb, sn, sd, st, rb, rn, rd, rt, c))
TIMED_PAIR(Alltoallw, Ialltoallw,
           (const void *sb, const int sn[], const int sd[], const MPI_Datatype st[], void *rb,
            const int rn[], const int rd[], const MPI_Datatype rt[], MPI_Comm c),
           (sb, sn, sd, st, rb, rn, rd, rt, c))
TIMED_PAIR(Reduce, Ireduce,
           (const void *sb, void *rb, int n, MPI_Datatype t, MPI_Op op, int root, MPI_Comm c),
           (sb, rb, n, t, op, root, c))
TIMED_PAIR(Allreduce, Iallreduce,
           (const void *sb, void *rb, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c),
           (sb, rb, n, t, op, c))
TIMED_PAIR(Reduce_scatter, Ireduce_scatter,
           (const void *sb, void *rb, const int n[], MPI_Datatype t, MPI_Op op, MPI_Comm c),
           (sb, rb, n, t, op, c))
TIMED_PAIR(Reduce_scatter_block, Ireduce_scatter_block,
           (const void *sb, void *rb, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c),
           (sb, rb, n, t, op, c))
TIMED_PAIR(Scan, Iscan,
           (const void *sb, void *rb, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c),
           (sb, rb, n, t, op, c))
TIMED_PAIR(Exscan, Iexscan,
           (const void *sb, void *rb, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c),
           (sb, rb, n, t, op, c))

/* ---- communicators ----------------------------------------------------------------------------- */

TIMED(Comm_dup, (MPI_Comm c, MPI_Comm *made), (c, made))
TIMED(Comm_split, (MPI_Comm c, int color, int key, MPI_Comm *made), (c, color, key, made))
TIMED(Comm_split_type, (MPI_Comm c, int type, int key, MPI_Info info, MPI_Comm *made),
      (c, type, key, info, made))
TIMED(Comm_create, (MPI_Comm c, MPI_Group g, MPI_Comm *made), (c, g, made))
TIMED(Comm_free, (MPI_Comm *c), (c))
TIMED(Cart_create,
      (MPI_Comm c, int n, const int dims[], const int periods[], int reorder, MPI_Comm *made),
      (c, n, dims, periods, reorder, made))
TIMED(Cart_sub, (MPI_Comm c, const int remain[], MPI_Comm *made), (c, remain, made))

/* ---- one-sided --------------------------------------------------------------------------------- */

TIMED(Win_create,
      (void *b, MPI_Aint size, int unit, MPI_Info info, MPI_Comm c, MPI_Win *w),
      (b, size, unit, info, c, w))
TIMED(Win_allocate,
      (MPI_Aint size, int unit, MPI_Info info, MPI_Comm c, void *b, MPI_Win *w),
      (size, unit, info, c, b, w))
TIMED(Win_free, (MPI_Win *w), (w))
TIMED(Win_fence, (int assertion, MPI_Win w), (assertion, w))
TIMED(Win_post, (MPI_Group g, int assertion, MPI_Win w), (g, assertion, w))
TIMED(Win_start, (MPI_Group g, int assertion, MPI_Win w), (g, assertion, w))
TIMED(Win_complete, (MPI_Win w), (w))
TIMED(Win_wait, (MPI_Win w), (w))
TIMED(Win_lock, (int type, int target, int assertion, MPI_Win w), (type, target, assertion, w))
TIMED(Win_unlock, (int target, MPI_Win w), (target, w))
TIMED(Win_lock_all, (int assertion, MPI_Win w), (assertion, w))
TIMED(Win_unlock_all, (MPI_Win w), (w))
TIMED(Win_flush, (int target, MPI_Win w), (target, w))
TIMED(Win_flush_all, (MPI_Win w), (w))
TIMED(Win_flush_local, (int target, MPI_Win w), (target, w))
TIMED(Win_flush_local_all, (MPI_Win w), (w))
TIMED(Win_sync, (MPI_Win w), (w))
TIMED(Put,
      (const void *b, int n, MPI_Datatype t, int target, MPI_Aint at, int tn, MPI_Datatype tt,
       MPI_Win w),
      (b, n, t, target, at, tn, tt, w))
TIMED(Get,
      (void *b, int n, MPI_Datatype t, int target, MPI_Aint at, int tn, MPI_Datatype tt, MPI_Win w),
      (b, n, t, target, at, tn, tt, w))
TIMED(Accumulate,
      (const void *b, int n, MPI_Datatype t, int target, MPI_Aint at, int tn, MPI_Datatype tt,
       MPI_Op op, MPI_Win w),
      (b, n, t, target, at, tn, tt, op, w))
TIMED(Fetch_and_op,
      (const void *b, void *old, MPI_Datatype t, int target, MPI_Aint at, MPI_Op op, MPI_Win w),
      (b, old, t, target, at, op, w))
TIMED(Compare_and_swap,
      (const void *b, const void *want, void *old, MPI_Datatype t, int target, MPI_Aint at,
       MPI_Win w),
      (b, want, old, t, target, at, w))
