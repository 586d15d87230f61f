/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Long messages inside one VM, or from or to buffers in the region. The sender's request to send
 * carries an offer: a ticket for its table of exposed buffers, and the place if that is in the
 * region. The receiver, once it knows where the data goes, reads it where it lies and says so; or
 * asks for it through the transport, as if there had been no offer; or asks with the place of its
 * own buffer, if that is in the region: the sender then copies the data there and says so. Each is
 * one acknowledgement that names the ticket; it ends the offer.
 *
 * Which way is taken is measured by the receiver, for each class of sizes. Time on the way through
 * the transport runs from the asking to the last piece; messages asked for meanwhile count as one,
 * so that they do not count each other's time. That the sender is late to notice does count: it is
 * what this way costs, and reading does not. Of a copy that the sender makes it tells how long it
 * took.
 *
 * Invariant: nothing read from a record leads to an address outside the region, for which see
 * core/ivs_expose.h, nor to one in the region that the allocator does not know as this job's.
 */
#include "ivshmem_impl.h"
#include "ivshmem_cma.h"
#include "mpidig_pt2pt_callbacks.h"
#include "core/ivs_choice.h"
#include "core/ivs_copy.h"
#include <time.h>

#define ALWAYS 2 /* of MPIR_CVAR_IVSHMEM_CMA */
#define NOBODY (-1)
#define SAMPLE_BYTES (UINT64_C(4) << 20) /* more than fits in a sender's cells */

/* A table of choices for each: copies by the kernel, out of the region, into it by the sender. */
enum way {
    BY_KERNEL,
    FROM_REGION,
    INTO_REGION,
    WAYS /* none of them */
};

static struct ivs_choice choices[WAYS * IVS_CHOICE_CLASSES];

IVL_STATIC_ASSERT(WAYS *IVS_CHOICE_CLASSES <= 64, "a bit for each");
IVL_STATIC_ASSERT(CMA_DONE >= MPIDIG_HANDLER_STATIC_MAX, "no handler of MPICH's");

/* Messages that come through the transport and are being timed, together. */
static struct {
    const MPIR_Request *last; /* asked for; NULL: nothing is timed */
    uint64_t since;
    uint64_t bytes;   /* that have come since */
    uint64_t choices; /* that the messages belong to, a bit each */
    bool goes_on;     /* after a sample: it began with full cells */
} timed;

static int liar = NOBODY; /* peer whose record cannot be true */

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

/* ---- sender ----------------------------------------------------------------------------------- */

/* Where the data lies, if in one piece. */
static const void *contiguous_data(const MPIR_Request *sreq, uint64_t *bytes)
{
    int contig;
    MPI_Aint true_lb;
    MPIR_Datatype *unused ATTRIBUTE((unused));

    MPIDI_Datatype_get_info(MPIDIG_REQUEST(sreq, count), MPIDIG_REQUEST(sreq, datatype), contig,
                            *bytes, unused, true_lb);
    return contig ? MPIR_get_contig_ptr(MPIDIG_REQUEST(sreq, buffer), true_lb) : NULL;
}

bool MPIDI_IVSHMEMI_cma_offer(uint32_t peer, const MPIDIG_hdr_t *hdr, struct cma_rts *rts)
{
    const void *data;
    uint64_t bytes;
    bool in_region;

    if (!(hdr->flags & MPIDIG_AM_SEND_FLAGS_RTS) || hdr->data_sz <= WIRE_EAGER_MAX) {
        return false;
    }
    data = contiguous_data(hdr->sreq_ptr, &bytes);
    if (data == NULL) {
        return false;
    }
    in_region = MPIDI_IVSHMEMI_seg_place(data, bytes, &rts->offer.place);
    rts->offer.readable = MPIDI_IVSHMEMI_exposed.nonce != 0 && MPIDI_IVSHMEMI_cma_is_near(peer);
    if ((!in_region && !rts->offer.readable && !MPIDI_IVSHMEMI_global.merged) ||
        !ivs_expose_take(&MPIDI_IVSHMEMI_exposed, peer, data, bytes, hdr->sreq_ptr,
                         &rts->offer.ticket)) {
        return false;
    }
    rts->hdr = *hdr;
    MPIDIG_AM_SEND_SET_RNDV(rts->hdr.flags, CMA_RNDV);
    rts->hdr.rndv_hdr_sz = sizeof(rts->offer);
    return true;
}

