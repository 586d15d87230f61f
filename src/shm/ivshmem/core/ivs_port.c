/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Invariant: a peer is in `known` if and only if ins[peer].ring is set; it is hot or asleep, never
 * both. ring_users[i] == peer if and only if links[peer] is open, or closing, with ring i. All figures read from the segment are loaded once and compared with the shape.
 */
#include <stdlib.h>

#include "ivs_port.h"

#define HEAD_BYTES 4096u
#define MAGIC UINT64_C(0x31474553475653) /* "SVGSEG1" */

struct head {
    ivl_sh64_t magic;
    ivl_sh64_t ranks;
    ivl_sh64_t cells;
    ivl_sh64_t cell_bytes;
    ivl_sh64_t rings;
};

static unsigned char *part(const struct ivs_port *port, uint32_t rank)
{
    return port->base + HEAD_BYTES + rank * port->shape.part_bytes;
}

static ivl_sh64_t *wake_word(const struct ivs_port *port, uint32_t rank, uint32_t index)
{
    return (ivl_sh64_t *) part(port, rank) + index;
}

static ivl_sh64_t *directory(const struct ivs_port *port, uint32_t rank)
{
    return (ivl_sh64_t *) (part(port, rank) + port->shape.directory_off);
}

static struct ivs_ring *ring(const struct ivs_port *port, uint32_t rank, uint32_t index)
{
    return (struct ivs_ring *) (part(port, rank) + port->shape.rings_off) + index;
}

/* ---- opening ------------------------------------------------------------------------------ */

int ivs_segment_format(void *base, uint64_t bytes, const struct ivs_shape *shape)
{
    struct head *head = (struct head *) base;

    if (bytes < shape->bytes) {
        return -EINVAL;
    }
    ivl_sh64_store_relaxed(&head->ranks, shape->ranks);
    ivl_sh64_store_relaxed(&head->cells, shape->cells);
    ivl_sh64_store_relaxed(&head->cell_bytes, shape->cell_bytes);
    ivl_sh64_store_relaxed(&head->rings, shape->rings);
    /* [segment A] pairs with [segment B] in is_ours: the figures before the magic */
    ivl_sh64_store_release(&head->magic, MAGIC);
    return 0;
}

static bool is_ours(void *base, const struct ivs_shape *shape)
{
    struct head *head = (struct head *) base;

    /* [segment B] pairs with [segment A] in ivs_segment_format */
    return ivl_sh64_load_acquire(&head->magic) == MAGIC &&
           ivl_sh64_load_relaxed(&head->ranks) == shape->ranks &&
           ivl_sh64_load_relaxed(&head->cells) == shape->cells &&
           ivl_sh64_load_relaxed(&head->cell_bytes) == shape->cell_bytes &&
           ivl_sh64_load_relaxed(&head->rings) == shape->rings;
}

static int allocate(struct ivs_port *port)
{
    port->links = calloc(port->shape.ranks, sizeof(*port->links));
    port->ins = calloc(port->shape.ranks, sizeof(*port->ins));
    port->names = calloc(port->shape.ranks, sizeof(*port->names));
    port->known = calloc(port->shape.ranks, sizeof(*port->known));
    port->free_cells = calloc(port->shape.cells, sizeof(*port->free_cells));
    port->ring_users = calloc(port->shape.rings, sizeof(*port->ring_users));
    port->ring_heads = calloc(port->shape.rings, sizeof(*port->ring_heads));
    if (!port->links || !port->ins || !port->names || !port->known || !port->free_cells ||
        !port->ring_users || !port->ring_heads) {
        ivs_port_close(port);
        return -ENOMEM;
    }
    return 0;
}

int ivs_port_open(struct ivs_port *port, void *base, uint64_t bytes, const struct ivs_shape *shape,
                  uint32_t self)
{
    *port = (struct ivs_port){ .shape = *shape, .base = base, .self = self };
    if (self >= shape->ranks || bytes < shape->bytes) {
        return -EINVAL;
    }
    if (!is_ours(base, shape)) {
        return -EBADMSG;
    }
    if (allocate(port) != 0) {
        return -ENOMEM;
    }
    while (port->loan_mask < shape->cells - 1) {
        port->loan_mask = port->loan_mask << 1 | 1;
    }
    for (uint32_t i = 0; i < shape->cells; i++) {
        ivs_cell_drop(port, i);
    }
    for (uint32_t i = 0; i < shape->rings; i++) {
        port->ring_users[i] = IVS_NOBODY;
    }
    return 0;
}

