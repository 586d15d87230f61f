/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Command line of the benchmarks (see options.h).
 */
#include "options.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LIMIT (1L << 30)

enum {
    OPT_MIN = 256,
    OPT_MAX,
    OPT_SIZES,
    OPT_ITERATIONS,
    OPT_SECONDS,
    OPT_WINDOW,
    OPT_TYPE,
    OPT_IDLE,
    OPT_PIN,
    OPT_ALLOC_MEM,
    OPT_DYNAMIC,
    OPT_HELP
};

static const struct option table[] = {
    { "min", required_argument, NULL, OPT_MIN },
    { "max", required_argument, NULL, OPT_MAX },
    { "sizes", required_argument, NULL, OPT_SIZES },
    { "iterations", required_argument, NULL, OPT_ITERATIONS },
    { "seconds", required_argument, NULL, OPT_SECONDS },
    { "window", required_argument, NULL, OPT_WINDOW },
    { "type", required_argument, NULL, OPT_TYPE },
    { "idle", required_argument, NULL, OPT_IDLE },
    { "pin", no_argument, NULL, OPT_PIN },
    { "alloc-mem", optional_argument, NULL, OPT_ALLOC_MEM },
    { "dynamic", no_argument, NULL, OPT_DYNAMIC },
    { "help", no_argument, NULL, OPT_HELP },
    { 0 },
};

/* What is wrong with an option, and what to do: two halves of one line. */
struct complaint {
    char what[200];
    const char *remedy;
};

static bool complain(struct complaint *c, const char *dashes, const char *option, const char *value,
                     const char *remedy)
{
    snprintf(c->what, sizeof(c->what), "%s%s%s%s", dashes, option, value != NULL ? ": " : "",
             value != NULL ? value : "");
    c->remedy = remedy;
    return false;
}

static bool read_number(const char *text, long low, long high, long *number)
{
    char *end;

    errno = 0;
    *number = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *number >= low && *number <= high;
}

static bool read_size(const char *text, size_t *size)
{
    long number;

    if (!read_number(text, 0, SIZE_LIMIT, &number)) {
        return false;
    }
    *size = (size_t) number;
    return true;
}

static bool read_int(const char *text, int *value)
{
    long number;

    if (!read_number(text, 1, 1000000000, &number)) {
        return false;
    }
    *value = (int) number;
    return true;
}

static bool read_seconds(const char *text, double *seconds)
{
    char *end;

    *seconds = strtod(text, &end);
    return end != text && *end == '\0' && *seconds > 0 && *seconds <= 3600;
}

static bool add_size(struct options *o, size_t bytes)
{
    if (o->sizes == OPTIONS_SIZES_MAX) {
        return false;
    }
    o->size[o->sizes++] = bytes;
    if (bytes > o->largest) {
        o->largest = bytes;
    }
    return true;
}

static bool read_sizes(struct options *o, const char *text)
{
    char *copy = strdup(text), *rest = copy, *word;
    bool good = copy != NULL;
    size_t bytes;

    o->sizes = 0;
    while (good && (word = strsep(&rest, ",")) != NULL) {
        good = read_size(word, &bytes) && add_size(o, bytes);
    }
    free(copy);
    return good;
}

/* The powers of two from min to max, and 0. */
static void default_sizes(struct options *o, size_t min, size_t max)
{
    if (min == 0) {
        add_size(o, 0);
    }
    for (size_t bytes = 1; bytes <= max; bytes *= 2) {
        if (bytes >= min) {
            add_size(o, bytes);
        }
    }
}

static bool is_for(const struct bench_program *program, int option)
{
    return (option != OPT_WINDOW || program->takes_window) &&
           (option != OPT_TYPE || program->takes_type) &&
           (option != OPT_IDLE || program->takes_idle) &&
           (option != OPT_DYNAMIC || program->takes_dynamic);
}

static bool read_idle(struct options *o)
{
    o->sleep = strcmp(optarg, "sleep") == 0;
    return o->sleep || strcmp(optarg, "receive") == 0;
}

