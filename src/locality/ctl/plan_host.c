/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl plan: the host, by hwloc. The cores of each NUMA node are dealt out to its VMs, whole
 * and in order; a VM gets a VF whose device hangs off its node, if there is one left.
 */
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan.h"

struct host {
    hwloc_topology_t topology;
    hwloc_bitmap_t used;  /* logical indexes of PCI devices that are given away */
    hwloc_bitmap_t dealt; /* CPUs of the nodes that are dealt out */
};

static enum ctl_status complain(const char *where, const char *what, const char *remedy)
{
    ctl_complain(where, what, remedy);
    return CTL_FINDING;
}

/* ---- topology --------------------------------------------------------------------------------- */

static int choose_source(hwloc_topology_t topology, const char *source)
{
    if (!source) {
        return 0;
    }
    return strchr(source, '/') ? hwloc_topology_set_xml(topology, source)
                               : hwloc_topology_set_synthetic(topology, source);
}

static enum ctl_status load(const char *source, hwloc_topology_t *topology)
{
    const char *where = source ? source : "hwloc";
    if (hwloc_topology_init(topology)) {
        return complain(where, "cannot begin", "free some memory");
    }
    hwloc_topology_set_io_types_filter(*topology, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
    if (choose_source(*topology, source) || hwloc_topology_load(*topology)) {
        hwloc_topology_destroy(*topology);
        return complain(where, "cannot read this topology",
                        "name an XML file of lstopo's, or a synthetic description");
    }
    return CTL_OK;
}

/* ---- virtual functions ------------------------------------------------------------------------ */

static bool is_network(const struct hwloc_pcidev_attr_s *pci)
{
    return pci->class_id >> 8 == 0x02; /* Ethernet, InfiniBand and their like */
}

static bool is_vf(const char *address)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/physfn", ctl_sysroot, address);
    return access(path, F_OK) == 0;
}

static bool is_near(hwloc_topology_t topology, hwloc_obj_t device, unsigned node)
{
    hwloc_obj_t place = hwloc_get_non_io_ancestor_obj(topology, device);
    return place && place->nodeset && hwloc_bitmap_isset(place->nodeset, node);
}

static void take_vf(const struct host *host, struct plan_vm *vm)
{
    hwloc_obj_t device = NULL;
    while ((device = hwloc_get_next_pcidev(host->topology, device))) {
        const struct hwloc_pcidev_attr_s *pci = &device->attr->pcidev;
        char address[PLAN_VF_BYTES];
        snprintf(address, sizeof(address), "%04x:%02x:%02x.%x", pci->domain & 0xffffu, pci->bus,
                 pci->dev & 31u, pci->func & 7u);
        if (!hwloc_bitmap_isset(host->used, device->logical_index) && is_network(pci) &&
            is_near(host->topology, device, vm->node) && is_vf(address)) {
            hwloc_bitmap_set(host->used, device->logical_index);
            memcpy(vm->vf, address, sizeof(vm->vf));
            return;
        }
    }
}

/* ---- CPUs ------------------------------------------------------------------------------------- */

/* Cores of the node, or its CPUs where cores are not known. */
static hwloc_obj_type_t core_type(hwloc_topology_t topology, hwloc_obj_t node)
{
    int cores = hwloc_get_nbobjs_inside_cpuset_by_type(topology, node->cpuset, HWLOC_OBJ_CORE);
    return cores > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
}

static void add_core(hwloc_obj_t core, struct plan_vm *vm)
{
    int cpu = -1;
    while ((cpu = hwloc_bitmap_next(core->cpuset, cpu)) >= 0) {
        vm->cpus[vm->cpu_count++] = (unsigned) cpu;
    }
}

