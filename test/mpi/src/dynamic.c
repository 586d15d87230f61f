/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Dynamic windows: memory that the origins may reach by themselves, private memory, and accesses to
 * both at once, changed by all ranks in all kinds of epochs. Options: see check.h.
 */
#include "check.h"
#include "region_memory.h"

#define HALF 4096 /* bytes of each of the two attachments of one block */
#define BORDER (HALF / (MPI_Aint) sizeof(int64_t))
#define ROW 32
#define ACROSS 8 /* elements before the border, accessed with the first behind it */
#define TURNS 6
#define MANY 8000
#define DRAWS 200

/* What each rank attaches. */
struct memory {
    int64_t *region;  /* both halves: two attachments, side by side */
    int64_t *private; /* of as many bytes as one of them */
};

struct scene {
    MPI_Win win;
    struct memory mine;
    MPI_Aint *region, *private; /* by rank: addresses there */
    int64_t values[2];          /* put, until the epoch's end */
};

static void open_scene(struct scene *scene)
{
    MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &scene->win);
    scene->mine.region = region_memory(2 * HALF);
    scene->mine.private = check_alloc(HALF);
    memset(scene->mine.private, 0, HALF);
    MPI_Win_attach(scene->win, scene->mine.region, HALF);
    MPI_Win_attach(scene->win, scene->mine.region + BORDER, HALF);
    MPI_Win_attach(scene->win, scene->mine.private, HALF);
    scene->region = tell_address(scene->mine.region);
    scene->private = tell_address(scene->mine.private);
}

static void close_scene(struct scene *scene)
{
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_detach(scene->win, scene->mine.region);
    MPI_Win_detach(scene->win, scene->mine.region + BORDER);
    MPI_Win_detach(scene->win, scene->mine.private);
    MPI_Win_free(&scene->win);
    MPI_Free_mem(scene->mine.region);
    free(scene->mine.private);
    free(scene->region);
    free(scene->private);
}

/* Elements at absolute addresses of a target, some in the region and some not. */
static MPI_Datatype scattered(const struct scene *scene, int to, MPI_Aint element)
{
    MPI_Aint where[3] = { at(scene->region[to], element), at(scene->region[to], element + BORDER),
                          at(scene->private[to], element) };
    MPI_Datatype type;

    MPI_Type_create_hindexed_block(3, 1, where, MPI_INT64_T, &type);
    MPI_Type_commit(&type);
    return type;
}

/* ---- changed by all ranks ----------------------------------------------------------------------- */

/* Element of each half of the region, and of the private memory: what changes it in one turn. */
enum {
    ONE = 0,   /* fetch-and-op, alone and in scattered accesses */
    SWAP = 1,  /* compare-and-swap */
    WIDE = 8,  /* rows of ROW elements, and their first alone; doubles */
    SMALL = 48 /* 16-bit integers, alone */
};

static void add_singly(const struct scene *scene, int to)
{
    const int64_t one = 1;
    int64_t old;
    const MPI_Aint bases[] = { scene->region[to], at(scene->region[to], BORDER),
                               scene->private[to] };

    for (int i = 0; i < 3; i++) {
        const int16_t small = 1;
        int16_t small_old;
        MPI_Fetch_and_op(&one, &old, MPI_INT64_T, to, at(bases[i], ONE), MPI_SUM, scene->win);
        MPI_Accumulate(&one, 1, MPI_INT64_T, to, at(bases[i], ONE), 1, MPI_INT64_T, MPI_SUM,
                       scene->win);
        MPI_Fetch_and_op(&small, &small_old, MPI_INT16_T, to, at(bases[i], SMALL), MPI_SUM,
                         scene->win);
        MPI_Win_flush(to, scene->win);
    }
}

static void add_rows(const struct scene *scene, int to)
{
    const double one = 1;
    double ones[ROW], old[ROW];
    const MPI_Aint bases[] = { scene->region[to], at(scene->region[to], BORDER),
                               scene->private[to] };

    for (int i = 0; i < ROW; i++) {
        ones[i] = 1;
    }
    for (int i = 0; i < 3; i++) {
        MPI_Accumulate(ones, ROW, MPI_DOUBLE, to, at(bases[i], WIDE), ROW, MPI_DOUBLE, MPI_SUM,
                       scene->win);
        MPI_Get_accumulate(ones, ROW, MPI_DOUBLE, old, ROW, MPI_DOUBLE, to, at(bases[i], WIDE), ROW,
                           MPI_DOUBLE, MPI_SUM, scene->win);
        MPI_Accumulate(&one, 1, MPI_DOUBLE, to, at(bases[i], WIDE), 1, MPI_DOUBLE, MPI_SUM,
                       scene->win);
    }
    MPI_Win_flush(to, scene->win);
}

