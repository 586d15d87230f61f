/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl gc: frees what dead jobs left behind. A job is dead when its heartbeat stood still
 * for a whole lease of our own clock.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "parse.h"

#define STEP_MS 200

static struct {
    char *now;
    int yes, wait;
} opt;

/* clang-format off */
static const struct poptOption options[] = {
    { "wait", 'w', POPT_ARG_NONE, &opt.wait, 0, "go on until the living jobs have ended, too", NULL },
    { "now", 0, POPT_ARG_STRING, &opt.now, 0,
      "end this job at once, or all, though its processes may live", "SLOT|all" },
    { "yes", 'y', POPT_ARG_NONE, &opt.yes, 0, "with --now: do it", NULL },
    POPT_TABLEEND
};
/* clang-format on */

static void print_freed(const struct ivl_region *region, const struct ctl_job *job,
                        const char *what)
{
    if (job->rc) {
        printf("job slot %u: %s, was damaged\n", job->slot, what);
        return;
    }
    printf("job slot %u of %s: %s, %s\n", job->slot, ctl_vm_name(region, job->info.creator_vm).s,
           what, ctl_size_text(ctl_job_bytes(region, &job->info)).s);
}

/* ---- watching ----------------------------------------------------------------------------- */

struct collection {
    const struct ivl_region *region;
    struct ivl_watch *watch;
    uint64_t start_ms;
    struct ivl_usage before;
    uint32_t dead;
    uint32_t living; /* jobs with a sign of life since the start */
    uint32_t unsure; /* jobs without one yet */
    bool shown;      /* the progress line is on the screen */
};

static void show_progress(struct collection *c, bool last)
{
    uint64_t lease_s = c->region->geo.lease_ms / 1000;
    uint64_t passed_s = (ctl_now_ms() - c->start_ms) / 1000;
    if (!isatty(STDERR_FILENO) || (last && !c->shown)) {
        return;
    }
    if (last) {
        fprintf(stderr, "\r\033[K");
    } else {
        fprintf(stderr, "\r\033[Kwatching %s, %llu s of %llu s",
                ctl_count_text(c->living + c->unsure, "job").s, (unsigned long long) passed_s,
                (unsigned long long) lease_s);
        c->shown = true;
    }
    fflush(stderr);
}

/* Whether the slot still holds the same job, and whether that has moved. */
static bool look_again(const struct ivl_region *region, struct ctl_job *job)
{
    struct ivl_job_info now;
    int rc = ivl_job_read(region, job->slot, false, &now, NULL);
    if (job->rc) {
        return rc == job->rc;
    }
    if (rc == 0 && now.job.epoch == job->info.job.epoch) {
        job->beating =
            job->beating || now.heartbeat != job->info.heartbeat || now.state != job->info.state;
        return true;
    }
    return false;
}

/* Counts the jobs of the list; says of those that went away whether it was us. */
static void count_jobs(struct collection *c, struct ctl_jobs *jobs, uint32_t freed)
{
    uint32_t kept = 0;
    c->living = c->unsure = 0;
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct ctl_job *job = &jobs->list[i];
        if (look_again(c->region, job)) {
            c->living += job->beating;
            c->unsure += !job->beating;
            jobs->list[kept++] = *job;
        } else if (freed) {
            show_progress(c, true);
            print_freed(c->region, job, "reclaimed");
            freed--;
            c->dead++;
        }
    }
    jobs->count = kept;
}

/* The limit leaves the watcher a step to see that the lease has run out. */
static bool go_on(const struct collection *c)
{
    uint64_t limit = (uint64_t) c->region->geo.lease_ms + 10 * STEP_MS;
    if (opt.wait) {
        return c->living + c->unsure > 0;
    }
    return c->unsure > 0 && ctl_now_ms() - c->start_ms < limit;
}

static int watch_jobs(struct collection *c, struct ctl_jobs *jobs, struct ivl_diag *diag)
{
    for (;;) {
        uint32_t freed = 0;
        int rc = ivl_watch_step(c->watch, ctl_now_ms(), &freed, diag);
        if (rc) {
            return rc;
        }
        count_jobs(c, jobs, freed);
        if (!go_on(c)) {
            return 0;
        }
        show_progress(c, false);
        ctl_sleep_ms(STEP_MS);
    }
}