void ivs_port_close(struct ivs_port *port)
{
    for (uint32_t i = 0; port->links && i < port->shape.ranks; i++) {
        free(port->links[i].loans);
    }
    free(port->links);
    free(port->ins);
    free(port->names);
    free(port->known);
    free(port->free_cells);
    free(port->ring_users);
    free(port->ring_heads);
    *port = (struct ivs_port){ .base = NULL };
}

/* ---- sending ------------------------------------------------------------------------------ */

/* Takes back what the peer has finished with. */
static int collect(struct ivs_port *port, struct ivs_link *link)
{
    int rc = ivs_out_refresh(&link->out);

    while (rc == 0 && link->loans_tail != link->loans_head) {
        const struct ivs_loan *loan = &link->loans[link->loans_tail & port->loan_mask];
        if ((int32_t) (link->out.acked - loan->at) < 0) {
            break;
        }
        ivs_cell_drop(port, loan->cell);
        link->loans_tail++;
    }
    return rc;
}

/* Takes the ring back if its close record has been read. */
static int settle(struct ivs_port *port, struct ivs_link *link)
{
    int rc = collect(port, link);

    if (rc == 0 && link->out.acked != link->out.head) {
        rc = -EAGAIN;
    }
    if (rc == 0) {
        /* relaxed: the next name and bell order it */
        ivl_sh64_store_relaxed(&directory(port, port->self)[link->ring_index], 0);
        port->ring_users[link->ring_index] = IVS_NOBODY;
        port->ring_heads[link->ring_index] = link->out.head;
        link->out.ring = NULL;
        link->closing = false;
    }
    return rc;
}

static int settle_all(struct ivs_port *port)
{
    int rc = 0;

    for (uint32_t i = 0; i < port->shape.rings && rc == 0; i++) {
        uint32_t peer = port->ring_users[i];
        if (peer != IVS_NOBODY && port->links[peer].closing) {
            rc = settle(port, &port->links[peer]);
            rc = rc == -EAGAIN ? 0 : rc;
        }
    }
    return rc;
}

static uint32_t free_ring(const struct ivs_port *port)
{
    uint32_t i = 0;

    while (i < port->shape.rings && port->ring_users[i] != IVS_NOBODY) {
        i++;
    }
    return i;
}

/* Begins to close a ring: its consumer reads what is in it first. -EAGAIN: not this one now. */
static int evict(struct ivs_port *port, uint32_t peer)
{
    const struct ivs_head close = { .kind = IVS_KIND_CLOSE };
    struct ivs_link *link = &port->links[peer];
    int rc = link->closing || link->pinned ? -EAGAIN : ivs_out_begin(&link->out, 1);

    if (rc == 0) {
        ivs_out_publish(&link->out, &close, 1);
        link->closing = true;
        if (ivs_out_must_wake(&link->out)) {
            ivs_link_wake(port, peer);
        }
    }
    return rc;
}

#define VICTIMS 4u /* rings to close at a time: peers differ in how soon they look */
#define TRIES_PER_VICTIM \
    1024u /* one more after so many in vain: perhaps those do not look at all */

/* -EAGAIN when all went well: it takes the peers to finish. */
static int evict_some(struct ivs_port *port)
{
    uint32_t victims = VICTIMS + port->tries++ / TRIES_PER_VICTIM;
    uint32_t closing = 0;

    for (uint32_t i = 0; i < port->shape.rings; i++) {
        closing += port->links[port->ring_users[i]].closing;
    }
    for (uint32_t i = 0; i < port->shape.rings && closing < victims; i++) {
        int rc;
        port->next_victim = (port->next_victim + 1) % port->shape.rings;
        rc = evict(port, port->ring_users[port->next_victim]);
        if (rc == -EBADMSG) {
            return rc;
        }
        closing += rc == 0;
    }
    return -EAGAIN;
}

static void open_ring(struct ivs_port *port, uint32_t peer, uint32_t index)
{
    struct ivs_link *link = &port->links[peer];
    uint32_t at = port->ring_heads[index];

    link->out = (struct ivs_out){ .ring = ring(port, port->self, index), .head = at, .acked = at };
    link->ring_index = index;
    port->ring_users[index] = peer;
    port->tries = 0;
    /* relaxed: no consumer has the ring; all is published by [ring E] */
    ivl_sh64_store_relaxed(&link->out.ring->credit, IVS_ASLEEP | at);
    /* [ring E] pairs with [ring F] in find_ring: an empty ring before its name */
    ivl_sh64_store_release(&directory(port, port->self)[index],
                           (uint64_t) at << 32 | ((uint64_t) peer + 1));
}

