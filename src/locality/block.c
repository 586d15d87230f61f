/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Blocks: runs of chunks with a reference count in the first. A block exists once its first
 * chunk says HEAD, which is stored last; it dies when its references go from one to none, and
 * whoever took the last one gives its chunks back, the head last.
 */
#include "block.h"
#include "run_find.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- refusals ------------------------------------------------------------------------------ */

static int fail_full(const struct ivl_region *region, uint64_t bytes, struct ivl_diag *diag)
{
    char what[160] = "";
    if (diag) {
        ivl_usage_explain(region, what, sizeof(what));
    }
    return ivl_fail(diag, -ENOMEM, region->uri,
                    "give the host a larger region, or free it: ivshmemctl gc",
                    "no room for %llu bytes: %s", (unsigned long long) bytes, what);
}

static int fail_stale_job(const struct ivl_job *job, struct ivl_diag *diag)
{
    char where[64];
    snprintf(where, sizeof(where), "job slot %u", job->slot);
    return ivl_fail(diag, -ESTALE, where, "start the job again",
                    "the job has ended, or its lease ran out");
}

static int fail_block(int err, uint64_t offset, const char *what, struct ivl_diag *diag)
{
    char where[64];
    snprintf(where, sizeof(where), "block at %llu", (unsigned long long) offset);
    return ivl_fail(diag, err, where, "the job's processes disagree: start the job again", "%s",
                    what);
}

static int check_request(const struct ivl_region *region, const struct ivl_job *job, uint64_t bytes,
                         struct ivl_diag *diag)
{
    int rc = ivl_region_need_writable(region, diag);
    if (rc) {
        return rc;
    }
    if (bytes == 0) {
        return ivl_fail(diag, -EINVAL, region->uri, "ask for at least one", "a block of 0 bytes");
    }
    if (!ivl_job_is(region, job, IVL_JOB_ACTIVE)) {
        return fail_stale_job(job, diag);
    }
    return bytes > ivl_heap_bytes(&region->geo) ? fail_full(region, bytes, diag) : 0;
}

/* ---- arena and allocation ------------------------------------------------------------------ */

/* Our job was swept while we claimed: what we got after the sweeper had passed goes back. */
static void undo_run(const struct ivl_region *region, uint64_t tag, uint32_t first, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        (void) ivl_chunk_sweep(ivl_chunk_at(region, first + i), tag);
    }
}

int ivl_arena_reserve(struct ivl_region *region, const struct ivl_job *job, uint64_t bytes,
                      struct ivl_diag *diag)
{
    int rc = check_request(region, job, bytes, diag);
    if (rc) {
        return rc;
    }
    uint32_t n = ivl_chunks_for(&region->geo, bytes);
    uint32_t first = ivl_run_for_arena(region, ivl_job_tag(job), n);
    if (first == IVL_RUN_NONE) {
        return fail_full(region, bytes, diag);
    }
    if (!ivl_job_is(region, job, IVL_JOB_ACTIVE)) {
        undo_run(region, ivl_job_tag(job), first, n);
        return fail_stale_job(job, diag);
    }
    return 0;
}

/* BODY -> HEAD with one reference. False if it was swept meanwhile. */
static bool publish_head(struct ivl_abi_chunk *head, uint64_t tag, uint64_t bytes,
                         uint32_t *generation)
{
    uint64_t seen = ivl_sh64_load_acquire(&head->state);
    if (ivl_chunk_kind(seen) != IVL_CHUNK_BODY || ivl_sh64_load_acquire(&head->owner) != tag) {
        return false;
    }
    ivl_sh64_store_relaxed(&head->bytes, bytes); /* relaxed: [head A] orders it */
    *generation = ivl_chunk_generation(seen);
    /* [head A] acq_rel, pairs with [head R] in block_fetch: length, zeros and the bodies' states
     * before the head */
    return ivl_sh64_cas(&head->state, &seen, ivl_chunk_word(*generation, IVL_CHUNK_HEAD, 1));
}

int ivl_block_make(struct ivl_region *region, const struct ivl_job *job, uint64_t job_state,
                   uint64_t bytes, struct ivl_block *block, struct ivl_diag *diag)
{
    const struct ivl_geometry *geo = &region->geo;
    const uint64_t tag = ivl_job_tag(job);
    const uint32_t n = ivl_chunks_for(geo, bytes);
    uint32_t generation = 0, first = ivl_run_for_block(region, tag, n);
    if (first == IVL_RUN_NONE) {
        return fail_full(region, bytes, diag);
    }
    uint64_t offset = geo->heap_off + ((uint64_t) first << geo->chunk_shift);
    /* a member that slept while its job was swept must not wipe what others keep there now */
    bool alive = ivl_job_is(region, job, job_state);
    if (alive) {
        memset(region->base + offset, 0, (size_t) n << geo->chunk_shift);
        IVL_STEP();
        alive = publish_head(ivl_chunk_at(region, first), tag, bytes, &generation) &&
                ivl_job_is(region, job, job_state);
    }
    if (!alive) {
        undo_run(region, tag, first, n);
        return fail_stale_job(job, diag);
    }
    *block = (struct ivl_block){ .offset = offset, .generation = generation, .bytes = bytes };
    return 0;
}

