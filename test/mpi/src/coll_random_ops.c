/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The operations of reductions: what each predefined one does, and our own, some of which do not
 * commute (see coll_random.h).
 */
#include "coll_random.h"

/* ---- arithmetic; integers wrap, and lose what their type does not hold when stored ------------ */

static int64_t plus(int64_t a, int64_t b)
{
    return (int64_t) ((uint64_t) a + (uint64_t) b);
}

static int64_t times(int64_t a, int64_t b)
{
    return (int64_t) ((uint64_t) a * (uint64_t) b);
}

static void combine_max(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    right->a = left->a > right->a ? left->a : right->a;
}

static void combine_min(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    right->a = left->a < right->a ? left->a : right->a;
}

static void combine_sum(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    right->a = plus(left->a, right->a);
    right->b = plus(left->b, right->b);
}

static void combine_prod(const struct basic *basic, const struct cell *left, struct cell *right)
{
    struct cell r = *right;

    if (basic->kind == KIND_COMPLEX) {
        right->a = left->a * r.a - left->b * r.b;
        right->b = left->a * r.b + left->b * r.a;
    } else {
        right->a = times(left->a, r.a);
    }
}

static void combine_land(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    right->a = left->a != 0 && right->a != 0;
}

static void combine_lor(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    right->a = left->a != 0 || right->a != 0;
}

static void combine_lxor(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    right->a = (left->a != 0) != (right->a != 0);
}

static void combine_band(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    right->a &= left->a;
}

static void combine_bor(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    right->a |= left->a;
}

static void combine_bxor(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    right->a ^= left->a;
}

static void combine_maxloc(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    if (left->a > right->a || (left->a == right->a && left->b < right->b)) {
        *right = *left;
    }
}

static void combine_minloc(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    if (left->a < right->a || (left->a == right->a && left->b < right->b)) {
        *right = *left;
    }
}

/* 2 x 2 matrices modulo 2^64. */
static void combine_matrix(const struct basic *basic, const struct cell *l, struct cell *r)
{
    int64_t product[4] = { plus(times(l[0].a, r[0].a), times(l[1].a, r[2].a)),
                           plus(times(l[0].a, r[1].a), times(l[1].a, r[3].a)),
                           plus(times(l[2].a, r[0].a), times(l[3].a, r[2].a)),
                           plus(times(l[2].a, r[1].a), times(l[3].a, r[3].a)) };

    (void) basic;
    for (int i = 0; i < 4; i++) {
        r[i].a = product[i];
    }
}

/* x -> a x + b modulo 2^32, one after the other. */
static void combine_affine(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    right[1].a = plus(times(left[0].a, right[1].a), left[1].a);
    right[0].a = times(left[0].a, right[0].a);
}

/* The value of the lowest rank; that of the highest. */
static void combine_first(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    *right = *left;
}

static void combine_last(const struct basic *basic, const struct cell *left, struct cell *right)
{
    (void) basic;
    (void) left;
    (void) right;
}

/* ---- our own operations as MPI calls them ------------------------------------------------------ */

static const struct shape *user_shape; /* of the call under way */
static const struct call *user_call;

void rules_expect(const struct call *call, const struct shape *shape)
{
    user_call = call;
    user_shape = shape;
}

void rule_combine(const struct rule *rule, const struct shape *shape, const struct cell *left,
                  struct cell *right)
{
    int step = rule->width > 1 ? rule->width : 1;

    for (int i = 0; i < shape->items; i += step) {
        rule->combine(shape_basic(shape, (size_t) i), left + i, right + i);
    }
}

