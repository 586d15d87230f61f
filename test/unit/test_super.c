/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The superblock: every field wrong in turn, every bit flipped, and what is accepted.
 */
#include "ivl_test.h"
#include "crc32c.h"

#define BYTES MIB

static uint8_t *base; /* a region of BYTES */

static struct ivl_abi_super *super(void)
{
    return (struct ivl_abi_super *) (void *) base;
}

static void seal(void)
{
    super()->checksum = ivl_crc32c(base, IVL_ABI_SUPER_SEALED);
}

static int setup(void **state)
{
    (void) state;
    const struct ivl_format fmt = { .region_bytes = BYTES, .vms = 8, .jobs = 4 };
    base = test_memory(BYTES);
    expect_ok(ivl_region_format(base, &fmt, diag));
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    return munmap(base, BYTES);
}

static int fetch(uint64_t backing, struct ivl_diag *diag)
{
    struct ivl_geometry geo, before;
    memset(&geo, 0x5a, sizeof(geo));
    before = geo;
    int rc = ivl_super_fetch(base, backing, "test", &geo, diag);
    if (rc) {
        assert_memory_equal(&geo, &before, sizeof(geo)); /* set on success only */
    }
    return rc;
}

static void test_accepts(void **state)
{
    (void) state;
    struct ivl_geometry geo;
    expect_ok(ivl_super_fetch(base, BYTES, "test", &geo, diag));
    assert_int_equal(geo.region_bytes, BYTES);
    assert_int_equal(geo.table_count, 8);
    assert_int_equal(geo.jobs_count, 4);
    assert_int_equal(geo.chunk_bytes, 4096);
    assert_int_equal(geo.chunk_shift, 12);
    assert_int_equal(geo.lease_ms, 10000);
    assert_int_equal(geo.generation, 1);
    assert_int_equal(geo.table_off, super()->table.offset);
    assert_int_equal(geo.jobs_off, super()->jobs.offset);
    assert_int_equal(geo.chunks_off, super()->chunks.offset);
    assert_int_equal(geo.heap_off, super()->heap_offset);
    assert_memory_equal(geo.region_uuid, super()->region_uuid, 16);
}

static void test_accepts_newer_minor_and_reserved(void **state)
{
    (void) state;
    super()->version_minor = 77;
    super()->features_compat = UINT64_MAX;
    memset(super()->reserved0, 0xee, sizeof(super()->reserved0));
    seal();
    expect_ok(fetch(BYTES, diag));
    memset(super()->reserved3, 0xee, sizeof(super()->reserved3)); /* not sealed */
    ivl_sh64_store_relaxed(&super()->table_epoch, 99);
    expect_ok(fetch(BYTES * 2, diag)); /* a larger backing is fine */
}

struct wrong {
    const char *what;
    size_t offset, size;
    uint64_t value;
    int rc;
};

#define AT(field) offsetof(struct ivl_abi_super, field), sizeof(((struct ivl_abi_super *) 0)->field)
#define BAD(field, value, rc)                     \
    {                                             \
#field " = " #value, AT(field), value, rc \
    }

