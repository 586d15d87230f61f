/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl show --json. The schema is in the manual page; members are added to it, never
 * changed or removed, while "schema" stays the same.
 */
#include <inttypes.h>
#include <stdio.h>

#include "json_put.h"
#include "show.h"

#define SCHEMA 1

static struct json_object *region_json(const struct ivl_region *region)
{
    static const char *const backends[] = { "file", "pci", "dax" };
    const struct ivl_geometry *geo = &region->geo;
    struct json_object *o = json_object_new_object();
    char abi[16];
    snprintf(abi, sizeof(abi), "%d.%u", IVL_ABI_MAJOR, geo->version_minor);
    json_put_text(o, "uri", region->uri);
    json_put_text(o, "path", region->path);
    json_put_text(o, "backend", backends[region->backend]);
    json_put_text(o, "abi", abi);
    json_put_number(o, "bytes", geo->region_bytes);
    json_put_number(o, "mapped_bytes", region->map_bytes);
    json_put_uuid(o, "uuid", geo->region_uuid);
    json_put_number(o, "generation", geo->generation);
    json_put_number(o, "lease_ms", geo->lease_ms);
    json_put_uuid(o, "host_uuid", geo->host_uuid);
    json_put_uuid(o, "host_boot_id", geo->host_boot_id);
    json_put_number(o, "host_heartbeat", ivl_region_heartbeat(region));
    json_put_number(o, "vm_entries", geo->table_count);
    json_put_number(o, "job_slots", geo->jobs_count);
    return o;
}

/* ---- VMs ---------------------------------------------------------------------------------- */

static struct json_object *bits_json(const uint64_t *words, unsigned bits)
{
    struct json_object *a = json_object_new_array();
    for (unsigned i = 0; i < bits; i++) {
        if (words[i / 64] >> i % 64 & 1) {
            json_put_number(a, NULL, i);
        }
    }
    return a;
}

static struct json_object *macs_json(const struct ivl_abi_vm *vm)
{
    struct json_object *a = json_object_new_array();
    for (uint32_t i = 0; i < vm->mac_count; i++) {
        char text[18];
        ivl_mac_format(vm->macs[i], text);
        json_put_text(a, NULL, text);
    }
    return a;
}

static struct json_object *vfs_json(const struct ivl_abi_vm *vm)
{
    struct json_object *a = json_object_new_array();
    for (uint32_t i = 0; i < vm->vf_count; i++) {
        const struct ivl_abi_vf *vf = &vm->vfs[i];
        struct json_object *o = json_object_new_object();
        char text[32];
        snprintf(text, sizeof(text), "%04x:%02x:%02x.%x", vf->pci_domain, vf->pci_bus,
                 vf->pci_device, vf->pci_function);
        json_put_text(o, "address", text);
        snprintf(text, sizeof(text), "%016" PRIx64, vf->node_guid);
        json_put_text(o, "node_guid", vf->node_guid ? text : NULL);
        json_put(a, NULL, o);
    }
    return a;
}

static struct json_object *vm_json(const struct ivl_vm *entry)
{
    const struct ivl_abi_vm *vm = &entry->vm;
    struct json_object *o = json_object_new_object();
    json_put_number(o, "slot", entry->slot);
    json_put_text(o, "state", show_vm_state(entry));
    json_put_text(o, "name", vm->name);
    json_put_number(o, "epoch", vm->epoch);
    json_put_uuid(o, "uuid", vm->uuid);
    json_put(o, "macs", macs_json(vm));
    json_put(o, "vsock_cid", vm->vsock_cid ? json_object_new_uint64(vm->vsock_cid) : NULL);
    json_put_text(o, "asset_tag", vm->asset_tag[0] ? vm->asset_tag : NULL);
    json_put(o, "vfs", vfs_json(vm));
    json_put(o, "numa", bits_json(&vm->numa_mask, 64));
    json_put(o, "cpus", bits_json(vm->cpu_mask, IVL_VM_CPUMASK_WORDS * 64));
    return o;
}

static struct json_object *damaged_json(uint32_t slot, const struct ivl_diag *diag)
{
    struct json_object *o = json_object_new_object();
    json_put_number(o, "slot", slot);
    json_put_text(o, "state", "damaged");
    json_put_text(o, "problem", diag->what);
    return o;
}

static struct json_object *vms_json(const struct show *show)
{
    struct json_object *a = json_object_new_array();
    for (uint32_t i = 0; i < show->vm_count; i++) {
        const struct show_vm *vm = &show->vms[i];
        json_put(a, NULL, vm->rc ? damaged_json(vm->entry.slot, &vm->diag) : vm_json(&vm->entry));
    }
    return a;
}

/* ---- jobs and memory ---------------------------------------------------------------------- */

static struct json_object *job_json(const struct show *show, const struct ctl_job *job)
{
    const struct ivl_job_info *info = &job->info;
    struct json_object *o = json_object_new_object();
    char key[33];
    for (size_t i = 0; i < sizeof(info->key); i++) {
        snprintf(key + 2 * i, 3, "%02x", info->key[i]);
    }
    json_put_number(o, "slot", job->slot);
    json_put_text(o, "state", ctl_job_state_text(info->state));
    json_put_number(o, "epoch", info->job.epoch);
    json_put_text(o, "key", key);
    json_put_number(o, "creator_vm", info->creator_vm);
    json_put_number(o, "members", info->member_count);
    json_put_number(o, "heartbeat", info->heartbeat);
    json_put_flag(o, "beating", job->beating);
    json_put_number(o, "blocks", info->blocks);
    json_put_number(o, "chunks", info->chunks);
    json_put_number(o, "bytes", ctl_job_bytes(show->region, info));
    return o;
}

static struct json_object *jobs_json(const struct show *show)
{
    struct json_object *a = json_object_new_array();
    for (uint32_t i = 0; i < show->jobs.count; i++) {
        const struct ctl_job *job = &show->jobs.list[i];
        json_put(a, NULL, job->rc ? damaged_json(job->slot, &job->diag) : job_json(show, job));
    }
    return a;
}

static struct json_object *heap_json(const struct show *show)
{
    const struct ivl_usage *usage = &show->usage;
    struct json_object *o = json_object_new_object();
    json_put_number(o, "bytes", usage->heap_bytes);
    json_put_number(o, "free_bytes", usage->free_bytes);
    json_put_number(o, "largest_free_bytes", usage->largest_free_bytes);
    json_put_number(o, "chunk_bytes", show->region->geo.chunk_bytes);
    json_put_number(o, "chunks", usage->chunks);
    json_put_number(o, "free_chunks", usage->free_chunks);
    json_put_number(o, "orphan_chunks", usage->orphan_chunks);
    json_put_number(o, "damaged_chunks", usage->corrupt_chunks);
    json_put_flag(o, "all_free", show_all_free(show));
    return o;
}

void show_json(const struct show *show)
{
    struct json_object *o = json_object_new_object();
    json_put_number(o, "schema", SCHEMA);
    json_put(o, "region", region_json(show->region));
    json_put(o, "vms", vms_json(show));
    json_put(o, "jobs", jobs_json(show));
    json_put(o, "heap", heap_json(show));
    json_print(o);
}

void show_vm_json(const struct ivl_vm *vm)
{
    struct json_object *o = vm_json(vm);
    json_put_number(o, "schema", SCHEMA);
    json_print(o);
}
