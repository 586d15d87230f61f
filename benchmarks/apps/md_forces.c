/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Cells and forces (see md.h).
 */
#include <mpi.h>
#include "md.h"
#include "app.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EDGE 1e-6 /* by how much rounding may put an atom outside of its box, generously */

/* ---- potential -------------------------------------------------------------------------------- */

static double lennard_jones(double square, double *force)
{
    double s6 = 1 / (square * square * square);

    *force = 24 * s6 * (2 * s6 - 1) / square;
    return 4 * s6 * (s6 - 1);
}

/* The potential and its slope less their values at the cutoff: else each pair that crosses it
 * would change the energy. */
double md_pair(double square, double *force)
{
    static double edge_potential, edge_slope;
    double r = sqrt(square), potential = lennard_jones(square, force);

    if (edge_slope == 0) {
        edge_potential = lennard_jones(MD_CUTOFF * MD_CUTOFF, &edge_slope);
        edge_slope *= MD_CUTOFF;
    }
    *force -= edge_slope / r;
    return potential - edge_potential + (r - MD_CUTOFF) * edge_slope;
}

/* ---- cells ------------------------------------------------------------------------------------ */

static int cell_number(const struct md *md, const int at[3])
{
    return (at[0] * (md->cells[1] + 2) + at[1]) * (md->cells[2] + 2) + at[2];
}

/* The cell of an atom, -1 if it is in none. Cells of the box are 1 to cells, the layers around it
 * 0 and cells + 1. */
static int find_cell(const struct md *md, const double x[3], bool owned)
{
    int at[3];

    for (int d = 0; d < 3; d++) {
        double width = (md->high[d] - md->low[d]) / md->cells[d], margin = owned ? 0 : width;
        int least = owned ? 1 : 0, most = owned ? md->cells[d] : md->cells[d] + 1;

        if (!(x[d] >= md->low[d] - margin - EDGE && x[d] <= md->high[d] + margin + EDGE)) {
            return -1;
        }
        at[d] = (int) floor((x[d] - md->low[d]) / width) + 1;
        at[d] = at[d] < least ? least : at[d] > most ? most : at[d];
    }
    return cell_number(md, at);
}

static void make_room(struct md *md)
{
    if (md->room <= md->next_room) {
        return;
    }
    md->next_room = md->room;
    free(md->next);
    free(md->force);
    md->next = app_allocate((size_t) md->room, sizeof(*md->next));
    md->force = app_allocate((size_t) md->room, sizeof(*md->force));
}

static void sort_into_cells(struct md *md)
{
    int cells = (md->cells[0] + 2) * (md->cells[1] + 2) * (md->cells[2] + 2);

    make_room(md);
    memset(md->first, -1, (size_t) cells * sizeof(*md->first));
    for (int i = 0; i < md->present; i++) {
        int cell = find_cell(md, md->atom[i].x, i < md->owned);

        if (cell < 0) {
            md->lost = true;
            continue;
        }
        md->next[i] = md->first[cell];
        md->first[cell] = i;
    }
}

/* ---- forces ----------------------------------------------------------------------------------- */

/* Of all atoms in a cell on atom i. */
static void add_cell(struct md *md, int i, int cell)
{
    const double *x = md->atom[i].x;
    double *sum = md->force[i];

    for (int j = md->first[cell]; j >= 0; j = md->next[j]) {
        const double *y = md->atom[j].x;
        double dx = x[0] - y[0], dy = x[1] - y[1], dz = x[2] - y[2];
        double square = dx * dx + dy * dy + dz * dz, force;

        if (square >= MD_CUTOFF * MD_CUTOFF || j == i) {
            continue;
        }
        md->energy += md_pair(square, &force) / 2;
        sum[0] += force * dx;
        sum[1] += force * dy;
        sum[2] += force * dz;
    }
}

static void add_cells_around(struct md *md, int i, const int at[3])
{
    int near[3];

    for (near[0] = at[0] - 1; near[0] <= at[0] + 1; near[0]++) {
        for (near[1] = at[1] - 1; near[1] <= at[1] + 1; near[1]++) {
            for (near[2] = at[2] - 1; near[2] <= at[2] + 1; near[2]++) {
                add_cell(md, i, cell_number(md, near));
            }
        }
    }
}

/* An image can be, by rounding, just inside of the box: it is passed over. */
void md_forces(struct md *md)
{
    int at[3];

    sort_into_cells(md);
    memset(md->force, 0, (size_t) md->owned * sizeof(*md->force));
    md->energy = 0;
    for (at[0] = 1; at[0] <= md->cells[0]; at[0]++) {
        for (at[1] = 1; at[1] <= md->cells[1]; at[1]++) {
            for (at[2] = 1; at[2] <= md->cells[2]; at[2]++) {
                for (int i = md->first[cell_number(md, at)]; i >= 0; i = md->next[i]) {
                    if (i < md->owned) {
                        add_cells_around(md, i, at);
                    }
                }
            }
        }
    }
}
