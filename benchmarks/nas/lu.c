/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * LU: the flow of a fluid towards its steady state, by symmetric successive over-relaxation.
 *
 * Each step goes through the points twice, in rising and in falling order of x, y and z, and wants
 * the new values of the neighbours it comes from. So both are waves over the ranks: each rank gets
 * the edges of a plane from two neighbours, does the plane, hands its own edges on.
 */
#include <mpi.h>
#include "app.h"
#include "lu_flow.h"
#include "lu_grid.h"
#include "nas.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELAXATION 1.2
#define EPSILON 1e-8

struct result {
    double residual[LU_PARTS], error[LU_PARTS]; /* root mean squares */
    double integral;                            /* of the pressure, over the faces of a box */
};

static const struct problem {
    int points, steps;
    double dt;
    struct result result;
} problems[NAS_CLASSES] = {
    [NAS_S] = { 12,
                50,
                0.5,
                { { 1.6196343210976702e-02, 2.1976745164821318e-03, 1.5179927653399185e-03,
                    1.5029584435994323e-03, 3.4264073155896461e-02 },
                  { 6.4223319957960924e-04, 8.4144342047347926e-05, 5.8588269616485186e-05,
                    5.8474222595157350e-05, 1.3103347914111294e-03 },
                  7.8418928865937083 } },
    [NAS_W] = { 33,
                300,
                1.5e-3,
                { { 0.1236511638192e+02, 0.1317228477799e+01, 0.2550120713095e+01,
                    0.2326187750252e+01, 0.2826799444189e+02 },
                  { 0.4867877144216e+00, 0.5064652880982e-01, 0.9281818101960e-01,
                    0.8570126542733e-01, 0.1084277417792e+01 },
                  0.1161399311023e+02 } },
    [NAS_A] = { 64,
                250,
                2.0,
                { { 7.7902107606689367e+02, 6.3402765259692870e+01, 1.9499249727292479e+02,
                    1.7845301160418537e+02, 1.8384760349464247e+03 },
                  { 2.9964085685471943e+01, 2.8194576365003349e+00, 7.3473412698774742e+00,
                    6.7139225687777051e+00, 7.0715315688392578e+01 },
                  2.6030925604886277e+01 } },
};

struct solver {
    const struct problem *problem;
    struct lu_grid grid;
    struct lu_axis axis[3];
    double *u;        /* the flow */
    double *residual; /* then the change in a step; 0 on the boundary */
    double *forcing;  /* what makes the polynomial a solution */
};

/* ---- the operator ------------------------------------------------------------------------------ */

/* Adds the terms along y or z of one line, which begins at these own points. */
static void add_line(const struct solver *s, int dimension, int x, int y, int z, double *sum)
{
    double line[LU_POINTS + 2 * LU_GHOSTS][LU_PARTS], terms[LU_POINTS][LU_PARTS] = { { 0 } };
    const struct lu_grid *g = &s->grid;
    const int ghosts = dimension < 2 ? LU_GHOSTS : 0, count = g->count[dimension];
    const size_t start = lu_field_at(g, x, y, z);
    const size_t step = lu_field_at(g, x, y + (dimension == 1), z + (dimension == 2)) - start;
    const double *from = s->u + start - (size_t) ghosts * step;

    for (int i = -ghosts; i < count + ghosts; i++) {
        memcpy(line[i + LU_GHOSTS], from, sizeof(line[0]));
        from += step;
    }
    lu_terms(&s->axis[dimension], (const double(*)[LU_PARTS]) line + LU_GHOSTS, g->first[dimension],
             count, terms);
    for (int i = g->low[dimension]; i <= g->high[dimension]; i++) {
        for (int part = 0; part < LU_PARTS; part++) {
            sum[start + (size_t) i * step + (size_t) part] += terms[i][part];
        }
    }
}

