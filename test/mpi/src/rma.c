/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * One-sided operations between all ranks: put and get of random blocks, direct access to shared
 * windows, locks and atomics under contention, windows until memory runs out. Options: see
 * check.h.
 */
#include "check.h"

#define TURNS 10 /* of each rank on a contended counter */
#define BIG_WINDOWS 12
#define BIG_BYTES ((MPI_Aint) 48 << 20)

static uint32_t key_of(int round, int from, int to)
{
    return (uint32_t) (round * 7919 + from * 131 + to * 17 + 5);
}

/* Every rank has a block for each rank in its window; blocks are put by the block's rank and
 * read back by its right neighbour. */
static void run_blocks(int round, MPI_Win win, const uint8_t *base, int bytes)
{
    int right = (check.rank + 1) % check.size;
    uint8_t *buf = check_alloc((size_t) bytes);

    MPI_Win_fence(0, win);
    for (int to = 0; to < check.size; to++) {
        payload_fill(buf, (size_t) bytes, key_of(round, check.rank, to));
        MPI_Put(buf, bytes, MPI_BYTE, to, (MPI_Aint) check.rank * bytes, bytes, MPI_BYTE, win);
        MPI_Win_fence(0, win);
    }
    for (int from = 0; from < check.size; from++) {
        long wrong = payload_wrong(base + (size_t) from * (size_t) bytes, (size_t) bytes,
                                   key_of(round, from, check.rank));
        CHECK(wrong < 0, "put of %d bytes by rank %d: byte %ld is wrong", bytes, from, wrong);
    }
    MPI_Get(buf, bytes, MPI_BYTE, right, (MPI_Aint) check.rank * bytes, bytes, MPI_BYTE, win);
    MPI_Win_fence(0, win);
    CHECK(payload_wrong(buf, (size_t) bytes, key_of(round, check.rank, right)) < 0,
          "get of %d bytes from rank %d: wrong data", bytes, right);
    free(buf);
}

static void test_put_get(int round)
{
    struct rng rng = rng_for((uint64_t) round, 11);
    int bytes = 1 + (int) rng_below(&rng, (uint32_t) check.max_bytes);
    size_t all = (size_t) bytes * (size_t) check.size;
    uint8_t *base, *own = check_alloc(all);
    MPI_Win win;

    MPI_Win_allocate((MPI_Aint) all, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win);
    run_blocks(round, win, base, bytes);
    MPI_Win_free(&win);
    MPI_Win_create(own, (MPI_Aint) all, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    run_blocks(round + 1000, win, own, bytes);
    MPI_Win_free(&win);
    free(own);
}

/* Ranks that share memory read what the others stored, with no call to MPI in between but a
 * barrier. */
static void test_shared(int round)
{
    struct rng rng = rng_for((uint64_t) round, 12 + (uint64_t) check.rank);
    MPI_Aint bytes = 1 + (MPI_Aint) rng_below(&rng, (uint32_t) check.max_bytes);
    uint8_t *base, *other;
    int rank, size, unit, world;
    MPI_Comm comm;
    MPI_Win win;

    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &comm);
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, comm, &base, &win);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, win);
    payload_fill(base, (size_t) bytes, key_of(round, rank, 0));
    MPI_Win_sync(win);
    MPI_Barrier(comm);
    MPI_Win_sync(win);
    for (int from = 0; from < size; from++) {
        MPI_Win_shared_query(win, from, &bytes, &unit, &other);
        CHECK(payload_wrong(other, (size_t) bytes, key_of(round, from, 0)) < 0,
              "shared window: wrong data of rank %d of %d", from, size);
    }
    MPI_Win_unlock_all(win);
    MPI_Win_free(&win);
    MPI_Comm_rank(MPI_COMM_WORLD, &world);
    CHECK(world == check.rank, "the rank changed to %d", world);
    MPI_Comm_free(&comm);
}