static int send_data(MPIR_Request *sreq, const struct cma_ack *ack)
{
    MPIDIG_send_cts_msg_t cts = { .sreq_ptr = sreq,
                                  .rreq_ptr = (MPIR_Request *) (uintptr_t) ack->rreq };

    return MPIDIG_send_cts_target_msg_cb(&cts, NULL, 0, 0, NULL);
}

/* 0; -EAGAIN: the place is none that this process can write to; -EBADMSG. */
static int copy_to_place(const MPIR_Request *sreq, const struct cma_ack *ack)
{
    uint64_t bytes;
    const void *data = contiguous_data(sreq, &bytes);
    struct ivl_block block;
    char *dst;

    if (ack->bytes != bytes) {
        return -EBADMSG;
    }
    dst = MPIDI_IVSHMEMI_place_attach(&ack->place, bytes, &block);
    if (dst == NULL) {
        return -EAGAIN;
    }
    ivs_copy(dst, data, bytes); /* the record that says so is published behind it: [ring A] */
    return MPIDI_IVSHMEMI_place_release(&block);
}

static int put_data(MPIR_Request *sreq, const struct cma_ack *ack)
{
    struct cma_done done = { .rreq = ack->rreq };
    uint64_t begin = now_ns();
    int rc = copy_to_place(sreq, ack);
    int mpi_errno;

    if (rc == -EAGAIN) {
        return send_data(sreq, ack);
    }
    if (rc != 0) {
        return MPIDI_IVSHMEMI_transport_error(rc, (int) ack->ticket.peer);
    }
    done.ns = now_ns() - begin;
    mpi_errno = MPIDI_IVSHMEM_am_send_hdr(MPIDIG_REQUEST(sreq, u.send.dest), sreq->comm, CMA_DONE,
                                          &done, sizeof(done), 0, 0);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = MPIDIG_send_data_origin_cb(sreq);
fn_fail:
    return mpi_errno;
}

/* The receiver has read the data, or says where it goes, or wants it sent. */
static int ack_target_msg_cb(void *am_hdr, void *data ATTRIBUTE((unused)),
                             MPI_Aint bytes ATTRIBUTE((unused)), uint32_t attr ATTRIBUTE((unused)),
                             MPIR_Request **req ATTRIBUTE((unused)))
{
    struct cma_ack ack;
    void *sreq;

    memcpy(&ack, am_hdr, sizeof(ack));
    if (ivs_expose_release(&MPIDI_IVSHMEMI_exposed, ack.ticket.peer, &ack.ticket, &sreq) != 0) {
        return MPIDI_IVSHMEMI_transport_error(-EBADMSG, (int) ack.ticket.peer);
    }
    if (ack.rreq == 0) {
        return MPIDIG_send_data_origin_cb((MPIR_Request *) sreq);
    }
    return ack.place.in_region != 0 ? put_data((MPIR_Request *) sreq, &ack)
                                    : send_data((MPIR_Request *) sreq, &ack);
}

/* ---- receiver --------------------------------------------------------------------------------- */

void MPIDI_IVSHMEMI_cma_stamp(int handler, void *header, uint32_t peer)
{
    if (handler == CMA_ACK) {
        ((struct cma_ack *) header)->ticket.peer = peer;
    } else if (handler == MPIDIG_SEND) {
        struct cma_rts *rts = (struct cma_rts *) header;
        if ((rts->hdr.flags & MPIDIG_AM_SEND_FLAGS_RTS) &&
            MPIDIG_AM_SEND_GET_RNDV_ID(rts->hdr.flags) == CMA_RNDV) {
            rts->offer.ticket.peer = peer;
        }
    }
}

static uint64_t bytes_of(MPIR_Request *rreq)
{
    return (uint64_t) MPIDIG_recv_in_data_sz(rreq);
}

/* wanting: NULL or rreq. place: for its data, or NULL. */
static int acknowledge(MPIR_Request *rreq, const struct ivs_ticket *ticket, MPIR_Request *wanting,
                       const struct MPIDI_IVSHMEMI_place *place)
{
    struct cma_ack ack = { .ticket = { .number = ticket->number, .entry = ticket->entry },
                           .rreq = (uint64_t) (uintptr_t) wanting,
                           .bytes = bytes_of(rreq) };

    if (place != NULL) {
        ack.place = *place;
    }
    return MPIDI_IVSHMEM_am_send_hdr(MPIDIG_REQUEST(rreq, u.recv.source), rreq->comm, CMA_ACK, &ack,
                                     sizeof(ack), 0, 0);
}

