/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * FT: a diffusion equation in three dimensions, solved by Fourier transforms.
 *
 * A rank has some planes of z in space, and some of y among the frequencies. A transform does x
 * and y within planes, one Alltoall, and then z; the inverse goes the other way. FFTW does them.
 */
#include <mpi.h>
#include "app.h"
#include "nas.h"
#include "nas_random.h"
#include <complex.h>
#include <fftw3.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITERATIONS 6
#define DIFFUSION 1e-6
#define SAMPLES 1024 /* elements in a checksum */
#define EPSILON 1e-12

static const struct problem {
    int nx, ny, nz;
    double checksum[ITERATIONS][2];
} problems[NAS_CLASSES] = {
    [NAS_S] = { 64,
                64,
                64,
                { { 5.546087004964e+02, 4.845363331978e+02 },
                  { 5.546385409189e+02, 4.865304269511e+02 },
                  { 5.546148406171e+02, 4.883910722336e+02 },
                  { 5.545423607415e+02, 4.901273169046e+02 },
                  { 5.544255039624e+02, 4.917475857993e+02 },
                  { 5.542683411902e+02, 4.932597244941e+02 } } },
    [NAS_W] = { 128,
                128,
                32,
                { { 5.673612178944e+02, 5.293246849175e+02 },
                  { 5.631436885271e+02, 5.282149986629e+02 },
                  { 5.594024089970e+02, 5.270996558037e+02 },
                  { 5.560698047020e+02, 5.260027904925e+02 },
                  { 5.530898991250e+02, 5.249400845633e+02 },
                  { 5.504159734538e+02, 5.239212247086e+02 } } },
    [NAS_A] = { 256,
                256,
                128,
                { { 5.046735008193e+02, 5.114047905510e+02 },
                  { 5.059412319734e+02, 5.098809666433e+02 },
                  { 5.069376896287e+02, 5.098144042213e+02 },
                  { 5.077892868474e+02, 5.101336130759e+02 },
                  { 5.085233095391e+02, 5.104914655194e+02 },
                  { 5.091487099959e+02, 5.107917842803e+02 } } },
};

struct field {
    const struct problem *problem;
    MPI_Comm comm;
    int rank, ranks;
    int planes_y, planes_z; /* of a rank */
    int block;              /* elements that a rank sends to another */
    size_t count;           /* elements of a rank */
    double complex *space;  /* [z of planes_z][y][x] */
    double complex *waves;  /* [z][y of planes_y][x]: frequencies, at the time of the iteration */
    double complex *moved;  /* the same: what is transformed along z */
    double complex *packed;
    double *decay;                          /* of each frequency, in one unit of time */
    fftw_plan xy, z, inverse_xy, inverse_z; /* in space and in moved, in place */
};

/* ---- transforms -------------------------------------------------------------------------------- */

/* The rows of y that a rank gets are consecutive in each plane: from planes to blocks, or back. */
static void pack(const struct field *f, bool back)
{
    const size_t rows = (size_t) f->planes_y * (size_t) f->problem->nx;
    double complex *planes = f->space, *blocks = f->packed;

    for (size_t rank = 0; rank < (size_t) f->ranks; rank++) {
        for (size_t z = 0; z < (size_t) f->planes_z; z++) {
            double complex *in_plane = planes + (z * (size_t) f->ranks + rank) * rows;
            memcpy(back ? in_plane : blocks, back ? blocks : in_plane, rows * sizeof(*blocks));
            blocks += rows;
        }
    }
}

static void exchange(const struct field *f, const double complex *from, double complex *to)
{
    MPI_Alltoall(from, f->block, MPI_C_DOUBLE_COMPLEX, to, f->block, MPI_C_DOUBLE_COMPLEX, f->comm);
}

/* From space to moved. */
static void transform(const struct field *f)
{
    fftw_execute(f->xy);
    pack(f, false);
    exchange(f, f->packed, f->moved);
    fftw_execute(f->z);
}

/* From moved to space, times the number of all elements. */
static void transform_back(const struct field *f)
{
    fftw_execute(f->inverse_z);
    exchange(f, f->moved, f->packed);
    pack(f, true);
    fftw_execute(f->inverse_xy);
}

static void plan(struct field *f)
{
    const struct problem *p = f->problem;
    const int plane[2] = { p->ny, p->nx }, area = p->ny * p->nx, lines = f->planes_y * p->nx;

    f->xy = fftw_plan_many_dft(2, plane, f->planes_z, f->space, NULL, 1, area, f->space, NULL, 1,
                               area, FFTW_FORWARD, FFTW_ESTIMATE);
    f->inverse_xy = fftw_plan_many_dft(2, plane, f->planes_z, f->space, NULL, 1, area, f->space,
                                       NULL, 1, area, FFTW_BACKWARD, FFTW_ESTIMATE);
    f->z = fftw_plan_many_dft(1, &p->nz, lines, f->moved, NULL, lines, 1, f->moved, NULL, lines, 1,
                              FFTW_FORWARD, FFTW_ESTIMATE);
    f->inverse_z = fftw_plan_many_dft(1, &p->nz, lines, f->moved, NULL, lines, 1, f->moved, NULL,
                                      lines, 1, FFTW_BACKWARD, FFTW_ESTIMATE);
    if (f->xy == NULL || f->inverse_xy == NULL || f->z == NULL || f->inverse_z == NULL) {
        app_fail("rank %d: FFTW has no plan for %d x %d x %d", f->rank, p->nx, p->ny, p->nz);
    }
}

/* ---- the equation ------------------------------------------------------------------------------ */