int ivl_block_alloc(struct ivl_region *region, const struct ivl_job *job, uint64_t bytes,
                    struct ivl_block *block, struct ivl_diag *diag)
{
    int rc = check_request(region, job, bytes, diag);
    return rc ? rc : ivl_block_make(region, job, IVL_JOB_ACTIVE, bytes, block, diag);
}

/* ---- references ---------------------------------------------------------------------------- */

/* A checked copy of a block's head. */
struct view {
    uint32_t first, n;
    uint64_t state, bytes;
};

/* The chunk a block offset names. */
static int chunk_index(const struct ivl_region *region, uint64_t offset, uint32_t *index,
                       struct ivl_diag *diag)
{
    const struct ivl_geometry *geo = &region->geo;
    if (!ivl_heap_has(geo, offset, 1) || (offset - geo->heap_off) % geo->chunk_bytes) {
        return fail_block(-EBADMSG, offset, "not the start of a chunk in the heap", diag);
    }
    *index = (uint32_t) ((offset - geo->heap_off) >> geo->chunk_shift);
    return 0;
}

/* Copies and checks the head at `offset`. *view is filled on success only. */
static int head_fetch(const struct ivl_region *region, uint64_t tag, uint64_t offset,
                      struct view *view, struct ivl_diag *diag)
{
    struct view v;
    int rc = chunk_index(region, offset, &v.first, diag);
    if (rc) {
        return rc;
    }
    const struct ivl_abi_chunk *head = ivl_chunk_at(region, v.first);
    /* [head R] pairs with [head A] in publish_head: what the state promises is there */
    v.state = ivl_sh64_load_acquire(&head->state);
    v.bytes = ivl_sh64_load_relaxed(&head->bytes); /* relaxed: behind [head R] */
    if (ivl_sh64_load_acquire(&head->owner) != tag) {
        return fail_block(-EBADMSG, offset, "belongs to another job, or to none", diag);
    }
    if (ivl_chunk_kind(v.state) != IVL_CHUNK_HEAD) {
        return fail_block(-EBADMSG, offset, "no block starts there", diag);
    }
    if (ivl_chunk_refs(v.state) == 0) {
        return fail_block(-ESTALE, offset, "the block was freed", diag);
    }
    uint64_t room = (uint64_t) (region->geo.chunk_count - v.first) << region->geo.chunk_shift;
    if (v.bytes == 0 || v.bytes > room) {
        return fail_block(-EBADMSG, offset, "its length is out of range", diag);
    }
    v.n = ivl_chunks_for(&region->geo, v.bytes);
    *view = v;
    return 0;
}

static int bodies_check(const struct ivl_region *region, uint64_t tag, const struct view *view,
                        uint64_t offset, struct ivl_diag *diag)
{
    for (uint32_t i = 1; i < view->n; i++) {
        const struct ivl_abi_chunk *chunk = ivl_chunk_at(region, view->first + i);
        /* relaxed: they were stored before [head A]; a later change is not ours to catch */
        if (ivl_sh64_load_relaxed(&chunk->owner) != tag ||
            ivl_chunk_kind(ivl_sh64_load_relaxed(&chunk->state)) != IVL_CHUNK_BODY) {
            return fail_block(-EBADMSG, offset, "a chunk in it is not its own", diag);
        }
    }
    return 0;
}

/* A generation that has passed says that the block is gone, whoever has the chunk now. */
static bool generation_passed(const struct ivl_region *region, uint64_t offset, uint32_t generation)
{
    uint32_t index;
    return chunk_index(region, offset, &index, NULL) == 0 &&
           ivl_chunk_generation(ivl_sh64_load_acquire(&ivl_chunk_at(region, index)->state)) !=
               generation;
}

