/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Receiving: takes records out of the rings and gives them to MPICH's handlers.
 *
 * Headers are copied out of the segment and checked before anybody acts on them; data is copied
 * once, to where the receiver wants it. A record that its sender may not have written ends in
 * an MPI error that names the sender.
 */
#include "ivshmem_impl.h"
#include "ivshmem_transport.h"
#include "ivshmem_cma.h"
#include "ivshmem_cookies.h"
#include "core/ivs_copy.h"

#define RECORDS_PER_POLL 16 /* from one peer, before the others get their turn */
#define AHEAD 2             /* slots */

#define PASSES_PER_CHECK 64 /* between looks for members that have died */

static MPIDI_IVSHMEMI_transport_t *const transport = &MPIDI_IVSHMEMI_transport;

/* One record at the tail of a peer's ring. */
struct record {
    uint32_t peer;
    struct ivs_in *in;
    struct ivs_head head;
    bool used_cell;
};

/* A piece of data in the segment or in a private copy. */
struct piece {
    const void *data;
    uint64_t bytes;
};

static const unsigned char *first_body(const struct record *record)
{
    return ivs_in_slot(record->in, 0)->body;
}

/* Copies the fixed header at the record's begin; false if the record is shorter. */
static inline bool take_header(const struct record *record, void *dst, uint32_t bytes)
{
    if (record->head.bytes < bytes) {
        return false;
    }
    memcpy(dst, first_body(record), bytes);
    return true;
}

_Static_assert(sizeof(struct wire_am) <= IVS_BODY_BYTES &&
                   sizeof(struct wire_big) <= IVS_BODY_BYTES,
               "fixed headers lie in the first slot");

/* Copies `bytes` bytes of the record's body; false if it is shorter. */
static bool take(const struct record *record, uint32_t at, void *dst, uint32_t bytes)
{
    if (bytes > record->head.bytes || at > record->head.bytes - bytes) {
        return false;
    }
    ivs_in_read(record->in, at, dst, bytes);
    return true;
}

/* The data of a record from byte `at` to its end. In place if it lies in one slot, else copied
 * to room (IVS_RECORD_BYTES). */
static struct piece inline_piece(const struct record *record, uint32_t at, void *room)
{
    struct piece piece = { room, record->head.bytes - at };

    if (record->head.bytes <= IVS_BODY_BYTES) {
        piece.data = first_body(record) + at;
    } else {
        ivs_in_read(record->in, at, room, record->head.bytes - at);
    }
    return piece;
}

/* The piece that a wire_cell names; data that lies in the record begins at byte `at`. */
static bool find_piece(struct record *record, const struct wire_cell *place, uint32_t at,
                       void *room, struct piece *piece)
{
    if (place->cell == WIRE_NO_CELL) {
        *piece = inline_piece(record, at, room);
        return piece->bytes == place->bytes;
    }
    record->used_cell = place->last != 0;
    piece->data = ivs_cell_of(&transport->port, record->peer, place->cell, place->at, place->bytes);
    piece->bytes = place->bytes;
    return piece->data != NULL && place->bytes > 0;
}

/* ---- handing over ------------------------------------------------------------------------- */

static uint32_t attributes(void)
{
    uint32_t attr = MPIDIG_AM_ATTR__IS_LOCAL;

    MPIDIG_AM_ATTR_SET_VCIS(attr, 0, 0);
    return attr;
}

/* The buffer of a receive, if `total` bytes go there as they are; NULL: they need MPICH's
 * unpacking or its way of reporting what does not fit. */
static inline char *contiguous_room(MPIR_Request *rreq, uint64_t total)
{
    int contig;
    MPI_Aint true_lb;
    uint64_t room;
    MPIR_Datatype *unused ATTRIBUTE((unused));

    MPIDI_Datatype_get_info(MPIDIG_REQUEST(rreq, count), MPIDIG_REQUEST(rreq, datatype), contig,
                            room, unused, true_lb);
    return contig && total <= room
               ? (char *) MPIR_get_contig_ptr(MPIDIG_REQUEST(rreq, buffer), true_lb)
               : NULL;
}

