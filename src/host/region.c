/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A region that the daemon serves, and its thread.
 *
 * `lock` guards what the main thread and the region's own share: the table and the counters. It is
 * held for work that is bounded by the sizes of table and directory, never for a sweep of the heap.
 * A change of the table is written to the state file first, then published.
 */
#include "region.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "crc32c.h"
#include "fault.h"
#include "log.h"
#include "prepare.h"
#include "state.h"

#define SAY_EVERY_MS 60000

/* A job slot as it was last seen. since_ms is not after its job began; 0: it was there first. */
struct seen_job {
    uint64_t epoch;
    uint64_t since_ms;
};

/* VMs that were refused, and why, by a sum: so that it is said once. */
struct refusals {
    uint32_t *sums;
    uint32_t count, room;
};

struct ivd_region {
    const struct ivd_region_conf *conf;
    const char *state_dir;
    uint32_t beat_ms;
    int lock_fd;
    unsigned fault;
    struct ivl_region *region;
    struct ivd_identity identity;
    bool found;

    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool stop;
    bool lost;
    bool unsaved;             /* the state file does not have the table as it is */
    struct ivl_abi_vm *saved; /* the entries that it has */
    struct ivd_table table;
    uint64_t beat, restored, reclaimed;
    struct refusals refusals;

    /* the thread's own */
    struct ivl_watch *watch;
    struct seen_job *jobs;
    uint64_t last_tick_ms;
    uint64_t said_ms, said_restored;
};

/* ---- under the lock ------------------------------------------------------------------------- */

/* What is to be seen of an entry. A VM that the state file does not have is not shown: after a crash
 * the daemon would give its slot to another while jobs name it. */
static const struct ivl_abi_vm *shown(const struct ivd_region *r, uint32_t slot)
{
    static const struct ivl_abi_vm none;
    const struct ivl_abi_vm *vm = &r->table.entries[slot].vm;
    bool saved =
        !r->unsaved || vm->state != IVL_VM_ACTIVE || memcmp(vm, &r->saved[slot], sizeof(*vm)) == 0;
    return saved ? vm : &none;
}

/* Puts the host's part of the region in order. */
static void publish(struct ivd_region *r, bool count)
{
    uint64_t n = ivl_seal_keep(r->region, r->identity.seal);
    for (uint32_t i = 0; i < r->table.count; i++) {
        n += ivl_table_keep(r->region, i, shown(r, i));
    }
    n += ivl_table_epoch_keep(r->region, r->table.epoch);
    r->restored += count ? n : 0;
}

/* Tried again at each tick until it is done; the failure is said once. */
static void save(struct ivd_region *r)
{
    struct ivl_diag diag;
    if (ivd_state_save(r->state_dir, r->conf->name, &r->identity, &r->table, &diag)) {
        if (!r->unsaved) {
            ivd_log_diag(IVD_ERROR, &diag);
            ivd_log(IVD_ERROR, "region %s: VMs that are new are not entered until that is mended",
                    r->conf->name);
        }
        r->unsaved = true;
        return;
    }
    if (r->unsaved) {
        ivd_log(IVD_INFO, "region %s: its state is written again", r->conf->name);
    }
    r->unsaved = false;
    for (uint32_t i = 0; i < r->table.count; i++) {
        r->saved[i] = r->table.entries[i].vm;
    }
}

static bool at_path(const struct ivd_region *r)
{
    struct stat st;
    return lstat(r->conf->path, &st) == 0 && st.st_dev == r->identity.dev &&
           st.st_ino == r->identity.ino;
}

/* Whether the file is still there, in its size and at its path, where VMs that start look for it;
 * looks before the mapping is touched. */
static bool still_there(struct ivd_region *r)
{
    struct ivl_diag diag;
    off_t size = lseek(ivl_region_fd(r->region), 0, SEEK_END);
    if (!r->lost &&
        (ivd_fault_lost(r->fault) || size < 0 || (uint64_t) size < r->region->map_bytes)) {
        r->lost = true;
        ivl_fail(&diag, -ESTALE, r->conf->path,
                 "stop its VMs, remove it and restart the daemon: somebody who may write it did "
                 "that",
                 "the region's file was cut to %" PRId64 " bytes: served no more", (int64_t) size);
        ivd_log_diag(IVD_ERROR, &diag);
    } else if (!r->lost && !at_path(r)) {
        r->lost = true;
        ivl_fail(&diag, -ESTALE, r->conf->path,
                 "stop its VMs, remove what is there and restart the daemon: somebody who may "
                 "write to its directory did that",
                 "the region's file was removed or replaced: served no more");
        ivd_log_diag(IVD_ERROR, &diag);
    }
    return !r->lost;
}

