/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Blocking send and receive without requests. A blocking receive whose message is next in the
 * sender's ring, or comes within a microsecond, is copied from the ring to the user's buffer.
 * Everything else takes MPICH's way, with nothing consumed.
 *
 * Order is kept because the short way is taken only when no receive is posted and no message
 * is kept as unexpected: then the next record of the sender's ring is the message that matches
 * first, or the short way is left.
 */
#include "ivshmem_impl.h"
#include "ivshmem_transport.h"
#include "core/ivs_copy.h"

#define SPINS 400            /* looks at the ring: some 0.5 us, more than a round trip */
#define SPINS_IN_CROWD 700   /* shorter ones miss each other: see ivshmem_wait.c */
#define TURNS 4              /* of the others', where there are more ranks than processors */
#define MESSAGES_PER_PASS 16 /* after so many in a row everything else gets a turn */
#define LOOKS_PER_CHECK 64   /* while the rest of a message is on its way */

static MPIDI_IVSHMEMI_transport_t *const transport = &MPIDI_IVSHMEMI_transport;

int MPIDI_IVSHMEM_send(const void *buf, MPI_Aint count, MPI_Datatype datatype, int rank, int tag,
                       MPIR_Comm *comm, int context_offset, MPIR_Request **request)
{
    if (!MPIDI_is_self_comm(comm) && MPIDI_rank_is_local(rank, comm) &&
        MPIDI_IVSHMEMI_try_message(buf, count, datatype, rank, tag, comm, context_offset)) {
        *request = NULL;
        return MPI_SUCCESS;
    }
    return MPID_Isend(buf, count, datatype, rank, tag, comm, context_offset, request);
}

/* What a receive wants. */
struct wanted {
    char *buf;
    uint64_t room; /* bytes */
    int rank;
    int tag;
    uint32_t context_id;
};

/* What came for it. */
struct arrived {
    struct wire_msg msg;
    uint32_t bytes;
    int mpi_errno;
};

enum outcome {
    NOT_YET,
    DONE,
    OTHER
};

static bool is_wanted(const struct wanted *wanted, const struct wire_msg *msg, uint64_t bytes)
{
    return msg->rank == wanted->rank && (msg->tag == wanted->tag || wanted->tag == MPI_ANY_TAG) &&
           bytes <= wanted->room;
}

static enum outcome take_msg(struct ivs_in *in, const struct ivs_head *head,
                             const struct wanted *wanted, struct arrived *arrived)
{
    const uint32_t fixed = sizeof(arrived->msg);

    if (head->bytes < fixed) {
        return OTHER;
    }
    memcpy(&arrived->msg, ivs_in_slot(in, 0)->body, fixed);
    arrived->bytes = head->bytes - fixed;
    if (!is_wanted(wanted, &arrived->msg, arrived->bytes)) {
        return OTHER;
    }
    ivs_in_read(in, fixed, wanted->buf, arrived->bytes);
    ivs_in_done(in, ivs_record_slots(head->bytes), false);
    return DONE;
}

/* A piece of a message that has begun, at the tail of its ring. */
struct part {
    struct wire_cell place;
    uint32_t at;    /* of data in the record, if there is no cell */
    uint32_t bytes; /* of the record */
};

/* Waits for the next one: its sender writes all of the message without waiting for anybody.
 * *rc: an MPI error if the sender has died meanwhile. */
static bool next_part(struct ivs_in *in, struct part *part, int *rc)
{
    struct ivs_head head;

    for (unsigned looks = 1; *rc == MPI_SUCCESS; looks++) {
        uint64_t word = ivs_in_peek(in);
        int state = word == 0 ? -EAGAIN : ivs_in_head(in, word, &head);
        if (state == 0) {
            part->at = sizeof(part->place);
            part->bytes = head.bytes;
            if (head.kind != WIRE_DATA || head.bytes < part->at) {
                return false;
            }
            ivs_in_read(in, 0, &part->place, sizeof(part->place));
            return true;
        }
        if (state != -EAGAIN) {
            return false;
        }
        if (looks % LOOKS_PER_CHECK == 0) {
            MPIDI_IVSHMEMI_wait_look(false);
            *rc = MPIDI_IVSHMEMI_beat_check();
        }
    }
    return false;
}

/* Copies the part's data to dst, where there is room for `left` bytes. */
static bool copy_part(uint32_t peer, const struct ivs_in *in, const struct part *part, char *dst,
                      uint64_t left)
{
    const struct wire_cell *place = &part->place;
    const void *data;

    if (place->bytes == 0 || place->bytes > left) {
        return false;
    }
    if (place->cell == WIRE_NO_CELL) {
        if (place->bytes != part->bytes - part->at) {
            return false;
        }
        ivs_in_read(in, part->at, dst, place->bytes);
        return true;
    }
    data = ivs_cell_of(&transport->port, peer, place->cell, place->at, place->bytes);
    if (data == NULL) {
        return false;
    }
    ivs_copy(dst, data, place->bytes);
    return true;
}

static int take_parts(uint32_t peer, struct ivs_in *in, struct part *part, uint64_t total,
                      char *dst)
{
    uint64_t left = total;
    int rc = MPI_SUCCESS;

    while (copy_part(peer, in, part, dst, left)) {
        bool has_cell = part->place.cell != WIRE_NO_CELL;
        ivs_in_done(in, ivs_record_slots(part->bytes), has_cell && part->place.last != 0);
        dst += part->place.bytes;
        left -= part->place.bytes;
        if (left == 0) {
            return MPI_SUCCESS;
        }
        if (!next_part(in, part, &rc)) {
            break;
        }
    }
    return rc != MPI_SUCCESS ? rc : MPIDI_IVSHMEMI_transport_error(-EBADMSG, (int) peer);
}

