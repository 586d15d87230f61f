/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * MG: Poisson's equation on a periodic cube by V-cycles of a multigrid method.
 *
 * All operators are stencils of 27 points, with one weight for the point itself and one each for
 * its 6 neighbours by a face, 12 by an edge, 8 by a corner.
 */
#include <mpi.h>
#include "app.h"
#include "mg_grid.h"
#include "nas.h"
#include "nas_random.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHARGES 10 /* of each sign */
#define EPSILON 1e-8
#define ROW ((1 << (MG_LEVELS - 1)) + 2) /* the longest, with ghosts */

static const struct problem {
    int top, iterations;
    double norm;
} problems[NAS_CLASSES] = {
    [NAS_S] = { 5, 4, 0.5307707005734e-04 },
    [NAS_W] = { 7, 4, 0.6467329375339e-05 },
    [NAS_A] = { 8, 4, 0.2433365309069e-05 },
};

struct weights {
    double centre, face, edge, corner;
};

static const struct weights minus_a = { 8.0 / 3, 0, -1.0 / 6, -1.0 / 12 };
static const struct weights smoother = { -3.0 / 8, 1.0 / 32, -1.0 / 64, 0 };
static const struct weights projection = { 1.0 / 2, 1.0 / 4, 1.0 / 8, 1.0 / 16 };

/* ---- operators --------------------------------------------------------------------------------- */

/* Sums around a row, for each x with the ghosts: of the four rows beside it, of the four aslant. */
static void sum_around(const struct mg_level *l, const double *field, int y, int z, double *beside,
                       double *aslant)
{
    const ptrdiff_t row = l->size[0] + 2, plane = row * (l->size[1] + 2);
    const double *at = field + mg_level_at(l, 0, y, z);

    for (int x = 0; x < row; x++, at++) {
        beside[x] = at[-row] + at[row] + at[-plane] + at[plane];
        aslant[x] = at[-plane - row] + at[-plane + row] + at[plane - row] + at[plane + row];
    }
}

static double stencil(const struct weights *w, const double *row, const double *beside,
                      const double *aslant, int x)
{
    return w->centre * row[x] + w->face * (row[x - 1] + row[x + 1] + beside[x]) +
           w->edge * (beside[x - 1] + beside[x + 1] + aslant[x]) +
           w->corner * (aslant[x - 1] + aslant[x + 1]);
}

/* result = base + stencil of field, with ghosts; result may be base. */
static void apply(const struct mg_grid *g, const struct mg_level *l, const struct weights *w,
                  const double *field, const double *base, double *result)
{
    double beside[ROW], aslant[ROW];

    if (!l->active) {
        return;
    }
    for (int z = 1; z <= l->size[2]; z++) {
        for (int y = 1; y <= l->size[1]; y++) {
            const size_t at = mg_level_at(l, 0, y, z);
            sum_around(l, field, y, z, beside, aslant);
            for (int x = 1; x <= l->size[0]; x++) {
                result[at + (size_t) x] =
                    base[at + (size_t) x] + stencil(w, field + at, beside, aslant, x);
            }
        }
    }
    mg_exchange(g, l, result);
}

/* What to add to twice a point's index, for the index above it. A rank that owns one point of each
 * level has both at 1. */
static int centre(const struct mg_level *coarse, int dimension)
{
    return coarse->sparse[dimension] && coarse->owns[dimension] ? -1 : 0;
}

/* The residual of a level becomes that of the level below. */
static void project(const struct mg_grid *g, int level)
{
    double beside[ROW], aslant[ROW];
    const struct mg_level *fine = &g->level[level], *coarse = &g->level[level - 1];

    if (!coarse->active) {
        return;
    }
    for (int z = 1; z <= coarse->size[2]; z++) {
        for (int y = 1; y <= coarse->size[1]; y++) {
            const int fine_y = 2 * y + centre(coarse, 1), fine_z = 2 * z + centre(coarse, 2);
            double *row = coarse->r + mg_level_at(coarse, 0, y, z);
            sum_around(fine, fine->r, fine_y, fine_z, beside, aslant);
            for (int x = 1; x <= coarse->size[0]; x++) {
                row[x] = stencil(&projection, fine->r + mg_level_at(fine, 0, fine_y, fine_z),
                                 beside, aslant, 2 * x + centre(coarse, 0));
            }
        }
    }
    mg_exchange(g, coarse, coarse->r);
}