int ivs_link_open(struct ivs_port *port, uint32_t peer)
{
    struct ivs_link *link = &port->links[peer];
    uint32_t index;
    int rc = 0;

    if (ivs_link_is_open(link)) {
        return 0;
    }
    if (!link->loans) {
        link->loans = calloc(port->loan_mask + 1, sizeof(*link->loans));
    }
    if (!link->loans) {
        return -ENOMEM;
    }
    if (link->closing) {
        rc = settle(port, link);
    }
    index = free_ring(port);
    if (rc == 0 && index == port->shape.rings) {
        rc = settle_all(port);
        index = free_ring(port);
    }
    if (rc == 0 && index == port->shape.rings) {
        rc = evict_some(port);
    }
    if (rc == 0) {
        open_ring(port, peer, index);
    }
    return rc;
}

void ivs_link_wake(struct ivs_port *port, uint32_t peer)
{
    /* [wake A] pairs with [wake B] in take_bells: the record, and the ring's name in the
     * directory, before the bit */
    (void) ivl_sh64_fetch_or(wake_word(port, peer, port->self / 64), UINT64_C(1)
                                                                         << port->self % 64);
}

void *ivs_cell_at(const struct ivs_port *port, uint32_t cell)
{
    return part(port, port->self) + port->shape.cells_off +
           (uint64_t) cell * port->shape.cell_bytes;
}

static int collect_all(struct ivs_port *port)
{
    int rc = 0;

    for (uint32_t i = 0; i < port->shape.ranks && rc == 0; i++) {
        if (port->links[i].loans_tail != port->links[i].loans_head) {
            rc = collect(port, &port->links[i]);
        }
    }
    return rc;
}

/* A peer that does not read may hold half of the cells at most: others get through. */
static bool may_have(const struct ivs_port *port, const struct ivs_link *link, uint32_t count)
{
    return link->loans_head - link->loans_tail + count <= port->shape.cells / 2;
}

int ivs_cells_take(struct ivs_port *port, uint32_t peer, uint32_t *cells, uint32_t count)
{
    struct ivs_link *link = &port->links[peer];
    int rc = 0;

    if (!may_have(port, link, count)) {
        rc = collect(port, link);
    }
    if (rc == 0 && port->free_count < count) {
        rc = collect_all(port);
    }
    if (rc != 0) {
        return rc;
    }
    if (port->free_count < count || !may_have(port, link, count)) {
        return -EAGAIN;
    }
    for (uint32_t i = 0; i < count; i++) {
        cells[i] = port->free_cells[port->free_first];
        port->free_first = (port->free_first + 1) % port->shape.cells;
        port->free_count--;
    }
    return 0;
}

int ivs_cell_take(struct ivs_port *port, uint32_t peer, uint32_t *cell)
{
    return ivs_cells_take(port, peer, cell, 1);
}

void ivs_cell_lend(struct ivs_port *port, uint32_t peer, uint32_t cell)
{
    struct ivs_link *link = &port->links[peer];

    link->loans[link->loans_head++ & port->loan_mask] =
        (struct ivs_loan){ .at = link->out.head, .cell = cell };
}

void ivs_cell_drop(struct ivs_port *port, uint32_t cell)
{
    port->free_cells[(port->free_first + port->free_count++) % port->shape.cells] = cell;
}

/* ---- receiving ---------------------------------------------------------------------------- */

const void *ivs_cell_of(const struct ivs_port *port, uint32_t peer, uint64_t cell, uint64_t at,
                        uint64_t bytes)
{
    if (cell >= port->shape.cells || bytes > port->shape.cell_bytes ||
        at > port->shape.cell_bytes - bytes) {
        return NULL;
    }
    return part(port, peer) + port->shape.cells_off + cell * port->shape.cell_bytes + at;
}

static void put_to_sleep(struct ivs_in *in)
{
    in->asleep = true;
    ivs_in_store_credit(in);
}

/* Moves peer to the front of the hot ones; the last one falls asleep if there are too many. */
static void heat(struct ivs_port *port, uint32_t peer)
{
    uint32_t i = 0;
    struct ivs_in *in = &port->ins[peer];

    if (in->asleep) {
        in->asleep = false;
        ivs_in_store_credit(in);
        if (port->hot_count == IVS_HOT) {
            put_to_sleep(&port->ins[port->hot[--port->hot_count]]);
        }
        i = port->hot_count++;
    } else {
        while (port->hot[i] != peer) {
            i++;
        }
    }
    for (; i > 0; i--) {
        port->hot[i] = port->hot[i - 1];
    }
    port->hot[0] = peer;
}

