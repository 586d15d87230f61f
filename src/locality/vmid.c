/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Who am I: what a process can see of its VM, and the table entry that fits.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/vm_sockets.h>

#define MACS_MAX ((uint32_t) (sizeof(((struct ivl_vmid *) 0)->macs) / 6))
#define NET_DIR "/sys/class/net"

/* ---- probing ------------------------------------------------------------------------------- */

static bool knows_mac(const struct ivl_vmid *id, const uint8_t mac[6])
{
    for (uint32_t i = 0; i < id->mac_count; i++) {
        if (memcmp(id->macs[i], mac, 6) == 0) {
            return true;
        }
    }
    return false;
}

static void probe_interface(const char *root, const char *name, bool hardware, struct ivl_vmid *id)
{
    char path[384], full[800], text[32];
    uint8_t mac[6];
    snprintf(full, sizeof(full), "%.400s" NET_DIR "/%.255s/device", root, name);
    if ((access(full, F_OK) == 0) != hardware || id->mac_count == MACS_MAX) {
        return;
    }
    snprintf(path, sizeof(path), NET_DIR "/%.255s/address", name);
    if (ivl_text_read(root, path, text, sizeof(text)) == 0 && ivl_mac_parse(text, mac) == 0 &&
        !ivl_mac_is_zero(mac) && !knows_mac(id, mac)) {
        memcpy(id->macs[id->mac_count++], mac, 6);
    }
}

/* Interfaces with a device behind them first, so that a crowd of virtual ones cannot push them
 * out of the list. */
static void probe_macs(const char *root, struct ivl_vmid *id)
{
    char path[512];
    struct dirent **list;
    snprintf(path, sizeof(path), "%.400s" NET_DIR, root);
    int n = scandir(path, &list, NULL, alphasort);
    for (int hardware = 1; hardware >= 0; hardware--) {
        for (int i = 0; i < n; i++) {
            if (list[i]->d_name[0] != '.') {
                probe_interface(root, list[i]->d_name, hardware, id);
            }
        }
    }
    for (int i = 0; i < n; i++) {
        free(list[i]);
    }
    if (n >= 0) {
        free(list);
    }
}

static uint32_t guest_cid(uint64_t cid)
{
    return cid >= 3 && cid < UINT32_MAX ? (uint32_t) cid : 0; /* below: hypervisor, local, host */
}

static uint32_t probe_cid(const char *root)
{
    char text[32];
    unsigned cid = 0;
    if (*root) {
        int rc = ivl_text_read(root, "/vsock_cid", text, sizeof(text));
        return rc ? 0 : guest_cid(strtoull(text, NULL, 10));
    }
    int fd = open("/dev/vsock", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    int rc = ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid);
    close(fd);
    return rc ? 0 : guest_cid(cid);
}

static void probe_uuid(const char *root, const char *path, uint8_t uuid[IVL_UUID_BYTES])
{
    char text[64];
    if (ivl_text_read(root, path, text, sizeof(text)) == 0) {
        (void) ivl_uuid_parse(text, uuid); /* left zero if it is not one */
    }
}

void ivl_vmid_probe(const char *sysroot, struct ivl_vmid *id)
{
    memset(id, 0, sizeof(*id));
    probe_macs(sysroot, id);
    id->vsock_cid = probe_cid(sysroot);
    probe_uuid(sysroot, "/sys/class/dmi/id/product_uuid", id->uuid);
    probe_uuid(sysroot, "/proc/sys/kernel/random/boot_id", id->boot_id);
    if (ivl_text_read(sysroot, "/sys/class/dmi/id/chassis_asset_tag", id->asset_tag,
                      sizeof(id->asset_tag))) {
        id->asset_tag[0] = '\0';
    }
}

/* ---- matching ------------------------------------------------------------------------------ */

static bool shares_mac(const struct ivl_vmid *id, const struct ivl_abi_vm *vm)
{
    for (uint32_t i = 0; i < vm->mac_count; i++) {
        if (knows_mac(id, vm->macs[i])) {
            return true;
        }
    }
    return false;
}

/* By what the entry is us, the surest first; NULL if it is not. */
static const char *match_entry(const struct ivl_vmid *id, const struct ivl_abi_vm *vm)
{
    if (!ivl_uuid_is_zero(id->uuid) && memcmp(id->uuid, vm->uuid, IVL_UUID_BYTES) == 0) {
        return "uuid";
    }
    if (id->asset_tag[0] && strcmp(id->asset_tag, vm->asset_tag) == 0) {
        return "asset-tag";
    }
    if (id->vsock_cid && id->vsock_cid == vm->vsock_cid) {
        return "vsock-cid";
    }
    return shares_mac(id, vm) ? "mac" : NULL;
}

static bool other_uuid(const struct ivl_vmid *id, const struct ivl_abi_vm *vm)
{
    return !ivl_uuid_is_zero(id->uuid) && !ivl_uuid_is_zero(vm->uuid) &&
           memcmp(id->uuid, vm->uuid, IVL_UUID_BYTES) != 0;
}

static int fail_no_match(const struct ivl_region *region, const struct ivl_vmid *id,
                         struct ivl_diag *diag)
{
    char uuid[37] = "unreadable", mac[18] = "none";
    if (!ivl_uuid_is_zero(id->uuid)) {
        ivl_uuid_format(id->uuid, uuid);
    }
    if (id->mac_count) {
        ivl_mac_format(id->macs[0], mac);
    }
    return ivl_fail(diag, -ENOENT, region->uri, "on the host: ivshmemctl add-vm",
                    "no entry for this VM (uuid %s, asset tag \"%s\", vsock CID %u, %u MACs, first "
                    "%s)",
                    uuid, id->asset_tag, id->vsock_cid, id->mac_count, mac);
}

static int fail_clone(const struct ivl_vm *vm, const char *by, struct ivl_diag *diag)
{
    return ivl_fail(diag, -ENOTUNIQ, "this VM",
                    "correct the table, or give the clone its own MAC "
                    "addresses, CID and asset tag",
                    "entry %s (slot %u) has our %s but another UUID: a clone?", vm->vm.name,
                    vm->slot, by);
}

int ivl_vmid_match(const struct ivl_region *region, const struct ivl_vmid *id, struct ivl_vm *vm,
                   const char **by, struct ivl_diag *diag)
{
    struct ivl_vm found, entry;
    const char *found_by = NULL;
    for (uint32_t slot = 0; slot < region->geo.table_count; slot++) {
        if (ivl_table_read(region, slot, &entry, NULL) || entry.vm.state != IVL_VM_ACTIVE) {
            continue;
        }
        const char *entry_by = match_entry(id, &entry.vm);
        if (entry_by && other_uuid(id, &entry.vm)) {
            return fail_clone(&entry, entry_by, diag);
        }
        if (entry_by && found_by) {
            return ivl_fail(diag, -ENOTUNIQ, "this VM", "correct the table on the host",
                            "matches %s (slot %u) by %s and %s (slot %u) by %s", found.vm.name,
                            found.slot, found_by, entry.vm.name, entry.slot, entry_by);
        }
        if (entry_by) {
            found = entry;
            found_by = entry_by;
        }
    }
    if (!found_by) {
        return fail_no_match(region, id, diag);
    }
    *vm = found;
    if (by) {
        *by = found_by;
    }
    return 0;
}
