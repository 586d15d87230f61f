/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Reading the locality table: a bounded sequence-lock copy, then every field is checked.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality_impl.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef SEQ_TRIES
#define SEQ_TRIES 2000 /* fewer in fuzzing, where half-written entries abound */
#endif
#define SEQ_TRIES_PER_YIELD 64

/* ---- checks on a private copy -------------------------------------------------------------- */

/* Terminated, in the given range of characters; clears what is behind the terminator. */
static bool text_ok(char *text, size_t size, char lowest)
{
    size_t len = strnlen(text, size);
    if (len == size) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < lowest || text[i] > '~') {
            return false;
        }
    }
    memset(text + len, 0, size - len);
    return true;
}

static const char *macs_flaw(struct ivl_abi_vm *vm)
{
    if (vm->mac_count > IVL_VM_MACS_MAX) {
        return "more MAC addresses than fit";
    }
    for (uint32_t i = 0; i < vm->mac_count; i++) {
        if (ivl_mac_is_zero(vm->macs[i]) || (vm->macs[i][0] & 1)) {
            return "a MAC address that is zero or a group address";
        }
    }
    memset(vm->macs[vm->mac_count], 0, (IVL_VM_MACS_MAX - vm->mac_count) * sizeof(vm->macs[0]));
    return NULL;
}

static const char *vfs_flaw(struct ivl_abi_vm *vm)
{
    if (vm->vf_count > IVL_VM_VFS_MAX) {
        return "more virtual functions than fit";
    }
    for (uint32_t i = 0; i < vm->vf_count; i++) {
        if (vm->vfs[i].pci_domain > 0xffff || vm->vfs[i].pci_device > 31 ||
            vm->vfs[i].pci_function > 7) {
            return "a PCI address out of range";
        }
        vm->vfs[i].reserved = 0;
    }
    memset(&vm->vfs[vm->vf_count], 0, (IVL_VM_VFS_MAX - vm->vf_count) * sizeof(vm->vfs[0]));
    return NULL;
}

const char *ivl_vm_flaw(struct ivl_abi_vm *vm)
{
    if (!text_ok(vm->name, sizeof(vm->name), '!') || !vm->name[0] || strchr(vm->name, '/')) {
        return "a name that is empty, unterminated or not printable";
    }
    if (!text_ok(vm->asset_tag, sizeof(vm->asset_tag), ' ')) {
        return "an asset tag that is unterminated or not printable";
    }
    if ((vm->vsock_cid > 0 && vm->vsock_cid < 3) || vm->vsock_cid == UINT32_MAX) {
        return "a reserved vsock CID";
    }
    const char *flaw = macs_flaw(vm);
    return flaw ? flaw : vfs_flaw(vm);
}

static bool macs_clash(const struct ivl_abi_vm *a, const struct ivl_abi_vm *b, char *what,
                       size_t size)
{
    for (uint32_t i = 0; i < a->mac_count; i++) {
        for (uint32_t k = 0; k < b->mac_count; k++) {
            if (memcmp(a->macs[i], b->macs[k], 6) == 0) {
                char text[18];
                ivl_mac_format(a->macs[i], text);
                snprintf(what, size, "MAC address %s", text);
                return true;
            }
        }
    }
    return false;
}

