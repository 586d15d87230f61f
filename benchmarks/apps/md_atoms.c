/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Atoms and where they are: the start, migration, images (see md.h). Both exchanges go one axis
 * after the other, so that six messages reach the neighbours across edges and corners too.
 */
#include <mpi.h>
#include "md.h"
#include "app.h"
#include "random.h"
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ATOM_NUMBERS 7
#define IMAGE_NUMBERS 3
#define DISPLACEMENT 0.05 /* at most, in lattice cells */

static void *grow(void *memory, size_t bytes)
{
    void *grown = realloc(memory, bytes);

    if (grown == NULL) {
        app_fail("no memory for %zu bytes: give fewer atoms or more ranks", bytes);
    }
    return grown;
}

static void add_atom(struct md *md, const struct atom *atom)
{
    if (md->present == md->room) {
        md->room = 2 * md->room + 256;
        md->atom = grow(md->atom, (size_t) md->room * sizeof(*md->atom));
    }
    md->atom[md->present++] = *atom;
}

/* ---- start ------------------------------------------------------------------------------------ */

double md_side(int lattice, double density)
{
    return lattice * cbrt(4 / density);
}

/* Four in each lattice cell. */
static void place(const struct md *md, int lattice, long id, double x[3])
{
    static const double basis[4][3] = { { 0, 0, 0 }, { 0, .5, .5 }, { .5, 0, .5 }, { .5, .5, 0 } };
    long cell = id / 4;

    for (int d = 0; d < 3; d++, cell /= lattice) {
        double shift = 2 * DISPLACEMENT * (random_unit(1, (uint64_t) (3 * id + d)) - 0.5);

        x[d] = ((double) (cell % lattice) + 0.25 + basis[id % 4][d] + shift) * md->side / lattice;
    }
}

static double random_speed(long id, int d)
{
    return random_unit(2, (uint64_t) (3 * id + d)) - 0.5;
}

/* The mean of all atoms' velocities, and the factor that brings the rest to the temperature. Each
 * rank sums over all atoms, so all have the same numbers. */
static double mean_speed(long atoms, double temperature, double mean[3])
{
    double squares = 0;

    for (int d = 0; d < 3; d++) {
        mean[d] = 0;
        for (long id = 0; id < atoms; id++) {
            mean[d] += random_speed(id, d) / (double) atoms;
        }
        for (long id = 0; id < atoms; id++) {
            squares += pow(random_speed(id, d) - mean[d], 2);
        }
    }
    return sqrt(3 * (double) atoms * temperature / squares);
}

static bool is_inside(const struct md *md, const double x[3])
{
    for (int d = 0; d < 3; d++) {
        if (!(x[d] >= md->low[d] && x[d] < md->high[d])) {
            return false;
        }
    }
    return true;
}

static void make_atoms(struct md *md, int lattice, double temperature)
{
    double mean[3], factor = mean_speed(md->atoms, temperature, mean);
    struct atom atom;

    for (long id = 0; id < md->atoms; id++) {
        place(md, lattice, id, atom.x);
        if (!is_inside(md, atom.x)) {
            continue;
        }
        for (int d = 0; d < 3; d++) {
            atom.v[d] = factor * (random_speed(id, d) - mean[d]);
        }
        atom.id = (double) id;
        add_atom(md, &atom);
    }
    md->owned = md->present;
}

/* The rank at a place of the grid, around its edges. */
static int rank_at(const struct md *md, const int at[3])
{
    int rank = 0;

    for (int d = 0; d < 3; d++) {
        rank = rank * md->ranks[d] + (at[d] + md->ranks[d]) % md->ranks[d];
    }
    return rank;
}

static void find_neighbours(struct md *md)
{
    for (int d = 0; d < 3; d++) {
        int at[3] = { md->mine[0], md->mine[1], md->mine[2] };

        at[d] = md->mine[d] - 1;
        md->down[d] = rank_at(md, at);
        at[d] = md->mine[d] + 1;
        md->up[d] = rank_at(md, at);
    }
}

void md_create(struct md *md, int lattice, double density, double temperature)
{
    size_t cells = 1;
    int rank, ranks;

    *md =
        (struct md){ .side = md_side(lattice, density), .atoms = 4L * lattice * lattice * lattice };
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Dims_create(ranks, 3, md->ranks);
    for (int d = 2; d >= 0; rank /= md->ranks[d], d--) {
        md->mine[d] = rank % md->ranks[d];
        md->low[d] = md->side * md->mine[d] / md->ranks[d];
        md->high[d] = md->side * (md->mine[d] + 1) / md->ranks[d];
        md->cells[d] = (int) ((md->high[d] - md->low[d]) / MD_CUTOFF);
        cells *= (size_t) md->cells[d] + 2;
    }
    find_neighbours(md);
    md->first = app_allocate(cells, sizeof(*md->first));
    make_atoms(md, lattice, temperature);
}

