/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * stages: a job that stops where benchmarks/scaling/run looks at the region. Rank 0 prints
 *   started SECONDS      longest MPI_Init of all ranks
 *   connected            each rank has exchanged a message with each other one
 *   collective           and the communicator has its area for collective operations
 * and after each line waits for one on its standard input; the others wait for rank 0.
 */
#include <mpi.h>
#include <stdio.h>
#include <time.h>

#define OPERATIONS 8 /* the area is made by one of the first */

static int rank, size;

static void await_line(void)
{
    char answer[16];

    if (fgets(answer, sizeof(answer), stdin) == NULL) {
        fprintf(stderr, "stages: standard input: ended: start it by benchmarks/scaling/run\n");
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

/* Messages only: a collective operation could make an area. */
static void stop_at(const char *line)
{
    int go = 1;

    if (rank != 0) {
        MPI_Send(&go, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
        MPI_Recv(&go, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        return;
    }
    for (int peer = 1; peer < size; peer++) {
        MPI_Recv(&go, 1, MPI_INT, peer, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    printf("%s\n", line);
    fflush(stdout);
    await_line();
    for (int peer = 1; peer < size; peer++) {
        MPI_Send(&go, 1, MPI_INT, peer, 0, MPI_COMM_WORLD);
    }
}

/* At rank 0. */
static double longest(double own)
{
    double other;

    if (rank != 0) {
        MPI_Send(&own, 1, MPI_DOUBLE, 0, 1, MPI_COMM_WORLD);
        return own;
    }
    for (int peer = 1; peer < size; peer++) {
        MPI_Recv(&other, 1, MPI_DOUBLE, peer, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        own = other > own ? other : own;
    }
    return own;
}

static void connect_all(void)
{
    for (int distance = 1; distance < size; distance++) {
        int to = (rank + distance) % size, from = (rank + size - distance) % size, got;
        MPI_Sendrecv(&rank, 1, MPI_INT, to, 2, &got, 1, MPI_INT, from, 2, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        if (got != from) {
            fprintf(stderr, "stages: rank %d got %d from rank %d\n", rank, got, from);
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
    }
}

static void make_area(void)
{
    for (int i = 0; i < OPERATIONS; i++) {
        int sum = 0;
        MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
        if (sum != size * (size - 1) / 2) {
            fprintf(stderr, "stages: rank %d: the sum of ranks is %d\n", rank, sum);
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
    }
}

/* MPI_Wtime() is not there before MPI_Init(). */
static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    char line[64];
    double start = now_s(), seconds;

    MPI_Init(&argc, &argv);
    seconds = now_s() - start;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    snprintf(line, sizeof(line), "started %.6f", longest(seconds));
    stop_at(line);
    connect_all();
    stop_at("connected");
    make_area();
    stop_at("collective");
    MPI_Finalize();
    return 0;
}