bool ivl_vm_clash(const struct ivl_abi_vm *a, const struct ivl_abi_vm *b, char *what, size_t size)
{
    if (strcmp(a->name, b->name) == 0) {
        snprintf(what, size, "name %s", a->name);
        return true;
    }
    if (!ivl_uuid_is_zero(a->uuid) && memcmp(a->uuid, b->uuid, IVL_UUID_BYTES) == 0) {
        char text[37];
        ivl_uuid_format(a->uuid, text);
        snprintf(what, size, "UUID %s", text);
        return true;
    }
    if (a->vsock_cid && a->vsock_cid == b->vsock_cid) {
        snprintf(what, size, "vsock CID %u", a->vsock_cid);
        return true;
    }
    if (a->asset_tag[0] && strcmp(a->asset_tag, b->asset_tag) == 0) {
        snprintf(what, size, "asset tag %s", a->asset_tag);
        return true;
    }
    return macs_clash(a, b, what, size);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Copies the body between two equal even values of seq. False if that did not come about. */
static bool fetch_body(const struct ivl_abi_table_entry *entry, struct ivl_abi_vm *vm)
{
    for (int i = 1; i <= SEQ_TRIES; i++) {
        /* [entry R1] pairs with [entry A2] in ivl_entry_publish: a body copied after an even seq is
         * at least as new as that seq */
        uint32_t before = ivl_sh32_load_acquire(&entry->seq);
        if ((before & 1) == 0) {
            /* [entry R2] pairs with [entry A1]: a copy that got one new word is followed by a
             * load that sees seq odd or newer, and is thrown away */
            ivl_words_load_acquire(vm, &entry->vm, sizeof(*vm));
            /* relaxed: ordered behind the copy by the acquire loads of the copy */
            if (ivl_sh32_load_relaxed(&entry->seq) == before) {
                return true;
            }
        }
        if (i % SEQ_TRIES_PER_YIELD == 0) {
            sched_yield();
        }
    }
    return false;
}

static int fail_slot(struct ivl_diag *diag, int err, uint32_t slot, const char *remedy,
                     const char *what)
{
    char where[64];
    snprintf(where, sizeof(where), "table entry %u", slot);
    return ivl_fail(diag, err, where, remedy, "%s", what);
}

int ivl_table_read(const struct ivl_region *region, uint32_t slot, struct ivl_vm *vm,
                   struct ivl_diag *diag)
{
    struct ivl_vm copy = { .slot = slot };
    if (slot >= region->geo.table_count) {
        return ivl_fail(diag, -ERANGE, region->uri, "see ivshmemctl show",
                        "no table entry %u, the table has %u", slot, region->geo.table_count);
    }
    if (!fetch_body(ivl_entry_at(region, slot), &copy.vm)) {
        return fail_slot(diag, -EAGAIN, slot, "if it stays so: remove the VM and add it again",
                         "is being rewritten, or its writer died");
    }
    if (copy.vm.state == IVL_VM_FREE) {
        return fail_slot(diag, -ENOENT, slot, "see ivshmemctl show", "is free");
    }
    const char *flaw = copy.vm.state > IVL_VM_GONE ? "an unknown state" : ivl_vm_flaw(&copy.vm);
    if (flaw) {
        char what[100];
        snprintf(what, sizeof(what), "holds %s", flaw);
        return fail_slot(diag, -EBADMSG, slot, "remove the VM and add it again", what);
    }
    *vm = copy;
    return 0;
}

static bool parse_slot(const char *text, uint32_t *slot)
{
    char *end;
    if (text[0] < '0' || text[0] > '9' || strlen(text) > 9) {
        return false;
    }
    *slot = (uint32_t) strtoul(text, &end, 10);
    return *end == '\0';
}

int ivl_table_find(const struct ivl_region *region, const char *name, struct ivl_vm *vm,
                   struct ivl_diag *diag)
{
    struct ivl_vm found;
    uint32_t slot;
    for (slot = 0; slot < region->geo.table_count; slot++) {
        if (ivl_table_read(region, slot, &found, NULL) == 0 && found.vm.state == IVL_VM_ACTIVE &&
            strcmp(found.vm.name, name) == 0) {
            *vm = found;
            return 0;
        }
    }
    if (parse_slot(name, &slot) && ivl_table_read(region, slot, &found, NULL) == 0 &&
        found.vm.state == IVL_VM_ACTIVE) {
        *vm = found;
        return 0;
    }
    return ivl_fail(diag, -ENOENT, region->uri, "see ivshmemctl show; ivshmemctl add-vm",
                    "no VM %.80s in the table", name);
}

static int check_pairs(const struct ivl_vm *vms, uint32_t n, struct ivl_diag *diag)
{
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < i; k++) {
            char what[100];
            if (ivl_vm_clash(&vms[k].vm, &vms[i].vm, what, sizeof(what))) {
                return ivl_fail(diag, -EBADMSG, "locality table", "remove one of them",
                                "%s (slot %u) and %s (slot %u) share %s", vms[k].vm.name,
                                vms[k].slot, vms[i].vm.name, vms[i].slot, what);
            }
        }
    }
    return 0;
}

int ivl_table_check(const struct ivl_region *region, struct ivl_diag *diag)
{
    uint32_t n = 0;
    int rc = 0;
    struct ivl_diag finding;
    struct ivl_vm *vms = calloc(region->geo.table_count, sizeof(*vms));
    if (!vms) {
        return ivl_fail(diag, -ENOMEM, region->uri, "free some memory", "out of memory");
    }
    for (uint32_t slot = 0; slot < region->geo.table_count; slot++) {
        rc = ivl_table_read(region, slot, &vms[n], &finding);
        if (rc == 0 && vms[n].vm.state == IVL_VM_ACTIVE) {
            n++;
        } else if (rc && rc != -ENOENT) {
            rc = ivl_fail(diag, -EBADMSG, finding.where, finding.remedy, "%s", finding.what);
            break;
        }
        rc = 0;
    }
    rc = rc ? rc : check_pairs(vms, n, diag);
    free(vms);
    return rc;
}
