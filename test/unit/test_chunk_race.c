/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Every interleaving of the moves on one chunk: sweepers, a late member, a new owner. The library
 * is built into this program with a hook between the steps; the parties are coroutines, and the
 * schedules are walked through one by one.
 */
#include "ivl_test.h"
#include "chunk.h"

#include <ucontext.h>

#ifndef IVL_TEST_STEPS
#error "build this and the library with -DIVL_TEST_STEPS"
#endif

#define PARTIES_MAX 4
#define STACK_BYTES 65536
#define DEPTH_MAX 64

enum {
    TAG_OLD = 1 << 16 | 1,
    TAG_NEW = 2 << 16 | 1
};

static struct ivl_abi_chunk chunk;

/* ---- coroutines ---------------------------------------------------------------------------- */

static struct party {
    ucontext_t context;
    void (*run)(struct party *);
    bool done;
    bool ok; /* what its move returned */
    char *stack;
} parties[PARTIES_MAX];

static ucontext_t scheduler;
static struct party *running;

static void pause_party(void)
{
    if (running) {
        swapcontext(&running->context, &scheduler);
    }
}

static void start(void)
{
    running->run(running);
    running->done = true;
    swapcontext(&running->context, &scheduler);
}

static void prepare(struct party *party, void (*run)(struct party *))
{
    party->run = run;
    party->done = false;
    party->ok = false;
    if (!party->stack) {
        party->stack = malloc(STACK_BYTES);
        assert_non_null(party->stack);
    }
    getcontext(&party->context);
    party->context.uc_stack.ss_sp = party->stack;
    party->context.uc_stack.ss_size = STACK_BYTES;
    party->context.uc_link = NULL;
    makecontext(&party->context, start, 0);
}

static void resume(struct party *party)
{
    running = party;
    swapcontext(&scheduler, &party->context);
    running = NULL;
}

/* ---- schedules ----------------------------------------------------------------------------- */

/* The schedule as the choices among the parties still running; the next one is found by counting
 * up its last digit that can grow. */
struct schedule {
    int choice[DEPTH_MAX], options[DEPTH_MAX];
    int depth;
};

static int pick(struct schedule *s, int at, int options)
{
    assert_true(at < DEPTH_MAX);
    if (at >= s->depth) {
        s->choice[at] = 0;
        s->depth = at + 1;
    }
    s->options[at] = options;
    return s->choice[at];
}

static bool next_schedule(struct schedule *s)
{
    while (s->depth > 0) {
        int last = s->depth - 1;
        if (++s->choice[last] < s->options[last]) {
            return true;
        }
        s->depth--;
    }
    return false;
}

static void run_schedule(struct schedule *s, int n)
{
    for (int at = 0;; at++) {
        struct party *alive[PARTIES_MAX];
        int count = 0;
        for (int i = 0; i < n; i++) {
            if (!parties[i].done) {
                alive[count++] = &parties[i];
            }
        }
        if (count == 0) {
            return;
        }
        resume(alive[pick(s, at, count)]);
    }
}

/* ---- parties ------------------------------------------------------------------------------- */

static void sweep_old(struct party *p)
{
    p->ok = ivl_chunk_sweep(&chunk, TAG_OLD);
}

/* Whoever is told that a claim worked has the chunk at that moment. */
static bool claim(uint64_t tag)
{
    bool ok = ivl_chunk_claim(&chunk, tag, IVL_CHUNK_BODY, 0);
    assert_true(!ok || ivl_sh64_load_relaxed(&chunk.owner) == tag);
    return ok;
}

static void claim_new(struct party *p)
{
    p->ok = claim(TAG_NEW);
}

static void claim_old(struct party *p)
{
    p->ok = claim(TAG_OLD);
}

static void give_old(struct party *p)
{
    ivl_chunk_give(&chunk, TAG_OLD, false);
    p->ok = true;
}

static void take_old(struct party *p)
{
    p->ok = ivl_chunk_take(&chunk, TAG_OLD);
}

static void heal(struct party *p)
{
    ivl_chunk_heal(&chunk);
    p->ok = true;
}

static void set_chunk(uint64_t owner, uint32_t kind, uint32_t refs, uint64_t info)
{
    ivl_sh64_store_relaxed(&chunk.owner, owner);
    ivl_sh64_store_relaxed(&chunk.state, ivl_chunk_word(7, kind, refs));
    ivl_sh64_store_relaxed(&chunk.info, info);
}