/* Adds all terms that u makes, inside the boundary. Ghosts of u are filled. */
static void add_terms(const struct solver *s, double *sum)
{
    const struct lu_grid *g = &s->grid;

    for (int z = g->low[2]; z <= g->high[2]; z++) {
        for (int y = g->low[1]; y <= g->high[1]; y++) {
            const size_t at = lu_field_at(g, 0, y, z);
            lu_terms(&s->axis[0], (const double(*)[LU_PARTS])(s->u + at), g->first[0], g->count[0],
                     (double(*)[LU_PARTS])(sum + at));
        }
        for (int x = g->low[0]; x <= g->high[0]; x++) {
            add_line(s, 1, x, 0, z, sum);
        }
    }
    for (int y = g->low[1]; y <= g->high[1]; y++) {
        for (int x = g->low[0]; x <= g->high[0]; x++) {
            add_line(s, 2, x, y, 0, sum);
        }
    }
}

static void find_residual(const struct solver *s)
{
    const size_t size = lu_field_size(&s->grid);

    lu_exchange(&s->grid, s->u);
    for (size_t i = 0; i < size; i++) {
        s->residual[i] = -s->forcing[i];
    }
    add_terms(s, s->residual);
}

/* ---- relaxation -------------------------------------------------------------------------------- */

/* Adds to change what comes from the three neighbours on one side. */
static void add_neighbours(const struct solver *s, int x, int y, int z, enum lu_side side,
                           double *change)
{
    const int step = side == LU_LOWER ? -1 : 1;
    const size_t at[3] = { lu_field_at(&s->grid, x + step, y, z),
                           lu_field_at(&s->grid, x, y + step, z),
                           lu_field_at(&s->grid, x, y, z + step) };

    for (int d = 0; d < 3; d++) {
        lu_derivative(&s->axis[d], s->u + at[d], s->residual + at[d], step,
                      RELAXATION * s->problem->dt, change);
    }
}

static void rise(const struct solver *s, int z)
{
    const struct lu_grid *g = &s->grid;

    lu_wave_receive(g, s->residual, z, LU_LOWER);
    for (int y = g->low[1]; y <= g->high[1]; y++) {
        for (int x = g->low[0]; x <= g->high[0]; x++) {
            const size_t at = lu_field_at(g, x, y, z);
            add_neighbours(s, x, y, z, LU_LOWER, s->residual + at);
            lu_divide(s->axis, s->problem->dt, s->u + at, s->residual + at);
        }
    }
    lu_wave_send(g, s->residual, z, LU_UPPER);
}

static void fall(const struct solver *s, int z)
{
    const struct lu_grid *g = &s->grid;

    lu_wave_receive(g, s->residual, z, LU_UPPER);
    for (int y = g->high[1]; y >= g->low[1]; y--) {
        for (int x = g->high[0]; x >= g->low[0]; x--) {
            const size_t at = lu_field_at(g, x, y, z);
            double change[LU_PARTS] = { 0 };
            add_neighbours(s, x, y, z, LU_UPPER, change);
            lu_divide(s->axis, s->problem->dt, s->u + at, change);
            for (int part = 0; part < LU_PARTS; part++) {
                s->residual[at + (size_t) part] += change[part];
            }
        }
    }
    lu_wave_send(g, s->residual, z, LU_LOWER);
}

static void step(const struct solver *s)
{
    const struct lu_grid *g = &s->grid;
    const size_t size = lu_field_size(g);

    for (size_t i = 0; i < size; i++) {
        s->residual[i] *= s->problem->dt;
    }
    for (int z = g->low[2]; z <= g->high[2]; z++) {
        rise(s, z);
    }
    for (int z = g->high[2]; z >= g->low[2]; z--) {
        fall(s, z);
    }
    for (size_t i = 0; i < size; i++) {
        s->u[i] += s->residual[i] / (RELAXATION * (2 - RELAXATION));
    }
    find_residual(s);
}

/* ---- values ------------------------------------------------------------------------------------ */

/* The solution at a point; indices are those of the whole grid. */
static void exact(const struct solver *s, const int at[3], double *u)
{
    const double steps = s->grid.points - 1;

    lu_exact(at[0] / steps, at[1] / steps, at[2] / steps, u);
}

