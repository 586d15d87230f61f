/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * How much of the region a job needs for its queues, and how deep they may be. Pure, no MPICH.
 */
#ifndef IVS_SIZE_H_INCLUDED
#define IVS_SIZE_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

/* What one rank has for its messages: cells for those that do not fit in a record, and rings. */
struct ivs_queues {
    uint32_t cells;      /* per rank */
    uint32_t cell_bytes; /* multiple of 64 */
    uint32_t rings;      /* to peers, per rank */
};

/* Bytes of region that `ranks` ranks of one host, in a job of `world` ranks, take at start with
 * these cells: the message segment, the address table and the start-up scratch area. chunk_bytes:
 * granularity of the region's allocator. */
uint64_t ivs_size_need(uint32_t ranks, uint32_t world, uint32_t chunk_bytes,
                       const struct ivs_queues *queues);

/* Fewest cells we run with: what a region must have room for at least. */
extern const struct ivs_queues ivs_queues_least;

/* What is wanted for so many ranks on a host, without need: cells == 0 in *queues is filled in,
 * rings are a bound. Two megabytes of cells per rank are best (ivs_port.h), as long as a host's
 * ranks together stay modest: 64 take less than 32 MiB. */
void ivs_size_usual(uint32_t ranks, struct ivs_queues *queues);

/* Most cells, up to *most, that fit in budget bytes. false if even the least do not. */
bool ivs_size_fit(uint32_t ranks, uint32_t world, uint32_t chunk_bytes, uint64_t budget,
                  const struct ivs_queues *most, struct ivs_queues *queues);

#endif /* IVS_SIZE_H_INCLUDED */
