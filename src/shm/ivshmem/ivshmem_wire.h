/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Records in the rings: what the kinds of core/ivs_ring.h mean to MPI. One ring carries all
 * messages of a pair, in order, so MPI's order needs nothing else.
 *
 *   MSG    a whole short message: aux = context id, body = wire_msg, data
 *   BIG    begin of a longer contiguous message: aux = context id, body = wire_big, [data]
 *   AM     begin of an active message: aux = handler, body = wire_am, header, [data]
 *   DATA   the next piece of the BIG or AM begun last: body = wire_cell, [data]
 *
 * Data lies in the record itself or, where a cell is named, in that cell of the sender.
 */
#ifndef IVSHMEM_WIRE_H_INCLUDED
#define IVSHMEM_WIRE_H_INCLUDED

#include <stdint.h>

enum wire_kind {
    WIRE_MSG = 1,
    WIRE_BIG,
    WIRE_AM,
    WIRE_DATA
};

#define WIRE_NO_CELL UINT32_MAX

struct wire_msg {
    int32_t tag;
    int32_t rank; /* of the sender in the communicator */
};

struct wire_cell {
    uint32_t cell; /* WIRE_NO_CELL: the data follows in the record */
    uint32_t at;   /* offset in the cell */
    uint32_t bytes;
    uint32_t last; /* 1: the sender gets the cell back with this record's credit */
};

struct wire_big {
    struct wire_msg msg;
    struct wire_cell first;
    uint64_t total; /* bytes of the message */
};

struct wire_am {
    struct wire_cell first;
    uint64_t total;        /* bytes of data, without the header */
    uint32_t header_bytes; /* at most WIRE_AM_HEADER_MAX */
    uint32_t reserved;
};

/* MPICH's limit for POSIX (posix_pre.h); the header always goes in the record. */
#define WIRE_AM_HEADER_MAX 800

/* Longest message sent without asking the receiver, unless it is there to receive: an
 * unexpected one is kept in a buffer of MPIR_CVAR_CH4_AM_PACK_BUFFER_SIZE (69632). */
#define WIRE_EAGER_MAX 65536

#endif /* IVSHMEM_WIRE_H_INCLUDED */
