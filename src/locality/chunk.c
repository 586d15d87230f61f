/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The moves of one chunk descriptor; see chunk.h. Every change of owner and state is a
 * compare-and-swap from a value that was read while the owner was seen to be the expected one:
 * the state is loaded first, the owner checked after it.
 */
#include "chunk.h"

#ifdef IVL_TEST_STEPS
void (*ivl_chunk_step)(void);
#endif

/* [owner R] pairs with [owner C] and [owner F]: acquire, so that a state loaded before it and
 * the owner belong to the same holder as far as the compare-and-swap can tell */
static bool owned_by(const struct ivl_abi_chunk *chunk, uint64_t tag)
{
    return ivl_sh64_load_acquire(&chunk->owner) == tag;
}

/* [owner F] release part of acq_rel: the cleared state before the owner; pairs with [owner C] of
 * the next holder. */
static bool drop_owner(struct ivl_abi_chunk *chunk, uint64_t tag)
{
    uint64_t expected = tag;
    IVL_STEP();
    return ivl_sh64_cas(&chunk->owner, &expected, 0);
}

bool ivl_chunk_claim(struct ivl_abi_chunk *chunk, uint64_t tag, uint32_t kind, uint64_t info)
{
    uint64_t nobody = 0;
    /* [owner C] acq_rel: what the last holder did to chunk and memory is behind us */
    if (!ivl_sh64_cas(&chunk->owner, &nobody, tag)) {
        return false;
    }
    IVL_STEP();
    ivl_sh64_store_relaxed(&chunk->info, info); /* relaxed: [state C] orders it */
    for (int i = 0; i < IVL_CAS_TRIES; i++) {
        /* a slow sweeper of the last holder may still raise the generation of a FREE chunk, or a
         * member of a dead job have left something behind: start from what is there */
        uint64_t seen = ivl_sh64_load_acquire(&chunk->state);
        uint32_t generation = ivl_chunk_generation(seen) + !ivl_chunk_is_clean(seen);
        IVL_STEP();
        if (!owned_by(chunk, tag)) {
            return false; /* our job was swept meanwhile */
        }
        /* [state C] acq_rel: info before the state */
        if (ivl_sh64_cas(&chunk->state, &seen, ivl_chunk_word(generation, kind, 0))) {
            IVL_STEP();
            return owned_by(chunk, tag);
        }
    }
    drop_owner(chunk, tag);
    return false;
}

bool ivl_chunk_in_arena(const struct ivl_abi_chunk *chunk, uint64_t tag)
{
    /* relaxed hints but for the state: taking the chunk checks them again */
    uint64_t state = ivl_sh64_load_acquire(&chunk->state); /* pairs with [state C]: info */
    return ivl_chunk_kind(state) == IVL_CHUNK_RESERVED && ivl_chunk_refs(state) == 0 &&
           ivl_sh64_load_relaxed(&chunk->owner) == tag &&
           (ivl_sh64_load_relaxed(&chunk->info) & IVL_CHUNK_INFO_ARENA);
}

bool ivl_chunk_take(struct ivl_abi_chunk *chunk, uint64_t tag)
{
    uint64_t seen = ivl_sh64_load_acquire(&chunk->state);
    IVL_STEP();
    if (!ivl_chunk_in_arena(chunk, tag) || ivl_chunk_kind(seen) != IVL_CHUNK_RESERVED) {
        return false;
    }
    uint64_t body = ivl_chunk_word(ivl_chunk_generation(seen), IVL_CHUNK_BODY, 0);
    /* [state T] acq_rel: pairs with [state G] of whoever gave it back: its use of the memory is
     * behind us */
    return ivl_sh64_cas(&chunk->state, &seen, body) && owned_by(chunk, tag);
}

static bool can_give(uint64_t state, bool heap)
{
    uint32_t kind = ivl_chunk_kind(state);
    return ivl_chunk_refs(state) == 0 && (kind == IVL_CHUNK_BODY || kind == IVL_CHUNK_HEAD ||
                                          (heap && kind == IVL_CHUNK_RESERVED));
}

void ivl_chunk_give(struct ivl_abi_chunk *chunk, uint64_t tag, bool heap)
{
    bool arena = !heap && (ivl_sh64_load_relaxed(&chunk->info) & IVL_CHUNK_INFO_ARENA);
    uint32_t kind = arena ? IVL_CHUNK_RESERVED : IVL_CHUNK_FREE;
    for (int i = 0; i < IVL_CAS_TRIES; i++) {
        uint64_t seen = ivl_sh64_load_acquire(&chunk->state);
        IVL_STEP();
        if (!owned_by(chunk, tag) || !can_give(seen, heap)) {
            return;
        }
        /* [state G] acq_rel: our use of the memory before the chunk is seen unused */
        if (ivl_sh64_cas(&chunk->state, &seen,
                         ivl_chunk_word(ivl_chunk_generation(seen) + 1, kind, 0))) {
            if (!arena) {
                drop_owner(chunk, tag);
            }
            return;
        }
    }
}

bool ivl_chunk_sweep(struct ivl_abi_chunk *chunk, uint64_t tag)
{
    for (int i = 0; i < IVL_CAS_TRIES; i++) {
        uint64_t seen = ivl_sh64_load_acquire(&chunk->state);
        IVL_STEP();
        if (!owned_by(chunk, tag)) {
            return false;
        }
        IVL_STEP();
        /* [state S] acq_rel, as [state G]. The generation is raised even if the chunk is FREE
         * already: a late member of the job must not bring it back to life. */
        if (ivl_sh64_cas(&chunk->state, &seen,
                         ivl_chunk_word(ivl_chunk_generation(seen) + 1, IVL_CHUNK_FREE, 0))) {
            return drop_owner(chunk, tag);
        }
    }
    return false;
}

void ivl_chunk_heal(struct ivl_abi_chunk *chunk)
{
    uint64_t seen = ivl_sh64_load_acquire(&chunk->state);
    IVL_STEP();
    if (!ivl_chunk_is_clean(seen) && owned_by(chunk, 0)) {
        /* fails if a new owner was first: it repairs the state itself, see claim */
        ivl_sh64_cas(&chunk->state, &seen,
                     ivl_chunk_word(ivl_chunk_generation(seen) + 1, IVL_CHUNK_FREE, 0));
    }
}

void ivl_chunks_sweep(struct ivl_region *region, uint64_t tag)
{
    for (uint32_t i = 0; i < region->geo.chunk_count; i++) {
        struct ivl_abi_chunk *chunk = ivl_chunk_at(region, i);
        if (owned_by(chunk, tag)) {
            (void) ivl_chunk_sweep(chunk, tag);
        }
    }
}