/* The correction of the level below at a row between its rows, for each x with the ghosts: four
 * times it. */
static void sum_between(const struct mg_level *coarse, int y, int z, double *sum)
{
    const double *low = coarse->u + mg_level_at(coarse, 0, y / 2, z / 2);
    const double *high = coarse->u + mg_level_at(coarse, 0, (y + 1) / 2, (z + 1) / 2);
    const double *low_high = coarse->u + mg_level_at(coarse, 0, y / 2, (z + 1) / 2);
    const double *high_low = coarse->u + mg_level_at(coarse, 0, (y + 1) / 2, z / 2);

    for (int x = 0; x < coarse->size[0] + 2; x++) {
        sum[x] = low[x] + high[x] + low_high[x] + high_low[x];
    }
}

/* Adds the correction of the level below, between its points their mean. The ghosts get theirs in
 * the same way, unless points of the level below are missing for them. */
static void interpolate(const struct mg_grid *g, int level)
{
    const struct mg_level *fine = &g->level[level], *coarse = &g->level[level - 1];
    double sum[ROW];
    int ghosts[3], shift[3];

    if (!fine->active) {
        return;
    }
    mg_spread(g, level);
    for (int d = 0; d < 3; d++) {
        ghosts[d] = coarse->sparse[d] ? 0 : 1;
        shift[d] = -centre(coarse, d);
    }
    for (int z = 1 - ghosts[2]; z <= fine->size[2] + ghosts[2]; z++) {
        for (int y = 1 - ghosts[1]; y <= fine->size[1] + ghosts[1]; y++) {
            double *row = fine->u + mg_level_at(fine, 0, y, z);
            sum_between(coarse, y + shift[1], z + shift[2], sum);
            for (int x = 1 - ghosts[0]; x <= fine->size[0] + ghosts[0]; x++) {
                int at = x + shift[0];
                row[x] += (sum[at / 2] + sum[(at + 1) / 2]) / 8;
            }
        }
    }
    if (ghosts[0] + ghosts[1] + ghosts[2] < 3) {
        mg_exchange(g, fine, fine->u);
    }
}

/* ---- cycles ------------------------------------------------------------------------------------ */

static void residual(const struct mg_grid *g)
{
    const struct mg_level *top = &g->level[g->top];

    apply(g, top, &minus_a, top->u, g->v, top->r);
}

/* Down to the level of two points, up again; u of the finest level gets the correction. */
static void cycle(const struct mg_grid *g)
{
    for (int k = g->top; k > 1; k--) {
        project(g, k);
    }
    for (int k = 1; k <= g->top; k++) {
        const struct mg_level *l = &g->level[k];
        if (k < g->top) {
            memset(l->u, 0, mg_level_count(l) * sizeof(double));
        }
        if (k > 1) {
            interpolate(g, k);
            apply(g, l, &minus_a, l->u, k < g->top ? l->r : g->v, l->r);
        }
        apply(g, l, &smoother, l->r, l->u, l->u);
    }
    residual(g);
}

static double norm(const struct mg_grid *g)
{
    const struct mg_level *l = &g->level[g->top];
    double sum = 0, total = 0;

    for (int z = 1; z <= l->size[2]; z++) {
        for (int y = 1; y <= l->size[1]; y++) {
            const double *row = l->r + mg_level_at(l, 0, y, z);
            for (int x = 1; x <= l->size[0]; x++) {
                sum += row[x] * row[x];
            }
        }
    }
    MPI_Allreduce(&sum, &total, 1, MPI_DOUBLE, MPI_SUM, g->comm);
    return sqrt(total / l->points / l->points / l->points);
}

/* ---- charges ----------------------------------------------------------------------------------- */

/* A random number and where it stands: x + points (y + points z) of the whole level. */
struct extreme {
    double value, index;
};

/* Kept in falling order of the value. */
static void keep(struct extreme *kept, double value, double index)
{
    int at = CHARGES;

    if (value <= kept[CHARGES - 1].value) {
        return;
    }
    while (--at > 0 && kept[at - 1].value < value) {
        kept[at] = kept[at - 1];
    }
    kept[at] = (struct extreme){ value, index };
}

