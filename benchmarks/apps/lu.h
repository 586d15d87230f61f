/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A system of n equations A x = b over a grid of ranks, in blocks dealt out cyclically.
 *
 * The matrix [A b] of n rows and n + 1 columns is cut into square blocks; block (i, j) belongs to
 * the rank in row i mod rows and column j mod columns of the grid. A rank keeps its blocks as one
 * matrix by columns. "Local" are the indices in that, "global" those in [A b].
 */
#ifndef LU_H_INCLUDED
#define LU_H_INCLUDED

#include <mpi.h>
#include <stddef.h>

/* How the rows, or the columns, of the matrix are dealt out. */
struct axis {
    MPI_Comm comm; /* the ranks of a column, or of a row, of the grid: each has another part */
    int ranks, mine, block;
    int local; /* places on the axis that this rank has */
};

struct lu {
    int n, block;
    struct axis rows, columns;
    double *matrix;         /* local rows x local columns */
    double *panel;          /* local rows x block: the columns that are being eliminated */
    double *upper;          /* block x local columns: their rows */
    double *line, *partner; /* a row, or column, of any of these */
    int *pivot;             /* block: global rows with which those of the panel change places */
    double *x;              /* local columns: the solution, in the end */
    double *rest;           /* local rows: this rank's part of y less U times the x known */
};

int axis_owner(const struct axis *axis, int global);

/* How many places this rank has below a global one: of its own places the local index. */
int axis_below(const struct axis *axis, int global);
int axis_global(const struct axis *axis, int local);

/* The element at local indices. */
double *lu_at(const struct lu *lu, int row, int column);

/* [A b] becomes [U y] with the factors of L below: Gaussian elimination with partial pivoting. */
void lu_factor(struct lu *lu);

/* The solution from [U y]: each rank gets the numbers of its columns. */
void lu_solve(struct lu *lu);

#endif
