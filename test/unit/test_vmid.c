/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Who am I: a made-up sysfs, and matching it against the table.
 */
#include "ivl_test.h"

static struct ivl_region *region;
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

static int setup(void **state)
{
    (void) state;
    region = test_region(MIB);
    test_dir(root);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    test_region_free(region);
    test_dir_free(root);
    return 0;
}

static void test_probe(void **state)
{
    (void) state;
    struct ivl_vmid id;
    char text[37];
    put("/sys/class/net/lo/address", "00:00:00:00:00:00\n");
    put("/sys/class/net/bond0/address", "02:00:00:00:00:01\n"); /* same as its port */
    put("/sys/class/net/docker0/address", "02:00:00:00:00:07\n");
    put("/sys/class/net/ens3/address", "02:00:00:00:00:01\n");
    put("/sys/class/net/ens3/device", "");
    put("/sys/class/net/ib0/address", "80:00:02:08:fe:80:00:00:00:00:00:00\n");
    put("/sys/class/net/broken/none", "");
    put("/sys/class/dmi/id/product_uuid", "00112233-4455-6677-8899-aabbccddeeff\n");
    put("/sys/class/dmi/id/chassis_asset_tag", "rack 7\n");
    put("/proc/sys/kernel/random/boot_id", "ffffffff-4455-6677-8899-aabbccddeeff\n");
    put("/vsock_cid", "42\n");
    ivl_vmid_probe(root, &id);
    assert_int_equal(id.mac_count, 2);
    assert_int_equal(id.macs[0][5], 1); /* hardware first */
    assert_int_equal(id.macs[1][5], 7);
    assert_int_equal(id.vsock_cid, 42);
    assert_string_equal(id.asset_tag, "rack 7");
    ivl_uuid_format(id.uuid, text);
    assert_string_equal(text, "00112233-4455-6677-8899-aabbccddeeff");
    assert_int_equal(id.boot_id[0], 0xff);
}

static void test_probe_nothing(void **state)
{
    (void) state;
    struct ivl_vmid id, zero;
    memset(&zero, 0, sizeof(zero));
    memset(&id, 0x5a, sizeof(id));
    ivl_vmid_probe("/nonexistent", &id);
    assert_memory_equal(&id, &zero, sizeof(id));
    put("/sys/class/dmi/id/product_uuid", "not a uuid\n");
    put("/vsock_cid", "2\n"); /* the host's own */
    ivl_vmid_probe(root, &id);
    assert_memory_equal(&id, &zero, sizeof(id));
    put("/vsock_cid", "4294967295\n"); /* any */
    ivl_vmid_probe(root, &id);
    assert_int_equal(id.vsock_cid, 0);
    ivl_vmid_probe("", &id); /* the real one: comes back */
}

static void test_probe_crowd(void **state)
{
    (void) state;
    struct ivl_vmid id;
    for (int i = 0; i < 60; i++) {
        char path[64], mac[32];
        snprintf(path, sizeof(path), "/sys/class/net/veth%02d/address", i);
        snprintf(mac, sizeof(mac), "02:00:00:00:01:%02x\n", i);
        put(path, mac);
    }
    put("/sys/class/net/zz0/address", "02:00:00:00:00:01\n");
    put("/sys/class/net/zz0/device", "");
    ivl_vmid_probe(root, &id);
    assert_int_equal(id.mac_count, 32);
    assert_int_equal(id.macs[0][4], 0); /* the real card is not pushed out */
}

/* ---- matching ------------------------------------------------------------------------------ */

/* Three VMs: alpha (1), beta (2), gamma (3). */
static void fill_table(void)
{
    const char *const names[] = { "alpha", "beta", "gamma" };
    for (uint8_t i = 0; i < 3; i++) {
        struct ivl_abi_vm vm = test_vm(names[i], (uint8_t) (i + 1));
        expect_ok(ivl_table_add(region, &vm, UINT32_MAX, NULL, diag));
    }
}

static struct ivl_vmid nobody(void)
{
    struct ivl_vmid id;
    memset(&id, 0, sizeof(id));
    return id;
}

