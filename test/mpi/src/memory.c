/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Memory of MPI_Alloc_mem, and windows created over it: all in such memory, at an offset, empty
 * on some ranks, in other memory on some; more of it than there is room in a region.
 *
 * With -passive instead: a target that makes no MPI call gets what is put, added and locked in
 * windows that lie in the region. Options: see check.h.
 */
#include "check.h"
#include <sched.h>

#define PIECES 16
#define PIECE_BYTES ((MPI_Aint) 40 << 20)

static MPI_Info shmem_info(void)
{
    MPI_Info info;

    MPI_Info_create(&info);
    MPI_Info_set(info, "mpich_buf_type", "shmem");
    return info;
}

static uint8_t *alloc_mem(MPI_Aint bytes, MPI_Info info)
{
    uint8_t *memory = NULL;

    CHECK(MPI_Alloc_mem(bytes, info, &memory) == MPI_SUCCESS && memory != NULL,
          "no memory for %ld bytes", (long) bytes);
    return memory;
}

/* Blocks of all sizes, written and read, freed in another order. */
static void test_alloc(MPI_Info info)
{
    static const MPI_Aint sizes[] = { 1, 4096, 65535, 65536, 1 << 20, 3000001, 8, 1 << 22 };
    enum {
        SIZES = sizeof(sizes) / sizeof(sizes[0])
    };
    uint8_t *memory[SIZES];

    check_at("MPI_Alloc_mem", 0);
    for (int i = 0; i < SIZES; i++) {
        memory[i] = alloc_mem(sizes[i], info);
        CHECK((uintptr_t) memory[i] % 16 == 0, "memory at an odd address");
        payload_fill(memory[i], (size_t) sizes[i], (uint32_t) (i + 10 * check.rank));
    }
    for (int k = 0; k < SIZES; k++) {
        int i = (k * 3) % SIZES;
        CHECK(payload_wrong(memory[i], (size_t) sizes[i], (uint32_t) (i + 10 * check.rank)) < 0,
              "block %d of %ld bytes has changed", i, (long) sizes[i]);
        MPI_Free_mem(memory[i]);
    }
}

/* What was not allocated, or is freed already, is refused. */
static void test_bad_free(void)
{
    uint8_t *memory = alloc_mem(1 << 20, MPI_INFO_NULL);
    int class, here = 0;

    check_at("MPI_Free_mem", 0);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    MPI_Error_class(MPI_Free_mem(&here), &class);
    CHECK(class == MPI_ERR_BASE, "free of a variable: error class %d", class);
    MPI_Error_class(MPI_Free_mem(memory + 64), &class);
    CHECK(class == MPI_ERR_BASE, "free of the middle: error class %d", class);
    CHECK(MPI_Free_mem(memory) == MPI_SUCCESS, "free");
    MPI_Error_class(MPI_Free_mem(memory), &class);
    CHECK(class == MPI_ERR_BASE, "second free: error class %d", class);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_ARE_FATAL);
}