/* One access to two attachments side by side, or to three far from each other. */
static void add_across(const struct scene *scene, int to)
{
    int64_t ones[ACROSS + 1];
    MPI_Datatype type = scattered(scene, to, ONE);

    for (int i = 0; i < ACROSS + 1; i++) {
        ones[i] = 1;
    }
    MPI_Accumulate(ones, ACROSS + 1, MPI_INT64_T, to, at(scene->region[to], BORDER - ACROSS),
                   ACROSS + 1, MPI_INT64_T, MPI_SUM, scene->win);
    MPI_Accumulate(ones, 3, MPI_INT64_T, to, 0, 1, type, MPI_SUM, scene->win);
    MPI_Win_flush(to, scene->win);
    MPI_Type_free(&type);
}

/* By compare-and-swap until it is this rank that changed it. */
static void swap(const struct scene *scene, int to, MPI_Aint disp)
{
    int64_t expected = 0, next = 1, found;

    while (true) {
        MPI_Compare_and_swap(&next, &expected, &found, MPI_INT64_T, to, disp, scene->win);
        MPI_Win_flush(to, scene->win);
        if (found == expected) {
            return;
        }
        expected = found;
        next = found + 1;
    }
}

static void expect(const void *element, const char *what, long got, long wanted)
{
    CHECK(got == wanted, "%s at %p is %ld, not %ld", what, element, got, wanted);
}

static void expect_sums(const struct scene *scene, long turns)
{
    long all = turns * check.size;
    const int64_t *bases[] = { scene->mine.region, scene->mine.region + BORDER,
                               scene->mine.private };

    for (int i = 0; i < 3; i++) {
        const double *wide = (const double *) (const void *) (bases[i] + WIDE);
        expect(&bases[i][ONE], "the number", bases[i][ONE], (i == 1 ? 4 : 3) * all);
        expect(&bases[i][SWAP], "the swapped number", bases[i][SWAP], all);
        expect(&wide[0], "the first of a row", (long) wide[0], 3 * all);
        for (int k = 1; k < ROW; k++) {
            expect(&wide[k], "an element of a row", (long) wide[k], 2 * all);
        }
        expect(&bases[i][SMALL], "the small number",
               *(const int16_t *) (const void *) &bases[i][SMALL], (int16_t) all);
    }
    for (int i = -ACROSS; i < 0; i++) {
        const int64_t *element = scene->mine.region + BORDER + i;
        expect(element, "the number before the border", *element, all);
    }
}

static void meet(const struct scene *scene)
{
    MPI_Win_flush_all(scene->win);
    MPI_Win_sync(scene->win);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_sync(scene->win);
}

static void change_all(const struct scene *scene, int to)
{
    add_singly(scene, to);
    add_rows(scene, to);
    add_across(scene, to);
    swap(scene, to, at(scene->region[to], SWAP));
    swap(scene, to, at(scene->region[to], BORDER + SWAP));
    swap(scene, to, at(scene->private[to], SWAP));
}

static void test_sums(void)
{
    struct scene scene;

    check_at("sums", 0);
    open_scene(&scene);
    MPI_Win_lock_all(0, scene.win);
    meet(&scene);
    for (int turn = 0; turn < TURNS; turn++) {
        for (int k = 0; k < check.size; k++) {
            change_all(&scene, (check.rank + k) % check.size);
        }
    }
    meet(&scene);
    expect_sums(&scene, TURNS);
    MPI_Win_unlock_all(scene.win);
    MPI_Barrier(MPI_COMM_WORLD);
    for (int turn = 0; turn < TURNS; turn++) {
        for (int k = 0; k < check.size; k++) {
            int to = (check.rank + k) % check.size;
            MPI_Win_lock(turn % 2 == 0 ? MPI_LOCK_EXCLUSIVE : MPI_LOCK_SHARED, to, 0, scene.win);
            change_all(&scene, to);
            MPI_Win_unlock(to, scene.win);
        }
    }
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_lock(MPI_LOCK_SHARED, check.rank, 0, scene.win);
    expect_sums(&scene, 2 * TURNS);
    MPI_Win_unlock(check.rank, scene.win);
    close_scene(&scene);
}

