/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * One rank's end of the host's message segment: rings to and from its peers, the cells it
 * lends, and whom to look at next. No MPICH. Not thread-safe: one thread at a time per port.
 *
 * Sending. A ring to a peer is opened at the first message. Cells are lent together with a
 * record and come back by the ring's credit, so nothing else has to be written or polled. They
 * are used in turn: to write lines that a peer has just read costs as much again as to hand them
 * over, because its copies must be invalidated first; lines long unused have left its cache.
 *
 * Receiving. Looking at every ring on every poll would cost more the more peers there are.
 * The rings of the last few senders are "hot" and looked at each time; the others sleep: their
 * producers set a wake bit after publishing. To be safe against a lost wake-up one sleeping ring
 * is looked at per poll too, in turn.
 *
 * Moving a ring. When all rings are in use and another peer is to be reached, some are closed
 * by a last record. The credit for it says that the consumer has
 * let go; the ring is then opened to the other peer, where the positions stand. If it takes long,
 * because those peers do not look, more are closed.
 *
 * Errors: -EBADMSG: the segment holds something that its writer may not have written; the port
 * is then of no further use. Other codes as said.
 */
#ifndef IVS_PORT_H_INCLUDED
#define IVS_PORT_H_INCLUDED

#include "ivs_ring.h"
#include "ivs_shape.h"

#define IVS_HOT 4u
#define IVS_NOBODY UINT32_MAX

struct ivs_loan {
    uint32_t at; /* comes back when the ring's credit has reached this position */
    uint32_t cell;
};

struct ivs_link { /* to one peer */
    struct ivs_out out;
    struct ivs_loan *loans; /* ring buffer of loan_mask + 1 entries */
    uint32_t loans_head, loans_tail;
    uint32_t ring_index;
    struct ivs_distance distance;
    bool closing; /* its close record is on the way */
    bool pinned;  /* set by the user: messages wait for this ring, do not move it */
};

/* A ring as its producer's directory names it. */
struct ivs_name {
    uint64_t word; /* position << 32 | (peer + 1) */
    uint32_t index;
};

struct ivs_port {
    struct ivs_shape shape;
    unsigned char *base;
    uint32_t self;
    struct ivs_link *links; /* by peer */
    struct ivs_in *ins;     /* by peer */
    struct ivs_name *names; /* by peer: under which its ring was attached last */
    uint32_t *free_cells;   /* ring buffer, longest free first */
    uint32_t free_first;
    uint32_t free_count;
    uint32_t loan_mask;   /* cells rounded up to a power of two, less 1: counters of loans wrap */
    uint32_t *ring_users; /* by ring: peer, or IVS_NOBODY */
    uint32_t *ring_heads; /* by ring: position where it was closed */
    uint32_t next_victim;
    uint32_t tries;        /* to get a ring, since one was opened last */
    uint32_t hot[IVS_HOT]; /* peers, latest first */
    uint32_t hot_count;
    uint32_t *known; /* peers whose rings are attached */
    uint32_t known_count;
    uint32_t next_known; /* sleeping ring to look at next */
    uint32_t next_bell;  /* peer whose bell is answered first */
};

/* Lays out an all-zero segment of `bytes` bytes; one rank does this before any opens it. */
int ivs_segment_format(void *base, uint64_t bytes, const struct ivs_shape *shape);

/* Opens rank `self`'s end. The segment must outlive the port. 0; -ENOMEM; -EBADMSG the segment
 * is not one of this shape; -EINVAL self or bytes do not fit the shape. */
int ivs_port_open(struct ivs_port *port, void *base, uint64_t bytes, const struct ivs_shape *shape,
                  uint32_t self);
void ivs_port_close(struct ivs_port *port);

/* Opens a ring to peer, if none is open. 0; -EAGAIN all are in use, some are being closed: try
 * again later; -ENOMEM; -EBADMSG. */
int ivs_link_open(struct ivs_port *port, uint32_t peer);

/* True if messages can be written to peer's ring. */
static inline bool ivs_link_is_open(const struct ivs_link *link)
{
    return link->out.ring != NULL && !link->closing;
}

/* Tells peer to look at our ring. */
void ivs_link_wake(struct ivs_port *port, uint32_t peer);

/* Takes a free cell for peer; *cell is its index. 0; -EAGAIN none is free now; -EBADMSG. */
int ivs_cell_take(struct ivs_port *port, uint32_t peer, uint32_t *cell);
/* The same for `count` cells: all or none. */
int ivs_cells_take(struct ivs_port *port, uint32_t peer, uint32_t *cells, uint32_t count);
void *ivs_cell_at(const struct ivs_port *port, uint32_t cell);
/* Lends the cell with the record that has just been published to peer. */
void ivs_cell_lend(struct ivs_port *port, uint32_t peer, uint32_t cell);
/* Gives back a cell that was taken and not lent. */
void ivs_cell_drop(struct ivs_port *port, uint32_t cell);

/* Bytes `at`.. of a cell of peer's, as named in a record: NULL unless all is in range. */
const void *ivs_cell_of(const struct ivs_port *port, uint32_t peer, uint64_t cell, uint64_t at,
                        uint64_t bytes);

/* Lets go of peer's ring, whose close record is at the tail. */
void ivs_port_detach(struct ivs_port *port, uint32_t peer);

/* Attaches rings whose producers rang, and looks at one sleeping ring. Returns the number of
 * peers that became hot, at most IVS_HOT: they are the first in port->hot; or -EBADMSG. */
int ivs_port_listen(struct ivs_port *port);

#endif /* IVS_PORT_H_INCLUDED */
