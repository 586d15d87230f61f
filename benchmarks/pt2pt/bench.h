/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the benchmarks share: options, pairs of ranks, timing, the check of the data, printing. A
 * program is a struct bench_program and a call of bench_main().
 *
 * Ranks 2i and 2i+1 are pair i; the even one is first. Output, by rank 0: lines that start with
 * '#', then one line "SIZE VALUE" for each message size. Where all ranks measure together, a third
 * number is the value of the slowest rank.
 */
#ifndef BENCH_H_INCLUDED
#define BENCH_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

struct bench_program {
    const char *name;
    const char *title; /* what VALUE is, with its unit */
    size_t min, max;   /* message sizes by default */
    int pairs;         /* pairs that measure, the other ranks are idle; 0: all ranks in pairs */
    bool together; /* instead of in pairs: all ranks take part in each exchange, and are timed */
    bool rooted;   /* ranks take turns in the exchange: iterations are whole turns */
    bool takes_window, takes_type, takes_idle, takes_dynamic;

    /* Optional: why a size or bench.type cannot be measured, "what: remedy", or NULL. */
    const char *(*problem)(size_t bytes);
    /* Optional: before the first use of a size, and after the last. */
    void (*prepare)(size_t bytes);
    void (*finish)(void);
    /* The timed part, on every active rank. */
    void (*exchange)(size_t bytes, int iterations);
    /* One exchange of data made by bench_fill() and examined by bench_expect(). */
    void (*verify)(size_t bytes);
    /* VALUE from the seconds that the iterations took, mean of all pairs or of all ranks. */
    double (*value)(size_t bytes, int iterations, double seconds);
};

/* Set by bench_main(); read-only for the programs. */
struct bench {
    int rank, ranks; /* in MPI_COMM_WORLD; active ranks have the same number in bench_comm */
    int active;      /* ranks that measure */
    int pairs;       /* of them; none where they measure together */
    bool first;      /* of its pair */
    int peer;        /* the other one of the pair */
    int window;      /* messages under way */
    const char *type;
    bool dynamic;        /* a dynamic window */
    size_t buffer_bytes; /* of each of the next two: see buffer_bytes() in bench.c */
    char *send, *receive;
};

extern struct bench bench;

/* The active ranks; an MPI_Comm, in bench.c for those who include mpi.h. */
#ifdef MPI_VERSION
extern MPI_Comm bench_comm;
#endif

enum {
    BENCH_TAG = 1
};

/* Runs the whole benchmark. Returns the exit status: 0, or 2 after wrong usage. Wrong data end
 * the job with status 1. */
int bench_main(int argc, char **argv, const struct bench_program *program);

/* Memory that an MPI can give its own peers access to, if it knows how; for MPI_Free_mem(). Ends
 * the job if there is none. */
void *bench_shared_memory(size_t bytes);

/* A pattern that depends on the seed and on the place. */
void bench_fill(char *data, size_t bytes, unsigned seed);

/* Ends the job with one line unless data are what bench_fill() makes from seed. */
void bench_expect(const char *data, size_t bytes, unsigned seed);
_Noreturn void bench_wrong(const char *what, size_t at);

/* A ready-made exchange, check and value: ping-pong of MPI_BYTE, microseconds one way. */
void bench_ping_pong(size_t bytes, int iterations);
void bench_verify_ping_pong(size_t bytes);
double bench_one_way_us(size_t bytes, int iterations, double seconds);

/* Microseconds of each iteration. */
double bench_us(size_t bytes, int iterations, double seconds);

#endif
