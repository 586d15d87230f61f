/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A ring from one producer to one consumer in shared memory. Hot: all inline.
 *
 * The ring is an array of slots of two cache lines. A record takes one slot or several in a row,
 * never around the end (a pad record fills up). The first word of every slot is its head; the
 * head of a record's first slot is stored last and says that the record is there. A short
 * message therefore costs the transfer of one cache line, and no atomic read-modify-write.
 *
 * Invariants
 *   R1 In every lap the producer stores the head word of every slot, with the lap's tag, and
 *      payload never lies in a head word: so a head with the tag of the lap that the consumer is
 *      in means a record, and nothing else can look like one. A lap that is cut short leaves slots
 *      out; a whole one follows within 2^15 laps, long before a tag comes again.
 *   R2 The producer stores into a slot only after the consumer's credit has passed it.
 *   R3 The consumer keeps back at most IVS_CREDIT_SLOTS - 1 slots of credit, and the longest
 *      record with its padding fits in what is left: a full ring drains without any other event.
 *   R4 Both sides keep their positions in private memory. What they read from the ring (head,
 *      credit) is loaded once and checked; a wrong value is -EBADMSG, never an access outside.
 *
 * Counters are positions in slots modulo 2^32; the ring's length divides that. Not thread-safe:
 * one thread at a time on each side.
 */
#ifndef IVS_RING_H_INCLUDED
#define IVS_RING_H_INCLUDED

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ivs_copy.h"
#include "shared_word.h"

#define IVS_LINE 64u
#define IVS_SLOT_BYTES 128u
#define IVS_BODY_BYTES 120u /* payload of a slot */
#ifndef IVS_RING_SLOTS      /* the tests explore a smaller one */
#define IVS_RING_SLOTS 64u  /* power of two */
#endif
#define IVS_HALF_SLOTS (IVS_RING_SLOTS / 2)
#define IVS_RECORD_SLOTS 8u /* longest record */
#define IVS_RECORD_BYTES (IVS_RECORD_SLOTS * IVS_BODY_BYTES)
#define IVS_CREDIT_SLOTS 8u    /* credit goes back in such portions */
#define IVS_WHOLE_LAPS 0x7fffu /* no lap whose tag has none of these bits is cut short */
#define IVS_RING_BYTES (2 * IVS_LINE + IVS_RING_SLOTS * IVS_SLOT_BYTES)

_Static_assert(2 * IVS_RECORD_SLOTS + IVS_CREDIT_SLOTS <= IVS_RING_SLOTS, "R3");

struct ivs_slot {
    ivl_sh64_t head;
    unsigned char body[IVS_BODY_BYTES];
};

struct ivs_ring {
    ivl_sh64_t credit; /* consumer: slots read (low half) | IVS_ASLEEP */
    unsigned char pad[2 * IVS_LINE - 8];
    struct ivs_slot slots[IVS_RING_SLOTS];
};

_Static_assert(sizeof(struct ivs_slot) == IVS_SLOT_BYTES, "slot");
_Static_assert(sizeof(struct ivs_ring) == IVS_RING_BYTES, "ring");

/* The consumer does not look at this ring by itself: wake it (ivs_port.h). */
#define IVS_ASLEEP (UINT64_C(1) << 32)

/* Head word: lap tag (16 bits) | kind (8) | flags (8) | bytes (16) | aux (16). */
#define IVS_KIND_PAD 255u   /* to the end of the ring; other kinds are the user's, not 0 */
#define IVS_KIND_REST 254u  /* second and later slots of a record */
#define IVS_KIND_CLOSE 253u /* last record: the producer takes the ring away (ivs_port.h) */

struct ivs_head {
    uint32_t kind;
    uint32_t flags;
    uint32_t bytes; /* of payload, at most IVS_RECORD_BYTES */
    uint32_t aux;
};

static inline uint32_t ivs_lap_tag(uint32_t at)
{
    return (at / IVS_RING_SLOTS + 1) & 0xffff;
}

static inline uint32_t ivs_record_slots(uint32_t bytes)
{
    return bytes <= IVS_BODY_BYTES ? 1 : (bytes + IVS_BODY_BYTES - 1) / IVS_BODY_BYTES;
}

static inline uint64_t ivs_head_pack(uint32_t at, const struct ivs_head *head)
{
    return ivs_lap_tag(at) | (uint64_t) head->kind << 16 | (uint64_t) head->flags << 24 |
           (uint64_t) head->bytes << 32 | (uint64_t) head->aux << 48;
}

