/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collective operations of a group of processes over shared memory: the area, and the steps that
 * all algorithms are made of.
 *
 * A step has a number, which is the same for all members, since all of them call the same
 * operations in the same order. In a step every member may publish one payload and read those of
 * others. The area holds for each member a ring of lines, a ring of cells, and a word that says
 * how far it is:
 *
 *   line    [ number of the step + 1 | call | payload of up to IVS_COLL_INLINE bytes ]
 *   cell    longer payload
 *   done    steps that the member will not read any more
 *
 * Invariants
 *   C1 A member writes its line or cell of a step only when all members are done with the step that
 *      used it before: nothing is overwritten that somebody may still read.
 *   C2 The number in a line is stored after the payload, so who sees it sees that.
 *   C3 Where a payload lies follows from lengths that the caller knows. From the area come numbers and
 *      calls, which are compared and nothing else, and payload.
 *   C4 done lags behind by less than a ring: nobody waits for a member that has gone on.
 *
 * A call says operation, root and length: members that call different ones find out instead of taking
 * one's data for the other's. Who waits for a member calls the caller's wait function after some looks
 * in vain: it makes progress, gives up the processor, and says when to stop waiting. The operations are
 * in ivs_coll_task.h. Not thread-safe.
 */
#ifndef IVS_COLL_H_INCLUDED
#define IVS_COLL_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ivs_copy.h"
#include "ivs_operation.h"
#include "shared_word.h"

#define IVS_COLL_LINE_BYTES 256u
#define IVS_COLL_LINES 32u                          /* power of two */
#define IVS_COLL_INLINE (IVS_COLL_LINE_BYTES - 16u) /* 48 of them are in the number's cache line */
#define IVS_COLL_CELLS_MAX 64u
#define IVS_COLL_MEMBERS_MAX 4096u

struct ivs_coll_line {
    ivl_sh64_t number;
    ivl_sh64_t call; /* which operation the sender is in */
    unsigned char payload[IVS_COLL_INLINE];
};

_Static_assert(sizeof(struct ivs_coll_line) == IVS_COLL_LINE_BYTES, "line");

/* Of each member's part. */
struct ivs_coll_shape {
    uint32_t cell_bytes; /* multiple of 64 */
    uint32_t cells;      /* 2..IVS_COLL_CELLS_MAX */
};

/* Members that are near each other, for trees. */
struct ivs_coll_groups {
    uint32_t count;        /* 0 or 1: no trees */
    const uint32_t *of;    /* by member: its group; groups are numbered in order of first members */
    const uint32_t *first; /* by group: its first member, which speaks for it */
};

/* A member's view of the area. */
struct ivs_coll {
    unsigned char *area;
    size_t stride; /* bytes from one member's part to the next */
    uint32_t members;
    uint32_t self;
    struct ivs_coll_shape shape;
    uint64_t steps; /* begun */
    uint64_t cells_used;
    uint64_t used[IVS_COLL_CELLS_MAX]; /* steps that must be done before each cell is used again */
    uint64_t told;                     /* last value of done */
    uint64_t call;                     /* of the operation under way */
    struct ivs_distance distance;      /* of those who read what this member writes */
    uint64_t all_done;                 /* all members are known to be done with so many */
    struct ivs_coll_groups groups;     /* set by the caller, which keeps the arrays */
    uint32_t looks; /* at a number, between two calls of wait: wait may change it */
    int failed;     /* 0; set by the caller, for ever, after an operation that did not end well */
    int (*wait)(void *context); /* 0, or what the operation returns */
    void *context;
};

/* Bytes for so many members (1..IVS_COLL_MEMBERS_MAX). */
size_t ivs_coll_bytes(uint32_t members, const struct ivs_coll_shape *shape);

/* area: 64-byte aligned, zeroed before the first member begins. */
void ivs_coll_init(struct ivs_coll *coll, void *area, uint32_t members, uint32_t self,
                   const struct ivs_coll_shape *shape, int (*wait)(void *), void *context);

/* ---- steps -------------------------------------------------------------------------------- */

struct ivs_step {
    uint64_t number;
    uint64_t need;  /* steps that all members must be done with before it is written (C1) */
    size_t line;    /* offset in a member's part */
    size_t payload; /* the same */
};

static inline uint64_t ivs_coll_call(enum ivs_operation operation, uint32_t root, size_t bytes)
{
    return (uint64_t) operation << 56 | (uint64_t) (root & 0xfff) << 44 |
           (bytes & (((uint64_t) 1 << 44) - 1));
}

/* Begins a step in which nobody publishes more than `bytes` bytes, at most cell_bytes; the same on
 * all members. Steps end in the order in which they began. */
struct ivs_step ivs_coll_begin(struct ivs_coll *coll, size_t bytes);
void ivs_coll_end(struct ivs_coll *coll, const struct ivs_step *step);

/* Waits until this member may write its payload. 0, or what wait returned. */
int ivs_coll_room(struct ivs_coll *coll, const struct ivs_step *step);

static inline void *ivs_coll_mine(const struct ivs_coll *coll, const struct ivs_step *step)
{
    return coll->area + coll->self * coll->stride + step->payload;
}

void ivs_coll_publish(const struct ivs_coll *coll, const struct ivs_step *step);

/* All of this: waits for room, copies, publishes. */
int ivs_coll_put(struct ivs_coll *coll, const struct ivs_step *step, const void *from,
                 size_t bytes);

/* This member leaves without having done its part: whoever waits for it, now or later, is told. The area
 * is of no use any more. */
void ivs_coll_leave(struct ivs_coll *coll);

/* Waits for a member's payload. 0; -EBADMSG its number makes no sense; -EPROTO it calls something
 * else; -ECONNRESET it has left; or what wait returned. */
int ivs_coll_await(const struct ivs_coll *coll, const struct ivs_step *step, uint32_t member);

static inline const void *ivs_coll_theirs(const struct ivs_coll *coll, const struct ivs_step *step,
                                          uint32_t member)
{
    return coll->area + member * coll->stride + step->payload;
}

/* The most bytes that a step may carry for each of `shares` equal shares, whole elements of `unit`
 * bytes: of `bytes` that are left. At least one element fits if unit * shares <= cell_bytes. */
size_t ivs_coll_share(const struct ivs_coll *coll, size_t bytes, uint32_t shares, size_t unit);

#endif /* IVS_COLL_H_INCLUDED */
