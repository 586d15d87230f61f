/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Distances (see ivn_near.h). A guest without NUMA nodes of its own sees every device near all
 * processors: all are as near.
 */
#include "ivn_near.h"

#include <hwloc.h>
#include <hwloc/distances.h>
#include <hwloc/linux.h>
#include <limits.h>
#include <stdio.h>

/* What is measured with: the rank's nodes, and the matrix if there is one. */
struct ruler {
    hwloc_topology_t topology;
    hwloc_nodeset_t own;
    struct hwloc_distances_s *matrix; /* NULL: none */
};

static uint32_t between(const struct ruler *ruler, unsigned from, unsigned to)
{
    hwloc_obj_t a = hwloc_get_numanode_obj_by_os_index(ruler->topology, from);
    hwloc_obj_t b = hwloc_get_numanode_obj_by_os_index(ruler->topology, to);
    hwloc_uint64_t there = 0, back = 0;

    if (ruler->matrix != NULL && a != NULL && b != NULL &&
        hwloc_distances_obj_pair_values(ruler->matrix, a, b, &there, &back) == 0 &&
        there < IVN_UNKNOWN) {
        return (uint32_t) there;
    }
    return from == to ? IVN_NEAR_LOCAL : IVN_NEAR_REMOTE;
}

static uint32_t nearest(const struct ruler *ruler, hwloc_const_nodeset_t nodes)
{
    uint32_t best = IVN_UNKNOWN;

    for (int from = hwloc_bitmap_first(ruler->own); from >= 0;
         from = hwloc_bitmap_next(ruler->own, from)) {
        for (int to = hwloc_bitmap_first(nodes); to >= 0; to = hwloc_bitmap_next(nodes, to)) {
            uint32_t distance = between(ruler, (unsigned) from, (unsigned) to);
            best = distance < best ? distance : best;
        }
    }
    return best;
}

/* The nodes of the processors that the kernel calls local to the device; false: it does not say. */
static bool device_nodes(const struct ruler *ruler, const char *sysroot,
                         const struct ivn_port *port, hwloc_nodeset_t nodes)
{
    char path[PATH_MAX];
    hwloc_cpuset_t cpus = hwloc_bitmap_alloc();
    bool known = cpus != NULL &&
                 snprintf(path, sizeof(path), "%s/sys/class/infiniband/%s/device/local_cpus",
                          sysroot, port->device) < (int) sizeof(path) &&
                 hwloc_linux_read_path_as_cpumask(path, cpus) == 0 && !hwloc_bitmap_iszero(cpus);

    if (known) {
        hwloc_bitmap_and(cpus, cpus, hwloc_topology_get_complete_cpuset(ruler->topology));
        hwloc_cpuset_to_nodeset(ruler->topology, cpus, nodes);
    }
    hwloc_bitmap_free(cpus);
    return known && !hwloc_bitmap_iszero(nodes);
}

static void measure(const struct ruler *ruler, const char *sysroot, struct ivn_port *ports,
                    int count)
{
    hwloc_nodeset_t nodes = hwloc_bitmap_alloc();

    for (int i = 0; nodes != NULL && i < count; i++) {
        hwloc_bitmap_zero(nodes);
        ports[i].distance =
            device_nodes(ruler, sysroot, &ports[i], nodes) ? nearest(ruler, nodes) : IVN_UNKNOWN;
    }
    hwloc_bitmap_free(nodes);
}

/* A process that is not bound, or whose binding is not told, may be anywhere. */
static void own_nodes(hwloc_topology_t topology, hwloc_nodeset_t own)
{
    hwloc_cpuset_t cpus = hwloc_bitmap_alloc();

    if (cpus != NULL && hwloc_get_cpubind(topology, cpus, HWLOC_CPUBIND_PROCESS) == 0) {
        hwloc_cpuset_to_nodeset(topology, cpus, own);
    }
    if (hwloc_bitmap_iszero(own)) {
        hwloc_bitmap_copy(own, hwloc_topology_get_topology_nodeset(topology));
    }
    hwloc_bitmap_free(cpus);
}

bool ivn_near(const char *sysroot, struct ivn_port *ports, int count)
{
    struct ruler ruler = { NULL, NULL, NULL };
    unsigned matrices = 1;
    bool done = false;

    if (hwloc_topology_init(&ruler.topology) != 0) {
        return false;
    }
    ruler.own = hwloc_bitmap_alloc();
    if (ruler.own != NULL && hwloc_topology_load(ruler.topology) == 0) {
        own_nodes(ruler.topology, ruler.own);
        if (hwloc_distances_get_by_name(ruler.topology, "NUMALatency", &matrices, &ruler.matrix,
                                        0) != 0 ||
            matrices == 0) {
            ruler.matrix = NULL;
        }
        measure(&ruler, sysroot, ports, count);
        if (ruler.matrix != NULL) {
            hwloc_distances_release(ruler.topology, ruler.matrix);
        }
        done = true;
    }
    hwloc_bitmap_free(ruler.own);
    hwloc_topology_destroy(ruler.topology);
    return done;
}
