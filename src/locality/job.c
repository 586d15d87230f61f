/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The job directory. A slot's state word holds its epoch, so that every compare-and-swap on it
 * concerns one job only: FREE -> CLAIMED (epoch + 1) -> ACTIVE -> RECLAIMING -> FREE.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "block.h"
#include "chunk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define READ_TRIES 64

static int fail_slot(struct ivl_diag *diag, int err, uint32_t slot, const char *remedy,
                     const char *what)
{
    char where[64];
    snprintf(where, sizeof(where), "job slot %u", slot);
    return ivl_fail(diag, err, where, remedy, "%s", what);
}

static bool names_job(const struct ivl_region *region, const struct ivl_job *job)
{
    return job->slot < region->geo.jobs_count && job->epoch > 0 && job->epoch <= IVL_JOB_EPOCH_MAX;
}

bool ivl_job_is(const struct ivl_region *region, const struct ivl_job *job, uint64_t state)
{
    /* [job R] pairs with [job A]: what the creator wrote before the state is there */
    return names_job(region, job) &&
           ivl_sh64_load_acquire(&ivl_slot_at(region, job->slot)->state) ==
               ivl_job_word(job->epoch, state);
}

bool ivl_tag_is_living(const struct ivl_region *region, uint64_t tag)
{
    uint64_t slot = (tag & 0xffff) - 1; /* of 0: out of range */
    if (slot >= region->geo.jobs_count) {
        return false;
    }
    uint64_t word = ivl_sh64_load_acquire(&ivl_slot_at(region, (uint32_t) slot)->state);
    return ivl_job_word_living(word) && ivl_job_word_epoch(word) == tag >> 16;
}

bool ivl_members_fit(const struct ivl_geometry *geo, uint64_t members_off, uint64_t members)
{
    return members > 0 && members <= UINT32_MAX && members_off % IVL_CACHE_LINE == 0 &&
           ivl_heap_has(geo, members_off, members * sizeof(struct ivl_abi_member));
}

/* Whether a line of the job's member table names the VM slot. */
static bool members_name_vm(const struct ivl_region *region, const struct ivl_abi_job *slot,
                            uint32_t vm_slot)
{
    uint64_t off = ivl_sh64_load_relaxed(&slot->members_off); /* relaxed: behind the state */
    uint32_t count = ivl_sh32_load_relaxed(&slot->member_count);
    if (!ivl_members_fit(&region->geo, off, count)) {
        return false;
    }
    const struct ivl_abi_member *lines = (const void *) (region->base + off);
    for (uint32_t i = 0; i < count; i++) {
        if (ivl_sh32_load_acquire(&lines[i].state) == IVL_MEMBER_JOINED &&
            ivl_sh32_load_relaxed(&lines[i].vm_slot) == vm_slot) {
            return true;
        }
    }
    return false;
}

bool ivl_jobs_name_vm(const struct ivl_region *region, uint32_t vm_slot)
{
    for (uint32_t i = 0; i < region->geo.jobs_count; i++) {
        const struct ivl_abi_job *slot = ivl_slot_at(region, i);
        uint64_t word = ivl_sh64_load_acquire(&slot->state);
        if (!ivl_job_word_living(word)) {
            continue;
        }
        if (ivl_sh32_load_relaxed(&slot->creator_vm) == vm_slot ||
            (ivl_job_word_state(word) == IVL_JOB_ACTIVE &&
             members_name_vm(region, slot, vm_slot))) {
            return true;
        }
    }
    return false;
}

/* ---- create -------------------------------------------------------------------------------- */

/* Claims the first free slot. -ENOMEM: none. */
static int claim_slot(struct ivl_region *region, struct ivl_job *job, struct ivl_diag *diag)
{
    for (uint32_t i = 0; i < region->geo.jobs_count; i++) {
        struct ivl_abi_job *slot = ivl_slot_at(region, i);
        uint64_t word = ivl_sh64_load_acquire(&slot->state);
        uint64_t epoch = ivl_job_word_epoch(word) + 1;
        if (ivl_job_word_state(word) != IVL_JOB_FREE || epoch > IVL_JOB_EPOCH_MAX) {
            continue; /* in use, or worn out after 2^48 jobs */
        }
        /* [job C] acq_rel: the sweep of the last job is behind us; nobody else has the epoch */
        if (ivl_sh64_cas(&slot->state, &word, ivl_job_word(epoch, IVL_JOB_CLAIMED))) {
            *job = (struct ivl_job){ .slot = i, .epoch = epoch };
            return 0;
        }
    }
    return ivl_fail(diag, -ENOMEM, region->uri,
                    "wait for jobs to end, or free dead ones: ivshmemctl gc",
                    "all %u job slots are in use", region->geo.jobs_count);
}

