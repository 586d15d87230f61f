/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A cube of n^3 complex numbers, cut into pencils over a grid of ranks.
 *
 * A rank holds whole lines along one axis, and of the two other axes the part of its column and
 * that of its row in the grid. A transform goes along the lines; a transposition among the ranks
 * of a column (x for y) or of a row (y for z) makes the next axis whole. In memory:
 *   PENCILS_X  [z of the row's part][y of the column's part][x]
 *   PENCILS_Y  [x of the column's part][z of the row's part][y]
 *   PENCILS_Z  [x of the column's part][y of the row's part][z]
 */
#ifndef FFT3D_PENCILS_H_INCLUDED
#define FFT3D_PENCILS_H_INCLUDED

#include <mpi.h>
#include <complex.h>
#include <stddef.h>

enum pencils_axis {
    PENCILS_X,
    PENCILS_Y,
    PENCILS_Z
};

/* Places of an axis: count of them from first on. */
struct part {
    int first, count;
};

/* The ranks among which an axis is cut, and their parts. */
struct cut {
    MPI_Comm comm;
    int ranks, mine;
    struct part *part;
};

struct pencils {
    int n;
    struct cut column, row;
    int lines;                       /* of this rank, along any axis */
    size_t elements;                 /* n * lines */
    double complex *data;            /* they */
    double complex *sent, *received; /* of a transposition */
    int *counts, *displs; /* of what goes to, and comes from, each rank of a column or row */
};

/* Cuts the cube over a grid of rows x columns ranks, all of MPI_COMM_WORLD; neither is over n. */
void pencils_create(struct pencils *p, int n, int rows, int columns);
void pencils_destroy(struct pencils *p);

/* The place in the cube, x, y, z, of element i of pencils along axis. */
void pencils_place(const struct pencils *p, enum pencils_axis axis, size_t i, int place[3]);

/* From pencils along an axis to those along a neighbouring one. */
void pencils_transpose(struct pencils *p, enum pencils_axis from, enum pencils_axis to);

#endif
