/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The allocator under many hands: threads of several jobs, members that hand blocks over, and
 * processes killed at any instruction while others go on.
 */
#include "ivl_test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <sched.h>

#define THREADS 4
#define ROUNDS 3000
#define HELD 6
#define KILLS 150

static struct ivl_region *region;

struct worker {
    struct ivl_job job;
    uint64_t seed;
    long allocs, errors;
};

static uint32_t rnd(uint64_t *seed, uint32_t below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t) (*seed >> 33) % below;
}

/* A block must be zero when new and hold its own pattern until freed: nobody else writes to it. */
static bool fill(const struct ivl_block *block, uint64_t mark)
{
    uint64_t *p = ivl_block_addr(region, block);
    for (uint64_t i = 0; i < block->bytes / 8; i++) {
        if (p[i]) {
            return false;
        }
        p[i] = mark + i;
    }
    return true;
}

static bool intact(const struct ivl_block *block, uint64_t mark)
{
    const uint64_t *p = ivl_block_addr(region, block);
    for (uint64_t i = 0; i < block->bytes / 8; i++) {
        if (p[i] != mark + i) {
            return false;
        }
    }
    return true;
}

static void use_slot(struct worker *w, struct ivl_block *block, uint64_t *mark)
{
    struct ivl_block again;
    if (block->bytes == 0) {
        int rc = ivl_block_alloc(region, &w->job, 8 + rnd(&w->seed, 5 * 4096), block, NULL);
        *mark = w->seed;
        w->errors += rc ? rc != -ENOMEM : !fill(block, *mark);
        w->allocs += rc == 0;
        return;
    }
    w->errors += ivl_block_attach(region, &w->job, block->offset, block->generation, block->bytes,
                                  &again, NULL) != 0;
    w->errors += !intact(block, *mark);
    w->errors += ivl_block_release(region, &w->job, &again, NULL) != 0;
    w->errors += ivl_block_release(region, &w->job, block, NULL) != 0;
    w->errors += ivl_block_release(region, &w->job, block, NULL) == 0; /* twice is refused */
    block->bytes = 0;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct ivl_block held[HELD] = { { 0, 0, 0 } };
    uint64_t marks[HELD] = { 0 };
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t k = rnd(&w->seed, HELD);
        use_slot(w, &held[k], &marks[k]);
    }
    for (int k = 0; k < HELD; k++) {
        if (held[k].bytes) {
            use_slot(w, &held[k], &marks[k]);
        }
    }
    return NULL;
}

static void run_workers(struct worker *w, int n)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < n; i++) {
        w[i].seed = 0x9e3779b97f4a7c15u * (uint64_t) (i + 1);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &w[i]), 0);
    }
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(w[i].errors, 0);
        assert_true(w[i].allocs > ROUNDS / 10);
    }
}

/* Threads of one job with an arena smaller than what they want. */
static void test_threads_of_one_job(void **state)
{
    (void) state;
    struct worker w[THREADS] = { 0 };
    region = test_region(MIB);
    struct ivl_job job = test_job(region, NULL);
    expect_ok(ivl_arena_reserve(region, &job, 24 * 4096, diag));
    for (int i = 0; i < THREADS; i++) {
        w[i].job = job;
    }
    run_workers(w, THREADS);
    assert_int_equal(test_usage(region).free_chunks, region->geo.chunk_count - 25);
    assert_int_equal(ivl_job_end(region, &job), 0);
    expect_all_free(region);
    test_region_free(region);
}

/* Each thread its own job, together more than the heap: -ENOMEM is part of the game. */
static void test_threads_of_many_jobs(void **state)
{
    (void) state;
    struct worker w[THREADS] = { 0 };
    const struct ivl_format fmt = {
        .region_bytes = MIB, .vms = 8, .jobs = 4, .chunk_bytes = 16384
    };
    region = test_region_fmt(&fmt);
    for (int i = 0; i < THREADS; i++) {
        w[i].job = test_job(region, NULL);
    }
    run_workers(w, THREADS);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(ivl_job_end(region, &w[i].job), 0);
    }
    expect_all_free(region);
    test_region_free(region);
}

/* ---- members handing blocks to each other --------------------------------------------------- */

#define PASSES 20000

static uint64_t names[PASSES]; /* chunk << 32 | generation + 1 of a block with its reference */

static void *receive(void *arg)
{
    struct worker *w = arg;
    for (int i = 0; i < PASSES; i++) {
        uint64_t name;
        while ((name = __atomic_load_n(&names[i], __ATOMIC_ACQUIRE)) == 0) {
            sched_yield();
        }
        struct ivl_block b;
        uint32_t generation = (uint32_t) name - 1;
        if (ivl_block_attach(region, &w->job, name >> 32 << 12, generation, 1, &b, NULL)) {
            w->errors++;
            continue;
        }
        w->errors += *(uint64_t *) ivl_block_addr(region, &b) != (uint64_t) i + 1;
        w->errors += ivl_block_release(region, &w->job, &b, NULL) != 0;
        w->errors += ivl_block_release(region, &w->job, &b, NULL) != 0; /* the sender's */
    }
    return NULL;
}

/* The sender runs ahead until the heap is full. */
static void send_all(const struct ivl_job *job)
{
    for (int i = 0; i < PASSES; i++) {
        struct ivl_block b;
        int rc;
        while ((rc = ivl_block_alloc(region, job, 4096, &b, NULL)) == -ENOMEM) {
            sched_yield();
        }
        assert_int_equal(rc, 0);
        *(uint64_t *) ivl_block_addr(region, &b) = (uint64_t) i + 1;
        __atomic_store_n(&names[i], b.offset >> 12 << 32 | (b.generation + 1), __ATOMIC_RELEASE);
    }
}

