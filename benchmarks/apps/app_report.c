/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The report of an application (see app.h). Calls PMPI only: none of it is timed.
 */
#include <mpi.h>
#include "app.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct times {
    double longest, computation, communication, longest_communication;
};

/* What the library calls itself: one line without its build options. */
static void print_library(void)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING], *end;
    int length;

    PMPI_Get_library_version(text, &length);
    if ((end = strstr(text, "MPICH configure")) != NULL) {
        *end = '\0';
    }
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\t') {
            *c = ' ';
        }
    }
    printf("# library: %.200s\n", text);
}

/* On rank 0. */
static struct times collect(MPI_Comm comm, int ranks)
{
    double mine[2] = { app_seconds(), app_communication() }, sum[2] = { 0 }, max[2] = { 0 };

    PMPI_Reduce(mine, sum, 2, MPI_DOUBLE, MPI_SUM, 0, comm);
    PMPI_Reduce(mine, max, 2, MPI_DOUBLE, MPI_MAX, 0, comm);
    return (struct times){
        .longest = max[0],
        .computation = (sum[0] - sum[1]) / ranks,
        .communication = sum[1] / ranks,
        .longest_communication = max[1],
    };
}

static bool on_all(MPI_Comm comm, bool here)
{
    int mine = here, all = 0;

    PMPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_LAND, comm);
    return all != 0;
}

void app_report(MPI_Comm comm, const char *name, const char *parameters, bool verified, double rate,
                const char *unit)
{
    bool right = on_all(comm, verified);
    struct times times;
    int rank, ranks;

    PMPI_Comm_rank(comm, &rank);
    PMPI_Comm_size(comm, &ranks);
    times = collect(comm, ranks);
    if (rank == 0) {
        print_library();
        printf("name %s\nparameters %s\nranks %d\nverified %s\n", name, parameters, ranks,
               right ? "yes" : "no");
        printf("seconds %.6f\ncomputation_seconds %.6f\ncommunication_seconds %.6f\n",
               times.longest, times.computation, times.communication);
        printf("communication_max_seconds %.6f\nrate %.6g %s\n", times.longest_communication, rate,
               unit);
        fflush(stdout);
    }
    if (!right) {
        PMPI_Finalize();
        exit(1);
    }
}
