/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The arena allocator: limits, fragmentation, references, names that are not, hostile
 * descriptors, several jobs.
 */
#include "ivl_test.h"
#include "chunk.h"

#define CHUNK 4096

static struct ivl_region *region;
static struct ivl_job job;
static uint64_t heap, members_off;

static int setup(void **state)
{
    (void) state;
    region = test_region(MIB);
    job = test_job(region, &members_off);
    heap = ivl_heap_bytes(&region->geo);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    test_region_free(region);
    return 0;
}

static struct ivl_block alloc(uint64_t bytes)
{
    struct ivl_block block = { 0, 0, 0 };
    expect_ok(ivl_block_alloc(region, &job, bytes, &block, diag));
    assert_int_equal(block.bytes, bytes);
    assert_true(block.offset >= region->geo.heap_off && block.offset % CHUNK == 0);
    return block;
}

static int attach(const struct ivl_block *b, struct ivl_diag *diag)
{
    struct ivl_block got;
    int rc = ivl_block_attach(region, &job, b->offset, b->generation, b->bytes, &got, diag);
    if (rc == 0) {
        assert_int_equal(got.offset, b->offset);
        assert_int_equal(got.generation, b->generation);
        assert_int_equal(got.bytes, b->bytes);
    }
    return rc;
}

static void release(const struct ivl_block *block)
{
    expect_ok(ivl_block_release(region, &job, block, diag));
}

static struct ivl_abi_chunk *head_of(const struct ivl_block *block)
{
    return ivl_chunk_at(region, (uint32_t) ((block->offset - region->geo.heap_off) / CHUNK));
}

static bool is_zero(const struct ivl_block *block)
{
    const uint8_t *p = ivl_block_addr(region, block);
    for (uint64_t i = 0; i < block->bytes; i++) {
        if (p[i]) {
            return false;
        }
    }
    return true;
}

static void test_sizes(void **state)
{
    (void) state;
    const uint64_t sizes[] = { 1, 63, CHUNK - 1, CHUNK, CHUNK + 1, 10 * CHUNK, heap - CHUNK };
    uint64_t before = test_usage(region).free_chunks;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct ivl_block b = alloc(sizes[i]);
        uint64_t chunks = (sizes[i] + CHUNK - 1) / CHUNK;
        assert_int_equal(test_usage(region).free_chunks, before - chunks);
        assert_true(is_zero(&b));
        memset(ivl_block_addr(region, &b), 0xee, b.bytes); /* the next one must not see it */
        release(&b);
        assert_int_equal(test_usage(region).free_chunks, before);
    }
    struct ivl_block b;
    expect_rc(-EINVAL, ivl_block_alloc(region, &job, 0, &b, diag));
    expect_rc(-EINVAL, ivl_arena_reserve(region, &job, 0, diag));
    const uint64_t big[] = { heap - CHUNK + 1,  heap,      heap + 1, UINT64_C(1) << 62,
                             UINT64_MAX - 4095, UINT64_MAX };
    for (size_t i = 0; i < sizeof(big) / sizeof(big[0]); i++) {
        expect_rc(-ENOMEM, ivl_block_alloc(region, &job, big[i], &b, diag));
        expect_rc(-ENOMEM, ivl_arena_reserve(region, &job, big[i], diag));
    }
}

static void test_references(void **state)
{
    (void) state;
    struct ivl_block b = alloc(10000);
    expect_ok(attach(&b, diag));
    expect_ok(attach(&b, diag));
    release(&b);
    release(&b);
    expect_ok(attach(&b, diag)); /* one was left */
    release(&b);
    release(&b);
    expect_rc(-ESTALE, attach(&b, diag));
    expect_rc(-ESTALE, ivl_block_release(region, &job, &b, diag)); /* double free */
    struct ivl_block c = alloc(10000);
    expect_rc(-ESTALE, attach(&b, diag));
    expect_rc(-ESTALE, ivl_block_release(region, &job, &b, diag)); /* even if used again */
    expect_ok(attach(&c, diag));
}

static void test_reference_overflow(void **state)
{
    (void) state;
    struct ivl_block b = alloc(1);
    struct ivl_abi_chunk *head = head_of(&b);
    ivl_sh64_store_release(&head->state,
                           ivl_chunk_word(b.generation, IVL_CHUNK_HEAD, IVL_CHUNK_REFS_MAX));
    expect_rc(-EOVERFLOW, attach(&b, diag));
    release(&b);
    expect_ok(attach(&b, diag));
}

