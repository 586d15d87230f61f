/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Sending. A contiguous message that fits goes at once and needs no request (MSG, BIG). All
 * else is an active message: header and data are written as far as there is room, the rest when
 * the peer has made room. Every peer has a queue of its own, so that one who does not read
 * stops nobody else.
 *
 * Invariant: while a peer's queue is not empty, nothing else is written to its ring.
 */
#include "ivshmem_impl.h"
#include "ivshmem_transport.h"
#include "ivshmem_cma.h"
#include "ivshmem_cookies.h"
#include "core/ivs_copy.h"
#include "../posix/shm_inline.h"

#define MSG_DATA_MAX (IVS_RECORD_BYTES - sizeof(struct wire_msg))
#define CELLS_PER_MESSAGE 64 /* of WIRE_EAGER_MAX bytes, in the smallest cells */
#define PIECES 4             /* of a message of middling length */
#define PIECE_MIN 1024
#define INLINE_MAX 2304 /* bytes of a message that goes through the ring if there is no cell */
#define INLINE_SLOTS 4u /* of each record that carries a part of it */
#define INLINE_BYTES (INLINE_SLOTS * IVS_BODY_BYTES)

/* The data of a message, and how much of it has been written. */
struct source {
    const void *buf;
    const char *contig; /* NULL: must be packed */
    MPI_Aint count;
    MPI_Datatype datatype;
    uint64_t total;
    uint64_t offset;
};

/* One that could not be sent at once: an active message or, if is_msg, a short MSG. */
struct send {
    struct send *next;
    uint32_t peer;
    bool is_msg;
    struct wire_msg msg;
    uint32_t context_id;
    int handler;
    bool begun;
    const void *header;
    uint32_t header_bytes;
    MPIR_Request *sreq; /* NULL: header only */
    struct source data;
};

static MPIDI_IVSHMEMI_transport_t *const transport = &MPIDI_IVSHMEMI_transport;

static void source_init(struct source *source, const void *buf, MPI_Aint count,
                        MPI_Datatype datatype)
{
    int contig;
    MPI_Aint true_lb;
    size_t bytes;
    MPIR_Datatype *unused ATTRIBUTE((unused));

    MPIDI_Datatype_get_info(count, datatype, contig, bytes, unused, true_lb);
    *source = (struct source){ .buf = buf, .count = count, .datatype = datatype, .total = bytes };
    if (contig && bytes > 0) {
        source->contig = MPIR_get_contig_ptr(buf, true_lb);
    }
}

/* Copies up to `room` bytes to dst for peer; returns how many. A type may pack a little less. */
static uint32_t source_fill(struct source *source, uint32_t peer, void *dst, uint64_t room)
{
    MPI_Aint bytes = (MPI_Aint) MPL_MIN(room, source->total - source->offset);

    if (bytes == 0) {
        return 0;
    }
    if (source->contig != NULL) {
        ivs_copy_out(&transport->port.links[peer].distance, dst, source->contig + source->offset,
                     (size_t) bytes);
    } else {
        MPIR_Typerep_pack(source->buf, source->count, source->datatype, (MPI_Aint) source->offset,
                          dst, bytes, &bytes);
    }
    source->offset += (uint64_t) bytes;
    return (uint32_t) bytes;
}

static void publish(uint32_t peer, uint32_t kind, uint32_t bytes, uint32_t aux)
{
    struct ivs_out *out = &transport->port.links[peer].out;
    const struct ivs_head head = { .kind = kind, .bytes = bytes, .aux = aux };

    ivs_out_publish(out, &head, ivs_record_slots(bytes));
    if (unlikely(ivs_out_must_wake(out))) {
        ivs_link_wake(&transport->port, peer);
    }
}

/* 0; -EAGAIN there is no room now; -EBADMSG. */
static int send_short(uint32_t peer, const struct wire_msg *msg, uint32_t context_id,
                      const void *data, uint32_t bytes)
{
    struct ivs_out *out = &transport->port.links[peer].out;
    uint32_t all = (uint32_t) sizeof(*msg) + bytes;
    int rc = ivs_out_begin(out, ivs_record_slots(all));

    if (rc == 0) {
        memcpy(ivs_out_slot(out, 0)->body, msg, sizeof(*msg));
        ivs_out_write(out, sizeof(*msg), data, bytes);
        publish(peer, WIRE_MSG, all, context_id);
    }
    return rc;
}

