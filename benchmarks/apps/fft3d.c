/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * 3-D Fourier transform of complex numbers, forward and backward again, over pencils: two
 * transpositions by MPI_Alltoallv each way, the pattern of P3DFFT. The transforms along the lines
 * are FFTW's.
 *
 * Checked: the spectrum of a sum of plane waves, at each of its places; then, for the random field
 * that is timed, that the spectrum has the field's energy (Parseval) and that the field comes back.
 */
#include <mpi.h>
#include "app.h"
#include "fft3d_pencils.h"
#include "random.h"
#include <fftw3.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#define WAVES 5

enum {
    OPTION_N,
    OPTION_ITERATIONS,
    OPTION_ROWS,
    OPTIONS
};

static struct app_option options[OPTIONS] = {
    { "n", "numbers along each axis", NULL, 2, 4096, 128, 24 },
    { "iterations", "of forward and backward", NULL, 1, 100000, 20, 2 },
    { "rows", "of the grid of ranks; 0: nearly square", NULL, 0, 100000, 0, 0 },
};

static struct pencils cube;
static fftw_plan forward, backward;

/* The spectrum of exp(2 pi i (kx x + ky y + kz z) / n) times height is n^3 height at (kx, ky, kz)
 * and 0 elsewhere. */
struct wave {
    int k[3];
    double height;
};

/* ---- transform -------------------------------------------------------------------------------- */

static fftw_plan plan(int sign)
{
    return fftw_plan_many_dft(1, &cube.n, cube.lines, cube.data, NULL, 1, cube.n, cube.data, NULL,
                              1, cube.n, sign, FFTW_ESTIMATE);
}

static void transform_forward(void)
{
    fftw_execute(forward);
    pencils_transpose(&cube, PENCILS_X, PENCILS_Y);
    fftw_execute(forward);
    pencils_transpose(&cube, PENCILS_Y, PENCILS_Z);
    fftw_execute(forward);
}

/* Not yet divided by n^3. */
static void transform_backward(void)
{
    fftw_execute(backward);
    pencils_transpose(&cube, PENCILS_Z, PENCILS_Y);
    fftw_execute(backward);
    pencils_transpose(&cube, PENCILS_Y, PENCILS_X);
    fftw_execute(backward);
}

static void scale(double factor)
{
    for (size_t i = 0; i < cube.elements; i++) {
        cube.data[i] *= factor;
    }
}

/* ---- checks ----------------------------------------------------------------------------------- */

static double points(void)
{
    return (double) cube.n * cube.n * cube.n;
}

/* Rounding error of so many transforms, as a part of the size of numbers: grows at most as their
 * logarithm; found to be below 1/10 of this. */
static double tolerance(int transforms)
{
    return 10 * DBL_EPSILON * log2(points()) * transforms;
}

/* At places of the spectrum that differ in all of x, y, z as far as n allows. */
static void make_waves(struct wave *waves)
{
    for (int w = 0; w < WAVES; w++) {
        waves[w].height = 1 + w;
        for (int axis = 0; axis < 3; axis++) {
            waves[w].k[axis] =
                (int) (random_bits(1 + (uint64_t) axis, (uint64_t) w) % (uint64_t) cube.n);
        }
    }
}

static double complex wave_value(const struct wave *wave, const int place[3])
{
    long turns = 0;

    for (int axis = 0; axis < 3; axis++) {
        turns += (long) wave->k[axis] * place[axis];
    }
    return wave->height * cexp(2 * M_PI * I * (double) (turns % cube.n) / cube.n);
}

static double spectrum_value(const struct wave *wave, const int place[3])
{
    return place[0] == wave->k[0] && place[1] == wave->k[1] && place[2] == wave->k[2]
               ? wave->height * points()
               : 0;
}

/* No sum of waves is larger than the sum of their heights. */
static bool waves_are_right(void)
{
    struct wave waves[WAVES];
    bool right = true;
    int place[3];

    make_waves(waves);
    for (size_t i = 0; i < cube.elements; i++) {
        pencils_place(&cube, PENCILS_X, i, place);
        cube.data[i] = 0;
        for (int w = 0; w < WAVES; w++) {
            cube.data[i] += wave_value(&waves[w], place);
        }
    }
    transform_forward();
    for (size_t i = 0; i < cube.elements; i++) {
        double complex want = 0;

        pencils_place(&cube, PENCILS_Z, i, place);
        for (int w = 0; w < WAVES; w++) {
            want += spectrum_value(&waves[w], place);
        }
        right = right && cabs(cube.data[i] - want) <= tolerance(1) * points() * WAVES * WAVES;
    }
    return right;
}

