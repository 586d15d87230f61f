/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Dynamic windows: blocks of memory that the origins may reach by themselves, attached, detached,
 * freed and attached again, more of them than a table holds.
 *
 * With -passive instead: a target that makes no MPI call, and what windows that lie in the region
 * refuse. Options: see check.h.
 */
#include "check.h"
#include "region_memory.h"
#include <sched.h>

#define TURNS 100
#define BLOCKS 100 /* more than there are entries in a table */
#define BLOCK_BYTES 3000

/* ---- attached and detached ---------------------------------------------------------------------- */

/* Each rank fills, by its right neighbour's addresses, all blocks of that one. */
static void fill_blocks(MPI_Win win, const MPI_Aint *addresses, int right, uint32_t key)
{
    uint8_t *mine = check_alloc(BLOCK_BYTES), *back = check_alloc(BLOCK_BYTES);

    MPI_Win_lock(MPI_LOCK_SHARED, right, 0, win);
    for (int i = 0; i < BLOCKS; i++) {
        payload_fill(mine, BLOCK_BYTES, key + (uint32_t) i);
        MPI_Put(mine, BLOCK_BYTES, MPI_BYTE, right, addresses[i], BLOCK_BYTES, MPI_BYTE, win);
        MPI_Win_flush(right, win);
        MPI_Get(back, BLOCK_BYTES, MPI_BYTE, right, addresses[i], BLOCK_BYTES, MPI_BYTE, win);
        MPI_Win_flush(right, win);
        CHECK(payload_wrong(back, BLOCK_BYTES, key + (uint32_t) i) < 0, "block %d came back wrong",
              i);
    }
    MPI_Win_unlock(right, win);
    free(mine);
    free(back);
}