/* ---- producer ----------------------------------------------------------------------------- */

struct ivs_out {
    struct ivs_ring *ring; /* NULL: not opened */
    uint32_t head;         /* slots published */
    uint32_t acked;        /* slots the consumer is known to have read */
};

/* Reads the credit. 0; -EBADMSG it is not between the last one and what was published. */
static inline int ivs_out_refresh(struct ivs_out *out)
{
    /* [ring C] pairs with [ring D] in ivs_in_done: the consumer's reads of a slot come before
     * our next stores into it (R2) */
    uint32_t credit = (uint32_t) ivl_sh64_load_acquire(&out->ring->credit);

    if (credit - out->acked > out->head - out->acked) {
        return -EBADMSG;
    }
    out->acked = credit;
    return 0;
}

static inline struct ivs_slot *ivs_out_slot(const struct ivs_out *out, uint32_t ahead)
{
    return &out->ring->slots[(out->head + ahead) % IVS_RING_SLOTS];
}

/* The head words of all slots behind the record's first (R1). */
static inline void ivs_out_store_rest(struct ivs_out *out, uint32_t slots)
{
    const struct ivs_head rest = { .kind = IVS_KIND_REST };

    for (uint32_t i = 1; i < slots; i++) {
        /* relaxed: nobody acts on it; published with the record */
        ivl_sh64_store_relaxed(&ivs_out_slot(out, i)->head, ivs_head_pack(out->head + i, &rest));
    }
}

/* Makes the record at the head visible: `slots` slots whose payload has been written. */
static inline void ivs_out_publish(struct ivs_out *out, const struct ivs_head *head, uint32_t slots)
{
    ivs_out_store_rest(out, slots);
    /* [ring A] pairs with [ring B] in ivs_in_peek: payload before head */
    ivl_sh64_store_release(&ivs_out_slot(out, 0)->head, ivs_head_pack(out->head, head));
    out->head += slots;
}

static inline bool ivs_out_has_room(const struct ivs_out *out, uint32_t slots)
{
    return slots <= IVS_RING_SLOTS - (out->head - out->acked);
}

/* Makes room for a record of `slots` slots (1..IVS_RECORD_SLOTS). 0: it may be written at the
 * head; -EAGAIN the ring is full for now; -EBADMSG the credit is corrupt. */
static inline int ivs_out_begin(struct ivs_out *out, uint32_t slots)
{
    uint32_t left = IVS_RING_SLOTS - out->head % IVS_RING_SLOTS;
    uint32_t need = slots <= left ? slots : left + slots;

    if (!ivs_out_has_room(out, need)) {
        int rc = ivs_out_refresh(out);
        if (rc != 0) {
            return rc;
        }
        if (!ivs_out_has_room(out, need)) {
            return -EAGAIN;
        }
    }
    if (slots > left) {
        const struct ivs_head pad = { .kind = IVS_KIND_PAD };
        ivs_out_publish(out, &pad, left);
    }
    return 0;
}

/* Before a message. A consumer that keeps up is sent back to the begin of the ring from its
 * middle: few lines in turn stay in both caches, and more are only good for a burst (8 bytes:
 * 0.086 us with 32 slots, 0.099 with 64; 14.7 and 18.7 million a second). Changes nothing if there
 * is something to wait for. */
static inline void ivs_out_cut_lap(struct ivs_out *out)
{
    const struct ivs_head pad = { .kind = IVS_KIND_PAD };
    uint32_t at = out->head % IVS_RING_SLOTS;

    if (at - IVS_HALF_SLOTS < IVS_RECORD_SLOTS && (ivs_lap_tag(out->head) & IVS_WHOLE_LAPS) != 0 &&
        ivs_out_refresh(out) == 0 && out->head - out->acked <= IVS_CREDIT_SLOTS) {
        /* [ring A] as in ivs_out_publish */
        ivl_sh64_store_release(&ivs_out_slot(out, 0)->head, ivs_head_pack(out->head, &pad));
        out->head += IVS_RING_SLOTS - at;
    }
}

_Static_assert(IVS_CREDIT_SLOTS <= IVS_HALF_SLOTS, "there is room for the rest of the lap");
_Static_assert(IVS_BODY_BYTES <= IVS_COPY_FEW, "a body is copied at once");

