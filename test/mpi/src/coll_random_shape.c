/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Datatypes drawn at random, of which we know where each number is (see coll_random.h).
 */
#include "coll_random.h"

#define PARTS_MAX 64 /* of an indexed type; more units are dealt to larger parts */

static MPI_Aint round_up(MPI_Aint bytes, MPI_Aint align)
{
    return (bytes + align - 1) / align * align;
}

static MPI_Aint extent_of(MPI_Datatype type)
{
    MPI_Aint low, extent;

    MPI_Type_get_extent(type, &low, &extent);
    return extent;
}

static void replace(struct shape *shape, MPI_Datatype type)
{
    if (shape->made) {
        MPI_Type_free(&shape->type);
    }
    shape->type = type;
    shape->made = true;
}

/* ---- the unit: one number, or a struct of several, with gaps ---------------------------------- */

static void make_plain(struct shape *shape)
{
    shape->type = shape->signature->of[0]->type;
    shape->name = "predefined";
    shape->at = check_alloc(sizeof(MPI_Aint));
    shape->at[0] = 0;
    shape->items = 1;
    shape->extent = shape->signature->of[0]->bytes;
}

static void make_struct(struct shape *shape, struct rng *rng)
{
    const struct signature *signature = shape->signature;
    int ones[UNIT_MAX] = { 1, 1, 1 };
    MPI_Datatype types[UNIT_MAX], inner, type;
    MPI_Aint end = 0, align = 1;

    shape->items = signature->items;
    shape->at = check_alloc((size_t) shape->items * sizeof(MPI_Aint));
    for (int i = 0; i < shape->items; i++) {
        const struct basic *basic = signature->of[i];
        MPI_Aint gap = one_in(rng, 2) ? 0 : (MPI_Aint) rng_below(rng, 4) * basic->align;

        shape->at[i] = round_up(end, basic->align) + gap;
        end = shape->at[i] + basic->bytes;
        types[i] = basic->type;
        align = basic->align > align ? basic->align : align;
    }
    shape->extent = round_up(end, align);
    MPI_Type_create_struct(shape->items, ones, shape->at, types, &inner);
    MPI_Type_create_resized(inner, 0, shape->extent, &type);
    MPI_Type_free(&inner);
    replace(shape, type);
    shape->name = "struct";
}

/* ---- several units ---------------------------------------------------------------------------- */

/* The items of units that begin at these places, in order. */
static void repeat(struct shape *shape, int units, const MPI_Aint *places)
{
    int items = shape->items;
    MPI_Aint *at = check_alloc((size_t) (units * items) * sizeof(MPI_Aint));

    for (int k = 0; k < units * items; k++) {
        at[k] = places[k / items] + shape->at[k % items];
    }
    free(shape->at);
    shape->at = at;
    shape->items = units * items;
}

static void make_vector(struct shape *shape, int units, struct rng *rng, MPI_Aint *places)
{
    int block = one_in(rng, 2) ? 1 : units, stride;
    MPI_Datatype type;

    for (int try = 2 + (int) rng_below(rng, 4); try > 1 && block != 1; try--) {
        block = units % try == 0 ? units /
        try : block
            ;
    }
    stride = block + (int) rng_below(rng, 4);
    for (int i = 0; i < units; i++) {
        places[i] = (MPI_Aint) (i / block * stride + i % block) * shape->extent;
    }
    MPI_Type_vector(units / block, block, stride, shape->type, &type);
    replace(shape, type);
    shape->name = "vector";
}

/* The last unit comes first in memory, at a negative displacement. */
static void make_backward(struct shape *shape, int units, struct rng *rng, MPI_Aint *places)
{
    MPI_Aint stride = -(1 + (MPI_Aint) rng_below(rng, 3)) * shape->extent;
    MPI_Datatype type;

    for (int i = 0; i < units; i++) {
        places[i] = i * stride;
    }
    MPI_Type_create_hvector(units, 1, stride, shape->type, &type);
    replace(shape, type);
    shape->name = "hvector with a negative stride";
}

static void make_contiguous(struct shape *shape, int units, struct rng *rng, MPI_Aint *places)
{
    MPI_Datatype type;

    (void) rng;
    for (int i = 0; i < units; i++) {
        places[i] = i * shape->extent;
    }
    MPI_Type_contiguous(units, shape->type, &type);
    replace(shape, type);
    shape->name = "contiguous";
}