/* The cores from first on. */
static bool take_cores(hwloc_topology_t topology, hwloc_obj_t node, unsigned first, unsigned count,
                       struct plan_vm *vm)
{
    hwloc_obj_type_t type = core_type(topology, node);
    vm->cpus = calloc((size_t) hwloc_bitmap_weight(node->cpuset), sizeof(*vm->cpus));
    if (!vm->cpus) {
        return false;
    }
    for (unsigned i = first; i < first + count; i++) {
        hwloc_obj_t core = hwloc_get_obj_inside_cpuset_by_type(topology, node->cpuset, type, i);
        unsigned threads = (unsigned) hwloc_bitmap_weight(core->cpuset);
        vm->threads = i == first || threads == vm->threads ? threads : 1;
        add_core(core, vm);
    }
    if (vm->cpu_count != count * vm->threads) {
        vm->threads = 1; /* cores differ: the guest sees them as equals */
    }
    return true;
}

/* ---- nodes ------------------------------------------------------------------------------------ */

static enum ctl_status plan_node(const struct host *host, const struct plan_request *request,
                                 hwloc_obj_t node, struct plan *plan)
{
    unsigned cores =
        (unsigned) hwloc_get_nbobjs_inside_cpuset_by_type(host->topology, node->cpuset,
                                                          core_type(host->topology, node));
    unsigned rest = cores > request->reserved ? cores - request->reserved : 0;
    unsigned each = rest / request->per_node;
    char where[40], what[80];
    if (each == 0) {
        snprintf(where, sizeof(where), "NUMA node %u", node->os_index);
        snprintf(what, sizeof(what), "has %u cores, %u of them reserved: too few for %u VMs", cores,
                 request->reserved, request->per_node);
        return complain(where, what, "choose a smaller --vms-per-numa or --reserve");
    }
    for (unsigned i = 0; i < request->per_node; i++) {
        struct plan_vm *vm = &plan->vms[plan->count++];
        *vm = (struct plan_vm){ .node = node->os_index, .number = i };
        vm->node_bytes = node->attr->numanode.local_memory;
        if (!take_cores(host->topology, node, request->reserved + i * each, each, vm)) {
            return complain("plan", "out of memory", "free some memory");
        }
        if (request->vfs) {
            take_vf(host, vm);
        }
    }
    return CTL_OK;
}

static enum ctl_status plan_nodes(const struct host *host, const struct plan_request *request,
                                  struct plan *plan)
{
    int nodes = hwloc_get_nbobjs_by_type(host->topology, HWLOC_OBJ_NUMANODE);
    enum ctl_status status = CTL_OK;
    plan->vms = calloc((size_t) (nodes > 0 ? nodes : 1) * request->per_node, sizeof(*plan->vms));
    if (!plan->vms || !host->used || !host->dealt) {
        return complain("plan", "out of memory", "free some memory");
    }
    for (int i = 0; i < nodes && status == CTL_OK; i++) {
        hwloc_obj_t node = hwloc_get_obj_by_type(host->topology, HWLOC_OBJ_NUMANODE, (unsigned) i);
        /* else memory without CPUs of its own: HBM, CXL and the like have their neighbour's */
        if (!hwloc_bitmap_iszero(node->cpuset) &&
            !hwloc_bitmap_intersects(host->dealt, node->cpuset)) {
            hwloc_bitmap_or(host->dealt, host->dealt, node->cpuset);
            status = plan_node(host, request, node, plan);
        }
    }
    return status;
}

enum ctl_status plan_host(const struct plan_request *request, struct plan *plan)
{
    struct host host = { .used = NULL };
    enum ctl_status status = load(request->topology, &host.topology);
    *plan = (struct plan){ .count = 0 };
    if (status != CTL_OK) {
        return status;
    }
    host.used = hwloc_bitmap_alloc();
    host.dealt = hwloc_bitmap_alloc();
    status = plan_nodes(&host, request, plan);
    hwloc_bitmap_free(host.used);
    hwloc_bitmap_free(host.dealt);
    hwloc_topology_destroy(host.topology);
    if (status != CTL_OK) {
        plan_free(plan);
    }
    return status;
}

void plan_free(struct plan *plan)
{
    for (unsigned i = 0; i < plan->count; i++) {
        free(plan->vms[i].cpus);
    }
    free(plan->vms);
    *plan = (struct plan){ .count = 0 };
}
