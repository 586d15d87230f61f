/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Usage of the heap: one walk over the chunk descriptors, nothing is changed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "chunk.h"

#include <stdio.h>

static bool is_corrupt(const struct ivl_region *region, const struct ivl_abi_chunk *chunk,
                       uint64_t owner, uint32_t left)
{
    uint64_t state = ivl_sh64_load_relaxed(&chunk->state); /* relaxed: a snapshot, no more */
    uint64_t bytes = ivl_sh64_load_relaxed(&chunk->bytes);
    uint32_t kind = ivl_chunk_kind(state);
    if (owner == 0) {
        return !ivl_chunk_is_clean(state);
    }
    if (kind == IVL_CHUNK_HEAD) {
        return bytes == 0 || bytes > (uint64_t) left << region->geo.chunk_shift;
    }
    return kind > IVL_CHUNK_BODY || ivl_chunk_refs(state) != 0;
}

void ivl_usage_read(const struct ivl_region *region, struct ivl_usage *usage)
{
    const uint32_t count = region->geo.chunk_count, shift = region->geo.chunk_shift;
    struct ivl_usage u = { .heap_bytes = ivl_heap_bytes(&region->geo), .chunks = count };
    uint64_t run = 0, longest = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct ivl_abi_chunk *chunk = ivl_chunk_at(region, i);
        uint64_t owner = ivl_sh64_load_acquire(&chunk->owner);
        if (is_corrupt(region, chunk, owner, count - i)) {
            u.corrupt_chunks++;
        }
        if (owner) {
            u.orphan_chunks += !ivl_tag_is_living(region, owner);
            run = 0;
        } else {
            u.free_chunks++;
            run++;
            longest = run > longest ? run : longest;
        }
    }
    u.free_bytes = u.free_chunks << shift;
    u.largest_free_bytes = longest << shift;
    *usage = u;
}

static double mib(uint64_t bytes)
{
    return (double) bytes / (1 << 20);
}

void ivl_usage_explain(const struct ivl_region *region, char *text, size_t size)
{
    uint32_t held[IVL_JOBS_MAX] = { 0 };
    uint32_t most = 0;
    struct ivl_usage usage;
    ivl_usage_read(region, &usage);
    for (uint32_t i = 0; i < region->geo.chunk_count; i++) {
        uint64_t owner = ivl_sh64_load_relaxed(&ivl_chunk_at(region, i)->owner);
        uint64_t slot = (owner & 0xffff) - 1; /* of 0: out of range */
        if (slot < region->geo.jobs_count) {
            held[slot]++;
            most = held[slot] > held[most] ? (uint32_t) slot : most;
        }
    }
    int len = snprintf(text, size, "heap %.1f MiB, %.1f MiB free, %.1f MiB in a row",
                       mib(usage.heap_bytes), mib(usage.free_bytes), mib(usage.largest_free_bytes));
    if (held[most] && len > 0 && (size_t) len < size) {
        snprintf(text + len, size - (size_t) len, ", job slot %u holds %.1f MiB", most,
                 mib((uint64_t) held[most] << region->geo.chunk_shift));
    }
}
