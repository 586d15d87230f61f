/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the tests of the locality library share: regions in memory, expected results.
 */
#ifndef IVL_TEST_H_INCLUDED
#define IVL_TEST_H_INCLUDED

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "locality_impl.h"

#define MIB (UINT64_C(1) << 20)

/* Which case of a table is being tried; printed when it fails. */
static char test_case[128];
#define test_note(...) snprintf(test_case, sizeof(test_case), __VA_ARGS__)

/* Result of a call with its diag, which must be filled on failure and only then. */
#define expect_rc(want, call)                                                                    \
    do {                                                                                         \
        struct ivl_diag diag_;                                                                   \
        struct ivl_diag *diag = &diag_;                                                          \
        memset(diag, 0, sizeof(*diag));                                                          \
        int rc_ = (call);                                                                        \
        if (rc_ != (want)) {                                                                     \
            print_error("%s %s: got %d (%s: %s), want %d\n", #call, test_case, rc_, diag->where, \
                        diag->what, (want));                                                     \
        }                                                                                        \
        assert_int_equal(rc_, (want));                                                           \
        assert_int_equal(diag->what[0] != 0, rc_ != 0);                                          \
        assert_int_equal(diag->where[0] != 0, rc_ != 0);                                         \
    } while (0)

#define expect_ok(call) expect_rc(0, call)

static inline void *test_memory(uint64_t bytes)
{
    void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(base != MAP_FAILED);
    return base;
}

static inline struct ivl_region *test_region_fmt(const struct ivl_format *fmt)
{
    struct ivl_region *region = NULL;
    void *base = test_memory(fmt->region_bytes);
    expect_ok(ivl_region_format(base, fmt, diag));
    expect_ok(ivl_region_over(base, fmt->region_bytes, &region, diag));
    return region;
}

/* Small region: 8 VMs, 4 jobs, 4 KiB chunks, 1 s lease. */
static inline struct ivl_region *test_region(uint64_t bytes)
{
    const struct ivl_format fmt = {
        .region_bytes = bytes, .vms = 8, .jobs = 4, .chunk_bytes = 4096, .lease_ms = 1000
    };
    return test_region_fmt(&fmt);
}

static inline void test_region_free(struct ivl_region *region)
{
    munmap(region->base, region->map_bytes);
    ivl_region_close(region);
}

static inline struct ivl_job test_job(struct ivl_region *region, uint64_t *members_off)
{
    struct ivl_job job = { 0, 0 };
    uint64_t off = 0;
    expect_ok(ivl_job_create(region, 0, 4, NULL, &job, &off, diag));
    if (members_off) {
        *members_off = off;
    }
    return job;
}

static inline struct ivl_usage test_usage(const struct ivl_region *region)
{
    struct ivl_usage usage;
    ivl_usage_read(region, &usage);
    return usage;
}

static inline void expect_all_free(const struct ivl_region *region)
{
    struct ivl_usage usage = test_usage(region);
    assert_int_equal(usage.free_chunks, usage.chunks);
    assert_int_equal(usage.largest_free_bytes, usage.heap_bytes);
    assert_int_equal(usage.orphan_chunks, 0);
    assert_int_equal(usage.corrupt_chunks, 0);
}

static inline struct ivl_abi_vm test_vm(const char *name, uint8_t number)
{
    struct ivl_abi_vm vm;
    memset(&vm, 0, sizeof(vm));
    snprintf(vm.name, sizeof(vm.name), "%s", name);
    vm.mac_count = 1;
    memcpy(vm.macs[0], (uint8_t[]){ 0x52, 0x54, 0, 0, 0, number }, 6);
    vm.uuid[15] = number;
    vm.vsock_cid = 100u + number;
    snprintf(vm.asset_tag, sizeof(vm.asset_tag), "tag %u", number);
    return vm;
}

/* A directory of its own under /dev/shm (so that regions are memory), removed by test_dir_free. */
static inline void test_dir(char path[64])
{
    strcpy(path, "/dev/shm/ivl-test-XXXXXX");
    assert_non_null(mkdtemp(path));
}

static inline void test_dir_free(const char *path)
{
    char cmd[128];
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", path);
    assert_int_equal(system(cmd), 0);
}

#endif /* IVL_TEST_H_INCLUDED */
