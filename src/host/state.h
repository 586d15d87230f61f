/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the daemon remembers of a region across its own restarts, in a file that guests cannot
 * reach: the sealed superblock and the table. A region belongs to the daemon exactly if such a file
 * names its file.
 */
#ifndef IVD_STATE_H_INCLUDED
#define IVD_STATE_H_INCLUDED

#include "table.h"

/* What a region is recognised by, and what it cannot be asked. */
struct ivd_identity {
    uint64_t dev, ino;               /* of its file */
    uint64_t numa_mask, numa_policy; /* that its pages were taken by */
    uint8_t seal[IVL_SEAL_BYTES];
};

/* Makes the directory if its parent is there, and checks that nobody else can write to it: who can,
 * says which regions are the daemon's. */
int ivd_state_dir(const char *dir, struct ivl_diag *diag);

/* Opens and locks DIR/NAME.lock, so that a region has one daemon. Descriptor, or -EAGAIN (another
 * one runs) and the like. */
int ivd_state_lock(const char *dir, const char *name, struct ivl_diag *diag);

/* Replaces DIR/NAME.state at once. */
int ivd_state_save(const char *dir, const char *name, const struct ivd_identity *identity,
                   const struct ivd_table *table, struct ivl_diag *diag);

/* -ENOENT: there is none; -EBADMSG: damaged. On success the caller frees *table. */
int ivd_state_load(const char *dir, const char *name, struct ivd_identity *identity,
                   struct ivd_table *table, struct ivl_diag *diag);

#endif /* IVD_STATE_H_INCLUDED */