/* Deals the units to parts; each part gets a place behind the others', in a drawn order. */
static int draw_parts(int units, struct rng *rng, int *lengths, int *displs)
{
    int parts = 0, left = units, end = 0, order[PARTS_MAX];

    while (left > 0) {
        int most = parts == PARTS_MAX - 1 ? left : 1 + left / (PARTS_MAX - parts);
        int length = parts == PARTS_MAX - 1 ? left : 1 + (int) rng_below(rng, (uint32_t) most + 1);

        lengths[parts] = length < left ? length : left;
        left -= lengths[parts];
        order[parts] = parts;
        parts++;
    }
    for (int i = parts - 1; i > 0 && one_in(rng, 2); i--) {
        int j = (int) rng_below(rng, (uint32_t) i + 1), other = order[i];

        order[i] = order[j];
        order[j] = other;
    }
    for (int i = 0; i < parts; i++) {
        displs[order[i]] = end + (int) rng_below(rng, 3);
        end = displs[order[i]] + lengths[order[i]];
    }
    return parts;
}

static void make_indexed(struct shape *shape, int units, struct rng *rng, MPI_Aint *places)
{
    int lengths[PARTS_MAX], displs[PARTS_MAX], parts, k = 0;
    MPI_Aint bytes[PARTS_MAX];
    MPI_Datatype type;

    parts = draw_parts(units, rng, lengths, displs);
    for (int i = 0; i < parts; i++) {
        for (int j = 0; j < lengths[i]; j++) {
            places[k++] = (displs[i] + j) * shape->extent;
        }
        bytes[i] = displs[i] * shape->extent;
    }
    if (one_in(rng, 2)) {
        MPI_Type_indexed(parts, lengths, displs, shape->type, &type);
        shape->name = "indexed";
    } else {
        MPI_Type_create_hindexed(parts, lengths, bytes, shape->type, &type);
        shape->name = "hindexed";
    }
    replace(shape, type);
}

static void (*const makers[])(struct shape *shape, int units, struct rng *rng,
                              MPI_Aint *places) = { make_vector, make_backward, make_contiguous,
                                                    make_indexed, make_indexed };

static void make_units(struct shape *shape, int units, struct rng *rng)
{
    MPI_Aint *places = check_alloc((size_t) units * sizeof(MPI_Aint));

    makers[rng_below(rng, sizeof(makers) / sizeof(makers[0]))](shape, units, rng, places);
    repeat(shape, units, places);
    free(places);
    shape->extent = extent_of(shape->type);
}

/* Room before and behind, so that the lower bound may be negative. */
static void resize(struct shape *shape, struct rng *rng)
{
    MPI_Aint low, extent, align = 16;
    MPI_Datatype type;

    MPI_Type_get_extent(shape->type, &low, &extent);
    low -= (MPI_Aint) rng_below(rng, 3) * align;
    extent = round_up(extent + (MPI_Aint) rng_below(rng, 3) * align + 2 * align, align);
    MPI_Type_create_resized(shape->type, low, extent, &type);
    replace(shape, type);
    shape->extent = extent;
}

/* ---- the whole -------------------------------------------------------------------------------- */

/* First and last byte; the MPI's own idea of them must be the same. */
static void find_bounds(struct shape *shape)
{
    MPI_Aint low, extent;

    shape->low = INTPTR_MAX;
    shape->high = INTPTR_MIN;
    for (int k = 0; k < shape->items; k++) {
        const struct basic *basic = shape_basic(shape, (size_t) k);
        MPI_Aint end = shape->at[k] + (basic->kind >= KIND_INTEGER_PAIR
                                           ? basic->second + (MPI_Aint) sizeof(int)
                                           : basic->bytes);

        shape->low = shape->at[k] < shape->low ? shape->at[k] : shape->low;
        shape->high = end > shape->high ? end : shape->high;
    }
    MPI_Type_get_true_extent(shape->type, &low, &extent);
    CHECK(low == shape->low && low + extent == shape->high,
          "%s type: true extent is %ld..%ld, not %ld..%ld", shape->name, (long) low,
          (long) (low + extent), (long) shape->low, (long) shape->high);
}

void shape_make(struct shape *shape, const struct signature *signature, int units, bool derived,
                struct rng *rng)
{
    *shape = (struct shape){ .signature = signature };
    if (signature->items == 1 && (!derived || one_in(rng, 2))) {
        make_plain(shape);
    } else {
        make_struct(shape, rng);
    }
    if (units > 1 || (derived && one_in(rng, 3))) {
        make_units(shape, units, rng);
    }
    if (derived && one_in(rng, 3)) {
        resize(shape, rng);
    }
    if (shape->made) {
        MPI_Type_commit(&shape->type);
    }
    find_bounds(shape);
}

void shape_move(struct shape *shape, const void *origin)
{
    const int one = 1;
    MPI_Aint address;
    MPI_Datatype type;

    MPI_Get_address(origin, &address);
    MPI_Type_create_hindexed(1, &one, &address, shape->type, &type);
    replace(shape, type);
    MPI_Type_commit(&shape->type);
}

void shape_free(struct shape *shape)
{
    if (shape->made) {
        MPI_Type_free(&shape->type);
    }
    free(shape->at);
}
