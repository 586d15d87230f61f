/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The course of a benchmark: for each size warm-up, timing, check, one line (see bench.h).
 */
#include <mpi.h>
#include "bench.h"
#include "options.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLOTS_BYTES (16 << 20) /* room for windows of which each message has its place */

struct bench bench;
MPI_Comm bench_comm;
static const struct bench_program *program;
static struct options options;

static bool alloc_mem(size_t bytes, MPI_Info info, void **memory)
{
    return MPI_Alloc_mem((MPI_Aint) bytes, info, memory) == MPI_SUCCESS;
}

static void set_errors(MPI_Errhandler handler)
{
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, handler);
}

/* Memory that an MPI can give its own peers access to, if it knows how; some refuse the key. */
static void *allocate_shared(size_t bytes)
{
    void *memory = NULL;
    bool got;
    MPI_Info info;

    MPI_Info_create(&info);
    MPI_Info_set(info, "mpich_buf_type", "shmem");
    set_errors(MPI_ERRORS_RETURN);
    got = alloc_mem(bytes, info, &memory) || alloc_mem(bytes, MPI_INFO_NULL, &memory);
    set_errors(MPI_ERRORS_ARE_FATAL);
    MPI_Info_free(&info);
    return got ? memory : NULL;
}

_Noreturn static void no_memory(size_t bytes)
{
    fprintf(stderr, "%s: buffer: no memory for %zu bytes: give a lower --max\n", program->name,
            bytes);
    MPI_Abort(MPI_COMM_WORLD, 1);
    exit(1);
}

void *bench_shared_memory(size_t bytes)
{
    void *memory = allocate_shared(bytes);

    if (memory == NULL) {
        no_memory(bytes);
    }
    return memory;
}

static void *allocate(size_t bytes, bool shared)
{
    size_t whole = (bytes + 4095) & ~(size_t) 4095;
    void *memory = shared ? allocate_shared(whole) : aligned_alloc(4096, whole);

    if (memory == NULL) {
        no_memory(bytes);
    }
    memset(memory, 0, bytes);
    return memory;
}

static void release(void *memory, bool shared)
{
    if (shared) {
        MPI_Free_mem(memory);
    } else {
        free(memory);
    }
}

/* Measuring ranks on the first processors that this process may use: pair 0 on two of them. */
static void pin(void)
{
    cpu_set_t allowed, one;
    int skip = bench.rank;

    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || CPU_COUNT(&allowed) < 2) {
        return;
    }
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && skip-- == 0) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof(one), &one);
            return;
        }
    }
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/* Seconds of the iterations, mean of all pairs (or ranks), the same value on every active rank.
 * The longest time goes to slowest, on rank 0, unless that is NULL. */
static double time_exchange(size_t bytes, int iterations, double *slowest)
{
    double start, seconds = 0, sum = 0;

    MPI_Barrier(bench_comm);
    program->exchange(bytes, 1); /* the pair starts together, however long the barrier took */
    start = now();
    program->exchange(bytes, iterations);
    if (bench.first || program->together) {
        seconds = now() - start;
    }
    MPI_Reduce(&seconds, &sum, 1, MPI_DOUBLE, MPI_SUM, 0, bench_comm);
    if (slowest != NULL) {
        MPI_Reduce(&seconds, slowest, 1, MPI_DOUBLE, MPI_MAX, 0, bench_comm);
    }
    MPI_Bcast(&sum, 1, MPI_DOUBLE, 0, bench_comm);
    return sum / (program->together ? bench.active : bench.pairs);
}

/* Two turns at least: in the first some ranks run ahead of the others. */
static int whole_turns(int iterations)
{
    int turn = program->rooted ? bench.active : 1;

    return iterations < 2 * turn && program->rooted ? 2 * turn : iterations / turn * turn;
}