static bool read_alloc_mem(struct options *o)
{
    const bool both = optarg == NULL || strcmp(optarg, "both") == 0;

    o->alloc_send = both || strcmp(optarg, "send") == 0;
    o->alloc_receive = both || strcmp(optarg, "recv") == 0;
    return o->alloc_send || o->alloc_receive;
}

static bool take_value(struct options *o, int option, size_t *min, size_t *max)
{
    switch (option) {
        case OPT_MIN:
            return read_size(optarg, min);
        case OPT_MAX:
            return read_size(optarg, max);
        case OPT_SIZES:
            return read_sizes(o, optarg);
        case OPT_ITERATIONS:
            return read_int(optarg, &o->iterations);
        case OPT_SECONDS:
            return read_seconds(optarg, &o->seconds);
        case OPT_WINDOW:
            return read_int(optarg, &o->window) && o->window <= 4096;
        case OPT_IDLE:
            return read_idle(o);
        case OPT_TYPE:
            o->type = optarg;
            return true;
        case OPT_PIN:
            o->pin = true;
            return true;
        case OPT_ALLOC_MEM:
            return read_alloc_mem(o);
        case OPT_DYNAMIC:
            o->dynamic = true;
            return true;
        default:
            o->help = true;
            return true;
    }
}

static bool parse(struct options *o, const struct bench_program *program, int argc, char **argv,
                  struct complaint *c)
{
    size_t min = program->min, max = program->max;
    int option, index = 0;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "", table, &index)) != -1) {
        if (option == '?') {
            return complain(c, "", argv[optind - 1], NULL,
                            "unknown, or its value is missing: see --help");
        }
        if (!is_for(program, option)) {
            return complain(c, "--", table[index].name, NULL,
                            "not an option of this benchmark: see --help");
        }
        if (!take_value(o, option, &min, &max)) {
            return complain(c, "--", table[index].name, optarg, "not a usable value: see --help");
        }
    }
    if (optind < argc) {
        return complain(c, "", argv[optind], NULL, "operands are not expected: see --help");
    }
    if (o->sizes == 0) {
        default_sizes(o, min, max);
    }
    return o->sizes > 0 || complain(c, "", "--min, --max", NULL, "leave no size: raise --max");
}

static void print_help(const struct bench_program *program)
{
    printf("usage: %s [OPTION...]    (under mpiexec)\n\n%s.\n\n", program->name, program->title);
    printf("  --min=BYTES, --max=BYTES  powers of two in between, %zu to %zu by default\n"
           "  --sizes=LIST              just these, separated by commas\n"
           "  --seconds=S               about how long to measure each size (0.1)\n"
           "  --iterations=N            at most so many of each size (100000)\n"
           "  --pin                     bind the measuring ranks to one processor each\n"
           "  --alloc-mem[=WHICH]       buffers from MPI_Alloc_mem, mpich_buf_type=shmem: send,\n"
           "                            recv or both (default)\n",
           program->min, program->max);
    if (program->takes_window) {
        printf("  --window=N                messages under way (64), at most 4096\n");
    }
    if (program->takes_type) {
        printf("  --type=NAME               contiguous, vector (default), indexed or struct\n");
    }
    if (program->takes_dynamic) {
        printf(
            "  --dynamic                 a dynamic window, memory from MPI_Alloc_mem attached\n");
    }
    if (program->takes_idle) {
        printf("  --idle=receive|sleep      what ranks 2, 3, ... do (receive)\n");
    }
}

bool options_read(struct options *o, const struct bench_program *program, int argc, char **argv,
                  bool talk)
{
    struct complaint c = { 0 };

    *o = (struct options){ .iterations = 100000, .seconds = 0.1, .window = 64, .type = "vector" };
    if (!parse(o, program, argc, argv, &c)) {
        if (talk) {
            fprintf(stderr, "%s: %s: %s\n", program->name, c.what, c.remedy);
        }
        return false;
    }
    if (o->help && talk) {
        print_help(program);
    }
    return true;
}
