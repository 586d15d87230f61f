/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The tests in shared memory. In each, an iteration is one way there and one back.
 *   raw      a variable that each process sees grow by one, and makes grow by one
 *   sync     an integer that both increment in turn, each turn given by a semaphore
 *   sync1k   the same with 1000 bytes copied in by one and out by the other
 * No processor is told that this is a busy wait (no "pause"): that is how the comparison values
 * were taken, and under emulation it would leave the emulated code.
 */
#include <stdlib.h>
#include <string.h>

#include "area.h"

struct player {
    struct area *area;
    unsigned me;
    uint64_t way;     /* ways of raw so far */
    uint64_t integer; /* what it must be when the next repetition begins */
    uint8_t out[DATA_BYTES], in[DATA_BYTES];
};

size_t shared_bytes(void)
{
    return sizeof(struct area);
}

struct player *shared_open(void *memory, bool first)
{
    struct player *player = calloc(1, sizeof(*player));

    if (player == NULL) {
        die("memory", "none left: see ulimit -v");
    }
    player->area = memory;
    player->me = first ? 0 : 1;
    return player;
}

void shared_close(struct player *player)
{
    free(player);
}

/* ---- raw ---------------------------------------------------------------------------------- */

static void await(ivl_sh64_t *word, uint64_t value)
{
    struct wait wait = { 0 };

    while (ivl_sh64_load_acquire(word) != value) { /* pairs with the partner's pass() */
        wait_missed(&wait);
    }
}

/* Release: what was written before is there for who sees the value. */
static void pass(ivl_sh64_t *word, uint64_t value)
{
    ivl_sh64_store_release(word, value);
}

static void run_raw(struct player *player, uint64_t iterations)
{
    ivl_sh64_t *word = &player->area->raw.word;
    uint64_t way = player->way;

    for (uint64_t i = 0; i < iterations; i++) {
        if (player->me == 0) {
            pass(word, way + 1);
            await(word, way + 2);
        } else {
            await(word, way + 1);
            pass(word, way + 2);
        }
        way += 2;
    }
    player->way = way;
}

/* ---- sync --------------------------------------------------------------------------------- */

static void increment(struct area *area)
{
    /* relaxed: the semaphores order it */
    ivl_sh64_store_relaxed(&area->integer.word, ivl_sh64_load_relaxed(&area->integer.word) + 1);
}

static void run_sync(struct player *player, uint64_t iterations)
{
    struct area *area = player->area;
    unsigned me = player->me;

    for (uint64_t i = 0; i < iterations; i++) {
        if (me == 0) {
            increment(area);
            semaphore_give(&area->turn[1], me);
            semaphore_take(&area->turn[0], me);
        } else {
            semaphore_take(&area->turn[1], me);
            increment(area);
            semaphore_give(&area->turn[0], me);
        }
    }
}

/* By the first process: at its last turn the second one does nothing more. */
static void check_integer(struct player *player, uint64_t iterations)
{
    uint64_t found = ivl_sh64_load_relaxed(&player->area->integer.word);

    player->integer += 2 * iterations;
    if (found != player->integer) {
        die("sync", "the integer is %llu instead of %llu: the lock let both processes in",
            (unsigned long long) found, (unsigned long long) player->integer);
    }
}

/* ---- sync1k ------------------------------------------------------------------------------- */

static uint8_t pattern(unsigned from, uint64_t iteration, size_t at)
{
    return (uint8_t) (at * 7 + iteration * 13 + from * 101 + 1);
}

static void fill(struct player *player, uint64_t iteration)
{
    for (size_t at = 0; at < DATA_BYTES; at++) {
        player->out[at] = pattern(player->me, iteration, at);
    }
}

static void compare(const struct player *player, uint64_t iteration)
{
    for (size_t at = 0; at < DATA_BYTES; at++) {
        uint8_t wanted = pattern(1 - player->me, iteration, at);
        if (player->in[at] != wanted) {
            die("sync1k", "byte %zu of iteration %llu is %u instead of %u", at,
                (unsigned long long) iteration, player->in[at], wanted);
        }
    }
}

/* Plain copies: the semaphores order them. `checked` is a constant of each caller. */
static inline __attribute__((always_inline)) void pass_bytes(struct player *player,
                                                             uint64_t iterations, bool checked)
{
    struct area *area = player->area;
    unsigned me = player->me;

    for (uint64_t i = 0; i < iterations; i++) {
        if (checked) {
            fill(player, i);
        }
        if (me == 0) {
            memcpy(area->data, player->out, DATA_BYTES);
            semaphore_give(&area->turn[1], me);
        }
        semaphore_take(&area->turn[me], me);
        memcpy(player->in, area->data, DATA_BYTES);
        if (me == 1) {
            memcpy(area->data, player->out, DATA_BYTES);
            semaphore_give(&area->turn[0], me);
        }
        if (checked) {
            compare(player, i);
        }
    }
}

void shared_check(struct player *player, uint64_t iterations)
{
    pass_bytes(player, iterations, true);
}

void shared_run(struct player *player, enum test test, uint64_t iterations)
{
    if (test == TEST_RAW) {
        run_raw(player, iterations);
    } else if (test == TEST_SYNC) {
        run_sync(player, iterations);
        if (player->me == 0) {
            check_integer(player, iterations);
        }
    } else {
        pass_bytes(player, iterations, false);
    }
}