/* ---- active messages ---------------------------------------------------------------------- */

/* Where the next piece of data goes. A cell unless the rest fits in the record anyway, or no
 * cell is free: then the record, which is slow but always possible. */
static int choose_cell(const struct send *send, uint32_t record_room, uint32_t *cell)
{
    int rc;

    *cell = WIRE_NO_CELL;
    if (send->data.total - send->data.offset <= record_room) {
        return 0;
    }
    rc = ivs_cell_take(&transport->port, send->peer, cell);
    return rc == -EAGAIN ? 0 : rc;
}

/* Writes one record: `fixed` bytes that are `wire` (its first member is the wire_cell) and the
 * header, then data in a cell or in the record. 0, -EAGAIN or -EBADMSG. */
static int write_record(struct send *send, uint32_t kind, uint32_t aux, void *wire,
                        uint32_t wire_bytes, uint32_t header_bytes)
{
    struct ivs_out *out = &transport->port.links[send->peer].out;
    struct wire_cell *place = (struct wire_cell *) wire;
    uint32_t fixed = wire_bytes + header_bytes;
    unsigned char inlined[IVS_RECORD_BYTES];
    uint32_t in_record = 0;
    int rc = choose_cell(send, IVS_RECORD_BYTES - fixed, &place->cell);

    if (rc != 0) {
        return rc;
    }
    if (place->cell == WIRE_NO_CELL) {
        in_record =
            (uint32_t) MPL_MIN(IVS_RECORD_BYTES - fixed, send->data.total - send->data.offset);
    }
    rc = ivs_out_begin(out, ivs_record_slots(fixed + in_record));
    if (rc != 0) {
        if (place->cell != WIRE_NO_CELL) {
            ivs_cell_drop(&transport->port, place->cell);
        }
        return rc;
    }
    place->at = 0;
    place->last = 1;
    if (place->cell != WIRE_NO_CELL) {
        place->bytes =
            source_fill(&send->data, send->peer, ivs_cell_at(&transport->port, place->cell),
                        transport->port.shape.cell_bytes);
    } else {
        place->bytes = in_record = source_fill(&send->data, send->peer, inlined, in_record);
    }
    ivs_out_write(out, 0, wire, wire_bytes);
    ivs_out_write(out, wire_bytes, send->header, header_bytes);
    ivs_out_write(out, fixed, inlined, in_record);
    publish(send->peer, kind, fixed + in_record, aux);
    if (place->cell != WIRE_NO_CELL) {
        ivs_cell_lend(&transport->port, send->peer, place->cell);
    }
    return 0;
}

static int write_first(struct send *send)
{
    struct wire_am wire = { .total = send->data.total, .header_bytes = send->header_bytes };
    int rc = write_record(send, WIRE_AM, (uint32_t) send->handler, &wire, sizeof(wire),
                          send->header_bytes);

    send->begun = rc == 0;
    return rc;
}

/* Writes as much as there is room for. 0: all of it; -EAGAIN; else an error of the port. */
static int advance(struct send *send)
{
    int rc = ivs_link_open(&transport->port, send->peer);

    if (rc == 0 && send->is_msg) {
        return send_short(send->peer, &send->msg, send->context_id, send->data.contig,
                          (uint32_t) send->data.total);
    }
    if (rc == 0 && !send->begun) {
        rc = write_first(send);
    }
    while (rc == 0 && send->data.offset < send->data.total) {
        struct wire_cell wire;
        rc = write_record(send, WIRE_DATA, 0, &wire, sizeof(wire), 0);
    }
    return rc;
}

static int complete(struct send *send)
{
    if (send->is_msg) {
        return MPID_Request_complete(send->sreq);
    }
    return send->sreq != NULL ? MPIDIG_global.origin_cbs[send->handler](send->sreq) : MPI_SUCCESS;
}

