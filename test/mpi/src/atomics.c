/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The accumulate family under contention: all ranks change the same elements of every rank's part
 * of a window, by types and shapes that take different ways (processor atomics, locks, pieces of
 * derived types, elements at odd addresses), and no change may be lost or torn.
 *
 * With -range instead: accesses outside a part give MPI_ERR_RMA_RANGE. Options: see check.h.
 */
#include "check.h"
#include <complex.h>

#define ELEMENTS 72 /* more than the pieces of a derived type that are handled at a time */
#define SINGLES 16  /* of them, which are changed one by one as well */
#define TURNS 8

struct kind {
    const char *name;
    MPI_Datatype type;
    size_t bytes;
    void (*set)(void *at, int value);
    bool (*is)(const void *at, int value);
};

#define KIND(suffix, ctype)                            \
    static void set_##suffix(void *at, int value)      \
    {                                                  \
        ctype v = (ctype) value;                       \
        memcpy(at, &v, sizeof(v));                     \
    }                                                  \
    static bool is_##suffix(const void *at, int value) \
    {                                                  \
        ctype v;                                       \
        memcpy(&v, at, sizeof(v));                     \
        return v == (ctype) value;                     \
    }

KIND(i8, int8_t)
KIND(u16, uint16_t)
KIND(i32, int32_t)
KIND(u64, uint64_t)
KIND(f32, float)
KIND(f64, double)
KIND(f80, long double)
KIND(c64, float complex)
KIND(c128, double complex)

static struct kind kinds[9];

static void fill_kinds(void)
{
    const struct kind all[] = {
        { "int8", MPI_INT8_T, 1, set_i8, is_i8 },
        { "uint16", MPI_UINT16_T, 2, set_u16, is_u16 },
        { "int32", MPI_INT32_T, 4, set_i32, is_i32 },
        { "uint64", MPI_UINT64_T, 8, set_u64, is_u64 },
        { "float", MPI_FLOAT, sizeof(float), set_f32, is_f32 },
        { "double", MPI_DOUBLE, sizeof(double), set_f64, is_f64 },
        { "long double", MPI_LONG_DOUBLE, sizeof(long double), set_f80, is_f80 },
        { "float complex", MPI_C_FLOAT_COMPLEX, sizeof(float complex), set_c64, is_c64 },
        { "double complex", MPI_C_DOUBLE_COMPLEX, sizeof(double complex), set_c128, is_c128 },
    };

    memcpy(kinds, all, sizeof(all));
}

/* How the elements lie in the target's part. */
struct shape {
    const char *name;
    size_t offset; /* of the first, in bytes */
    int stride;    /* in elements */
};

static const struct shape shapes[] = {
    { "in a row", 0, 1 },
    { "every third", 0, 3 },
    { "at odd addresses", 1, 1 },
    { "every second, at odd addresses", 3, 2 },
};

struct field {
    const struct kind *kind;
    const struct shape *shape;
    MPI_Win win;
    uint8_t *base;
    MPI_Datatype type; /* of the whole target */
    int count;         /* of type */
};

static uint8_t *element(const struct field *field, int i)
{
    return field->base + field->shape->offset +
           (size_t) i * (size_t) field->shape->stride * field->kind->bytes;
}

static void make_type(struct field *field)
{
    if (field->shape->stride == 1) {
        field->type = field->kind->type;
        field->count = ELEMENTS;
        return;
    }
    MPI_Type_vector(ELEMENTS, 1, field->shape->stride, field->kind->type, &field->type);
    MPI_Type_commit(&field->type);
    field->count = 1;
}

static void set_all(const struct field *field, int value)
{
    for (int i = 0; i < ELEMENTS; i++) {
        field->kind->set(element(field, i), value);
    }
}

/* All ranks together between the accesses of one kind and those of the next. */
static void meet(const struct field *field)
{
    MPI_Win_flush_all(field->win);
    MPI_Win_sync(field->win);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_sync(field->win);
}

static void expect_sums(const struct field *field)
{
    for (int i = 0; i < ELEMENTS; i++) {
        int value = 5 + (i < SINGLES ? 3 : 2) * TURNS * check.size;
        CHECK(field->kind->is(element(field, i), value), "%s %s: element %d is not %d",
              field->kind->name, field->shape->name, i, value);
    }
}

static void add_everywhere(const struct field *field, const void *ones, void *old)
{
    MPI_Aint at = (MPI_Aint) field->shape->offset;
    MPI_Datatype type = field->kind->type;

    for (int k = 0; k < check.size; k++) {
        int to = (check.rank + k) % check.size;
        MPI_Accumulate(ones, ELEMENTS, type, to, at, field->count, field->type, MPI_SUM,
                       field->win);
        MPI_Get_accumulate(ones, ELEMENTS, type, old, ELEMENTS, type, to, at, field->count,
                           field->type, MPI_SUM, field->win);
        MPI_Win_flush(to, field->win);
        for (int i = 0; i < SINGLES; i++) {
            MPI_Aint disp =
                at + (MPI_Aint) (i * field->shape->stride) * (MPI_Aint) field->kind->bytes;
            MPI_Fetch_and_op(ones, old, type, to, disp, MPI_SUM, field->win);
        }
        MPI_Win_flush(to, field->win);
    }
}

