/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The locality table: the input is the table. All readers must come back; what they accept is in
 * range; the host can mend it.
 */
#include "fuzz.h"

#include <errno.h>

#define VMS 4

static bool text_ok(const char *text, size_t size)
{
    const char *end = memchr(text, 0, size);
    if (!end) {
        return false;
    }
    for (const char *p = text; p < end; p++) {
        if (*p < ' ' || *p > '~') {
            return false;
        }
    }
    return true;
}

static void check_vm(const struct ivl_vm *vm)
{
    require(vm->slot < VMS);
    require(vm->vm.state == IVL_VM_ACTIVE || vm->vm.state == IVL_VM_GONE);
    require(vm->vm.mac_count <= IVL_VM_MACS_MAX && vm->vm.vf_count <= IVL_VM_VFS_MAX);
    require(text_ok(vm->vm.name, sizeof(vm->vm.name)) && vm->vm.name[0]);
    require(!strpbrk(vm->vm.name, "/ "));
    require(text_ok(vm->vm.asset_tag, sizeof(vm->vm.asset_tag)));
    for (uint32_t i = 0; i < vm->vm.vf_count; i++) {
        require(vm->vm.vfs[i].pci_device < 32 && vm->vm.vfs[i].pci_function < 8);
    }
}

/* Every entry; each active one is found by its name and by what identifies it. */
static void read_all(void)
{
    for (uint32_t slot = 0; slot <= VMS; slot++) {
        struct ivl_diag diag;
        struct ivl_vm vm, found;
        int rc = ivl_table_read(fuzz_region, slot, &vm, &diag);
        fuzz_check_diag(rc, &diag);
        if (rc) {
            continue;
        }
        check_vm(&vm);
        rc = ivl_table_find(fuzz_region, vm.vm.name, &found, &diag);
        require(rc == 0 || vm.vm.state == IVL_VM_GONE);
    }
}

static void match(void)
{
    struct ivl_vm vm;
    for (uint32_t slot = 0; slot < VMS; slot++) {
        struct ivl_diag diag;
        struct ivl_vmid id;
        const char *by = NULL;
        memset(&id, 0, sizeof(id));
        if (ivl_table_read(fuzz_region, slot, &vm, NULL)) {
            continue;
        }
        memcpy(id.uuid, vm.vm.uuid, sizeof(id.uuid));
        id.vsock_cid = vm.vm.vsock_cid;
        id.mac_count = vm.vm.mac_count;
        memcpy(id.macs, vm.vm.macs, sizeof(vm.vm.macs));
        int rc = ivl_vmid_match(fuzz_region, &id, &vm, &by, &diag);
        fuzz_check_diag(rc, &diag);
        require(rc == 0 || rc == -ENOENT || rc == -ENOTUNIQ);
        require(rc || by);
    }
}

/* Whatever stood there: every entry can be removed, and then the table is sound. */
static void mend(void)
{
    struct ivl_diag diag;
    for (uint32_t slot = 0; slot < VMS; slot++) {
        int rc = ivl_table_remove(fuzz_region, slot, &diag);
        fuzz_check_diag(rc, &diag);
        require(rc == 0 || rc == -ENOENT);
    }
    struct ivl_abi_vm vm = { .name = "new" };
    require(ivl_table_check(fuzz_region, &diag) == 0);
    require(ivl_table_add(fuzz_region, &vm, UINT32_MAX, NULL, &diag) == 0);
    require(ivl_table_check(fuzz_region, &diag) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ivl_diag diag;
    if (!fuzz_region) {
        fuzz_make(VMS, 2, 65536);
    }
    fuzz_reset();
    fuzz_overlay(fuzz_region->geo.table_off, VMS * sizeof(struct ivl_abi_table_entry), &data,
                 &size);
    read_all();
    match();
    int rc = ivl_table_check(fuzz_region, &diag);
    fuzz_check_diag(rc, &diag);
    struct ivl_abi_vm vm = { .name = "added", .mac_count = 1, .macs = { { 2, 0, 0, 0, 0, 1 } } };
    rc = ivl_table_add(fuzz_region, &vm, UINT32_MAX, NULL, &diag);
    fuzz_check_diag(rc, &diag);
    mend();
    return 0;
}
