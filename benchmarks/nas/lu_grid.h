/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The grid of LU: a cube of points, shared by ranks in x and y; a rank has all z of its part.
 *
 * A field has LU_PARTS numbers a point, and ghosts in x and y; own points are counted from 0.
 */
#ifndef LU_GRID_H_INCLUDED
#define LU_GRID_H_INCLUDED

#include <mpi.h>
#include <stddef.h>

enum lu_side {
    LU_LOWER,
    LU_UPPER
};

struct lu_grid {
    MPI_Comm comm;
    int rank;
    int points;          /* of the cube, in each dimension */
    int first[3];        /* own points: the index of the first in the cube, by x, y, z */
    int count[3];        /* and how many */
    int low[3], high[3]; /* those that are not on the cube's boundary, counted from 0 */
    int neighbour[2][2]; /* by x, y and side; MPI_PROC_NULL beyond the boundary */
    double *out, *in;    /* for one message */
};

/* For a power of two of ranks, with at least LU_GHOSTS points for each. */
void lu_grid_make(struct lu_grid *grid, MPI_Comm comm, int points);
void lu_grid_free(struct lu_grid *grid);

double *lu_field_make(const struct lu_grid *grid);
size_t lu_field_size(const struct lu_grid *grid); /* numbers, with those of ghosts */

/* The first number of a point. */
size_t lu_field_at(const struct lu_grid *grid, int x, int y, int z);

/* Fills the ghosts in x and y, but for those at corners. */
void lu_exchange(const struct lu_grid *grid, double *field);

/* The wave that passes over the ranks, plane of z by plane: the nearest ghosts of one side from the
 * neighbours, and the edges of the other side to those. */
void lu_wave_receive(const struct lu_grid *grid, double *field, int z, enum lu_side from);
void lu_wave_send(const struct lu_grid *grid, double *field, int z, enum lu_side to);

#endif
