/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The PCI and DAX backends on a made-up sysfs whose BARs are plain files.
 */
#include "ivl_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define BDF "0000:00:04.0"
#define BDF2 "0000:00:05.0"

static char root[64];

static void put(const char *path, const char *text)
{
    char full[256], cmd[300];
    snprintf(full, sizeof(full), "%s%s", root, path);
    snprintf(cmd, sizeof(cmd), "mkdir -p \"$(dirname '%s')\"", full);
    assert_int_equal(system(cmd), 0);
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const char *dev_path(const char *bdf, const char *file)
{
    static char path[256];
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, file);
    return path;
}

static const char *full_path(const char *bdf, const char *file)
{
    static char path[400];
    snprintf(path, sizeof(path), "%s%s", root, dev_path(bdf, file));
    return path;
}

static void add_device(const char *bdf, const char *vendor, const char *device)
{
    put(dev_path(bdf, "vendor"), vendor);
    put(dev_path(bdf, "device"), device);
    put(dev_path(bdf, "enable"), "1\n");
}

static void add_bar(const char *bdf, const char *file)
{
    const struct ivl_format fmt = { .region_bytes = MIB };
    expect_ok(ivl_region_create_file(full_path(bdf, file), &fmt, 0600, false, diag));
}

/* A usual guest: other devices, and one ivshmem with both kinds of BAR file. */
static int setup(void **state)
{
    (void) state;
    test_dir(root);
    ivl_sysroot = root;
    add_device("0000:00:00.0", "0x8086\n", "0x29c0\n");
    add_device("0000:00:03.0", "0x1af4\n", "0x1041\n");
    add_device(BDF, "0x1af4\n", "0x1110\n");
    add_bar(BDF, "resource2_wc");
    add_bar(BDF, "resource2");
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    ivl_sysroot = "";
    test_dir_free(root);
    return 0;
}

static int try_open(const char *uri, struct ivl_diag *diag)
{
    struct ivl_region *region;
    int rc = ivl_region_open(uri, 0, &region, diag);
    if (rc == 0) {
        ivl_region_close(region);
    }
    return rc;
}

/* Opens and expects the canonical URI and the BAR file. */
static void expect_opens(const char *uri, const char *canonical, const char *bdf, const char *file)
{
    struct ivl_region *region;
    expect_ok(ivl_region_open(uri, 0, &region, diag));
    assert_int_equal(region->backend, IVL_BACKEND_PCI);
    assert_string_equal(region->uri, canonical);
    assert_string_equal(region->path, full_path(bdf, file));
    expect_ok(ivl_region_check(region, diag));
    ivl_region_close(region);
}

static void test_opens(void **state)
{
    (void) state;
    expect_opens("pci:auto", "pci:" BDF, BDF, "resource2_wc");
    expect_opens("pci:" BDF, "pci:" BDF, BDF, "resource2_wc");
    expect_opens("pci:auto?map=wc", "pci:" BDF "?map=wc", BDF, "resource2_wc");
    expect_opens("pci:auto?map=uc", "pci:" BDF "?map=uc", BDF, "resource2");
    expect_opens("pci:" BDF "?map=uc", "pci:" BDF "?map=uc", BDF, "resource2");
    assert_int_equal(unlink(full_path(BDF, "resource2_wc")), 0);
    expect_opens("pci:auto", "pci:" BDF, BDF, "resource2");
    expect_rc(-ENOENT, try_open("pci:" BDF "?map=wc", diag));
    assert_int_equal(unlink(full_path(BDF, "resource2")), 0);
    expect_rc(-ENOENT, try_open("pci:" BDF, diag));
    expect_rc(-ENOENT, try_open("pci:auto", diag));
}

static void test_malformed(void **state)
{
    (void) state;
    static const char *const bad[] = { "",
                                       "aut",
                                       "autox",
                                       "auto?",
                                       "auto?map=",
                                       "auto?map=wb",
                                       "auto?map=wc2",
                                       "auto?map=driver2",
                                       "auto?map=drive",
                                       "00:04.0",
                                       "000:00:04.0",
                                       "0000:0:04.0",
                                       "0000:00:4.0",
                                       "0000:00:04",
                                       "0000:00:04.",
                                       "0000:00:04.8",
                                       "0000:00:20.0",
                                       "0000:00:04.00",
                                       "0000:00:04.0x",
                                       "0000:00:04.0?map",
                                       "000000000:00:04.0",
                                       "../../etc/passwd",
                                       "0000:00:04.0/../x",
                                       " auto" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char uri[64];
        snprintf(uri, sizeof(uri), "pci:%s", bad[i]);
        test_note("%s", uri);
        expect_rc(-EINVAL, try_open(uri, diag));
    }
}

