/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Making regions: defaults, limits, generations, files.
 */
#include "ivl_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char dir[64], file[128];

static int setup(void **state)
{
    (void) state;
    test_dir(dir);
    snprintf(file, sizeof(file), "%s/region", dir);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    test_dir_free(dir);
    return 0;
}

/* Formats private memory (untouched pages cost nothing) and reads the geometry back. */
static int format(const struct ivl_format *fmt, struct ivl_geometry *geo, struct ivl_diag *diag)
{
    void *base = test_memory(fmt->region_bytes ? fmt->region_bytes : 4096);
    int rc = ivl_region_format(base, fmt, diag);
    if (rc == 0) {
        rc = ivl_super_fetch(base, fmt->region_bytes, "test", geo, diag);
    } else {
        assert_int_equal(*(uint64_t *) base, 0); /* nothing written */
    }
    munmap(base, fmt->region_bytes ? fmt->region_bytes : 4096);
    return rc;
}

static void test_defaults(void **state)
{
    (void) state;
    const struct ivl_format fmt = { .region_bytes = 64 * MIB };
    struct ivl_geometry geo;
    expect_ok(format(&fmt, &geo, diag));
    assert_int_equal(geo.table_count, 64);
    assert_int_equal(geo.jobs_count, 64);
    assert_int_equal(geo.chunk_bytes, 4096);
    assert_int_equal(geo.lease_ms, 10000);
    assert_int_equal(geo.generation, 1);
}

static void test_limits(void **state)
{
    (void) state;
    static const struct {
        struct ivl_format fmt;
        int rc;
    } cases[] = {
        { { .region_bytes = MIB }, 0 },
        { { .region_bytes = MIB + 4096 }, 0 },
        { { .region_bytes = 0 }, -EINVAL },
        { { .region_bytes = MIB - 4096 }, -EINVAL },
        { { .region_bytes = MIB + 1 }, -EINVAL },
        { { .region_bytes = MIB, .vms = 1, .jobs = 1 }, 0 },
        { { .region_bytes = MIB, .vms = IVL_VMS_MAX }, 0 },
        { { .region_bytes = MIB, .vms = IVL_VMS_MAX, .jobs = IVL_JOBS_MAX }, -EINVAL },
        { { .region_bytes = 4 * MIB, .vms = IVL_VMS_MAX, .jobs = IVL_JOBS_MAX }, 0 },
        { { .region_bytes = 4 * MIB, .vms = IVL_VMS_MAX + 1 }, -EINVAL },
        { { .region_bytes = 4 * MIB, .jobs = IVL_JOBS_MAX + 1 }, -EINVAL },
        { { .region_bytes = 4 * MIB, .vms = UINT32_MAX }, -EINVAL },
        { { .region_bytes = MIB, .lease_ms = 999 }, -EINVAL },
        { { .region_bytes = MIB, .lease_ms = 1000 }, 0 },
        { { .region_bytes = MIB, .lease_ms = 600000 }, 0 },
        { { .region_bytes = MIB, .lease_ms = 600001 }, -EINVAL },
        { { .region_bytes = MIB, .chunk_bytes = 2048 }, -EINVAL },
        { { .region_bytes = MIB, .chunk_bytes = 4097 }, -EINVAL },
        { { .region_bytes = MIB, .chunk_bytes = 12288 }, -EINVAL },
        { { .region_bytes = MIB, .chunk_bytes = 512 * 1024 }, 0 },
        { { .region_bytes = MIB, .chunk_bytes = 1024 * 1024 }, -EINVAL },
        { { .region_bytes = 4096 * MIB, .chunk_bytes = 1u << 30 }, 0 },
        { { .region_bytes = 4096 * MIB, .chunk_bytes = 1u << 31 }, -EINVAL },
        { { .region_bytes = UINT64_C(80) << 30, .chunk_bytes = 4096 }, -EINVAL }, /* > 2^24 */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ivl_geometry geo;
        test_note("case %zu", i);
        expect_rc(cases[i].rc, format(&cases[i].fmt, &geo, diag));
    }
}

/* The heap takes all that is left, and big regions get bigger chunks. */
static void test_fills_the_region(void **state)
{
    (void) state;
    static const uint64_t sizes[] = { 1, 2, 3, 7, 64, 1000, 1024, 1025, 4096, 65536 };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const struct ivl_format fmt = { .region_bytes = sizes[i] * MIB };
        struct ivl_geometry geo;
        expect_ok(format(&fmt, &geo, diag));
        uint64_t end = geo.heap_off + ((uint64_t) geo.chunk_count << geo.chunk_shift);
        assert_true(geo.region_bytes - end < 2 * (uint64_t) geo.chunk_bytes + 4096);
        assert_true(geo.chunk_count <= 1u << 18);
        assert_true(geo.chunk_bytes == 4096 || geo.chunk_count > 1u << 16);
    }
}

