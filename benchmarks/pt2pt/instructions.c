/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * instructions FILE BYTES BATCH ROUNDS: calls of which no one has to wait, for callgrind to count
 * (see benchmarks/instructions). Rank 0 sends, rank 1 receives. While one is inside MPI the other
 * sleeps outside: they meet in FILE, which both map. Each count_* function is entered once a round
 * by one rank and handles BATCH messages; all of them must find room on their way.
 */
#include <mpi.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX 24
#define BYTES_MAX 4096
#define NAP_US 500
#define MEETING_S 60 /* the other rank is in a call that waits for this one */
#define KEPT __attribute__((noinline, noipa)) /* under its name */

static int rank, bytes, batch;
static char out[BATCH_MAX][BYTES_MAX], in[BATCH_MAX][BYTES_MAX];
static MPI_Request requests[BATCH_MAX];
static _Atomic unsigned *arrived; /* in FILE: how often each rank came to a meeting */

_Noreturn static void fail(const char *text)
{
    fprintf(stderr, "instructions: rank %d: %s\n", rank, text);
    MPI_Abort(MPI_COMM_WORLD, 1);
    exit(1);
}

static void map_meetings(const char *path)
{
    int fd = open(path, O_RDWR);

    arrived = mmap(NULL, 2 * sizeof(*arrived), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (arrived == MAP_FAILED) {
        fail("FILE: cannot be mapped: give one of 8 bytes, all 0");
    }
    close(fd);
}

/* [meet] release, and acquire in the other rank: what was sent before is there after it. */
static void meet(void)
{
    unsigned mine = atomic_fetch_add_explicit(&arrived[rank], 1, memory_order_release) + 1;
    time_t start = time(NULL);

    while ((int) (atomic_load_explicit(&arrived[!rank], memory_order_acquire) - mine) < 0) {
        if (time(NULL) - start > MEETING_S) {
            fail("a call of the other rank waits for this one: give a smaller BATCH or BYTES");
        }
        usleep(NAP_US);
    }
}

static inline void send_all(void)
{
    for (int i = 0; i < batch; i++) {
        MPI_Send(out[i], bytes, MPI_BYTE, 1, i, MPI_COMM_WORLD);
    }
}

static inline void receive_all(void)
{
    for (int i = 0; i < batch; i++) {
        MPI_Recv(in[i], bytes, MPI_BYTE, 0, i, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

static inline void start_sends(void)
{
    for (int i = 0; i < batch; i++) {
        MPI_Isend(out[i], bytes, MPI_BYTE, 1, i, MPI_COMM_WORLD, &requests[i]);
    }
}

static inline void start_receives(void)
{
    for (int i = 0; i < batch; i++) {
        MPI_Irecv(in[i], bytes, MPI_BYTE, 0, i, MPI_COMM_WORLD, &requests[i]);
    }
}

static inline void wait_each(void)
{
    for (int i = 0; i < batch; i++) {
        MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
    }
}

/* The second statement keeps this from becoming a jump that leaves the counted function. */
static inline void wait_all(void)
{
    MPI_Waitall(batch, requests, MPI_STATUSES_IGNORE);
    atomic_signal_fence(memory_order_seq_cst);
}

/* callgrind counts inside these and knows them by name. */
#define COUNTED(name, body)             \
    KEPT static void count_##name(void) \
    {                                   \
        body();                         \
    }
COUNTED(send, send_all)
COUNTED(recv, receive_all)
COUNTED(isend, start_sends)
COUNTED(isend_wait, wait_each)
COUNTED(isend_waitall, wait_all)
COUNTED(irecv_before, start_receives)
COUNTED(irecv_before_wait, wait_each)
COUNTED(irecv_before_waitall, wait_all)
COUNTED(irecv_after, start_receives)
COUNTED(irecv_after_wait, wait_each)
COUNTED(irecv_after_waitall, wait_all)

static void fill(int round)
{
    for (int i = 0; i < batch; i++) {
        memset(out[i], round * BATCH_MAX + i, (size_t) bytes);
        memset(in[i], 0xff, (size_t) bytes);
    }
}

static void check(void)
{
    for (int i = 0; i < batch; i++) {
        if (memcmp(in[i], out[i], (size_t) bytes) != 0) {
            fail("received data are wrong");
        }
        memset(in[i], 0xff, (size_t) bytes);
    }
}

/* Until the last message is among the unexpected ones, hence all are. */
static void take_in(void)
{
    int there = 0;

    while (!there) {
        MPI_Iprobe(0, batch - 1, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
    }
}

static void plain(void)
{
    if (rank == 0) {
        count_send();
        meet();
    } else {
        meet();
        count_recv();
        check();
    }
    meet();
}

static void sends(void (*start)(void), void (*complete)(void))
{
    if (rank == 0) {
        start();
        meet();
        meet();
        complete();
    } else {
        meet();
        receive_all();
        check();
        meet();
    }
    meet();
}

static void receives_before(void (*start)(void), void (*complete)(void))
{
    if (rank == 0) {
        meet();
        send_all();
        meet();
    } else {
        start();
        meet();
        meet();
        complete();
        check();
    }
    meet();
}

static void receives_after(void (*start)(void), void (*complete)(void))
{
    if (rank == 0) {
        send_all();
        meet();
    } else {
        meet();
        take_in();
        start();
        complete();
        check();
    }
    meet();
}

static void round_of_all(void)
{
    plain();
    sends(count_isend, count_isend_wait);
    sends(start_sends, count_isend_waitall);
    receives_before(count_irecv_before, count_irecv_before_wait);
    receives_before(start_receives, count_irecv_before_waitall);
    receives_after(count_irecv_after, count_irecv_after_wait);
    receives_after(start_receives, count_irecv_after_waitall);
}

/* Both inside MPI, so that whatever wants the other's help to connect gets it. */
static void connect_ranks(void)
{
    for (int i = 0; i < 100; i++) {
        MPI_Sendrecv(out[0], bytes, MPI_BYTE, !rank, 0, in[0], bytes, MPI_BYTE, !rank, 0,
                     MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
}

static int number(const char *text, int most)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end != '\0' || value < 1 || value > most) {
        fail("BYTES, BATCH or ROUNDS: not a usable value");
    }
    return (int) value;
}

int main(int argc, char **argv)
{
    int rounds, ranks;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (argc != 5 || ranks != 2) {
        fail("give FILE BYTES BATCH ROUNDS, and start it with mpiexec -n 2");
    }
    bytes = number(argv[2], BYTES_MAX);
    batch = number(argv[3], BATCH_MAX);
    rounds = number(argv[4], 10000);
    map_meetings(argv[1]);
    connect_ranks();
    meet();
    for (int i = 0; i < rounds; i++) {
        fill(i);
        round_of_all();
    }
    MPI_Finalize();
    return 0;
}