char *MPIDI_IVSHMEMI_plain_destination(MPIR_Request *rreq, uint64_t total)
{
    return MPIDIG_REQUEST(rreq, req->recv_async).recv_type == MPIDIG_RECV_DATATYPE &&
                   rreq->status.MPI_ERROR == MPI_SUCCESS
               ? contiguous_room(rreq, total)
               : NULL;
}

/* All pieces of a message that nobody had asked for are there. Only now does MPICH hear of it:
 * its own way of keeping half a message loses the status of a receive that is posted meanwhile. */
static int hand_over_staged(struct arrival *arrival)
{
    char *stage = arrival->stage;
    int mpi_errno;

    arrival->stage = NULL;
    mpi_errno = MPIDIG_send_target_msg_cb(&arrival->header, stage, (MPI_Aint) arrival->total,
                                          attributes(), NULL);
    MPL_free(stage);
    return mpi_errno;
}

static int finish(struct arrival *arrival)
{
    MPIR_Request *rreq = arrival->rreq;

    if (rreq == NULL) {
        return hand_over_staged(arrival);
    }
    arrival->rreq = NULL;
    if (arrival->total > WIRE_EAGER_MAX) {
        MPIDI_IVSHMEMI_cma_arrived(rreq, arrival->total);
    }
    return MPIDIG_REQUEST(rreq, req->target_cmpl_cb)(rreq);
}

static int copy_piece(struct arrival *arrival, const struct piece *piece)
{
    arrival->left -= piece->bytes;
    if (arrival->dst == NULL) {
        /* true with the last piece, as left is then 0 */
        (void) MPIDIG_recv_copy_seg((void *) piece->data, (MPI_Aint) piece->bytes, arrival->rreq);
    } else {
        ivs_copy(arrival->dst, piece->data, piece->bytes);
        arrival->dst += piece->bytes;
        if (arrival->left == 0 && arrival->rreq != NULL) {
            MPIR_STATUS_SET_COUNT(arrival->rreq->status, (MPI_Aint) arrival->total);
        }
    }
    return arrival->left == 0 ? finish(arrival) : MPI_SUCCESS;
}

/* Whether the handler copies the data itself, all at once. Our own copy is better for long data,
 * but not every handler of the one-sided kind lets us. */
static bool is_handlers_copy(int handler, const struct piece *first, uint64_t total)
{
    return first->bytes == total &&
           (total < IVS_COPY_SHORT || (handler != MPIDIG_SEND && handler != MPIDIG_SEND_DATA));
}

static bool is_expected(const MPIDIG_hdr_t *header)
{
    return MPIDIG_recvq_search(header->src_rank, header->tag, header->context_id,
                               &MPIDI_global.per_vci[0].posted_list, MPIDIG_PT2PT_POSTED,
                               false) != NULL;
}

static int begin_staged(struct arrival *arrival, const MPIDIG_hdr_t *header)
{
    int mpi_errno = MPI_SUCCESS;

    arrival->header = *header;
    arrival->dst = arrival->stage = MPL_malloc(arrival->total, MPL_MEM_SHM);
    MPIR_ERR_CHKANDJUMP(arrival->stage == NULL, mpi_errno, MPI_ERR_OTHER, "**nomem");
fn_fail:
    return mpi_errno;
}

static int begin_arrival(struct arrival *arrival, int handler, void *header)
{
    int mpi_errno;

    mpi_errno = MPIDIG_global.target_msg_cbs[handler](header, NULL, (MPI_Aint) arrival->total,
                                                      attributes() | MPIDIG_AM_ATTR__IS_ASYNC,
                                                      &arrival->rreq);
    MPIR_ERR_CHECK(mpi_errno);
    arrival->dst = MPIDI_IVSHMEMI_plain_destination(arrival->rreq, arrival->total);
    if (arrival->dst == NULL) {
        MPIDIG_recv_setup(arrival->rreq);
    }
fn_fail:
    return mpi_errno;
}

/* Hands a message to its handler with the first piece of `total` bytes; what is missing follows
 * in DATA records. */