/* Keeps a copy of the send, which stands on the caller's stack, for later. */
static int defer(const struct send *send)
{
    struct send *copy = MPL_malloc(sizeof(*copy) + send->header_bytes, MPL_MEM_SHM);
    int mpi_errno = MPI_SUCCESS;

    MPIR_ERR_CHKANDJUMP(copy == NULL, mpi_errno, MPI_ERR_OTHER, "**nomem");
    *copy = *send;
    memcpy(copy + 1, send->header, send->header_bytes);
    copy->header = copy + 1;
    MPIR_Datatype_add_ref_if_not_builtin(copy->data.datatype);
    if (transport->waiting[send->peer] == NULL) {
        transport->waiting[send->peer] = copy;
    } else {
        transport->waiting_end[send->peer]->next = copy;
    }
    transport->waiting_end[send->peer] = copy;
    transport->waiting_count++;
    transport->port.links[send->peer].pinned = true;
fn_fail:
    return mpi_errno;
}

static int submit(struct send *send)
{
    int mpi_errno = MPI_SUCCESS;
    int rc = transport->waiting[send->peer] != NULL ? -EAGAIN : advance(send);

    if (rc == 0) {
        mpi_errno = complete(send);
    } else if (rc == -EAGAIN) {
        mpi_errno = defer(send);
    } else {
        mpi_errno = MPIDI_IVSHMEMI_transport_error(rc, (int) send->peer);
    }
    return mpi_errno;
}

/* An active message: what its header says of requests is for us only. */
static int submit_am(struct send *send)
{
    union MPIDI_IVSHMEMI_header room;

    send->header =
        MPIDI_IVSHMEMI_hide(send->peer, send->handler, send->header, send->header_bytes, &room);
    return send->header != NULL ? submit(send)
                                : MPIDI_IVSHMEMI_transport_error(-ENOMEM, (int) send->peer);
}

int MPIDI_IVSHMEM_am_send_hdr(int rank, MPIR_Comm *comm, int handler_id, const void *am_hdr,
                              MPI_Aint am_hdr_sz, int src_vci ATTRIBUTE((unused)),
                              int dst_vci ATTRIBUTE((unused)))
{
    struct send send = { .peer = MPIDI_IVSHMEMI_peer_of(rank, comm),
                         .handler = handler_id,
                         .header = am_hdr,
                         .header_bytes = (uint32_t) am_hdr_sz,
                         .data.datatype = MPI_BYTE };
    struct cma_rts rts;

    if (handler_id == MPIDIG_SEND &&
        MPIDI_IVSHMEMI_cma_offer(send.peer, (const MPIDIG_hdr_t *) am_hdr, &rts)) {
        send.header = &rts;
        send.header_bytes = sizeof(rts);
    }
    return submit_am(&send);
}

int MPIDI_IVSHMEM_am_isend(int rank, MPIR_Comm *comm, int handler_id, const void *am_hdr,
                           MPI_Aint am_hdr_sz, const void *data, MPI_Aint count,
                           MPI_Datatype datatype, int src_vci ATTRIBUTE((unused)),
                           int dst_vci ATTRIBUTE((unused)), MPIR_Request *sreq)
{
    struct send send = { .peer = MPIDI_IVSHMEMI_peer_of(rank, comm),
                         .handler = handler_id,
                         .header = am_hdr,
                         .header_bytes = (uint32_t) am_hdr_sz,
                         .sreq = sreq };

    source_init(&send.data, data, count, datatype);
    return submit_am(&send);
}

int MPIDI_IVSHMEM_am_send_hdr_reply(MPIR_Comm *comm, int src_rank, int handler_id,
                                    const void *am_hdr, MPI_Aint am_hdr_sz, int src_vci,
                                    int dst_vci)
{
    return MPIDI_IVSHMEM_am_send_hdr(src_rank, comm, handler_id, am_hdr, am_hdr_sz, src_vci,
                                     dst_vci);
}

