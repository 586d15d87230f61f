/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What MPICH's own files call in the ivshmem module. Included everywhere through posix_pre.h:
 * keep it small and stable.
 *
 * MPIDI_IVSHMEM_merge_nodes() runs once per initialisation, on every rank, before the node map
 * is used; the others are valid after it and thread-safe.
 */
#ifndef IVSHMEM_PRE_H_INCLUDED
#define IVSHMEM_PRE_H_INCLUDED

#include <stdbool.h>
#include "mpl.h"

/* Merges the nodes whose ranks prove that they share a region: rewrites node_map[0..size) and
 * *max_node_id identically on all ranks. Returns an MPI error for a bad knob or a failing
 * process manager only; a region that cannot be used leaves the map as it was. */
int MPIDI_IVSHMEM_merge_nodes(int *node_map, int size, int *max_node_id);

/* True on all ranks or on none: some node of this job spans several kernels. */
bool MPIDI_IVSHMEM_nodes_merged(void);

/* Colour for MPI_COMM_TYPE_SHARED: the node id given, or the VM's (knob). */
int MPIDI_IVSHMEM_split_color(int node_id);

/* True for memory in a region that has no page structures, as that of a device's BAR without the
 * guest driver: RDMA registration fails. Windows there are reached over the network by active
 * messages. */
bool MPIDI_IVSHMEM_is_unregistrable(const void *addr);

/* Hardware object id made unique among the VMs of a host. */
int MPIDI_IVSHMEM_split_gid(int gid);

/* The windows' process-shared lock. A mutex in the region becomes a spin lock that needs no
 * common kernel; any other stays what MPL makes of it. *err: MPL_SUCCESS or an MPL error, also
 * when the holder has died. */
void MPIDI_IVSHMEM_mutex_create(MPL_proc_mutex_t *mutex, int *err);
void MPIDI_IVSHMEM_mutex_destroy(MPL_proc_mutex_t *mutex, int *err);
void MPIDI_IVSHMEM_mutex_lock(MPL_proc_mutex_t *mutex, int *err);
void MPIDI_IVSHMEM_mutex_unlock(MPL_proc_mutex_t *mutex, int *err);

/* Part of MPICH's window: what the module knows of one whose memory lies in the region
 * (ivshmem_win.h). */
typedef struct {
    struct MPIDI_IVSHMEM_win *own; /* NULL: none of our business */
    bool whole;                    /* all its ranks are on this host */
    bool dynamic;                  /* not all of its memory need be in the region */
} MPIDI_IVSHMEM_win_t;

/* MPID_Send and MPID_Recv (ivshmem_fast.c): *request is NULL if the operation is complete.
 * Under MPICH's global lock. */
struct MPIR_Comm;
struct MPIR_Request;
int MPIDI_IVSHMEM_send(const void *buf, MPI_Aint count, MPI_Datatype datatype, int rank, int tag,
                       struct MPIR_Comm *comm, int context_offset, struct MPIR_Request **request);
int MPIDI_IVSHMEM_recv(void *buf, MPI_Aint count, MPI_Datatype datatype, int rank, int tag,
                       struct MPIR_Comm *comm, int context_offset, MPI_Status *status,
                       struct MPIR_Request **request);

/* The process manager's connection is used by another thread from now on. */
void MPIDI_IVSHMEM_end_lookups(void);

/* How busy the on-host transport is: lets a busy host poll the netmod, which can cost more than
 * a whole on-host message, less often, and an idle one not. Private to the process. */
struct MPIDI_IVSHMEM_poll {
    unsigned idle;  /* polls of the transport since its last message */
    unsigned since; /* passes since the netmod was last polled */
};

extern struct MPIDI_IVSHMEM_poll MPIDI_IVSHMEM_poll;

#define MPIDI_IVSHMEM_SHORT_IDLE 64    /* the transport counts as busy for so many polls */
#define MPIDI_IVSHMEM_LONG_IDLE 1024   /* after so many the netmod is polled each time */
#define MPIDI_IVSHMEM_BUSY_PASSES 1024 /* and no less often than each of so many passes */

/* Whether this pass of the progress engine polls the netmod. Bounded: it is polled at least
 * once in MPIDI_IVSHMEM_BUSY_PASSES passes. */
static inline bool MPIDI_IVSHMEM_netmod_due(void)
{
    unsigned idle = MPIDI_IVSHMEM_poll.idle;

    if (idle < MPIDI_IVSHMEM_LONG_IDLE && ++MPIDI_IVSHMEM_poll.since < MPIDI_IVSHMEM_BUSY_PASSES &&
        (idle < MPIDI_IVSHMEM_SHORT_IDLE || (idle & (idle - 1)) != 0)) {
        return false;
    }
    MPIDI_IVSHMEM_poll.since = 0;
    return true;
}

#endif /* IVSHMEM_PRE_H_INCLUDED */
