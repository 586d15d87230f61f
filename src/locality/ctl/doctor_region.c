/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl doctor: checks of the region: what it is made of, who is in it, what is left of it.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "doctor.h"
#include "ivs_size.h"
#include "parse.h"

#define HEARTBEAT_WATCH_MS 2000

/* As MPICH and the ivshmem module have them by default; see doc/knobs.md. */
#define ARENA_PERCENT 50
static const struct ivs_queues queues_full = { 128, 16384, 64 };

/* Not a fault: the region is used without it too. */
static void check_driver(struct doctor *doctor)
{
    const struct ivl_region *region = doctor->region;
    if (region->backend == IVL_BACKEND_DRIVER) {
        doctor_add(doctor, LEVEL_OK, "driver", "", "memory by %s: cached, can be registered",
                   region->path);
    } else if (region->no_driver) {
        doctor_add_diag(doctor, region->no_driver == -ENODEV ? LEVEL_OK : LEVEL_WARN, "driver",
                        &region->no_driver_why);
    }
}

bool doctor_check_region(struct doctor *doctor)
{
    struct ivl_diag diag;
    if (ivl_region_open(doctor->uri, 0, &doctor->region, &diag)) {
        doctor_add_diag(doctor, LEVEL_FAIL, "region", &diag);
        return false;
    }
    const struct ivl_region *region = doctor->region;
    doctor_add(doctor, LEVEL_OK, "region", "", "%s: %s, ABI %d.%u, generation %llu", region->uri,
               ctl_size_text(region->geo.region_bytes).s, IVL_ABI_MAJOR, region->geo.version_minor,
               (unsigned long long) region->geo.generation);
    if (region->map_bytes - region->geo.region_bytes >= region->geo.chunk_bytes) {
        doctor_add(doctor, LEVEL_WARN, "region",
                   "make it anew in the full size: ivshmemctl create --in-place",
                   "uses %s, the device or file has more",
                   ctl_size_text(region->geo.region_bytes).s);
    }
    check_driver(doctor);
    return true;
}

/* Only of a file can we see what pages it has. */
void doctor_check_pages(struct doctor *doctor)
{
    char text[80] = "unknown";
    struct statfs fs;
    if (doctor->region->backend != IVL_BACKEND_FILE || statfs(doctor->region->path, &fs)) {
        return;
    }
    if (fs.f_type == HUGETLBFS_MAGIC) {
        doctor_add(doctor, LEVEL_OK, "pages", "", "huge pages of %s",
                   ctl_size_text((uint64_t) fs.f_bsize).s);
    } else if (fs.f_type != TMPFS_MAGIC) {
        doctor_add(doctor, LEVEL_WARN, "pages", "make it on /dev/shm or on hugetlbfs",
                   "the file is on a disk, which gets all changes written to it");
    } else {
        doctor_read_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled", text, sizeof(text));
        bool huge = strstr(text, "[always]") || strstr(text, "[within_size]");
        doctor_add(doctor, LEVEL_OK, "pages",
                   huge ? "" : "a file on hugetlbfs is faster for large messages",
                   huge ? "tmpfs with huge pages where they fit" : "tmpfs with small pages");
    }
}

/* ---- the table ---------------------------------------------------------------------------- */

static void check_named_vm(struct doctor *doctor, const char *name)
{
    struct ivl_diag diag;
    struct ivl_vm vm;
    if (strcmp(name, "clique") == 0) {
        doctor_add(doctor, LEVEL_WARN, "vm", "unset MPIR_CVAR_IVSHMEM_VM for real use",
                   "MPIR_CVAR_IVSHMEM_VM is clique: ranks pretend to be in several VMs");
    } else if (ivl_table_find(doctor->region, name, &vm, &diag)) {
        snprintf(diag.remedy, sizeof(diag.remedy), "correct MPIR_CVAR_IVSHMEM_VM, or add the VM");
        doctor_add_diag(doctor, LEVEL_FAIL, "vm", &diag);
    } else {
        doctor_add(doctor, LEVEL_OK, "vm", "", "this is %s (slot %u), by MPIR_CVAR_IVSHMEM_VM",
                   vm.vm.name, vm.slot);
    }
}

void doctor_check_vm(struct doctor *doctor)
{
    const char *name = getenv("MPIR_CVAR_IVSHMEM_VM"), *by;
    struct ivl_diag diag;
    struct ivl_vmid id;
    struct ivl_vm vm;
    if (doctor->host) {
        return;
    }
    if (name && *name) {
        check_named_vm(doctor, name);
        return;
    }
    ivl_vmid_probe(ctl_sysroot, &id);
    if (ivl_vmid_match(doctor->region, &id, &vm, &by, &diag)) {
        doctor_add_diag(doctor, LEVEL_FAIL, "vm", &diag);
    } else {
        doctor_add(doctor, LEVEL_OK, "vm", "", "this is %s (slot %u), by its %s", vm.vm.name,
                   vm.slot, by);
    }
}

