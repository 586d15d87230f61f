/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the NAS kernels share: the class on the command line, the report, the split of work.
 *
 * Sizes, numbers and expected results are those of the specification (report RNR-94-007) and of
 * the classes defined after it; each program holds a table of its own.
 */
#ifndef NAS_H_INCLUDED
#define NAS_H_INCLUDED

#include <mpi.h>
#include <stdbool.h>

#define NAS_CLASSES 3

enum nas_class {
    NAS_S,
    NAS_W,
    NAS_A
};

struct nas_outcome {
    char sizes[80];  /* for the report */
    bool verified;   /* what this rank has seen */
    double millions; /* of operations of all ranks, as the specification counts them */
};

struct nas_kernel {
    const char *name, *title;

    /* Why so many ranks cannot share this class, and what to do; NULL if they can. */
    const char *(*refusal)(enum nas_class class, int ranks);

    /* The timed part is between app_start() and app_stop(). */
    void (*run)(enum nas_class class, MPI_Comm comm, struct nas_outcome *outcome);
};

/* Returns main()'s status, or ends the program as app_report() does. */
int nas_main(int argc, char **argv, const struct nas_kernel *kernel);

/* No further apart than epsilon, relative to the expected; false for what is no number. */
bool nas_close(double value, double expected, double epsilon);

bool nas_is_power_of_two(int number);
int nas_log2(int power);

/* Of so many items in consecutive parts, as equal as can be: the first of a part. */
int nas_first(int part, int parts, int items);

#endif