static bool on_boundary(const struct solver *s, const int at[3])
{
    bool on = false;

    for (int d = 0; d < 3; d++) {
        on = on || at[d] == 0 || at[d] == s->grid.points - 1;
    }
    return on;
}

/* Between the solution on the boundary: along each axis it is the mean of both ends, by their
 * distance; the three means are blended. */
static void blend(const struct solver *s, const int at[3], double *u)
{
    double mean[3][LU_PARTS], low[LU_PARTS], high[LU_PARTS];

    for (int d = 0; d < 3; d++) {
        const double share = (double) at[d] / (s->grid.points - 1);
        int end[3] = { at[0], at[1], at[2] };
        end[d] = 0;
        exact(s, end, low);
        end[d] = s->grid.points - 1;
        exact(s, end, high);
        for (int part = 0; part < LU_PARTS; part++) {
            mean[d][part] = (1 - share) * low[part] + share * high[part];
        }
    }
    for (int part = 0; part < LU_PARTS; part++) {
        const double x = mean[0][part], y = mean[1][part], z = mean[2][part];
        u[part] = x + y + z - x * y - y * z - z * x + x * y * z;
    }
}

/* Calls for each own point: its indices in the whole grid, and its numbers in u. */
static void for_points(struct solver *s,
                       void (*call)(struct solver *, const int *, double *, void *), void *context)
{
    const struct lu_grid *g = &s->grid;

    for (int z = 0; z < g->count[2]; z++) {
        for (int y = 0; y < g->count[1]; y++) {
            for (int x = 0; x < g->count[0]; x++) {
                const int at[3] = { g->first[0] + x, g->first[1] + y, z };
                call(s, at, s->u + lu_field_at(g, x, y, z), context);
            }
        }
    }
}

static void set_exact(struct solver *s, const int *at, double *u, void *context)
{
    (void) context;
    exact(s, at, u);
}

static void set_start(struct solver *s, const int *at, double *u, void *context)
{
    (void) context;
    if (on_boundary(s, at)) {
        exact(s, at, u);
    } else {
        blend(s, at, u);
    }
}

/* ---- results ----------------------------------------------------------------------------------- */

static void root_mean(const struct solver *s, const double *squares, double *root)
{
    const double inside = s->grid.points - 2;

    MPI_Allreduce(squares, root, LU_PARTS, MPI_DOUBLE, MPI_SUM, s->grid.comm);
    for (int part = 0; part < LU_PARTS; part++) {
        root[part] = sqrt(root[part] / (inside * inside * inside));
    }
}

static void find_size(const struct solver *s, double *size)
{
    double squares[LU_PARTS] = { 0 };

    for (int z = 0; z < s->grid.count[2]; z++) {
        for (int y = 0; y < s->grid.count[1]; y++) {
            const double *row = s->residual + lu_field_at(&s->grid, 0, y, z);
            for (int i = 0; i < s->grid.count[0] * LU_PARTS; i++) {
                squares[i % LU_PARTS] += row[i] * row[i];
            }
        }
    }
    root_mean(s, squares, size);
}

static void add_error(struct solver *s, const int *at, double *u, void *squares)
{
    double right[LU_PARTS], *sum = squares;

    if (!on_boundary(s, at)) {
        exact(s, at, right);
        for (int part = 0; part < LU_PARTS; part++) {
            sum[part] += (right[part] - u[part]) * (right[part] - u[part]);
        }
    }
}

/* By the trapezoidal rule, over the faces of a box that is not quite a cube: points on its edges
 * count half, those at its corners a quarter, for each face. */