static void test_generation_wraps(void **state)
{
    (void) state;
    struct ivl_block b = alloc(1), c;
    struct ivl_abi_chunk *head = head_of(&b);
    ivl_sh64_store_release(&head->state, ivl_chunk_word(UINT32_MAX, IVL_CHUNK_HEAD, 1));
    b.generation = UINT32_MAX;
    expect_ok(attach(&b, diag));
    release(&b);
    release(&b);
    assert_int_equal(ivl_sh64_load_relaxed(&head->state), 0);
    assert_int_equal(ivl_sh64_load_relaxed(&head->owner), 0);
    expect_ok(ivl_block_alloc(region, &job, 1, &c, diag));
}

static void test_foreign_names(void **state)
{
    (void) state;
    struct ivl_block b = alloc(3 * CHUNK), got;
    const uint64_t end = region->geo.heap_off + heap;
    const uint64_t offsets[] = { 0,
                                 1,
                                 4096,
                                 region->geo.heap_off - CHUNK,
                                 b.offset + 1,
                                 b.offset - 1,
                                 b.offset + CHUNK,
                                 end - CHUNK,
                                 end,
                                 end + CHUNK,
                                 UINT64_MAX,
                                 UINT64_MAX - CHUNK + 1,
                                 UINT64_C(1) << 63 };
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        struct ivl_block bad = { offsets[i], b.generation, b.bytes };
        test_note("offset %zu", i);
        expect_rc(-EBADMSG,
                  ivl_block_attach(region, &job, offsets[i], b.generation, 1, &got, diag));
        expect_rc(-EBADMSG, ivl_block_release(region, &job, &bad, diag));
    }
    for (uint32_t g = 1; g; g <<= 1) {
        struct ivl_block bad = { b.offset, b.generation ^ g, b.bytes };
        expect_rc(-ESTALE, attach(&bad, diag));
        expect_rc(-ESTALE, ivl_block_release(region, &job, &bad, diag));
    }
    struct ivl_block longer = { b.offset, b.generation, b.bytes + 1 };
    expect_rc(-EBADMSG, attach(&longer, diag));
    expect_rc(-EBADMSG, ivl_block_release(region, &job, &longer, diag));
    expect_ok(ivl_block_attach(region, &job, b.offset, b.generation, 0, &got, diag));
    assert_int_equal(got.bytes, b.bytes);
}

/* As attach() but for the chunks: gone, another's, shorter or longer is refused. */
static void test_attach_known(void **state)
{
    (void) state;
    struct ivl_job other = test_job(region, NULL);
    struct ivl_block b = alloc(5 * CHUNK), theirs;
    struct ivl_block longer = { b.offset, b.generation, b.bytes + 1 };
    struct ivl_block later = { b.offset, b.generation + 1, b.bytes };
    struct ivl_block outside = { UINT64_MAX - CHUNK + 1, b.generation, b.bytes };

    expect_ok(ivl_block_alloc(region, &other, CHUNK, &theirs, diag));
    expect_ok(ivl_block_attach_known(region, &job, &b, diag));
    expect_rc(-EBADMSG, ivl_block_attach_known(region, &job, &longer, diag));
    expect_rc(-ESTALE, ivl_block_attach_known(region, &job, &later, diag));
    expect_rc(-EBADMSG, ivl_block_attach_known(region, &job, &outside, diag));
    expect_rc(-EBADMSG, ivl_block_attach_known(region, &job, &theirs, diag));
    release(&b);
    release(&b);
    expect_rc(-ESTALE, ivl_block_attach_known(region, &job, &b, diag));
    assert_int_equal(ivl_job_end(region, &other), 0);
    assert_int_equal(ivl_job_end(region, &job), 0);
    expect_all_free(region);
}