static struct ivs_choice *choice_of(enum way way, uint64_t bytes)
{
    return &choices[way * IVS_CHOICE_CLASSES + ivs_choice_class(bytes)];
}

static void begin_timing(const MPIR_Request *rreq, const struct ivs_choice *choice)
{
    if (timed.last == NULL) {
        timed.since = now_ns();
        timed.bytes = 0;
        timed.choices = 0;
        timed.goes_on = false;
    }
    timed.last = rreq;
    timed.choices |= UINT64_C(1) << (choice - choices);
}

static void note_sample(uint64_t now)
{
    for (uint32_t i = 0; i < WAYS * IVS_CHOICE_CLASSES; i++) {
        if (timed.choices & UINT64_C(1) << i) {
            ivs_choice_note(&choices[i], IVS_TWO_COPIES, timed.bytes, now - timed.since);
        }
    }
}

/* A burst counts as a whole, or in long parts: its single messages lie ready in the cells, or do
 * not, by chance. */
void MPIDI_IVSHMEMI_cma_arrived(const MPIR_Request *rreq, uint64_t bytes)
{
    uint64_t now;

    timed.bytes += bytes;
    if (timed.last == NULL || (timed.last != rreq && timed.bytes < SAMPLE_BYTES)) {
        return;
    }
    now = now_ns();
    if (timed.bytes >= SAMPLE_BYTES || !timed.goes_on) {
        note_sample(now);
    }
    timed.since = now;
    timed.bytes = 0;
    timed.goes_on = true;
    if (timed.last == rreq) {
        timed.last = NULL;
    }
}

static int ask_for_data(MPIR_Request *rreq, const struct ivs_ticket *ticket)
{
    return acknowledge(rreq, ticket, rreq, NULL);
}

/* The sender has copied the data to the place that it was given. */
static int done_target_msg_cb(void *am_hdr, void *data ATTRIBUTE((unused)),
                              MPI_Aint bytes ATTRIBUTE((unused)), uint32_t attr ATTRIBUTE((unused)),
                              MPIR_Request **req ATTRIBUTE((unused)))
{
    struct cma_done done;
    MPIR_Request *rreq;
    uint64_t total;

    memcpy(&done, am_hdr, sizeof(done));
    rreq = (MPIR_Request *) (uintptr_t) done.rreq;
    total = bytes_of(rreq);
    ivs_choice_note(choice_of(INTO_REGION, total), IVS_ONE_COPY, total,
                    MPL_MIN(done.ns, UINT32_MAX));
    MPIR_STATUS_SET_COUNT(rreq->status, (MPI_Aint) total);
    return MPIDIG_REQUEST(rreq, req->target_cmpl_cb)(rreq);
}

/* The record was not written by the sender of the message that it names, or names none. The
 * receive ends with the error; and so does whatever else makes progress, as the message's sender,
 * if there is one, will never hear of it. */
static int refuse(MPIR_Request *rreq, uint32_t peer)
{
    liar = (int) peer;
    rreq->status.MPI_ERROR = MPIDI_IVSHMEMI_transport_error(-EBADMSG, (int) peer);
    MPIR_STATUS_SET_COUNT(rreq->status, 0);
    return MPIDIG_REQUEST(rreq, req->target_cmpl_cb)(rreq);
}

/* 0, -EBADMSG, or why the data cannot be read. */
static int read_by_kernel(MPIR_Request *rreq, const struct ivs_ticket *ticket, char *dst)
{
    const struct ivs_remote *remote = MPIDI_IVSHMEMI_cma_remote(ticket->peer);
    struct ivs_exposed found;
    int rc =
        ivs_remote_find(remote, ticket, (uint32_t) MPIR_Process.local_rank, bytes_of(rreq), &found);

    rc = rc == 0 ? ivs_remote_read(remote, ticket, &found, dst) : rc;
    if (rc != 0 && rc != -EBADMSG &&
        rc != -EFAULT) { /* that is about these buffers: device memory */
        MPIDI_IVSHMEMI_cma_give_up(ticket->peer, rc);
    }
    return rc;
}

static int read_from_region(MPIR_Request *rreq, const struct MPIDI_IVSHMEMI_place *place, char *dst)
{
    const uint64_t bytes = bytes_of(rreq);
    struct ivl_block block;
    const char *src = MPIDI_IVSHMEMI_place_attach(place, bytes, &block);

    if (src == NULL) {
        return -EBADMSG;
    }
    ivs_copy(dst, src, bytes);
    return MPIDI_IVSHMEMI_place_release(&block);
}

