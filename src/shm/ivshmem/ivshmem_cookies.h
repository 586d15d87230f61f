/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Requests that a header names, hidden from peers: see ivshmem_cookies.c. Under MPICH's global
 * lock.
 */
#ifndef IVSHMEM_COOKIES_H_INCLUDED
#define IVSHMEM_COOKIES_H_INCLUDED

#include "ivshmem_cma.h"

/* The headers that are changed on their way. */
union MPIDI_IVSHMEMI_header {
    MPIDIG_hdr_t hdr;
    MPIDIG_send_cts_msg_t cts;
    struct cma_rts rts;
    struct cma_ack ack;
};

/* The header as it goes to the peer: itself, or changed in room. NULL: out of memory. */
const void *MPIDI_IVSHMEMI_hide(uint32_t peer, int handler, const void *header, uint32_t bytes,
                                union MPIDI_IVSHMEMI_header *room);

/* Puts addresses back into a private copy of a header that peer sent. false: it names a request
 * that does not wait for this from this peer. */
bool MPIDI_IVSHMEMI_reveal(uint32_t peer, int handler, void *header, uint32_t bytes);

void MPIDI_IVSHMEMI_forget_cookies(void);

#endif /* IVSHMEM_COOKIES_H_INCLUDED */
