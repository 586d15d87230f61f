/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * An application that only sleeps, for the times in its report. Of the timed part of a bit over
 * 1.2 s, rank 0 waits 1 s in MPI and sleeps 0.2 s in two pieces; rank 1 sleeps all the time. Outside
 * of it rank 1 sleeps 2.5 s more, while rank 0 waits for it in MPI; that does not count.
 */
#include <mpi.h>
#include "app.h"
#include <unistd.h>

static int rank;

/* Of rank 1, before a barrier. */
static void sleep_late(unsigned tenths)
{
    usleep(rank == 1 ? tenths * 100000 : 0);
    MPI_Barrier(MPI_COMM_WORLD);
}

static void sleep_tenth(void)
{
    usleep(100000);
}

int main(int argc, char **argv)
{
    struct app_option wrong = { "wrong", "the last rank finds its result wrong", NULL, 0, 1, 0, 0 };
    int ranks;

    MPI_Init(&argc, &argv);
    app_option_read("app_times", "Sleeps", &wrong, 1, argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Barrier(MPI_COMM_WORLD);
    app_start();
    sleep_late(10);
    sleep_tenth();
    app_stop();
    sleep_late(25);
    app_start();
    sleep_tenth();
    app_stop();
    app_report(MPI_COMM_WORLD, "app_times", "none", wrong.value == 0 || rank < ranks - 1, 12.5,
               "things/s");
    MPI_Finalize();
    return 0;
}