/* What must hold when all are done. `newcomer`: index of the new owner's party. */
static void check_end(int newcomer)
{
    uint64_t owner = ivl_sh64_load_acquire(&chunk.owner);
    uint64_t state = ivl_sh64_load_acquire(&chunk.state);
    if (newcomer >= 0 && parties[newcomer].ok) {
        assert_int_equal(owner, TAG_NEW); /* its chunk, and nobody has touched it */
        assert_int_equal(ivl_chunk_kind(state), IVL_CHUNK_BODY);
        assert_int_equal(ivl_chunk_refs(state), 0);
    } else {
        assert_true(owner == 0 || owner == TAG_OLD);
    }
}

struct scene {
    const char *name;
    void (*run[PARTIES_MAX])(struct party *);
    uint64_t owner;
    uint32_t kind, refs;
    uint64_t info;
    int newcomer;
};

static const struct scene scenes[] = {
    { "two sweepers, a body",
      { sweep_old, sweep_old, claim_new },
      TAG_OLD,
      IVL_CHUNK_BODY,
      0,
      0,
      2 },
    { "two sweepers, a free one",
      { sweep_old, sweep_old, claim_new },
      TAG_OLD,
      IVL_CHUNK_FREE,
      0,
      0,
      2 },
    { "two sweepers, a head",
      { sweep_old, sweep_old, claim_new },
      TAG_OLD,
      IVL_CHUNK_HEAD,
      3,
      0,
      2 },
    { "a late release", { sweep_old, give_old, claim_new }, TAG_OLD, IVL_CHUNK_HEAD, 0, 0, 2 },
    { "a late release to the arena",
      { sweep_old, give_old, claim_new },
      TAG_OLD,
      IVL_CHUNK_BODY,
      0,
      IVL_CHUNK_INFO_ARENA,
      2 },
    { "a late arena allocation",
      { sweep_old, take_old, claim_new },
      TAG_OLD,
      IVL_CHUNK_RESERVED,
      0,
      IVL_CHUNK_INFO_ARENA,
      2 },
    { "a late claim", { sweep_old, claim_old, claim_new }, 0, IVL_CHUNK_FREE, 0, 0, 2 },
    { "two claims", { claim_old, claim_new }, 0, IVL_CHUNK_FREE, 0, 0, 1 },
    { "a claim and a repair", { heal, claim_new, heal }, 0, IVL_CHUNK_HEAD, 5, 0, 1 },
    { "a late claim and a repair",
      { heal, claim_old, sweep_old, claim_new },
      0,
      IVL_CHUNK_BODY,
      0,
      0,
      3 },
};

static long run_scene(const struct scene *scene)
{
    struct schedule s = { .depth = 0 };
    long schedules = 0;
    do {
        int n = 0;
        set_chunk(scene->owner, scene->kind, scene->refs, scene->info);
        for (; n < PARTIES_MAX && scene->run[n]; n++) {
            prepare(&parties[n], scene->run[n]);
        }
        run_schedule(&s, n);
        check_end(scene->newcomer);
        schedules++;
    } while (next_schedule(&s));
    return schedules;
}

static void test_all_schedules(void **state)
{
    (void) state;
    ivl_chunk_step = pause_party;
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        test_note("%s", scenes[i].name);
        assert_true(run_scene(&scenes[i]) > 2);
    }
    ivl_chunk_step = NULL;
    for (int i = 0; i < PARTIES_MAX; i++) {
        free(parties[i].stack);
        parties[i].stack = NULL;
    }
}

/* ---- a sweeper that sleeps through a whole reclaim ------------------------------------------ */

static struct ivl_region *region;
static struct ivl_job old_job, new_job;
static struct ivl_block new_block;
static long steps_left;
static bool replaced;

/* At the chosen step of the slow sweeper, all the rest happens: the job is swept by another,
 * the slot freed, a new job made, which takes the whole heap. */
static void replace_job(void)
{
    if (steps_left-- != 0) {
        return;
    }
    ivl_chunk_step = NULL;
    replaced = true;
    (void) ivl_job_reclaim(region, &old_job);
    new_job = test_job(region, NULL);
    expect_ok(ivl_arena_reserve(region, &new_job, 8 * 4096, diag));
    uint64_t rest = test_usage(region).largest_free_bytes;
    expect_ok(ivl_block_alloc(region, &new_job, rest, &new_block, diag));
}