static void test_handing_over(void **state)
{
    (void) state;
    struct worker w = { 0 };
    pthread_t thread;
    region = test_region(MIB);
    w.job = test_job(region, NULL);
    expect_ok(ivl_arena_reserve(region, &w.job, 4 * 4096, diag));
    assert_int_equal(pthread_create(&thread, NULL, receive, &w), 0);
    send_all(&w.job);
    pthread_join(thread, NULL);
    assert_int_equal(w.errors, 0);
    assert_int_equal(ivl_job_end(region, &w.job), 0);
    expect_all_free(region);
    test_region_free(region);
}

/* ---- death at any instruction --------------------------------------------------------------- */

static uint32_t *progress; /* shared with the child: calls it has made */

/* Child: makes a job and works on it until it is killed. */
static void work_until_killed(uint64_t seed)
{
    struct ivl_block held[HELD] = { { 0, 0, 0 } };
    uint64_t marks[HELD] = { 0 }, off;
    struct worker w = { .seed = seed };
    for (;;) {
        if (ivl_job_create(region, 0, 4, NULL, &w.job, &off, NULL)) {
            continue;
        }
        (void) ivl_arena_reserve(region, &w.job, 8 * 4096, NULL);
        for (int i = 0; i < 50; i++) {
            uint32_t k = rnd(&w.seed, HELD);
            use_slot(&w, &held[k], &marks[k]);
            __atomic_fetch_add(progress, 1, __ATOMIC_RELAXED);
        }
        if (w.errors) {
            _exit(3);
        }
        (void) ivl_job_end(region, &w.job);
        memset(held, 0, sizeof(held));
    }
}

/* Kills it somewhere behind its nth call. */
static void kill_one(uint64_t *seed)
{
    int status;
    uint32_t calls = 1 + rnd(seed, 200);
    __atomic_store_n(progress, 0, __ATOMIC_RELAXED);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        work_until_killed(*seed);
    }
    while (__atomic_load_n(progress, __ATOMIC_RELAXED) < calls &&
           waitpid(pid, &status, WNOHANG) == 0) {
        sched_yield();
    }
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid); /* or it ended by itself: an error */
    assert_true(WIFSIGNALED(status));
}

static void test_killed_processes(void **state)
{
    (void) state;
    uint64_t seed = 20260101, now = 0, killed_in_work = 0;
    struct ivl_watch *watch;
    struct worker survivor = { .seed = 99 };
    struct ivl_block held[HELD] = { { 0, 0, 0 } };
    uint64_t marks[HELD] = { 0 }, off;
    progress = test_memory(4096);
    region = test_region(MIB);
    survivor.job = test_job(region, &off);
    assert_int_equal(ivl_watch_create(region, &watch), 0);
    for (int i = 0; i < KILLS; i++) {
        uint32_t reclaimed;
        kill_one(&seed);
        expect_ok(ivl_watch_step(watch, now, NULL, diag));
        assert_int_equal(ivl_job_beat(region, &survivor.job, off, 0), 0);
        now += 1000;
        expect_ok(ivl_watch_step(watch, now, &reclaimed, diag)); /* the dead one's lease is over */
        killed_in_work += reclaimed;
        assert_in_range(reclaimed, 0, 1);
        uint32_t k = rnd(&survivor.seed, HELD);
        use_slot(&survivor, &held[k], &marks[k]); /* others are not disturbed */
        assert_int_equal(survivor.errors, 0);
        struct ivl_job_info info;
        expect_ok(ivl_job_read(region, survivor.job.slot, true, &info, diag));
        assert_int_equal(test_usage(region).free_chunks, region->geo.chunk_count - info.chunks);
        assert_int_equal(test_usage(region).corrupt_chunks, 0);
    }
    assert_true(killed_in_work > KILLS / 4); /* or the test tests nothing */
    assert_int_equal(ivl_job_end(region, &survivor.job), 0);
    expect_all_free(region);
    ivl_watch_destroy(watch);
    test_region_free(region);
    munmap(progress, 4096);
}

/* Several watchers and the job's own end, all reclaiming the same jobs. */
static void *watch_loop(void *arg)
{
    struct ivl_watch *watch;
    long *errors = arg;
    if (ivl_watch_create(region, &watch)) {
        ++*errors;
        return NULL;
    }
    for (uint64_t now = 0; now < 400; now++) {
        *errors += ivl_watch_step(watch, now * 1000, NULL, NULL) != 0;
    }
    ivl_watch_destroy(watch);
    return NULL;
}

static void test_watchers_race(void **state)
{
    (void) state;
    pthread_t threads[2];
    long errors[2] = { 0 };
    struct ivl_diag last;
    region = test_region(MIB);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, watch_loop, &errors[i]), 0);
    }
    for (int i = 0; i < 300; i++) { /* jobs that live as long as they are let */
        struct ivl_job job;
        struct ivl_block b;
        uint64_t off;
        int rc = ivl_job_create(region, 0, 4, NULL, &job, &off, &last);
        assert_true(rc == 0 || rc == -ESTALE);
        for (int k = 0; rc == 0 && k < 20; k++) {
            rc = ivl_block_alloc(region, &job, 20000, &b, &last);
        }
        assert_true(rc == 0 || rc == -ESTALE || rc == -ENOMEM);
        (void) ivl_job_end(region, &job);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(errors[i], 0);
    }
    watch_loop(&errors[0]); /* what late allocations left behind */
    expect_all_free(region);
    test_region_free(region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_of_one_job), cmocka_unit_test(test_threads_of_many_jobs),
        cmocka_unit_test(test_handing_over),       cmocka_unit_test(test_killed_processes),
        cmocka_unit_test(test_watchers_race),
    };
    return cmocka_run_group_tests_name("block_stress", tests, NULL, NULL);
}
