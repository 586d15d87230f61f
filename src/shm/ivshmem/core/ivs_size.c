/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Sizes of what MPICH allocates from the region at start. The figures mirror MPICH 4.0.2:
 * a cell has a 32-byte header in front (mpidu_genqi_shmem_types.h); a queue head or terminal
 * takes 192 bytes; an address takes 4096 bytes (ucx_pre.h); the start-up area is one line and
 * 64 bytes per rank.
 */
#include <stddef.h>

#include "ivs_size.h"

#define CELL_HEADER UINT64_C(32)
#define QUEUE_BYTES UINT64_C(192)
#define ADDRESS_BYTES UINT64_C(4096)
#define COLL_FLAGS UINT64_C(128)
#define COLL_BUFFER UINT64_C(32768)

const struct ivs_queues ivs_queues_least = { 8, 8704 };

/* From deep to shallow. Odd multiples of 512 keep cells from aliasing in the cache. */
static const struct ivs_queues steps[] = {
    { 64, 69632 }, { 32, 69632 }, { 16, 69632 }, { 16, 34816 },
    { 16, 17408 }, { 8, 17408 },  { 8, 8704 },
};

static uint64_t round_up(uint64_t bytes, uint64_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

uint64_t ivs_size_need(uint32_t ranks, uint32_t world, uint32_t chunk_bytes,
                       const struct ivs_queues *queues)
{
    uint64_t slab = ranks * (queues->cells * (CELL_HEADER + queues->cell_bytes) + QUEUE_BYTES);

    return round_up(slab, chunk_bytes) + round_up(ranks * QUEUE_BYTES, chunk_bytes) +
           round_up(world * ADDRESS_BYTES, chunk_bytes) +
           round_up(64 + 64 * (uint64_t) ranks, chunk_bytes) + 2 * (uint64_t) chunk_bytes;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

bool ivs_size_fit(uint32_t ranks, uint32_t world, uint32_t chunk_bytes, uint64_t budget,
                  const struct ivs_queues *most, struct ivs_queues *queues)
{
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct ivs_queues step = { least(steps[i].cells, most->cells),
                                   least(steps[i].cell_bytes, most->cell_bytes) };
        if (ivs_size_need(ranks, world, chunk_bytes, &step) <= budget) {
            *queues = step;
            return true;
        }
    }
    return false;
}

uint64_t ivs_size_coll(uint32_t ranks)
{
    return round_up(COLL_FLAGS * ranks, 4096) + COLL_BUFFER + COLL_BUFFER * ranks;
}