/* Chunks as they are, without their generations. */
static void snapshot(uint64_t *owners, uint32_t *states)
{
    for (uint32_t i = 0; i < region->geo.chunk_count; i++) {
        owners[i] = ivl_sh64_load_relaxed(&ivl_chunk_at(region, i)->owner);
        states[i] = (uint32_t) ivl_sh64_load_relaxed(&ivl_chunk_at(region, i)->state);
    }
}

static void run_slow_sweeper(long at)
{
    static uint64_t owners[2][1024];
    static uint32_t states[2][1024];
    struct ivl_block got;
    old_job = test_job(region, NULL);
    expect_ok(ivl_arena_reserve(region, &old_job, 5 * 4096, diag));
    expect_ok(ivl_block_alloc(region, &old_job, 3 * 4096, &got, diag));
    steps_left = at;
    replaced = false;
    ivl_chunk_step = replace_job;
    int rc = ivl_job_end(region, &old_job);
    ivl_chunk_step = NULL;
    assert_int_equal(rc, 0);
    if (!replaced) {
        return;
    }
    snapshot(owners[0], states[0]);
    expect_ok(ivl_block_attach(region, &new_job, new_block.offset, new_block.generation,
                               new_block.bytes, &got, diag));
    (void) ivl_job_reclaim(region, &old_job); /* a third, even later */
    expect_ok(ivl_block_release(region, &new_job, &got, diag));
    snapshot(owners[1], states[1]);
    assert_memory_equal(owners[0], owners[1], sizeof(owners[0]));
    assert_memory_equal(states[0], states[1], sizeof(states[0]));
    assert_int_equal(ivl_job_end(region, &new_job), 0);
}

static void test_slow_sweeper(void **state)
{
    (void) state;
    region = test_region(MIB);
    long at = 0;
    do {
        run_slow_sweeper(at);
        expect_all_free(region);
        at++;
    } while (replaced);
    assert_true(at > 18); /* three steps for each of six chunks */
    test_region_free(region);
}

/* ---- what is given back, and what is not ---------------------------------------------------- */

static void test_give(void **state)
{
    (void) state;
    static const struct {
        uint32_t kind, refs;
        bool heap, arena;
        uint32_t becomes; /* its kind, or UINT32_MAX: not touched */
    } cases[] = {
        { IVL_CHUNK_BODY, 0, false, false, IVL_CHUNK_FREE },
        { IVL_CHUNK_BODY, 0, false, true, IVL_CHUNK_RESERVED },
        { IVL_CHUNK_BODY, 0, true, true, IVL_CHUNK_FREE },
        { IVL_CHUNK_HEAD, 0, false, false, IVL_CHUNK_FREE },
        { IVL_CHUNK_HEAD, 0, false, true, IVL_CHUNK_RESERVED },
        { IVL_CHUNK_RESERVED, 0, true, true, IVL_CHUNK_FREE },
        { IVL_CHUNK_RESERVED, 0, false, true, UINT32_MAX }, /* given back before */
        { IVL_CHUNK_FREE, 0, false, false, UINT32_MAX },
        { IVL_CHUNK_HEAD, 1, false, false, UINT32_MAX }, /* in use */
        { IVL_CHUNK_BODY, 1, false, false, UINT32_MAX }, /* noise */
        { 77, 0, true, false, UINT32_MAX },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        set_chunk(TAG_OLD, cases[i].kind, cases[i].refs, cases[i].arena ? IVL_CHUNK_INFO_ARENA : 0);
        ivl_chunk_give(&chunk, TAG_NEW, cases[i].heap); /* somebody else's: not touched */
        assert_int_equal(ivl_sh64_load_relaxed(&chunk.state),
                         ivl_chunk_word(7, cases[i].kind, cases[i].refs));
        ivl_chunk_give(&chunk, TAG_OLD, cases[i].heap);
        bool touched = cases[i].becomes != UINT32_MAX;
        uint64_t want = touched ? ivl_chunk_word(8, cases[i].becomes, 0)
                                : ivl_chunk_word(7, cases[i].kind, cases[i].refs);
        assert_int_equal(ivl_sh64_load_relaxed(&chunk.state), want);
        bool freed = touched && cases[i].becomes == IVL_CHUNK_FREE;
        assert_int_equal(ivl_sh64_load_relaxed(&chunk.owner), freed ? 0 : TAG_OLD);
    }
}

/* ---- a run lost half-way -------------------------------------------------------------------- */

