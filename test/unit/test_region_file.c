/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Opening and checking regions in files: what is refused, what is noticed later.
 */
#include "ivl_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char dir[64], file[128], uri[160];

static int setup(void **state)
{
    (void) state;
    const struct ivl_format fmt = { .region_bytes = MIB };
    test_dir(dir);
    snprintf(file, sizeof(file), "%s/region", dir);
    snprintf(uri, sizeof(uri), "file:%s", file);
    expect_ok(ivl_region_create_file(file, &fmt, 0600, false, diag));
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    test_dir_free(dir);
    return 0;
}

static int try_open(const char *text, unsigned flags, struct ivl_diag *diag)
{
    struct ivl_region *region = NULL;
    int rc = ivl_region_open(text, flags, &region, diag);
    if (rc == 0) {
        ivl_region_close(region);
    } else {
        assert_null(region);
    }
    return rc;
}

static void test_open(void **state)
{
    (void) state;
    struct ivl_region *region;
    expect_ok(ivl_region_open(uri, 0, &region, diag));
    assert_int_equal(region->backend, IVL_BACKEND_FILE);
    assert_true(region->writable);
    assert_string_equal(region->path, file);
    assert_string_equal(region->uri, uri);
    assert_int_equal(region->map_bytes, MIB);
    expect_ok(ivl_region_check(region, diag));
    assert_true(ivl_region_read_mbps(region, MIB) > 0);
    assert_true(ivl_region_read_mbps(region, SIZE_MAX) > 0); /* at most the heap */
    assert_true(ivl_region_read_mbps(region, 0) == 0);
    ivl_region_close(region);
    ivl_region_close(NULL);
}

static void test_open_relative(void **state)
{
    (void) state;
    struct ivl_region *region;
    char old[512];
    assert_non_null(getcwd(old, sizeof(old)));
    assert_int_equal(chdir(dir), 0);
    expect_ok(ivl_region_open("file:region", 0, &region, diag));
    assert_string_equal(region->uri, uri);
    ivl_region_close(region);
    assert_int_equal(chdir(old), 0);
}

static void test_open_refused(void **state)
{
    (void) state;
    char text[512];
    assert_int_equal(try_open("", 0, NULL), -EINVAL);
    expect_rc(-EINVAL, try_open("nfs:/x", 0, diag));
    expect_rc(-EINVAL, try_open("FILE:/x", 0, diag));
    expect_rc(-EINVAL, try_open("file", 0, diag));
    expect_rc(-EINVAL, try_open("file:", 0, diag));
    expect_rc(-EINVAL, try_open(uri, 2, diag));
    expect_rc(-ENOENT, try_open("file:/dev/shm/ivl-no-such-file", 0, diag));
    expect_rc(-EINVAL, try_open("file:/dev/shm", 0, diag));
    expect_rc(-EINVAL, try_open("file:/dev/shm", IVL_OPEN_READONLY, diag));
    expect_rc(-EINVAL, try_open("file:/dev/zero", 0, diag));
    snprintf(text, sizeof(text), "file:%s/fifo", dir);
    assert_int_equal(mkfifo(text + 5, 0600), 0);
    expect_rc(-EINVAL, try_open(text, 0, diag));
    expect_rc(-EINVAL, try_open(text, IVL_OPEN_READONLY, diag));
}

static void test_open_long_path(void **state)
{
    (void) state;
    char text[800], part[121];
    memset(part, 'd', 120);
    part[120] = '\0';
    snprintf(text, sizeof(text), "%s/%s", dir, part);
    assert_int_equal(mkdir(text, 0700), 0);
    snprintf(text, sizeof(text), "%s/%s/%s", dir, part, part);
    assert_int_equal(mkdir(text, 0700), 0);
    snprintf(text, sizeof(text), "file:%s/%s/%s/r", dir, part, part);
    const struct ivl_format fmt = { .region_bytes = MIB };
    expect_ok(ivl_region_create_file(text + 5, &fmt, 0600, false, diag));
    expect_rc(-ENAMETOOLONG, try_open(text, 0, diag));
}