/* Each rank puts a block to, gets it from and adds to every rank's part that is not empty. */
static void use_window(uint8_t *base, const MPI_Aint *bytes, int block)
{
    uint8_t *mine = check_alloc((size_t) block), *back = check_alloc((size_t) block);
    int64_t one = 1, sum;
    MPI_Win win;

    MPI_Win_create(base, bytes[check.rank], 1, MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    MPI_Win_fence(0, win);
    if (bytes[check.rank] != 0) {
        memset(base, 0, (size_t) bytes[check.rank]);
    }
    MPI_Win_fence(0, win);
    payload_fill(mine, (size_t) block, (uint32_t) check.rank);
    for (int to = 0; to < check.size; to++) {
        if (bytes[to] != 0) {
            MPI_Put(mine, block, MPI_BYTE, to, 8 + (MPI_Aint) check.rank * block, block, MPI_BYTE,
                    win);
            MPI_Accumulate(&one, 1, MPI_INT64_T, to, 0, 1, MPI_INT64_T, MPI_SUM, win);
        }
    }
    MPI_Win_fence(0, win);
    for (int to = 0; to < check.size; to++) {
        if (bytes[to] != 0) {
            MPI_Get(back, block, MPI_BYTE, to, 8 + (MPI_Aint) check.rank * block, block, MPI_BYTE,
                    win);
            MPI_Get(&sum, 1, MPI_INT64_T, to, 0, 1, MPI_INT64_T, win);
            MPI_Win_fence(0, win);
            CHECK(payload_wrong(back, (size_t) block, (uint32_t) check.rank) < 0,
                  "wrong data from rank %d", to);
            CHECK(sum == check.size, "the sum on rank %d is %lld", to, (long long) sum);
        } else {
            MPI_Win_fence(0, win);
        }
    }
    MPI_Win_free(&win);
    free(mine);
    free(back);
}

/* which: ranks whose part is empty (bit 0) or in other memory (bit 1). */
static void test_create(MPI_Info info, int which, int block)
{
    MPI_Aint bytes[64], room = 8 + (MPI_Aint) block * check.size;
    bool other = (which & 2) != 0 && check.rank == check.size - 1;
    uint8_t *memory = other ? check_alloc((size_t) room + 4096) : alloc_mem(room + 4096, info);

    check_at("MPI_Win_create", which);
    for (int i = 0; i < check.size; i++) {
        bytes[i] = (which & 1) != 0 && i == 0 ? 0 : room;
    }
    use_window(memory + 64, bytes, block);
    if (other) {
        free(memory);
    } else {
        MPI_Free_mem(memory);
    }
}

/* More than a region of a gigabyte holds: what does not fit is private memory. */
static void test_full(MPI_Info info)
{
    uint8_t *memory[PIECES];

    check_at("more memory than there is", 0);
    for (int i = 0; i < PIECES; i++) {
        memory[i] = alloc_mem(PIECE_BYTES, info);
        memory[i][0] = memory[i][PIECE_BYTES - 1] = (uint8_t) (i + check.rank);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    for (int i = 0; i < PIECES; i++) {
        CHECK(memory[i][0] == (uint8_t) (i + check.rank) &&
                  memory[i][PIECE_BYTES - 1] == (uint8_t) (i + check.rank),
              "block %d has changed", i);
        MPI_Free_mem(memory[i]);
    }
}

/* ---- a target that makes no call ---------------------------------------------------------------- */

static void wait_for(const int64_t *at, int64_t value)
{
    while (__atomic_load_n(at, __ATOMIC_ACQUIRE) != value) {
        sched_yield();
    }
}

/* Rank 1 looks at its memory until all that rank 0 does to it has been done. */
static void passive(MPI_Win win, int64_t *base, const char *what)
{
    int64_t value = 0, one = 1, old;

    check_at(what, 0);
    if (check.rank == 1) {
        base[0] = base[1] = base[2] = 0;
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (check.rank == 0) {
        for (int i = 1; i <= check.rounds; i++) {
            MPI_Win_lock(i % 2 == 0 ? MPI_LOCK_SHARED : MPI_LOCK_EXCLUSIVE, 1, 0, win);
            value = i;
            MPI_Put(&value, 1, MPI_INT64_T, 1, 0, 1, MPI_INT64_T, win);
            MPI_Win_flush(1, win);
            MPI_Accumulate(&one, 1, MPI_INT64_T, 1, 1, 1, MPI_INT64_T, MPI_SUM, win);
            MPI_Fetch_and_op(&one, &old, MPI_INT64_T, 1, 2, MPI_SUM, win);
            MPI_Win_unlock(1, win);
            CHECK(old == i - 1, "%s: the counter was %lld", what, (long long) old);
        }
        MPI_Win_lock_all(0, win);
        MPI_Get(&value, 1, MPI_INT64_T, 1, 1, 1, MPI_INT64_T, win);
        MPI_Win_unlock_all(win);
        CHECK(value == check.rounds, "%s: the sum is %lld", what, (long long) value);
    } else if (check.rank == 1) {
        for (int k = 0; k < 3; k++) {
            wait_for(&base[k], check.rounds);
        }
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

static void test_passive(void)
{
    MPI_Info info = shmem_info();
    int64_t *base;
    MPI_Win win;

    MPI_Win_allocate(3 * sizeof(int64_t), sizeof(int64_t), MPI_INFO_NULL, MPI_COMM_WORLD, &base,
                     &win);
    passive(win, base, "window allocated");
    MPI_Win_free(&win);
    MPI_Win_allocate_shared(3 * sizeof(int64_t), sizeof(int64_t), MPI_INFO_NULL, MPI_COMM_WORLD,
                            &base, &win);
    passive(win, base, "shared window");
    MPI_Win_free(&win);
    MPI_Alloc_mem(3 * sizeof(int64_t), info, &base);
    MPI_Win_create(base, 3 * sizeof(int64_t), sizeof(int64_t), MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    passive(win, base, "window created");
    MPI_Win_free(&win);
    MPI_Free_mem(base);
    MPI_Info_free(&info);
}

int main(int argc, char **argv)
{
    bool is_passive = check_last_word(&argc, argv, "-passive");

    check_start(&argc, &argv, is_passive ? 100 : 2, 100000);
    if (is_passive) {
        test_passive();
        return check_end();
    }
    for (int round = 0; round < check.rounds; round++) {
        MPI_Info info = round % 2 == 0 ? MPI_INFO_NULL : shmem_info();
        test_alloc(info);
        for (int which = 0; which < 4; which++) {
            test_create(info, which, 1 + check.max_bytes / 2);
            test_create(info, which, 8);
        }
        if (info != MPI_INFO_NULL) {
            MPI_Info_free(&info);
        }
    }
    test_bad_free();
    if (check.max_bytes >= 100000) {
        test_full(MPI_INFO_NULL);
    }
    return check_end();
}