static int block_fetch(const struct ivl_region *region, const struct ivl_job *job, uint64_t offset,
                       uint32_t generation, struct view *view, struct ivl_diag *diag)
{
    int rc = ivl_region_need_writable(region, diag);
    if (rc) {
        return rc;
    }
    if (!ivl_job_is(region, job, IVL_JOB_ACTIVE)) {
        return fail_stale_job(job, diag);
    }
    if (generation_passed(region, offset, generation)) {
        return fail_block(-ESTALE, offset, "the block was freed", diag);
    }
    rc = head_fetch(region, ivl_job_tag(job), offset, view, diag);
    if (rc == 0 && ivl_chunk_generation(view->state) != generation) {
        rc = fail_block(-ESTALE, offset, "the block was freed", diag);
    }
    return rc;
}

bool ivl_block_is_at(const struct ivl_region *region, uint64_t tag, uint64_t offset,
                     uint64_t min_bytes)
{
    struct view view;
    return head_fetch(region, tag, offset, &view, NULL) == 0 && view.bytes >= min_bytes &&
           bodies_check(region, tag, &view, offset, NULL) == 0;
}

/* known: what the block was when its chunks were checked; NULL: they are checked now. */
static int attach(struct ivl_region *region, const struct ivl_job *job, uint64_t offset,
                  uint32_t generation, const struct ivl_block *known, uint64_t min_bytes,
                  struct ivl_block *block, struct ivl_diag *diag)
{
    for (int i = 0; i < IVL_CAS_TRIES; i++) {
        struct view view;
        int rc = block_fetch(region, job, offset, generation, &view, diag);
        if (rc == 0 && known == NULL) {
            rc = bodies_check(region, ivl_job_tag(job), &view, offset, diag);
        } else if (rc == 0 && view.bytes != known->bytes) {
            rc = fail_block(-EBADMSG, offset, "its length has changed", diag);
        }
        if (rc) {
            return rc;
        }
        if (view.bytes < min_bytes) {
            return fail_block(-EBADMSG, offset, "it is shorter than announced", diag);
        }
        if (ivl_chunk_refs(view.state) == IVL_CHUNK_REFS_MAX) {
            return fail_block(-EOVERFLOW, offset, "too many references", diag);
        }
        /* [refs A] acq_rel: succeeds only if the block lived all the time since [head R] */
        if (ivl_sh64_cas(&ivl_chunk_at(region, view.first)->state, &view.state, view.state + 1)) {
            *block = (struct ivl_block){ offset, generation, view.bytes };
            return 0;
        }
    }
    return fail_block(-EAGAIN, offset, "its reference count does not come to rest", diag);
}

int ivl_block_attach(struct ivl_region *region, const struct ivl_job *job, uint64_t offset,
                     uint32_t generation, uint64_t min_bytes, struct ivl_block *block,
                     struct ivl_diag *diag)
{
    return attach(region, job, offset, generation, NULL, min_bytes, block, diag);
}

int ivl_block_attach_known(struct ivl_region *region, const struct ivl_job *job,
                           const struct ivl_block *block, struct ivl_diag *diag)
{
    struct ivl_block again;

    return attach(region, job, block->offset, block->generation, block, block->bytes, &again, diag);
}

/* The last reference is gone and nobody can take another: give the chunks back. */
static void block_free(const struct ivl_region *region, uint64_t tag, const struct view *view)
{
    const struct ivl_abi_chunk *head = ivl_chunk_at(region, view->first);
    bool arena = ivl_sh64_load_relaxed(&head->info) & IVL_CHUNK_INFO_ARENA; /* relaxed: a hint */
    for (uint32_t i = view->n; i > 0; i--) {                                /* the head last */
        ivl_chunk_give(ivl_chunk_at(region, view->first + i - 1), tag, false);
    }
    ivl_run_freed(region, view->first, arena);
}

int ivl_block_release(struct ivl_region *region, const struct ivl_job *job,
                      const struct ivl_block *block, struct ivl_diag *diag)
{
    const uint64_t tag = ivl_job_tag(job), offset = block->offset;
    for (int i = 0; i < IVL_CAS_TRIES; i++) {
        struct view view;
        int rc = block_fetch(region, job, offset, block->generation, &view, diag);
        if (rc) {
            return rc;
        }
        if (view.bytes != block->bytes) {
            return fail_block(-EBADMSG, offset, "its length has changed", diag);
        }
        bool last = ivl_chunk_refs(view.state) == 1;
        rc = last ? bodies_check(region, tag, &view, offset, diag) : 0;
        if (rc) {
            return rc;
        }
        /* [refs D] acq_rel: our use of the memory before the count; the last one sees that of
         * all others behind it */
        if (ivl_sh64_cas(&ivl_chunk_at(region, view.first)->state, &view.state, view.state - 1)) {
            if (last) {
                block_free(region, tag, &view);
            }
            return 0;
        }
    }
    return fail_block(-EAGAIN, offset, "its reference count does not come to rest", diag);
}
