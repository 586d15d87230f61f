/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Locks of windows that all ranks contend for, on one host and on several: who holds one alone
 * changes two numbers by get and put, and nobody sees them differ or loses a change.
 *
 * With -passive instead: rank 0 locks a part of rank 1, which makes no MPI call meanwhile, while
 * all others wait for the same lock. Options: see check.h.
 */
#include "check.h"
#include <sched.h>

#define TURNS 12
#define WORDS 4

struct part {
    MPI_Win win;
    int64_t *base;
};

static struct part make_part(void)
{
    struct part part;

    MPI_Win_allocate(WORDS * sizeof(int64_t), sizeof(int64_t), MPI_INFO_NULL, MPI_COMM_WORLD,
                     &part.base, &part.win);
    memset(part.base, 0, WORDS * sizeof(int64_t));
    MPI_Barrier(MPI_COMM_WORLD);
    return part;
}

/* Under the lock: the numbers are equal. Alone: both grow by one, in two puts. */
static void look(const struct part *part, int to, bool alone)
{
    int64_t pair[2];

    MPI_Get(pair, 2, MPI_INT64_T, to, 0, 2, MPI_INT64_T, part->win);
    MPI_Win_flush(to, part->win);
    CHECK(pair[0] == pair[1], "rank %d's numbers differ: %ld, %ld", to, (long) pair[0],
          (long) pair[1]);
    if (alone) {
        pair[0]++;
        MPI_Put(&pair[0], 1, MPI_INT64_T, to, 0, 1, MPI_INT64_T, part->win);
        MPI_Win_flush(to, part->win);
        MPI_Put(&pair[0], 1, MPI_INT64_T, to, 1, 1, MPI_INT64_T, part->win);
    }
}

static void take_turn(const struct part *part, int to, bool alone)
{
    MPI_Win_lock(alone ? MPI_LOCK_EXCLUSIVE : MPI_LOCK_SHARED, to, 0, part->win);
    look(part, to, alone);
    MPI_Win_unlock(to, part->win);
}

/* Two locks at once, of different ranks, always in the same order. */
static void take_two(const struct part *part)
{
    const int64_t one = 1;
    int last = check.size - 1;

    MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, part->win);
    MPI_Win_lock(MPI_LOCK_SHARED, last, 0, part->win);
    MPI_Accumulate(&one, 1, MPI_INT64_T, 0, 2, 1, MPI_INT64_T, MPI_SUM, part->win);
    MPI_Accumulate(&one, 1, MPI_INT64_T, last, 2, 1, MPI_INT64_T, MPI_SUM, part->win);
    MPI_Win_unlock(0, part->win);
    MPI_Win_unlock(last, part->win);
}

static void take_all(const struct part *part, int assert)
{
    const int64_t one = 1;

    MPI_Win_lock_all(assert, part->win);
    for (int to = 0; to < check.size; to++) {
        MPI_Accumulate(&one, 1, MPI_INT64_T, to, 3, 1, MPI_INT64_T, MPI_SUM, part->win);
    }
    MPI_Win_flush_all(part->win);
    MPI_Win_unlock_all(part->win);
}

static void test_contention(void)
{
    struct part part = make_part();
    bool both = check.rank == 0 || check.rank == check.size - 1;
    int64_t alone = 0, wanted;

    check_at("contention", 0);
    for (int turn = 0; turn < TURNS; turn++) {
        int to = (turn / 3 + check.rank) % check.size;
        bool exclusive = turn % 3 != 0;
        check_at("contention", turn);
        take_turn(&part, to, exclusive);
        take_turn(&part, 0, exclusive);
        alone += exclusive ? 2 : 0;
        take_two(&part);
        if (turn % 4 == check.rank % 4) {
            take_all(&part, turn % 8 == 0 ? MPI_MODE_NOCHECK : 0);
        }
    }
    MPI_Allreduce(&alone, &wanted, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    MPI_Win_lock(MPI_LOCK_SHARED, check.rank, 0, part.win);
    alone = part.base[0];
    CHECK(part.base[0] == part.base[1], "the numbers differ in the end");
    CHECK(!both || part.base[2] == (check.size == 1 ? 2 : 1) * TURNS * check.size,
          "%ld were added under two locks", (long) part.base[2]);
    CHECK(part.base[3] == (int64_t) check.size * (TURNS / 4), "%ld were added under all locks",
          (long) part.base[3]);
    MPI_Win_unlock(check.rank, part.win);
    MPI_Allreduce(MPI_IN_PLACE, &alone, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    CHECK(alone == wanted, "%ld changes were made alone, %ld are left", (long) wanted,
          (long) alone);
    MPI_Win_free(&part.win);
}

/* ---- a target that makes no call ---------------------------------------------------------------- */

/* Rank 1 looks at its memory until rank 0 says that it is done. */
static void sleep_outside(const struct part *part)
{
    __atomic_store_n(&part->base[2], 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&part->base[3], __ATOMIC_ACQUIRE) != 1) {
        sched_yield();
    }
}

/* The others ask for the lock only when rank 1 is outside MPI, so that it cannot be theirs. */
static void let_others_ask(const struct part *part)
{
    int64_t outside = 0;

    while (outside == 0) {
        MPI_Win_lock(MPI_LOCK_SHARED, 1, 0, part->win);
        MPI_Get(&outside, 1, MPI_INT64_T, 1, 2, 1, MPI_INT64_T, part->win);
        MPI_Win_unlock(1, part->win);
    }
    for (int rank = 2; rank < check.size; rank++) {
        MPI_Send(NULL, 0, MPI_BYTE, rank, 0, MPI_COMM_WORLD);
    }
}

static void test_passive(void)
{
    struct part part = make_part();
    const int64_t done = 1;

    check_at("a target that makes no call", 0);
    if (check.rank == 1) {
        sleep_outside(&part);
    } else if (check.rank == 0) {
        let_others_ask(&part);
        for (int turn = 0; turn < 10 * TURNS; turn++) {
            take_turn(&part, 1, turn % 2 == 0);
        }
        MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 1, 0, part.win);
        MPI_Put(&done, 1, MPI_INT64_T, 1, 3, 1, MPI_INT64_T, part.win);
        MPI_Win_unlock(1, part.win);
    } else {
        MPI_Recv(NULL, 0, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        for (int turn = 0; turn < TURNS; turn++) {
            take_turn(&part, 1, turn % 2 == 0);
        }
    }
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_lock(MPI_LOCK_SHARED, 1, 0, part.win);
    look(&part, 1, false);
    MPI_Win_unlock(1, part.win);
    MPI_Barrier(MPI_COMM_WORLD);
    CHECK(check.rank != 1 || part.base[0] == 5 * TURNS + (check.size - 2) * (TURNS / 2),
          "the number is %ld", (long) part.base[0]);
    MPI_Win_free(&part.win);
}

int main(int argc, char **argv)
{
    bool is_passive = check_last_word(&argc, argv, "-passive");

    check_start(&argc, &argv, 1, 0);
    for (int round = 0; round < check.rounds; round++) {
        if (is_passive) {
            test_passive();
        } else {
            test_contention();
        }
    }
    return check_end();
}
