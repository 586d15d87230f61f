/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Molecular dynamics of Lennard-Jones atoms: velocity Verlet, a melting lattice, the box cut into
 * boxes of ranks in all three dimensions. In each step atoms that left their rank's box move, and
 * positions near its faces go to the neighbours.
 *
 * Checked: on a small box the forces against the sum over all pairs, at the start and after some
 * steps; in the run that energy and momentum are kept, and that at the end each atom is there once.
 */
#include <mpi.h>
#include "app.h"
#include "md.h"
#include "random.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DENSITY 0.8442
#define TEMPERATURE 1.44
#define TIME_STEP 0.004
#define INTERVAL 10 /* steps between looks at energy and momentum */
#define SMALL_STEPS 20

/* Bounds, each for one atom. */
#define ENERGY_DRIFT 2e-3
#define MOMENTUM_DRIFT 1e-12

enum {
    OPTION_LATTICE,
    OPTION_STEPS,
    OPTIONS
};

static struct app_option options[OPTIONS] = {
    { "lattice", "cells of four atoms along each side; more if ranks need it", NULL, 3, 100, 14,
      6 },
    { "steps", "of time", NULL, 1, 1000000, 100, 20 },
};

struct state {
    double energy, momentum[3];
};

/* ---- steps ------------------------------------------------------------------------------------ */

static void kick(struct md *md)
{
    for (int i = 0; i < md->owned; i++) {
        for (int d = 0; d < 3; d++) {
            md->atom[i].v[d] += TIME_STEP / 2 * md->force[i][d];
        }
    }
}

static void drift(struct md *md)
{
    for (int i = 0; i < md->owned; i++) {
        for (int d = 0; d < 3; d++) {
            md->atom[i].x[d] += TIME_STEP * md->atom[i].v[d];
        }
    }
}

static void find_forces(struct md *md)
{
    md_migrate(md);
    md_images(md);
    md_forces(md);
}

static void step(struct md *md)
{
    kick(md);
    drift(md);
    find_forces(md);
    kick(md);
}

/* Of all atoms. */
static struct state observe(const struct md *md)
{
    double mine[4] = { md->energy }, all[4] = { 0 };

    for (int i = 0; i < md->owned; i++) {
        const double *v = md->atom[i].v;

        for (int d = 0; d < 3; d++) {
            mine[0] += v[d] * v[d] / 2;
            mine[1 + d] += v[d];
        }
    }
    MPI_Allreduce(mine, all, 4, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return (struct state){ all[0], { all[1], all[2], all[3] } };
}

/* The larger; what is no number is larger than all numbers. */
static double worse(double a, double b)
{
    return a <= b ? b : isnan(b) ? INFINITY : a;
}

/* Adds how far a state is from the first one to the worst so far, for one atom. */
static void compare(const struct md *md, const struct state *first, const struct state *now,
                    struct state *worst)
{
    double atoms = (double) md->atoms;

