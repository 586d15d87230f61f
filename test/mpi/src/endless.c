/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * One-sided communication without end, for test/mpi/kill-rma: ranks are killed in the middle of
 * it. Each survivor writes one line to the file "DIR/RANK" (DIR: the last argument) and leaves:
 * "error CLASS TEXT" for the MPI error that it was given, "wrong TEXT" for data that cannot be.
 * After -rounds rounds without an error: "done". When its window is there it makes the file
 * "DIR/ready.RANK". Options: see check.h.
 */
#include "check.h"
#include <stddef.h>
#include <unistd.h>

#define PAIRS 8

static const char *directory;

struct shared {
    int64_t pair[2];     /* changed together, under the lock */
    int64_t counter;     /* changed by atomics; never falls */
    int64_t from[PAIRS]; /* by rank: what it put last */
};

static struct {
    MPI_Win win;
    struct shared *base;
    int64_t counted; /* by this rank on rank 0 */
    int64_t last;    /* seen of rank 0's counter */
} run;

_Noreturn static void leave(const char *word, const char *text)
{
    char path[256];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%d", directory, check.rank);
    out = fopen(path, "w");
    if (out != NULL) {
        fprintf(out, "%s %.1100s\n", word, text);
        fclose(out);
    }
    _exit(3); /* no MPI_Finalize: somebody is missing */
}

static void try(int rc, const char *what)
{
    char text[MPI_MAX_ERROR_STRING], line[MPI_MAX_ERROR_STRING + 64];
    int class, length;

    if (rc == MPI_SUCCESS) {
        return;
    }
    MPI_Error_class(rc, &class);
    MPI_Error_string(rc, text, &length);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c == '\n' ? ' ' : *c;
    }
    snprintf(line, sizeof(line), "%d %s: %s", class, what, text);
    leave("error", line);
}

static void expect(bool right, const char *what)
{
    if (!right) {
        leave("wrong", what);
    }
}

static MPI_Aint at(size_t offset)
{
    return (MPI_Aint) (offset / sizeof(int64_t));
}

static void put_one(int64_t value, int to, size_t offset)
{
    try(MPI_Put(&value, 1, MPI_INT64_T, to, at(offset), 1, MPI_INT64_T, run.win), "put");
}

static void pair_alone(int to)
{
    int64_t pair[2];

    try(MPI_Win_lock(MPI_LOCK_EXCLUSIVE, to, 0, run.win), "lock");
    try(MPI_Get(pair, 2, MPI_INT64_T, to, 0, 2, MPI_INT64_T, run.win), "get");
    try(MPI_Win_flush(to, run.win), "flush");
    expect(pair[0] == pair[1], "pair under an exclusive lock");
    put_one(pair[0] + 1, to, 0);
    try(MPI_Win_flush(to, run.win), "flush");
    put_one(pair[0] + 1, to, sizeof(int64_t));
    try(MPI_Win_unlock(to, run.win), "unlock");
}

static void pair_shared(int to)
{
    int64_t pair[2];

    try(MPI_Win_lock(MPI_LOCK_SHARED, to, 0, run.win), "lock");
    try(MPI_Get(pair, 2, MPI_INT64_T, to, 0, 2, MPI_INT64_T, run.win), "get");
    try(MPI_Win_unlock(to, run.win), "unlock");
    expect(pair[0] == pair[1], "pair under a shared lock");
}

static void count(int turns)
{
    int64_t one = 1, seen;

    try(MPI_Win_lock_all(0, run.win), "lock_all");
    for (int i = 0; i < turns; i++) {
        try(MPI_Fetch_and_op(&one, &seen, MPI_INT64_T, 0, at(offsetof(struct shared, counter)),
                             MPI_SUM, run.win),
            "fetch-and-op");
        try(MPI_Win_flush(0, run.win), "flush");
        run.counted++;
        expect(seen >= run.last && seen >= run.counted - 1, "counter");
        run.last = seen;
    }
    try(MPI_Win_unlock_all(run.win), "unlock_all");
}

/* All ranks put to all between two fences. */
static void fenced(int round)
{
    size_t slot = offsetof(struct shared, from) + (size_t) (check.rank % PAIRS) * sizeof(int64_t);

    try(MPI_Win_fence(0, run.win), "fence");
    for (int to = 0; to < check.size; to++) {
        put_one(round, to, slot);
    }
    try(MPI_Win_fence(MPI_MODE_NOSUCCEED, run.win), "fence");
    for (int from = 0; from < check.size && from < PAIRS; from++) {
        expect(run.base->from[from] == round, "value put between fences");
    }
    try(MPI_Barrier(MPI_COMM_WORLD), "barrier");
}

/* Each rank puts to its right neighbour. */
static void posted(int round)
{
    int right = (check.rank + 1) % check.size, left = (check.rank + check.size - 1) % check.size;
    MPI_Group world, origin, target;

    try(MPI_Comm_group(MPI_COMM_WORLD, &world), "group");
    try(MPI_Group_incl(world, 1, &left, &origin), "group");
    try(MPI_Group_incl(world, 1, &right, &target), "group");
    try(MPI_Win_post(origin, 0, run.win), "post");
    try(MPI_Win_start(target, 0, run.win), "start");
    put_one(-round, right, offsetof(struct shared, from));
    try(MPI_Win_complete(run.win), "complete");
    try(MPI_Win_wait(run.win), "wait");
    expect(run.base->from[0] == -round, "value put by the left neighbour");
    MPI_Group_free(&origin);
    MPI_Group_free(&target);
    MPI_Group_free(&world);
    try(MPI_Barrier(MPI_COMM_WORLD), "barrier");
}

static void one_round(int round)
{
    struct rng own = rng_for((uint64_t) round, 100 + (uint64_t) check.rank);

    for (int i = 0; i < 10; i++) {
        int to = (int) rng_below(&own, (uint32_t) check.size);
        switch (rng_below(&own, 3)) {
            case 0:
                pair_alone(to);
                break;
            case 1:
                pair_shared(to);
                break;
            default:
                count(5);
                break;
        }
    }
    if (round % 3 == 0) {
        fenced(round);
    } else if (round % 3 == 1) {
        posted(round);
    }
}

static void say_ready(void)
{
    char path[256];
    FILE *out;

    snprintf(path, sizeof(path), "%s/ready.%d", directory, check.rank);
    out = fopen(path, "w");
    if (out != NULL) {
        fclose(out);
    }
}

int main(int argc, char **argv)
{
    check_start(&argc, &argv, 1000000, 0);
    directory = argv[argc - 1];
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    try(MPI_Win_allocate(sizeof(struct shared), sizeof(int64_t), MPI_INFO_NULL, MPI_COMM_WORLD,
                         &run.base, &run.win),
        "window");
    MPI_Win_set_errhandler(run.win, MPI_ERRORS_RETURN);
    memset(run.base, 0, sizeof(*run.base));
    try(MPI_Barrier(MPI_COMM_WORLD), "barrier");
    say_ready();
    for (int round = 1; round <= check.rounds; round++) {
        one_round(round);
    }
    try(MPI_Win_free(&run.win), "free");
    leave("done", "");
}