/* Copies into the record being written, from payload byte `at` on. */
static inline void ivs_out_write(struct ivs_out *out, uint32_t at, const void *src, uint32_t bytes)
{
    const unsigned char *from = (const unsigned char *) src;

    if (at + bytes <= IVS_BODY_BYTES) {
        ivs_copy_few(ivs_out_slot(out, 0)->body + at, src, bytes);
        return;
    }
    while (bytes > 0) {
        uint32_t in = at % IVS_BODY_BYTES;
        uint32_t part = bytes < IVS_BODY_BYTES - in ? bytes : IVS_BODY_BYTES - in;
        ivs_copy_few(ivs_out_slot(out, at / IVS_BODY_BYTES)->body + in, from, part);
        from += part;
        at += part;
        bytes -= part;
    }
}

/* True if the consumer must be woken for what was published. relaxed: it looks by itself now
 * and then, so a stale answer delays and loses nothing. */
static inline bool ivs_out_must_wake(const struct ivs_out *out)
{
    return (ivl_sh64_load_relaxed(&out->ring->credit) & IVS_ASLEEP) != 0;
}

/* ---- consumer ----------------------------------------------------------------------------- */

struct ivs_in {
    struct ivs_ring *ring; /* NULL: not attached */
    uint32_t tail;         /* slots read */
    uint32_t returned;     /* credit last stored */
    bool asleep;
};

static inline struct ivs_slot *ivs_in_slot(const struct ivs_in *in, uint32_t ahead)
{
    return &in->ring->slots[(in->tail + ahead) % IVS_RING_SLOTS];
}

/* The word of the record at the tail, or 0 if none is there yet. */
static inline uint64_t ivs_in_peek(const struct ivs_in *in)
{
    /* [ring B] pairs with [ring A] in ivs_out_publish */
    uint64_t word = ivl_sh64_load_acquire(&ivs_in_slot(in, 0)->head);

    return (word & 0xffff) == ivs_lap_tag(in->tail) ? word : 0;
}

static inline void ivs_in_store_credit(struct ivs_in *in)
{
    uint64_t credit = in->tail | (in->asleep ? IVS_ASLEEP : 0);

    /* [ring D] pairs with [ring C] in ivs_out_refresh: our reads before the slot is reused */
    ivl_sh64_store_release(&in->ring->credit, credit);
    in->returned = in->tail;
}

/* Steps over `slots` slots that have been read. at_once: the producer waits for more than the
 * slots (a cell that it lent). */
static inline void ivs_in_done(struct ivs_in *in, uint32_t slots, bool at_once)
{
    in->tail += slots;
    if (at_once || in->tail - in->returned >= IVS_CREDIT_SLOTS) {
        ivs_in_store_credit(in);
    }
}

/* Takes a head word apart. 0; -EAGAIN it was padding, now stepped over: peek again; -EBADMSG
 * the record does not fit where it stands. */
static inline int ivs_in_head(struct ivs_in *in, uint64_t word, struct ivs_head *head)
{
    uint32_t left = IVS_RING_SLOTS - in->tail % IVS_RING_SLOTS;

    head->kind = word >> 16 & 0xff;
    head->flags = word >> 24 & 0xff;
    head->bytes = word >> 32 & 0xffff;
    head->aux = (uint32_t) (word >> 48);
    if (head->kind == IVS_KIND_PAD) {
        ivs_in_done(in, left, false);
        return -EAGAIN;
    }
    return head->bytes > IVS_RECORD_BYTES || ivs_record_slots(head->bytes) > left ? -EBADMSG : 0;
}

/* Copies payload of the record at the tail, from byte `at` on. The range must lie within the
 * record (head->bytes). */
static inline void ivs_in_read(const struct ivs_in *in, uint32_t at, void *dst, uint32_t bytes)
{
    unsigned char *to = (unsigned char *) dst;

    if (at + bytes <= IVS_BODY_BYTES) {
        ivs_copy_few(dst, ivs_in_slot(in, 0)->body + at, bytes);
        return;
    }
    while (bytes > 0) {
        uint32_t skip = at % IVS_BODY_BYTES;
        uint32_t part = bytes < IVS_BODY_BYTES - skip ? bytes : IVS_BODY_BYTES - skip;
        ivs_copy_few(to, ivs_in_slot(in, at / IVS_BODY_BYTES)->body + skip, part);
        to += part;
        at += part;
        bytes -= part;
    }
}

#endif /* IVS_RING_H_INCLUDED */