    worst->energy = worse(worst->energy, fabs(now->energy - first->energy) / atoms);
    for (int d = 0; d < 3; d++) {
        worst->momentum[0] = worse(worst->momentum[0], fabs(now->momentum[d]) / atoms);
    }
}

/* ---- checks ----------------------------------------------------------------------------------- */

/* Each atom is on one rank and none is twice: by their number and the sum of scrambled names. */
static bool atoms_are_all_there(const struct md *md)
{
    unsigned long long mine[2] = { (unsigned long long) md->owned, 0 }, all[2] = { 0 }, want = 0;

    for (int i = 0; i < md->owned; i++) {
        double id = md->atom[i].id;

        mine[1] += id >= 0 && id < (double) md->atoms ? random_mix((uint64_t) id) : 0;
    }
    for (long id = 0; id < md->atoms; id++) {
        want += random_mix((uint64_t) id);
    }
    MPI_Allreduce(mine, all, 2, MPI_UNSIGNED_LONG_LONG, MPI_SUM, MPI_COMM_WORLD);
    return all[0] == (unsigned long long) md->atoms && all[1] == want && !md->lost;
}

/* Positions and names of all atoms, four numbers each. */
static double *gather(const struct md *md, int ranks)
{
    double *mine = app_allocate((size_t) md->owned, 4 * sizeof(double));
    double *all = app_allocate((size_t) md->atoms, 4 * sizeof(double));
    int *counts = app_allocate((size_t) ranks, sizeof(int));
    int *displs = app_allocate((size_t) ranks + 1, sizeof(int)), numbers = 4 * md->owned;

    for (int i = 0; i < md->owned; i++) {
        for (int d = 0; d < 3; d++) {
            mine[4 * i + d] = md->atom[i].x[d];
        }
        mine[4 * i + 3] = md->atom[i].id;
    }
    MPI_Allgather(&numbers, 1, MPI_INT, counts, 1, MPI_INT, MPI_COMM_WORLD);
    for (int i = 0; i < ranks; i++) {
        if (counts[i] < 0 || counts[i] > 4 * md->atoms - displs[i]) {
            app_fail("rank %d has %d numbers of atoms: wrong data came", i, counts[i]);
        }
        displs[i + 1] = displs[i] + counts[i];
    }
    MPI_Allgatherv(mine, numbers, MPI_DOUBLE, all, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
    free(mine);
    free(counts);
    free(displs);
    return all;
}

/* On atom i of ours, of the nearest image of each other atom. */
static void direct_force(const struct md *md, const double *all, int i, double sum[3])
{
    for (long j = 0; j < md->atoms; j++) {
        double delta[3], square = 0, force;

        for (int d = 0; d < 3; d++) {
            delta[d] = md->atom[i].x[d] - all[4 * j + d];
            delta[d] -= md->side * round(delta[d] / md->side);
            square += delta[d] * delta[d];
        }
        if (all[4 * j + 3] == md->atom[i].id || square >= MD_CUTOFF * MD_CUTOFF) {
            continue;
        }
        md_pair(square, &force);
        for (int d = 0; d < 3; d++) {
            sum[d] += force * delta[d];
        }
    }
}

static bool forces_are_right(const struct md *md)
{
    bool right = true;
    double *all;
    int ranks;

    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    all = gather(md, ranks);
    for (int i = 0; i < md->owned; i++) {
        double sum[3] = { 0 };

        direct_force(md, all, i, sum);
        for (int d = 0; d < 3; d++) {
            right = right && fabs(md->force[i][d] - sum[d]) <= 1e-9 * (1 + fabs(sum[d]));
        }
    }
    free(all);
    return right;
}

/* The least lattice whose box leaves each rank's at least as wide as the cutoff, and in which no
 * two images of an atom are within it. */
static int least_lattice(void)
{
    int dims[3] = { 0 }, ranks, lattice = 1;

    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Dims_create(ranks, 3, dims);
    while (md_side(lattice, DENSITY) < MD_CUTOFF * (dims[0] > 2 ? dims[0] : 2)) {
        lattice++;
    }
    return lattice;
}

static bool small_box_is_right(void)
{
    struct md md;
    bool right;

    md_create(&md, least_lattice(), DENSITY, TEMPERATURE);
    find_forces(&md);
    right = forces_are_right(&md);
    for (int i = 0; i < SMALL_STEPS; i++) {
        step(&md);
    }
    right = forces_are_right(&md) && right;
    right = atoms_are_all_there(&md) && right;
    md_destroy(&md);
    return right;
}

/* ---- course ----------------------------------------------------------------------------------- */

/* As wanted; the default grows with the ranks. */
static int choose_lattice(bool given)
{
    int lattice = (int) options[OPTION_LATTICE].value, least = least_lattice();

    if (lattice >= least) {
        return lattice;
    }
    if (given) {
        app_option_refuse("--lattice: %d: too few cells for so many ranks: give %d or more",
                          lattice, least);
    }
    return least;
}

static struct state run(struct md *md, int steps)
{
    struct state first, now, worst = { 0 };

    find_forces(md);
    first = observe(md);
    compare(md, &first, &first, &worst);
    MPI_Barrier(MPI_COMM_WORLD);
    app_start();
    for (int i = 1; i <= steps; i++) {
        step(md);
        if (i % INTERVAL == 0 || i == steps) {
            now = observe(md);
            compare(md, &first, &now, &worst);
        }
    }
    app_stop();
    return worst;
}

static void report(const struct md *md, int lattice, int steps, const struct state *worst,
                   bool verified)
{
    char parameters[100];

    snprintf(parameters, sizeof(parameters), "lattice=%d atoms=%ld steps=%d grid=%dx%dx%d", lattice,
             md->atoms, steps, md->ranks[0], md->ranks[1], md->ranks[2]);
    if (md->mine[0] == 0 && md->mine[1] == 0 && md->mine[2] == 0) {
        printf("# largest change of energy %.3g, of momentum %.3g for an atom, limits %g, %g\n",
               worst->energy, worst->momentum[0], ENERGY_DRIFT, MOMENTUM_DRIFT);
    }
    app_report(MPI_COMM_WORLD, "md", parameters,
               verified && worst->energy <= ENERGY_DRIFT && worst->momentum[0] <= MOMENTUM_DRIFT,
               1e-6 * (double) md->atoms * steps / app_seconds(), "Matom-steps/s");
}

int main(int argc, char **argv)
{
    struct state worst;
    struct md md;
    int lattice, steps;
    bool verified;

    MPI_Init(&argc, &argv);
    app_option_read("md", "Molecular dynamics of Lennard-Jones atoms", options, OPTIONS, argc,
                    argv);
    lattice = choose_lattice(app_option_given("lattice", argc, argv));
    steps = (int) options[OPTION_STEPS].value;
    verified = small_box_is_right();
    md_create(&md, lattice, DENSITY, TEMPERATURE);
    worst = run(&md, steps);
    verified = atoms_are_all_there(&md) && verified;
    report(&md, lattice, steps, &worst, verified);
    md_destroy(&md);
    MPI_Finalize();
    return 0;
}
