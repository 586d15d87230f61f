/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * An honest port on a segment in which others write what they like, between any two of its
 * calls. The input is the list of both sides' moves. There are more ranks than rings, so the port
 * closes its own and opens them to others, and peers let it attach to theirs again and again.
 * Nothing outside of the segment is touched (its memory ends where ASan's red zone begins), no
 * record leads outside of its ring, no cell is given out twice, and the port's lists of rings and
 * peers agree with each other.
 */
#include "fuzz.h"
#include "core/ivs_port.h"

#include <errno.h>

#define RANKS 6u
#define RINGS 3u
#define CELLS 5u
#define CELL_BYTES 1024u
#define ME 2u
#define OPS_MAX 400

static struct ivs_shape shape;
static unsigned char *segment;
static struct ivs_port port;
static bool held[CELLS]; /* taken and not yet lent */

/* ---- the hostile side ---------------------------------------------------------------------- */

static uint64_t next_word(const uint8_t **data, size_t *size)
{
    uint64_t word = 0;

    for (int i = 0; i < 8; i++) {
        word |= (uint64_t) fuzz_byte(data, size) << 8 * i;
    }
    return word;
}

static uint32_t next_short(const uint8_t **data, size_t *size)
{
    uint32_t low = fuzz_byte(data, size);

    return low | (uint32_t) fuzz_byte(data, size) << 8;
}

static ivl_sh64_t *part_word(uint32_t rank, uint64_t offset)
{
    return (ivl_sh64_t *) (void *) (segment + 4096 + rank * shape.part_bytes + offset);
}

static void store_anywhere(const uint8_t **data, size_t *size)
{
    uint64_t at = next_short(data, size) * 8u % shape.part_bytes;
    uint32_t rank = fuzz_byte(data, size) % RANKS;

    ivl_sh64_store_relaxed(part_word(rank, at), next_word(data, size));
}

static void store_bells(const uint8_t **data, size_t *size)
{
    ivl_sh64_store_relaxed(part_word(ME, 0), fuzz_byte(data, size));
}

static void store_name(uint32_t peer, const uint8_t **data, size_t *size)
{
    uint32_t index = fuzz_byte(data, size);
    uint64_t name = index & 128 ? next_word(data, size) : ME + 1;

    ivl_sh64_store_relaxed(part_word(peer, shape.directory_off + index % shape.rings * 8), name);
}

/* A name for the victim: at any position, at the one under which it has let go of a ring, or at
 * where it stands in the ring that it has. */
static void store_moved_name(uint32_t peer, const uint8_t **data, size_t *size)
{
    uint8_t how = fuzz_byte(data, size);
    uint32_t at = port.ins[peer].tail;

    if (how & 64) {
        at = (uint32_t) (port.names[peer].word >> 32) + how / 16 % 4;
    } else if (how & 128) {
        at = (uint32_t) next_word(data, size);
    }
    ivl_sh64_store_relaxed(part_word(peer, shape.directory_off + how % RINGS * 8),
                           (uint64_t) at << 32 | (ME + 1));
}

/* Where the victim looks next, mostly with the tag that it waits for. */
static void store_head(uint32_t peer, const uint8_t **data, size_t *size)
{
    const struct ivs_in *in = &port.ins[peer];
    uint64_t word = next_word(data, size);

    if (in->ring) {
        ivs_out_store_rest(&(struct ivs_out){ .ring = in->ring, .head = in->tail }, 8);
        if ((word & 0xf000) != 0xf000) {
            word = (word & ~UINT64_C(0xffff)) | ivs_lap_tag(in->tail);
        }
        ivl_sh64_store_relaxed(&in->ring->slots[in->tail % IVS_RING_SLOTS].head, word);
    }
}

/* There, a record that takes the ring away; mostly with nothing in it. */
static void store_close(uint32_t peer, const uint8_t **data, size_t *size)
{
    const struct ivs_in *in = &port.ins[peer];
    uint8_t how = fuzz_byte(data, size);
    struct ivs_head head = { .kind = IVS_KIND_CLOSE };

    if (how & 128) {
        head.bytes = next_short(data, size);
        head.aux = how;
    }
    if (in->ring) {
        ivl_sh64_store_relaxed(&in->ring->slots[in->tail % IVS_RING_SLOTS].head,
                               ivs_head_pack(in->tail, &head));
    }
}

/* What the record there says: a cell, where in it, and how many bytes. */
static void store_body(uint32_t peer, const uint8_t **data, size_t *size)
{
    const struct ivs_in *in = &port.ins[peer];

    for (size_t i = 0; in->ring && i < 3; i++) {
        uint8_t how = fuzz_byte(data, size);
        uint64_t word = how < 128 ? how * (i == 0 ? 1u : 64u) : next_word(data, size);
        memcpy(in->ring->slots[in->tail % IVS_RING_SLOTS].body + 8 * i, &word, sizeof(word));
    }
}

/* Credit for all that the victim has sent to anybody: also for its close records. */
static void store_all_credits(const uint8_t **data, size_t *size)
{
    uint64_t flag = fuzz_byte(data, size) & 1 ? IVS_ASLEEP : 0;

    for (uint32_t i = 0; i < RANKS; i++) {
        if (port.links[i].out.ring) {
            ivl_sh64_store_relaxed(&port.links[i].out.ring->credit, flag | port.links[i].out.head);
        }
    }
}

/* Credit for what the victim sends: as the input says, or within what it may be. */
static void store_credit(uint32_t peer, const uint8_t **data, size_t *size)
{
    const struct ivs_out *out = &port.links[peer].out;
    uint8_t how = fuzz_byte(data, size);

    if (out->ring && how & 128) {
        ivl_sh64_store_relaxed(&out->ring->credit, next_word(data, size));
    } else if (out->ring) {
        uint32_t used = out->head - out->acked;
        ivl_sh64_store_relaxed(&out->ring->credit, out->acked + (used ? how % (used + 1) : 0));
    }
}

/* ---- the honest side ----------------------------------------------------------------------- */

static void use_cell(uint32_t peer, uint64_t cell, uint64_t at, uint64_t bytes)
{
    const unsigned char *data = ivs_cell_of(&port, peer, cell, at, bytes);
    static unsigned char copy[CELL_BYTES];

    require((data != NULL) ==
            (cell < CELLS && at <= CELL_BYTES && bytes <= CELL_BYTES && at + bytes <= CELL_BYTES));
    if (data) {
        memcpy(copy, data, bytes);
    }
}

/* Takes a record as the transport does; its first words name a cell. */
static bool take(uint32_t peer)
{
    static unsigned char room[IVS_RECORD_BYTES];
    struct ivs_in *in = &port.ins[peer];
    struct ivs_head head;
    uint64_t words[3] = { 0 };
    uint64_t word = in->ring ? ivs_in_peek(in) : 0;

    if (word == 0) {
        return false;
    }
    int rc = ivs_in_head(in, word, &head);
    if (rc != 0) {
        require(rc == -EAGAIN || rc == -EBADMSG);
        return rc == -EAGAIN;
    }
    if (head.kind == IVS_KIND_CLOSE) {
        ivs_port_detach(&port, peer);
        return true;
    }
    require(head.bytes <= IVS_RECORD_BYTES);
    require(in->tail % IVS_RING_SLOTS + ivs_record_slots(head.bytes) <= IVS_RING_SLOTS);
    ivs_in_read(in, 0, room, head.bytes);
    if (head.bytes >= sizeof(words)) {
        memcpy(words, room, sizeof(words));
        use_cell(peer, words[0], words[1], words[2]);
    }
    ivs_in_done(in, ivs_record_slots(head.bytes), head.aux & 1);
    return true;
}

static void poll_all(void)
{
    uint32_t hot[IVS_HOT], count = port.hot_count;

    require(count <= IVS_HOT && port.known_count <= RANKS);
    memcpy(hot, port.hot, sizeof(hot));
    for (uint32_t i = 0; i < count; i++) {
        require(hot[i] < RANKS && port.ins[hot[i]].ring && !port.ins[hot[i]].asleep);
        for (uint32_t k = 0; take(hot[i]); k++) {
            require(k < 2 * IVS_RING_SLOTS); /* nobody refills while we read */
        }
    }
    int rc = ivs_port_listen(&port);
    require(rc == -EBADMSG || (rc >= 0 && rc <= (int) port.hot_count));
}

static uint32_t lent(void)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < RANKS; i++) {
        sum += port.links[i].loans_head - port.links[i].loans_tail;
    }
    return sum;
}

