/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The grid of LU (see lu_grid.h).
 */
#include <mpi.h>
#include "lu_grid.h"
#include "app.h"
#include "lu_flow.h"
#include "nas.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    TAG_GHOSTS,
    TAG_WAVE
};

/* Points of a field, from the lowest up to the highest. */
struct box {
    int low[3], high[3];
};

size_t lu_field_at(const struct lu_grid *g, int x, int y, int z)
{
    const size_t width = (size_t) g->count[0] + 2 * LU_GHOSTS,
                 height = (size_t) g->count[1] + 2 * LU_GHOSTS;

    return (((size_t) z * height + (size_t) (y + LU_GHOSTS)) * width + (size_t) (x + LU_GHOSTS)) *
           LU_PARTS;
}

size_t lu_field_size(const struct lu_grid *g)
{
    return lu_field_at(g, -LU_GHOSTS, -LU_GHOSTS, g->points);
}

double *lu_field_make(const struct lu_grid *g)
{
    return app_allocate(lu_field_size(g), sizeof(double));
}

static void split(struct lu_grid *g, int dimension, int place, int ranks)
{
    const int end = nas_first(place + 1, ranks, g->points);

    g->first[dimension] = nas_first(place, ranks, g->points);
    g->count[dimension] = end - g->first[dimension];
    g->low[dimension] = place > 0 ? 0 : 1;
    g->high[dimension] = g->count[dimension] - (place < ranks - 1 ? 1 : 2);
}

void lu_grid_make(struct lu_grid *g, MPI_Comm comm, int points)
{
    int ranks, columns, rows, x, y;
    size_t most;

    *g = (struct lu_grid){ .comm = comm, .points = points };
    MPI_Comm_rank(comm, &g->rank);
    MPI_Comm_size(comm, &ranks);
    columns = 1 << nas_log2(ranks) / 2;
    rows = ranks / columns;
    x = g->rank % columns;
    y = g->rank / columns;
    split(g, 0, x, columns);
    split(g, 1, y, rows);
    split(g, 2, 0, 1);
    g->neighbour[0][LU_LOWER] = x > 0 ? g->rank - 1 : MPI_PROC_NULL;
    g->neighbour[0][LU_UPPER] = x < columns - 1 ? g->rank + 1 : MPI_PROC_NULL;
    g->neighbour[1][LU_LOWER] = y > 0 ? g->rank - columns : MPI_PROC_NULL;
    g->neighbour[1][LU_UPPER] = y < rows - 1 ? g->rank + columns : MPI_PROC_NULL;
    most = (size_t) (g->count[0] > g->count[1] ? g->count[0] : g->count[1]) * (size_t) points;
    g->out = app_allocate(most * LU_GHOSTS * LU_PARTS, sizeof(double));
    g->in = app_allocate(most * LU_GHOSTS * LU_PARTS, sizeof(double));
}

void lu_grid_free(struct lu_grid *g)
{
    free(g->out);
    free(g->in);
}

/* ---- messages ---------------------------------------------------------------------------------- */

/* To or from a buffer; returns how many numbers. */
static int copy_box(const struct lu_grid *g, double *field, const struct box *box, double *buffer,
                    bool from_buffer)
{
    const int width = (box->high[0] - box->low[0] + 1) * LU_PARTS;
    int count = 0;

    for (int z = box->low[2]; z <= box->high[2]; z++) {
        for (int y = box->low[1]; y <= box->high[1]; y++) {
            double *row = field + lu_field_at(g, box->low[0], y, z);
            memcpy(from_buffer ? row : buffer + count, from_buffer ? buffer + count : row,
                   (size_t) width * sizeof(double));
            count += width;
        }
    }
    return count;
}

/* Own points at one side, of one plane of z or all (z of -1); or as many ghosts beyond them. */
static struct box edge(const struct lu_grid *g, int dimension, enum lu_side side, int depth, int z,
                       bool ghosts)
{
    struct box box = { { 0, 0, z < 0 ? 0 : z },
                       { g->count[0] - 1, g->count[1] - 1, z < 0 ? g->points - 1 : z } };

    if (side == LU_LOWER) {
        box.low[dimension] = ghosts ? -depth : 0;
    } else {
        box.low[dimension] = g->count[dimension] - (ghosts ? 0 : depth);
    }
    box.high[dimension] = box.low[dimension] + depth - 1;
    return box;
}

static int size_of(const struct box *box)
{
    return (box->high[0] - box->low[0] + 1) * (box->high[1] - box->low[1] + 1) *
           (box->high[2] - box->low[2] + 1) * LU_PARTS;
}

/* The edges of one side go to the neighbour there; the ghosts of the other come. */
static void shift(const struct lu_grid *g, double *field, int dimension, enum lu_side to)
{
    const enum lu_side from = to == LU_LOWER ? LU_UPPER : LU_LOWER;
    const struct box sent = edge(g, dimension, to, LU_GHOSTS, -1, false),
                     ghosts = edge(g, dimension, from, LU_GHOSTS, -1, true);
    MPI_Request request;

    MPI_Irecv(g->in, size_of(&ghosts), MPI_DOUBLE, g->neighbour[dimension][from], TAG_GHOSTS,
              g->comm, &request);
    MPI_Send(g->out, copy_box(g, field, &sent, g->out, false), MPI_DOUBLE,
             g->neighbour[dimension][to], TAG_GHOSTS, g->comm);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    if (g->neighbour[dimension][from] != MPI_PROC_NULL) {
        copy_box(g, field, &ghosts, g->in, true);
    }
}

void lu_exchange(const struct lu_grid *g, double *field)
{
    for (int d = 0; d < 2; d++) {
        shift(g, field, d, LU_UPPER);
        shift(g, field, d, LU_LOWER);
    }
}

void lu_wave_receive(const struct lu_grid *g, double *field, int z, enum lu_side from)
{
    for (int d = 0; d < 2; d++) {
        const struct box ghosts = edge(g, d, from, 1, z, true);
        if (g->neighbour[d][from] != MPI_PROC_NULL) {
            MPI_Recv(g->in, size_of(&ghosts), MPI_DOUBLE, g->neighbour[d][from], TAG_WAVE, g->comm,
                     MPI_STATUS_IGNORE);
            copy_box(g, field, &ghosts, g->in, true);
        }
    }
}

void lu_wave_send(const struct lu_grid *g, double *field, int z, enum lu_side to)
{
    for (int d = 0; d < 2; d++) {
        const struct box sent = edge(g, d, to, 1, z, false);
        if (g->neighbour[d][to] != MPI_PROC_NULL) {
            MPI_Send(g->out, copy_box(g, field, &sent, g->out, false), MPI_DOUBLE,
                     g->neighbour[d][to], TAG_WAVE, g->comm);
        }
    }
}
