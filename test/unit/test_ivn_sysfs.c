/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The PCI function behind a verbs device, in a made-up sysfs: a guest's VF, a host's VF, a
 * sub-function, a software device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ivn_sysfs.h"

static char root[] = "/tmp/ivn-sysfs.XXXXXX";

/* All folders of a path below root. */
static void make_folders(const char *path)
{
    char full[PATH_MAX];

    snprintf(full, sizeof(full), "%s/%s/", root, path);
    for (char *at = full + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(full, 0755);
        *at = '/';
    }
}

static void put_file(const char *path, const char *text)
{
    char full[PATH_MAX];
    FILE *file;

    snprintf(full, sizeof(full), "%s/%s", root, path);
    file = fopen(full, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void put_link(const char *target, const char *path)
{
    char full[PATH_MAX];

    snprintf(full, sizeof(full), "%s/%s", root, path);
    assert_int_equal(symlink(target, full), 0);
}

static int make_tree(void **state)
{
    (void) state;
    if (mkdtemp(root) == NULL) {
        return -1;
    }
    make_folders("sys/devices/pci0000:00/0000:00:05.0");
    put_file("sys/devices/pci0000:00/0000:00:05.0/vendor", "0x15b3\n");
    put_file("sys/devices/pci0000:00/0000:00:05.0/device", "0x101e\n");
    make_folders("sys/devices/pci0000:00/0000:00:06.1");
    put_link("../0000:00:05.0", "sys/devices/pci0000:00/0000:00:06.1/physfn");
    make_folders("sys/devices/pci0000:00/0000:00:05.0/mlx5_core.sf.4");
    make_folders("sys/class/infiniband/mlx5_0");
    make_folders("sys/class/infiniband/mlx5_1");
    make_folders("sys/class/infiniband/mlx5_2");
    make_folders("sys/class/infiniband/rxe0");
    put_link("../../../devices/pci0000:00/0000:00:05.0", "sys/class/infiniband/mlx5_0/device");
    put_link("../../../devices/pci0000:00/0000:00:06.1", "sys/class/infiniband/mlx5_1/device");
    put_link("../../../devices/pci0000:00/0000:00:05.0/mlx5_core.sf.4",
             "sys/class/infiniband/mlx5_2/device");
    return 0;
}

static int remove_tree(void **state)
{
    char command[64];

    (void) state;
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command);
}

static struct ivn_port read_port(const char *device)
{
    struct ivn_port port;

    memset(&port, 0xff, sizeof(port));
    snprintf(port.device, sizeof(port.device), "%s", device);
    ivn_sysfs_read(root, &port);
    return port;
}

static void test_guest_vf(void **state)
{
    struct ivn_port port = read_port("mlx5_0");

    (void) state;
    assert_true(port.has_pci);
    assert_false(port.has_physfn);
    assert_false(port.is_software);
    assert_int_equal(port.pci.domain, 0);
    assert_int_equal(port.pci.device, 5);
    assert_int_equal(port.vendor, 0x15b3);
    assert_int_equal(port.model, 0x101e);
}

static void test_host_vf(void **state)
{
    struct ivn_port port = read_port("mlx5_1");

    (void) state;
    assert_true(port.has_pci);
    assert_true(port.has_physfn);
    assert_int_equal(port.pci.device, 6);
    assert_int_equal(port.pci.function, 1);
    assert_int_equal(port.vendor, 0); /* no such file */
}

static void test_without_pci(void **state)
{
    struct ivn_port port = read_port("mlx5_2");

    (void) state;
    assert_false(port.has_pci);
    assert_false(port.is_software);
    port = read_port("rxe0");
    assert_true(port.is_software);
    assert_false(port.has_pci);
    assert_false(port.has_physfn);
    assert_true(read_port("gone0").is_software);
}

static void test_addresses(void **state)
{
    static const char *const bad[] = { "",
                                       "0000:00:05",
                                       "0000:00:05.8",
                                       "0000:00:20.0",
                                       "0000:00:0g.0",
                                       "0000:00:05.0x",
                                       "mlx5_core.sf.4" };
    struct ivn_pci pci;

    (void) state;
    assert_true(ivn_pci_parse("10000:e1:1f.7", &pci));
    assert_int_equal(pci.domain, 0x10000);
    assert_int_equal(pci.bus, 0xe1);
    assert_int_equal(pci.device, 0x1f);
    assert_int_equal(pci.function, 7);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(ivn_pci_parse(bad[i], &pci));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest_vf),
        cmocka_unit_test(test_host_vf),
        cmocka_unit_test(test_without_pci),
        cmocka_unit_test(test_addresses),
    };

    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