static const struct wrong wrongs[] = {
    BAD(version_major, 0, -EPROTO),
    BAD(version_major, 2, -EPROTO),
    BAD(version_major, 0xffff, -EPROTO),
    BAD(super_bytes, 0, -EBADMSG),
    BAD(super_bytes, 4095, -EBADMSG),
    BAD(super_bytes, 8192, -EBADMSG),
    BAD(features_incompat, 1, -EPROTO),
    BAD(features_incompat, UINT64_C(1) << 63, -EPROTO),
    BAD(region_bytes, 0, -EBADMSG),
    BAD(region_bytes, MIB - 1, -EBADMSG),
    BAD(region_bytes, BYTES + 1, -EMSGSIZE),
    BAD(region_bytes, IVL_REGION_MAX_BYTES, -EMSGSIZE),
    BAD(region_bytes, IVL_REGION_MAX_BYTES + 1, -EBADMSG),
    BAD(region_bytes, UINT64_MAX, -EBADMSG),
    BAD(generation, 0, -EBADMSG),
    BAD(table.offset, 0, -EBADMSG),
    BAD(table.offset, 4095, -EBADMSG),
    BAD(table.offset, 4096 + 8, -EBADMSG),
    BAD(table.offset, BYTES, -EBADMSG),
    BAD(table.offset, UINT64_MAX - 4095, -EBADMSG),
    BAD(table.offset, UINT64_C(1) << 63, -EBADMSG),
    BAD(table.count, 0, -EBADMSG),
    BAD(table.count, 9, -EBADMSG), /* runs into the jobs */
    BAD(table.count, IVL_VMS_MAX + 1, -EBADMSG),
    BAD(table.count, UINT32_MAX, -EBADMSG),
    BAD(table.elem_bytes, 0, -EBADMSG),
    BAD(table.elem_bytes, 511, -EBADMSG),
    BAD(table.elem_bytes, 1024, -EBADMSG),
    BAD(jobs.offset, 0, -EBADMSG),
    BAD(jobs.offset, 4096, -EBADMSG), /* on the table */
    BAD(jobs.offset, 8192 + 256, -EBADMSG),
    BAD(jobs.offset, BYTES, -EBADMSG),
    BAD(jobs.offset, UINT64_MAX - 4095, -EBADMSG),
    BAD(jobs.count, 0, -EBADMSG),
    BAD(jobs.count, 17, -EBADMSG), /* runs into the descriptors */
    BAD(jobs.count, IVL_JOBS_MAX + 1, -EBADMSG),
    BAD(jobs.elem_bytes, 128, -EBADMSG),
    BAD(chunks.offset, 0, -EBADMSG),
    BAD(chunks.offset, 4096, -EBADMSG),
    BAD(chunks.offset, 8192, -EBADMSG),
    BAD(chunks.offset, BYTES - 4096, -EBADMSG),
    BAD(chunks.offset, UINT64_MAX - 4095, -EBADMSG),
    BAD(chunks.count, 0, -EBADMSG),
    BAD(chunks.count, 256, -EBADMSG), /* heap past the end */
    BAD(chunks.count, IVL_CHUNKS_MAX, -EBADMSG),
    BAD(chunks.count, IVL_CHUNKS_MAX + 1, -EBADMSG),
    BAD(chunks.count, UINT32_MAX, -EBADMSG),
    BAD(chunks.elem_bytes, 31, -EBADMSG),
    BAD(heap_offset, 0, -EBADMSG),
    BAD(heap_offset, 4096, -EBADMSG),
    BAD(heap_offset, 12288, -EBADMSG), /* on the descriptors */
    BAD(heap_offset, BYTES, -EBADMSG),
    BAD(heap_offset, UINT64_MAX - 4095, -EBADMSG),
    BAD(heap_offset, 20480 + 1, -EBADMSG),
    BAD(chunk_bytes, 0, -EBADMSG),
    BAD(chunk_bytes, 2048, -EBADMSG),
    BAD(chunk_bytes, 4097, -EBADMSG),
    BAD(chunk_bytes, 8192, -EBADMSG), /* heap misaligned or past the end */
    BAD(chunk_bytes, IVL_CHUNK_MAX_BYTES, -EBADMSG),
    BAD(chunk_bytes, UINT32_C(1) << 31, -EBADMSG),
    BAD(lease_ms, 0, -EBADMSG),
    BAD(lease_ms, 999, -EBADMSG),
    BAD(lease_ms, 600001, -EBADMSG),
    BAD(lease_ms, UINT32_MAX, -EBADMSG),
};

static void test_each_field_wrong(void **state)
{
    (void) state;
    struct ivl_abi_super good = *super();
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        const struct wrong *w = &wrongs[i];
        memcpy(base + w->offset, &w->value, w->size);
        seal();
        int rc = fetch(BYTES, NULL);
        if (rc != w->rc) {
            fail_msg("%s: got %d, want %d", w->what, rc, w->rc);
        }
        memcpy(base, &good, sizeof(good));
    }
    expect_ok(fetch(BYTES, diag));
}

static void test_zero_uuid(void **state)
{
    (void) state;
    memset(super()->region_uuid, 0, 16);
    seal();
    expect_rc(-EBADMSG, fetch(BYTES, diag));
}

static void test_each_bit_flipped(void **state)
{
    (void) state;
    for (unsigned bit = 0; bit < 8 * (IVL_ABI_SUPER_SEALED + 4); bit++) {
        base[bit / 8] = (uint8_t) (base[bit / 8] ^ (1u << bit % 8));
        assert_int_not_equal(fetch(BYTES, NULL), 0);
        assert_int_equal(ivl_super_generation(base), 0);
        base[bit / 8] = (uint8_t) (base[bit / 8] ^ (1u << bit % 8));
    }
    expect_ok(fetch(BYTES, diag));
    assert_int_equal(ivl_super_generation(base), 1);
}

static void test_no_region(void **state)
{
    (void) state;
    expect_rc(-EMSGSIZE, fetch(0, diag));
    expect_rc(-EMSGSIZE, fetch(4095, diag));
    expect_rc(-EMSGSIZE, fetch(4096, diag));
    expect_rc(-EMSGSIZE, fetch(BYTES - 1, diag));
    memset(base, 0, 4096);
    expect_rc(-EBADMSG, fetch(BYTES, diag));
    memset(base, 0xff, 4096);
    expect_rc(-EBADMSG, fetch(BYTES, diag));
    memset(base, 'M', 4096);
    expect_rc(-EBADMSG, fetch(BYTES, diag));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_accepts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_accepts_newer_minor_and_reserved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_field_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zero_uuid, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_bit_flipped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_region, setup, teardown),
    };
    return cmocka_run_group_tests_name("super", tests, NULL, NULL);
}
