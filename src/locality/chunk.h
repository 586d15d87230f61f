/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * One chunk descriptor: its state word and the few moves it can make.
 *
 *   owner 0, FREE  --claim-->  BODY or RESERVED  --publish-->  HEAD (references 1)
 *   RESERVED (arena)  --take-->  BODY
 *   BODY, or HEAD without references  --give-->  RESERVED (arena), or FREE and owner 0
 *   anything of a dead job  --sweep-->  FREE and owner 0
 *
 * Invariant: the owner word leaves 0 first and returns to 0 last, and a move out of a job's hands
 * raises the generation. So whoever acts on a value read while the chunk was a dead job's fails
 * its compare-and-swap once the chunk has moved on.
 */
#ifndef CHUNK_H_INCLUDED
#define CHUNK_H_INCLUDED

#include "locality_impl.h"

#define IVL_CAS_TRIES 256 /* attempts on one word; each failure is another party's success */

static inline uint64_t ivl_chunk_word(uint32_t generation, uint32_t kind, uint32_t refs)
{
    return (uint64_t) generation << 32 | (uint64_t) kind << 24 | refs;
}

static inline uint32_t ivl_chunk_generation(uint64_t word)
{
    return (uint32_t) (word >> 32);
}

static inline uint32_t ivl_chunk_kind(uint64_t word)
{
    return (uint32_t) (word >> 24) & 0xff;
}

static inline uint32_t ivl_chunk_refs(uint64_t word)
{
    return (uint32_t) word & IVL_CHUNK_REFS_MAX;
}

/* FREE without references, in any generation. */
static inline bool ivl_chunk_is_clean(uint64_t word)
{
    return (uint32_t) word == 0;
}

/* Chunks a block of `bytes` bytes takes; bytes is at least 1 and at most the heap. */
static inline uint32_t ivl_chunks_for(const struct ivl_geometry *geo, uint64_t bytes)
{
    return (uint32_t) ((bytes + geo->chunk_bytes - 1) >> geo->chunk_shift);
}

/* From the heap to (kind, no references) for the job. False: somebody else was first. */
bool ivl_chunk_claim(struct ivl_abi_chunk *chunk, uint64_t tag, uint32_t kind, uint64_t info);

/* From the job's arena to BODY. */
bool ivl_chunk_take(struct ivl_abi_chunk *chunk, uint64_t tag);

/* Whether the chunk lies unused in the job's arena. */
bool ivl_chunk_in_arena(const struct ivl_abi_chunk *chunk, uint64_t tag);

/* BODY, RESERVED by a claim that is taken back, or HEAD without references: back to where it
 * came from (`heap`: to the heap in any case). Does nothing to a chunk that is in another state
 * or not the job's any more. */
void ivl_chunk_give(struct ivl_abi_chunk *chunk, uint64_t tag, bool heap);

/* Frees a chunk of a job that is over, whatever its state. True if it is now free by us. */
bool ivl_chunk_sweep(struct ivl_abi_chunk *chunk, uint64_t tag);

/* Repairs a chunk that has no owner but is not FREE. */
void ivl_chunk_heal(struct ivl_abi_chunk *chunk);

/* Frees every chunk of the owner value `tag`. */
void ivl_chunks_sweep(struct ivl_region *region, uint64_t tag);

/* Test hook: called between the steps of the moves above; NULL outside tests. */
#ifdef IVL_TEST_STEPS
extern void (*ivl_chunk_step)(void);
#define IVL_STEP() (ivl_chunk_step ? ivl_chunk_step() : (void) 0)
#else
#define IVL_STEP() ((void) 0)
#endif

#endif /* CHUNK_H_INCLUDED */