static void test_generation_continues(void **state)
{
    (void) state;
    const struct ivl_format fmt = { .region_bytes = MIB };
    struct ivl_geometry one, two;
    struct ivl_region *region = test_region_fmt(&fmt);
    struct ivl_job old = test_job(region, NULL);
    one = region->geo;
    expect_ok(ivl_region_check(region, diag));
    expect_ok(ivl_region_format(region->base, &fmt, diag));
    expect_ok(ivl_super_fetch(region->base, MIB, "test", &two, diag));
    assert_int_equal(two.generation, 2);
    assert_memory_not_equal(one.region_uuid, two.region_uuid, 16);
    expect_rc(-ESTALE, ivl_region_check(region, diag));

    /* a process left over from before does not meet its (slot, epoch) again */
    struct ivl_job fresh = test_job(region, NULL);
    assert_int_equal(fresh.slot, old.slot);
    assert_int_not_equal(fresh.epoch, old.epoch);
    assert_int_equal(ivl_job_end(region, &old), -ESTALE);

    region->base[100] ^= 1; /* no valid superblock: starts again */
    expect_rc(-ESTALE, ivl_region_check(region, diag));
    expect_ok(ivl_region_format(region->base, &fmt, diag));
    expect_ok(ivl_super_fetch(region->base, MIB, "test", &two, diag));
    assert_int_equal(two.generation, 1);
    test_region_free(region);
}

/* ---- files --------------------------------------------------------------------------------- */

static uint64_t generation_of(const char *path)
{
    char uri[160];
    struct ivl_region *region;
    snprintf(uri, sizeof(uri), "file:%s", path);
    expect_ok(ivl_region_open(uri, IVL_OPEN_READONLY, &region, diag));
    uint64_t generation = region->geo.generation;
    ivl_region_close(region);
    return generation;
}

static void test_create(void **state)
{
    (void) state;
    const struct ivl_format fmt = { .region_bytes = 2 * MIB }, smaller = { .region_bytes = MIB };
    struct stat st;
    mode_t mask = umask(0);
    expect_ok(ivl_region_create_file(file, &fmt, 0640, false, diag));
    umask(mask);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_size, 2 * MIB);
    assert_true((uint64_t) st.st_blocks * 512 >= 2 * MIB); /* no hole */
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(generation_of(file), 1);

    expect_rc(-EEXIST, ivl_region_create_file(file, &fmt, 0640, false, diag));
    assert_int_equal(generation_of(file), 1);
    expect_ok(ivl_region_create_file(file, &smaller, 0600, true, diag));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_size, MIB);
    assert_int_equal(generation_of(file), 2);
    expect_ok(ivl_region_create_file(file, &fmt, 0600, true, diag));
    assert_int_equal(generation_of(file), 3);
}

static void test_create_refused(void **state)
{
    (void) state;
    const struct ivl_format fmt = { .region_bytes = MIB }, bad = { .region_bytes = 5 };
    char other[160];
    snprintf(other, sizeof(other), "%s/none/region", dir);
    expect_rc(-ENOENT, ivl_region_create_file(other, &fmt, 0600, false, diag));
    expect_rc(-EINVAL, ivl_region_create_file(dir, &fmt, 0600, true, diag));
    snprintf(other, sizeof(other), "%s/fifo", dir);
    assert_int_equal(mkfifo(other, 0600), 0);
    expect_rc(-EINVAL, ivl_region_create_file(other, &fmt, 0600, true, diag));
    snprintf(other, sizeof(other), "%s/link", dir);
    assert_int_equal(symlink(file, other), 0);
    expect_rc(-EINVAL, ivl_region_create_file(other, &fmt, 0600, true, diag));
    expect_rc(-EEXIST, ivl_region_create_file(other, &fmt, 0600, false, diag));

    /* an impossible request leaves nothing behind, and nothing changed */
    expect_rc(-EINVAL, ivl_region_create_file(file, &bad, 0600, false, diag));
    assert_int_equal(access(file, F_OK), -1);
    expect_ok(ivl_region_create_file(file, &fmt, 0600, false, diag));
    expect_rc(-EINVAL, ivl_region_create_file(file, &bad, 0600, true, diag));
    assert_int_equal(generation_of(file), 1);
}

static void test_create_without_room(void **state)
{
    (void) state;
    const struct ivl_format fmt = { .region_bytes = 2 * MIB };
    struct rlimit old, limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = MIB;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    expect_rc(-EFBIG, ivl_region_create_file(file, &fmt, 0600, false, diag));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(access(file, F_OK), -1); /* nothing left behind */
}

static void test_create_while_locked(void **state)
{
    (void) state;
    const struct ivl_format fmt = { .region_bytes = MIB };
    expect_ok(ivl_region_create_file(file, &fmt, 0600, false, diag));
    int fd = open(file, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    expect_rc(-EAGAIN, ivl_region_create_file(file, &fmt, 0600, true, diag));
    close(fd);
    expect_ok(ivl_region_create_file(file, &fmt, 0600, true, diag));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_fills_the_region),
        cmocka_unit_test(test_generation_continues),
        cmocka_unit_test_setup_teardown(test_create, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_without_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_while_locked, setup, teardown),
    };
    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
