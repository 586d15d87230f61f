/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * MPICH's headers of messages name requests by address: a peer gets the address of a request and
 * sends it back. In a segment that others may write no address can be believed, so cookies
 * (core/ivs_cookie.h) travel in their place: for sends that ask first (RTS), the answer (CTS, or
 * the acknowledgement of an offer, ivshmem_cma.h), the data or the word that it has been copied, and
 * the acknowledgement of a synchronous send. Not so yet for partitioned and one-sided communication:
 * see doc/design.md.
 */
#include "ivshmem_impl.h"
#include "ivshmem_transport.h"
#include "ivshmem_cma.h"
#include "ivshmem_cookies.h"
#include "core/ivs_cookie.h"

/* What a request waits for. */
enum role {
    ROLE_CTS = 1,
    ROLE_DATA = 2,
    ROLE_ACK = 4,
    ROLE_DONE = 8 /* instead of the data */
};

static struct ivs_cookies cookies;

static bool hide(uint32_t peer, unsigned roles, MPIR_Request **field)
{
    uint64_t cookie = ivs_cookie_make(&cookies, peer, (uint8_t) roles, *field);

    *field = (MPIR_Request *) (uintptr_t) cookie;
    return cookie != 0;
}

static bool reveal(uint32_t peer, enum role role, MPIR_Request **field)
{
    *field = ivs_cookie_redeem(&cookies, peer, (uint8_t) role, (uintptr_t) *field);
    return *field != NULL;
}

/* A receive gets its data once: sent, or copied to its place. */
static bool reveal_receive(uint32_t peer, enum role role, MPIR_Request **field)
{
    *field = ivs_cookie_redeem_last(&cookies, peer, (uint8_t) role, (uintptr_t) *field);
    return *field != NULL;
}

static bool reveal_done(uint32_t peer, struct cma_done *done)
{
    MPIR_Request *rreq = (MPIR_Request *) (uintptr_t) done->rreq;
    bool known = reveal_receive(peer, ROLE_DONE, &rreq);

    done->rreq = (uintptr_t) rreq;
    return known;
}

/* The answer to an offer names the offer's ticket instead. */
static bool awaits_cts(const MPIDIG_hdr_t *hdr)
{
    return (hdr->flags & MPIDIG_AM_SEND_FLAGS_RTS) &&
           MPIDIG_AM_SEND_GET_RNDV_ID(hdr->flags) != CMA_RNDV;
}

static bool hide_sender(uint32_t peer, MPIDIG_hdr_t *hdr)
{
    unsigned roles = (awaits_cts(hdr) ? ROLE_CTS : 0) |
                     ((hdr->flags & MPIDIG_AM_SEND_FLAGS_SYNC) ? ROLE_ACK : 0);

    if (roles == 0) {
        hdr->sreq_ptr = NULL;
        return true;
    }
    return hide(peer, roles, &hdr->sreq_ptr);
}

static bool hide_wanting(uint32_t peer, struct cma_ack *ack)
{
    MPIR_Request *rreq = (MPIR_Request *) (uintptr_t) ack->rreq;
    unsigned roles = ROLE_DATA | (ack->place.in_region != 0 ? ROLE_DONE : 0);
    bool done = rreq == NULL || hide(peer, roles, &rreq);

    ack->rreq = (uintptr_t) rreq;
    return done;
}

const void *MPIDI_IVSHMEMI_hide(uint32_t peer, int handler, const void *header, uint32_t bytes,
                                union MPIDI_IVSHMEMI_header *room)
{
    bool done = true;

    if ((handler != MPIDIG_SEND && handler != MPIDIG_SEND_CTS && handler != CMA_ACK) ||
        bytes > sizeof(*room)) {
        return header;
    }
    memcpy(room, header, bytes);
    if (handler == MPIDIG_SEND) {
        done = hide_sender(peer, &room->hdr);
    } else if (handler == MPIDIG_SEND_CTS) {
        done = hide(peer, ROLE_DATA, &room->cts.rreq_ptr);
    } else {
        done = hide_wanting(peer, &room->ack);
    }
    return done ? room : NULL;
}

bool MPIDI_IVSHMEMI_reveal(uint32_t peer, int handler, void *header, uint32_t bytes)
{
    switch (handler) {
        case MPIDIG_SEND_CTS:
            return bytes == sizeof(MPIDIG_send_cts_msg_t) &&
                   reveal(peer, ROLE_CTS, &((MPIDIG_send_cts_msg_t *) header)->sreq_ptr);
        case MPIDIG_SEND_DATA:
            return bytes == sizeof(MPIDIG_send_data_msg_t) &&
                   reveal_receive(peer, ROLE_DATA, &((MPIDIG_send_data_msg_t *) header)->rreq_ptr);
        case CMA_DONE:
            return bytes == sizeof(struct cma_done) &&
                   reveal_done(peer, (struct cma_done *) header);
        case MPIDIG_SSEND_ACK:
            return bytes == sizeof(MPIDIG_ssend_ack_msg_t) &&
                   reveal(peer, ROLE_ACK, &((MPIDIG_ssend_ack_msg_t *) header)->sreq_ptr);
        default:
            return true;
    }
}

void MPIDI_IVSHMEMI_forget_cookies(void)
{
    ivs_cookies_clear(&cookies);
}