void doctor_check_table(struct doctor *doctor)
{
    struct ivl_diag diag;
    struct ivl_vm vm;
    uint32_t count = 0;
    if (ivl_table_check(doctor->region, &diag)) {
        doctor_add_diag(doctor, LEVEL_FAIL, "table", &diag);
        return;
    }
    for (uint32_t slot = 0; slot < doctor->region->geo.table_count; slot++) {
        count +=
            ivl_table_read(doctor->region, slot, &vm, NULL) == 0 && vm.vm.state == IVL_VM_ACTIVE;
    }
    doctor_add(doctor, count > 1 ? LEVEL_OK : LEVEL_WARN, "table",
               count > 1 ? "" : "add the other VMs: ivshmemctl add-vm", "%s, no identity twice",
               ctl_count_text(count, "VM").s);
}

void doctor_check_daemon(struct doctor *doctor)
{
    uint64_t first = ivl_region_heartbeat(doctor->region);
    uint64_t end = ctl_now_ms() + HEARTBEAT_WATCH_MS;
    if (first == 0) {
        doctor_add(doctor, LEVEL_OK, "daemon", "",
                   "no host daemon, so jobs free what dead ones hold");
        return;
    }
    while (ivl_region_heartbeat(doctor->region) == first && ctl_now_ms() < end) {
        ctl_sleep_ms(50);
    }
    if (ivl_region_heartbeat(doctor->region) != first) {
        doctor_add(doctor, LEVEL_OK, "daemon", "", "the host daemon runs");
    } else {
        doctor_add(doctor, LEVEL_WARN, "daemon", "start it again on the host",
                   "the host daemon ran once, but showed no sign of life for %d s",
                   HEARTBEAT_WATCH_MS / 1000);
    }
}

/* ---- memory ------------------------------------------------------------------------------- */

static uint64_t arena_percent(void)
{
    const char *text = getenv("MPIR_CVAR_IVSHMEM_ARENA_PERCENT");
    uint64_t percent = ARENA_PERCENT;
    if (text && (!parse_number(text, 95, &percent) || percent == 0)) {
        percent = ARENA_PERCENT; /* MPI_Init will refuse it */
    }
    return percent;
}

/* The job's queues are one piece of the heap; at most the set share of what is free. */
void doctor_check_room(struct doctor *doctor)
{
    const uint32_t ranks = doctor->ranks, chunk = doctor->region->geo.chunk_bytes;
    const uint64_t percent = arena_percent();
    uint64_t need = ivs_size_need(ranks, ranks, chunk, &ivs_queues_least);
    struct ivs_queues queues;
    struct ivl_usage usage;
    ivl_usage_read(doctor->region, &usage);
    uint64_t budget = usage.free_bytes / 100 * percent;
    budget = budget < usage.largest_free_bytes ? budget : usage.largest_free_bytes;
    if (usage.heap_bytes / 100 * percent < need) {
        struct ctl_text whole = ctl_size_text(need * 100 / percent);
        doctor_add(doctor, LEVEL_FAIL, "room", "make a larger region, or run fewer ranks",
                   "too small for %s: needs %s of heap, has %s", ctl_count_text(ranks, "rank").s,
                   whole.s, ctl_size_text(usage.heap_bytes).s);
    } else if (!ivs_size_fit(ranks, ranks, chunk, budget, &queues_full, &queues)) {
        doctor_add(doctor, LEVEL_WARN, "room", "wait for other jobs to end, or ivshmemctl gc",
                   "too full for %s now: %s free, %s in a row", ctl_count_text(ranks, "rank").s,
                   ctl_size_text(usage.free_bytes).s, ctl_size_text(usage.largest_free_bytes).s);
    } else {
        bool full = queues.cells == queues_full.cells;
        doctor_add(doctor, LEVEL_OK, "room", full ? "" : "a larger region makes them deeper",
                   "enough for %s, with %u cells of %u bytes each", ctl_count_text(ranks, "rank").s,
                   queues.cells, queues.cell_bytes);
    }
}

void doctor_check_jobs(struct doctor *doctor)
{
    struct ivl_job_info info;
    struct ivl_usage usage;
    struct ivl_diag diag;
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < doctor->region->geo.jobs_count; slot++) {
        int rc = ivl_job_read(doctor->region, slot, false, &info, &diag);
        if (rc && rc != -ENOENT) {
            doctor_add_diag(doctor, LEVEL_WARN, "jobs", &diag);
        }
        count += rc == 0;
    }
    ivl_usage_read(doctor->region, &usage);
    if (usage.orphan_chunks || usage.corrupt_chunks) {
        doctor_add(doctor, LEVEL_WARN, "jobs", "ivshmemctl gc",
                   "%llu chunks belong to no living job, %llu have a damaged descriptor",
                   (unsigned long long) usage.orphan_chunks,
                   (unsigned long long) usage.corrupt_chunks);
    }
    doctor_add(doctor, LEVEL_OK, "jobs", "", "%u of %u slots in use", count,
               doctor->region->geo.jobs_count);
}