static void fill_slot(struct ivl_abi_job *slot, uint32_t creator_vm, const uint8_t key[16])
{
    uint64_t copy[2];
    memcpy(copy, key, sizeof(copy));
    ivl_words_store_release(slot->key, copy, sizeof(copy));
    ivl_sh64_store_relaxed(&slot->members_off, 0); /* relaxed: [job A] orders all of these */
    ivl_sh32_store_relaxed(&slot->member_count, 0);
    ivl_sh32_store_relaxed(&slot->creator_vm, creator_vm);
    ivl_sh64_fetch_add_relaxed(&slot->heartbeat, 1); /* relaxed: a sign of life, no more */
}

static bool job_move(struct ivl_region *region, const struct ivl_job *job, uint64_t from,
                     uint64_t to)
{
    uint64_t expected = ivl_job_word(job->epoch, from);
    /* [job A] acq_rel, pairs with [job R]: what the mover did to the slot before its new state */
    return ivl_sh64_cas(&ivl_slot_at(region, job->slot)->state, &expected,
                        ivl_job_word(job->epoch, to));
}

static int activate(struct ivl_region *region, const struct ivl_job *job, uint32_t members,
                    uint64_t *members_off, struct ivl_diag *diag)
{
    struct ivl_abi_job *slot = ivl_slot_at(region, job->slot);
    struct ivl_block table;
    int rc = ivl_block_make(region, job, IVL_JOB_CLAIMED, members * sizeof(struct ivl_abi_member),
                            &table, diag);
    if (rc) {
        return rc;
    }
    ivl_sh64_store_relaxed(&slot->members_off, table.offset); /* relaxed: [job A] */
    ivl_sh32_store_relaxed(&slot->member_count, members);
    if (!job_move(region, job, IVL_JOB_CLAIMED, IVL_JOB_ACTIVE)) {
        return fail_slot(diag, -ESTALE, job->slot, "try again", "was reclaimed while set up");
    }
    *members_off = table.offset;
    return 0;
}

static int check_create(const struct ivl_region *region, uint32_t creator_vm, uint32_t members,
                        struct ivl_diag *diag)
{
    uint64_t bytes = (uint64_t) members * sizeof(struct ivl_abi_member);
    int rc = ivl_region_need_writable(region, diag);
    if (rc) {
        return rc;
    }
    if (members == 0 || (creator_vm != UINT32_MAX && creator_vm >= region->geo.table_count)) {
        return ivl_fail(diag, -EINVAL, region->uri, "name a VM of the table and 1 member or more",
                        "a job of VM %u with %u members", creator_vm, members);
    }
    if (bytes > ivl_heap_bytes(&region->geo)) {
        return ivl_fail(diag, -ENOMEM, region->uri, "give the host a larger region",
                        "no room for a table of %u members", members);
    }
    return 0;
}

int ivl_job_create(struct ivl_region *region, uint32_t creator_vm, uint32_t members,
                   const uint8_t key[16], struct ivl_job *job, uint64_t *members_off,
                   struct ivl_diag *diag)
{
    uint8_t random[16];
    struct ivl_job claimed;
    int rc = check_create(region, creator_vm, members, diag);
    if (rc) {
        return rc;
    }
    if (!key && getrandom(random, sizeof(random), 0) != (ssize_t) sizeof(random)) {
        return ivl_fail(diag, -EIO, "getrandom", "", "no random numbers: %s", strerror(errno));
    }
    rc = claim_slot(region, &claimed, diag);
    if (rc) {
        return rc;
    }
    fill_slot(ivl_slot_at(region, claimed.slot), creator_vm, key ? key : random);
    rc = activate(region, &claimed, members, members_off, diag);
    if (rc == 0) {
        *job = claimed;
    } else if (job_move(region, &claimed, IVL_JOB_CLAIMED, IVL_JOB_RECLAIMING)) {
        ivl_job_reclaim(region, &claimed);
    }
    return rc;
}

/* ---- life and end -------------------------------------------------------------------------- */

int ivl_job_check(const struct ivl_region *region, const struct ivl_job *job, uint64_t members_off,
                  uint32_t members, struct ivl_diag *diag)
{
    if (!names_job(region, job) || !ivl_members_fit(&region->geo, members_off, members)) {
        return fail_slot(diag, -EBADMSG, job->slot, "the job's processes disagree: start it again",
                         "slot, epoch or member table out of range");
    }
    if (!ivl_job_is(region, job, IVL_JOB_ACTIVE)) {
        return fail_slot(diag, -ESTALE, job->slot, "start the job again",
                         "the job has ended, or its lease ran out");
    }
    const struct ivl_abi_job *slot = ivl_slot_at(region, job->slot);
    if (ivl_sh64_load_relaxed(&slot->members_off) != members_off || /* relaxed: behind [job R] */
        ivl_sh32_load_relaxed(&slot->member_count) != members ||
        !ivl_block_is_at(region, ivl_job_tag(job), members_off,
                         (uint64_t) members * sizeof(struct ivl_abi_member))) {
        return fail_slot(diag, -EBADMSG, job->slot, "the job's processes disagree: start it again",
                         "another member table than announced");
    }
    return 0;
}