int MPIDI_IVSHMEM_am_isend_reply(MPIR_Comm *comm, int src_rank, int handler_id, const void *am_hdr,
                                 MPI_Aint am_hdr_sz, const void *data, MPI_Aint count,
                                 MPI_Datatype datatype, int src_vci, int dst_vci,
                                 MPIR_Request *sreq)
{
    return MPIDI_IVSHMEM_am_isend(src_rank, comm, handler_id, am_hdr, am_hdr_sz, data, count,
                                  datatype, src_vci, dst_vci, sreq);
}

MPI_Aint MPIDI_IVSHMEM_am_hdr_max_sz(void)
{
    return WIRE_AM_HEADER_MAX;
}

MPI_Aint MPIDI_IVSHMEM_am_eager_limit(void)
{
    return WIRE_EAGER_MAX + sizeof(MPIDIG_hdr_t);
}

MPI_Aint MPIDI_IVSHMEM_am_eager_buf_limit(void)
{
    return WIRE_EAGER_MAX;
}

/* ---- deferred sends ----------------------------------------------------------------------- */

static int advance_queue(uint32_t peer)
{
    int mpi_errno = MPI_SUCCESS;

    while (transport->waiting[peer] != NULL && mpi_errno == MPI_SUCCESS) {
        struct send *send = transport->waiting[peer];
        int rc = advance(send);
        if (rc == -EAGAIN) {
            break;
        }
        if (rc != 0) {
            return MPIDI_IVSHMEMI_transport_error(rc, (int) peer);
        }
        transport->waiting[peer] = send->next;
        transport->waiting_count--;
        transport->port.links[peer].pinned = send->next != NULL;
        mpi_errno = complete(send);
        MPIR_Datatype_release_if_not_builtin(send->data.datatype);
        MPL_free(send);
    }
    return mpi_errno;
}

/* Begins with another peer each time: where rings are few, all get their turn. */
int MPIDI_IVSHMEMI_send_progress(void)
{
    static uint32_t first;
    const uint32_t ranks = transport->port.shape.ranks;
    int mpi_errno = MPI_SUCCESS;

    first = (first + 1) % ranks;
    for (uint32_t i = 0; i < ranks; i++) {
        uint32_t peer = (first + i) % ranks;
        if (transport->waiting[peer] != NULL) {
            mpi_errno = advance_queue(peer);
            MPIR_ERR_CHECK(mpi_errno);
        }
    }
fn_fail:
    return mpi_errno;
}

/* ---- contiguous messages ------------------------------------------------------------------ */

static bool has_slots(struct ivs_out *out, uint32_t slots)
{
    return ivs_out_has_room(out, slots) ||
           (ivs_out_refresh(out) == 0 && ivs_out_has_room(out, slots));
}

/* Slots for a message in the ring, with the padding at the ring's end. */
static uint32_t inline_slots(uint32_t bytes)
{
    const uint32_t records = (bytes + sizeof(struct wire_big) - sizeof(struct wire_cell)) /
                                 (INLINE_BYTES - sizeof(struct wire_cell)) +
                             1;

    return (records + 1) * INLINE_SLOTS;
}

/* For messages that find no cell: the ring's lines are written again as soon as the peer has read
 * them, which costs as much as handing them over; those of a cell have left its cache. */
static bool send_inline(struct ivs_out *out, uint32_t peer, const struct wire_msg *msg,
                        uint32_t context_id, const char *data, uint32_t bytes)
{
    struct wire_big wire = { .msg = *msg, .total = bytes };
    struct wire_cell *place = &wire.first;
    uint32_t fixed = sizeof(wire);

    if (!has_slots(out, inline_slots(bytes))) {
        return false;
    }
    *place = (struct wire_cell){ .cell = WIRE_NO_CELL };
    for (uint32_t done = 0; done < bytes; done += place->bytes) {
        place->bytes = MPL_MIN(INLINE_BYTES - fixed, bytes - done);
        (void) ivs_out_begin(out, ivs_record_slots(fixed + place->bytes)); /* there is room */
        ivs_out_write(out, 0, done == 0 ? (void *) &wire : place, fixed);
        ivs_out_write(out, fixed, data + done, place->bytes);
        publish(peer, done == 0 ? WIRE_BIG : WIRE_DATA, fixed + place->bytes, context_id);
        fixed = sizeof(*place);
    }
    return true;
}