/* When the oldest living job began, or before. */
static uint64_t look_at_jobs(struct ivd_region *r)
{
    uint64_t oldest = UINT64_MAX;
    for (uint32_t i = 0; i < r->region->geo.jobs_count; i++) {
        struct ivl_job_info job;
        int rc = ivl_job_read(r->region, i, false, &job, NULL);
        uint64_t epoch = rc == 0 ? job.job.epoch : 0;
        /* what cannot be read was scribbled over: the job that was there may live */
        if ((rc == 0 || rc == -ENOENT) && epoch != r->jobs[i].epoch) {
            r->jobs[i] = (struct seen_job){ epoch, r->last_tick_ms };
        }
        if (r->jobs[i].epoch && r->jobs[i].since_ms < oldest) {
            oldest = r->jobs[i].since_ms;
        }
    }
    return oldest;
}

static void say_restored(struct ivd_region *r, uint64_t now)
{
    if (r->restored > r->said_restored && (r->said_ms == 0 || now - r->said_ms > SAY_EVERY_MS)) {
        ivd_log(IVD_WARNING,
                "region %s: guests changed the host's part, %" PRIu64 " times since the last such "
                "line: put back: find out which of its VMs does that",
                r->conf->name, r->restored - r->said_restored);
        r->said_restored = r->restored;
        r->said_ms = now;
    }
}

/* False: the region is lost. */
static bool tick(struct ivd_region *r)
{
    uint64_t now = ivd_now_ms();
    if (!still_there(r)) {
        return false;
    }
    publish(r, true);
    if (r->unsaved) {
        save(r);
        publish(r, false);
    }
    uint64_t oldest = look_at_jobs(r);
    if (ivd_table_forget(&r->table, oldest)) {
        save(r);
        publish(r, false);
    }
    ivl_region_beat(r->region, ++r->beat);
    r->last_tick_ms = now;
    say_restored(r, now);
    return true;
}

/* ---- the thread ----------------------------------------------------------------------------- */

/* Without the lock: a sweep takes as long as the heap is large. What the guests make of the
 * superblock meanwhile is put right at the next tick. */
static uint32_t watch_jobs(struct ivd_region *r)
{
    uint32_t freed = 0;
    if (ivl_watch_step(r->watch, ivd_now_ms(), &freed, NULL)) {
        return 0;
    }
    if (freed) {
        ivd_log(IVD_INFO, "region %s: %u dead job%s reclaimed", r->conf->name, freed,
                freed == 1 ? "" : "s");
    }
    return freed;
}

static void wait_for_tick(struct ivd_region *r, uint64_t start_ms)
{
    uint64_t due = start_ms + r->beat_ms;
    const struct timespec until = { .tv_sec = (time_t) (due / 1000),
                                    .tv_nsec = (long) (due % 1000) * 1000000 };
    while (!r->stop && ivd_now_ms() < due) {
        pthread_cond_timedwait(&r->wake, &r->lock, &until);
    }
}