static int hand_over(uint32_t peer, int handler, void *header, const struct piece *first,
                     uint64_t total)
{
    struct arrival *arrival = &transport->arrivals[peer];
    bool wanted = handler != MPIDIG_SEND || is_expected((const MPIDIG_hdr_t *) header);
    int mpi_errno;

    if (is_handlers_copy(handler, first, total) || (!wanted && first->bytes == total)) {
        return MPIDIG_global.target_msg_cbs[handler](header, (void *) first->data, (MPI_Aint) total,
                                                     attributes(), NULL);
    }
    arrival->total = arrival->left = total;
    arrival->dst = arrival->stage = NULL;
    arrival->rreq = NULL;
    mpi_errno = wanted ? begin_arrival(arrival, handler, header)
                       : begin_staged(arrival, (const MPIDIG_hdr_t *) header);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = copy_piece(arrival, first);
fn_fail:
    return mpi_errno;
}

static int hand_over_message(const struct record *record, const struct wire_msg *msg,
                             const struct piece *first, uint64_t total)
{
    MPIDIG_hdr_t header = { .src_rank = msg->rank,
                            .tag = msg->tag,
                            .context_id = (MPIR_Context_id_t) record->head.aux,
                            .data_sz = (MPI_Aint) total };

    return hand_over(record->peer, MPIDIG_SEND, &header, first, total);
}

/* ---- kinds of records --------------------------------------------------------------------- */

/* Handlers return MPI errors; the transport's own are negative. */
static int take_msg(struct record *record)
{
    unsigned char room[IVS_RECORD_BYTES];
    struct wire_msg msg;
    struct piece piece;

    if (!take_header(record, &msg, sizeof(msg))) {
        return -EBADMSG;
    }
    piece = inline_piece(record, sizeof(msg), room);
    return hand_over_message(record, &msg, &piece, piece.bytes);
}

static int take_big(struct record *record)
{
    unsigned char room[IVS_RECORD_BYTES];
    struct wire_big wire;
    struct piece piece;

    if (!take_header(record, &wire, sizeof(wire)) ||
        !find_piece(record, &wire.first, sizeof(wire), room, &piece) ||
        wire.total > WIRE_EAGER_MAX || piece.bytes > wire.total || piece.bytes == 0) {
        return -EBADMSG;
    }
    return hand_over_message(record, &wire.msg, &piece, wire.total);
}

/* Only who is in this VM has memory of its own that can be read. */
static bool is_sound_offer(uint32_t peer, const struct cma_rts *rts)
{
    return rts->offer.readable == 0 || MPIDI_IVSHMEMI_cma_is_near(peer);
}

/* MPICH copies as much of the rendezvous' own header as the message header says. */
static bool is_sound_rts(uint32_t peer, const MPIDIG_hdr_t *header, const struct wire_am *wire)
{
    if (wire->total != 0 || header->data_sz <= 0) {
        return false;
    }
    switch (MPIDIG_AM_SEND_GET_RNDV_ID(header->flags)) {
        case MPIDIG_RNDV_GENERIC:
            return header->rndv_hdr_sz == 0;
        case CMA_RNDV:
            return header->rndv_hdr_sz == sizeof(struct cma_offer) &&
                   wire->header_bytes == sizeof(struct cma_rts) &&
                   is_sound_offer(peer, (const struct cma_rts *) header);
        default:
            return false;
    }
}

/* What a message header of MPICH's promises must agree with what came. */
static bool is_sound(const struct record *record, const MPIDIG_hdr_t *header,
                     const struct wire_am *wire)
{
    const uint32_t handler = record->head.aux;

    if (handler >= MPIDI_AM_HANDLERS_MAX || MPIDIG_global.target_msg_cbs[handler] == NULL) {
        return false;
    }
    if (handler == CMA_ACK) {
        return wire->total == 0 && wire->header_bytes == sizeof(struct cma_ack);
    }
    if (handler == CMA_DONE) {
        return wire->total == 0 && wire->header_bytes == sizeof(struct cma_done);
    }
    if (handler == MPIDIG_SEND_CTS ||
        handler == MPIDIG_SSEND_ACK) { /* they name a send, not a receive */
        return wire->total == 0;
    }
    if (handler != MPIDIG_SEND) {
        return true;
    }
    if (wire->header_bytes < sizeof(*header) || header->src_rank < 0) {
        return false;
    }
    if (header->flags & MPIDIG_AM_SEND_FLAGS_RTS) {
        return is_sound_rts(record->peer, header, wire);
    }
    return header->data_sz == (MPI_Aint) wire->total && wire->total <= WIRE_EAGER_MAX;
}

