/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Finding and claiming a run of chunks: a walk over the descriptors without any lock; the chunks
 * of a promising run are then claimed one by one, and given back if one of them was lost to
 * somebody else. Private hints say where to begin; correctness does not rest on them.
 */
#include "run_find.h"

/* What is looked for, and for whom. */
struct search {
    const struct ivl_region *region;
    uint64_t tag;
    uint32_t n;    /* chunks in a row */
    uint32_t kind; /* what they become */
    bool arena;    /* from the job's arena, else from the heap */
    bool skip;     /* jump over blocks by their length (which nobody vouches for) */
    bool lost;     /* a run was lost to somebody else: trying again makes sense */
};

#define NONE IVL_RUN_NONE
#define PASSES 4 /* walks over everything before giving up, while runs are lost to others */

/* ---- runs ---------------------------------------------------------------------------------- */

static bool is_candidate(const struct search *s, const struct ivl_abi_chunk *chunk)
{
    /* relaxed: a hint, claiming decides */
    return s->arena ? ivl_chunk_in_arena(chunk, s->tag) : ivl_sh64_load_relaxed(&chunk->owner) == 0;
}

/* Chunks to go on behind a chunk that is not a candidate: 1, or the length of its block. */
static uint32_t step_over(const struct search *s, const struct ivl_abi_chunk *chunk, uint32_t left)
{
    if (!s->skip || ivl_chunk_kind(ivl_sh64_load_relaxed(&chunk->state)) != IVL_CHUNK_HEAD) {
        return 1;
    }
    uint64_t bytes = ivl_sh64_load_relaxed(&chunk->bytes); /* relaxed: a hint, clamped */
    if (bytes == 0 || bytes > (uint64_t) left << s->region->geo.chunk_shift) {
        return 1;
    }
    return ivl_chunks_for(&s->region->geo, bytes);
}

/* Claims n chunks from `first`. n, or the index in the run of the one that was lost; then what
 * had been claimed is given back. */
static uint32_t claim_run(const struct search *s, uint32_t first)
{
    for (uint32_t i = 0; i < s->n; i++) {
        struct ivl_abi_chunk *chunk = ivl_chunk_at(s->region, first + i);
        uint64_t info = s->kind == IVL_CHUNK_RESERVED ? IVL_CHUNK_INFO_ARENA : 0;
        bool ok = s->arena ? ivl_chunk_take(chunk, s->tag)
                           : ivl_chunk_claim(chunk, s->tag, s->kind, info);
        if (!ok) {
            for (uint32_t k = 0; k < i; k++) {
                ivl_chunk_give(ivl_chunk_at(s->region, first + k), s->tag, !s->arena);
            }
            return i;
        }
    }
    return s->n;
}

/* First chunk of a claimed run within [from, to), or NONE. `at` only grows: bounded. */
static uint32_t find_run(struct search *s, uint32_t from, uint32_t to)
{
    uint32_t len = 0;
    for (uint32_t at = from; at < to;) {
        const struct ivl_abi_chunk *chunk = ivl_chunk_at(s->region, at);
        if (!is_candidate(s, chunk)) {
            len = 0;
            at += step_over(s, chunk, to - at);
            continue;
        }
        at++;
        if (++len == s->n) {
            uint32_t first = at - s->n;
            uint32_t got = claim_run(s, first);
            if (got == s->n) {
                return first;
            }
            s->lost = true;
            len = s->n - got - 1; /* go on behind the lost one; those after it are candidates */
        }
    }
    return NONE;
}

/* Two searches in [lo, hi): from `next`, then up to it and as far behind as a run may reach. */
static uint32_t find_run_from(struct search *s, uint32_t lo, uint32_t hi, uint32_t next)
{
    if (next < lo || next >= hi) {
        next = lo;
    }
    uint32_t first = find_run(s, next, hi);
    if (first == NONE && next > lo) {
        uint32_t end = hi - next < s->n ? hi : next + s->n - 1;
        first = find_run(s, lo, end);
    }
    return first;
}

/* ---- hints: private to the process, any value is harmless ----------------------------------- */

static uint32_t hint_bound(const struct ivl_region *region, uint32_t value)
{
    return value < region->geo.chunk_count ? value : region->geo.chunk_count;
}