static void expect_match(const struct ivl_vmid *id, const char *name, const char *want_by)
{
    struct ivl_vm vm;
    const char *by = NULL;
    expect_ok(ivl_vmid_match(region, id, &vm, &by, diag));
    assert_string_equal(vm.vm.name, name);
    assert_string_equal(by, want_by);
    expect_ok(ivl_vmid_match(region, id, &vm, NULL, diag));
}

static void test_match_by_each(void **state)
{
    (void) state;
    fill_table();
    struct ivl_vmid id = nobody();
    id.uuid[15] = 2;
    expect_match(&id, "beta", "uuid");
    id = nobody();
    strcpy(id.asset_tag, "tag 3");
    expect_match(&id, "gamma", "asset-tag");
    id = nobody();
    id.vsock_cid = 101;
    expect_match(&id, "alpha", "vsock-cid");
    id = nobody();
    id.mac_count = 32;
    for (uint8_t i = 0; i < 32; i++) {
        memcpy(id.macs[i], (uint8_t[]){ 2, 0, 0, 0, 0, i }, 6);
    }
    memcpy(id.macs[31], test_vm("", 2).macs[0], 6);
    expect_match(&id, "beta", "mac");
    id.uuid[15] = 2; /* the surest is named */
    id.vsock_cid = 102;
    expect_match(&id, "beta", "uuid");
}

static void test_no_match(void **state)
{
    (void) state;
    struct ivl_vmid id = nobody();
    struct ivl_vm vm;
    struct ivl_abi_vm bare = { .name = "bare" };
    expect_rc(-ENOENT, ivl_vmid_match(region, &id, &vm, NULL, diag)); /* empty table */
    fill_table();
    expect_ok(ivl_table_add(region, &bare, UINT32_MAX, NULL, diag));
    expect_rc(-ENOENT, ivl_vmid_match(region, &id, &vm, NULL, diag)); /* unknown is no identity */
    id.uuid[15] = 99;
    id.vsock_cid = 99;
    strcpy(id.asset_tag, "tag 99");
    id.mac_count = 1;
    id.macs[0][5] = 99;
    expect_rc(-ENOENT, ivl_vmid_match(region, &id, &vm, NULL, diag));
    id = nobody();
    id.vsock_cid = 101;
    expect_ok(ivl_table_remove(region, 0, diag));
    expect_rc(-ENOENT, ivl_vmid_match(region, &id, &vm, NULL, diag));
}

static void test_contradiction(void **state)
{
    (void) state;
    fill_table();
    struct ivl_diag diag;
    struct ivl_vm vm;
    struct ivl_vmid id = nobody();
    id.vsock_cid = 101;
    strcpy(id.asset_tag, "tag 2");
    assert_int_equal(ivl_vmid_match(region, &id, &vm, NULL, &diag), -ENOTUNIQ);
    assert_non_null(strstr(diag.what, "alpha"));
    assert_non_null(strstr(diag.what, "beta"));
}

/* A copy of alpha: same MAC, its own UUID. */
static void test_clone(void **state)
{
    (void) state;
    fill_table();
    struct ivl_diag diag;
    struct ivl_vm vm;
    struct ivl_vmid id = nobody();
    id.mac_count = 1;
    memcpy(id.macs[0], test_vm("", 1).macs[0], 6);
    expect_match(&id, "alpha", "mac"); /* unprivileged: the UUID is not readable */
    id.uuid[15] = 55;
    assert_int_equal(ivl_vmid_match(region, &id, &vm, NULL, &diag), -ENOTUNIQ);
    assert_non_null(strstr(diag.what, "alpha"));
    assert_non_null(strstr(diag.what, "clone"));
}

static void test_damaged_entries_are_skipped(void **state)
{
    (void) state;
    fill_table();
    struct ivl_vmid id = nobody();
    id.vsock_cid = 102;
    ivl_sh32_store_relaxed(&ivl_entry_at(region, 0)->seq, 1);
    memset(&ivl_entry_at(region, 2)->vm, 0xff, sizeof(struct ivl_abi_vm));
    expect_match(&id, "beta", "vsock-cid");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_probe),       TEST(test_probe_nothing),
        TEST(test_probe_crowd), TEST(test_match_by_each),
        TEST(test_no_match),    TEST(test_contradiction),
        TEST(test_clone),       TEST(test_damaged_entries_are_skipped),
    };
    return cmocka_run_group_tests_name("vmid", tests, NULL, NULL);
}