static void draw(const struct field *f)
{
    uint64_t x = random_jump(RANDOM_SEED, 2 * (uint64_t) f->rank * f->count);

    for (size_t i = 0; i < f->count; i++) {
        double real = random_next(&x);
        f->space[i] = real + random_next(&x) * I;
    }
}

/* Frequencies above the middle are the negative ones. */
static int square(int k, int n)
{
    const int frequency = k < n / 2 ? k : k - n;

    return frequency * frequency;
}

static void fill_decay(const struct field *f)
{
    const struct problem *p = f->problem;
    double *decay = f->decay;

    for (int z = 0; z < p->nz; z++) {
        for (int y = f->rank * f->planes_y; y < (f->rank + 1) * f->planes_y; y++) {
            for (int x = 0; x < p->nx; x++) {
                int sum = square(x, p->nx) + square(y, p->ny) + square(z, p->nz);
                *decay++ = exp(-4 * DIFFUSION * M_PI * M_PI * sum);
            }
        }
    }
}

static void evolve(const struct field *f)
{
    for (size_t i = 0; i < f->count; i++) {
        f->waves[i] *= f->decay[i];
        f->moved[i] = f->waves[i];
    }
}

/* The sum, on rank 0, of elements from all over space. */
static double complex checksum(const struct field *f)
{
    const struct problem *p = f->problem;
    const int first = f->rank * f->planes_z;
    double complex part = 0, sum = 0;

    for (int j = 1; j <= SAMPLES; j++) {
        int x = j % p->nx, y = 3 * j % p->ny, z = 5 * j % p->nz - first;
        if (z >= 0 && z < f->planes_z) {
            part +=
                f->space[((size_t) z * (size_t) p->ny + (size_t) y) * (size_t) p->nx + (size_t) x];
        }
    }
    MPI_Reduce(&part, &sum, 1, MPI_C_DOUBLE_COMPLEX, MPI_SUM, 0, f->comm);
    return sum / ((double) p->nx * p->ny * p->nz);
}

static void solve(const struct field *f, int iterations, double complex *sums)
{
    fill_decay(f);
    draw(f);
    transform(f);
    memcpy(f->waves, f->moved, f->count * sizeof(*f->waves));
    for (int i = 0; i < iterations; i++) {
        evolve(f);
        transform_back(f);
        sums[i] = checksum(f);
    }
}

/* ---- program ----------------------------------------------------------------------------------- */

static void set_up(struct field *f, const struct problem *p, MPI_Comm comm)
{
    double complex **arrays[] = { &f->space, &f->waves, &f->moved, &f->packed };

    f->problem = p;
    f->comm = comm;
    MPI_Comm_rank(comm, &f->rank);
    MPI_Comm_size(comm, &f->ranks);
    f->planes_y = p->ny / f->ranks;
    f->planes_z = p->nz / f->ranks;
    f->block = f->planes_z * f->planes_y * p->nx;
    f->count = (size_t) f->block * (size_t) f->ranks;
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        *arrays[i] = app_allocate(f->count, sizeof(double complex));
    }
    f->decay = app_allocate(f->count, sizeof(double));
    plan(f);
}

static void tear_down(struct field *f)
{
    fftw_destroy_plan(f->xy);
    fftw_destroy_plan(f->z);
    fftw_destroy_plan(f->inverse_xy);
    fftw_destroy_plan(f->inverse_z);
    fftw_cleanup();
    free(f->space);
    free(f->waves);
    free(f->moved);
    free(f->packed);
    free(f->decay);
}

static bool right(const struct problem *p, const double complex *sums)
{
    for (int i = 0; i < ITERATIONS; i++) {
        const double complex expected = p->checksum[i][0] + p->checksum[i][1] * I;
        if (!(cabs((sums[i] - expected) / expected) <= EPSILON)) {
            printf("# checksum %d: %.10f %.10f is wrong\n", i + 1, creal(sums[i]), cimag(sums[i]));
            return false;
        }
    }
    return true;
}

static double millions(const struct problem *p)
{
    const double n = (double) p->nx * p->ny * p->nz;

    return 1e-6 * n * (14.8157 + 7.19641 * log(n) + (5.23518 + 7.21113 * log(n)) * ITERATIONS);
}

static void run(enum nas_class class, MPI_Comm comm, struct nas_outcome *outcome)
{
    const struct problem *p = &problems[class];
    double complex sums[ITERATIONS];
    struct field f;

    set_up(&f, p, comm);
    solve(&f, 1, sums); /* touches everything once, not timed */
    MPI_Barrier(comm);
    app_start();
    solve(&f, ITERATIONS, sums);
    app_stop();
    outcome->verified = f.rank != 0 || right(p, sums);
    outcome->millions = millions(p);
    snprintf(outcome->sizes, sizeof(outcome->sizes), "nx=%d ny=%d nz=%d iterations=%d", p->nx,
             p->ny, p->nz, ITERATIONS);
    tear_down(&f);
}

static const char *refusal(enum nas_class class, int ranks)
{
    static const char *const remedy[NAS_CLASSES] = { "FT takes 1, 2, 4, ... 64",
                                                     "FT takes 1, 2, 4, ... 32",
                                                     "FT takes 1, 2, 4, ... 128" };

    return nas_is_power_of_two(ranks) && ranks <= problems[class].nz ? NULL : remedy[class];
}

int main(int argc, char **argv)
{
    return nas_main(argc, argv,
                    &(struct nas_kernel){ "ft",
                                          "NAS FT: a diffusion equation by Fourier "
                                          "transforms, one Alltoall in each",
                                          refusal, run });
}