/* Looks for the arena of a job not seen before in this process. */
static void hint_learn_arena(const struct ivl_region *region, uint64_t tag)
{
    struct ivl_alloc_hints *h = &ivl_impl(region)->hints;
    uint32_t lo = 0, hi = 0;
    if (ivl_sh64_load_acquire(&h->arena_tag) == tag) {
        return;
    }
    for (uint32_t i = 0; i < region->geo.chunk_count; i++) {
        const struct ivl_abi_chunk *chunk = ivl_chunk_at(region, i);
        if (ivl_sh64_load_relaxed(&chunk->owner) == tag &&
            (ivl_sh64_load_relaxed(&chunk->info) & IVL_CHUNK_INFO_ARENA)) {
            lo = hi ? lo : i;
            hi = i + 1;
        }
    }
    ivl_sh32_store_relaxed(&h->arena_lo, lo);
    ivl_sh32_store_relaxed(&h->arena_hi, hi);
    ivl_sh32_store_relaxed(&h->arena_next, lo);
    ivl_sh64_store_release(&h->arena_tag, tag); /* the bounds before the tag: saves a second walk */
}

static void hint_grow_arena(const struct ivl_region *region, uint64_t tag, uint32_t first,
                            uint32_t n)
{
    struct ivl_alloc_hints *h = &ivl_impl(region)->hints;
    hint_learn_arena(region, tag);
    uint32_t lo = ivl_sh32_load_relaxed(&h->arena_lo), hi = ivl_sh32_load_relaxed(&h->arena_hi);
    if (hi == 0 || first < lo) {
        ivl_sh32_store_relaxed(&h->arena_lo, first);
    }
    if (first + n > hi) {
        ivl_sh32_store_relaxed(&h->arena_hi, first + n);
    }
    ivl_sh32_store_relaxed(&h->arena_next, first);
}

/* Lowers a search position to chunks just freed: memory still in the caches is used again. */
static void hint_lower(ivl_sh32_t *next, uint32_t first)
{
    if (first < ivl_sh32_load_relaxed(next)) {
        ivl_sh32_store_relaxed(next, first);
    }
}

void ivl_run_freed(const struct ivl_region *region, uint32_t first, bool arena)
{
    struct ivl_alloc_hints *h = &ivl_impl(region)->hints;
    hint_lower(arena ? &h->arena_next : &h->heap_next, first);
}

static uint32_t find_in_arena(struct search *s)
{
    struct ivl_alloc_hints *h = &ivl_impl(s->region)->hints;
    s->arena = true;
    hint_learn_arena(s->region, s->tag);
    uint32_t lo = hint_bound(s->region, ivl_sh32_load_relaxed(&h->arena_lo));
    uint32_t hi = hint_bound(s->region, ivl_sh32_load_relaxed(&h->arena_hi));
    uint32_t first = find_run_from(s, lo, hi, ivl_sh32_load_relaxed(&h->arena_next));
    if (first != NONE) {
        ivl_sh32_store_relaxed(&h->arena_next, first + s->n);
    }
    return first;
}

static uint32_t find_in_heap(struct search *s)
{
    struct ivl_alloc_hints *h = &ivl_impl(s->region)->hints;
    uint32_t next = ivl_sh32_load_relaxed(&h->heap_next);
    s->arena = false;
    uint32_t first = find_run_from(s, 0, s->region->geo.chunk_count, next);
    if (first != NONE) {
        ivl_sh32_store_relaxed(&h->heap_next, first + s->n);
    }
    return first;
}

/* Before giving up: the whole of both, without trusting hints or lengths. */
static uint32_t find_anywhere(struct search *s, bool arena_too)
{
    uint32_t first = NONE;
    s->skip = false;
    s->lost = true;
    for (int pass = 0; pass < PASSES && s->lost && first == NONE; pass++) {
        s->lost = false;
        s->arena = arena_too;
        first = arena_too ? find_run(s, 0, s->region->geo.chunk_count) : NONE;
        if (first == NONE) {
            s->arena = false;
            first = find_run(s, 0, s->region->geo.chunk_count);
        }
    }
    return first;
}

uint32_t ivl_run_for_block(const struct ivl_region *region, uint64_t tag, uint32_t n)
{
    struct search s = {
        .region = region, .tag = tag, .n = n, .kind = IVL_CHUNK_BODY, .skip = true
    };
    uint32_t first = find_in_arena(&s);
    if (first == NONE) {
        first = find_in_heap(&s);
    }
    return first == NONE ? find_anywhere(&s, true) : first;
}

uint32_t ivl_run_for_arena(const struct ivl_region *region, uint64_t tag, uint32_t n)
{
    struct search s = {
        .region = region, .tag = tag, .n = n, .kind = IVL_CHUNK_RESERVED, .skip = true
    };
    uint32_t first = find_in_heap(&s);
    if (first == NONE) {
        first = find_anywhere(&s, false);
    }
    if (first != NONE) {
        hint_grow_arena(region, tag, first, n);
    }
    return first;
}
