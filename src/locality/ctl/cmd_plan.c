/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl plan: domain XML for VMs that each stay within one NUMA node.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "parse.h"
#include "plan.h"

static struct {
    char *per_node, *output, *size, *reserve, *hugepages, *topology;
    int no_vf, force;
} opt;

/* clang-format off */
static const struct poptOption options[] = {
    { "vms-per-numa", 'n', POPT_ARG_STRING, &opt.per_node, 0, "VMs on each NUMA node (1)", "N" },
    { "output", 'o', POPT_ARG_STRING, &opt.output, 0, "folder for the XML files (.)", "FOLDER" },
    { "size", 's', POPT_ARG_STRING, &opt.size, 0,
      "size of the region (that of its file, if it is there)", "SIZE" },
    { "reserve", 0, POPT_ARG_STRING, &opt.reserve, 0,
      "cores of each NUMA node that are left to the host (0)", "N" },
    { "hugepages", 0, POPT_ARG_STRING, &opt.hugepages, 0,
      "memory of the VMs from huge pages of this size, such as 2M or 1G", "SIZE" },
    { "no-vf", 0, POPT_ARG_NONE, &opt.no_vf, 0, "give the VMs no virtual functions", NULL },
    { "topology", 0, POPT_ARG_STRING, &opt.topology, 0,
      "another host: an XML file of lstopo's (with a / in its name), or hwloc's synthetic "
      "description", "TOPOLOGY" },
    { "force", 'f', POPT_ARG_NONE, &opt.force, 0, "replace files that are there", NULL },
    POPT_TABLEEND
};
/* clang-format on */

/* ---- the line --------------------------------------------------------------------------------- */

static bool take_count(const char *option, const char *text, uint64_t low, unsigned *value)
{
    uint64_t n;
    if (!text) {
        return true;
    }
    if (!parse_number(text, 1024, &n) || n < low) {
        ctl_bad_value(option, text, low ? "choose 1 to 1024" : "choose 0 to 1024");
        return false;
    }
    *value = (unsigned) n;
    return true;
}

static bool take_bytes(const char *option, const char *text, uint64_t low, uint64_t *bytes)
{
    if (text && (!parse_size(text, bytes) || *bytes < low || (*bytes & (*bytes - 1)))) {
        ctl_bad_value(option, text, "write a power of two, such as 2M or 1G");
        return false;
    }
    return true;
}

/* The region's path and, unless given, the size of its file. */
static enum ctl_status take_region(const struct ctl_line *line, struct plan_device *device)
{
    struct ivl_region *region;
    if (!line->region_given) {
        return CTL_OK;
    }
    if (strncmp(line->region, "file:/", 6) != 0 || strpbrk(line->region, "\"\\,")) {
        ctl_complain(line->region, "is not a file that VMs can share",
                     "name its absolute path, such as /dev/shm/mpi");
        return CTL_USAGE;
    }
    device->path = line->region + strlen("file:");
    if (device->bytes) {
        return CTL_OK;
    }
    enum ctl_status status = ctl_open(line, IVL_OPEN_READONLY, &region);
    if (status == CTL_OK) {
        device->bytes = region->map_bytes;
        ivl_region_close(region);
    }
    return status;
}

static enum ctl_status take_options(const struct ctl_line *line, struct plan_request *request,
                                    struct plan_device *device)
{
    *request = (struct plan_request){ .topology = opt.topology, .per_node = 1, .vfs = !opt.no_vf };
    if (!take_count("--vms-per-numa", opt.per_node, 1, &request->per_node) ||
        !take_count("--reserve", opt.reserve, 0, &request->reserved) ||
        !take_bytes("--size", opt.size, IVL_REGION_MIN_BYTES, &device->bytes) ||
        !take_bytes("--hugepages", opt.hugepages, 65536, &device->page_bytes)) {
        return CTL_USAGE;
    }
    return take_region(line, device);
}

/* ---- the plan --------------------------------------------------------------------------------- */

/* VMs whose memory does not fit their node would not start, or live on another. */
static enum ctl_status check_memory(const struct plan_template *t, const struct plan *plan,
                                    unsigned per_node)
{
    uint64_t memory = plan_memory(t);
    for (unsigned i = 0; i < plan->count; i++) {
        uint64_t room = plan->vms[i].node_bytes;
        if (room && memory > room / per_node) {
            char where[40], what[200];
            snprintf(where, sizeof(where), "NUMA node %u", plan->vms[i].node);
            snprintf(what, sizeof(what), "has %s, too little for %u VMs of %s",
                     ctl_size_text(room).s, per_node, ctl_size_text(memory).s);
            ctl_complain(where, what, "give the template less memory, or choose fewer VMs");
            return CTL_FINDING;
        }
    }
    return CTL_OK;
}

static void print_vm(const struct plan_vm *vm, const char *name, const char *path)
{
    printf("%s: NUMA node %u, CPUs ", name, vm->node);
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        printf("%s%u", i ? "," : "", vm->cpus[i]);
    }
    printf(", %s%s: %s\n", *vm->vf ? "VF " : "no VF", vm->vf, path);
}

static enum ctl_status write_vm(const struct plan_template *t, const struct plan_vm *vm,
                                const struct plan_device *device)
{
    char name[IVL_VM_NAME_BYTES], *path = NULL;
    if (!plan_name(t, vm, name)) {
        ctl_complain("template", "its name is too long, or has blanks or '/'", "rename it");
        return CTL_FINDING;
    }
    if (asprintf(&path, "%s/%s.xml", opt.output ? opt.output : ".", name) < 0) {
        ctl_complain("plan", "out of memory", "free some memory");
        return CTL_FINDING;
    }
    enum ctl_status status = plan_write(t, vm, device, path, opt.force);
    if (status == CTL_OK) {
        print_vm(vm, name, path);
    }
    free(path);
    return status;
}

static enum ctl_status write_all(const struct plan_template *t, const struct plan_request *request,
                                 const struct plan_device *device)
{
    struct plan plan;
    enum ctl_status status = plan_host(request, &plan);
    if (status != CTL_OK) {
        return status;
    }
    status = check_memory(t, &plan, request->per_node);
    for (unsigned i = 0; i < plan.count && status == CTL_OK; i++) {
        status = write_vm(t, &plan.vms[i], device);
    }
    plan_free(&plan);
    return status;
}

static enum ctl_status run(const struct ctl_line *line)
{
    struct plan_request request;
    struct plan_device device = { .path = NULL };
    enum ctl_status status = take_options(line, &request, &device);
    if (status != CTL_OK) {
        return status;
    }
    struct plan_template *t = plan_template_read(line->args[0]);
    status = t ? write_all(t, &request, &device) : CTL_FINDING;
    plan_template_free(t);
    return status;
}

const struct ctl_command ctl_plan = {
    .name = "plan",
    .operands = "[--region=PATH] TEMPLATE",
    .summary = "write domain XML for VMs that each stay within a NUMA node",
    .regions = "PATH is that of the region's file. Default: VMs without a region.",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .own_operands = true,
    .run = run,
};