static void test_two_jobs(void **state)
{
    (void) state;
    struct ivl_job other = test_job(region, NULL);
    struct ivl_block mine = alloc(CHUNK), theirs, got;
    expect_ok(ivl_block_alloc(region, &other, 2 * CHUNK, &theirs, diag));
    expect_rc(-EBADMSG, attach(&theirs, diag));
    expect_rc(-EBADMSG, ivl_block_release(region, &job, &theirs, diag));
    expect_rc(-EBADMSG,
              ivl_block_attach(region, &other, mine.offset, mine.generation, 1, &got, diag));
    assert_int_equal(ivl_job_end(region, &other), 0);
    expect_ok(attach(&mine, diag)); /* not disturbed */
    expect_rc(-ESTALE, ivl_block_release(region, &other, &theirs, diag));
    release(&mine);
    release(&mine);
    assert_int_equal(ivl_job_end(region, &job), 0);
    expect_all_free(region);
}

/* ---- the arena ----------------------------------------------------------------------------- */

static uint64_t arena_chunks(void)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < region->geo.chunk_count; i++) {
        n += ivl_chunk_in_arena(ivl_chunk_at(region, i), ivl_job_tag(&job));
    }
    return n;
}

static void test_arena(void **state)
{
    (void) state;
    uint64_t before = test_usage(region).free_chunks;
    expect_ok(ivl_arena_reserve(region, &job, 10 * CHUNK, diag));
    assert_int_equal(arena_chunks(), 10);
    assert_int_equal(test_usage(region).free_chunks, before - 10);
    struct ivl_block a = alloc(6 * CHUNK), b = alloc(4 * CHUNK);
    assert_int_equal(arena_chunks(), 0);
    assert_int_equal(test_usage(region).free_chunks, before - 10); /* from the arena */
    struct ivl_block c = alloc(CHUNK);
    assert_int_equal(test_usage(region).free_chunks, before - 11); /* from the heap */
    release(&a);
    release(&b);
    release(&c);
    assert_int_equal(arena_chunks(), 10); /* back where they came from */
    assert_int_equal(test_usage(region).free_chunks, before - 10);
    struct ivl_block again = alloc(10 * CHUNK);
    assert_int_equal(again.offset, a.offset);
    assert_int_not_equal(again.generation, a.generation);
    expect_ok(ivl_arena_reserve(region, &job, CHUNK, diag)); /* a second piece */
    assert_int_equal(arena_chunks(), 1);
    assert_int_equal(ivl_job_end(region, &job), 0);
    expect_all_free(region);
}

/* Another process's arena is found too: by the first allocation, or before giving up. */
static void test_arena_of_another_member(void **state)
{
    (void) state;
    struct ivl_region *second;
    struct ivl_block b;
    expect_ok(ivl_region_over(region->base, region->map_bytes, &second, diag));
    expect_ok(ivl_arena_reserve(region, &job, 8 * CHUNK, diag));
    expect_ok(ivl_block_alloc(second, &job, 8 * CHUNK, &b, diag));
    assert_int_equal(arena_chunks(), 0);
    expect_ok(ivl_block_release(second, &job, &b, diag));
    /* now the hint is set; the rest of the heap becomes arena behind its back */
    uint64_t rest = test_usage(region).largest_free_bytes;
    expect_ok(ivl_arena_reserve(region, &job, rest, diag));
    expect_ok(ivl_block_alloc(second, &job, rest, &b, diag));
    expect_ok(ivl_block_release(second, &job, &b, diag));
    ivl_region_close(second);
}

/* ---- space --------------------------------------------------------------------------------- */

static void test_fragmentation(void **state)
{
    (void) state;
    uint32_t n = (uint32_t) test_usage(region).free_chunks;
    struct ivl_block *blocks = calloc(n, sizeof(*blocks)), big;
    assert_non_null(blocks);
    for (uint32_t i = 0; i < n; i++) {
        blocks[i] = alloc(CHUNK);
    }
    expect_rc(-ENOMEM, ivl_block_alloc(region, &job, 1, &big, diag));
    for (uint32_t i = 0; i < n; i += 2) {
        release(&blocks[i]);
    }
    assert_int_equal(test_usage(region).largest_free_bytes, CHUNK);
    expect_rc(-ENOMEM, ivl_block_alloc(region, &job, CHUNK + 1, &big, diag));
    expect_ok(ivl_block_alloc(region, &job, CHUNK, &big, diag));
    release(&big);
    release(&blocks[1]); /* now 0, 1 and 2 are free in a row */
    expect_ok(ivl_block_alloc(region, &job, 3 * CHUNK, &big, diag));
    assert_int_equal(big.offset, blocks[0].offset);
    free(blocks);
}