/* What one rank does to a place is done in order, whichever way it goes. */
static void test_order(void)
{
    int to = (check.rank + 1) % check.size;
    struct scene scene;
    MPI_Datatype type;

    check_at("order", 0);
    open_scene(&scene);
    type = scattered(&scene, to, 2);
    MPI_Win_lock_all(0, scene.win);
    for (int64_t i = 1; i <= 20 * TURNS; i++) {
        const int64_t values[3] = { i, i, i };
        int64_t old = -1, next = i + 1000;
        MPI_Accumulate(values, 3, MPI_INT64_T, to, 0, 1, type, MPI_REPLACE, scene.win);
        MPI_Fetch_and_op(&next, &old, MPI_INT64_T, to, at(scene.region[to], 2), MPI_REPLACE,
                         scene.win);
        MPI_Win_flush(to, scene.win);
        CHECK(old == i, "found %ld, not %ld, which was put there before", (long) old, (long) i);
        MPI_Get(&old, 1, MPI_INT64_T, to, at(scene.region[to], 2), 1, MPI_INT64_T, scene.win);
        MPI_Win_flush(to, scene.win);
        CHECK(old == next, "found %ld, not %ld, which was put there last", (long) old, (long) next);
    }
    MPI_Win_unlock_all(scene.win);
    MPI_Type_free(&type);
    close_scene(&scene);
}

/* Everybody draws tickets from one counter: by itself, or as the first of many elements on both
 * sides of the border, which takes the target a while from reading the counter to changing it. No
 * two may draw the same. */
static int draw(MPI_Win win, MPI_Aint disp, const int64_t *ones, int64_t *old, bool many)
{
    int count = many ? 2 * MANY : 1;

    if (many) {
        MPI_Get_accumulate(ones, count, MPI_INT64_T, old, count, MPI_INT64_T, 0, disp, count,
                           MPI_INT64_T, MPI_SUM, win);
    } else {
        MPI_Fetch_and_op(ones, old, MPI_INT64_T, 0, disp, MPI_SUM, win);
    }
    MPI_Win_flush(0, win);
    CHECK(old[0] >= 0 && old[0] < (int64_t) DRAWS * check.size, "ticket %ld", (long) old[0]);
    return (int) old[0];
}