static enum outcome take_big(uint32_t peer, struct ivs_in *in, const struct ivs_head *head,
                             const struct wanted *wanted, struct arrived *arrived)
{
    struct part part = { .at = sizeof(struct wire_big), .bytes = head->bytes };
    struct wire_big wire;

    if (head->bytes < sizeof(wire)) {
        return OTHER;
    }
    ivs_in_read(in, 0, &wire, sizeof(wire));
    part.place = wire.first;
    if (!is_wanted(wanted, &wire.msg, wire.total) || wire.total > WIRE_EAGER_MAX) {
        return OTHER;
    }
    arrived->msg = wire.msg;
    arrived->bytes = (uint32_t) wire.total;
    arrived->mpi_errno = take_parts(peer, in, &part, wire.total, wanted->buf);
    return DONE;
}

/* A record that is not what is wanted, or is corrupt, is left to the common way. */
static enum outcome take_record(uint32_t peer, struct ivs_in *in, uint64_t word,
                                const struct wanted *wanted, struct arrived *arrived)
{
    struct ivs_head head;
    int rc = ivs_in_head(in, word, &head);

    if (rc == -EAGAIN) {
        return NOT_YET;
    }
    if (rc != 0 || head.aux != wanted->context_id) {
        return OTHER;
    }
    switch (head.kind) {
        case WIRE_MSG:
            return take_msg(in, &head, wanted, arrived);
        case WIRE_BIG:
            return take_big(peer, in, &head, wanted, arrived);
        default:
            return OTHER;
    }
}

static void fill_status(MPI_Status *status, const struct wire_msg *msg, uint32_t bytes,
                        int context_offset)
{
    if (status == MPI_STATUS_IGNORE) {
        return;
    }
    status->MPI_SOURCE = msg->rank;
    status->MPI_TAG = msg->tag;
    status->count_hi_and_cancelled = 0;
    MPIR_STATUS_SET_COUNT(*status, bytes);
    if (context_offset != MPIR_CONTEXT_INTRA_PT2PT) {
        status->MPI_ERROR = MPI_SUCCESS; /* collectives look at it; users' statuses keep theirs */
    }
}

/* The peer whose ring the short way leads to, or IVS_NOBODY if it is closed. */
static uint32_t open_way(int rank, MPIR_Comm *comm)
{
    uint32_t peer;

    if (rank < 0 || MPIR_IS_THREADED || MPIDI_is_self_comm(comm) || transport->waiting_count > 0 ||
        MPIDI_global.per_vci[0].posted_list != NULL || MPIDI_global.per_vci[0].unexp_list != NULL ||
        !MPIDI_rank_is_local(rank, comm)) {
        return IVS_NOBODY;
    }
    peer = MPIDI_IVSHMEMI_peer_of(rank, comm);
    return transport->port.ins[peer].ring == NULL || transport->arrivals[peer].left != 0
               ? IVS_NOBODY
               : peer;
}

/* Where there are more ranks than processors, looks and lets the others run in turn. */
static bool try_receive(uint32_t peer, const struct wanted *wanted, struct arrived *arrived)
{
    struct ivs_in *in = &transport->port.ins[peer];
    const bool crowded = MPIDI_IVSHMEMI_is_crowded();

    for (int i = 1; i <= (crowded ? TURNS * SPINS_IN_CROWD : SPINS); i++) {
        uint64_t word = ivs_in_peek(in);
        enum outcome outcome = word == 0 ? NOT_YET : take_record(peer, in, word, wanted, arrived);
        if (outcome != NOT_YET) {
            return outcome == DONE;
        }
        if (crowded && i % SPINS_IN_CROWD == 0) {
            MPIDI_IVSHMEMI_give_way();
        }
    }
    return false;
}

/* Others must not starve behind a pair that only talks to each other. */
static int give_turn(void)
{
    static unsigned messages;

    MPIDI_IVSHMEM_poll.idle = 0;
    MPIDI_IVSHMEM_poll.since++;
    if (++messages % MESSAGES_PER_PASS != 0) {
        return MPI_SUCCESS;
    }
    MPIDI_IVSHMEMI_waited();
    return MPID_Progress_test(NULL);
}

int MPIDI_IVSHMEM_recv(void *buf, MPI_Aint count, MPI_Datatype datatype, int rank, int tag,
                       MPIR_Comm *comm, int context_offset, MPI_Status *status,
                       MPIR_Request **request)
{
    uint32_t peer = open_way(rank, comm);
    struct arrived arrived = { .mpi_errno = MPI_SUCCESS };

    if (peer != IVS_NOBODY) {
        int contig;
        MPI_Aint true_lb;
        struct wanted wanted = { .rank = rank, .tag = tag };
        MPIR_Datatype *unused ATTRIBUTE((unused));

        MPIDI_Datatype_get_info(count, datatype, contig, wanted.room, unused, true_lb);
        wanted.buf = (char *) MPIR_get_contig_ptr(buf, true_lb);
        wanted.context_id = (uint32_t) (comm->recvcontext_id + context_offset) & 0xffff;
        if (contig && try_receive(peer, &wanted, &arrived)) {
            fill_status(status, &arrived.msg, arrived.bytes, context_offset);
            *request = NULL;
            return arrived.mpi_errno == MPI_SUCCESS ? give_turn() : arrived.mpi_errno;
        }
    }
    return MPID_Irecv(buf, count, datatype, rank, tag, comm, context_offset, request);
}