/* The peer's ring to us, by its directory. False if it has none. The name under which we let go
 * of a ring may still stand there when a late bell is heard: it is passed over. */
static bool find_ring(const struct ivs_port *port, uint32_t peer, struct ivs_in *in)
{
    const ivl_sh64_t *names = directory(port, peer);
    struct ivs_name *last = &port->names[peer];

    for (uint32_t i = 0; i < port->shape.rings; i++) {
        /* [ring F] pairs with [ring E] in open_ring */
        uint64_t name = ivl_sh64_load_acquire(&names[i]);
        if ((uint32_t) name == port->self + 1 && (name != last->word || i != last->index)) {
            uint32_t at = (uint32_t) (name >> 32);
            *in = (struct ivs_in){
                .ring = ring(port, peer, i), .tail = at, .returned = at, .asleep = true
            };
            *last = (struct ivs_name){ .word = name, .index = i };
            return true;
        }
    }
    return false;
}

/* A bell from peer: its ring becomes hot. 1; 0 it has no ring to us (a late bell of one that was
 * closed); -EBADMSG there is no such peer. */
static int answer(struct ivs_port *port, uint32_t peer)
{
    if (peer >= port->shape.ranks) {
        return -EBADMSG;
    }
    if (!port->ins[peer].ring) {
        if (!find_ring(port, peer, &port->ins[peer])) {
            return 0;
        }
        port->known[port->known_count++] = peer;
    }
    heat(port, peer);
    return 1;
}

static uint32_t remove_from(uint32_t *list, uint32_t count, uint32_t peer)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (list[i] != peer) {
            list[kept++] = list[i];
        }
    }
    return kept;
}

void ivs_port_detach(struct ivs_port *port, uint32_t peer)
{
    port->hot_count = remove_from(port->hot, port->hot_count, peer);
    port->known_count = remove_from(port->known, port->known_count, peer);
    /* the credit last: with it the producer may reuse the ring */
    ivs_in_done(&port->ins[peer], 1, true);
    port->ins[peer] = (struct ivs_in){ .ring = NULL };
}

#define BELLS ((int) IVS_HOT - 1) /* at a time; one more may be a sleeper */

/* Answers up to `room` bells of those in a wake word that `which` has; the others stay rung. */
static int take_bells(struct ivs_port *port, uint32_t index, uint64_t which, int room)
{
    ivl_sh64_t *word = wake_word(port, port->self, index);
    /* [wake B] pairs with [wake A] in ivs_link_wake */
    uint64_t all = ivl_sh64_exchange(word, 0);
    uint64_t bits = all & which;
    int rung = 0;

    for (; bits != 0 && rung < room; bits &= bits - 1) {
        uint32_t peer = index * 64 + (uint32_t) __builtin_ctzll(bits);
        int rc = answer(port, peer);
        if (rc < 0) {
            return rc;
        }
        rung += rc;
        port->next_bell = peer + 1;
    }
    bits |= all & ~which;
    if (bits != 0) {
        (void) ivl_sh64_fetch_or(word, bits);
    }
    return rung;
}

static int check_sleeper(struct ivs_port *port)
{
    uint32_t peer;

    if (port->known_count <= port->hot_count) {
        return 0;
    }
    if (port->next_known >= port->known_count) {
        port->next_known = 0;
    }
    peer = port->known[port->next_known++];
    if (!port->ins[peer].asleep || ivs_in_peek(&port->ins[peer]) == 0) {
        return 0;
    }
    heat(port, peer);
    return 1;
}

/* Bells of all peers in turn, from the one behind who was answered last: those who ring all the
 * time leave the others theirs. Last come the lower bits of the first word, as they were seen at
 * the beginning; nobody is counted twice. */
int ivs_port_listen(struct ivs_port *port)
{
    const uint32_t words = port->shape.wake_words;
    const uint64_t behind = UINT64_MAX << port->next_bell % 64;
    uint32_t index = port->next_bell / 64;
    uint64_t first = 0;
    int rung = 0;

    for (uint32_t i = 0; i <= words && rung < BELLS; i++, index++) {
        uint64_t which = i == 0 ? behind : i == words ? ~behind : UINT64_MAX;
        index = index < words ? index : 0;
        /* relaxed: a look; take_bells orders */
        uint64_t bits =
            i == words ? first : ivl_sh64_load_relaxed(wake_word(port, port->self, index));
        first = i == 0 ? bits : first;
        if ((bits & which) != 0) {
            int rc = take_bells(port, index, which, BELLS - rung);
            if (rc < 0) {
                return rc;
            }
            rung += rc;
        }
    }
    return rung + check_sleeper(port);
}
