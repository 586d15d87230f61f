/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Distances in a made-up machine of four NUMA nodes with a processor each, which hwloc is told to
 * take for this one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <hwloc.h>
#include <hwloc/distances.h>
#include <hwloc/linux.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ivn_near.h"

#define NODES 4

static char root[] = "/tmp/ivn-near.XXXXXX";

static void put_device(const char *name, const char *cpus)
{
    static const char *const folders[] = { "sys", "sys/class", "sys/class/infiniband" };
    char path[PATH_MAX];
    FILE *file;

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", root, folders[i]);
        mkdir(path, 0755);
    }
    snprintf(path, sizeof(path), "%s/sys/class/infiniband/%s", root, name);
    mkdir(path, 0755);
    if (cpus == NULL) {
        return;
    }
    snprintf(path, sizeof(path), "%s/sys/class/infiniband/%s/device", root, name);
    mkdir(path, 0755);
    snprintf(path, sizeof(path), "%s/sys/class/infiniband/%s/device/local_cpus", root, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s\n", cpus);
    fclose(file);
}

/* The machine as XML, with firmware's distances or without. */
static void put_machine(const char *name, bool distances)
{
    hwloc_topology_t topology;
    hwloc_obj_t nodes[NODES];
    hwloc_uint64_t values[NODES * NODES];
    hwloc_distances_add_handle_t handle;
    char path[PATH_MAX];

    hwloc_topology_init(&topology);
    hwloc_topology_set_synthetic(topology, "pack:4 [numa] pu:1");
    assert_int_equal(hwloc_topology_load(topology), 0);
    for (unsigned i = 0; i < NODES; i++) {
        nodes[i] = hwloc_get_numanode_obj_by_os_index(topology, i);
        for (unsigned k = 0; k < NODES; k++) {
            values[i * NODES + k] = i == k ? 10 : 10 + 5 * (i > k ? i - k : k - i);
        }
    }
    if (distances) {
        handle = hwloc_distances_add_create(topology, "NUMALatency",
                                            HWLOC_DISTANCES_KIND_FROM_USER |
                                                HWLOC_DISTANCES_KIND_MEANS_LATENCY,
                                            0);
        assert_int_equal(hwloc_distances_add_values(topology, handle, NODES, nodes, values, 0), 0);
        assert_int_equal(hwloc_distances_add_commit(topology, handle, 0), 0);
    }
    snprintf(path, sizeof(path), "%s/%s", root, name);
    assert_int_equal(hwloc_topology_export_xml(topology, path, 0), 0);
    hwloc_topology_destroy(topology);
}

static void use_machine(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    setenv("HWLOC_XMLFILE", path, 1);
}

static int make_machines(void **state)
{
    (void) state;
    if (mkdtemp(root) == NULL) {
        return -1;
    }
    put_device("mlx5_0", "1");
    put_device("mlx5_1", "2");
    put_device("mlx5_2", "8");
    put_device("mlx5_3", "f");
    put_device("rxe0", NULL);
    put_machine("with.xml", true);
    put_machine("without.xml", false);
    return 0;
}

static int remove_machines(void **state)
{
    char command[64];

    (void) state;
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command);
}

static void measure(struct ivn_port ports[5])
{
    static const char *const names[] = { "mlx5_0", "mlx5_1", "mlx5_2", "mlx5_3", "rxe0" };

    memset(ports, 0, 5 * sizeof(*ports));
    for (int i = 0; i < 5; i++) {
        snprintf(ports[i].device, sizeof(ports[i].device), "%s", names[i]);
    }
    assert_true(ivn_near(root, ports, 5));
}

static void expect(const struct ivn_port *ports, uint32_t a, uint32_t b, uint32_t c)
{
    assert_int_equal(ports[0].distance, a);
    assert_int_equal(ports[1].distance, b);
    assert_int_equal(ports[2].distance, c);
    assert_int_equal(ports[3].distance, 10);
    assert_int_equal(ports[4].distance, IVN_UNKNOWN);
}

/* Runs on the first processor, which is in the first node, from here on. */
static bool bind_to_first(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(0, &set);
    return sched_setaffinity(0, sizeof(set), &set) == 0;
}

static void test_not_bound(void **state)
{
    struct ivn_port ports[5];

    (void) state;
    unsetenv("HWLOC_THISSYSTEM");
    use_machine("with.xml");
    measure(ports);
    expect(ports, 10, 10, 10);
}

static void test_bound(void **state)
{
    struct ivn_port ports[5];

    (void) state;
    if (!bind_to_first()) {
        skip();
    }
    setenv("HWLOC_THISSYSTEM", "1", 1);
    use_machine("with.xml");
    measure(ports);
    expect(ports, 10, 15, 25);
    use_machine("without.xml");
    measure(ports);
    expect(ports, IVN_NEAR_LOCAL, IVN_NEAR_REMOTE, IVN_NEAR_REMOTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_bound),
        cmocka_unit_test(test_bound),
    };

    return cmocka_run_group_tests(tests, make_machines, remove_machines);
}
