/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl show: what all views of a region have in common.
 */
#ifndef CTL_SHOW_H_INCLUDED
#define CTL_SHOW_H_INCLUDED

#include "ctl.h"

/* A slot of the locality table that is not free. */
struct show_vm {
    int rc; /* 0, or why it cannot be read; then only slot and diag are of use */
    struct ivl_vm entry;
    struct ivl_diag diag;
};

/* All there is to show of a region. */
struct show {
    const struct ivl_region *region;
    struct show_vm *vms;
    uint32_t vm_count;
    struct ctl_jobs jobs;
    struct ivl_usage usage;
};

static inline bool show_all_free(const struct show *show)
{
    return show->usage.free_chunks == show->usage.chunks;
}

const char *show_vm_state(const struct ivl_vm *vm);

/* For people. */
void show_text(const struct show *show);
void show_vm_text(const struct ivl_vm *vm);

/* For programs; the schema is in the manual page. */
void show_json(const struct show *show);
void show_vm_json(const struct ivl_vm *vm);

#endif /* CTL_SHOW_H_INCLUDED */
