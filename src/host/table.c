/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The daemon's truth about a locality table: bringing it in line with the VMs that there are.
 */
#include "table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int ivd_table_init(struct ivd_table *table, uint32_t count)
{
    *table = (struct ivd_table){ .count = count };
    table->entries = calloc(count, sizeof(*table->entries));
    table->gone_ms = calloc(count, sizeof(*table->gone_ms));
    if (!table->entries || !table->gone_ms) {
        ivd_table_fini(table);
        return -ENOMEM;
    }
    return 0;
}

void ivd_table_fini(struct ivd_table *table)
{
    free(table->entries);
    free(table->gone_ms);
    *table = (struct ivd_table){ .count = 0 };
}

uint32_t ivd_table_active(const struct ivd_table *table)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        n += table->entries[i].vm.state == IVL_VM_ACTIVE;
    }
    return n;
}

uint32_t ivd_table_forget(struct ivd_table *table, uint64_t oldest_job_ms)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        if (table->entries[i].vm.state == IVL_VM_GONE && table->gone_ms[i] < oldest_job_ms) {
            memset(&table->entries[i], 0, sizeof(table->entries[i]));
            n++;
        }
    }
    table->epoch += n != 0;
    return n;
}

/* ---- reconcile ------------------------------------------------------------------------------ */

/* The same VM, running on: by UUID where both have one, else by name. */
static bool same_vm(const struct ivd_vm *a, const struct ivd_vm *b)
{
    bool uuids = !ivl_uuid_is_zero(a->vm.uuid) && !ivl_uuid_is_zero(b->vm.uuid);
    bool same = uuids ? memcmp(a->vm.uuid, b->vm.uuid, IVL_UUID_BYTES) == 0
                      : strcmp(a->vm.name, b->vm.name) == 0;
    return same && a->run == b->run;
}

static uint32_t find_entry(const struct ivd_table *table, const struct ivd_vm *vm)
{
    for (uint32_t i = 0; i < table->count; i++) {
        if (table->entries[i].vm.state == IVL_VM_ACTIVE && same_vm(&table->entries[i], vm)) {
            return i;
        }
    }
    return UINT32_MAX;
}

static bool listed(const struct ivd_vm *list, uint32_t n, const struct ivd_vm *vm)
{
    for (uint32_t i = 0; i < n; i++) {
        if (same_vm(&list[i], vm)) {
            return true;
        }
    }
    return false;
}

/* What is left of an entry whose VM has gone. */
static void take_out(struct ivd_table *table, uint32_t slot, enum ivd_absent absent,
                     uint64_t now_ms)
{
    struct ivd_vm *entry = &table->entries[slot];
    if (absent == IVD_ABSENT_GONE) {
        entry->vm.state = IVL_VM_GONE;
        table->gone_ms[slot] = now_ms;
    } else {
        memset(entry, 0, sizeof(*entry));
    }
    table->epoch++;
}

static uint32_t remove_unlisted(struct ivd_table *table, const struct ivd_vm_list *list,
                                enum ivd_absent absent, uint64_t now_ms)
{
    uint32_t removed = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct ivd_vm *entry = &table->entries[i];
        if (entry->vm.state == IVL_VM_ACTIVE && (list->complete || entry->run == 0) &&
            !listed(list->vms, list->count, entry)) {
            take_out(table, i, absent, now_ms);
            removed++;
        }
    }
    return removed;
}

/* Whether an active entry but `self` shares an identity with vm. */
static bool clashes(const struct ivd_table *table, const struct ivd_vm *vm, uint32_t self,
                    char *reason, size_t size)
{
    char what[100];
    for (uint32_t i = 0; i < table->count; i++) {
        const struct ivl_abi_vm *other = &table->entries[i].vm;
        if (i != self && other->state == IVL_VM_ACTIVE &&
            ivl_vm_clash(&vm->vm, other, what, sizeof(what))) {
            snprintf(reason, size, "has the same %s as %s in slot %u", what, other->name, i);
            return true;
        }
    }
    return false;
}

static uint32_t free_slot(const struct ivd_table *table)
{
    uint32_t i = 0;
    while (i < table->count && table->entries[i].vm.state != IVL_VM_FREE) {
        i++;
    }
    return i;
}

/* The entry as it should be; a new one gets an epoch of its own. */
static void fill(struct ivd_table *table, uint32_t slot, const struct ivd_vm *vm, uint64_t epoch)
{
    table->entries[slot] = *vm;
    table->entries[slot].vm.state = IVL_VM_ACTIVE;
    table->entries[slot].vm.epoch = epoch;
}

/* Enters or updates one VM. False: refused, with the reason. */
static bool enter(struct ivd_table *table, const struct ivd_vm *vm, uint32_t slot,
                  struct ivd_table_change *change, char *reason, size_t size)
{
    bool fresh = slot == UINT32_MAX;
    if (clashes(table, vm, slot, reason, size)) {
        return false;
    }
    if (fresh && (slot = free_slot(table)) == table->count) {
        snprintf(reason, size, "all %u table entries are in use", table->count);
        return false;
    }
    const struct ivd_vm old = table->entries[slot];
    fill(table, slot, vm, fresh ? table->epoch + 1 : old.vm.epoch);
    if (memcmp(&old, &table->entries[slot], sizeof(old)) != 0) {
        table->epoch++;
        change->added += fresh;
        change->updated += !fresh;
    }
    return true;
}

/* A VM that is refused loses the entry that it had: what that says is no longer true, and another
 * may need it; so all are tried a second time. */
static void enter_all(struct ivd_table *table, const struct ivd_vm_list *list,
                      enum ivd_absent absent, uint64_t now_ms, struct ivd_table_change *change,
                      ivd_table_refusal_fn refused, void *arg)
{
    char reason[200];
    for (uint32_t k = 0; k < 2 * list->count; k++) {
        const struct ivd_vm *vm = &list->vms[k % list->count];
        uint32_t slot = find_entry(table, vm);
        if (!vm->vm.name[0] || enter(table, vm, slot, change, reason, sizeof(reason))) {
            continue;
        }
        if (slot != UINT32_MAX) {
            take_out(table, slot, absent, now_ms);
            change->removed++;
        }
        if (k >= list->count) {
            change->refused++;
            refused(arg, vm, reason);
        }
    }
}

struct ivd_table_change ivd_table_reconcile(struct ivd_table *table, const struct ivd_vm_list *list,
                                            enum ivd_absent absent, uint64_t now_ms,
                                            ivd_table_refusal_fn refused, void *arg)
{
    struct ivd_table_change change = { 0 };
    change.removed = remove_unlisted(table, list, absent, now_ms);
    enter_all(table, list, absent, now_ms, &change, refused, arg);
    return change;
}