/* The search begins behind the last block and must find a run that spans its starting point. */
static void test_search_wraps(void **state)
{
    (void) state;
    uint32_t n = (uint32_t) test_usage(region).free_chunks;
    struct ivl_block a = alloc((n - 4) * CHUNK), b = alloc(2 * CHUNK), c = alloc(2 * CHUNK);
    release(&a);
    a = alloc((n - 6) * CHUNK); /* leaves two chunks free before b */
    release(&b);
    ivl_sh32_store_relaxed(&ivl_impl(region)->hints.heap_next,
                           (uint32_t) ((b.offset - region->geo.heap_off) / CHUNK));
    struct ivl_block d = alloc(4 * CHUNK);
    assert_int_equal(d.offset, b.offset - 2 * CHUNK);
    release(&d);
    release(&a);
    release(&c);
    a = alloc((uint64_t) n * CHUNK);
    release(&a);
}

/* What was freed last is used first: it is in the caches. */
static void test_reuses_memory(void **state)
{
    (void) state;
    for (int arena = 0; arena < 2; arena++) {
        struct ivl_block a = alloc(2 * CHUNK), b = alloc(2 * CHUNK), c = alloc(2 * CHUNK);
        release(&b);
        struct ivl_block again = alloc(CHUNK);
        assert_int_equal(again.offset, b.offset);
        release(&again);
        release(&a);
        release(&c);
        again = alloc(2 * CHUNK);
        assert_int_equal(again.offset, a.offset);
        release(&again);
        expect_ok(ivl_arena_reserve(region, &job, 20 * CHUNK, diag));
    }
}

static void test_no_memory_says_who(void **state)
{
    (void) state;
    struct ivl_diag found;
    struct ivl_block b;
    alloc(100 * CHUNK);
    assert_int_equal(ivl_block_alloc(region, &job, heap, &b, &found), -ENOMEM);
    assert_non_null(strstr(found.what, "job slot 0 holds"));
    assert_non_null(strstr(found.what, "MiB free"));
}

/* ---- hostile descriptors ------------------------------------------------------------------- */

static void test_hostile_head(void **state)
{
    (void) state;
    struct ivl_block b = alloc(3 * CHUNK);
    struct ivl_abi_chunk *head = head_of(&b);
    const uint64_t lengths[] = {
        0, b.bytes + CHUNK, heap, heap + 1, UINT64_MAX, UINT64_MAX - 4094
    };
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        test_note("length %zu", i);
        ivl_sh64_store_release(&head->bytes, lengths[i]);
        expect_rc(-EBADMSG, attach(&b, diag));
        expect_rc(-EBADMSG, ivl_block_release(region, &job, &b, diag));
        struct ivl_block other; /* searching past it from the start still works */
        memset(&ivl_impl(region)->hints, 0, sizeof(ivl_impl(region)->hints));
        expect_ok(ivl_block_alloc(region, &job, 1, &other, diag));
        release(&other);
    }
    ivl_sh64_store_release(&head->bytes, b.bytes);
    for (uint32_t kind = 0; kind < 256; kind++) {
        ivl_sh64_store_release(&head->state, ivl_chunk_word(b.generation, kind, 1));
        int want = kind == IVL_CHUNK_HEAD ? 0 : -EBADMSG;
        expect_rc(want, attach(&b, diag));
        assert_int_equal(test_usage(region).corrupt_chunks, kind != IVL_CHUNK_HEAD);
    }
    ivl_sh64_store_release(&head->state, ivl_chunk_word(b.generation, IVL_CHUNK_HEAD, 0));
    expect_rc(-ESTALE, attach(&b, diag));
    expect_rc(-ESTALE, ivl_block_release(region, &job, &b, diag));
}

static void test_hostile_body(void **state)
{
    (void) state;
    struct ivl_block b = alloc(3 * CHUNK);
    struct ivl_abi_chunk *body = head_of(&b) + 2;
    uint64_t owner = ivl_job_tag(&job), good = ivl_sh64_load_relaxed(&body->state);
    const uint64_t owners[] = { 0, owner + 1, UINT64_MAX };
    for (size_t i = 0; i < 3; i++) {
        ivl_sh64_store_release(&body->owner, owners[i]);
        expect_rc(-EBADMSG, attach(&b, diag));
        expect_rc(-EBADMSG, ivl_block_release(region, &job, &b, diag));
    }
    ivl_sh64_store_release(&body->owner, owner);
    ivl_sh64_store_release(&body->state, ivl_chunk_word(0, IVL_CHUNK_HEAD, 1));
    expect_rc(-EBADMSG, attach(&b, diag));
    ivl_sh64_store_release(&body->state, good);
    release(&b);
}

