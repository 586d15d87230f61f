/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * channels [SECONDS]: half the round-trip time of 4-byte messages and the bandwidth of 1 MiB
 * messages between rank 0 and each other rank, one pair at a time, after checking that the data
 * arrive as sent. Prints a line for each pair:
 *   pair RANK RANK NAME NAME MICROSECONDS MB_PER_SECOND
 * SECONDS is about how long each measurement takes, default 1. Fails if any byte is wrong.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SMALL 4
#define LARGE (1 << 20)
#define WINDOW 8 /* large messages under way */
#define BATCHES_MAX 50
#define ROUNDS_MAX 1000 /* in a batch */

enum {
    TAG_DATA = 1,
    TAG_ROUNDS,
    TAG_WORD
};

static char *buffers; /* WINDOW times LARGE */
static double budget = 1.0;

static unsigned char pattern(size_t i, unsigned seed)
{
    return (unsigned char) (i * 7 + (i >> 8) * 13 + seed * 31);
}

static void fill(char *buffer, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i++) {
        buffer[i] = (char) pattern(i, seed);
    }
}

static void check(const char *buffer, size_t bytes, unsigned seed, int from)
{
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char) buffer[i] != pattern(i, seed)) {
            fprintf(stderr, "channels: message of %zu bytes from rank %d: byte %zu is wrong\n",
                    bytes, from, i);
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
    }
}

/* Each side sends the other what it can check, in sizes on both sides of every threshold. */
static void verify(int peer, int first)
{
    static const int sizes[] = { 0, 1, SMALL, 100, 4000, 9000, 70000, 300001, LARGE };

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *out = buffers, *in = buffers + LARGE;
        fill(out, (size_t) sizes[i], i * 2 + (unsigned) first);
        memset(in, 0, (size_t) sizes[i]);
        MPI_Sendrecv(out, sizes[i], MPI_BYTE, peer, TAG_DATA, in, sizes[i], MPI_BYTE, peer,
                     TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        check(in, (size_t) sizes[i], i * 2 + (unsigned) !first, peer);
    }
}

static void ping_pong(int peer, int first, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        if (first) {
            MPI_Send(buffers, SMALL, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD);
        }
        MPI_Recv(buffers, SMALL, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (!first) {
            MPI_Send(buffers, SMALL, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD);
        }
    }
}

