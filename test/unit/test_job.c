/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The job directory: life of a job, limits, hostile slots, leases.
 */
#include "ivl_test.h"
#include "chunk.h"

static struct ivl_region *region;
static struct ivl_watch *watch;

static int setup(void **state)
{
    (void) state;
    region = test_region(MIB);
    return ivl_watch_create(region, &watch);
}

static int teardown(void **state)
{
    (void) state;
    ivl_watch_destroy(watch);
    test_region_free(region);
    return 0;
}

static uint32_t step(uint64_t now_ms)
{
    uint32_t reclaimed = 0;
    expect_ok(ivl_watch_step(watch, now_ms, &reclaimed, diag));
    return reclaimed;
}

static uint64_t word_of(uint32_t slot)
{
    return ivl_sh64_load_acquire(&ivl_slot_at(region, slot)->state);
}

static void set_word(uint32_t slot, uint64_t word)
{
    ivl_sh64_store_release(&ivl_slot_at(region, slot)->state, word);
}

static void test_life(void **state)
{
    (void) state;
    uint8_t key[16];
    struct ivl_job job;
    struct ivl_job_info info;
    uint64_t off;
    memset(key, 0xab, sizeof(key));
    expect_rc(-ENOENT, ivl_job_read(region, 0, false, &info, diag));
    expect_ok(ivl_job_create(region, 3, 70, key, &job, &off, diag));
    assert_int_equal(job.slot, 0);
    assert_int_equal(job.epoch, 1);
    assert_int_equal(word_of(0), 1 << 8 | IVL_JOB_ACTIVE);
    expect_ok(ivl_job_check(region, &job, off, 70, diag));
    for (size_t i = 0; i < 70 * sizeof(struct ivl_abi_member); i++) {
        assert_int_equal(region->base[off + i], 0);
    }
    expect_ok(ivl_job_read(region, 0, true, &info, diag));
    assert_int_equal(info.state, IVL_JOB_ACTIVE);
    assert_int_equal(info.job.epoch, 1);
    assert_memory_equal(info.key, key, 16);
    assert_int_equal(info.creator_vm, 3);
    assert_int_equal(info.member_count, 70);
    assert_int_equal(info.members_off, off);
    assert_int_equal(info.chunks, 2); /* 70 lines of 64 bytes */
    assert_int_equal(info.blocks, 1);
    uint64_t heartbeat = info.heartbeat;
    assert_int_equal(ivl_job_beat(region, &job, off, 69), 0);
    assert_int_equal(ivl_job_beat(region, &job, off, UINT32_MAX), 0);
    expect_ok(ivl_job_read(region, 0, false, &info, diag));
    assert_int_equal(info.heartbeat, heartbeat + 2);
    assert_int_equal(info.chunks, 0); /* not asked for */
    const struct ivl_abi_member *lines = (const void *) (region->base + off);
    assert_int_equal(ivl_sh64_load_relaxed(&lines[69].heartbeat), 1);
    assert_int_equal(ivl_sh64_load_relaxed(&lines[68].heartbeat), 0);

    assert_int_equal(ivl_job_end(region, &job), 0);
    assert_int_equal(ivl_job_end(region, &job), -ESTALE);
    assert_int_equal(ivl_job_beat(region, &job, off, 0), -ESTALE);
    expect_rc(-ESTALE, ivl_job_check(region, &job, off, 70, diag));
    expect_all_free(region);
    assert_int_equal(test_job(region, NULL).epoch, 2); /* the next one in the slot */
}

static void test_random_keys_differ(void **state)
{
    (void) state;
    struct ivl_job_info a, b;
    test_job(region, NULL);
    test_job(region, NULL);
    expect_ok(ivl_job_read(region, 0, false, &a, diag));
    expect_ok(ivl_job_read(region, 1, false, &b, diag));
    assert_memory_not_equal(a.key, b.key, 16);
}

