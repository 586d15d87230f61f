/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl remove-vm: takes a VM out of the locality table.
 */
#include <stdio.h>

#include "ctl.h"
#include "parse.h"

static const struct poptOption options[] = { POPT_TABLEEND };

/* The slot of a VM by its name, or a slot by its number, whatever it holds. */
static int find_slot(const struct ivl_region *region, const char *text, uint32_t *slot,
                     struct ivl_diag *diag)
{
    struct ivl_vm vm;
    uint64_t number;
    int rc = ivl_table_find(region, text, &vm, diag);
    if (rc == 0) {
        *slot = vm.slot;
    } else if (parse_number(text, UINT32_MAX - 1, &number)) {
        *slot = (uint32_t) number;
        rc = 0;
    }
    return rc;
}

static enum ctl_status run(const struct ctl_line *line)
{
    struct ivl_region *region;
    struct ivl_diag diag;
    uint32_t slot = 0;
    enum ctl_status status = ctl_open(line, 0, &region);
    if (status != CTL_OK) {
        return status;
    }
    int rc = find_slot(region, line->args[0], &slot, &diag);
    struct ctl_name name = ctl_vm_name(region, slot); /* a damaged entry has none */
    if (rc == 0) {
        rc = ivl_table_remove(region, slot, &diag);
    }
    if (rc) {
        status = ctl_fail(rc, &diag);
    } else {
        printf("slot %u: %s is removed\n", slot, name.s);
    }
    ivl_region_close(region);
    return status;
}

const struct ctl_command ctl_remove_vm = {
    .name = "remove-vm",
    .operands = "[REGION] NAME|SLOT",
    .summary = "take a VM out of the region's table",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
