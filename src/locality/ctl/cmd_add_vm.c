/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl add-vm: enters a VM in the locality table.
 */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "parse.h"

static struct {
    char *slot, *uuid, *cid, *asset_tag, *numa, *cpus;
    const char **macs, **vfs;
    int self;
} opt;

/* clang-format off */
static const struct poptOption options[] = {
    { "uuid", 0, POPT_ARG_STRING, &opt.uuid, 0, "UUID of the VM, as libvirt has it", "UUID" },
    { "mac", 0, POPT_ARG_ARGV, &opt.macs, 0, "MAC address; up to 8 times", "MAC" },
    { "cid", 0, POPT_ARG_STRING, &opt.cid, 0, "context id of its vsock device", "N" },
    { "asset-tag", 0, POPT_ARG_STRING, &opt.asset_tag, 0, "asset tag of its chassis", "TEXT" },
    { "self", 0, POPT_ARG_NONE, &opt.self, 0,
      "in the VM or container: add what can be seen of it", NULL },
    { "slot", 0, POPT_ARG_STRING, &opt.slot, 0, "entry to take (the lowest free one)", "N" },
    { "numa", 0, POPT_ARG_STRING, &opt.numa, 0, "host NUMA nodes of its memory, 0..63", "LIST" },
    { "cpus", 0, POPT_ARG_STRING, &opt.cpus, 0, "host CPUs it is pinned to, 0..255", "LIST" },
    { "vf", 0, POPT_ARG_ARGV, &opt.vfs, 0,
      "virtual function it has: PCI address in the guest and node GUID; up to 4 times",
      "BDF[,GUID]" },
    POPT_TABLEEND
};
/* clang-format on */

static bool take_text(const char *option, const char *text, char *to, size_t size)
{
    char remedy[80];
    if (!text) {
        return true;
    }
    if (!*text || strlen(text) >= size) {
        snprintf(remedy, sizeof(remedy), "write 1 to %zu characters", size - 1);
        ctl_bad_value(option, text, remedy);
        return false;
    }
    memcpy(to, text, strlen(text) + 1);
    return true;
}

static bool take_macs(struct ivl_abi_vm *vm)
{
    for (const char **p = opt.macs; p && *p; p++) {
        if (vm->mac_count == IVL_VM_MACS_MAX) {
            ctl_bad_value("--mac", *p, "give at most 8");
            return false;
        }
        if (ivl_mac_parse(*p, vm->macs[vm->mac_count])) {
            ctl_bad_value("--mac", *p, "write six bytes, such as 52:54:00:12:34:56");
            return false;
        }
        vm->mac_count++;
    }
    return true;
}

static bool take_vfs(struct ivl_abi_vm *vm)
{
    for (const char **p = opt.vfs; p && *p; p++) {
        if (vm->vf_count == IVL_VM_VFS_MAX) {
            ctl_bad_value("--vf", *p, "give at most 4");
            return false;
        }
        if (!parse_vf(*p, &vm->vfs[vm->vf_count])) {
            ctl_bad_value("--vf", *p, "write such as 0000:05:00.1,0002c90300001234");
            return false;
        }
        vm->vf_count++;
    }
    return true;
}

static bool take_ids(struct ivl_abi_vm *vm)
{
    uint64_t cid = 0;
    if (opt.uuid && ivl_uuid_parse(opt.uuid, vm->uuid)) {
        ctl_bad_value("--uuid", opt.uuid, "write it as 8-4-4-4-12 hex digits");
        return false;
    }
    if (opt.cid && (!parse_number(opt.cid, UINT32_MAX - 1, &cid) || cid < 3)) {
        ctl_bad_value("--cid", opt.cid, "choose 3 to 4294967294");
        return false;
    }
    vm->vsock_cid = (uint32_t) cid;
    return take_text("--asset-tag", opt.asset_tag, vm->asset_tag, sizeof(vm->asset_tag)) &&
           take_macs(vm);
}

