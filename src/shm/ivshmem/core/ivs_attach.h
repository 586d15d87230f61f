/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What a rank has attached to a dynamic window, told to the others: a table of the region, which
 * its owner alone writes, under a sequence lock. It says at which of the owner's addresses bytes of
 * which block begin. The others copy it whole, check it, and look only at their copy, as long as
 * the number of changes stays the same.
 */
#ifndef IVS_ATTACH_H_INCLUDED
#define IVS_ATTACH_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "shared_word.h"

#define IVS_ATTACH_SLOTS 64u /* what does not fit is reached otherwise */

/* bytes 0: free. */
struct ivs_attach_entry {
    uint64_t address; /* in the owner's address space: a number to others, no pointer */
    uint64_t bytes;
    uint64_t block;      /* its offset in the region */
    uint64_t from;       /* of the block */
    uint64_t generation; /* of the block; 32 bits */
};

/* In the region. All zero: empty. */
struct ivs_attach_table {
    ivl_sh64_t changes; /* twice their number; odd during one */
    ivl_sh64_t used;    /* entries from here on are free */
    char fill[48];
    struct ivs_attach_entry entry[IVS_ATTACH_SLOTS];
};

IVL_STATIC_ASSERT(sizeof(struct ivs_attach_table) % 64 == 0, "tables follow each other in lines");

/* Private: the owner's own record, or a copy. All zero: empty. */
struct ivs_attach_list {
    uint64_t changes;
    uint32_t used;
    struct ivs_attach_entry entry[IVS_ATTACH_SLOTS];
};

/* The owner: adds an entry to its record and the table. Its slot; -EEXIST it overlaps another;
 * -EINVAL it is empty or wraps around; -ENOSPC. */
int ivs_attach_add(struct ivs_attach_table *table, struct ivs_attach_list *own,
                   const struct ivs_attach_entry *entry);

/* The owner: removes what begins at the address. The slot it had, or -ENOENT. */
int ivs_attach_remove(struct ivs_attach_table *table, struct ivs_attach_list *own,
                      uint64_t address);

/* Others: a copy of the table; entries that make no sense are free in it. 0; -EAGAIN the owner is
 * at it (or died there, or it is not what it says): the copy is then what it was. */
int ivs_attach_copy(const struct ivs_attach_table *table, struct ivs_attach_list *copy);

/* Whether nothing was attached or detached since the copy was made. */
static inline bool ivs_attach_is_current(const struct ivs_attach_table *table,
                                         const struct ivs_attach_list *copy)
{
    /* [attach R1]: whoever was told of an attachment by other means sees it counted */
    return ivl_sh64_load_acquire(&table->changes) == copy->changes;
}

/* The slot that has all of [address, address + bytes), or -1. */
int ivs_attach_find(const struct ivs_attach_list *list, uint64_t address, uint64_t bytes);

static inline bool ivs_attach_equal(const struct ivs_attach_entry *a,
                                    const struct ivs_attach_entry *b)
{
    return a->address == b->address && a->bytes == b->bytes && a->block == b->block &&
           a->from == b->from && a->generation == b->generation;
}

#endif /* IVS_ATTACH_H_INCLUDED */