static int take_am(struct record *record)
{
    union {
        MPIDIG_hdr_t hdr;
        unsigned char bytes[WIRE_AM_HEADER_MAX];
        max_align_t align;
    } header;
    unsigned char room[IVS_RECORD_BYTES];
    struct wire_am wire;
    struct piece piece;

    if (!take_header(record, &wire, sizeof(wire)) || wire.header_bytes > sizeof(header) ||
        !take(record, sizeof(wire), &header, wire.header_bytes) ||
        !find_piece(record, &wire.first, (uint32_t) sizeof(wire) + wire.header_bytes, room,
                    &piece) ||
        piece.bytes > wire.total || (piece.bytes == 0 && wire.total > 0) ||
        !is_sound(record, &header.hdr, &wire) ||
        !MPIDI_IVSHMEMI_reveal(record->peer, (int) record->head.aux, &header, wire.header_bytes)) {
        return -EBADMSG;
    }
    MPIDI_IVSHMEMI_cma_stamp((int) record->head.aux, &header, record->peer);
    return hand_over(record->peer, (int) record->head.aux, &header, &piece, wire.total);
}

static int take_data(struct record *record)
{
    struct arrival *arrival = &transport->arrivals[record->peer];
    unsigned char room[IVS_RECORD_BYTES];
    struct wire_cell wire;
    struct piece piece;

    if (!take_header(record, &wire, sizeof(wire)) ||
        !find_piece(record, &wire, sizeof(wire), room, &piece) || piece.bytes > arrival->left ||
        piece.bytes == 0) {
        return -EBADMSG;
    }
    return copy_piece(arrival, &piece);
}

static int take_record(struct record *record)
{
    if (record->head.kind == WIRE_DATA) {
        return take_data(record);
    }
    if (transport->arrivals[record->peer].left != 0) {
        return -EBADMSG;
    }
    switch (record->head.kind) {
        case WIRE_MSG:
            return take_msg(record);
        case WIRE_BIG:
            return take_big(record);
        case WIRE_AM:
            return take_am(record);
        default:
            return -EBADMSG;
    }
}

/* ---- progress ----------------------------------------------------------------------------- */

/* The common case of a short message, with what MPICH's handlers do for it and no more: a receive
 * has been posted for it, on the host only, of contiguous data that is not longer than expected. */
static inline bool take_posted(const struct ivs_in *in, const struct ivs_head *head)
{
    MPIR_Request **posted = &MPIDI_global.per_vci[0].posted_list;
    struct wire_msg msg;
    MPIR_Request *rreq;
    uint32_t bytes;
    char *dst;

    if (head->bytes < sizeof(msg)) {
        return false;
    }
    memcpy(&msg, ivs_in_slot(in, 0)->body, sizeof(msg));
    bytes = head->bytes - (uint32_t) sizeof(msg);
    rreq = MPIDIG_rreq_find(msg.rank, msg.tag, (MPIR_Context_id_t) head->aux, posted,
                            MPIDIG_PT2PT_POSTED);
    if (rreq == NULL || MPIDI_REQUEST_ANYSOURCE_PARTNER(rreq) != NULL) {
        return false;
    }
    dst = contiguous_room(rreq, bytes);
    if (dst == NULL && bytes > 0) {
        return false;
    }
    DL_DELETE(*posted, rreq);
    MPIDIG_PVAR_QUEUE_LEVEL_DEC(MPIDIG_PT2PT_POSTED);
    ivs_in_read(in, sizeof(msg), dst, bytes);
    rreq->status.MPI_SOURCE = msg.rank;
    rreq->status.MPI_TAG = msg.tag;
    rreq->status.MPI_ERROR = MPI_SUCCESS;
    MPIR_STATUS_SET_COUNT(rreq->status, (MPI_Aint) bytes);
    MPIR_Datatype_release_if_not_builtin(MPIDIG_REQUEST(rreq, datatype));
    MPID_Request_complete(rreq);
    return true;
}

/* 0, an MPI error, or a negative code of the transport's own. */
static int take_other(uint32_t peer, struct ivs_in *in, const struct ivs_head *head)
{
    struct record record = { .peer = peer, .in = in, .head = *head };
    int rc = take_record(&record);

    if (rc >= 0) {
        ivs_in_done(in, ivs_record_slots(head->bytes), record.used_cell);
    }
    return rc;
}

