/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The job directory: the input is the directory, then member lines and descriptors. All readers
 * must come back, and a watch frees everything whatever stood there.
 */
#include "fuzz.h"
#include "chunk.h"

#include <errno.h>

#define JOBS 4

static void read_slots(void)
{
    for (uint32_t slot = 0; slot <= JOBS; slot++) {
        struct ivl_diag diag;
        struct ivl_job_info info;
        int rc = ivl_job_read(fuzz_region, slot, true, &info, &diag);
        fuzz_check_diag(rc, &diag);
        if (rc) {
            continue;
        }
        require(info.job.slot == slot && info.job.epoch > 0 && info.job.epoch <= IVL_JOB_EPOCH_MAX);
        require(info.state >= IVL_JOB_CLAIMED && info.state <= IVL_JOB_RECLAIMING);
        require(info.chunks <= fuzz_region->geo.chunk_count && info.blocks <= info.chunks);
        rc = ivl_job_check(fuzz_region, &info.job, info.members_off, info.member_count, &diag);
        fuzz_check_diag(rc, &diag);
        if (rc == 0) {
            require(ivl_job_beat(fuzz_region, &info.job, info.members_off, info.member_count - 1) ==
                    0);
        }
        rc = ivl_job_beat(fuzz_region, &info.job, info.members_off, info.member_count);
        require(rc == 0 || rc == -ESTALE || rc == -EBADMSG);
    }
}

static void create_one(void)
{
    struct ivl_diag diag;
    struct ivl_job job;
    uint64_t off;
    int rc = ivl_job_create(fuzz_region, 0, 8, NULL, &job, &off, &diag);
    fuzz_check_diag(rc, &diag);
    if (rc == 0) {
        require(ivl_job_check(fuzz_region, &job, off, 8, &diag) == 0);
        require(ivl_job_end(fuzz_region, &job) == 0);
    }
}

static void watch_all(void)
{
    struct ivl_watch *watch;
    struct ivl_usage usage;
    struct ivl_job_info info;
    require(ivl_watch_create(fuzz_region, &watch) == 0);
    for (uint64_t now = 0; now < 3000; now += 1000) {
        require(ivl_watch_step(watch, now, NULL, NULL) == 0);
    }
    ivl_watch_destroy(watch);
    for (uint32_t slot = 0; slot < JOBS; slot++) {
        require(ivl_job_read(fuzz_region, slot, false, &info, NULL) == -ENOENT);
    }
    ivl_usage_read(fuzz_region, &usage);
    require(usage.free_chunks == usage.chunks && usage.corrupt_chunks == 0);
    create_one();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!fuzz_region) {
        fuzz_make(4, JOBS, 65536);
    }
    const struct ivl_geometry *geo = &fuzz_region->geo;
    fuzz_reset();
    memset(fuzz_region->base + geo->heap_off, 0, 4096);
    fuzz_overlay(geo->jobs_off, JOBS * sizeof(struct ivl_abi_job), &data, &size);
    fuzz_overlay(geo->heap_off, 4 * sizeof(struct ivl_abi_member), &data, &size);
    fuzz_overlay(geo->chunks_off, geo->chunk_count * sizeof(struct ivl_abi_chunk), &data, &size);
    read_slots();
    for (uint32_t vm = 0; vm < 4; vm++) {
        (void) ivl_jobs_name_vm(fuzz_region, vm);
    }
    create_one();
    watch_all();
    return 0;
}