int ivl_job_beat(const struct ivl_region *region, const struct ivl_job *job, uint64_t members_off,
                 uint32_t member)
{
    if (!region->writable) {
        return -EROFS;
    }
    if (!ivl_job_is(region, job, IVL_JOB_ACTIVE)) {
        return -ESTALE;
    }
    if (member != UINT32_MAX) {
        if (!ivl_members_fit(&region->geo, members_off, (uint64_t) member + 1)) {
            return -EBADMSG;
        }
        struct ivl_abi_member *lines = (void *) (region->base + members_off);
        ivl_sh64_fetch_add_relaxed(&lines[member].heartbeat, 1); /* relaxed: only that it moves */
    }
    ivl_sh64_fetch_add_relaxed(&ivl_slot_at(region, job->slot)->heartbeat, 1); /* relaxed: same */
    return 0;
}

bool ivl_job_reclaim(struct ivl_region *region, const struct ivl_job *job)
{
    ivl_chunks_sweep(region, ivl_job_tag(job));
    return job_move(region, job, IVL_JOB_RECLAIMING, IVL_JOB_FREE);
}

int ivl_job_end(struct ivl_region *region, const struct ivl_job *job)
{
    if (!region->writable) {
        return -EROFS;
    }
    if (!names_job(region, job) || !job_move(region, job, IVL_JOB_ACTIVE, IVL_JOB_RECLAIMING)) {
        return -ESTALE;
    }
    ivl_job_reclaim(region, job);
    return 0;
}

/* ---- reading ------------------------------------------------------------------------------- */

static void count_chunks(const struct ivl_region *region, struct ivl_job_info *info)
{
    uint64_t tag = ivl_job_tag(&info->job);
    for (uint32_t i = 0; i < region->geo.chunk_count; i++) {
        const struct ivl_abi_chunk *chunk = ivl_chunk_at(region, i);
        if (ivl_sh64_load_acquire(&chunk->owner) == tag) {
            uint64_t state = ivl_sh64_load_relaxed(&chunk->state); /* relaxed: a snapshot */
            info->chunks++;
            info->blocks += ivl_chunk_kind(state) == IVL_CHUNK_HEAD && ivl_chunk_refs(state) > 0;
        }
    }
}

/* Copies a slot between two equal values of its state. */
static bool fetch_slot(const struct ivl_abi_job *slot, uint64_t *word, struct ivl_job_info *info)
{
    for (int i = 0; i < READ_TRIES; i++) {
        uint64_t copy[2];
        *word = ivl_sh64_load_acquire(&slot->state);
        ivl_words_load_acquire(copy, slot->key, sizeof(copy));
        memcpy(info->key, copy, sizeof(copy));
        info->members_off = ivl_sh64_load_acquire(&slot->members_off);
        info->member_count = ivl_sh32_load_acquire(&slot->member_count);
        info->creator_vm = ivl_sh32_load_acquire(&slot->creator_vm);
        info->heartbeat = ivl_sh64_load_acquire(&slot->heartbeat);
        if (ivl_sh64_load_relaxed(&slot->state) == *word) { /* behind the acquire loads */
            return true;
        }
    }
    return false;
}

int ivl_job_read(const struct ivl_region *region, uint32_t slot, bool counts,
                 struct ivl_job_info *info, struct ivl_diag *diag)
{
    struct ivl_job_info copy;
    uint64_t word;
    memset(&copy, 0, sizeof(copy));
    if (slot >= region->geo.jobs_count) {
        return ivl_fail(diag, -ERANGE, region->uri, "see ivshmemctl show",
                        "no job slot %u, the directory has %u", slot, region->geo.jobs_count);
    }
    if (!fetch_slot(ivl_slot_at(region, slot), &word, &copy)) {
        return fail_slot(diag, -EAGAIN, slot, "try again", "changes all the time");
    }
    copy.job = (struct ivl_job){ .slot = slot, .epoch = ivl_job_word_epoch(word) };
    copy.state = (uint32_t) ivl_job_word_state(word);
    if (copy.state == IVL_JOB_FREE) {
        return fail_slot(diag, -ENOENT, slot, "", "is free");
    }
    if (!names_job(region, &copy.job) || !ivl_job_word_living(word) ||
        (copy.members_off && !ivl_members_fit(&region->geo, copy.members_off, copy.member_count))) {
        return fail_slot(diag, -EBADMSG, slot, "free it: ivshmemctl gc",
                         "state, epoch or member table out of range");
    }
    if (counts) {
        count_chunks(region, &copy);
    }
    *info = copy;
    return 0;
}