static bool take_place(struct ivl_abi_vm *vm)
{
    if (opt.numa && !parse_mask(opt.numa, &vm->numa_mask, 64)) {
        ctl_bad_value("--numa", opt.numa, "write nodes from 0 to 63, such as 0,2-3");
        return false;
    }
    if (opt.cpus && !parse_mask(opt.cpus, vm->cpu_mask, IVL_VM_CPUMASK_WORDS * 64)) {
        ctl_bad_value("--cpus", opt.cpus, "write CPUs from 0 to 255, such as 0-7,16-23");
        return false;
    }
    return take_vfs(vm);
}

static bool take_vm(const char *name, struct ivl_abi_vm *vm)
{
    return take_text("NAME", name, vm->name, sizeof(vm->name)) && take_ids(vm) && take_place(vm);
}

static bool has_mac(const struct ivl_abi_vm *vm, const uint8_t mac[6])
{
    for (uint32_t i = 0; i < vm->mac_count; i++) {
        if (memcmp(vm->macs[i], mac, 6) == 0) {
            return true;
        }
    }
    return false;
}

/* Adds what was not given. The asset tag only if a user can see nothing else of this VM: vendors
 * give all their machines the same one. */
static void add_self(struct ivl_abi_vm *vm)
{
    struct ivl_vmid id;
    ivl_vmid_probe(ctl_sysroot, &id);
    for (uint32_t i = 0; i < id.mac_count && vm->mac_count < IVL_VM_MACS_MAX; i++) {
        bool group = id.macs[i][0] & 1;
        if (!group && !has_mac(vm, id.macs[i])) {
            memcpy(vm->macs[vm->mac_count++], id.macs[i], 6);
        }
    }
    if (!opt.cid) {
        vm->vsock_cid = id.vsock_cid;
    }
    if (!opt.uuid) {
        memcpy(vm->uuid, id.uuid, sizeof(vm->uuid));
    }
    if (!opt.asset_tag && vm->mac_count == 0 && vm->vsock_cid == 0) {
        memcpy(vm->asset_tag, id.asset_tag, sizeof(vm->asset_tag));
    }
}

static bool has_identity(const struct ivl_abi_vm *vm)
{
    return vm->mac_count || vm->vsock_cid || vm->asset_tag[0] || !ivl_uuid_is_zero(vm->uuid);
}

static enum ctl_status add(const struct ctl_line *line, const struct ivl_abi_vm *vm, uint32_t want)
{
    struct ivl_region *region;
    struct ivl_diag diag;
    uint32_t slot = 0;
    enum ctl_status status = ctl_open(line, 0, &region);
    if (status != CTL_OK) {
        return status;
    }
    int rc = ivl_table_add(region, vm, want, &slot, &diag);
    if (rc) {
        status = ctl_fail(rc, &diag);
    } else {
        printf("%s: slot %u%s\n", vm->name, slot,
               has_identity(vm) ? ""
                                : "; ranks find it by MPIR_CVAR_IVSHMEM_VM only (no identity)");
    }
    ivl_region_close(region);
    return status;
}

static enum ctl_status run(const struct ctl_line *line)
{
    struct ivl_abi_vm vm;
    uint64_t want = UINT32_MAX;
    memset(&vm, 0, sizeof(vm));
    if (opt.slot && !parse_number(opt.slot, IVL_VMS_MAX - 1, &want)) {
        return ctl_bad_value("--slot", opt.slot, "choose 0 to 1023");
    }
    if (!take_vm(line->args[0], &vm)) {
        return CTL_USAGE;
    }
    if (opt.self) {
        add_self(&vm);
    }
    return add(line, &vm, (uint32_t) want);
}

const struct ctl_command ctl_add_vm = {
    .name = "add-vm",
    .operands = "[REGION] NAME",
    .summary = "enter a VM in the region's table",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