static enum ctl_status finish(struct collection *c)
{
    struct ivl_usage after;
    ivl_usage_read(c->region, &after);
    if (c->before.orphan_chunks > after.orphan_chunks) {
        printf("%s of no living job: freed\n",
               ctl_count_text(c->before.orphan_chunks - after.orphan_chunks, "chunk").s);
    }
    if (c->before.corrupt_chunks > after.corrupt_chunks) {
        printf("%s with a damaged descriptor: repaired\n",
               ctl_count_text(c->before.corrupt_chunks - after.corrupt_chunks, "chunk").s);
    }
    printf("%s reclaimed, ", ctl_count_text(c->dead, "dead job").s);
    printf("%s running\n", ctl_count_text(c->living + c->unsure, "job").s);
    return CTL_OK;
}

static enum ctl_status collect(const struct ivl_region *region)
{
    struct ivl_diag diag;
    struct ctl_jobs jobs;
    struct collection c = { .region = region, .start_ms = ctl_now_ms() };
    int rc = ivl_watch_create(region, &c.watch);
    if (rc) {
        ctl_complain(region->uri, "out of memory", "free some memory");
        return CTL_FINDING;
    }
    enum ctl_status status = CTL_FINDING;
    if (ctl_jobs_read(region, 0, &jobs)) {
        ivl_usage_read(region, &c.before);
        rc = watch_jobs(&c, &jobs, &diag);
        show_progress(&c, true);
        status = rc ? ctl_fail(rc, &diag) : finish(&c);
        ctl_jobs_free(&jobs);
    }
    ivl_watch_destroy(c.watch);
    return status;
}

/* ---- at once ------------------------------------------------------------------------------ */

static enum ctl_status end_job(struct ivl_region *region, const struct ctl_job *job)
{
    char where[32];
    int rc = job->rc ? job->rc : ivl_job_end(region, &job->info.job);
    if (rc == 0) {
        print_freed(region, job, "ended");
        return CTL_OK;
    }
    snprintf(where, sizeof(where), "job slot %u", job->slot);
    ctl_complain(where, job->rc ? job->diag.what : "it ended, or is being set up or reclaimed",
                 "let ivshmemctl gc watch it");
    return CTL_FINDING;
}

static enum ctl_status end_jobs(struct ivl_region *region, uint32_t slot)
{
    struct ctl_jobs jobs;
    enum ctl_status status = CTL_OK;
    uint32_t found = 0;
    if (!ctl_jobs_read(region, 0, &jobs)) {
        return CTL_FINDING;
    }
    for (uint32_t i = 0; i < jobs.count; i++) {
        if (slot == UINT32_MAX || slot == jobs.list[i].slot) {
            enum ctl_status one = end_job(region, &jobs.list[i]);
            status = one == CTL_OK ? status : one;
            found++;
        }
    }
    ctl_jobs_free(&jobs);
    if (found == 0 && slot != UINT32_MAX) {
        char where[32];
        snprintf(where, sizeof(where), "job slot %u", slot);
        ctl_complain(where, "is free", "see ivshmemctl show");
        status = CTL_FINDING;
    }
    return status;
}

/* ---- the command -------------------------------------------------------------------------- */

static enum ctl_status check_options(uint64_t *slot)
{
    if (opt.yes && !opt.now) {
        ctl_complain("--yes", "goes with --now only", "leave it out, or add --now");
        return CTL_USAGE;
    }
    if (opt.now && opt.wait) {
        ctl_complain("--now", "does not go with --wait", "choose one");
        return CTL_USAGE;
    }
    if (opt.now && strcmp(opt.now, "all") != 0 && !parse_number(opt.now, IVL_JOBS_MAX - 1, slot)) {
        return ctl_bad_value("--now", opt.now, "write a slot that ivshmemctl show lists, or all");
    }
    if (opt.now && !opt.yes) {
        ctl_complain("--now", "processes of the job that still run will fail",
                     "add --yes to end it all the same");
        return CTL_USAGE;
    }
    return CTL_OK;
}

static enum ctl_status run(const struct ctl_line *line)
{
    struct ivl_region *region;
    uint64_t slot = UINT32_MAX;
    enum ctl_status status = check_options(&slot);
    if (status == CTL_OK) {
        status = ctl_open(line, 0, &region);
    }
    if (status == CTL_OK) {
        status = opt.now ? end_jobs(region, (uint32_t) slot) : collect(region);
        ivl_region_close(region);
    }
    return status;
}

const struct ctl_command ctl_gc = {
    .name = "gc",
    .operands = "[REGION]",
    .summary = "watch jobs for a lease and free what dead ones hold",
    .options = options,
    .run = run,
};