static void test_sizes(void **state)
{
    (void) state;
    static const struct {
        off_t size;
        int rc;
    } cases[] = {
        { 0, -EMSGSIZE },          { 1, -EMSGSIZE },     { 4095, -EMSGSIZE },
        { 4096, -EMSGSIZE },       { 65536, -EMSGSIZE }, { MIB - 1, -EMSGSIZE },
        { MIB - 4096, -EMSGSIZE }, { MIB, 0 },           { MIB + 4096, 0 },
        { 16 * MIB, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ivl_format fmt = { .region_bytes = MIB };
        expect_ok(ivl_region_create_file(file, &fmt, 0600, true, diag));
        assert_int_equal(truncate(file, cases[i].size), 0);
        test_note("size %lld", (long long) cases[i].size);
        expect_rc(cases[i].rc, try_open(uri, 0, diag));
    }
}

static void test_check(void **state)
{
    (void) state;
    const struct ivl_format fmt = { .region_bytes = MIB };
    struct ivl_region *region;
    expect_ok(ivl_region_open(uri, 0, &region, diag));
    /* shrunk to nothing: found without touching the memory, which would be a SIGBUS */
    assert_int_equal(truncate(file, 0), 0);
    expect_rc(-EMSGSIZE, ivl_region_check(region, diag));
    assert_true(ivl_region_read_mbps(region, MIB) == 0);
    struct ivl_abi_vm vm = test_vm("vm", 1);
    expect_rc(-EMSGSIZE, ivl_table_add(region, &vm, UINT32_MAX, NULL, diag));
    expect_rc(-EMSGSIZE, ivl_table_remove(region, 0, diag));
    struct ivl_watch *watch;
    assert_int_equal(ivl_watch_create(region, &watch), 0);
    expect_rc(-EMSGSIZE, ivl_watch_step(watch, 0, NULL, diag));
    ivl_watch_destroy(watch);
    /* another region at the same place */
    expect_ok(ivl_region_create_file(file, &fmt, 0600, true, diag));
    expect_rc(-ESTALE, ivl_region_check(region, diag));
    memset(region->base, 0, 8);
    expect_rc(-ESTALE, ivl_region_check(region, diag));
    ivl_region_close(region);
}

static void test_read_only(void **state)
{
    (void) state;
    struct ivl_region *rw, *ro;
    struct ivl_block block;
    struct ivl_watch *watch;
    uint64_t off;
    expect_ok(ivl_region_open(uri, 0, &rw, diag));
    expect_ok(ivl_region_open(uri, IVL_OPEN_READONLY, &ro, diag));
    struct ivl_abi_vm vm = test_vm("vm", 1);
    expect_ok(ivl_table_add(rw, &vm, UINT32_MAX, NULL, diag));
    struct ivl_job job = test_job(rw, &off), other;
    expect_ok(ivl_block_alloc(rw, &job, 1, &block, diag));

    /* reading works */
    struct ivl_vm found;
    struct ivl_job_info info;
    expect_ok(ivl_region_check(ro, diag));
    expect_ok(ivl_table_find(ro, "vm", &found, diag));
    expect_ok(ivl_table_check(ro, diag));
    expect_ok(ivl_job_read(ro, 0, true, &info, diag));
    expect_ok(ivl_job_check(ro, &job, off, 4, diag));
    assert_int_equal(test_usage(ro).free_chunks, test_usage(rw).free_chunks);

    /* writing is refused, not a SIGSEGV */
    expect_rc(-EROFS, ivl_table_add(ro, &vm, UINT32_MAX, NULL, diag));
    expect_rc(-EROFS, ivl_table_remove(ro, 0, diag));
    expect_rc(-EROFS, ivl_job_create(ro, 0, 1, NULL, &other, &off, diag));
    assert_int_equal(ivl_job_beat(ro, &job, off, 0), -EROFS);
    assert_int_equal(ivl_job_end(ro, &job), -EROFS);
    expect_rc(-EROFS, ivl_arena_reserve(ro, &job, 1, diag));
    expect_rc(-EROFS, ivl_block_alloc(ro, &job, 1, &block, diag));
    expect_rc(-EROFS, ivl_block_attach(ro, &job, block.offset, block.generation, 1, &block, diag));
    expect_rc(-EROFS, ivl_block_release(ro, &job, &block, diag));
    assert_int_equal(ivl_watch_create(ro, &watch), -EROFS);
    ivl_region_close(ro);
    ivl_region_close(rw);
}

/* Runs in a child as nobody; exit status 0 if the open fails as it should. */
static void open_as_nobody(void)
{
    struct ivl_diag diag;
    struct ivl_region *region;
    if (setgid(65534) || setuid(65534)) {
        _exit(2);
    }
    int rc = ivl_region_open(uri, 0, &region, &diag);
    bool named = strstr(diag.remedy, "owner uid 0") && strstr(diag.remedy, "mode 0600");
    _exit(rc == -EACCES && named ? 0 : 1);
}

static void test_permission(void **state)
{
    (void) state;
    if (geteuid() != 0) {
        skip(); /* needs root to become somebody else */
    }
    int status;
    assert_int_equal(chmod(dir, 0755), 0);
    pid_t pid = fork();
    if (pid == 0) {
        open_as_nobody();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_create_at(void **state)
{
    (void) state;
    struct ivl_format fmt = { .region_bytes = 0 };
    struct ivl_region *region;
    expect_rc(-EEXIST, ivl_region_create_at(uri, &fmt, false, diag));
    expect_rc(-EINVAL, ivl_region_create_at("nowhere", &fmt, true, diag));
    assert_int_equal(truncate(file, 4 * MIB + 1), 0);
    expect_ok(ivl_region_create_at(uri, &fmt, true, diag));
    expect_ok(ivl_region_open(uri, 0, &region, diag));
    assert_int_equal(region->geo.region_bytes, 4 * MIB);
    assert_int_equal(region->geo.generation, 2);
    ivl_region_close(region);

    assert_int_equal(truncate(file, 0), 0);
    assert_int_equal(truncate(file, 2 * MIB), 0);
    fmt.region_bytes = 2 * MIB + 4096;
    expect_rc(-EINVAL, ivl_region_create_at(uri, &fmt, false, diag));
    fmt.region_bytes = MIB;
    expect_ok(ivl_region_create_at(uri, &fmt, false, diag)); /* blank: no force needed */
    expect_ok(ivl_region_open(uri, 0, &region, diag));
    assert_int_equal(region->geo.region_bytes, MIB);
    assert_int_equal(region->map_bytes, 2 * MIB);
    assert_int_equal(ivl_region_heartbeat(region), 0);
    ivl_region_close(region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_relative, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_long_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_check, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_permission, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_at, setup, teardown),
    };
    return cmocka_run_group_tests_name("region_file", tests, NULL, NULL);
}
