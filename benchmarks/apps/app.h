/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the applications share: options, the time inside and outside MPI, the report.
 *
 * A program is linked with app_time.c, app_report.c and app_option.c. All functions want
 * MPI_Init() done and MPI_Finalize() not; app_seconds() and app_communication() may be called at
 * any time.
 */
#ifndef APP_H_INCLUDED
#define APP_H_INCLUDED

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

/* ---- time: app_time.c ------------------------------------------------------------------------- */

/* The timed part of this rank is between the two, or, if there are several such pairs, all of them
 * together. Neither of them waits for another rank. Calls of MPI in between are counted as
 * communication, whole, and one that the library makes inside another is part of that one. */
void app_start(void);
void app_stop(void);

double app_seconds(void);       /* of the timed part, on this rank */
double app_communication(void); /* seconds of it that this rank spent in MPI */

/* ---- report: app_report.c --------------------------------------------------------------------- */

/* Collective, of all ranks of comm; not counted. Rank 0 prints lines "# TEXT", then "KEY VALUE":
 *   name                       of the application
 *   parameters                 what rank 0 gave, as the program wrote it
 *   ranks                      of comm
 *   verified                   yes if so on every rank, or no
 *   seconds                    of the timed part, the longest of the ranks
 *   computation_seconds        outside of MPI, mean of the ranks
 *   communication_seconds      inside of MPI, mean of the ranks
 *   communication_max_seconds  inside of MPI, the longest of the ranks
 *   rate                       number and unit, of rank 0
 * Does not return if a rank is not verified: ends MPI and the program with status 1. */
void app_report(MPI_Comm comm, const char *name, const char *parameters, bool verified, double rate,
                const char *unit);

/* ---- options and errors: app_option.c --------------------------------------------------------- */

struct app_option {
    const char *name;  /* of --NAME=VALUE */
    const char *help;  /* one line */
    const char *words; /* "S W A": VALUE is one of these, value its index. NULL: a whole number */
    long low, high;    /* limits of a number, inclusive */
    long value;        /* the default; then what was given */
    long quick;        /* the default with --quick */
};

/* Reads the command line into the values; on all ranks, after MPI_Init(). --help prints what there
 * is and ends the program with status 0; anything unusable is named by rank 0 in one line and ends
 * it with status 2. In either case the function does not return. */
void app_option_read(const char *name, const char *title, struct app_option *options, int count,
                     int argc, char **argv);

/* Whether an option is on the command line, and not only has its default. */
bool app_option_given(const char *option, int argc, char **argv);

/* The same line and end for options that do not fit each other or the ranks. Called by all ranks. */
_Noreturn void app_option_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line of this rank, and the end of the job with status 1. Any rank may call it alone. */
_Noreturn void app_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed memory, or app_fail(). Free it by free(). */
void *app_allocate(size_t count, size_t bytes);

#endif
