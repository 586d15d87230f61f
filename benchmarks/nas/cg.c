/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * CG: the largest eigenvalue of a sparse matrix, by inverse iteration with a shift above it; each
 * system is solved by 25 steps of conjugate gradients.
 *
 * Ranks are a grid, each with a block of the matrix. Vectors are split by columns: all ranks of a
 * grid column hold the same part. A product gives parts of rows; the ranks of a grid row sum them
 * up in pairs, then partners swap so that each has the part of its column again.
 */
#include <mpi.h>
#include "app.h"
#include "cg_matrix.h"
#include "nas.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS 25
#define CONDITION 0.1 /* added to the diagonal, less the shift */
#define EPSILON 1e-10

enum {
    TAG_SUM,
    TAG_SWAP
};

static const struct problem {
    int n, nonzeros, iterations;
    double shift, zeta;
} problems[NAS_CLASSES] = {
    [NAS_S] = { 1400, 7, 15, 10, 8.5971775078648 },
    [NAS_W] = { 7000, 8, 15, 12, 10.362595087124 },
    [NAS_A] = { 14000, 11, 15, 20, 17.130235054029 },
};

/* Columns of ranks are as many as rows, or twice as many. */
struct grid {
    MPI_Comm comm;
    int rows, columns, row, column;
    int count;     /* of a vector's part on this rank */
    int row_count; /* of a sum's part: the same, or two parts */
    int partner;   /* the rank that has our part of a sum */
    int offset;    /* of the partner's part in our sum */
    int partner_count;
};

struct vectors {
    double *x, *z, *p, *q, *r; /* the part of our column */
    double *sum, *other;       /* the part of our row, and of another rank's sum */
};

struct solver {
    struct grid grid;
    struct cg_matrix matrix;
    struct vectors v;
};

/* ---- communication ----------------------------------------------------------------------------- */

/* Sums up over the ranks of a grid row, in place: in each round pairs exchange what they have. */
static void sum_row(const struct grid *g, double *values, double *other, int count)
{
    for (int bit = 1; bit < g->columns; bit *= 2) {
        int partner = g->row * g->columns + (g->column ^ bit);
        MPI_Request request;

        MPI_Irecv(other, count, MPI_DOUBLE, partner, TAG_SUM, g->comm, &request);
        MPI_Send(values, count, MPI_DOUBLE, partner, TAG_SUM, g->comm);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        for (int i = 0; i < count; i++) {
            values[i] += other[i];
        }
    }
}

static double dot(const struct grid *g, const double *a, const double *b)
{
    double sum = 0, other;

    for (int i = 0; i < g->count; i++) {
        sum += a[i] * b[i];
    }
    sum_row(g, &sum, &other, 1);
    return sum;
}

/* y = A x */
static void times(struct solver *s, const double *x, double *y)
{
    const struct grid *g = &s->grid;
    double *sum = s->v.sum;

    cg_matrix_times(&s->matrix, x, sum);
    sum_row(g, sum, s->v.other, g->row_count);
    MPI_Sendrecv(sum + g->offset, g->partner_count, MPI_DOUBLE, g->partner, TAG_SWAP, y, g->count,
                 MPI_DOUBLE, g->partner, TAG_SWAP, g->comm, MPI_STATUS_IGNORE);
}

/* ---- iterations -------------------------------------------------------------------------------- */

/* z is about A^-1 x, by conjugate gradients; returns the norm of x - A z. */
static double solve(struct solver *s)
{
    const struct vectors *v = &s->v;
    const int count = s->grid.count;
    double rho;

    for (int i = 0; i < count; i++) {
        v->z[i] = 0;
        v->p[i] = v->r[i] = v->x[i];
    }
    rho = dot(&s->grid, v->r, v->r);
    for (int step = 0; step < STEPS; step++) {
        double alpha, before = rho;
        times(s, v->p, v->q);
        alpha = rho / dot(&s->grid, v->p, v->q);
        for (int i = 0; i < count; i++) {
            v->z[i] += alpha * v->p[i];
            v->r[i] -= alpha * v->q[i];
        }
        rho = dot(&s->grid, v->r, v->r);
        for (int i = 0; i < count; i++) {
            v->p[i] = v->r[i] + rho / before * v->p[i];
        }
    }
    times(s, v->z, v->r);
    for (int i = 0; i < count; i++) {
        v->r[i] = v->x[i] - v->r[i];
    }
    return sqrt(dot(&s->grid, v->r, v->r));
}

