/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the NAS kernels share (see nas.h).
 */
#include <mpi.h>
#include "nas.h"
#include "app.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>

static const char letters[] = "SWA";

static void report(const struct nas_kernel *kernel, enum nas_class class,
                   const struct nas_outcome *outcome)
{
    const double seconds = app_seconds();
    char parameters[120];

    snprintf(parameters, sizeof(parameters), "class=%c %s", letters[class], outcome->sizes);
    app_report(MPI_COMM_WORLD, kernel->name, parameters, outcome->verified,
               seconds > 0 ? outcome->millions / seconds : 0, "Mop/s");
}

int nas_main(int argc, char **argv, const struct nas_kernel *kernel)
{
    struct app_option option = { "class", "problem class", "S W A", 0, 0, NAS_S, NAS_S };
    struct nas_outcome outcome = { .verified = false };
    const char *refusal;
    int ranks;

    MPI_Init(&argc, &argv);
    app_option_read(kernel->name, kernel->title, &option, 1, argc, argv);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    refusal = kernel->refusal((enum nas_class) option.value, ranks);
    if (refusal != NULL) {
        app_option_refuse("%d ranks, class %c: %s", ranks, letters[option.value], refusal);
    }
    kernel->run((enum nas_class) option.value, MPI_COMM_WORLD, &outcome);
    report(kernel, (enum nas_class) option.value, &outcome);
    MPI_Finalize();
    return 0;
}

bool nas_close(double value, double expected, double epsilon)
{
    return fabs(value - expected) <= epsilon * fabs(expected);
}

bool nas_is_power_of_two(int number)
{
    return number > 0 && (number & (number - 1)) == 0;
}

int nas_log2(int power)
{
    int bits = 0;

    while (power > 1) {
        power /= 2;
        bits++;
    }
    return bits;
}

int nas_first(int part, int parts, int items)
{
    return (int) ((int64_t) part * items / parts);
}