/* Free chunks that are not clean are mended when they are claimed. */
static void test_claims_mend(void **state)
{
    (void) state;
    uint64_t n = test_usage(region).free_chunks;
    for (uint32_t i = 0; i < region->geo.chunk_count; i++) {
        struct ivl_abi_chunk *chunk = ivl_chunk_at(region, i);
        if (ivl_sh64_load_relaxed(&chunk->owner) == 0) {
            ivl_sh64_store_release(&chunk->state, ivl_chunk_word(i, i % 5, i % 3));
            ivl_sh64_store_release(&chunk->info, UINT64_MAX);
            ivl_sh64_store_release(&chunk->bytes, UINT64_MAX);
        }
    }
    struct ivl_block b = alloc(n * CHUNK);
    expect_ok(attach(&b, diag));
    for (uint64_t i = 0; i < n; i++) { /* an old handle of a chunk that was not clean is refused */
        uint32_t index = (uint32_t) ((b.offset - region->geo.heap_off) / CHUNK + i);
        uint32_t kind = index % 5, refs = index % 3;
        uint64_t now = ivl_sh64_load_relaxed(&ivl_chunk_at(region, index)->state);
        assert_int_equal(ivl_chunk_generation(now), index + (kind || refs));
    }
    release(&b);
    release(&b);
    assert_int_equal(test_usage(region).free_chunks, n);
    assert_int_equal(test_usage(region).corrupt_chunks, 0);
}

/* A whole heap of chunks owned by somebody unknown: no room, no hang; a watch frees it. */
static void test_heap_of_noise(void **state)
{
    (void) state;
    struct ivl_block b;
    struct ivl_watch *watch;
    uint64_t seed = 88172645463325252u;
    for (uint32_t i = 0; i < region->geo.chunk_count; i++) {
        uint64_t words[4];
        for (int k = 0; k < 4; k++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            words[k] = seed;
        }
        ivl_words_store_release(ivl_chunk_at(region, i), words, sizeof(words));
    }
    expect_rc(-ENOMEM, ivl_block_alloc(region, &job, 1, &b, diag));
    expect_rc(-ENOMEM, ivl_arena_reserve(region, &job, 1, diag));
    assert_int_equal(test_usage(region).orphan_chunks, region->geo.chunk_count);
    assert_int_equal(ivl_watch_create(region, &watch), 0);
    expect_ok(ivl_watch_step(watch, 0, NULL, diag));
    expect_all_free(region);
    ivl_watch_destroy(watch);
}

static void test_ended_job_is_refused(void **state)
{
    (void) state;
    struct ivl_block b = alloc(CHUNK), c;
    assert_int_equal(ivl_job_end(region, &job), 0);
    expect_rc(-ESTALE, attach(&b, diag));
    expect_rc(-ESTALE, ivl_block_release(region, &job, &b, diag));
    expect_rc(-ESTALE, ivl_block_alloc(region, &job, 1, &c, diag));
    expect_rc(-ESTALE, ivl_arena_reserve(region, &job, 1, diag));
    struct ivl_job next = test_job(region, NULL); /* same slot, next epoch */
    assert_int_equal(next.slot, job.slot);
    expect_rc(-ESTALE, attach(&b, diag));
    expect_rc(-ESTALE, ivl_block_alloc(region, &job, 1, &c, diag));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_sizes),
        TEST(test_references),
        TEST(test_reference_overflow),
        TEST(test_generation_wraps),
        TEST(test_foreign_names),
        TEST(test_attach_known),
        TEST(test_two_jobs),
        TEST(test_arena),
        TEST(test_arena_of_another_member),
        TEST(test_fragmentation),
        TEST(test_search_wraps),
        TEST(test_reuses_memory),
        TEST(test_no_memory_says_who),
        TEST(test_hostile_head),
        TEST(test_hostile_body),
        TEST(test_claims_mend),
        TEST(test_heap_of_noise),
        TEST(test_ended_job_is_refused),
    };
    return cmocka_run_group_tests_name("block", tests, NULL, NULL);
}
