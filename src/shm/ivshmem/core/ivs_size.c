/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Sizes of what is allocated from the region at start: the message segment (ivs_shape.h) and,
 * as in MPICH 4.0.2, 4096 bytes for each address (ucx_pre.h) and a start-up area of one line and
 * 64 bytes per rank.
 */
#include <stddef.h>

#include "ivs_ring.h"
#include "ivs_shape.h"
#include "ivs_size.h"

#define ADDRESS_BYTES UINT64_C(4096)
#define CELLS_MOST 128u
#define CELLS_LEAST 8u
#define HOST_CELL_BYTES (12u << 20)
#define HOST_RING_BYTES (18u << 20)

const struct ivs_queues ivs_queues_least = { 4, 4096, 4 };

/* From many to few. */
static const struct ivs_queues steps[] = {
    { IVS_CELLS_MAX, IVS_CELL_BYTES_MAX, IVS_RINGS_MAX },
    { 64, 16384, IVS_RINGS_MAX },
    { 32, 16384, IVS_RINGS_MAX },
    { 16, 16384, IVS_RINGS_MAX },
    { 8, 16384, 32 },
    { 8, 8192, 16 },
    { 4, 8192, 8 },
    { 4, 4096, 4 },
};

static uint64_t round_up(uint64_t bytes, uint64_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

uint64_t ivs_size_need(uint32_t ranks, uint32_t world, uint32_t chunk_bytes,
                       const struct ivs_queues *queues)
{
    struct ivs_shape shape;

    if (ivs_shape_make(ranks, queues->rings, queues->cells, queues->cell_bytes, &shape) != 0) {
        return UINT64_MAX;
    }
    return round_up(shape.bytes, chunk_bytes) + round_up(world * ADDRESS_BYTES, chunk_bytes) +
           round_up(64 + 64 * (uint64_t) ranks, chunk_bytes) + 2 * (uint64_t) chunk_bytes;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

void ivs_size_usual(uint32_t ranks, struct ivs_queues *queues)
{
    if (queues->cells == 0) {
        queues->cells = least(HOST_CELL_BYTES / ranks / queues->cell_bytes, CELLS_MOST);
        queues->cells = most(queues->cells, CELLS_LEAST);
    }
    queues->rings = most(least(queues->rings, HOST_RING_BYTES / ranks / IVS_RING_BYTES), 1);
}

bool ivs_size_fit(uint32_t ranks, uint32_t world, uint32_t chunk_bytes, uint64_t budget,
                  const struct ivs_queues *most, struct ivs_queues *queues)
{
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct ivs_queues step = { least(steps[i].cells, most->cells),
                                   least(steps[i].cell_bytes, most->cell_bytes),
                                   least(steps[i].rings, most->rings) };
        if (ivs_size_need(ranks, world, chunk_bytes, &step) <= budget) {
            *queues = step;
            return true;
        }
    }
    return false;
}
