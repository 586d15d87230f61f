/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A dense system of linear equations by LU decomposition with partial pivoting, in blocks over a
 * grid of ranks: broadcasts of panels along its rows and columns, the pattern of HPL. The work on
 * blocks is that of the system's BLAS, with one thread.
 *
 * Checked as HPL does: the residual, scaled by the rounding error that is to be expected, is below
 * 16. The matrix is made anew for that.
 */
#include <mpi.h>
#include "app.h"
#include "lu.h"
#include "random.h"
#include <cblas.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define RESIDUAL_LIMIT 16.0
#define EPSILON 0x1p-53

enum {
    OPTION_N,
    OPTION_BLOCK,
    OPTION_ROWS,
    OPTIONS
};

static struct app_option options[OPTIONS] = {
    { "n", "equations", NULL, 1, 200000, 2000, 128 },
    { "block", "rows and columns of a block", NULL, 1, 1024, 64, 16 },
    { "rows", "of the grid of ranks; 0: nearly square", NULL, 0, 100000, 0, 0 },
};

static struct lu lu;

/* A BLAS with threads would count as many cores for each rank as there are. */
static void use_one_thread(void)
{
    void (*set)(int) = (void (*)(int)) dlsym(RTLD_DEFAULT, "openblas_set_num_threads");

    if (set != NULL) {
        set(1);
    }
}

static double element(int row, int column)
{
    return random_unit(0, (uint64_t) column * (uint64_t) lu.n + (uint64_t) row) - 0.5;
}

static void make_matrix(void)
{
    for (int j = 0; j < lu.columns.local; j++) {
        int column = axis_global(&lu.columns, j);

        for (int i = 0; i < lu.rows.local; i++) {
            *lu_at(&lu, i, j) = element(axis_global(&lu.rows, i), column);
        }
    }
}

/* ---- check ------------------------------------------------------------------------------------ */

/* Largest absolute value; what is no number counts as infinite. */
static double largest(const double *values, int count)
{
    double most = 0;

    for (int i = 0; i < count; i++) {
        most = isnan(values[i]) ? INFINITY : fmax(most, fabs(values[i]));
    }
    return most;
}

/* Of this rank's part of A: sums of its rows' absolute values, and its part of b - A x. */
static void add_columns(double *sums, double *residual, double *largest_b)
{
    for (int j = 0; j < lu.columns.local; j++) {
        const double *column = lu_at(&lu, 0, j);

        if (axis_global(&lu.columns, j) == lu.n) {
            *largest_b = largest(column, lu.rows.local);
            cblas_daxpy(lu.rows.local, 1, column, 1, residual, 1);
            continue;
        }
        cblas_daxpy(lu.rows.local, -lu.x[j], column, 1, residual, 1);
        for (int i = 0; i < lu.rows.local; i++) {
            sums[i] += fabs(column[i]);
        }
    }
}

/* Infinite if the error to be expected is: every residual would be small beside that. */
static double scaled_residual(void)
{
    size_t rows = (size_t) lu.rows.local;
    double *part = app_allocate(2 * rows, sizeof(double));
    double *whole = app_allocate(2 * rows, sizeof(double));
    double most[4] = { 0 }, all[4] = { 0 }; /* of b, x, residual, A: their norms */
    double expected;

    make_matrix();
    add_columns(part, part + rows, &most[0]);
    MPI_Reduce(part, whole, 2 * lu.rows.local, MPI_DOUBLE, MPI_SUM, 0, lu.columns.comm);
    most[1] = largest(lu.x, axis_below(&lu.columns, lu.n));
    most[2] = largest(whole + rows, lu.rows.local);
    most[3] = largest(whole, lu.rows.local);
    MPI_Allreduce(most, all, 4, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    free(part);
    free(whole);
    expected = EPSILON * (all[3] * all[1] + all[0]) * lu.n;
    return isfinite(expected) ? all[2] / expected : INFINITY;
}

/* ---- course ----------------------------------------------------------------------------------- */

/* length places, among the ranks that have color in common. */
static void make_axis(struct axis *axis, int length, int color, int key)
{
    MPI_Comm_split(MPI_COMM_WORLD, color, key, &axis->comm);
    MPI_Comm_size(axis->comm, &axis->ranks);
    MPI_Comm_rank(axis->comm, &axis->mine);
    axis->block = lu.block;
    axis->local = axis_below(axis, length);
}

/* Rows of the grid, of which there are no more than columns unless asked for. */
static int grid_rows(int ranks)
{
    int rows = (int) options[OPTION_ROWS].value, dims[2] = { 0, 0 };

    if (rows > 0 && ranks % rows != 0) {
        app_option_refuse("--rows: %d: does not divide the %d ranks", rows, ranks);
    }
    if (rows == 0) {
        MPI_Dims_create(ranks, 2, dims);
        rows = dims[1];
    }
    return rows;
}

static void create(int columns, int rank)
{
    size_t local_rows, local_columns, most;

    make_axis(&lu.rows, lu.n, rank % columns, rank / columns);
    make_axis(&lu.columns, lu.n + 1, rank / columns, rank % columns);
    local_rows = (size_t) lu.rows.local;
    local_columns = (size_t) lu.columns.local;
    most = local_columns + (size_t) lu.block;
    lu.matrix = app_allocate(local_rows * local_columns, sizeof(double));
    lu.panel = app_allocate(local_rows * (size_t) lu.block, sizeof(double));
    lu.upper = app_allocate(local_columns * (size_t) lu.block, sizeof(double));
    lu.line = app_allocate(most, sizeof(double));
    lu.partner = app_allocate(most, sizeof(double));
    lu.pivot = app_allocate((size_t) lu.block, sizeof(int));
    lu.x = app_allocate(local_columns, sizeof(double));
    lu.rest = app_allocate(local_rows, sizeof(double));
}

static void destroy(void)
{
    free(lu.matrix);
    free(lu.panel);
    free(lu.upper);
    free(lu.line);
    free(lu.partner);
    free(lu.pivot);
    free(lu.x);
    free(lu.rest);
    MPI_Comm_free(&lu.rows.comm);
    MPI_Comm_free(&lu.columns.comm);
}

static void run(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
    app_start();
    lu_factor(&lu);
    lu_solve(&lu);
    app_stop();
}

static void report(double residual)
{
    char parameters[100];
    double n = lu.n;

    snprintf(parameters, sizeof(parameters), "n=%d block=%d rows=%d columns=%d", lu.n, lu.block,
             lu.rows.ranks, lu.columns.ranks);
    if (lu.rows.mine == 0 && lu.columns.mine == 0) {
        printf("# scaled residual %.3g, limit %g\n", residual, RESIDUAL_LIMIT);
    }
    app_report(MPI_COMM_WORLD, "lu", parameters, residual < RESIDUAL_LIMIT,
               1e-9 * (2 * n * n * n / 3 + 3 * n * n / 2) / app_seconds(), "GFLOP/s");
}

int main(int argc, char **argv)
{
    int rank, ranks;

    MPI_Init(&argc, &argv);
    app_option_read("lu", "Dense linear equations by LU decomposition in blocks", options, OPTIONS,
                    argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    lu.n = (int) options[OPTION_N].value;
    lu.block = (int) options[OPTION_BLOCK].value;
    use_one_thread();
    create(ranks / grid_rows(ranks), rank);
    make_matrix();
    run();
    report(scaled_residual());
    destroy();
    MPI_Finalize();
    return 0;
}
