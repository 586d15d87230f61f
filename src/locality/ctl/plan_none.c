/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl plan, where the tool is built without hwloc or libxml2: it says so before all else.
 */
#include "plan.h"

struct plan_template *plan_template_read(const char *path)
{
    (void) path;
    ctl_complain("plan", "this ivshmemctl was built without hwloc or libxml2",
                 "build it with both");
    return NULL;
}

void plan_template_free(struct plan_template *t)
{
    (void) t;
}

enum ctl_status plan_host(const struct plan_request *request, struct plan *plan)
{
    (void) request;
    *plan = (struct plan){ .count = 0 };
    return CTL_FINDING;
}

void plan_free(struct plan *plan)
{
    (void) plan;
}

bool plan_name(const struct plan_template *t, const struct plan_vm *vm,
               char name[IVL_VM_NAME_BYTES])
{
    (void) t;
    (void) vm;
    name[0] = '\0';
    return false;
}

uint64_t plan_memory(const struct plan_template *t)
{
    (void) t;
    return 0;
}

enum ctl_status plan_write(const struct plan_template *t, const struct plan_vm *vm,
                           const struct plan_device *device, const char *path, bool force)
{
    (void) t;
    (void) vm;
    (void) device;
    (void) path;
    (void) force;
    return CTL_FINDING;
}