static void apply(const struct rule *rule, const void *in, void *inout, int count,
                  MPI_Datatype type)
{
    const struct shape *shape = user_shape;
    struct cell left[WIDTH_MAX], right[WIDTH_MAX];

    if (type != shape->type) {
        call_failed(user_call, "the operation was given another datatype");
    }
    for (int k = 0; k < count; k++) {
        const uint8_t *l = (const uint8_t *) in + k * shape->extent;
        uint8_t *r = (uint8_t *) inout + k * shape->extent;

        for (int i = 0; i < shape->items; i++) {
            left[i] = basic_load(shape_basic(shape, (size_t) i), l + shape->at[i]);
            right[i] = basic_load(shape_basic(shape, (size_t) i), r + shape->at[i]);
        }
        rule_combine(rule, shape, left, right);
        for (int i = 0; i < shape->items; i++) {
            basic_store(shape_basic(shape, (size_t) i), right[i], r + shape->at[i]);
        }
    }
}

static void user_matrix(void *in, void *inout, int *count, MPI_Datatype *type);
static void user_affine(void *in, void *inout, int *count, MPI_Datatype *type);
static void user_sum(void *in, void *inout, int *count, MPI_Datatype *type);
static void user_first(void *in, void *inout, int *count, MPI_Datatype *type);
static void user_last(void *in, void *inout, int *count, MPI_Datatype *type);

#define PREDEFINED(op, needs, combine)                \
    {                                                 \
#op, op, needs, combine, 1, NULL, NULL, 1, op \
    }
#define USER(name, combine, width, only, commutes)                                      \
    {                                                                                   \
#name, MPI_OP_NULL, 0, combine, width, only, user_##name, commutes, MPI_OP_NULL \
    }

struct rule rules[] = {
    USER(matrix, combine_matrix, 4, "MPI_UINT64_T", 0),
    USER(affine, combine_affine, 2, "MPI_UINT32_T", 0),
    USER(sum, combine_sum, 0, NULL, 1),
    USER(first, combine_first, 0, NULL, 0),
    USER(last, combine_last, 0, NULL, 0),
    PREDEFINED(MPI_SUM, HAS_ARITHMETIC, combine_sum),
    PREDEFINED(MPI_PROD, HAS_ARITHMETIC, combine_prod),
    PREDEFINED(MPI_MAX, HAS_ORDER, combine_max),
    PREDEFINED(MPI_MIN, HAS_ORDER, combine_min),
    PREDEFINED(MPI_LAND, HAS_LOGIC, combine_land),
    PREDEFINED(MPI_LOR, HAS_LOGIC, combine_lor),
    PREDEFINED(MPI_LXOR, HAS_LOGIC, combine_lxor),
    PREDEFINED(MPI_BAND, HAS_BITS, combine_band),
    PREDEFINED(MPI_BOR, HAS_BITS, combine_bor),
    PREDEFINED(MPI_BXOR, HAS_BITS, combine_bxor),
    PREDEFINED(MPI_MAXLOC, HAS_LOCATION, combine_maxloc),
    PREDEFINED(MPI_MINLOC, HAS_LOCATION, combine_minloc),
};
const int rules_count = sizeof(rules) / sizeof(rules[0]);

static void user_matrix(void *in, void *inout, int *count, MPI_Datatype *type)
{
    apply(&rules[RULE_MATRIX], in, inout, *count, *type);
}

static void user_affine(void *in, void *inout, int *count, MPI_Datatype *type)
{
    apply(&rules[RULE_AFFINE], in, inout, *count, *type);
}

static void user_sum(void *in, void *inout, int *count, MPI_Datatype *type)
{
    apply(&rules[RULE_SUM], in, inout, *count, *type);
}

static void user_first(void *in, void *inout, int *count, MPI_Datatype *type)
{
    apply(&rules[RULE_FIRST], in, inout, *count, *type);
}

static void user_last(void *in, void *inout, int *count, MPI_Datatype *type)
{
    apply(&rules[RULE_LAST], in, inout, *count, *type);
}

void rules_start(void)
{
    for (int i = 0; i < RULE_PREDEFINED; i++) {
        MPI_Op_create(rules[i].function, rules[i].commutes, &rules[i].op);
    }
}

void rules_end(void)
{
    for (int i = 0; i < RULE_PREDEFINED; i++) {
        MPI_Op_free(&rules[i].op);
    }
}