/* Takes the next record of a peer. *taken: there was one. */
static inline int take_next(uint32_t peer, bool *taken)
{
    struct ivs_in *in = &transport->port.ins[peer];
    uint64_t word = in->ring == NULL ? 0 : ivs_in_peek(in);
    const bool inside = transport->arrivals[peer].left != 0; /* a longer message */
    struct ivs_head head;
    int rc;

    *taken = word != 0;
    if (word == 0) {
        return MPI_SUCCESS;
    }
    __builtin_prefetch(ivs_in_slot(in, AHEAD)); /* in a burst they lie there already */
    rc = ivs_in_head(in, word, &head);
    if (rc == -EAGAIN) {
        return MPI_SUCCESS; /* padding */
    }
    if (rc == 0 && head.kind == WIRE_MSG && !inside && take_posted(in, &head)) {
        ivs_in_done(in, ivs_record_slots(head.bytes), false);
        return MPI_SUCCESS;
    }
    if (rc == 0 && head.kind == IVS_KIND_CLOSE && !inside) {
        ivs_port_detach(&transport->port, peer);
        return MPI_SUCCESS;
    }
    if (rc == 0) {
        rc = take_other(peer, in, &head);
    }
    return rc < 0 ? MPIDI_IVSHMEMI_transport_error(rc, (int) peer) : rc;
}

static int take_many(uint32_t peer, bool *any)
{
    int mpi_errno = MPI_SUCCESS;
    bool taken = true;

    for (int i = 0; i < RECORDS_PER_POLL && taken && mpi_errno == MPI_SUCCESS; i++) {
        mpi_errno = take_next(peer, &taken);
        *any |= taken;
    }
    return mpi_errno;
}

/* The first `count` hot peers; a copy, as taking records may reorder the list. */
static int take_hot(uint32_t count, bool *any)
{
    uint32_t hot[IVS_HOT];
    int mpi_errno = MPI_SUCCESS;

    memcpy(hot, transport->port.hot, sizeof(hot));
    for (uint32_t i = 0; i < count && mpi_errno == MPI_SUCCESS; i++) {
        mpi_errno = take_many(hot[i], any);
    }
    return mpi_errno;
}

static int receive(bool *any)
{
    int mpi_errno = take_hot(transport->port.hot_count, any);
    int rung;

    if (mpi_errno != MPI_SUCCESS) {
        return mpi_errno;
    }
    rung = ivs_port_listen(&transport->port);
    return rung < 0 ? MPIDI_IVSHMEMI_transport_error(rung, -1) : take_hot((uint32_t) rung, any);
}

int MPIDI_IVSHMEM_progress(int vci ATTRIBUTE((unused)), int blocking ATTRIBUTE((unused)))
{
    static unsigned passes;
    int mpi_errno = MPI_SUCCESS;
    bool any = false;

    if (unlikely(transport->receiving || transport->port.base == NULL)) {
        return MPI_SUCCESS;
    }
    transport->receiving = true;
    mpi_errno = receive(&any);
    transport->receiving = false;
    if (unlikely(MPIDI_IVSHMEMI_colls_busy != NULL)) {
        any |= MPIDI_IVSHMEMI_colls_advance();
    }
    MPIDI_IVSHMEM_poll.idle = any ? 0 : MPIDI_IVSHMEM_poll.idle + 1;
    MPIDI_IVSHMEMI_wait_look(any);
    if (mpi_errno == MPI_SUCCESS && transport->waiting_count > 0) {
        mpi_errno = MPIDI_IVSHMEMI_send_progress();
    }
    if (unlikely(MPIDI_IVSHMEMI_proxy_waiting > 0) && mpi_errno == MPI_SUCCESS) {
        mpi_errno = MPIDI_IVSHMEMI_proxy_progress();
    }
    if (unlikely(++passes % PASSES_PER_CHECK == 0) && mpi_errno == MPI_SUCCESS) {
        mpi_errno = MPIDI_IVSHMEMI_beat_check();
        if (mpi_errno == MPI_SUCCESS) {
            mpi_errno = MPIDI_IVSHMEMI_cma_check();
        }
    }
    return mpi_errno;
}
