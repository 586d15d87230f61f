/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The grids of MG (see mg_grid.h).
 */
#include <mpi.h>
#include "mg_grid.h"
#include "app.h"
#include "nas.h"
#include <stdlib.h>
#include <string.h>

enum {
    LOWER,
    UPPER
};

size_t mg_level_at(const struct mg_level *l, int x, int y, int z)
{
    const size_t row = (size_t) l->size[0] + 2, plane = row * ((size_t) l->size[1] + 2);

    return (size_t) z * plane + (size_t) y * row + (size_t) x;
}

size_t mg_level_count(const struct mg_level *l)
{
    return mg_level_at(l, 0, 0, l->size[2] + 2);
}

/* ---- set-up ------------------------------------------------------------------------------------ */

static int rank_at(const struct mg_grid *g, const int place[3])
{
    return (place[2] * g->ranks[1] + place[1]) * g->ranks[0] + place[0];
}

/* The rank so many places further on in one dimension, around the cube. */
static int neighbour(const struct mg_grid *g, int dimension, int distance)
{
    int place[3] = { g->place[0], g->place[1], g->place[2] };

    place[dimension] = (place[dimension] + distance + g->ranks[dimension]) % g->ranks[dimension];
    return rank_at(g, place);
}

static void place_ranks(struct mg_grid *g)
{
    int ranks, rest;

    MPI_Comm_rank(g->comm, &g->rank);
    MPI_Comm_size(g->comm, &ranks);
    g->ranks[0] = g->ranks[1] = g->ranks[2] = 1;
    for (int d = 2; ranks > 1; ranks /= 2, d = (d + 2) % 3) {
        g->ranks[d] *= 2;
    }
    rest = g->rank;
    for (int d = 0; d < 3; d++) {
        g->place[d] = rest % g->ranks[d];
        rest /= g->ranks[d];
    }
}

/* With one point for every so many ranks, it belongs to the last of these: so a point's owner also
 * owns the point of the level above that lies there. */
static void place_level(const struct mg_grid *g, struct mg_level *l, int points)
{
    l->points = points;
    l->active = true;
    for (int d = 0; d < 3; d++) {
        int step = g->ranks[d] > points ? g->ranks[d] / points : 1;
        l->sparse[d] = step > 1;
        l->owns[d] = (g->place[d] + 1) % step == 0;
        l->active = l->active && l->owns[d];
        l->size[d] = l->sparse[d] ? 1 : points / g->ranks[d];
        l->neighbour[d][LOWER] = neighbour(g, d, -step);
        l->neighbour[d][UPPER] = neighbour(g, d, step);
    }
    l->u = app_allocate(mg_level_count(l), sizeof(double));
    l->r = app_allocate(mg_level_count(l), sizeof(double));
}

/* Of the finest level, with ghosts. */
static size_t largest_plane(const struct mg_level *l)
{
    const size_t x = (size_t) l->size[0] + 2, y = (size_t) l->size[1] + 2,
                 z = (size_t) l->size[2] + 2;
    const size_t larger = x > y ? x : y, smaller = x > y ? y : x;

    return larger * (smaller > z ? smaller : z);
}

void mg_grid_make(struct mg_grid *g, MPI_Comm comm, int top)
{
    *g = (struct mg_grid){ .comm = comm, .top = top };
    place_ranks(g);
    for (int k = 1; k <= top; k++) {
        place_level(g, &g->level[k], 1 << k);
    }
    g->v = app_allocate(mg_level_count(&g->level[top]), sizeof(double));
    g->out = app_allocate(largest_plane(&g->level[top]), sizeof(double));
    g->in = app_allocate(largest_plane(&g->level[top]), sizeof(double));
}

void mg_grid_free(struct mg_grid *g)
{
    for (int k = 1; k <= g->top; k++) {
        free(g->level[k].u);
        free(g->level[k].r);
    }
    free(g->v);
    free(g->out);
    free(g->in);
}

/* ---- planes ------------------------------------------------------------------------------------ */

/* Copies the plane at an index, with its ghosts, to or from a buffer; returns how many numbers. */
static int copy_plane(const struct mg_level *l, double *field, int dimension, int index,
                      double *buffer, bool from_buffer)
{
    int low[3] = { 0 }, high[3] = { l->size[0] + 1, l->size[1] + 1, l->size[2] + 1 }, count = 0;

    low[dimension] = high[dimension] = index;
    for (int z = low[2]; z <= high[2]; z++) {
        for (int y = low[1]; y <= high[1]; y++) {
            double *row = field + mg_level_at(l, low[0], y, z);
            const int width = high[0] - low[0] + 1;
            memcpy(from_buffer ? row : buffer + count, from_buffer ? buffer + count : row,
                   (size_t) width * sizeof(double));
            count += width;
        }
    }
    return count;
}

static void send_plane(const struct mg_grid *g, const struct mg_level *l, double *field,
                       int dimension, int index, int to)
{
    int count = copy_plane(l, field, dimension, index, g->out, false);

    MPI_Send(g->out, count, MPI_DOUBLE, to, dimension, g->comm);
}

static void receive_plane(const struct mg_grid *g, const struct mg_level *l, double *field,
                          int dimension, int index, int from)
{
    int count = (int) (mg_level_count(l) / ((size_t) l->size[dimension] + 2));

    MPI_Recv(g->in, count, MPI_DOUBLE, from, dimension, g->comm, MPI_STATUS_IGNORE);
    copy_plane(l, field, dimension, index, g->in, true);
}

/* Sends the plane at an index to one side; what comes from the other side becomes a ghost. */
static void shift_plane(const struct mg_grid *g, const struct mg_level *l, double *field,
                        int dimension, int index, int side)
{
    const int to = l->neighbour[dimension][side], from = l->neighbour[dimension][1 - side];
    const int ghost = side == UPPER ? 0 : l->size[dimension] + 1;
    int count;
    MPI_Request request;

    if (to == g->rank) {
        copy_plane(l, field, dimension, index, g->out, false);
        copy_plane(l, field, dimension, ghost, g->out, true);
        return;
    }
    count = (int) (mg_level_count(l) / ((size_t) l->size[dimension] + 2));
    MPI_Irecv(g->in, count, MPI_DOUBLE, from, side, g->comm, &request);
    copy_plane(l, field, dimension, index, g->out, false);
    MPI_Send(g->out, count, MPI_DOUBLE, to, side, g->comm);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    copy_plane(l, field, dimension, ghost, g->in, true);
}

/* One dimension after the other: so edges and corners come with the planes. */
void mg_exchange(const struct mg_grid *g, const struct mg_level *l, double *field)
{
    for (int d = 0; l->active && d < 3; d++) {
        shift_plane(g, l, field, d, l->size[d], UPPER);
        shift_plane(g, l, field, d, 1, LOWER);
    }
}

/* Planes carry their ghosts, so that those of the other dimensions come with them. */
void mg_spread(const struct mg_grid *g, int level)
{
    const struct mg_level *fine = &g->level[level], *coarse = &g->level[level - 1];

    for (int d = 0; fine->active && d < 3; d++) {
        if (coarse->sparse[d] && coarse->owns[d]) {
            send_plane(g, coarse, coarse->u, d, 1, fine->neighbour[d][LOWER]);
            send_plane(g, coarse, coarse->u, d, 1, fine->neighbour[d][UPPER]);
        } else if (coarse->sparse[d]) {
            receive_plane(g, coarse, coarse->u, d, 1, fine->neighbour[d][UPPER]);
            receive_plane(g, coarse, coarse->u, d, 0, fine->neighbour[d][LOWER]);
        }
    }
}