static void test_no_device(void **state)
{
    (void) state;
    expect_rc(-ENODEV, try_open("pci:0000:00:1f.0", diag));
    expect_rc(-ENODEV, try_open("pci:0000:00:03.0", diag)); /* virtio, not ivshmem */
    put(dev_path(BDF, "device"), "0x1111\n");
    expect_rc(-ENODEV, try_open("pci:auto", diag));
    expect_rc(-ENODEV, try_open("pci:" BDF, diag));
    ivl_sysroot = "/nonexistent";
    expect_rc(-ENODEV, try_open("pci:auto", diag));
}

static void test_several_devices(void **state)
{
    (void) state;
    struct ivl_diag diag;
    add_device(BDF2, "0x1af4\n", "0x1110\n");
    put(dev_path(BDF2, "resource2_wc"), "not a region");
    expect_opens("pci:auto", "pci:" BDF, BDF, "resource2_wc"); /* the only valid one */

    assert_int_equal(unlink(full_path(BDF2, "resource2_wc")), 0);
    add_bar(BDF2, "resource2_wc");
    assert_int_equal(try_open("pci:auto", &diag), -ENOTUNIQ);
    assert_non_null(strstr(diag.what, BDF));
    assert_non_null(strstr(diag.what, BDF2));
    expect_opens("pci:" BDF2, "pci:" BDF2, BDF2, "resource2_wc");

    /* none valid: the first one's reason */
    assert_int_equal(truncate(full_path(BDF, "resource2_wc"), 65536), 0);
    assert_int_equal(truncate(full_path(BDF2, "resource2_wc"), 0), 0);
    assert_int_equal(try_open("pci:auto", &diag), -EMSGSIZE);
    assert_non_null(strstr(diag.where, BDF));
}

static void test_wrong_contents(void **state)
{
    (void) state;
    const char *bar = full_path(BDF, "resource2_wc");
    assert_int_equal(truncate(bar, 65536), 0);
    expect_rc(-EMSGSIZE, try_open("pci:auto", diag));
    assert_int_equal(truncate(bar, 0), 0);
    expect_rc(-EMSGSIZE, try_open("pci:auto", diag));
    assert_int_equal(truncate(bar, MIB), 0); /* zeros */
    expect_rc(-EBADMSG, try_open("pci:auto", diag));
}

static void test_enable(void **state)
{
    (void) state;
    char text[8];
    put(dev_path(BDF, "enable"), "0\n");
    expect_opens("pci:auto", "pci:" BDF, BDF, "resource2_wc");
    assert_int_equal(ivl_text_read(root, dev_path(BDF, "enable"), text, sizeof(text)), 0);
    assert_string_equal(text, "1");
}

/* ---- the guest driver: what goes wrong with it; test/vm/kmod shows the rest ------------------ */

/* Opens by sysfs, and expects the reason why not by the driver. */
static void expect_fallback(int reason, const char *what)
{
    struct ivl_region *region;
    struct ivl_diag why;
    expect_ok(ivl_region_open("pci:auto", 0, &region, diag));
    assert_int_equal(region->backend, IVL_BACKEND_PCI);
    assert_false(region->pages);
    assert_int_equal(region->no_driver, reason);
    assert_non_null(strstr(region->no_driver_why.what, what));
    ivl_region_close(region);
    assert_int_equal(try_open("pci:auto?map=driver", &why), reason);
    assert_non_null(strstr(why.what, what));
}

static void test_no_driver(void **state)
{
    (void) state;
    static const char *const others[] = { "ivshmem",  "ivshmemx",  "ivshmem0x",
                                          "0ivshmem", "ivshmem-1", "ivshmem11111111111111111111" };
    char path[128];
    struct ivl_region *region;
    expect_fallback(-ENODEV, "no guest driver");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(path, sizeof(path), "ivshmem/%s/dev", others[i]);
        put(dev_path(BDF, path), "1:3\n");
        expect_fallback(-ENODEV, "no guest driver");
    }
    assert_int_equal(ivl_driver_node(BDF, path, sizeof(path)), -ENODEV);
    expect_ok(ivl_region_open("pci:auto?map=wc", 0, &region, diag)); /* not asked for */
    assert_int_equal(region->no_driver, 0);
    ivl_region_close(region);
}

static void test_driver_of_no_use(void **state)
{
    (void) state;
    char path[128], node[128];
    snprintf(path, sizeof(path), "%s/dev/ivshmem7", root);
    put(dev_path(BDF, "ivshmem/ivshmem7/dev"), "1:3\n");
    assert_int_equal(ivl_driver_node(BDF, node, sizeof(node)), 0);
    assert_string_equal(node, path);
    assert_int_equal(ivl_driver_node(BDF, node, 8), -ENAMETOOLONG);

    expect_fallback(-ENOENT, "open: No such file");
    put("/dev/ivshmem7", "a plain file");
    expect_fallback(-ENXIO, "which is no device");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/zero", path), 0); /* of another number */
    expect_fallback(-ENXIO, "(device 1:3), which is 1:5");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0); /* the right number, not our driver */
    expect_fallback(-ENOTTY, "IVSHMEM_IOC_INFO");
    assert_int_equal(unlink(full_path(BDF, "ivshmem/ivshmem7/dev")), 0);
    expect_fallback(-ENXIO, "(device unknown)");
}