/* A message is cut in pieces so that the receiver copies one while we write the next. */
static uint32_t piece_bytes(uint32_t bytes)
{
    uint32_t quarter = (bytes / PIECES + PIECE_MIN - 1) / PIECE_MIN * PIECE_MIN;

    return MPL_MIN(quarter, transport->port.shape.cell_bytes);
}

/* Where in its cells a message of `bytes` bytes begins: short ones move along from turn to turn,
 * so that they too use lines that have been left alone for long (see ivs_port.h). */
static uint32_t begin_in_cell(uint32_t bytes)
{
    const struct ivs_shape *shape = &transport->port.shape;
    uint32_t step = (bytes + IVS_LINE - 1) / IVS_LINE * IVS_LINE;
    static uint32_t messages;

    if (2 * step > shape->cell_bytes) {
        return 0;
    }
    return messages++ / shape->cells % (shape->cell_bytes / step) * step;
}

/* Cells and slots for all of the message, or nothing: it is then sent without waiting. */
static bool reserve(struct ivs_out *out, uint32_t peer, uint32_t pieces, uint32_t *cells,
                    uint32_t count)
{
    return pieces < IVS_RING_SLOTS && count <= CELLS_PER_MESSAGE && has_slots(out, pieces) &&
           ivs_cells_take(&transport->port, peer, cells, count) == 0;
}

static bool send_big(struct ivs_out *out, uint32_t peer, const struct wire_msg *msg,
                     uint32_t context_id, const char *data, uint32_t bytes)
{
    const uint32_t cell_bytes = transport->port.shape.cell_bytes;
    uint32_t at = begin_in_cell(bytes);
    uint32_t piece = piece_bytes(bytes);
    uint32_t cells[CELLS_PER_MESSAGE];
    struct wire_big wire = { .msg = *msg, .total = bytes };
    struct wire_cell *place = &wire.first;

    if (!reserve(out, peer, (bytes + piece - 1) / piece + (bytes - 1) / cell_bytes, cells,
                 (bytes - 1) / cell_bytes + 1)) {
        return false;
    }
    for (uint32_t done = 0; done < bytes; done += place->bytes) {
        uint32_t i = done / cell_bytes;
        uint32_t in_cell = done % cell_bytes;
        *place = (struct wire_cell){
            .cell = cells[i],
            .at = at + in_cell,
            .bytes = MPL_MIN(MPL_MIN(piece, bytes - done), cell_bytes - in_cell),
        };
        place->last = in_cell + place->bytes == cell_bytes || done + place->bytes == bytes;
        ivs_copy_out(&transport->port.links[peer].distance,
                     (char *) ivs_cell_at(&transport->port, cells[i]) + place->at, data + done,
                     place->bytes);
        if (done == 0) {
            ivs_out_write(out, 0, &wire, sizeof(wire));
            publish(peer, WIRE_BIG, sizeof(wire), context_id);
        } else {
            ivs_out_write(out, 0, place, sizeof(*place));
            publish(peer, WIRE_DATA, sizeof(*place), 0);
        }
        if (place->last) {
            ivs_cell_lend(&transport->port, peer, cells[i]);
        }
    }
    return true;
}

static bool try_message(uint32_t peer, const struct source *source, const struct wire_msg *msg,
                        uint32_t context_id)
{
    struct ivs_out *out = &transport->port.links[peer].out;
    uint32_t bytes = (uint32_t) source->total;

    if (unlikely(!ivs_link_is_open(&transport->port.links[peer]) ||
                 transport->waiting[peer] != NULL || source->total > WIRE_EAGER_MAX)) {
        return false;
    }
    if (source->contig == NULL && bytes > 0) {
        return false;
    }
    ivs_out_cut_lap(out);
    if (bytes <= MSG_DATA_MAX) {
        return send_short(peer, msg, context_id, source->contig, bytes) == 0;
    }
    return send_big(out, peer, msg, context_id, source->contig, bytes) ||
           (bytes <= INLINE_MAX && send_inline(out, peer, msg, context_id, source->contig, bytes));
}

