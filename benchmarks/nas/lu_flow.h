/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The equations of LU: those of a compressible viscous fluid, with a term added that makes a
 * polynomial their solution. Five quantities a point: density, momentum by x, y, z, energy.
 */
#ifndef LU_FLOW_H_INCLUDED
#define LU_FLOW_H_INCLUDED

#define LU_PARTS 5
#define LU_POINTS 64 /* the most in one dimension */
#define LU_GHOSTS 2  /* points that the operator wants on either side */

struct lu_axis {
    int momentum;     /* that along it: its place among the quantities */
    int points;       /* of the whole grid */
    double first;     /* 1 / 2h: weight of a first difference */
    double second;    /* 1 / h^2 */
    double diffusion; /* of all quantities */
};

struct lu_axis lu_axis_make(int dimension, int points);

/* The solution; x, y, z from 0 to 1. */
void lu_exact(double x, double y, double z, double *u);

/* Pressure, but for a constant factor. */
double lu_pressure(const double *u);

/* Adds to sum what the terms along an axis make of count points of a line, of which the first has
 * this index in the whole grid. Ends of the whole line are passed over. The line has ghosts on
 * either side, where the grid has points. */
void lu_terms(const struct lu_axis *axis, const double (*line)[LU_PARTS], int first, int count,
              double (*sum)[LU_PARTS]);

/* Adds to sum: factor times the derivative, by the point on one side, of what lu_terms() makes
 * without its fourth difference, times v. u is that of the side's point; side is -1 or 1. */
void lu_derivative(const struct lu_axis *axis, const double *u, const double *v, int side,
                   double factor, double *sum);

/* Divides v by the matrix on the diagonal: 1, less dt times the derivative by the point itself. */
void lu_divide(const struct lu_axis axes[3], double dt, const double *u, double *v);

#endif