static void take_cell(uint32_t peer, bool keep)
{
    uint32_t cell;
    int rc = ivs_cell_take(&port, peer, &cell);

    require(rc == 0 || rc == -EAGAIN || rc == -EBADMSG);
    if (rc == 0) {
        require(cell < CELLS && !held[cell]);
        memset(ivs_cell_at(&port, cell), 0x55, CELL_BYTES);
        held[cell] = keep;
        if (!keep) {
            ivs_cell_drop(&port, cell);
        }
    }
}

static uint32_t held_cell(void)
{
    uint32_t cell = 0;

    while (cell < CELLS && !held[cell]) {
        cell++;
    }
    return cell;
}

/* Sends a record of `bytes` bytes, and with it a cell that was taken, if there is one. */
static void send(uint32_t peer, uint32_t bytes)
{
    static const unsigned char data[IVS_RECORD_BYTES];
    struct ivs_out *out = &port.links[peer].out;
    const struct ivs_head head = { .kind = 1, .bytes = bytes };
    uint32_t cell = held_cell();

    int rc = ivs_link_open(&port, peer);
    require(rc == 0 || rc == -EAGAIN || rc == -EBADMSG);
    if (rc != 0) {
        return;
    }
    ivs_out_cut_lap(out);
    require(out->head - out->acked <= IVS_RING_SLOTS);
    rc = ivs_out_begin(out, ivs_record_slots(bytes));
    require(rc == 0 || rc == -EAGAIN || rc == -EBADMSG);
    require(out->head - out->acked <= IVS_RING_SLOTS);
    if (rc == 0) {
        ivs_out_write(out, 0, data, bytes);
        ivs_out_publish(out, &head, ivs_record_slots(bytes));
        if (cell < CELLS) {
            ivs_cell_lend(&port, peer, cell);
            held[cell] = false;
        }
        if (ivs_out_must_wake(out)) {
            ivs_link_wake(&port, peer);
        }
    }
    require(out->head - out->acked <= IVS_RING_SLOTS);
}

