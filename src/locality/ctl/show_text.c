/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl show: the view for people.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "show.h"

const char *show_vm_state(const struct ivl_vm *vm)
{
    return vm->vm.state == IVL_VM_GONE ? "gone" : "active";
}

static void print_region(const struct ivl_region *region)
{
    const struct ivl_geometry *geo = &region->geo;
    char uuid[37];
    ivl_uuid_format(geo->region_uuid, uuid);
    printf("region  %s\n", region->uri);
    printf("        %s", ctl_size_text(geo->region_bytes).s);
    if (region->map_bytes != geo->region_bytes) {
        printf(" of %s there", ctl_size_text(region->map_bytes).s);
    }
    printf(", ABI %d.%u, lease %u s\n", IVL_ABI_MAJOR, geo->version_minor, geo->lease_ms / 1000);
    printf("        generation %" PRIu64 ", uuid %s\n", geo->generation, uuid);
}

/* ---- VMs ---------------------------------------------------------------------------------- */

/* Prints ", " before all but the first. */
static void print_item(int *count, const char *name, const char *value)
{
    printf("%s%s %s", (*count)++ ? ", " : "", name, value);
}

static void print_identity(const struct ivl_abi_vm *vm)
{
    char text[40];
    int count = 0;
    if (!ivl_uuid_is_zero(vm->uuid)) {
        ivl_uuid_format(vm->uuid, text);
        print_item(&count, "uuid", text);
    }
    for (uint32_t i = 0; i < vm->mac_count; i++) {
        ivl_mac_format(vm->macs[i], text);
        print_item(&count, "mac", text);
    }
    if (vm->vsock_cid) {
        snprintf(text, sizeof(text), "%u", vm->vsock_cid);
        print_item(&count, "cid", text);
    }
    if (vm->asset_tag[0]) {
        print_item(&count, "asset tag", vm->asset_tag);
    }
    if (count == 0) {
        printf("no identity");
    }
}

static void print_vms(const struct show *show)
{
    printf("VMs     %u of %u entries\n", show->vm_count, show->region->geo.table_count);
    for (uint32_t i = 0; i < show->vm_count; i++) {
        const struct show_vm *vm = &show->vms[i];
        if (vm->rc) {
            printf("  %4u  damaged: %s\n", vm->entry.slot, vm->diag.what);
            continue;
        }
        printf("  %4u  %s%s: ", vm->entry.slot, vm->entry.vm.name,
               vm->entry.vm.state == IVL_VM_GONE ? " (gone)" : "");
        print_identity(&vm->entry.vm);
        putchar('\n');
    }
}

/* "0,2-5" */
static void print_list(const char *name, const uint64_t *words, unsigned bits)
{
    int count = 0;
    for (unsigned i = 0; i < bits; i++) {
        unsigned last = i;
        if (!(words[i / 64] >> i % 64 & 1)) {
            continue;
        }
        while (last + 1 < bits && (words[(last + 1) / 64] >> (last + 1) % 64 & 1)) {
            last++;
        }
        printf(count++ ? "," : "%-10s", name);
        printf(last == i ? "%u" : "%u-%u", i, last);
        i = last;
    }
    if (count) {
        putchar('\n');
    }
}

void show_vm_text(const struct ivl_vm *vm)
{
    printf("name      %s\nslot      %u\nstate     %s\nepoch     %" PRIu64 "\nidentity  ",
           vm->vm.name, vm->slot, show_vm_state(vm), vm->vm.epoch);
    print_identity(&vm->vm);
    putchar('\n');
    for (uint32_t i = 0; i < vm->vm.vf_count; i++) {
        const struct ivl_abi_vf *vf = &vm->vm.vfs[i];
        printf("vf        %04x:%02x:%02x.%x", vf->pci_domain, vf->pci_bus, vf->pci_device,
               vf->pci_function);
        if (vf->node_guid) {
            printf(", node GUID %016" PRIx64, vf->node_guid);
        }
        putchar('\n');
    }
    print_list("numa", &vm->vm.numa_mask, 64);
    print_list("cpus", vm->vm.cpu_mask, IVL_VM_CPUMASK_WORDS * 64);
}

/* ---- jobs and memory ---------------------------------------------------------------------- */

static void print_job(const struct show *show, const struct ctl_job *job)
{
    const struct ivl_job_info *info = &job->info;
    if (job->rc) {
        printf("  %4u  damaged: %s\n", job->slot, job->diag.what);
        return;
    }
    printf("  %4u  %s, of %s, ", job->slot, ctl_job_state_text(info->state),
           ctl_vm_name(show->region, info->creator_vm).s);
    printf("%s, ", ctl_count_text(info->member_count, "member").s);
    printf("%s in ", ctl_size_text(ctl_job_bytes(show->region, info)).s);
    printf("%s, %s\n", ctl_count_text(info->blocks, "block").s,
           job->beating ? "beating" : "silent just now");
}

static void print_heap(const struct show *show)
{
    const struct ivl_usage *usage = &show->usage;
    printf("heap    %s free of ", ctl_size_text(usage->free_bytes).s);
    printf("%s, ", ctl_size_text(usage->heap_bytes).s);
    printf("%s in a row, ", ctl_size_text(usage->largest_free_bytes).s);
    printf("chunks of %s\n", ctl_size_text(show->region->geo.chunk_bytes).s);
    if (usage->orphan_chunks) {
        printf("        %s of no living job: ivshmemctl gc frees them\n",
               ctl_count_text(usage->orphan_chunks, "chunk").s);
    }
    if (usage->corrupt_chunks) {
        printf("        %s with a damaged descriptor\n",
               ctl_count_text(usage->corrupt_chunks, "chunk").s);
    }
    if (show_all_free(show)) {
        puts("all arenas free");
    }
}

void show_text(const struct show *show)
{
    print_region(show->region);
    print_vms(show);
    printf("jobs    %u of %u slots\n", show->jobs.count, show->region->geo.jobs_count);
    for (uint32_t i = 0; i < show->jobs.count; i++) {
        print_job(show, &show->jobs.list[i]);
    }
    print_heap(show);
}
