/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl plan, where the tool is built without hwloc or libxml2.
 */
#include "ctl.h"

static const struct poptOption options[] = { POPT_TABLEEND };

static enum ctl_status run(const struct ctl_line *line)
{
    (void) line;
    ctl_complain("plan", "this ivshmemctl was built without hwloc or libxml2",
                 "build it with both");
    return CTL_FINDING;
}

const struct ctl_command ctl_plan = {
    .name = "plan",
    .operands = "[--region=PATH] TEMPLATE",
    .summary = "write domain XML for VMs that each stay within a NUMA node (not built)",
    .options = options,
    .operands_max = 1,
    .own_operands = true,
    .run = run,
};