static void test_sums(const struct field *field)
{
    uint8_t *ones = check_alloc(ELEMENTS * field->kind->bytes);
    uint8_t *old = check_alloc(ELEMENTS * field->kind->bytes);

    for (int i = 0; i < ELEMENTS; i++) {
        field->kind->set(ones + (size_t) i * field->kind->bytes, 1);
    }
    for (int i = 0; i < TURNS; i++) {
        add_everywhere(field, ones, old);
    }
    meet(field);
    expect_sums(field);
    meet(field);
    free(ones);
    free(old);
}

/* Ranks write their own pattern over all elements at once: each element is one rank's, whole. */
static void test_replace(const struct field *field)
{
    size_t bytes = ELEMENTS * field->kind->bytes;
    MPI_Aint at = (MPI_Aint) field->shape->offset;
    uint8_t *mine = check_alloc(bytes), *seen = check_alloc(bytes);

    for (int i = 0; i < ELEMENTS; i++) {
        field->kind->set(mine + (size_t) i * field->kind->bytes, 100 + check.rank);
    }
    MPI_Accumulate(mine, ELEMENTS, field->kind->type, 0, at, field->count, field->type, MPI_REPLACE,
                   field->win);
    MPI_Win_flush(0, field->win);
    for (int turn = 0; turn < TURNS; turn++) {
        MPI_Get_accumulate(mine, ELEMENTS, field->kind->type, seen, ELEMENTS, field->kind->type, 0,
                           at, field->count, field->type, turn % 2 == 0 ? MPI_REPLACE : MPI_NO_OP,
                           field->win);
        MPI_Win_flush(0, field->win);
        for (int i = 0; i < ELEMENTS; i++) {
            const uint8_t *got = seen + (size_t) i * field->kind->bytes;
            bool whole = false;
            for (int rank = 0; rank < check.size; rank++) {
                whole = whole || field->kind->is(got, 100 + rank);
            }
            CHECK(whole, "%s %s: element %d is torn", field->kind->name, field->shape->name, i);
        }
    }
    meet(field);
    free(mine);
    free(seen);
}

static void test_field(const struct kind *kind, const struct shape *shape)
{
    struct field field = { .kind = kind, .shape = shape };
    MPI_Aint room = (MPI_Aint) (shape->offset + kind->bytes * ELEMENTS * (size_t) shape->stride);

    check_at(kind->name, shape->stride + (long) shape->offset);
    MPI_Win_allocate(room, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &field.base, &field.win);
    make_type(&field);
    MPI_Win_lock_all(0, field.win);
    set_all(&field, 5);
    meet(&field);
    test_sums(&field);
    test_replace(&field);
    MPI_Win_unlock_all(field.win);
    if (shape->stride != 1) {
        MPI_Type_free(&field.type);
    }
    MPI_Win_free(&field.win);
}

/* ---- pairs: the largest value and whose it is --------------------------------------------------- */

struct pair {
    double value;
    int rank;
};

static void test_pairs(void)
{
    struct pair *base, mine;
    MPI_Win win;

    check_at("pairs", 0);
    MPI_Win_allocate(2 * sizeof(struct pair), sizeof(struct pair), MPI_INFO_NULL, MPI_COMM_WORLD,
                     &base, &win);
    MPI_Win_lock_all(0, win);
    base[0].value = base[1].value = -1;
    base[0].rank = base[1].rank = -1;
    MPI_Win_sync(win);
    MPI_Barrier(MPI_COMM_WORLD);
    for (int turn = 0; turn < TURNS; turn++) {
        mine.value = turn * 100 + check.rank;
        mine.rank = check.rank;
        for (int to = 0; to < check.size; to++) {
            MPI_Accumulate(&mine, 1, MPI_DOUBLE_INT, to, 1, 1, MPI_DOUBLE_INT, MPI_MAXLOC, win);
        }
    }
    MPI_Win_flush_all(win);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_sync(win);
    CHECK(base[1].value == (TURNS - 1) * 100 + check.size - 1 && base[1].rank == check.size - 1,
          "largest value %g of rank %d", base[1].value, base[1].rank);
    CHECK(base[0].rank == -1, "the pair before it was changed");
    MPI_Win_unlock_all(win);
    MPI_Win_free(&win);
}

/* ---- locks ------------------------------------------------------------------------------------- */

