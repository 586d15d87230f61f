/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the MPI test programs share (see check.h).
 */
#include "check.h"
#include <signal.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

struct check check;

static const char *volatile at_what = "start";
static volatile long at_number;

static void end_by_signal(int signal_number)
{
    char line[160];
    int length;

    /* snprintf is not async-signal-safe by the letter; the process ends here in any case */
    length = snprintf(line, sizeof(line), "rank %d: %s at %s %ld (seed %llu)\n", check.rank,
                      signal_number == SIGALRM ? "out of time" : "crashed", at_what, at_number,
                      (unsigned long long) check.seed);
    if (write(STDERR_FILENO, line, (size_t) length) < 0) {
        _exit(2);
    }
    _exit(1);
}

static int arguments;
static char **argument;

/* "-name" finds "--name" too. */
const char *check_word(const char *name)
{
    for (int i = 1; i + 1 < arguments; i++) {
        if (strcmp(argument[i], name) == 0 ||
            (argument[i][0] == '-' && strcmp(argument[i] + 1, name) == 0)) {
            return argument[i + 1];
        }
    }
    return NULL;
}

long check_option(const char *name, long value)
{
    const char *word = check_word(name);

    return word != NULL ? strtol(word, NULL, 10) : value;
}

bool check_last_word(int *argc, char **argv, const char *word)
{
    if (*argc > 1 && strcmp(argv[*argc - 1], word) == 0) {
        (*argc)--;
        return true;
    }
    return false;
}

void check_start(int *argc, char ***argv, int rounds, int max_bytes)
{
    int initialized;
    int64_t seed;

    arguments = *argc;
    argument = *argv;
    check.limit = (int) check_option("-limit", 100);
    signal(SIGALRM, end_by_signal);
    alarm((unsigned) check.limit);
    MPI_Initialized(&initialized);
    if (!initialized) {
        MPI_Init(argc, argv);
    }
    signal(SIGSEGV, end_by_signal);
    signal(SIGABRT, end_by_signal);
    MPI_Comm_rank(MPI_COMM_WORLD, &check.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &check.size);
    check.rounds = (int) check_option("-rounds", rounds);
    check.max_bytes = (int) check_option("-max", max_bytes);
    seed = check_option("-seed", (long) time(NULL));
    MPI_Bcast(&seed, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
    check.seed = (uint64_t) seed;
    if (check.rank == 0) {
        printf("# seed %lld\n", (long long) seed);
        fflush(stdout);
    }
}

void check_at(const char *what, long number)
{
    at_what = what;
    at_number = number;
}

_Noreturn void check_failed(const char *file, int line, const char *format, ...)
{
    char text[300];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fprintf(stderr, "%s:%d: rank %d: %s (seed %llu, %s %ld)\n", file, line, check.rank, text,
            (unsigned long long) check.seed, at_what, at_number);
    fflush(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
    exit(1);
}

int check_end(void)
{
    MPI_Barrier(MPI_COMM_WORLD);
    if (check.rank == 0) {
        printf(" No Errors\n");
        fflush(stdout);
    }
    check_at("finalize", 0);
    MPI_Finalize();
    return 0;
}

void *check_alloc(size_t bytes)
{
    void *memory = malloc(bytes > 0 ? bytes : 1);

    CHECK(memory != NULL, "no memory for %zu bytes", bytes);
    return memory;
}

/* splitmix64 */
uint64_t rng_next(struct rng *rng)
{
    uint64_t z = (rng->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t rng_below(struct rng *rng, uint32_t limit)
{
    return (uint32_t) (rng_next(rng) >> 32) % limit;
}

struct rng rng_for(uint64_t a, uint64_t b)
{
    struct rng rng = { check.seed ^ (a * UINT64_C(0x100000001b3)) };

    rng.state = rng_next(&rng) ^ b;
    rng_next(&rng);
    return rng;
}

void payload_fill(uint8_t *buf, size_t bytes, uint32_t key)
{
    for (size_t i = 0; i < bytes; i++) {
        buf[i] = payload_byte(key, i);
    }
}

long payload_wrong(const uint8_t *buf, size_t bytes, uint32_t key)
{
    for (size_t i = 0; i < bytes; i++) {
        if (buf[i] != payload_byte(key, i)) {
            return (long) i;
        }
    }
    return -1;
}
