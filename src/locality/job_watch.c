/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Watching jobs for signs of death. Only the watcher's own clock counts: a slot that looks the
 * same for a whole lease of it is dead. Several watchers may reclaim the same slot at once.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "chunk.h"

#include <errno.h>
#include <stdlib.h>

/* What was seen of a slot, and since when it has not changed. */
struct seen {
    uint64_t word;
    uint64_t heartbeat;
    uint64_t since_ms;
};

struct ivl_watch {
    const struct ivl_region *region;
    struct seen slots[];
};

int ivl_watch_create(const struct ivl_region *region, struct ivl_watch **watch)
{
    if (!region->writable) {
        return -EROFS;
    }
    struct ivl_watch *w = calloc(1, sizeof(*w) + region->geo.jobs_count * sizeof(w->slots[0]));
    if (!w) {
        return -ENOMEM;
    }
    w->region = region;
    *watch = w; /* all words 0: a FREE slot of epoch 0 needs no watching, any other is new */
    return 0;
}

void ivl_watch_destroy(struct ivl_watch *watch)
{
    free(watch);
}

/* Whether the slot has looked as it does now for a whole lease. */
static bool lease_ran_out(struct seen *seen, uint64_t word, uint64_t heartbeat, uint64_t now_ms,
                          uint32_t lease_ms)
{
    if (seen->word != word || seen->heartbeat != heartbeat || now_ms < seen->since_ms) {
        *seen = (struct seen){ word, heartbeat, now_ms };
        return false;
    }
    return now_ms - seen->since_ms >= lease_ms;
}

/* A state word that no job of ours can have: make it FREE, keeping the epoch if it is one. */
static bool reset_word(struct ivl_abi_job *slot, uint64_t word)
{
    uint64_t epoch = ivl_job_word_epoch(word);
    uint64_t fresh = epoch > IVL_JOB_EPOCH_MAX ? 0 : epoch;
    return ivl_sh64_cas(&slot->state, &word, ivl_job_word(fresh, IVL_JOB_FREE));
}

/* Takes a slot that was found dead in the state `word` and frees it. */
static bool reclaim(struct ivl_region *region, uint32_t index, uint64_t word)
{
    struct ivl_abi_job *slot = ivl_slot_at(region, index);
    const struct ivl_job job = { .slot = index, .epoch = ivl_job_word_epoch(word) };
    if (!ivl_job_word_living(word) || job.epoch == 0 || job.epoch > IVL_JOB_EPOCH_MAX) {
        return reset_word(slot, word);
    }
    /* [job W] acq_rel: fails if the job ended or another watcher was first; one that is being
     * reclaimed already had its sweeper die, so it is swept again from the start */
    if (!ivl_sh64_cas(&slot->state, &word, ivl_job_word(job.epoch, IVL_JOB_RECLAIMING))) {
        return false;
    }
    return ivl_job_reclaim(region, &job);
}

static uint32_t watch_jobs(struct ivl_watch *watch, struct ivl_region *region, uint64_t now_ms)
{
    uint32_t freed = 0;
    for (uint32_t i = 0; i < region->geo.jobs_count; i++) {
        const struct ivl_abi_job *slot = ivl_slot_at(region, i);
        uint64_t word = ivl_sh64_load_acquire(&slot->state);
        uint64_t heartbeat = ivl_sh64_load_relaxed(&slot->heartbeat); /* relaxed: if it moves */
        if (ivl_job_word_state(word) == IVL_JOB_FREE &&
            ivl_job_word_epoch(word) <= IVL_JOB_EPOCH_MAX) {
            continue;
        }
        if (lease_ran_out(&watch->slots[i], word, heartbeat, now_ms, region->geo.lease_ms)) {
            freed += reclaim(region, i, word);
        }
    }
    return freed;
}

/* Chunks whose owner names no living job: what a late member of an ended job claimed, or noise.
 * The owner is read before the job's state, and a job's state is living before its tag is
 * written anywhere, so a new job's chunk is never taken for an orphan. */
static void free_orphans(struct ivl_region *region)
{
    for (uint32_t i = 0; i < region->geo.chunk_count; i++) {
        struct ivl_abi_chunk *chunk = ivl_chunk_at(region, i);
        uint64_t owner = ivl_sh64_load_acquire(&chunk->owner);
        if (owner == 0) {
            ivl_chunk_heal(chunk);
        } else if (!ivl_tag_is_living(region, owner)) {
            (void) ivl_chunk_sweep(chunk, owner);
        }
    }
}

int ivl_watch_step(struct ivl_watch *watch, uint64_t now_ms, uint32_t *reclaimed,
                   struct ivl_diag *diag)
{
    /* the caller opened the region for writing; const only says that *region does not change */
    struct ivl_region *region = &ivl_impl(watch->region)->pub;
    int rc = ivl_region_check(region, diag);
    if (rc) {
        return rc;
    }
    uint32_t freed = watch_jobs(watch, region, now_ms);
    free_orphans(region);
    if (reclaimed) {
        *reclaimed = freed;
    }
    return 0;
}
