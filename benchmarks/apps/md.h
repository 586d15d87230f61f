/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Atoms in a periodic cubic box that is cut into boxes of ranks, in the reduced units of
 * Lennard-Jones: mass, diameter and depth of the potential are 1.
 *
 * Atoms 0 to owned - 1 are those of this rank. Behind them are images of the neighbours' atoms
 * that are within the cutoff of its box, shifted by a side of the whole box where they come across
 * its edge.
 */
#ifndef MD_H_INCLUDED
#define MD_H_INCLUDED

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#define MD_CUTOFF 2.5

struct atom {
    double x[3], v[3];
    double id; /* a whole number; it travels with the others */
};

struct md {
    int ranks[3], mine[3];  /* the grid of ranks, and this one's place */
    int down[3], up[3];     /* neighbours */
    double side;            /* of the whole box */
    double low[3], high[3]; /* this rank's box */
    long atoms;             /* in the whole box */

    int owned, present, room; /* present: with the images */
    struct atom *atom;        /* of images only x is set */
    double (*force)[3];
    double energy; /* potential, of this rank's atoms: half of that of their pairs */
    bool lost;     /* an atom came, or went, to where it cannot be */

    int cells[3];      /* each at least as wide as the cutoff; images are in a layer around */
    int *first, *next; /* of a cell and of an atom: lists that end in -1 */
    int next_room;     /* of next and force */
    double *out, *in;  /* messages */
    int out_room, in_room;
};

/* Atoms of a face-centred cubic lattice of so many cells along each side, moved a little at random,
 * with random velocities of a temperature and no momentum together. */
void md_create(struct md *md, int lattice, double density, double temperature);
void md_destroy(struct md *md);

/* The side of a box of so many lattice cells. */
double md_side(int lattice, double density);

/* Atoms that left the box go to the neighbours; images are dropped. */
void md_migrate(struct md *md);

/* Makes the images. */
void md_images(struct md *md);

/* Forces on the owned atoms from all present, and energy. */
void md_forces(struct md *md);

/* Potential, and force over distance, at the square of a distance below the cutoff. Both go to 0
 * there without a step. */
double md_pair(double square, double *force);

#endif
