/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The grids of MG: a periodic cube of points for each level, shared by ranks in three dimensions.
 *
 * A level has twice as many points in each dimension as the one below it; point j of that lies at
 * point 2j + 1. Where a level has fewer points than there are ranks, those ranks take part that own
 * one. Each field has its own points from 1 to size, and ghosts at 0 and size + 1.
 */
#ifndef MG_GRID_H_INCLUDED
#define MG_GRID_H_INCLUDED

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#define MG_LEVELS 9 /* up to 256 points; level 0 is not used */

struct mg_level {
    int points;          /* of the whole level, in each dimension */
    int size[3];         /* own points by x, y, z; 1 also where the rank has none */
    bool sparse[3];      /* fewer points than ranks */
    bool owns[3];        /* the rank has points in this dimension */
    bool active;         /* in all of them */
    int neighbour[3][2]; /* the ranks below and above of those that own points */
    double *u, *r;       /* solution or correction, and residual */
};

struct mg_grid {
    MPI_Comm comm;
    int rank;
    int ranks[3], place[3]; /* by x, y, z */
    int top;                /* the finest level */
    struct mg_level level[MG_LEVELS];
    double *v;        /* right-hand side, of the finest level */
    double *out, *in; /* for one plane */
};

/* For a power of two of ranks, at most points in each dimension. */
void mg_grid_make(struct mg_grid *grid, MPI_Comm comm, int top);
void mg_grid_free(struct mg_grid *grid);

size_t mg_level_at(const struct mg_level *level, int x, int y, int z);
size_t mg_level_count(const struct mg_level *level); /* of points and ghosts */

/* Fills the ghosts from the neighbours, on the active ranks. */
void mg_exchange(const struct mg_grid *grid, const struct mg_level *level, double *field);

/* From the ranks that are active on the level below to all that are on this one, so that each has
 * what it interpolates between, in that level's u: if it owns a point of the level below, this at
 * 1; if not, its lower and upper neighbours' at 0 and 1. Nothing to do where no dimension is
 * sparse. */
void mg_spread(const struct mg_grid *grid, int level);

#endif