void md_destroy(struct md *md)
{
    free(md->atom);
    free(md->force);
    free(md->first);
    free(md->next);
    free(md->out);
    free(md->in);
}

/* ---- messages --------------------------------------------------------------------------------- */

static double *out_place(struct md *md, int numbers, int more)
{
    if (numbers > md->out_room - more) {
        md->out_room = 2 * numbers + more;
        md->out = grow(md->out, (size_t) md->out_room * sizeof(double));
    }
    return md->out + numbers;
}

/* Sends numbers from out; returns how many came into in, whole records of so many. */
static int exchange(struct md *md, int numbers, int record, int to, int from)
{
    int come = 0;

    MPI_Sendrecv(&numbers, 1, MPI_INT, to, 0, &come, 1, MPI_INT, from, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    if (come < 0 || come % record != 0 || come / record > 8 * md->atoms) {
        app_fail("%d numbers are to come from rank %d: wrong data", come, from);
    }
    if (come > md->in_room) {
        md->in_room = 2 * come;
        md->in = grow(md->in, (size_t) md->in_room * sizeof(double));
    }
    MPI_Sendrecv(md->out, numbers, MPI_DOUBLE, to, 1, md->in, come, MPI_DOUBLE, from, 1,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return come;
}

/* ---- migration -------------------------------------------------------------------------------- */

/* What an atom's coordinate changes by when it goes down, or up, along an axis. */
static double shift_at(const struct md *md, int d, bool up)
{
    if (up) {
        return md->mine[d] == md->ranks[d] - 1 ? -md->side : 0;
    }
    return md->mine[d] == 0 ? md->side : 0;
}

static bool has_left(const struct md *md, const struct atom *atom, int d, bool up)
{
    return up ? atom->x[d] >= md->high[d] : atom->x[d] < md->low[d];
}

/* Takes the atoms that left on one side out of ours. */
static int take_out(struct md *md, int d, bool up)
{
    int numbers = 0;

    for (int i = 0; i < md->present;) {
        struct atom *atom = &md->atom[i];

        if (!has_left(md, atom, d, up)) {
            i++;
            continue;
        }
        atom->x[d] += shift_at(md, d, up);
        memcpy(out_place(md, numbers, ATOM_NUMBERS), atom, sizeof(*atom));
        numbers += ATOM_NUMBERS;
        *atom = md->atom[--md->present];
    }
    return numbers;
}

static void take_in(struct md *md, int numbers)
{
    struct atom atom;

    for (int i = 0; i < numbers; i += ATOM_NUMBERS) {
        memcpy(&atom, md->in + i, sizeof(atom));
        add_atom(md, &atom);
    }
}

/* The atoms for one side are taken out before those of the other side come, which may stand, by
 * rounding, right on the edge. */
void md_migrate(struct md *md)
{
    md->present = md->owned;
    for (int d = 0; d < 3; d++) {
        int numbers = take_out(md, d, false);

        numbers = exchange(md, numbers, ATOM_NUMBERS, md->down[d], md->up[d]);
        take_in(md, numbers);
        numbers = take_out(md, d, true);
        numbers = exchange(md, numbers, ATOM_NUMBERS, md->up[d], md->down[d]);
        take_in(md, numbers);
    }
    md->owned = md->present;
}

/* ---- images ----------------------------------------------------------------------------------- */

/* Copies those of the first count atoms that a neighbour must see. */
static int copy_out(struct md *md, int count, int d, bool up)
{
    int numbers = 0;

    for (int i = 0; i < count; i++) {
        const double *x = md->atom[i].x;

        if (up ? x[d] >= md->high[d] - MD_CUTOFF : x[d] < md->low[d] + MD_CUTOFF) {
            double *place = out_place(md, numbers, IMAGE_NUMBERS);

            memcpy(place, x, sizeof(md->atom[i].x));
            place[d] += shift_at(md, d, up);
            numbers += IMAGE_NUMBERS;
        }
    }
    return numbers;
}

static void add_images(struct md *md, int numbers)
{
    struct atom atom = { .id = -1 };

    for (int i = 0; i < numbers; i += IMAGE_NUMBERS) {
        memcpy(atom.x, md->in + i, sizeof(atom.x));
        add_atom(md, &atom);
    }
}

void md_images(struct md *md)
{
    for (int d = 0; d < 3; d++) {
        int count = md->present; /* with the images along the axes before, for edges and corners */
        int numbers = copy_out(md, count, d, false);

        numbers = exchange(md, numbers, IMAGE_NUMBERS, md->down[d], md->up[d]);
        add_images(md, numbers);
        numbers = copy_out(md, count, d, true);
        numbers = exchange(md, numbers, IMAGE_NUMBERS, md->up[d], md->down[d]);
        add_images(md, numbers);
    }
}