static void test_create_limits(void **state)
{
    (void) state;
    struct ivl_job job = { 77, 77 };
    uint64_t off = 77;
    expect_rc(-EINVAL, ivl_job_create(region, 0, 0, NULL, &job, &off, diag));
    expect_rc(-EINVAL, ivl_job_create(region, 8, 1, NULL, &job, &off, diag));
    expect_rc(-ENOMEM, ivl_job_create(region, 0, UINT32_MAX, NULL, &job, &off, diag));
    uint32_t most = (uint32_t) (ivl_heap_bytes(&region->geo) / 64);
    expect_rc(-ENOMEM, ivl_job_create(region, 0, most + 1, NULL, &job, &off, diag));
    assert_int_equal(job.slot, 77);
    assert_int_equal(off, 77);
    expect_ok(ivl_job_create(region, UINT32_MAX, most, NULL, &job, &off, diag));
    struct ivl_job second;
    expect_rc(-ENOMEM, ivl_job_create(region, 0, 1, NULL, &second, &off, diag)); /* heap full */
    assert_int_equal(ivl_job_word_state(word_of(1)), IVL_JOB_FREE); /* and given back */
    assert_int_equal(ivl_job_end(region, &job), 0);
    for (int i = 0; i < 4; i++) {
        test_job(region, NULL);
    }
    expect_rc(-ENOMEM, ivl_job_create(region, 0, 1, NULL, &job, &off, diag)); /* no slot */
}

static void test_epoch_wears_out(void **state)
{
    (void) state;
    set_word(0, ivl_job_word(IVL_JOB_EPOCH_MAX - 1, IVL_JOB_FREE));
    struct ivl_job last = test_job(region, NULL);
    assert_int_equal(last.slot, 0);
    assert_int_equal(last.epoch, IVL_JOB_EPOCH_MAX);
    assert_int_equal(ivl_job_end(region, &last), 0);
    assert_int_equal(test_job(region, NULL).slot, 1); /* slot 0 is never used again */
}

/* ---- names and member tables that are not -------------------------------------------------- */

static void test_bad_names(void **state)
{
    (void) state;
    uint64_t off;
    struct ivl_job job = test_job(region, &off);
    struct ivl_block block;
    const struct ivl_job bad[] = {
        { 1, 1 },
        { 0, 2 },
        { 0, 0 },
        { 4, 1 },
        { UINT32_MAX, 1 },
        { 0, UINT64_MAX },
        { 0, IVL_JOB_EPOCH_MAX + 2 },
        { 0, (UINT64_C(1) << 56) + 1 },
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bool in_range = bad[i].slot < 4 && bad[i].epoch > 0 && bad[i].epoch <= IVL_JOB_EPOCH_MAX;
        test_note("name %zu", i);
        expect_rc(in_range ? -ESTALE : -EBADMSG, ivl_job_check(region, &bad[i], off, 4, diag));
        assert_int_equal(ivl_job_beat(region, &bad[i], off, 0), -ESTALE);
        assert_int_equal(ivl_job_end(region, &bad[i]), -ESTALE);
        expect_rc(-ESTALE, ivl_block_alloc(region, &bad[i], 1, &block, diag));
        expect_rc(-ESTALE, ivl_arena_reserve(region, &bad[i], 1, diag));
        expect_rc(-ESTALE, ivl_block_attach(region, &bad[i], off, 0, 1, &block, diag));
    }
    expect_ok(ivl_job_check(region, &job, off, 4, diag));
}

static void test_bad_member_tables(void **state)
{
    (void) state;
    uint64_t off, end = region->geo.heap_off + ivl_heap_bytes(&region->geo);
    struct ivl_job job = test_job(region, &off), other;
    uint64_t other_off;
    expect_ok(ivl_job_create(region, 0, 4, NULL, &other, &other_off, diag));
    const uint64_t bad[] = {
        0,         1,        off + 1,   off + 32,        off - 4096, 4096,
        end - 64,  end,      end + 64,  UINT64_MAX - 63, UINT64_MAX, UINT64_C(1) << 63,
        other_off, off + 64, off + 4096
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        test_note("offset %zu", i);
        expect_rc(-EBADMSG, ivl_job_check(region, &job, bad[i], 4, diag));
        if (bad[i] < off || bad[i] % 64 || bad[i] > end - 256) {
            assert_int_equal(ivl_job_beat(region, &job, bad[i], 4), -EBADMSG);
        }
    }
    expect_rc(-EBADMSG, ivl_job_check(region, &job, off, 0, diag));
    expect_rc(-EBADMSG, ivl_job_check(region, &job, off, 3, diag));
    expect_rc(-EBADMSG, ivl_job_check(region, &job, off, UINT32_MAX, diag));
    assert_int_equal(ivl_job_beat(region, &job, off, UINT32_MAX - 1), -EBADMSG);
    /* the slot agrees, but there is no such block */
    struct ivl_abi_job *slot = ivl_slot_at(region, job.slot);
    ivl_sh32_store_relaxed(&slot->member_count, 65);
    expect_rc(-EBADMSG, ivl_job_check(region, &job, off, 65, diag));
    ivl_sh32_store_relaxed(&slot->member_count, 64);
    expect_rc(-EBADMSG, ivl_job_check(region, &job, off, 64, diag)); /* asked for 4 */
    ivl_sh32_store_relaxed(&slot->member_count, 4);
    ivl_sh64_store_relaxed(&slot->members_off, other_off);
    expect_rc(-EBADMSG, ivl_job_check(region, &job, other_off, 4, diag)); /* another job's */
}

