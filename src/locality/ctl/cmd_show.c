/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl show: reads the region and hands it to one of the views.
 */
#include <errno.h>
#include <stdlib.h>

#include "show.h"

#define WATCH_MS 600 /* more than two beats at the usual setting */

static struct {
    char *vm;
    int json;
} opt;

/* clang-format off */
static const struct poptOption options[] = {
    { "json", 'j', POPT_ARG_NONE, &opt.json, 0, "write JSON, as the manual page describes", NULL },
    { "vm", 0, POPT_ARG_STRING, &opt.vm, 0, "show all about one VM", "NAME|SLOT" },
    POPT_TABLEEND
};
/* clang-format on */

static bool read_table(struct show *show)
{
    const struct ivl_region *region = show->region;
    show->vms = calloc(region->geo.table_count, sizeof(*show->vms));
    if (!show->vms) {
        ctl_complain("table", "out of memory", "free some memory");
        return false;
    }
    for (uint32_t slot = 0; slot < region->geo.table_count; slot++) {
        struct show_vm *vm = &show->vms[show->vm_count];
        vm->entry.slot = slot;
        vm->rc = ivl_table_read(region, slot, &vm->entry, &vm->diag);
        show->vm_count += vm->rc != -ENOENT;
    }
    return true;
}

/* Damage is shown in the view, and said here once more for those who look at the status. */
static enum ctl_status complain_damage(const struct show *show)
{
    enum ctl_status status = CTL_OK;
    for (uint32_t i = 0; i < show->vm_count; i++) {
        if (show->vms[i].rc) {
            status = ctl_fail(-EBADMSG, &show->vms[i].diag);
        }
    }
    for (uint32_t i = 0; i < show->jobs.count; i++) {
        if (show->jobs.list[i].rc) {
            status = ctl_fail(-EBADMSG, &show->jobs.list[i].diag);
        }
    }
    return status;
}

static enum ctl_status show_region(const struct ivl_region *region)
{
    struct show show = { .region = region };
    enum ctl_status status = CTL_FINDING;
    if (read_table(&show) && ctl_jobs_read(region, WATCH_MS, &show.jobs)) {
        ivl_usage_read(region, &show.usage);
        (opt.json ? show_json : show_text)(&show);
        status = complain_damage(&show);
        ctl_jobs_free(&show.jobs);
    }
    free(show.vms);
    return status;
}

static enum ctl_status show_one_vm(const struct ivl_region *region)
{
    struct ivl_diag diag;
    struct ivl_vm vm;
    int rc = ivl_table_find(region, opt.vm, &vm, &diag);
    if (rc) {
        return ctl_fail(rc, &diag);
    }
    (opt.json ? show_vm_json : show_vm_text)(&vm);
    return CTL_OK;
}

static enum ctl_status run(const struct ctl_line *line)
{
    struct ivl_region *region;
    enum ctl_status status = ctl_open(line, IVL_OPEN_READONLY, &region);
    if (status == CTL_OK) {
        status = opt.vm ? show_one_vm(region) : show_region(region);
        ivl_region_close(region);
    }
    return status;
}

const struct ctl_command ctl_show = {
    .name = "show",
    .operands = "[REGION]",
    .summary = "show the region, its VMs, jobs and memory",
    .options = options,
    .run = run,
};