/* Who holds a part alone changes two numbers that sharers must always see equal. */
static void test_locks(void)
{
    int64_t *base, pair[2];
    MPI_Win win;

    check_at("locks", 0);
    MPI_Win_allocate(2 * sizeof(int64_t), sizeof(int64_t), MPI_INFO_NULL, MPI_COMM_WORLD, &base,
                     &win);
    base[0] = base[1] = 0;
    MPI_Barrier(MPI_COMM_WORLD);
    for (int turn = 0; turn < 10 * TURNS; turn++) {
        int to = (check.rank + turn) % check.size;
        bool alone = (turn / 2 + check.rank) % 3 == 0;
        MPI_Win_lock(alone ? MPI_LOCK_EXCLUSIVE : MPI_LOCK_SHARED, to, 0, win);
        MPI_Get(pair, 2, MPI_INT64_T, to, 0, 2, MPI_INT64_T, win);
        MPI_Win_flush(to, win);
        CHECK(pair[0] == pair[1], "the numbers of rank %d differ under a lock", to);
        if (alone) {
            pair[0]++;
            MPI_Put(&pair[0], 1, MPI_INT64_T, to, 0, 1, MPI_INT64_T, win);
            MPI_Win_flush(to, win);
            MPI_Put(&pair[0], 1, MPI_INT64_T, to, 1, 1, MPI_INT64_T, win);
        }
        MPI_Win_unlock(to, win);
        if (turn % 16 == check.rank % 16) {
            MPI_Win_lock_all(0, win);
            MPI_Get(pair, 2, MPI_INT64_T, to, 0, 2, MPI_INT64_T, win);
            MPI_Win_flush_all(win);
            CHECK(pair[0] == pair[1], "the numbers of rank %d differ under a lock of all", to);
            MPI_Win_unlock_all(win);
        }
    }
    MPI_Win_free(&win);
}

/* ---- accesses outside a part -------------------------------------------------------------------- */

static void expect_range(int rc, const char *what)
{
    int class = MPI_SUCCESS;

    MPI_Error_class(rc, &class);
    CHECK(class == MPI_ERR_RMA_RANGE, "%s outside the window: error class %d", what, class);
}

static void test_range(void)
{
    int right = (check.rank + 1) % check.size;
    int64_t *base, value = 7, compare = 0, old = 0;
    MPI_Datatype back;
    MPI_Win win;

    MPI_Win_allocate(4 * sizeof(int64_t), sizeof(int64_t), MPI_INFO_NULL, MPI_COMM_WORLD, &base,
                     &win);
    MPI_Win_set_errhandler(win, MPI_ERRORS_RETURN);
    MPI_Type_create_hvector(2, 1, -(MPI_Aint) sizeof(int64_t), MPI_INT64_T, &back);
    MPI_Type_commit(&back);
    MPI_Win_lock_all(0, win);
    expect_range(MPI_Put(&value, 1, MPI_INT64_T, right, 4, 1, MPI_INT64_T, win), "put");
    expect_range(MPI_Get(&value, 1, MPI_INT64_T, right, 5, 1, MPI_INT64_T, win), "get");
    expect_range(MPI_Put(&value, 1, MPI_INT64_T, right, INT64_MAX / 8 + 2, 1, MPI_INT64_T, win),
                 "put far away");
    expect_range(MPI_Put(&value, 1, MPI_INT64_T, right, 0, 1, back, win), "put before the start");
    expect_range(MPI_Accumulate(&value, 1, MPI_INT64_T, right, 4, 1, MPI_INT64_T, MPI_SUM, win),
                 "accumulate");
    expect_range(MPI_Fetch_and_op(&value, &old, MPI_INT64_T, right, 4, MPI_SUM, win),
                 "fetch-and-op");
    expect_range(MPI_Compare_and_swap(&value, &compare, &old, MPI_INT64_T, right, 4, win),
                 "compare-and-swap");
    CHECK(MPI_Put(&value, 1, MPI_INT64_T, right, 3, 1, MPI_INT64_T, win) == MPI_SUCCESS,
          "put of the last element");
    MPI_Win_unlock_all(win);
    MPI_Type_free(&back);
    MPI_Win_free(&win);
}

/* -range is for this program alone. */
static bool wants_range(int *argc, char **argv)
{
    if (*argc > 1 && strcmp(argv[*argc - 1], "-range") == 0) {
        (*argc)--;
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    bool range = wants_range(&argc, argv);

    check_start(&argc, &argv, 1, 0);
    if (range) {
        test_range();
        return check_end();
    }
    fill_kinds();
    for (int round = 0; round < check.rounds; round++) {
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
            for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
                test_field(&kinds[k], &shapes[s]);
            }
        }
        test_pairs();
        test_locks();
    }
    return check_end();
}