/* Where sysfs is of no use either, the driver's reason is the one to tell. */
static void test_driver_reason_first(void **state)
{
    (void) state;
    struct ivl_diag diag;
    assert_int_equal(unlink(full_path(BDF, "resource2_wc")), 0);
    assert_int_equal(unlink(full_path(BDF, "resource2")), 0);
    assert_int_equal(try_open("pci:auto", &diag), -ENOENT);
    assert_non_null(strstr(diag.where, "resource2"));
    put(dev_path(BDF, "ivshmem/ivshmem0/dev"), "1:3\n");
    put("/dev/ivshmem0", "a plain file");
    assert_int_equal(try_open("pci:auto", &diag), -ENXIO);
    assert_non_null(strstr(diag.where, "/dev/ivshmem0"));
}

static void test_unplugged(void **state)
{
    (void) state;
    struct ivl_region *region;
    expect_ok(ivl_region_open("pci:auto", 0, &region, diag));
    assert_int_equal(unlink(full_path(BDF, "resource2_wc")), 0);
    expect_rc(-ESTALE, ivl_region_check(region, diag));
    ivl_region_close(region);
}

/* In a child as nobody: the remedy names owner and mode. */
static int open_as_nobody(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct ivl_diag diag;
        if (setgid(65534) || setuid(65534)) {
            _exit(2);
        }
        int rc = try_open("pci:auto", &diag);
        _exit(rc == -EACCES && strstr(diag.remedy, "owner uid 0 gid 0 mode 0600") ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void test_permission(void **state)
{
    (void) state;
    if (geteuid() != 0) {
        skip(); /* needs root to become somebody else */
    }
    assert_int_equal(chmod(root, 0755), 0);
    assert_int_equal(open_as_nobody(), 0);
}

/* The kernel answers EPERM under lockdown; an immutable look-alike is not needed to see which
 * remedy goes with it. */
static void test_lockdown(void **state)
{
    (void) state;
    struct ivl_diag diag;
    const char *bar = full_path(BDF, "resource2_wc");
    assert_int_equal(ivl_fail_access(&diag, -EPERM, bar, "mmap"), -EPERM);
    assert_non_null(strstr(diag.remedy, "owner uid"));
    put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
    ivl_fail_access(&diag, -EPERM, bar, "mmap");
    assert_non_null(strstr(diag.remedy, "owner uid"));
    put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    ivl_fail_access(&diag, -EPERM, bar, "mmap");
    assert_non_null(strstr(diag.remedy, "lockdown"));
    ivl_fail_access(&diag, -EACCES, bar, "open");
    assert_null(strstr(diag.remedy, "lockdown"));
    ivl_fail_access(&diag, -EACCES, "/nonexistent/x", "open");
    assert_non_null(strstr(diag.remedy, "search permission"));
}

/* ---- dax ----------------------------------------------------------------------------------- */

static void test_dax(void **state)
{
    (void) state;
    char path[128];
    static const char *const bad[] = {
        "",           "dax0.0",       "/dev/dax",     "/dev/dax0",
        "/dev/dax0.", "/dev/dax0.0x", "/dev/pmem0.0", "/dev/daxa.0"
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char uri[64];
        snprintf(uri, sizeof(uri), "dax:%s", bad[i]);
        int rc = try_open(uri, NULL);
        assert_int_equal(rc, -EINVAL);
    }
    expect_rc(-ENOENT, try_open("dax:/dev/dax0.0", diag));
    put("/dev/dax0.0", "a plain file");
    expect_rc(-ENODEV, try_open("dax:/dev/dax0.0", diag));
    snprintf(path, sizeof(path), "%s/dev/dax0.0", root);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/zero", path), 0);       /* a device that can be mapped */
    expect_rc(-ENODEV, try_open("dax:/dev/dax0.0", diag)); /* no size */
    put("/sys/bus/dax/devices/dax0.0/size", "0\n");
    expect_rc(-ENODEV, try_open("dax:/dev/dax0.0", diag));
    put("/sys/bus/dax/devices/dax0.0/size", "100\n");
    expect_rc(-EMSGSIZE, try_open("dax:/dev/dax0.0", diag));
    put("/sys/bus/dax/devices/dax0.0/size", "2097152\n");
    expect_rc(-EBADMSG, try_open("dax:/dev/dax0.0", diag)); /* mapped: blank */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_opens),
        TEST(test_malformed),
        TEST(test_no_device),
        TEST(test_several_devices),
        TEST(test_wrong_contents),
        TEST(test_enable),
        TEST(test_unplugged),
        TEST(test_permission),
        TEST(test_lockdown),
        TEST(test_dax),
        TEST(test_no_driver),
        TEST(test_driver_of_no_use),
        TEST(test_driver_reason_first),
    };
    return cmocka_run_group_tests_name("region_pci", tests, NULL, NULL);
}
