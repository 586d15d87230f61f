/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Invariant: a ring is in `known` if and only if ins[peer].ring is set; it is hot or asleep,
 * never both. All figures read from the segment are loaded once and compared with the shape.
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
           ivl_sh64_load_relaxed(&head->cell_bytes) == shape->cell_bytes;
}

static int allocate(struct ivs_port *port)
{
    port->links = calloc(port->shape.ranks, sizeof(*port->links));
    port->ins = calloc(port->shape.ranks, sizeof(*port->ins));
    port->known = calloc(port->shape.ranks, sizeof(*port->known));
    port->free_cells = calloc(port->shape.cells, sizeof(*port->free_cells));
    if (!port->links || !port->ins || !port->known || !port->free_cells) {
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
    return 0;
}

void ivs_port_close(struct ivs_port *port)
{
    for (uint32_t i = 0; port->links && i < port->shape.ranks; i++) {
        free(port->links[i].loans);
    }
    free(port->links);
    free(port->ins);
    free(port->known);
    free(port->free_cells);
    *port = (struct ivs_port){ .base = NULL };
}

/* ---- sending ------------------------------------------------------------------------------ */

int ivs_link_open(struct ivs_port *port, uint32_t peer)
{
    struct ivs_link *link = &port->links[peer];
    uint32_t index = port->rings_used;

    if (link->out.ring) {
        return 0;
    }
    if (index == port->shape.rings) {
        return -ENOBUFS;
    }
    link->loans = calloc(port->loan_mask + 1, sizeof(*link->loans));
    if (!link->loans) {
        return -ENOMEM;
    }
    link->out = (struct ivs_out){ .ring = ring(port, port->self, index) };
    port->rings_used++;
    /* relaxed: the consumer has not seen the ring yet; all is published by [ring E] */
    ivl_sh64_store_relaxed(&link->out.ring->credit, IVS_ASLEEP);
    /* [ring E] pairs with [ring F] in find_ring: an empty ring before its name */
    ivl_sh64_store_release(&directory(port, port->self)[index], (uint64_t) peer + 1);
    return 0;
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
int ivs_cell_take(struct ivs_port *port, uint32_t peer, uint32_t *cell)
{
    struct ivs_link *link = &port->links[peer];
    uint32_t half = port->shape.cells / 2;
    int rc = 0;

    if (link->loans_head - link->loans_tail >= half) {
        rc = collect(port, link);
    }
    if (rc == 0 && port->free_count == 0) {
        rc = collect_all(port);
    }
    if (rc != 0) {
        return rc;
    }
    if (port->free_count == 0 || link->loans_head - link->loans_tail >= half) {
        return -EAGAIN;
    }
    *cell = port->free_cells[port->free_first];
    port->free_first = (port->free_first + 1) % port->shape.cells;
    port->free_count--;
    return 0;
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

/* The peer's ring to us, by its directory; NULL if it has none. */
static struct ivs_ring *find_ring(const struct ivs_port *port, uint32_t peer)
{
    const ivl_sh64_t *names = directory(port, peer);

    for (uint32_t i = 0; i < port->shape.rings; i++) {
        /* [ring F] pairs with [ring E] in ivs_link_open */
        if (ivl_sh64_load_acquire(&names[i]) == (uint64_t) port->self + 1) {
            return ring(port, peer, i);
        }
    }
    return NULL;
}

/* A bell from peer: its ring becomes hot. A bell without a ring is nobody's honest doing. */
static int answer(struct ivs_port *port, uint32_t peer)
{
    if (peer >= port->shape.ranks) {
        return -EBADMSG;
    }
    if (!port->ins[peer].ring) {
        struct ivs_ring *found = find_ring(port, peer);
        if (!found) {
            return -EBADMSG;
        }
        port->ins[peer] = (struct ivs_in){ .ring = found, .asleep = true };
        port->known[port->known_count++] = peer;
    }
    heat(port, peer);
    return 0;
}

static int take_bells(struct ivs_port *port, uint32_t index)
{
    /* [wake B] pairs with [wake A] in ivs_link_wake */
    uint64_t bits = ivl_sh64_exchange(wake_word(port, port->self, index), 0);
    int rung = 0;

    while (bits != 0) {
        int rc = answer(port, index * 64 + (uint32_t) __builtin_ctzll(bits));
        if (rc != 0) {
            return rc;
        }
        bits &= bits - 1;
        rung++;
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

int ivs_port_listen(struct ivs_port *port)
{
    int rung = 0;

    for (uint32_t i = 0; i < port->shape.wake_words; i++) {
        /* relaxed: a look; take_bells orders */
        if (ivl_sh64_load_relaxed(wake_word(port, port->self, i)) != 0) {
            int rc = take_bells(port, i);
            if (rc < 0) {
                return rc;
            }
            rung += rc;
        }
    }
    return rung + check_sleeper(port);
}
