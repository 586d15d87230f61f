/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the MPI test programs share: start and end, options, random numbers, failures.
 *
 * A program prints " No Errors" on rank 0 and nothing else but lines that start with "# ". The
 * first failure on any rank prints one line and aborts the job. A run that takes longer than
 * -limit seconds ends itself with a line that says how far it came.
 */
#ifndef CHECK_H_INCLUDED
#define CHECK_H_INCLUDED

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
    int rank, size; /* in MPI_COMM_WORLD */
    uint64_t seed;  /* -seed N; default: the time. The same on all ranks */
    int rounds;     /* -rounds N */
    int max_bytes;  /* -max N: largest message */
    int limit;      /* -limit N: seconds */
};

extern struct check check; /* set by check_start() */

/* Initialises MPI (unless initialised) and reads the options; defaults for those not given. */
void check_start(int *argc, char ***argv, int rounds, int max_bytes);

/* Whether the last argument is this word, which is then taken away: for what is a program's alone. */
bool check_last_word(int *argc, char **argv, const char *word);

/* What follows an option on the command line; NULL, or value, if it was not given. */
const char *check_word(const char *name);
long check_option(const char *name, long value);

/* Says where the program is, for the line printed when time runs out. */
void check_at(const char *what, long number);

/* Prints "file:line: rank N: text (seed S)" and aborts the job. */
_Noreturn void check_failed(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define CHECK(cond, ...) ((cond) ? (void) 0 : check_failed(__FILE__, __LINE__, __VA_ARGS__))

/* Waits for all ranks, says " No Errors" and finalizes. Returns main()'s status. */
int check_end(void);

/* malloc or failure. */
void *check_alloc(size_t bytes);

/* ---- random numbers: the same seed gives the same sequence everywhere ------------------------ */

struct rng {
    uint64_t state;
};

uint64_t rng_next(struct rng *rng);
uint32_t rng_below(struct rng *rng, uint32_t limit); /* 0..limit-1 */

/* A generator for the given purpose: equal arguments give equal generators. */
struct rng rng_for(uint64_t a, uint64_t b);

/* ---- payload ---------------------------------------------------------------------------------- */

/* Byte i of the payload of a message with this key. */
static inline uint8_t payload_byte(uint32_t key, size_t i)
{
    return (uint8_t) (key + 31 * i + (i >> 8) * 7 + (i >> 16));
}

void payload_fill(uint8_t *buf, size_t bytes, uint32_t key);

/* Index of the first wrong byte, or -1. */
long payload_wrong(const uint8_t *buf, size_t bytes, uint32_t key);

#endif /* CHECK_H_INCLUDED */
