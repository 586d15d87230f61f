/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Command line of the benchmarks.
 */
#ifndef OPTIONS_H_INCLUDED
#define OPTIONS_H_INCLUDED

#include "bench.h"

#define OPTIONS_SIZES_MAX 64

struct options {
    size_t size[OPTIONS_SIZES_MAX]; /* bytes, in the order to measure */
    int sizes;
    size_t largest; /* of them */
    int iterations; /* at most, for each size */
    double seconds; /* about, for each size */
    int window;     /* messages under way */
    const char *type;
    bool sleep;                     /* idle ranks sleep instead of waiting in a receive */
    bool alloc_send, alloc_receive; /* which buffers are from MPI_Alloc_mem */
    bool dynamic;                   /* a dynamic window */
    bool pin, help;
};

/* Returns false after wrong usage. With talk set, prints one line about it, or the help. */
bool options_read(struct options *options, const struct bench_program *program, int argc,
                  char **argv, bool talk);

#endif
