/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Where things lie in the segment that the ranks of a host share for messages. Pure, no MPICH.
 *
 *   head line | part of rank 0 | part of rank 1 | ...
 *
 * A part belongs to one rank, who alone hands out what is in it:
 *   wake words   one bit per peer, set by peers: "look at my ring to you"
 *   directory    one word per ring: to whom the ring leads, 0 = nobody yet
 *   rings        messages to that peer (ivs_ring.h)
 *   cells        buffers for longer messages, lent to receivers
 * Other ranks write only the wake words and the credit word of rings that lead to them.
 *
 * Size: a host with N ranks takes N parts of equal size. A part has a ring for each rank, itself
 * too, but at most IVS_RINGS_MAX: a rank that talks to more peers moves rings from one to another.
 */
#ifndef IVS_SHAPE_H_INCLUDED
#define IVS_SHAPE_H_INCLUDED

#include <stdint.h>

#define IVS_RANKS_MAX 65535u
#define IVS_RINGS_MAX 64u
#define IVS_CELLS_MAX 1024u
#define IVS_CELL_BYTES_MIN 1024u
#define IVS_CELL_BYTES_MAX (1u << 20)

struct ivs_shape {
    uint32_t ranks;
    uint32_t rings; /* per rank */
    uint32_t cells; /* per rank */
    uint32_t cell_bytes;
    /* offsets within a part, in bytes */
    uint32_t wake_words;
    uint32_t directory_off;
    uint32_t rings_off;
    uint32_t cells_off;
    uint64_t part_bytes; /* multiple of 4096 */
    uint64_t bytes;      /* the whole segment */
};

/* 0; -EINVAL a figure is out of range: ranks 1..IVS_RANKS_MAX, rings 1..IVS_RINGS_MAX (more than
 * ranks count as ranks), cells 2..IVS_CELLS_MAX, cell_bytes
 * IVS_CELL_BYTES_MIN..IVS_CELL_BYTES_MAX and a multiple of 64. */
int ivs_shape_make(uint32_t ranks, uint32_t rings, uint32_t cells, uint32_t cell_bytes,
                   struct ivs_shape *shape);

#endif /* IVS_SHAPE_H_INCLUDED */