/* ---- the run ------------------------------------------------------------------------------- */

static void check_cells(void)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < CELLS; i++) {
        kept += held[i];
    }
    require(port.free_count + lent() + kept == CELLS);
}

static bool is_in(const uint32_t *list, uint32_t count, uint32_t peer)
{
    uint32_t i = 0;

    while (i < count && list[i] != peer) {
        i++;
    }
    return i < count;
}

static void check_peers(void)
{
    uint32_t attached = 0, awake = 0;

    for (uint32_t i = 0; i < RANKS; i++) {
        const struct ivs_in *in = &port.ins[i];
        require(is_in(port.known, port.known_count, i) == (in->ring != NULL));
        require(is_in(port.hot, port.hot_count, i) == (in->ring != NULL && !in->asleep));
        attached += in->ring != NULL;
        awake += in->ring != NULL && !in->asleep;
    }
    require(port.known_count == attached && port.hot_count == awake);
}

static void check_rings(void)
{
    uint32_t open = 0;

    for (uint32_t i = 0; i < RANKS; i++) {
        const struct ivs_link *link = &port.links[i];
        require(link->out.ring != NULL || (!link->closing && link->loans_head == link->loans_tail));
        require(link->out.ring == NULL || port.ring_users[link->ring_index] == i);
        open += link->out.ring != NULL;
    }
    for (uint32_t i = 0; i < RINGS; i++) {
        open -= port.ring_users[i] != IVS_NOBODY;
    }
    require(open == 0);
}

static void run_op(const uint8_t **data, size_t *size)
{
    uint8_t op = fuzz_byte(data, size);
    uint32_t peer = op / 16 % RANKS;

    switch (op % 16) {
        case 0:
            store_anywhere(data, size);
            break;
        case 1:
            store_bells(data, size);
            break;
        case 2:
            store_name(peer, data, size);
            break;
        case 3:
            store_head(peer, data, size);
            break;
        case 4:
            store_body(peer, data, size);
            break;
        case 5:
            store_credit(peer, data, size);
            break;
        case 6:
            take_cell(peer, false);
            break;
        case 7:
        case 8:
            take_cell(peer, true);
            break;
        case 9:
            send(peer, next_short(data, size) % (IVS_RECORD_BYTES + 1));
            break;
        case 10:
            send(peer, fuzz_byte(data, size));
            break;
        case 11:
            take(peer);
            break;
        case 12:
            store_close(peer, data, size);
            break;
        case 13:
            store_moved_name(peer, data, size);
            break;
        case 14:
            store_all_credits(data, size);
            break;
        default:
            poll_all();
            break;
    }
    check_cells();
    check_peers();
    check_rings();
}

static void make_segment(void)
{
    require(ivs_shape_make(RANKS, RINGS, CELLS, CELL_BYTES, &shape) == 0);
    segment = aligned_alloc(4096, shape.bytes);
    require(segment != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!segment) {
        make_segment();
    }
    memset(segment, 0, shape.bytes);
    memset(held, 0, sizeof(held));
    require(ivs_segment_format(segment, shape.bytes, &shape) == 0);
    require(ivs_port_open(&port, segment, shape.bytes, &shape, ME) == 0);
    for (int i = 0; i < OPS_MAX && size; i++) {
        run_op(&data, &size);
    }
    poll_all();
    ivs_port_close(&port);
    return 0;
}
