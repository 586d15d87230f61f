/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * One copy: long messages that the receiver copies straight out of the sender's memory, when both
 * are in one VM (cross memory attach) or when that memory lies in the region, or that the sender
 * copies straight to where they go, when that lies in the region. Under MPICH's global lock, but for
 * publish and report, which run before others know of this rank.
 */
#ifndef IVSHMEM_CMA_H_INCLUDED
#define IVSHMEM_CMA_H_INCLUDED

#include <stdio.h>
#include "ivshmem_transport.h"
#include "core/ivs_expose.h"

/* The stock IPC module's numbers, free as its attempt is not made in our build. */
#define CMA_RNDV MPIDIG_RNDV_IPC
#define CMA_ACK MPIDI_IPC_ACK
#define CMA_DONE (MPIDI_AM_HANDLERS_MAX - 1) /* MPICH gives numbers from below */

/* Nothing but a ticket: the sender can still copy the data to a place in the region. */
struct cma_offer {
    struct ivs_ticket ticket;
    struct MPIDI_IVSHMEMI_place place; /* of the data */
    uint64_t readable;                 /* 1: under the ticket, by who is in the same VM */
};

/* A request to send (handler MPIDIG_SEND) with an offer to read the data. */
struct cma_rts {
    MPIDIG_hdr_t hdr;
    struct cma_offer offer;
};

/* The answer (CMA_ACK): the data has been read; or it is to be copied to a place, and that said by a
 * CMA_DONE; or it is to be sent. The sender may always send it, where it cannot copy. */
struct cma_ack {
    struct ivs_ticket ticket;
    uint64_t rreq;                     /* of the receiver, that waits for the data; 0: none does */
    uint64_t bytes;                    /* that the receiver was told of */
    struct MPIDI_IVSHMEMI_place place; /* where they go */
};

/* The data has been copied to its place. */
struct cma_done {
    uint64_t rreq;
    uint64_t ns; /* that it took, for the choice of the way only */
};

/* ---- ivshmem_cma.c: the messages -------------------------------------------------------------- */

int MPIDI_IVSHMEMI_cma_init(void);
void MPIDI_IVSHMEMI_cma_finalize(void);

/* Makes an offer of a request to send, if one copy may do. false: send it as it is. */
bool MPIDI_IVSHMEMI_cma_offer(uint32_t peer, const MPIDIG_hdr_t *hdr, struct cma_rts *rts);

/* Notes in a private copy of an offer or an acknowledgement who sent it. */
void MPIDI_IVSHMEMI_cma_stamp(int handler, void *header, uint32_t peer);

/* A long message has come through the transport. */
void MPIDI_IVSHMEMI_cma_arrived(const MPIR_Request *rreq, uint64_t bytes);

/* MPI error if an offer was not what its sender exposes. */
int MPIDI_IVSHMEMI_cma_check(void);

/* ---- ivshmem_cma_peers.c: whose memory can be read -------------------------------------------- */

/* This process's table. */
extern struct ivs_expose MPIDI_IVSHMEMI_exposed;

int MPIDI_IVSHMEMI_cma_peers_init(void);
void MPIDI_IVSHMEMI_cma_peers_finalize(void);

/* Another rank of this VM, so that it makes sense to offer and to try. */
bool MPIDI_IVSHMEMI_cma_is_near(uint32_t peer);

/* The peer's table if it can be read, else NULL. Asks the process manager the first time. */
const struct ivs_remote *MPIDI_IVSHMEMI_cma_remote(uint32_t peer);

/* An error (negative errno) that means that this peer's memory cannot be read any more. */
void MPIDI_IVSHMEMI_cma_give_up(uint32_t peer, int code);

#endif /* IVSHMEM_CMA_H_INCLUDED */