static void add_pressure(struct solver *s, const int *at, double *u, void *integral)
{
    const int low[3] = { 1, 1, 2 },
              high[3] = { s->grid.points - 2, s->grid.points - 3, s->grid.points - 2 };
    const double area = 1.0 / (s->grid.points - 1) / (s->grid.points - 1);
    double weight[3], *sum = integral;

    for (int d = 0; d < 3; d++) {
        if (at[d] < low[d] || at[d] > high[d]) {
            return;
        }
        weight[d] = at[d] == low[d] || at[d] == high[d] ? 0.5 : 1;
    }
    for (int d = 0; d < 3; d++) {
        if (weight[d] < 1) {
            *sum += weight[(d + 1) % 3] * weight[(d + 2) % 3] * area * lu_pressure(u);
        }
    }
}

static void find_error(struct solver *s, struct result *result)
{
    double squares[LU_PARTS] = { 0 }, integral = 0;

    for_points(s, add_error, squares);
    root_mean(s, squares, result->error);
    for_points(s, add_pressure, &integral);
    MPI_Allreduce(&integral, &result->integral, 1, MPI_DOUBLE, MPI_SUM, s->grid.comm);
}

static bool right(const struct result *result, const struct result *expected)
{
    bool good = nas_close(result->integral, expected->integral, EPSILON);

    for (int part = 0; part < LU_PARTS; part++) {
        good = good && nas_close(result->residual[part], expected->residual[part], EPSILON) &&
               nas_close(result->error[part], expected->error[part], EPSILON);
    }
    return good;
}

/* ---- program ----------------------------------------------------------------------------------- */

static void set_up(struct solver *s, const struct problem *p, MPI_Comm comm)
{
    s->problem = p;
    lu_grid_make(&s->grid, comm, p->points);
    for (int d = 0; d < 3; d++) {
        s->axis[d] = lu_axis_make(d, p->points);
    }
    s->u = lu_field_make(&s->grid);
    s->residual = lu_field_make(&s->grid);
    s->forcing = lu_field_make(&s->grid);
    for_points(s, set_exact, NULL);
    lu_exchange(&s->grid, s->u);
    add_terms(s, s->forcing);
}

static void solve(struct solver *s, int steps, struct result *result)
{
    for (int i = 0; i < steps; i++) {
        step(s);
    }
    find_size(s, result->residual);
}

static void start(struct solver *s)
{
    for_points(s, set_start, NULL);
    find_residual(s);
}

static double millions(const struct problem *p)
{
    const double n = p->points;

    return 1e-6 * p->steps * (1984.77 * n * n * n - 10923.3 * n * n + 27770.9 * n - 144010.0);
}

static void run(enum nas_class class, MPI_Comm comm, struct nas_outcome *outcome)
{
    const struct problem *p = &problems[class];
    struct solver s;
    struct result result;

    set_up(&s, p, comm);
    start(&s);
    solve(&s, 1, &result); /* touches everything once, not timed */
    start(&s);
    MPI_Barrier(comm);
    app_start();
    solve(&s, p->steps, &result);
    app_stop();
    find_error(&s, &result);
    if (s.grid.rank == 0) {
        printf("# residual of density %.13e, error %.13e, integral %.13e\n", result.residual[0],
               result.error[0], result.integral);
    }
    outcome->verified = right(&result, &p->result);
    outcome->millions = millions(p);
    snprintf(outcome->sizes, sizeof(outcome->sizes), "points=%d^3 steps=%d", p->points, p->steps);
    free(s.u);
    free(s.residual);
    free(s.forcing);
    lu_grid_free(&s.grid);
}

static const char *refusal(enum nas_class class, int ranks)
{
    static const struct {
        int ranks;
        const char *remedy;
    } most[NAS_CLASSES] = { { 16, "LU takes 1, 2, 4, 8, 16" },
                            { 256, "LU takes 1, 2, 4, 8, ... 256" },
                            { 1024, "LU takes 1, 2, 4, 8, ... 1024" } };

    return nas_is_power_of_two(ranks) && ranks <= most[class].ranks ? NULL : most[class].remedy;
}

int main(int argc, char **argv)
{
    return nas_main(argc, argv,
                    &(struct nas_kernel){ "lu",
                                          "NAS LU: relaxation in waves over the ranks, many "
                                          "short messages to neighbours",
                                          refusal, run });
}