static void test_hostile_slots(void **state)
{
    (void) state;
    struct ivl_job_info info;
    uint64_t off;
    test_job(region, &off);
    struct ivl_abi_job *slot = ivl_slot_at(region, 0);
    const uint64_t words[] = { ivl_job_word(1, 4), ivl_job_word(1, 255), ivl_job_word(0, 2),
                               UINT64_MAX, ivl_job_word(IVL_JOB_EPOCH_MAX + 1, 2) };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        set_word(0, words[i]);
        expect_rc(-EBADMSG, ivl_job_read(region, 0, true, &info, diag));
    }
    set_word(0, ivl_job_word(1, IVL_JOB_ACTIVE));
    expect_ok(ivl_job_read(region, 0, true, &info, diag));
    const uint64_t offsets[] = {
        1, 64, off + 1, UINT64_MAX, UINT64_MAX - 63, region->geo.region_bytes
    };
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        ivl_sh64_store_relaxed(&slot->members_off, offsets[i]);
        expect_rc(-EBADMSG, ivl_job_read(region, 0, true, &info, diag));
        assert_false(ivl_jobs_name_vm(region, 1));
    }
    ivl_sh64_store_relaxed(&slot->members_off, off);
    ivl_sh32_store_relaxed(&slot->member_count, UINT32_MAX);
    expect_rc(-EBADMSG, ivl_job_read(region, 0, true, &info, diag));
    assert_false(ivl_jobs_name_vm(region, 1));
    expect_rc(-ERANGE, ivl_job_read(region, 4, true, &info, diag));
    expect_rc(-ERANGE, ivl_job_read(region, UINT32_MAX, true, &info, diag));
}

/* ---- leases -------------------------------------------------------------------------------- */

static void test_lease(void **state)
{
    (void) state;
    uint64_t off;
    struct ivl_job alive = test_job(region, &off), dead = test_job(region, NULL);
    uint64_t dead_off;
    struct ivl_block block;
    expect_ok(ivl_arena_reserve(region, &dead, 100000, diag));
    expect_ok(ivl_block_alloc(region, &dead, 50000, &block, diag));
    expect_ok(ivl_job_create(region, 0, 1, NULL, &(struct ivl_job){ 0, 0 }, &dead_off, diag));
    assert_int_equal(step(5000), 0); /* first sight of them */
    assert_int_equal(ivl_job_beat(region, &alive, off, 0), 0);
    assert_int_equal(step(5999), 0);
    assert_int_equal(step(6000), 2); /* a lease without a beat */
    assert_int_equal(ivl_job_word_state(word_of(dead.slot)), IVL_JOB_FREE);
    expect_rc(-ESTALE, ivl_block_alloc(region, &dead, 1, &block, diag));
    assert_int_equal(ivl_job_beat(region, &alive, off, 0), 0);
    assert_int_equal(step(6998), 0);
    assert_int_equal(step(7997), 0);
    assert_int_equal(step(7998), 1);
    assert_int_equal(ivl_job_beat(region, &alive, off, 0), -ESTALE);
    expect_all_free(region);
}

static void test_lease_and_clocks(void **state)
{
    (void) state;
    test_job(region, NULL);
    assert_int_equal(step(UINT64_MAX - 10), 0);
    assert_int_equal(step(5), 0); /* went backwards: starts again */
    assert_int_equal(step(1004), 0);
    assert_int_equal(step(1005), 1);
    /* a new job in the slot is not the old one */
    test_job(region, NULL);
    assert_int_equal(step(900000), 0);
    assert_int_equal(step(901000), 1);
}

