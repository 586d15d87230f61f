/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The answer to "status": the daemon's regions and their VMs.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon.h"
#include "json_put.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown version"
#endif

static struct json_object *vm_json(const struct ivl_vm *entry)
{
    const struct ivl_abi_vm *vm = &entry->vm;
    struct json_object *o = json_object_new_object();
    struct json_object *macs = json_object_new_array();
    char mac[18];
    json_put_number(o, "slot", entry->slot);
    json_put_text(o, "state", vm->state == IVL_VM_ACTIVE ? "active" : "gone");
    json_put_text(o, "name", vm->name);
    json_put_uuid(o, "uuid", vm->uuid);
    for (uint32_t i = 0; i < vm->mac_count; i++) {
        ivl_mac_format(vm->macs[i], mac);
        json_put_text(macs, NULL, mac);
    }
    json_put(o, "macs", macs);
    json_put_number(o, "vfs", vm->vf_count);
    return o;
}

static struct json_object *vms_json(struct ivd_region *region)
{
    struct json_object *a = json_object_new_array();
    struct ivl_vm *list = calloc(IVL_VMS_MAX, sizeof(*list));
    uint32_t n = list ? ivd_region_vms(region, list, IVL_VMS_MAX) : 0;
    for (uint32_t i = 0; i < n; i++) {
        json_put(a, NULL, vm_json(&list[i]));
    }
    free(list);
    return a;
}

static struct json_object *region_json(const struct ivd_region_conf *conf,
                                       struct ivd_region *region,
                                       const struct ivd_doorbell *doorbell)
{
    struct json_object *o = json_object_new_object();
    struct ivd_region_status status;
    json_put_text(o, "name", conf->name);
    json_put_text(o, "path", conf->path);
    json_put_number(o, "bytes", conf->format.region_bytes);
    if (!region) {
        json_put_text(o, "state", "refused");
        return o;
    }
    ivd_region_status(region, &status);
    json_put_text(o, "state", status.lost ? "lost" : "served");
    json_put_uuid(o, "uuid", status.geo.region_uuid);
    json_put_number(o, "generation", status.geo.generation);
    json_put_number(o, "heartbeat", status.beat);
    json_put_number(o, "restored", status.restored);
    json_put_number(o, "reclaimed_jobs", status.reclaimed);
    json_put(o, "doorbell_clients",
             doorbell ? json_object_new_uint64(ivd_doorbell_clients(doorbell)) : NULL);
    json_put(o, "vms", vms_json(region));
    return o;
}

char *ivd_daemon_status(struct ivd_daemon *d)
{
    struct json_object *o = json_object_new_object();
    struct json_object *regions = json_object_new_array();
    json_put_text(o, "version", PACKAGE_VERSION);
    json_put_number(o, "pid", (uint64_t) getpid());
    json_put_text(o, "libvirt",
                  !d->source                        ? "none"
                  : ivd_source_connected(d->source) ? "connected"
                                                    : "not connected");
    for (uint32_t i = 0; i < d->config.region_count; i++) {
        json_put(regions, NULL, region_json(&d->config.regions[i], d->regions[i], d->doorbells[i]));
    }
    json_put(o, "regions", regions);
    return ivd_answer_object(o);
}
