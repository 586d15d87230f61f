/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Elimination and back substitution (see lu.h): right-looking, a panel of block columns at a time.
 */
#include <mpi.h>
#include "lu.h"
#include "app.h"
#include <cblas.h>
#include <math.h>
#include <string.h>

/* ---- axes ------------------------------------------------------------------------------------- */

int axis_owner(const struct axis *axis, int global)
{
    return global / axis->block % axis->ranks;
}

int axis_below(const struct axis *axis, int global)
{
    int blocks = global / axis->block, turn = blocks % axis->ranks;
    int whole = blocks / axis->ranks + (turn > axis->mine);

    return whole * axis->block + (turn == axis->mine ? global % axis->block : 0);
}

int axis_global(const struct axis *axis, int local)
{
    return (local / axis->block * axis->ranks + axis->mine) * axis->block + local % axis->block;
}

static bool owns(const struct axis *axis, int global)
{
    return axis_owner(axis, global) == axis->mine;
}

/* Between columns of the matrix. */
static int stride(const struct lu *lu)
{
    return lu->rows.local > 0 ? lu->rows.local : 1;
}

double *lu_at(const struct lu *lu, int row, int column)
{
    return lu->matrix + (size_t) column * (size_t) stride(lu) + row;
}

/* ---- rows that change places ------------------------------------------------------------------ */

/* Our row, in count columns from a local one on, for that of another rank. */
static void swap_with(struct lu *lu, int column, int count, int row, int rank)
{
    double *ours = lu_at(lu, row, column);

    cblas_dcopy(count, ours, stride(lu), lu->line, 1);
    MPI_Sendrecv(lu->line, count, MPI_DOUBLE, rank, 0, lu->partner, count, MPI_DOUBLE, rank, 0,
                 lu->rows.comm, MPI_STATUS_IGNORE);
    cblas_dcopy(count, lu->partner, 1, ours, stride(lu));
}

/* Global rows a and b, in count columns from a local one on. */
static void swap_rows(struct lu *lu, int column, int count, int a, int b)
{
    int row_a = axis_below(&lu->rows, a), row_b = axis_below(&lu->rows, b);

    if (a == b || count == 0) {
        return;
    }
    if (owns(&lu->rows, a) && owns(&lu->rows, b)) {
        cblas_dswap(count, lu_at(lu, row_a, column), stride(lu), lu_at(lu, row_b, column),
                    stride(lu));
    } else if (owns(&lu->rows, a)) {
        swap_with(lu, column, count, row_a, axis_owner(&lu->rows, b));
    } else if (owns(&lu->rows, b)) {
        swap_with(lu, column, count, row_b, axis_owner(&lu->rows, a));
    }
}

/* ---- panel ------------------------------------------------------------------------------------ */

/* What is no number counts as infinite: in a comparison with it, ranks could differ. */
static double magnitude(double value)
{
    return isnan(value) ? INFINITY : fabs(value);
}

/* The row of the largest number in a column, of rows from first on; all global but column. */
static int find_pivot(struct lu *lu, int column, int first, int n)
{
    int below = axis_below(&lu->rows, first), count = lu->rows.local - below;
    struct {
        double value;
        int row;
    } ours = { -1, first }, best = { -1, first };

    if (count > 0) {
        int row = below + (int) cblas_idamax(count, lu_at(lu, below, column), 1);

        ours.value = magnitude(*lu_at(lu, row, column));
        ours.row = axis_global(&lu->rows, row);
    }
    MPI_Allreduce(&ours, &best, 1, MPI_DOUBLE_INT, MPI_MAXLOC, lu->rows.comm);
    if (best.row < first || best.row >= n) {
        app_fail("row %d was chosen as pivot of row %d: wrong data came", best.row, first);
    }
    return best.row;
}

/* In a rank that has the columns: subtracts row from all rows below it, in the panel's columns from
 * its own diagonal on. */
static void eliminate(struct lu *lu, int column, int count, int row)
{
    int below = axis_below(&lu->rows, row + 1), left = lu->rows.local - below;

    if (owns(&lu->rows, row)) {
        cblas_dcopy(count, lu_at(lu, axis_below(&lu->rows, row), column), stride(lu), lu->line, 1);
    }
    MPI_Bcast(lu->line, count, MPI_DOUBLE, axis_owner(&lu->rows, row), lu->rows.comm);
    if (left == 0) {
        return;
    }
    cblas_dscal(left, 1 / lu->line[0], lu_at(lu, below, column), 1);
    if (count > 1) {
        cblas_dger(CblasColMajor, left, count - 1, -1, lu_at(lu, below, column), 1, lu->line + 1, 1,
                   lu_at(lu, below, column + 1), stride(lu));
    }
}

/* Columns first to first + width, by the ranks that have them. */
static void factor_panel(struct lu *lu, int first, int width)
{
    int column = axis_below(&lu->columns, first);

    for (int i = 0; i < width; i++) {
        lu->pivot[i] = find_pivot(lu, column + i, first + i, lu->n);
        swap_rows(lu, column, width, first + i, lu->pivot[i]);
        eliminate(lu, column + i, width - i, first + i);
    }
}