/* Warm-up by ever more iterations; returns how many fit the time given. */
static int warm_up(size_t bytes)
{
    double seconds, fit;
    int n = whole_turns(1);

    for (;;) {
        seconds = time_exchange(bytes, n, NULL);
        if (seconds >= options.seconds / 10 || n >= options.iterations / 10) {
            break;
        }
        n *= 2;
    }
    fit = options.seconds / (seconds > 1e-9 ? seconds : 1e-9) * n;
    fit = fit >= options.iterations ? options.iterations : fit < 1 ? 1 : fit;
    return whole_turns((int) fit);
}

static void print_values(size_t bytes, int iterations, double seconds, double slowest)
{
    printf("%-10zu %14.4f", bytes, program->value(bytes, iterations, seconds));
    if (program->together) {
        printf(" %14.4f", program->value(bytes, iterations, slowest));
    }
    printf("\n");
    fflush(stdout);
}

static void measure(size_t bytes)
{
    double seconds, slowest;
    int iterations;

    if (program->prepare != NULL) {
        program->prepare(bytes);
    }
    program->verify(bytes);
    iterations = warm_up(bytes);
    seconds = time_exchange(bytes, iterations, &slowest);
    program->verify(bytes);
    if (program->finish != NULL) {
        program->finish();
    }
    if (bench.rank == 0) {
        print_values(bytes, iterations, seconds, slowest);
    }
}

/* Until the idle ranks are at rest. */
static void settle(void)
{
    const struct timespec pause = { .tv_nsec = 300 * 1000 * 1000 };

    if (bench.ranks > bench.active) {
        nanosleep(&pause, NULL);
    }
}

/* An idle rank waits in a receive, or asleep with a look at it ten times a second. */
static void wait_idle(void)
{
    const struct timespec nap = { .tv_nsec = 100 * 1000 * 1000 };
    MPI_Request request;
    int done = 0;

    if (!options.sleep) {
        MPI_Recv(NULL, 0, MPI_BYTE, 0, BENCH_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        return;
    }
    MPI_Irecv(NULL, 0, MPI_BYTE, 0, BENCH_TAG, MPI_COMM_WORLD, &request);
    while (MPI_Test(&request, &done, MPI_STATUS_IGNORE), !done) {
        nanosleep(&nap, NULL);
    }
}

static void release_idle(void)
{
    for (int i = bench.active; bench.rank == 0 && i < bench.ranks; i++) {
        MPI_Send(NULL, 0, MPI_BYTE, i, BENCH_TAG, MPI_COMM_WORLD);
    }
}

/* What the library calls itself: one line without its build options. */
static void print_library(void)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING], *end;
    int length;

    MPI_Get_library_version(text, &length);
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

static void run(void)
{
    if (bench.rank == 0) {
        print_library();
        printf("# %s\n# %d ranks, %d of them measure\n%-10s %14s%s\n", program->title, bench.ranks,
               bench.active, "# size", "value", program->together ? "        slowest" : "");
    }
    settle();
    for (int i = 0; i < options.sizes; i++) {
        measure(options.size[i]);
    }
    release_idle();
}

/* Why the job cannot be measured, or NULL. */
static const char *bad_ranks(void)
{
    if (program->together) {
        return bench.ranks > 1 ? NULL : "too few ranks: start it with mpiexec -n 2 or more";
    }
    if (bench.ranks < 2 * bench.pairs || bench.pairs == 0) {
        return "too few ranks: start it with mpiexec -n 2";
    }
    if (program->pairs == 0 && bench.ranks % 2 != 0) {
        return "all ranks work in pairs: start an even number";
    }
    if (program->pairs != 0 && !program->takes_idle && bench.ranks != 2 * program->pairs) {
        return "measures one pair: start it with mpiexec -n 2";
    }
    return NULL;
}

static const char *bad_sizes(void)
{
    const char *problem = NULL;

    for (int i = 0; i < options.sizes && problem == NULL && program->problem != NULL; i++) {
        problem = program->problem(options.size[i]);
    }
    return problem;
}

