/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Internals of the message transport, shared by ivshmem_transport.c, _send.c and _recv.c. All
 * under MPICH's global lock. Peers are numbered by local rank on the host.
 */
#ifndef IVSHMEM_TRANSPORT_H_INCLUDED
#define IVSHMEM_TRANSPORT_H_INCLUDED

#include <mpidimpl.h>
#include "mpidch4r.h"
#include "core/ivs_port.h"
#include "ivshmem_wire.h"

#if MPIDI_CH4_MAX_VCIS != 1
#error "the ivshmem transport is made for one VCI (--with-ch4-max-vcis=1)"
#endif

struct send; /* a deferred send, ivshmem_send.c */

/* What a peer is in the middle of sending us. */
struct arrival {
    uint64_t total;      /* bytes of data */
    uint64_t left;       /* that are still to come; 0: nothing is */
    char *dst;           /* where the next of them go; NULL: MPICH unpacks them */
    MPIR_Request *rreq;  /* whose data it is; NULL: nobody's yet */
    char *stage;         /* then it is gathered here */
    MPIDIG_hdr_t header; /* and handed over with this header when it is all there */
};

typedef struct {
    struct ivs_port port; /* to all ranks of the host, this one too */
    void *segment;
    struct arrival *arrivals; /* by peer */
    struct send **waiting;    /* by peer: deferred sends, oldest first */
    struct send **waiting_end;
    uint32_t waiting_count; /* all peers */
    bool receiving;         /* inside the receive loop: callbacks must not enter it again */
} MPIDI_IVSHMEMI_transport_t;

extern MPIDI_IVSHMEMI_transport_t MPIDI_IVSHMEMI_transport;

/* MPI error for a negative code of the port: names the peer (or -1). */
int MPIDI_IVSHMEMI_transport_error(int code, int peer);

/* A rank of the host. */
static inline uint32_t MPIDI_IVSHMEMI_peer_of(int rank, MPIR_Comm *comm)
{
    return (uint32_t) MPIDI_POSIX_global.local_ranks[MPIDIU_rank_to_lpid(rank, comm)];
}

/* ivshmem_recv.c: where `bytes` bytes go for this receive as they are; NULL: they need MPICH's
 * unpacking or its way of reporting an error. */
char *MPIDI_IVSHMEMI_plain_destination(MPIR_Request *rreq, uint64_t bytes);

/* ivshmem_send.c: true if the message has been sent and the buffer may be reused; false:
 * nothing was written, take the long way. */
bool MPIDI_IVSHMEMI_try_message(const void *buf, MPI_Aint count, MPI_Datatype datatype, int rank,
                                int tag, MPIR_Comm *comm, int context_offset);

/* ivshmem_proxy.c: locks of windows that ranks of other hosts wait for, and another try for them. */
extern uint32_t MPIDI_IVSHMEMI_proxy_waiting;
int MPIDI_IVSHMEMI_proxy_progress(void);

/* ivshmem_coll_op.c: communicators with non-blocking collective operations under way. Carries these on;
 * true: one has ended. */
extern struct MPIDI_IVSHMEM_coll *MPIDI_IVSHMEMI_colls_busy;
bool MPIDI_IVSHMEMI_colls_advance(void);

/* ivshmem_send.c: moves deferred sends along. */
int MPIDI_IVSHMEMI_send_progress(void);

#endif /* IVSHMEM_TRANSPORT_H_INCLUDED */
