/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 */
#include <errno.h>

#include "ivs_ring.h"
#include "ivs_shape.h"

#define HEAD_BYTES 4096u
#define PAGE 4096u

static uint32_t round_up(uint32_t bytes, uint32_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

int ivs_shape_make(uint32_t ranks, uint32_t rings, uint32_t cells, uint32_t cell_bytes,
                   struct ivs_shape *shape)
{
    if (ranks < 1 || ranks > IVS_RANKS_MAX || rings < 1 || rings > IVS_RINGS_MAX || cells < 2 ||
        cells > IVS_CELLS_MAX || cell_bytes < IVS_CELL_BYTES_MIN ||
        cell_bytes > IVS_CELL_BYTES_MAX || cell_bytes % IVS_LINE != 0) {
        return -EINVAL;
    }
    shape->ranks = ranks;
    shape->rings = rings < ranks ? rings : ranks;
    shape->cells = cells;
    shape->cell_bytes = cell_bytes;
    shape->wake_words = (ranks + 63) / 64;
    shape->directory_off = round_up(shape->wake_words * 8, IVS_LINE);
    shape->rings_off = shape->directory_off + round_up(shape->rings * 8, 2 * IVS_LINE);
    shape->rings_off = round_up(shape->rings_off, 2 * IVS_LINE);
    shape->cells_off = round_up(shape->rings_off + shape->rings * IVS_RING_BYTES, PAGE);
    shape->part_bytes = round_up(shape->cells_off + cells * cell_bytes, PAGE);
    shape->bytes = HEAD_BYTES + ranks * shape->part_bytes;
    return 0;
}