/* The panel's rows from first on, and its pivots, to the other columns of the grid. */
static void spread_panel(struct lu *lu, int first, int width)
{
    int from = axis_below(&lu->rows, first), rows = lu->rows.local - from;
    int root = axis_owner(&lu->columns, first), column = axis_below(&lu->columns, first);

    if (root == lu->columns.mine && rows > 0) {
        for (int i = 0; i < width; i++) {
            memcpy(lu->panel + (size_t) i * (size_t) rows, lu_at(lu, from, column + i),
                   (size_t) rows * sizeof(double));
        }
    }
    MPI_Bcast(lu->pivot, width, MPI_INT, root, lu->columns.comm);
    MPI_Bcast(lu->panel, rows * width, MPI_DOUBLE, root, lu->columns.comm);
}

/* ---- the columns behind the panel ------------------------------------------------------------- */

static void swap_behind(struct lu *lu, int first, int width)
{
    int from = axis_below(&lu->columns, first + width);

    for (int i = 0; i < width; i++) {
        if (lu->pivot[i] < first + i || lu->pivot[i] >= lu->n) {
            app_fail("pivot %d of row %d came: wrong data", lu->pivot[i], first + i);
        }
        swap_rows(lu, from, lu->columns.local - from, first + i, lu->pivot[i]);
    }
}

/* Rows first to first + width of U, in the columns behind; the other rows of the grid get them. */
static void make_upper(struct lu *lu, int first, int width)
{
    int from = axis_below(&lu->columns, first + width), columns = lu->columns.local - from;
    int row = axis_below(&lu->rows, first);

    if (owns(&lu->rows, first) && columns > 0) {
        cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasUnit, width, columns,
                    1, lu->panel, lu->rows.local - row, lu_at(lu, row, from), stride(lu));
        for (int i = 0; i < columns; i++) {
            memcpy(lu->upper + (size_t) i * (size_t) width, lu_at(lu, row, from + i),
                   (size_t) width * sizeof(double));
        }
    }
    MPI_Bcast(lu->upper, columns * width, MPI_DOUBLE, axis_owner(&lu->rows, first), lu->rows.comm);
}

static void update(struct lu *lu, int first, int width)
{
    int panel = axis_below(&lu->rows, first), from = axis_below(&lu->columns, first + width);
    int row = axis_below(&lu->rows, first + width);

    if (row < lu->rows.local && from < lu->columns.local) {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, lu->rows.local - row,
                    lu->columns.local - from, width, -1, lu->panel + (row - panel),
                    lu->rows.local - panel, lu->upper, width, 1, lu_at(lu, row, from), stride(lu));
    }
}

static int width_at(const struct lu *lu, int first)
{
    return lu->n - first < lu->block ? lu->n - first : lu->block;
}

void lu_factor(struct lu *lu)
{
    for (int first = 0; first < lu->n; first += lu->block) {
        int width = width_at(lu, first);

        if (owns(&lu->columns, first)) {
            factor_panel(lu, first, width);
        }
        spread_panel(lu, first, width);
        swap_behind(lu, first, width);
        make_upper(lu, first, width);
        update(lu, first, width);
    }
}

/* ---- back substitution ------------------------------------------------------------------------ */

/* The unknowns first to first + width, when all behind them are known. The sums of the ranks'
 * parts come together at the block on the diagonal, whose rank tells its grid column. */
static void solve_block(struct lu *lu, int first, int width)
{
    int row = axis_below(&lu->rows, first), column = axis_below(&lu->columns, first);
    bool here = owns(&lu->columns, first);

    if (owns(&lu->rows, first)) {
        MPI_Reduce(lu->rest + row, lu->line, width, MPI_DOUBLE, MPI_SUM,
                   axis_owner(&lu->columns, first), lu->columns.comm);
        if (here) {
            cblas_dtrsv(CblasColMajor, CblasUpper, CblasNoTrans, CblasNonUnit, width,
                        lu_at(lu, row, column), stride(lu), lu->line, 1);
        }
    }
    if (!here) {
        return;
    }
    MPI_Bcast(lu->line, width, MPI_DOUBLE, axis_owner(&lu->rows, first), lu->rows.comm);
    memcpy(lu->x + column, lu->line, (size_t) width * sizeof(double));
    if (row > 0) {
        cblas_dgemv(CblasColMajor, CblasNoTrans, row, width, -1, lu_at(lu, 0, column), stride(lu),
                    lu->line, 1, 1, lu->rest, 1);
    }
}

void lu_solve(struct lu *lu)
{
    int last = (lu->n - 1) / lu->block * lu->block;

    memset(lu->rest, 0, (size_t) lu->rows.local * sizeof(double));
    if (owns(&lu->columns, lu->n)) {
        memcpy(lu->rest, lu_at(lu, 0, axis_below(&lu->columns, lu->n)),
               (size_t) lu->rows.local * sizeof(double));
    }
    for (int first = last; first >= 0; first -= lu->block) {
        solve_block(lu, first, width_at(lu, first));
    }
}