static double complex field_value(size_t i)
{
    int place[3];
    uint64_t number;

    pencils_place(&cube, PENCILS_X, i, place);
    number = (((uint64_t) place[2] * (uint64_t) cube.n + (uint64_t) place[1]) * (uint64_t) cube.n +
              (uint64_t) place[0]) *
             2;
    return random_unit(0, number) - 0.5 + (random_unit(0, number + 1) - 0.5) * I;
}

static void make_field(void)
{
    for (size_t i = 0; i < cube.elements; i++) {
        cube.data[i] = field_value(i);
    }
}

static bool field_is_back(int iterations)
{
    bool right = true;

    for (size_t i = 0; i < cube.elements; i++) {
        right = right && cabs(cube.data[i] - field_value(i)) <= tolerance(2 * iterations);
    }
    return right;
}

static double energy(void)
{
    double sum = 0, all = 0;

    for (size_t i = 0; i < cube.elements; i++) {
        sum +=
            creal(cube.data[i]) * creal(cube.data[i]) + cimag(cube.data[i]) * cimag(cube.data[i]);
    }
    MPI_Allreduce(&sum, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return all;
}

static bool energy_is_kept(void)
{
    double before, after;

    make_field();
    before = energy();
    transform_forward();
    after = energy() / points();
    return fabs(after - before) <= 10 * DBL_EPSILON * sqrt(points()) * before; /* of the two sums */
}

/* ---- course ----------------------------------------------------------------------------------- */

static void run(int iterations)
{
    MPI_Barrier(MPI_COMM_WORLD);
    app_start();
    for (int i = 0; i < iterations; i++) {
        transform_forward();
        transform_backward();
        scale(1 / points());
    }
    app_stop();
}

/* Returns the rows, and columns, of the grid of ranks. */
static int grid(int n, int *columns)
{
    int dims[2] = { (int) options[OPTION_ROWS].value, 0 }, ranks;

    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (dims[0] > 0 && ranks % dims[0] != 0) {
        app_option_refuse("--rows: %d: does not divide the %d ranks", dims[0], ranks);
    }
    MPI_Dims_create(ranks, 2, dims);
    if (dims[0] > n || dims[1] > n) {
        app_option_refuse("--n: %d: less than a side of the grid of %d x %d ranks: give a larger "
                          "cube or fewer ranks",
                          n, dims[0], dims[1]);
    }
    *columns = dims[1];
    return dims[0];
}

static void report(int rows, int columns, int iterations, bool verified)
{
    char parameters[100];

    snprintf(parameters, sizeof(parameters), "n=%d iterations=%d rows=%d columns=%d", cube.n,
             iterations, rows, columns);
    app_report(MPI_COMM_WORLD, "fft3d", parameters, verified,
               2e-9 * iterations * 5 * points() * log2(points()) / app_seconds(), "GFLOP/s");
}

int main(int argc, char **argv)
{
    int iterations, rows, columns;
    bool verified;

    MPI_Init(&argc, &argv);
    app_option_read("fft3d", "3-D Fourier transform over pencils, forward and backward", options,
                    OPTIONS, argc, argv);
    iterations = (int) options[OPTION_ITERATIONS].value;
    rows = grid((int) options[OPTION_N].value, &columns);
    pencils_create(&cube, (int) options[OPTION_N].value, rows, columns);
    forward = plan(FFTW_FORWARD);
    backward = plan(FFTW_BACKWARD);
    verified = waves_are_right();
    verified = energy_is_kept() && verified;
    make_field();
    run(iterations);
    verified = field_is_back(iterations) && verified;
    report(rows, columns, iterations, verified);
    fftw_destroy_plan(forward);
    fftw_destroy_plan(backward);
    pencils_destroy(&cube);
    MPI_Finalize();
    return 0;
}