static void add_under_lock(MPI_Win win)
{
    int64_t value;

    MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, win);
    MPI_Get(&value, 1, MPI_INT64_T, 0, 0, 1, MPI_INT64_T, win);
    MPI_Win_flush(0, win);
    value++;
    MPI_Put(&value, 1, MPI_INT64_T, 0, 0, 1, MPI_INT64_T, win);
    MPI_Win_unlock(0, win);
}

static void add_atomically(MPI_Win win)
{
    int64_t one = 1, old = 0, seen, wanted;

    MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, win);
    MPI_Accumulate(&one, 1, MPI_INT64_T, 0, 1, 1, MPI_INT64_T, MPI_SUM, win);
    MPI_Fetch_and_op(&one, &old, MPI_INT64_T, 0, 2, MPI_SUM, win);
    MPI_Win_flush(0, win);
    seen = old;
    do { /* an increment by compare-and-swap */
        wanted = seen;
        old = wanted + 1;
        MPI_Compare_and_swap(&old, &wanted, &seen, MPI_INT64_T, 0, 3, win);
        MPI_Win_flush(0, win);
    } while (seen != wanted);
    MPI_Win_unlock(0, win);
}

/* Four counters on rank 0, each incremented TURNS times by every rank in another way. */
static void test_contention(void)
{
    int64_t *base, value[4];
    MPI_Win win;

    MPI_Win_allocate(check.rank == 0 ? (MPI_Aint) sizeof(value) : 0, sizeof(int64_t), MPI_INFO_NULL,
                     MPI_COMM_WORLD, &base, &win);
    MPI_Win_lock(MPI_LOCK_EXCLUSIVE, check.rank, 0, win);
    if (check.rank == 0) {
        memset(base, 0, sizeof(value));
    }
    MPI_Win_unlock(check.rank, win);
    MPI_Barrier(MPI_COMM_WORLD);
    for (int i = 0; i < TURNS; i++) {
        add_under_lock(win);
        add_atomically(win);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, win);
    MPI_Get(value, 4, MPI_INT64_T, 0, 0, 4, MPI_INT64_T, win);
    MPI_Win_unlock(0, win);
    for (int i = 0; i < 4; i++) {
        CHECK(value[i] == (int64_t) TURNS * check.size, "counter %d is %lld instead of %d", i,
              (long long) value[i], TURNS * check.size);
    }
    MPI_Win_free(&win);
}

/* More window memory than a region of a gigabyte holds with four ranks or more: what does not
 * fit must work all the same. */
static void test_many_windows(void)
{
    MPI_Win win[BIG_WINDOWS];
    uint8_t *base[BIG_WINDOWS], mark, seen;
    int right = (check.rank + 1) % check.size;

    for (int i = 0; i < BIG_WINDOWS; i++) {
        MPI_Win_allocate(BIG_BYTES, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base[i], &win[i]);
    }
    for (int i = 0; i < BIG_WINDOWS; i++) {
        mark = (uint8_t) (i * 16 + check.rank);
        MPI_Win_lock_all(0, win[i]);
        MPI_Put(&mark, 1, MPI_BYTE, right, BIG_BYTES - 1, 1, MPI_BYTE, win[i]);
        MPI_Win_flush(right, win[i]);
        MPI_Get(&seen, 1, MPI_BYTE, right, BIG_BYTES - 1, 1, MPI_BYTE, win[i]);
        MPI_Win_unlock_all(win[i]);
        CHECK(seen == mark, "window %d of %d: wrong byte", i, BIG_WINDOWS);
    }
    for (int i = 0; i < BIG_WINDOWS; i++) {
        MPI_Win_free(&win[i]);
    }
}

int main(int argc, char **argv)
{
    check_start(&argc, &argv, 4, 100000);
    for (int round = 0; round < check.rounds; round++) {
        check_at("put and get, round", round);
        test_put_get(round);
        check_at("shared window, round", round);
        test_shared(round);
    }
    check_at("contention", 0);
    test_contention();
    /* more memory than a small guest has */
    if (check.max_bytes >= 100000) {
        check_at("many windows", 0);
        test_many_windows();
    }
    return check_end();
}