/* Solves for z, and x becomes z with length 1; returns the estimate of the eigenvalue. */
static double iterate(struct solver *s, double shift, double *residual)
{
    const struct vectors *v = &s->v;
    double product, length;

    *residual = solve(s);
    product = dot(&s->grid, v->x, v->z);
    length = sqrt(dot(&s->grid, v->z, v->z));
    for (int i = 0; i < s->grid.count; i++) {
        v->x[i] = v->z[i] / length;
    }
    return shift + 1 / product;
}

static void reset(struct solver *s)
{
    for (int i = 0; i < s->grid.count; i++) {
        s->v.x[i] = 1;
    }
}

/* ---- set-up ------------------------------------------------------------------------------------ */

static int part_size(int part, int parts, int n)
{
    return nas_first(part + 1, parts, n) - nas_first(part, parts, n);
}

static void place(struct grid *g, MPI_Comm comm, int n)
{
    int rank, ranks, ratio, theirs;

    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);
    g->comm = comm;
    g->rows = 1 << (nas_log2(ranks) / 2);
    g->columns = ranks / g->rows;
    g->row = rank / g->columns;
    g->column = rank % g->columns;
    ratio = g->columns / g->rows;
    theirs = ratio * g->row + g->column % ratio;
    g->partner = g->column / ratio * g->columns + theirs;
    g->count = part_size(g->column, g->columns, n);
    g->row_count = part_size(g->row, g->rows, n);
    g->partner_count = part_size(theirs, g->columns, n);
    g->offset = nas_first(theirs, g->columns, n) - nas_first(g->row, g->rows, n);
}

static void set_up(struct solver *s, const struct problem *problem, MPI_Comm comm)
{
    const struct cg_shape shape = { problem->n, problem->nonzeros, CONDITION - problem->shift };
    struct grid *g = &s->grid;
    double **parts[] = { &s->v.x, &s->v.z, &s->v.p, &s->v.q, &s->v.r };
    struct cg_block block;

    place(g, comm, problem->n);
    block = (struct cg_block){ nas_first(g->row, g->rows, problem->n),
                               nas_first(g->row + 1, g->rows, problem->n),
                               nas_first(g->column, g->columns, problem->n),
                               nas_first(g->column + 1, g->columns, problem->n) };
    cg_matrix_make(&s->matrix, &shape, &block);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        *parts[i] = app_allocate((size_t) g->count, sizeof(double));
    }
    s->v.sum = app_allocate((size_t) g->row_count, sizeof(double));
    s->v.other = app_allocate((size_t) g->row_count, sizeof(double));
}

static void tear_down(struct solver *s)
{
    double *parts[] = { s->v.x, s->v.z, s->v.p, s->v.q, s->v.r, s->v.sum, s->v.other };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        free(parts[i]);
    }
    cg_matrix_free(&s->matrix);
}

static double millions(const struct problem *p)
{
    const double products = p->nonzeros * (p->nonzeros + 1.0);

    return 2e-6 * p->iterations * p->n * (3 + products + STEPS * (5 + products) + 3);
}

static void run(enum nas_class class, MPI_Comm comm, struct nas_outcome *outcome)
{
    const struct problem *problem = &problems[class];
    struct solver solver;
    double zeta = 0, residual;

    set_up(&solver, problem, comm);
    reset(&solver);
    iterate(&solver, problem->shift, &residual); /* touches everything once, not timed */
    reset(&solver);
    MPI_Barrier(comm);
    app_start();
    for (int i = 0; i < problem->iterations; i++) {
        zeta = iterate(&solver, problem->shift, &residual);
    }
    app_stop();
    if (solver.grid.row == 0 && solver.grid.column == 0) {
        printf("# zeta %.13f, residual of the last system %.2e\n", zeta, residual);
    }
    tear_down(&solver);
    outcome->verified = nas_close(zeta, problem->zeta, EPSILON);
    outcome->millions = millions(problem);
    snprintf(outcome->sizes, sizeof(outcome->sizes), "n=%d nonzeros=%d iterations=%d", problem->n,
             problem->nonzeros, problem->iterations);
}

static const char *refusal(enum nas_class class, int ranks)
{
    (void) class;
    return nas_is_power_of_two(ranks) && ranks <= 1024 ? NULL : "CG takes 1, 2, 4, 8, ... 1024";
}

int main(int argc, char **argv)
{
    return nas_main(argc, argv,
                    &(struct nas_kernel){ "cg",
                                          "NAS CG: sparse conjugate gradients, row sums and "
                                          "transposes between ranks in a grid",
                                          refusal, run });
}
