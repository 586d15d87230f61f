/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Writing the locality table. One writer at a time: a lock on the backing keeps other processes
 * out, so an entry found odd under the lock was left so by a writer that died.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#define LOCK_TRIES 200
#define LOCK_WAIT_NS 10000000 /* 10 ms: two seconds in all */

static int lock_table(const struct ivl_region *region, struct ivl_diag *diag)
{
    const struct timespec wait = { .tv_nsec = LOCK_WAIT_NS };
    int fd = ivl_impl(region)->fd;
    for (int i = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB); i++) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return ivl_fail(diag, -errno, region->path, "check the file", "cannot lock it: %s",
                            strerror(errno));
        }
        if (i == LOCK_TRIES) {
            return ivl_fail(diag, -EAGAIN, region->path, "wait for the other command to end",
                            "another process is changing the table");
        }
        nanosleep(&wait, NULL);
    }
    return 0;
}

static void unlock_table(const struct ivl_region *region)
{
    if (ivl_impl(region)->fd >= 0) {
        flock(ivl_impl(region)->fd, LOCK_UN);
    }
}

void ivl_entry_publish(struct ivl_abi_table_entry *entry, const struct ivl_abi_vm *vm)
{
    uint32_t seq = ivl_sh32_load_relaxed(&entry->seq); /* relaxed: we are the only writer */
    uint32_t odd = seq | 1;
    ivl_sh32_store_relaxed(&entry->seq, odd); /* relaxed: [entry A1] orders it */
    /* [entry A1] pairs with [entry R2] in fetch_body: each word is stored with release, behind
     * the odd seq */
    ivl_words_store_release(&entry->vm, vm, sizeof(*vm));
    /* [entry A2] pairs with [entry R1]: the whole body before the even seq */
    ivl_sh32_store_release(&entry->seq, odd + 1);
}

/* Publishes a changed entry, then counts the change. */
static void publish(struct ivl_region *region, uint32_t slot, struct ivl_abi_vm *vm)
{
    ivl_sh64_t *table_epoch = &ivl_super_at(region)->table_epoch;
    uint64_t epoch = ivl_sh64_load_relaxed(table_epoch) + 1; /* relaxed: the only writer */
    if (vm->state == IVL_VM_ACTIVE) {
        vm->epoch = epoch;
    }
    ivl_entry_publish(ivl_entry_at(region, slot), vm);
    /* [epoch A] for readers that cache the table: the entry before the count */
    ivl_sh64_store_release(table_epoch, epoch);
}

/* Whether the slot can take a new VM: free, left half-written by a dead writer, unreadable, or
 * gone and no longer named by a job. */
static bool slot_usable(const struct ivl_region *region, uint32_t slot)
{
    struct ivl_vm vm;
    int rc = ivl_table_read(region, slot, &vm, NULL);
    if (rc == 0) {
        return vm.vm.state == IVL_VM_GONE && !ivl_jobs_name_vm(region, slot);
    }
    return true;
}

static int find_slot(const struct ivl_region *region, uint32_t want, uint32_t *slot,
                     struct ivl_diag *diag)
{
    const uint32_t count = region->geo.table_count;
    if (want != UINT32_MAX && want >= count) {
        return ivl_fail(diag, -ERANGE, region->uri, "choose a lower slot, or none",
                        "no table entry %u, the table has %u", want, count);
    }
    for (uint32_t i = want == UINT32_MAX ? 0 : want; i < count; i++) {
        if (slot_usable(region, i)) {
            *slot = i;
            return 0;
        }
        if (want != UINT32_MAX) {
            return ivl_fail(diag, -EEXIST, region->uri, "choose another slot, or remove that VM",
                            "table entry %u is in use", want);
        }
    }
    return ivl_fail(diag, -ENOMEM, region->uri,
                    "remove a VM, or make the region anew with more entries",
                    "all %u table entries are in use", count);
}

/* Refuses an identity that an active entry has already. */
static int check_unique(const struct ivl_region *region, const struct ivl_abi_vm *vm,
                        struct ivl_diag *diag)
{
    for (uint32_t slot = 0; slot < region->geo.table_count; slot++) {
        struct ivl_vm other;
        char what[100];
        if (ivl_table_read(region, slot, &other, NULL) == 0 && other.vm.state == IVL_VM_ACTIVE &&
            ivl_vm_clash(vm, &other.vm, what, sizeof(what))) {
            return ivl_fail(diag, -EEXIST, vm->name, "give each VM its own, or remove the other",
                            "has the same %s as %s in slot %u", what, other.vm.name, slot);
        }
    }
    return 0;
}

static int prepare_add(const struct ivl_region *region, struct ivl_abi_vm *vm,
                       struct ivl_diag *diag)
{
    int rc = ivl_region_need_writable(region, diag);
    if (rc) {
        return rc;
    }
    const char *flaw = ivl_vm_flaw(vm);
    if (flaw) {
        char where[80];
        snprintf(where, sizeof(where), "VM %.60s",
                 strnlen(vm->name, sizeof(vm->name)) < sizeof(vm->name) ? vm->name
                                                                        : "(unterminated name)");
        return ivl_fail(diag, -EINVAL, where, "correct it", "has %s", flaw);
    }
    return ivl_region_check(region, diag);
}

int ivl_table_add(struct ivl_region *region, const struct ivl_abi_vm *vm, uint32_t want,
                  uint32_t *slot_out, struct ivl_diag *diag)
{
    struct ivl_abi_vm copy = *vm;
    uint32_t slot = 0;
    int rc = prepare_add(region, &copy, diag);
    if (rc == 0) {
        rc = lock_table(region, diag);
    }
    if (rc) {
        return rc;
    }
    rc = check_unique(region, &copy, diag);
    if (rc == 0) {
        rc = find_slot(region, want, &slot, diag);
    }
    if (rc == 0) {
        copy.state = IVL_VM_ACTIVE;
        publish(region, slot, &copy);
        if (slot_out) {
            *slot_out = slot;
        }
    }
    unlock_table(region);
    return rc;
}

int ivl_table_remove(struct ivl_region *region, uint32_t slot, struct ivl_diag *diag)
{
    struct ivl_vm vm;
    int rc = ivl_region_need_writable(region, diag);
    if (rc == 0) {
        rc = ivl_region_check(region, diag);
    }
    if (rc == 0) {
        rc = lock_table(region, diag);
    }
    if (rc) {
        return rc;
    }
    rc = ivl_table_read(region, slot, &vm, NULL);
    if (rc == -ENOENT || rc == -ERANGE) {
        (void) ivl_table_read(region, slot, &vm, diag); /* says so */
    } else if (rc == 0 && vm.vm.state == IVL_VM_ACTIVE && ivl_jobs_name_vm(region, slot)) {
        vm.vm.state = IVL_VM_GONE;
        publish(region, slot, &vm.vm);
    } else { /* damaged entries can be removed too */
        memset(&vm, 0, sizeof(vm));
        publish(region, slot, &vm.vm);
        rc = 0;
    }
    unlock_table(region);
    return rc;
}