static bool usable(int argc, char **argv)
{
    const char *problem;

    MPI_Comm_rank(MPI_COMM_WORLD, &bench.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &bench.ranks);
    bench.pairs = program->together ? 0 : program->pairs != 0 ? program->pairs : bench.ranks / 2;
    bench.active = program->together ? bench.ranks : 2 * bench.pairs;
    if (!options_read(&options, program, argc, argv, bench.rank == 0)) {
        return false;
    }
    bench.window = options.window;
    bench.type = options.type;
    bench.dynamic = options.dynamic;
    problem = bad_ranks();
    if (problem == NULL) {
        problem = bad_sizes();
    }
    if (problem == NULL || options.help) {
        return true;
    }
    if (bench.rank == 0) {
        fprintf(stderr, "%s: %s\n", program->name, problem);
    }
    return false;
}

/* Pairs: a message each way and a guard, or the slots. Together: a block for each rank, and one
 * more. */
static size_t buffer_bytes(void)
{
    if (program->together) {
        return options.largest * ((size_t) bench.ranks + 1) + 64;
    }
    return 2 * options.largest > SLOTS_BYTES ? 2 * options.largest : SLOTS_BYTES;
}

static void run_in_role(void)
{
    bool active = bench.rank < bench.active;

    bench.first = bench.rank % 2 == 0;
    bench.peer = bench.rank ^ 1;
    MPI_Comm_split(MPI_COMM_WORLD, active ? 0 : MPI_UNDEFINED, bench.rank, &bench_comm);
    if (!active) {
        wait_idle();
        return;
    }
    if (options.pin) {
        pin();
    }
    bench.buffer_bytes = buffer_bytes();
    bench.send = allocate(bench.buffer_bytes, options.alloc_send);
    bench.receive = allocate(bench.buffer_bytes, options.alloc_receive);
    run();
    release(bench.send, options.alloc_send);
    release(bench.receive, options.alloc_receive);
    MPI_Comm_free(&bench_comm);
}

int bench_main(int argc, char **argv, const struct bench_program *which)
{
    int status = 0;

    program = which;
    MPI_Init(&argc, &argv);
    if (!usable(argc, argv)) {
        status = 2;
    } else if (!options.help) {
        run_in_role();
    }
    MPI_Finalize();
    return status;
}

static char pattern(size_t at, unsigned seed)
{
    return (char) (at * 7 + (at >> 8) * 13 + seed * 31 + 1);
}

void bench_fill(char *data, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i++) {
        data[i] = pattern(i, seed);
    }
}

_Noreturn void bench_wrong(const char *what, size_t at)
{
    const struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };

    fprintf(stderr, "%s: rank %d: %s: byte %zu is wrong\n", program->name, bench.rank, what, at);
    nanosleep(&pause, NULL); /* launchers lose the output of a rank that aborts at once */
    MPI_Abort(MPI_COMM_WORLD, 1);
    exit(1);
}

void bench_expect(const char *data, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i++) {
        if (data[i] != pattern(i, seed)) {
            bench_wrong("received data", i);
        }
    }
}

void bench_ping_pong(size_t bytes, int iterations)
{
    int count = (int) bytes;

    for (int i = 0; i < iterations; i++) {
        if (bench.first) {
            MPI_Send(bench.send, count, MPI_BYTE, bench.peer, BENCH_TAG, bench_comm);
        }
        MPI_Recv(bench.receive, count, MPI_BYTE, bench.peer, BENCH_TAG, bench_comm,
                 MPI_STATUS_IGNORE);
        if (!bench.first) {
            MPI_Send(bench.send, count, MPI_BYTE, bench.peer, BENCH_TAG, bench_comm);
        }
    }
}

void bench_verify_ping_pong(size_t bytes)
{
    bench_fill(bench.send, bytes, (unsigned) bench.rank);
    memset(bench.receive, 0, bytes + 1);
    bench_ping_pong(bytes, 1);
    bench_expect(bench.receive, bytes, (unsigned) bench.peer);
    if (bench.receive[bytes] != 0) {
        bench_wrong("memory behind the received data", bytes);
    }
}

double bench_us(size_t bytes, int iterations, double seconds)
{
    (void) bytes;
    return seconds / iterations * 1e6;
}

double bench_one_way_us(size_t bytes, int iterations, double seconds)
{
    (void) bytes;
    return seconds / (2.0 * iterations) * 1e6;
}
