/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Invariants: the owner never reads its table back; no two entries of its record overlap. A copy's
 * entries do not wrap around, and none lies at or behind its `used`.
 */
#include <errno.h>
#include <string.h>

#include "ivs_attach.h"

#define LOOKS_MOST 1000 /* for a change to be over, which is a few stores */

static bool is_sane(const struct ivs_attach_entry *entry)
{
    return entry->bytes != 0 && entry->bytes <= UINT64_MAX - entry->address &&
           entry->bytes <= UINT64_MAX - entry->from && entry->generation <= UINT32_MAX;
}

static bool overlap(const struct ivs_attach_entry *a, const struct ivs_attach_entry *b)
{
    return a->address < b->address + b->bytes && b->address < a->address + a->bytes;
}

/* One entry of the owner's record to the table. */
static void publish(struct ivs_attach_table *table, struct ivs_attach_list *own, uint32_t slot)
{
    /* relaxed: [attach A1] on all that follows keeps the odd number before it */
    ivl_sh64_store_relaxed(&table->changes, own->changes + 1);
    /* [attach A1] pairs with [attach R2]: who sees a word of this change sees it under way */
    ivl_words_store_release(&table->entry[slot], &own->entry[slot], sizeof(own->entry[slot]));
    ivl_sh64_store_release(&table->used, own->used);
    own->changes += 2;
    /* [attach A2] pairs with [attach R1]: who sees the number sees the change */
    ivl_sh64_store_release(&table->changes, own->changes);
}

int ivs_attach_add(struct ivs_attach_table *table, struct ivs_attach_list *own,
                   const struct ivs_attach_entry *entry)
{
    uint32_t slot = IVS_ATTACH_SLOTS;

    if (!is_sane(entry)) {
        return -EINVAL;
    }
    for (uint32_t i = IVS_ATTACH_SLOTS; i-- > 0;) {
        if (own->entry[i].bytes == 0) {
            slot = i;
        } else if (overlap(&own->entry[i], entry)) {
            return -EEXIST;
        }
    }
    if (slot == IVS_ATTACH_SLOTS) {
        return -ENOSPC;
    }
    own->entry[slot] = *entry;
    own->used = slot < own->used ? own->used : slot + 1;
    publish(table, own, slot);
    return (int) slot;
}

int ivs_attach_remove(struct ivs_attach_table *table, struct ivs_attach_list *own, uint64_t address)
{
    for (uint32_t i = 0; i < own->used; i++) {
        if (own->entry[i].bytes != 0 && own->entry[i].address == address) {
            memset(&own->entry[i], 0, sizeof(own->entry[i]));
            while (own->used > 0 && own->entry[own->used - 1].bytes == 0) {
                own->used--;
            }
            publish(table, own, i);
            return (int) i;
        }
    }
    return -ENOENT;
}

/* False if it changed meanwhile. */
static bool copy_once(const struct ivs_attach_table *table, struct ivs_attach_list *copy)
{
    uint64_t used;

    memset(copy, 0, sizeof(*copy));
    copy->changes = ivl_sh64_load_acquire(&table->changes); /* [attach R1] */
    if (copy->changes % 2 != 0) {
        return false;
    }
    used = ivl_sh64_load_acquire(&table->used);
    copy->used = used < IVS_ATTACH_SLOTS ? (uint32_t) used : IVS_ATTACH_SLOTS;
    /* [attach R2]: the second look at the number comes after the words */
    ivl_words_load_acquire(copy->entry, table->entry, copy->used * sizeof(copy->entry[0]));
    return ivl_sh64_load_relaxed(&table->changes) == copy->changes; /* relaxed: [attach R2] */
}

int ivs_attach_copy(const struct ivs_attach_table *table, struct ivs_attach_list *copy)
{
    struct ivs_attach_list got;
    int looks = 0;

    while (!copy_once(table, &got)) {
        if (++looks == LOOKS_MOST) {
            return -EAGAIN;
        }
    }
    for (uint32_t i = 0; i < got.used; i++) {
        if (!is_sane(&got.entry[i])) {
            memset(&got.entry[i], 0, sizeof(got.entry[i]));
        }
    }
    *copy = got;
    return 0;
}

int ivs_attach_find(const struct ivs_attach_list *list, uint64_t address, uint64_t bytes)
{
    for (uint32_t i = 0; i < list->used; i++) {
        const struct ivs_attach_entry *entry = &list->entry[i];
        uint64_t at = address - entry->address; /* wraps to a large number before the start */

        if (at < entry->bytes && bytes <= entry->bytes - at) {
            return (int) i;
        }
    }
    return -1;
}