static void test_tickets(void)
{
    int64_t *counters = region_memory(2 * MANY * sizeof(int64_t));
    int64_t *ones = check_alloc(2 * MANY * sizeof(int64_t));
    int64_t *old = check_alloc(2 * MANY * sizeof(int64_t));
    int *drawn = calloc((size_t) (DRAWS * check.size), sizeof(*drawn));
    MPI_Aint *where = tell_address(counters);
    MPI_Win win;

    check_at("tickets", 0);
    CHECK(drawn != NULL, "no memory");
    for (int i = 0; i < 2 * MANY; i++) {
        ones[i] = 1;
    }
    MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    MPI_Win_attach(win, counters, MANY * sizeof(int64_t));
    MPI_Win_attach(win, counters + MANY, MANY * sizeof(int64_t));
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_lock_all(0, win);
    for (int i = 0; i < DRAWS; i++) {
        drawn[draw(win, where[0], ones, old, i % 20 == check.rank % 20)]++;
    }
    MPI_Win_unlock_all(win);
    MPI_Allreduce(MPI_IN_PLACE, drawn, DRAWS * check.size, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    for (int i = 0; i < DRAWS * check.size; i++) {
        CHECK(drawn[i] == 1, "ticket %d was drawn %d times", i, drawn[i]);
    }
    MPI_Win_free(&win);
    MPI_Free_mem(counters);
    free(where);
    free(drawn);
    free(ones);
    free(old);
}

/* Each rank looks at its own memory, and does nothing else, until the one before it has put
 * something there by message: to look must be enough for that to arrive. */
static void look_for(const struct scene *scene, int64_t wanted, bool flush)
{
    int64_t value = 0;

    while (value != wanted) {
        MPI_Win_lock(MPI_LOCK_SHARED, check.rank, 0, scene->win);
        do {
            MPI_Get(&value, 1, MPI_INT64_T, check.rank, at(scene->region[check.rank], 3), 1,
                    MPI_INT64_T, scene->win);
            if (flush) {
                MPI_Win_flush(check.rank, scene->win);
            }
        } while (flush && value != wanted);
        MPI_Win_unlock(check.rank, scene->win);
    }
}

static void test_looks(void)
{
    int right = (check.rank + 1) % check.size;
    struct scene scene;
    MPI_Datatype type;

    check_at("looks", 0);
    open_scene(&scene);
    type = scattered(&scene, right, 3);
    for (int64_t turn = 1; turn <= TURNS; turn++) {
        const int64_t values[3] = { turn, turn, turn };
        if (check.rank != 0) {
            look_for(&scene, turn, turn % 2 == 0);
        }
        MPI_Win_lock(MPI_LOCK_SHARED, right, 0, scene.win);
        MPI_Accumulate(values, 3, MPI_INT64_T, right, 0, 1, type, MPI_REPLACE, scene.win);
        MPI_Win_unlock(right, scene.win);
        if (check.rank == 0) {
            look_for(&scene, turn, turn % 2 == 0);
        }
    }
    MPI_Type_free(&type);
    close_scene(&scene);
}

/* ---- kinds of epochs ---------------------------------------------------------------------------- */

/* A put to both memories, and to the ends of the attachments. */
static void put_all(struct scene *scene, int to, int64_t key)
{
    const MPI_Aint places[] = { scene->region[to], at(scene->region[to], BORDER - 2),
                                at(scene->region[to], 2 * BORDER - 2), scene->private[to],
                                at(scene->private[to], BORDER - 2) };

    scene->values[0] = key;
    scene->values[1] = key + 1;
    for (int i = 0; i < 5; i++) {
        MPI_Put(scene->values, 2, MPI_INT64_T, to, places[i], 2, MPI_INT64_T, scene->win);
    }
}

static void expect_put(const struct scene *scene, int64_t key)
{
    const int64_t *places[] = { scene->mine.region, scene->mine.region + BORDER - 2,
                                scene->mine.region + 2 * BORDER - 2, scene->mine.private,
                                scene->mine.private + BORDER - 2 };

    for (int i = 0; i < 5; i++) {
        expect(places[i], "what was put", (long) places[i][0], (long) key);
        expect(places[i], "what was put behind it", (long) places[i][1], (long) key + 1);
    }
    expect(scene->mine.region, "what lies beside it", (long) scene->mine.region[2], 0);
    expect(scene->mine.region, "what lies before it", (long) scene->mine.region[BORDER - 3], 0);
    expect(scene->mine.region, "what lies behind the border", (long) scene->mine.region[BORDER], 0);
}

static void get_all(const struct scene *scene, int to, int64_t key)
{
    int64_t got[3][2];
    MPI_Request request;

    MPI_Rget(got[0], 2, MPI_INT64_T, to, scene->region[to], 2, MPI_INT64_T, scene->win, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    MPI_Rget(got[1], 2, MPI_INT64_T, to, at(scene->region[to], 2 * BORDER - 2), 2, MPI_INT64_T,
             scene->win, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    MPI_Rget(got[2], 2, MPI_INT64_T, to, scene->private[to], 2, MPI_INT64_T, scene -> win,
             &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    for (int i = 0; i < 3; i++) {
        CHECK(got[i][0] == key && got[i][1] == key + 1, "got %ld, not %ld, place %d",
              (long) got[i][0], (long) key, i);
    }
}

static void post_and_start(struct scene *scene, int left, int right, int64_t key)
{
    MPI_Group world, from, to;

    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_incl(world, 1, &left, &from);
    MPI_Group_incl(world, 1, &right, &to);
    MPI_Win_post(from, 0, scene->win);
    MPI_Win_start(to, 0, scene->win);
    put_all(scene, right, key);
    MPI_Win_complete(scene->win);
    MPI_Win_wait(scene->win);
    MPI_Group_free(&world);
    MPI_Group_free(&from);
    MPI_Group_free(&to);
}

static void test_epochs(void)
{
    int left = (check.rank + check.size - 1) % check.size, right = (check.rank + 1) % check.size;
    struct scene scene;

    check_at("epochs", 0);
    open_scene(&scene);
    MPI_Win_fence(0, scene.win);
    for (int turn = 1; turn <= TURNS; turn++) {
        put_all(&scene, right, 100 * turn + check.rank);
        MPI_Win_fence(0, scene.win);
        expect_put(&scene, 100 * turn + left);
        MPI_Win_fence(turn == TURNS ? MPI_MODE_NOSUCCEED : 0, scene.win);
    }
    for (int turn = 1; turn <= TURNS; turn++) {
        post_and_start(&scene, left, right, 10000 * turn + check.rank);
        expect_put(&scene, 10000 * turn + left);
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Win_lock(MPI_LOCK_EXCLUSIVE, right, 0, scene.win);
        put_all(&scene, right, 20000 * turn + check.rank);
        MPI_Win_unlock(right, scene.win);
        MPI_Barrier(MPI_COMM_WORLD);
        expect_put(&scene, 20000 * turn + left);
        MPI_Win_lock(MPI_LOCK_SHARED, right, 0, scene.win);
        get_all(&scene, right, 20000 * turn + check.rank);
        MPI_Win_unlock(right, scene.win);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    close_scene(&scene);
}

int main(int argc, char **argv)
{
    check_start(&argc, &argv, 1, 0);
    for (int round = 0; round < check.rounds; round++) {
        test_sums();
        test_order();
        test_tickets();
        test_looks();
        test_epochs();
    }
    return check_end();
}