static uint32_t wire_context(const MPIR_Comm *comm, int context_offset)
{
    return (uint32_t) (comm->context_id + context_offset) & 0xffff;
}

bool MPIDI_IVSHMEMI_try_message(const void *buf, MPI_Aint count, MPI_Datatype datatype, int rank,
                                int tag, MPIR_Comm *comm, int context_offset)
{
    const struct wire_msg msg = { .tag = tag, .rank = comm->rank };
    struct source source;

    source_init(&source, buf, count, datatype);
    return try_message(MPIDI_IVSHMEMI_peer_of(rank, comm), &source, &msg,
                       wire_context(comm, context_offset));
}

/* A short message that finds no room: it waits in the user's buffer. */
static int defer_message(uint32_t peer, const struct source *source, const struct wire_msg *msg,
                         uint32_t context_id, MPIR_Request **request)
{
    struct send send = {
        .peer = peer, .is_msg = true, .msg = *msg, .context_id = context_id, .data = *source
    };
    int mpi_errno = MPI_SUCCESS;

    MPIDI_CH4_REQUEST_CREATE(send.sreq, MPIR_REQUEST_KIND__SEND, 0, 2);
    MPIR_ERR_CHKANDJUMP(send.sreq == NULL, mpi_errno, MPIX_ERR_NOREQ, "**nomemreq");
    *request = send.sreq;
    mpi_errno = submit(&send);
fn_fail:
    return mpi_errno;
}

/* Sends a message of our own kinds. *request stays NULL if it is none, and nothing was done. */
static int isend(const void *buf, MPI_Aint count, MPI_Datatype datatype, int rank, int tag,
                 MPIR_Comm *comm, int context_offset, MPIR_Request **request)
{
    const struct wire_msg msg = { .tag = tag, .rank = comm->rank };
    const uint32_t context_id = wire_context(comm, context_offset);
    const uint32_t peer = MPIDI_IVSHMEMI_peer_of(rank, comm);
    struct source source;

    source_init(&source, buf, count, datatype);
    if (try_message(peer, &source, &msg, context_id)) {
        *request = MPIR_Request_create_complete(MPIR_REQUEST_KIND__SEND);
    } else if (source.total <= MSG_DATA_MAX && (source.contig != NULL || source.total == 0)) {
        return defer_message(peer, &source, &msg, context_id, request);
    }
    return MPI_SUCCESS;
}

int MPIDI_IVSHMEM_mpi_isend(const void *buf, MPI_Aint count, MPI_Datatype datatype, int rank,
                            int tag, MPIR_Comm *comm, int context_offset, MPIDI_av_entry_t *addr,
                            MPIR_Request **request)
{
    if (*request == NULL) {
        int mpi_errno = isend(buf, count, datatype, rank, tag, comm, context_offset, request);
        if (*request != NULL || mpi_errno != MPI_SUCCESS) {
            return mpi_errno;
        }
    }
    return MPIDI_POSIX_mpi_isend(buf, count, datatype, rank, tag, comm, context_offset, addr,
                                 request);
}

int MPIDI_IVSHMEM_isend_coll(const void *buf, MPI_Aint count, MPI_Datatype datatype, int rank,
                             int tag, MPIR_Comm *comm, int context_offset, MPIDI_av_entry_t *addr,
                             MPIR_Request **request, MPIR_Errflag_t *errflag)
{
    if (*request == NULL && *errflag == MPIR_ERR_NONE) {
        int mpi_errno = isend(buf, count, datatype, rank, tag, comm, context_offset, request);
        if (*request != NULL || mpi_errno != MPI_SUCCESS) {
            return mpi_errno;
        }
    }
    return MPIDI_POSIX_isend_coll(buf, count, datatype, rank, tag, comm, context_offset, addr,
                                  request, errflag);
}