static void tell_addresses(uint8_t **blocks, MPI_Aint *theirs, int left, int right)
{
    MPI_Aint addresses[BLOCKS];

    for (int i = 0; i < BLOCKS; i++) {
        MPI_Get_address(blocks[i], &addresses[i]);
    }
    MPI_Sendrecv(addresses, BLOCKS, MPI_AINT, left, 0, theirs, BLOCKS, MPI_AINT, right, 0,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

/* Many at once, detached in another order, their memory freed and allocated anew. */
static void test_blocks(void)
{
    int left = (check.rank + check.size - 1) % check.size, right = (check.rank + 1) % check.size;
    uint8_t *blocks[BLOCKS];
    MPI_Aint theirs[BLOCKS];
    MPI_Win win;

    MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    for (int turn = 0; turn < 4; turn++) {
        check_at("many blocks", turn);
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = region_memory(BLOCK_BYTES);
            MPI_Win_attach(win, blocks[i], BLOCK_BYTES);
        }
        tell_addresses(blocks, theirs, left, right);
        fill_blocks(win, theirs, right, (uint32_t) (1000 * turn + 10 * right));
        MPI_Barrier(MPI_COMM_WORLD);
        for (int k = 0; k < BLOCKS; k++) {
            int i = k * 7 % BLOCKS;
            CHECK(payload_wrong(blocks[i], BLOCK_BYTES,
                                (uint32_t) (1000 * turn + 10 * check.rank + i)) < 0,
                  "block %d is wrong", i);
            MPI_Win_detach(win, blocks[i]);
            MPI_Free_mem(blocks[i]);
        }
    }
    MPI_Win_free(&win);
}

/* One block after another at, mostly, the same address, accessed each time by all; what was put
 * must never arrive in what another rank allocated meanwhile. */
static void test_again(void)
{
    uint8_t *mine = check_alloc(BLOCK_BYTES), *witness = region_memory(BLOCK_BYTES);
    MPI_Win win;

    payload_fill(witness, BLOCK_BYTES, 77);
    MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    MPI_Win_lock_all(0, win);
    for (int turn = 0; turn < TURNS; turn++) {
        int owner = turn % check.size, from = (turn / 2 + 1) % check.size;
        uint8_t *block = region_memory((turn % 3 + 1) * BLOCK_BYTES + 8);
        uint32_t key = (uint32_t) (owner + 31 * turn);
        MPI_Aint *where;
        check_at("attached again", turn);
        MPI_Win_attach(win, block + turn % 5, BLOCK_BYTES);
        where = tell_address(block + turn % 5);
        if (check.rank == from) {
            payload_fill(mine, BLOCK_BYTES, key);
            MPI_Put(mine, BLOCK_BYTES, MPI_BYTE, owner, where[owner], BLOCK_BYTES, MPI_BYTE, win);
            MPI_Win_flush(owner, win);
        }
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Win_sync(win);
        CHECK(check.rank != owner || payload_wrong(block + turn % 5, BLOCK_BYTES, key) < 0,
              "the block is wrong");
        MPI_Win_detach(win, block + turn % 5);
        MPI_Free_mem(block);
        free(where);
    }
    MPI_Win_unlock_all(win);
    CHECK(payload_wrong(witness, BLOCK_BYTES, 77) < 0, "memory of no window has changed");
    MPI_Win_free(&win);
    MPI_Free_mem(witness);
    free(mine);
}

/* The memory of another window, attached to this one; not detached before the end. */
static void test_other_window(void)
{
    int right = (check.rank + 1) % check.size;
    int64_t *base, value = 5 + check.rank;
    MPI_Aint *where;
    MPI_Win other, win;

    check_at("another window's memory", 0);
    MPI_Win_allocate(1000 * sizeof(int64_t), 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &other);
    memset(base, 0, 1000 * sizeof(int64_t));
    MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    MPI_Win_attach(win, base + 1, 999 * sizeof(int64_t));
    where = tell_address(base);
    MPI_Win_fence(0, win);
    MPI_Put(&value, 1, MPI_INT64_T, right, at(where[right], 1), 1, MPI_INT64_T, win);
    MPI_Accumulate(&value, 1, MPI_INT64_T, right, at(where[right], 999), 1, MPI_INT64_T, MPI_SUM,
                   win);
    MPI_Win_fence(0, win);
    value = 5 + (check.rank + check.size - 1) % check.size;
    CHECK(base[0] == 0 && base[1] == value && base[999] == value, "%ld, %ld, %ld", (long) base[0],
          (long) base[1], (long) base[999]);
    MPI_Win_free(&win);
    MPI_Win_free(&other);
    free(where);
}

/* ---- a target that makes no call; what is refused ----------------------------------------------- */

static void wait_for(const int64_t *place, int64_t value)
{
    while (__atomic_load_n(place, __ATOMIC_ACQUIRE) != value) {
        sched_yield();
    }
}

/* Rank 1 looks at its memory until all that rank 0 does to it has been done. */
static void test_passive(void)
{
    int64_t *base = region_memory(64 * sizeof(int64_t)), one = 1, old;
    MPI_Aint *where = tell_address(base);
    MPI_Win win;

    check_at("a target that makes no call", 0);
    MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    MPI_Win_attach(win, base, 64 * sizeof(int64_t));
    MPI_Barrier(MPI_COMM_WORLD);
    for (int64_t i = 1; check.rank == 0 && i <= 100; i++) {
        MPI_Win_lock(i % 2 == 0 ? MPI_LOCK_SHARED : MPI_LOCK_EXCLUSIVE, 1, 0, win);
        MPI_Put(&i, 1, MPI_INT64_T, 1, where[1], 1, MPI_INT64_T, win);
        MPI_Win_flush(1, win);
        MPI_Accumulate(&one, 1, MPI_INT64_T, 1, at(where[1], 1), 1, MPI_INT64_T, MPI_SUM, win);
        MPI_Fetch_and_op(&one, &old, MPI_INT64_T, 1, at(where[1], 2), MPI_SUM, win);
        MPI_Win_unlock(1, win);
        CHECK(old == i - 1, "the counter was %ld", (long) old);
    }
    for (int k = 0; check.rank == 1 && k < 3; k++) {
        wait_for(&base[k], 100);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_detach(win, base);
    MPI_Win_free(&win);
    MPI_Free_mem(base);
    free(where);
}

static void expect_class(int rc, int wanted, const char *what)
{
    int class = MPI_SUCCESS;

    MPI_Error_class(rc, &class);
    CHECK(class == wanted, "%s: error class %d, not %d", what, class, wanted);
}

static void test_refused(void)
{
    uint8_t *base = region_memory(1000);
    int64_t value = 1;
    MPI_Aint *where = tell_address(base);
    MPI_Win win;

    check_at("what is refused", 0);
    MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    MPI_Win_set_errhandler(win, MPI_ERRORS_RETURN);
    expect_class(MPI_Win_attach(win, base + 100, 100), MPI_SUCCESS, "attach");
    expect_class(MPI_Win_attach(win, base + 100, 100), MPI_ERR_RMA_ATTACH, "attach again");
    expect_class(MPI_Win_attach(win, base, 101), MPI_ERR_RMA_ATTACH, "attach one byte more");
    expect_class(MPI_Win_attach(win, base + 199, 1), MPI_ERR_RMA_ATTACH, "attach the last byte");
    expect_class(MPI_Win_attach(win, base + 200, 1), MPI_SUCCESS, "attach the next byte");
    MPI_Barrier(MPI_COMM_WORLD);
    expect_class(MPI_Put(&value, 1, MPI_INT64_T, 1 - check.rank, where[1 - check.rank] + 100, 1,
                         MPI_INT64_T, win),
                 MPI_ERR_RMA_SYNC, "a put without an epoch");
    expect_class(MPI_Win_lock(MPI_LOCK_SHARED, check.rank, 0, win), MPI_SUCCESS, "lock");
    expect_class(MPI_Put(&value, 1, MPI_INT64_T, 1 - check.rank, where[1 - check.rank] + 100, 1,
                         MPI_INT64_T, win),
                 MPI_ERR_RMA_SYNC, "a put to a target that is not locked");
    expect_class(MPI_Win_unlock(check.rank, win), MPI_SUCCESS, "unlock");
    MPI_Barrier(MPI_COMM_WORLD);
    CHECK(base[100] == 0, "it was put all the same");
    expect_class(MPI_Win_detach(win, base + 100), MPI_SUCCESS, "detach");
    expect_class(MPI_Win_attach(win, base + 50, 100), MPI_SUCCESS, "attach after detach");
    MPI_Win_free(&win); /* with two attachments */
    MPI_Free_mem(base);
    free(where);
}

int main(int argc, char **argv)
{
    bool is_passive = check_last_word(&argc, argv, "-passive");

    check_start(&argc, &argv, 2, 0);
    if (is_passive) {
        test_passive();
        test_refused();
        return check_end();
    }
    for (int round = 0; round < check.rounds; round++) {
        test_blocks();
        test_again();
        test_other_window();
    }
    return check_end();
}