static void forget(struct extreme *kept)
{
    for (int i = 0; i < CHARGES; i++) {
        kept[i] = (struct extreme){ -2, -1 }; /* below all that can come */
    }
}

/* Of the numbers at own points: the highest, or of their negatives. */
static void find_own(const struct mg_grid *g, struct extreme *kept, double sign)
{
    const struct mg_level *l = &g->level[g->top];
    const int *size = l->size, *place = g->place;

    forget(kept);
    for (int z = place[2] * size[2]; z < (place[2] + 1) * size[2]; z++) {
        for (int y = place[1] * size[1]; y < (place[1] + 1) * size[1]; y++) {
            double index = ((double) z * l->points + y) * l->points + place[0] * size[0];
            uint64_t random = random_jump(RANDOM_SEED, (uint64_t) index);
            for (int x = 0; x < size[0]; x++) {
                keep(kept, sign * random_next(&random), index + x);
            }
        }
    }
}

/* Of all ranks. */
static void find_all(const struct mg_grid *g, struct extreme *kept, double sign)
{
    int ranks = g->ranks[0] * g->ranks[1] * g->ranks[2];
    struct extreme own[CHARGES], *all = app_allocate((size_t) (ranks * CHARGES), sizeof(*all));

    find_own(g, own, sign);
    MPI_Allgather(own, 2 * CHARGES, MPI_DOUBLE, all, 2 * CHARGES, MPI_DOUBLE, g->comm);
    forget(kept);
    for (int i = 0; i < ranks * CHARGES; i++) {
        keep(kept, all[i].value, all[i].index);
    }
    free(all);
}

static void set_charge(const struct mg_grid *g, double index, double charge)
{
    const struct mg_level *l = &g->level[g->top];
    int whole = (int) index, at[3];
    bool own = true;

    for (int d = 0; d < 3; d++) {
        at[d] = whole % l->points - g->place[d] * l->size[d] + 1;
        own = own && at[d] >= 1 && at[d] <= l->size[d];
        whole /= l->points;
    }
    if (own) {
        g->v[mg_level_at(l, at[0], at[1], at[2])] = charge;
    }
}

/* 1 at the points with the highest random numbers, -1 at those with the lowest. */
static void set_charges(const struct mg_grid *g)
{
    struct extreme highest[CHARGES], lowest[CHARGES];

    find_all(g, highest, 1);
    find_all(g, lowest, -1);
    for (int i = 0; i < CHARGES; i++) {
        set_charge(g, highest[i].index, 1);
        set_charge(g, lowest[i].index, -1);
    }
    mg_exchange(g, &g->level[g->top], g->v);
}

/* ---- program ----------------------------------------------------------------------------------- */

static double solve(const struct mg_grid *g, int iterations)
{
    residual(g);
    for (int i = 0; i < iterations; i++) {
        cycle(g);
    }
    return norm(g);
}

static void run(enum nas_class class, MPI_Comm comm, struct nas_outcome *outcome)
{
    const struct problem *p = &problems[class];
    struct mg_grid grid;
    double result;

    mg_grid_make(&grid, comm, p->top);
    set_charges(&grid);
    solve(&grid, 1); /* touches everything once, not timed */
    memset(grid.level[p->top].u, 0, mg_level_count(&grid.level[p->top]) * sizeof(double));
    MPI_Barrier(comm);
    app_start();
    result = solve(&grid, p->iterations);
    app_stop();
    if (grid.rank == 0) {
        printf("# residual %.13e\n", result);
    }
    mg_grid_free(&grid);
    outcome->verified = nas_close(result, p->norm, EPSILON);
    outcome->millions = 58e-6 * p->iterations * pow(8, p->top);
    snprintf(outcome->sizes, sizeof(outcome->sizes), "points=%d^3 iterations=%d", 1 << p->top,
             p->iterations);
}

static const char *refusal(enum nas_class class, int ranks)
{
    (void) class;
    return nas_is_power_of_two(ranks) && ranks <= 1024 ? NULL : "MG takes 1, 2, 4, 8, ... 1024";
}

int main(int argc, char **argv)
{
    return nas_main(argc, argv,
                    &(struct nas_kernel){ "mg",
                                          "NAS MG: multigrid on a cube, planes to and from "
                                          "six neighbours on all levels",
                                          refusal, run });
}