static void test_new_watcher_waits(void **state)
{
    (void) state;
    test_job(region, NULL);
    assert_int_equal(step(1000000), 0); /* however long it is dead already */
    assert_int_equal(step(1000999), 0);
    assert_int_equal(step(1001000), 1);
}

/* Whoever claimed, activated or swept died half-way. */
static void test_died_in_each_state(void **state)
{
    (void) state;
    const uint64_t states[] = { IVL_JOB_CLAIMED, IVL_JOB_ACTIVE, IVL_JOB_RECLAIMING };
    uint64_t now = 0;
    for (size_t i = 0; i < 3; i++) {
        struct ivl_job job = test_job(region, NULL);
        expect_ok(ivl_arena_reserve(region, &job, 20000, diag));
        set_word(job.slot, ivl_job_word(job.epoch, states[i]));
        assert_int_equal(step(now), 0);
        assert_int_equal(step(now + 1000), 1);
        assert_int_equal(word_of(job.slot), ivl_job_word(job.epoch, IVL_JOB_FREE));
        expect_all_free(region);
        now += 5000;
    }
}

static void test_hostile_words_are_reset(void **state)
{
    (void) state;
    set_word(0, UINT64_MAX);
    set_word(1, ivl_job_word(7, 9));
    set_word(2, ivl_job_word(0, IVL_JOB_ACTIVE));
    set_word(3, ivl_job_word(IVL_JOB_EPOCH_MAX + 5, IVL_JOB_FREE));
    assert_int_equal(step(0), 0);
    assert_int_equal(step(1000), 4);
    assert_int_equal(word_of(1), ivl_job_word(7, IVL_JOB_FREE));
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(test_job(region, NULL).slot, i); /* all usable again */
    }
}

static void test_orphans(void **state)
{
    (void) state;
    struct ivl_job job = test_job(region, NULL);
    const struct {
        uint64_t owner, state;
    } chunks[] = {
        { 0, ivl_chunk_word(3, IVL_CHUNK_HEAD, 1) }, /* no owner, not free */
        { 0, UINT64_MAX },
        { UINT64_MAX, 0 },
        { 1, ivl_chunk_word(0, IVL_CHUNK_BODY, 0) },                /* epoch 0 */
        { 1u << 16, 0 },                                            /* no slot */
        { 1u << 16 | 5, ivl_chunk_word(9, 77, 5) },                 /* slot past the end */
        { 2u << 16 | 1, ivl_chunk_word(9, IVL_CHUNK_RESERVED, 0) }, /* epoch to come */
        { 1u << 16 | 2, ivl_chunk_word(9, IVL_CHUNK_HEAD, 9) },     /* slot 1 is free */
    };
    const uint32_t n = sizeof(chunks) / sizeof(chunks[0]);
    for (uint32_t i = 0; i < n; i++) {
        ivl_sh64_store_release(&ivl_chunk_at(region, 10 + i)->owner, chunks[i].owner);
        ivl_sh64_store_release(&ivl_chunk_at(region, 10 + i)->state, chunks[i].state);
    }
    assert_int_equal(test_usage(region).orphan_chunks, 6);
    assert_true(test_usage(region).corrupt_chunks >= 3);
    assert_int_equal(step(0), 0);
    struct ivl_usage usage = test_usage(region);
    assert_int_equal(usage.orphan_chunks, 0);
    assert_int_equal(usage.corrupt_chunks, 0);
    assert_int_equal(usage.free_chunks, usage.chunks - 1); /* the living job's table */
    assert_int_equal(ivl_job_end(region, &job), 0);
    expect_all_free(region);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_life),
        TEST(test_random_keys_differ),
        TEST(test_create_limits),
        TEST(test_epoch_wears_out),
        TEST(test_bad_names),
        TEST(test_bad_member_tables),
        TEST(test_hostile_slots),
        TEST(test_lease),
        TEST(test_lease_and_clocks),
        TEST(test_new_watcher_waits),
        TEST(test_died_in_each_state),
        TEST(test_hostile_words_are_reset),
        TEST(test_orphans),
    };
    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