static void *serve(void *arg)
{
    struct ivd_region *r = arg;
    pthread_mutex_lock(&r->lock);
    while (!r->stop) {
        uint64_t start = ivd_now_ms();
        if (tick(r)) {
            pthread_mutex_unlock(&r->lock);
            uint32_t freed = watch_jobs(r);
            pthread_mutex_lock(&r->lock);
            r->reclaimed += freed;
        }
        wait_for_tick(r, start);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

static int init_lock(struct ivd_region *r)
{
    pthread_condattr_t attr;
    int rc = pthread_condattr_init(&attr);
    if (rc == 0) {
        rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        rc = rc ? rc : pthread_cond_init(&r->wake, &attr);
        pthread_condattr_destroy(&attr);
    }
    return rc ? rc : pthread_mutex_init(&r->lock, NULL);
}

/* Everything but the thread. */
static int set_up(struct ivd_region *r, struct ivl_diag *diag)
{
    r->jobs = calloc(r->region->geo.jobs_count, sizeof(*r->jobs));
    r->saved = calloc(r->table.count, sizeof(*r->saved));
    if (!r->jobs || !r->saved || ivl_watch_create(r->region, &r->watch) || init_lock(r)) {
        return ivl_fail(diag, -ENOMEM, r->conf->name, "free some memory", "out of memory");
    }
    r->fault = ivd_fault_watch(r->region->base, r->region->map_bytes);
    r->beat = ivl_region_heartbeat(r->region); /* any number will do, but it should go on growing */
    for (uint32_t i = 0; i < r->table.count; i++) {
        r->saved[i] = r->table.entries[i].vm;
        r->table.gone_ms[i] = 1; /* after the jobs that are there already */
    }
    publish(r, r->found);
    return 0;
}

static int open_region(struct ivd_region *r, struct ivl_diag *diag)
{
    struct ivd_prepared prepared;
    int rc = ivd_prepare(r->conf, r->state_dir, &prepared, diag);
    if (rc) {
        return rc;
    }
    r->region = prepared.region;
    r->table = prepared.table;
    r->found = prepared.found;
    r->identity = prepared.identity;
    return set_up(r, diag);
}

static void destroy(struct ivd_region *r)
{
    if (r->region) {
        if (r->fault < IVD_REGIONS_MAX) {
            ivd_fault_forget(r->fault);
        }
        ivl_watch_destroy(r->watch);
        ivl_region_close(r->region);
        ivd_table_fini(&r->table);
    }
    if (r->lock_fd >= 0) {
        close(r->lock_fd);
    }
    free(r->jobs);
    free(r->saved);
    free(r->refusals.sums);
    free(r);
}

int ivd_region_start(const struct ivd_region_conf *conf, const char *state_dir, uint32_t beat_ms,
                     struct ivd_region **region, struct ivl_diag *diag)
{
    struct ivd_region *r = calloc(1, sizeof(*r));
    if (!r) {
        return ivl_fail(diag, -ENOMEM, conf->name, "free some memory", "out of memory");
    }
    r->fault = IVD_REGIONS_MAX; /* none yet */
    r->conf = conf;
    r->state_dir = state_dir;
    r->beat_ms = beat_ms;
    r->lock_fd = ivd_state_lock(state_dir, conf->name, diag);
    int rc = r->lock_fd < 0 ? r->lock_fd : open_region(r, diag);
    if (rc == 0) {
        int err = pthread_create(&r->thread, NULL, serve, r);
        rc = err ? ivl_fail(diag, -err, conf->name, "allow more threads",
                            "cannot start its thread: %s", ivd_error(err).s)
                 : 0;
    }
    if (rc) {
        destroy(r);
        return rc;
    }
    *region = r;
    return 0;
}

void ivd_region_stop(struct ivd_region *r)
{
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    destroy(r);
}

/* ---- for the main thread -------------------------------------------------------------------- */

struct refusing {
    const struct ivd_region *region;
    struct refusals now;
};

static bool was_refused(const struct refusals *refusals, uint32_t sum)
{
    for (uint32_t i = 0; i < refusals->count; i++) {
        if (refusals->sums[i] == sum) {
            return true;
        }
    }
    return false;
}

static void say_refused(void *arg, const struct ivd_vm *vm, const char *reason)
{
    struct refusing *refusing = arg;
    const struct ivd_region *r = refusing->region;
    char text[IVL_VM_NAME_BYTES + 200] = "";
    int n = snprintf(text, sizeof(text), "%s %s", vm->vm.name, reason);
    uint32_t sum = ivl_crc32c(text, (size_t) n);
    if (refusing->now.count < refusing->now.room) {
        refusing->now.sums[refusing->now.count++] = sum;
    }
    if (was_refused(&r->refusals, sum)) {
        return;
    }
    ivd_log(IVD_WARNING, "region %s: VM %s: %s: not entered, its ranks use the network",
            r->conf->name, vm->vm.name, reason);
}

static void reconcile(struct ivd_region *r, const struct ivd_vm_list *list)
{
    struct refusing refusing = { .region = r };
    uint64_t epoch = r->table.epoch;
    enum ivd_absent absent = look_at_jobs(r) == UINT64_MAX ? IVD_ABSENT_LEAVE : IVD_ABSENT_GONE;
    refusing.now.sums = calloc((size_t) list->count + 1, sizeof(*refusing.now.sums));
    refusing.now.room = refusing.now.sums ? list->count : 0;
    struct ivd_table_change change =
        ivd_table_reconcile(&r->table, list, absent, ivd_now_ms(), say_refused, &refusing);
    free(r->refusals.sums);
    r->refusals = refusing.now;
    if (r->table.epoch != epoch) {
        save(r);
        publish(r, false);
        ivd_log(IVD_INFO, "region %s: %u VMs: %u added, %u changed, %u removed", r->conf->name,
                ivd_table_active(&r->table), change.added, change.updated, change.removed);
    }
}

void ivd_region_set_vms(struct ivd_region *r, const struct ivd_vm_list *list)
{
    pthread_mutex_lock(&r->lock);
    if (still_there(r)) {
        reconcile(r, list);
    }
    pthread_mutex_unlock(&r->lock);
}

void ivd_region_status(struct ivd_region *r, struct ivd_region_status *status)
{
    pthread_mutex_lock(&r->lock);
    *status = (struct ivd_region_status){ .lost = r->lost,
                                          .found = r->found,
                                          .geo = r->region->geo,
                                          .beat = r->beat,
                                          .restored = r->restored,
                                          .reclaimed = r->reclaimed };
    pthread_mutex_unlock(&r->lock);
}

uint32_t ivd_region_vms(struct ivd_region *r, struct ivl_vm *list, uint32_t n)
{
    uint32_t count = 0;
    pthread_mutex_lock(&r->lock);
    for (uint32_t i = 0; i < r->table.count && count < n; i++) {
        if (r->table.entries[i].vm.state != IVL_VM_FREE) {
            list[count++] = (struct ivl_vm){ .slot = i, .vm = r->table.entries[i].vm };
        }
    }
    pthread_mutex_unlock(&r->lock);
    return count;
}

int ivd_region_fd(const struct ivd_region *r)
{
    return ivl_region_fd(r->region);
}