/* The first side sends windows of large messages, the other acknowledges each window. */
static void stream(int peer, int first, int rounds)
{
    MPI_Request requests[WINDOW];
    MPI_Status statuses[WINDOW];

    for (int i = 0; i < rounds; i++) {
        for (int w = 0; w < WINDOW; w++) {
            char *buffer = buffers + (size_t) w * LARGE;
            if (first) {
                MPI_Isend(buffer, LARGE, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD, &requests[w]);
            } else {
                MPI_Irecv(buffer, LARGE, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD, &requests[w]);
            }
        }
        MPI_Waitall(WINDOW, requests, statuses);
        if (first) {
            MPI_Recv(NULL, 0, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        } else {
            MPI_Send(NULL, 0, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD);
        }
    }
}

/* Both sides learn from the first how many rounds come next. */
static int agree_rounds(int peer, int first, double wanted)
{
    int agreed = wanted < 0 ? 0 : wanted < 1 ? 1 : wanted > ROUNDS_MAX ? ROUNDS_MAX : (int) wanted;

    if (first) {
        MPI_Send(&agreed, 1, MPI_INT, peer, TAG_ROUNDS, MPI_COMM_WORLD);
    } else {
        MPI_Recv(&agreed, 1, MPI_INT, peer, TAG_ROUNDS, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    return agreed;
}

typedef void work_fn(int peer, int first, int rounds);

static double time_round(work_fn *work, int peer, int first, int rounds)
{
    double start = MPI_Wtime();

    work(peer, first, rounds);
    return (MPI_Wtime() - start) / rounds;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}

/* Seconds for one round: the median of the batches that fit the budget, without the first. A
 * batch is short, so that a machine that turns slow does not stretch it. */
static double measure(work_fn *work, int peer, int first, int trial)
{
    double times[BATCHES_MAX];
    double spent = 0;
    int rounds = trial, n = 0;

    while (rounds > 0) {
        times[n] = time_round(work, peer, first, rounds);
        spent += times[n] * rounds;
        rounds = agree_rounds(peer, first,
                              ++n < BATCHES_MAX && spent < budget
                                  ? budget / BATCHES_MAX / (times[n - 1] + 1e-9)
                                  : -1);
    }
    if (n > 1) {
        times[0] = times[--n];
    }
    qsort(times, (size_t) n, sizeof(times[0]), compare);
    return times[n / 2];
}

static void measure_pair(int rank, int peer, const char *names)
{
    int first = rank == 0;
    double small, large;

    verify(peer, first);
    small = measure(ping_pong, peer, first, 20);
    for (int w = 0; w < WINDOW; w++) {
        char *buffer = buffers + (size_t) w * LARGE;
        memset(buffer, 0, LARGE);
        if (first) {
            fill(buffer, LARGE, (unsigned) w);
        }
    }
    large = measure(stream, peer, first, 1);
    for (int w = 0; w < WINDOW && !first; w++) {
        check(buffers + (size_t) w * LARGE, LARGE, (unsigned) w, peer);
    }
    if (first) {
        printf("pair %d %d %s %s %.2f %.1f\n", rank, peer, names,
               names + (size_t) peer * MPI_MAX_PROCESSOR_NAME, small / 2 * 1e6,
               (double) WINDOW * LARGE / large / 1e6);
        fflush(stdout);
    }
}

/* Waits for rank 0's word without taking the processor from the pair being measured. */
static void sleep_until_told(void)
{
    struct timespec pause = { 0, 20000000 };
    MPI_Request request;
    int told = 0;

    MPI_Irecv(NULL, 0, MPI_BYTE, 0, TAG_WORD, MPI_COMM_WORLD, &request);
    while (!told) {
        nanosleep(&pause, NULL);
        MPI_Test(&request, &told, MPI_STATUS_IGNORE);
    }
}

static void run(int rank, int size)
{
    char name[MPI_MAX_PROCESSOR_NAME] = "";
    char *names = malloc((size_t) size * MPI_MAX_PROCESSOR_NAME);
    int length;

    buffers = malloc((size_t) WINDOW * LARGE);
    if (names == NULL || buffers == NULL) {
        fprintf(stderr, "channels: rank %d: out of memory\n", rank);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    MPI_Get_processor_name(name, &length);
    MPI_Gather(name, MPI_MAX_PROCESSOR_NAME, MPI_CHAR, names, MPI_MAX_PROCESSOR_NAME, MPI_CHAR, 0,
               MPI_COMM_WORLD);
    if (rank != 0) {
        sleep_until_told();
        measure_pair(rank, 0, names);
        sleep_until_told();
    }
    for (int peer = 1; rank == 0 && peer < size; peer++) {
        MPI_Send(NULL, 0, MPI_BYTE, peer, TAG_WORD, MPI_COMM_WORLD);
        measure_pair(rank, peer, names);
    }
    for (int peer = 1; rank == 0 && peer < size; peer++) {
        MPI_Send(NULL, 0, MPI_BYTE, peer, TAG_WORD, MPI_COMM_WORLD);
    }
    free(buffers);
    free(names);
}

int main(int argc, char **argv)
{
    int rank, size;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc > 1) {
        budget = strtod(argv[1], NULL);
    }
    if (size < 2 || !(budget > 0)) {
        if (rank == 0) {
            fprintf(stderr, "usage: mpiexec -n 2 (or more) channels [SECONDS]\n");
        }
        MPI_Finalize();
        return 2;
    }
    run(rank, size);
    MPI_Finalize();
    return 0;
}
