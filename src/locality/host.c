/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the host's daemon does to a region that it owns: it keeps the superblock and the table as it
 * knows they are, and beats.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

IVL_STATIC_ASSERT(IVL_SEAL_BYTES == IVL_ABI_SUPER_SEALED + sizeof(uint32_t),
                  "the seal ends in its sum");

int ivl_region_fd(const struct ivl_region *region)
{
    return ivl_impl(region)->fd;
}

void ivl_region_beat(struct ivl_region *region, uint64_t beat)
{
    ivl_sh64_store_relaxed(&ivl_super_at(region)->host_heartbeat, beat); /* only that it moves */
}

/* ---- superblock ----------------------------------------------------------------------------- */

void ivl_seal_read(const struct ivl_region *region, uint8_t seal[IVL_SEAL_BYTES])
{
    uint64_t copy[IVL_SEAL_BYTES / sizeof(uint64_t)];
    ivl_words_load_acquire(copy, region->base, sizeof(copy));
    memcpy(seal, copy, sizeof(copy));
}

bool ivl_seal_keep(struct ivl_region *region, const uint8_t seal[IVL_SEAL_BYTES])
{
    uint64_t now[IVL_SEAL_BYTES / sizeof(uint64_t)], want[IVL_SEAL_BYTES / sizeof(uint64_t)];
    ivl_words_load_acquire(now, region->base, sizeof(now));
    if (memcmp(now, seal, sizeof(now)) == 0) {
        return false;
    }
    memcpy(want, seal, sizeof(want));
    ivl_words_store_release(region->base + sizeof(want[0]), &want[1],
                            sizeof(want) - sizeof(want[0]));
    /* [super A] pairs with [super R] in fetch_sealed: the rest before the magic */
    ivl_sh64_store_release((ivl_sh64_t *) (void *) region->base, want[0]);
    return true;
}

int ivl_seal_restore(const char *path, const uint8_t seal[IVL_SEAL_BYTES], bool *restored,
                     struct ivl_diag *diag)
{
    _Alignas(8) uint8_t page[sizeof(struct ivl_abi_super)] = { 0 };
    struct ivl_geometry geo;
    struct ivl_region *raw;
    int rc = ivl_file_open(path, IVL_OPEN_RAW, &raw, diag);
    if (rc) {
        return rc;
    }
    memcpy(page, seal, IVL_SEAL_BYTES);
    rc = ivl_super_fetch(page, raw->map_bytes, path, &geo, diag);
    if (rc == 0) {
        *restored = ivl_seal_keep(raw, seal);
    }
    ivl_region_close(raw);
    return rc;
}

/* ---- table ---------------------------------------------------------------------------------- */

bool ivl_table_keep(struct ivl_region *region, uint32_t slot, const struct ivl_abi_vm *vm)
{
    struct ivl_abi_table_entry *entry = ivl_entry_at(region, slot);
    struct ivl_abi_vm now;
    ivl_words_load_acquire(&now, &entry->vm, sizeof(now));
    /* relaxed: nobody else may write, so either all is as we left it or it is written anew */
    if ((ivl_sh32_load_relaxed(&entry->seq) & 1) == 0 && memcmp(&now, vm, sizeof(now)) == 0) {
        return false;
    }
    ivl_entry_publish(entry, vm);
    return true;
}

bool ivl_table_epoch_keep(struct ivl_region *region, uint64_t epoch)
{
    ivl_sh64_t *table_epoch = &ivl_super_at(region)->table_epoch;
    if (ivl_sh64_load_relaxed(table_epoch) == epoch) { /* relaxed: as in ivl_table_keep */
        return false;
    }
    /* [epoch A] for readers that cache the table: the entries before the count */
    ivl_sh64_store_release(table_epoch, epoch);
    return true;
}
