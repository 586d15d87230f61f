/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A look at the job directory.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "ctl.h"

#define WATCH_STEP_MS 25

uint64_t ctl_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t) t.tv_sec * 1000 + (uint64_t) t.tv_nsec / 1000000;
}

void ctl_sleep_ms(uint64_t ms)
{
    const struct timespec t = { (time_t) (ms / 1000), (long) (ms % 1000) * 1000000 };
    nanosleep(&t, NULL);
}

/* True if all jobs that could be read have shown a sign of life. */
static bool see_beats(const struct ivl_region *region, struct ctl_jobs *jobs)
{
    bool all = true;
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct ctl_job *job = &jobs->list[i];
        struct ivl_job_info now;
        if (job->rc == 0 && !job->beating) {
            job->beating = ivl_job_read(region, job->slot, false, &now, NULL) == 0 &&
                           now.job.epoch == job->info.job.epoch &&
                           now.heartbeat != job->info.heartbeat;
            all = all && job->beating;
        }
    }
    return all;
}

bool ctl_jobs_read(const struct ivl_region *region, unsigned watch_ms, struct ctl_jobs *jobs)
{
    *jobs = (struct ctl_jobs){ calloc(region->geo.jobs_count, sizeof(*jobs->list)), 0 };
    if (!jobs->list) {
        ctl_complain("jobs", "out of memory", "free some memory");
        return false;
    }
    for (uint32_t slot = 0; slot < region->geo.jobs_count; slot++) {
        struct ctl_job *job = &jobs->list[jobs->count];
        *job = (struct ctl_job){ .slot = slot };
        job->rc = ivl_job_read(region, slot, true, &job->info, &job->diag);
        jobs->count += job->rc != -ENOENT;
    }
    uint64_t end = ctl_now_ms() + watch_ms;
    while (!see_beats(region, jobs) && ctl_now_ms() < end) {
        ctl_sleep_ms(WATCH_STEP_MS);
    }
    return true;
}

void ctl_jobs_free(struct ctl_jobs *jobs)
{
    free(jobs->list);
}

const char *ctl_job_state_text(uint32_t state)
{
    return state == IVL_JOB_CLAIMED ? "claimed" : state == IVL_JOB_ACTIVE ? "active" : "reclaiming";
}

uint64_t ctl_job_bytes(const struct ivl_region *region, const struct ivl_job_info *info)
{
    return info->chunks << region->geo.chunk_shift;
}