static int take_data(MPIR_Request *rreq, enum way way, const struct cma_offer *offer, char *dst)
{
    const uint64_t bytes = bytes_of(rreq);
    uint64_t begin = now_ns();
    int rc = way == FROM_REGION ? read_from_region(rreq, &offer->place, dst)
                                : read_by_kernel(rreq, &offer->ticket, dst);
    int mpi_errno;

    if (rc == -EBADMSG) {
        return refuse(rreq, offer->ticket.peer);
    }
    if (rc != 0) {
        return ask_for_data(rreq, &offer->ticket);
    }
    mpi_errno = acknowledge(rreq, &offer->ticket, NULL, NULL);
    MPIR_ERR_CHECK(mpi_errno);
    ivs_choice_note(choice_of(way, bytes), IVS_ONE_COPY, bytes, now_ns() - begin);
    MPIR_STATUS_SET_COUNT(rreq->status, (MPI_Aint) bytes);
    mpi_errno = MPIDIG_REQUEST(rreq, req->target_cmpl_cb)(rreq);
fn_fail:
    return mpi_errno;
}

int MPIDI_IVSHMEMI_cma_check(void)
{
    return liar == NOBODY ? MPI_SUCCESS : MPIDI_IVSHMEMI_transport_error(-EBADMSG, liar);
}

static bool is_from(MPIR_Request *rreq, uint32_t peer)
{
    int rank = MPIDIG_REQUEST(rreq, u.recv.source);

    return rank >= 0 && rank < rreq->comm->remote_size &&
           MPIDI_IVSHMEMI_peer_of(rank, rreq->comm) == peer;
}

/* How one copy can be made to dst, if that is not NULL. *place: of dst, if into the region. */
static enum way find_way(const struct cma_offer *offer, const char *dst, uint64_t bytes,
                         struct MPIDI_IVSHMEMI_place *place)
{
    if (dst == NULL) {
        return WAYS;
    }
    if (offer->place.in_region != 0) {
        return FROM_REGION;
    }
    if (offer->readable != 0 && MPIDI_IVSHMEMI_cma_remote(offer->ticket.peer) != NULL) {
        return BY_KERNEL;
    }
    return MPIDI_IVSHMEMI_seg_place(dst, bytes, place) ? INTO_REGION : WAYS;
}

/* A receive has been found for an offer. */
static int rndv_cb(MPIR_Request *rreq)
{
    const uint64_t bytes = bytes_of(rreq);
    struct MPIDI_IVSHMEMI_place place;
    struct ivs_choice *choice;
    struct cma_offer offer;
    enum way way;
    char *dst;

    memcpy(&offer, MPIDIG_REQUEST(rreq, rndv_hdr), sizeof(offer));
    if (!is_from(rreq, offer.ticket.peer)) {
        return refuse(rreq, offer.ticket.peer);
    }
    dst = MPIDI_IVSHMEMI_plain_destination(rreq, bytes);
    way = find_way(&offer, dst, bytes, &place);
    if (way == WAYS) {
        return ask_for_data(rreq, &offer.ticket);
    }
    choice = choice_of(way, bytes);
    if (MPIR_CVAR_IVSHMEM_CMA != ALWAYS && ivs_choice_next(choice) == IVS_TWO_COPIES) {
        begin_timing(rreq, choice);
        return ask_for_data(rreq, &offer.ticket);
    }
    return way == INTO_REGION ? acknowledge(rreq, &offer.ticket, rreq, &place)
                              : take_data(rreq, way, &offer, dst);
}

/* ---- begin and end ---------------------------------------------------------------------------- */

int MPIDI_IVSHMEMI_cma_init(void)
{
    memset(choices, 0, sizeof(choices));
    memset(&timed, 0, sizeof(timed));
    liar = NOBODY;
    MPIDIG_am_rndv_reg_cb(CMA_RNDV, rndv_cb);
    MPIDIG_am_reg_cb(CMA_ACK, NULL, ack_target_msg_cb);
    MPIDIG_am_reg_cb(CMA_DONE, NULL, done_target_msg_cb);
    return MPIDI_IVSHMEMI_cma_peers_init();
}

void MPIDI_IVSHMEMI_cma_finalize(void)
{
    MPIDI_IVSHMEMI_cma_peers_finalize();
}