static uint32_t in_the_way;

static void take_one(void)
{
    if (steps_left-- == 0) {
        ivl_chunk_step = NULL;
        replaced = ivl_chunk_claim(ivl_chunk_at(region, in_the_way), ivl_job_tag(&new_job),
                                   IVL_CHUNK_BODY, 0);
    }
}

/* While a run of six is claimed, another job takes its last chunk: what had been claimed goes
 * back, and a run elsewhere is found. */
static void run_lost(long at, bool arena)
{
    struct ivl_block b = { 0, 0, 0 };
    uint64_t before = test_usage(region).free_chunks;
    ivl_sh32_store_relaxed(&ivl_impl(region)->hints.heap_next, in_the_way - 5);
    replaced = false;
    steps_left = at;
    ivl_chunk_step = take_one;
    int rc = arena ? ivl_arena_reserve(region, &old_job, 6 * 4096, NULL)
                   : ivl_block_alloc(region, &old_job, 6 * 4096, &b, NULL);
    ivl_chunk_step = NULL;
    assert_int_equal(rc, 0);
    assert_int_equal(test_usage(region).free_chunks, before - 6 - replaced);
    assert_int_equal(test_usage(region).corrupt_chunks, 0);
    assert_int_equal(ivl_job_end(region, &old_job), 0);
    old_job = test_job(region, NULL);
    if (replaced) {
        ivl_chunk_give(ivl_chunk_at(region, in_the_way), ivl_job_tag(&new_job), true);
    }
    assert_int_equal(test_usage(region).free_chunks, before);
}

static void test_lost_runs(void **state)
{
    (void) state;
    int lost = 0;
    region = test_region(MIB);
    old_job = test_job(region, NULL);
    new_job = test_job(region, NULL);
    in_the_way = 40;
    for (long at = 0; at < 24; at++) {
        run_lost(at, at % 2);
        lost += replaced;
        run_lost(at, at % 2 == 0);
        lost += replaced;
    }
    assert_true(lost > 20);
    test_region_free(region);
}

/* ---- a job ended while one of its members allocates ------------------------------------------ */

static bool sweeper_sleeps; /* it has announced the end, and sweeps after the allocation */

static void end_job(void)
{
    if (steps_left-- == 0) {
        uint64_t word = ivl_job_word(old_job.epoch, IVL_JOB_ACTIVE);
        ivl_chunk_step = NULL;
        replaced = ivl_sh64_cas(&ivl_slot_at(region, old_job.slot)->state, &word,
                                ivl_job_word(old_job.epoch, IVL_JOB_RECLAIMING));
        if (!sweeper_sleeps) {
            assert_true(ivl_job_reclaim(region, &old_job));
        }
    }
}

/* The job ends at the given step of the call: the member is refused, nothing is left behind. */
static void end_at_step(long at, bool arena)
{
    struct ivl_block b;
    old_job = test_job(region, NULL);
    replaced = false;
    steps_left = at;
    ivl_chunk_step = end_job;
    int rc = arena ? ivl_arena_reserve(region, &old_job, 3 * 4096, NULL)
                   : ivl_block_alloc(region, &old_job, 3 * 4096, &b, NULL);
    ivl_chunk_step = NULL;
    assert_true(replaced ? rc == -ESTALE || rc == -ENOMEM : rc == 0);
    if (!replaced) {
        assert_int_equal(ivl_job_end(region, &old_job), 0);
    } else if (sweeper_sleeps) {
        assert_true(ivl_job_reclaim(region, &old_job));
    }
    expect_all_free(region);
}

static void test_ended_meanwhile(void **state)
{
    (void) state;
    region = test_region(MIB);
    for (int i = 0; i < 4; i++) {
        long at = 0;
        sweeper_sleeps = i & 1;
        do {
            end_at_step(at++, i & 2);
        } while (replaced);
        assert_true(at > 9);
    }
    test_region_free(region);
}

int main(void)
{
#if defined(__SANITIZE_THREAD__)
    puts("1..0 # SKIP ThreadSanitizer does not know coroutines");
    return 0;
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_schedules),
        cmocka_unit_test(test_slow_sweeper),
        cmocka_unit_test(test_give),
        cmocka_unit_test(test_lost_runs),
        cmocka_unit_test(test_ended_meanwhile),
    };
    return cmocka_run_group_tests_name("chunk_race", tests, NULL, NULL);
}
