/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * copy: bandwidth of copies by size, ordinary ones by memcpy and ones whose stores go past the caches:
 * where the second column overtakes the first, data leave the caches. No MPI. Median of batches.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define LEAST_BYTES 1024u
#define MOST_BYTES (64u << 20)
#define BATCHES 5
#define BATCH_SECONDS 0.004

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static void copy_ordinary(char *to, const char *from, size_t bytes)
{
    memcpy(to, from, bytes);
    __asm__ __volatile__("" : : "r"(to) : "memory"); /* the copy is wanted */
}

/* bytes: a multiple of 64; both aligned to that. */
static void copy_streaming(char *to, const char *from, size_t bytes)
{
#if defined(__SSE2__)
    for (size_t at = 0; at < bytes; at += 64) {
        for (size_t part = 0; part < 64; part += 16) {
            __m128i piece = _mm_load_si128((const __m128i *) (const void *) (from + at + part));
            _mm_stream_si128((__m128i *) (void *) (to + at + part), piece);
        }
    }
    _mm_sfence();
#else
    copy_ordinary(to, from, bytes);
#endif
}

typedef void copy_function(char *, const char *, size_t);

/* Megabytes per second of one batch. */
static double batch(copy_function *copy, char *to, const char *from, size_t bytes, int times)
{
    double begin = now();

    for (int i = 0; i < times; i++) {
        copy(to, from, bytes);
    }
    return (double) bytes * times / 1e6 / (now() - begin);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}

static double median_mbps(copy_function *copy, char *to, const char *from, size_t bytes)
{
    double result[BATCHES];
    double first = batch(copy, to, from, bytes, 1);
    double fit = BATCH_SECONDS * first * 1e6 / (double) bytes;
    int times = fit < 1 ? 1 : fit > 1e6 ? 1000000 : (int) fit;

    for (int i = 0; i < BATCHES; i++) {
        result[i] = batch(copy, to, from, bytes, times);
    }
    qsort(result, BATCHES, sizeof(result[0]), ascending);
    return result[BATCHES / 2];
}

int main(int argc, char **argv)
{
    char *to = aligned_alloc(4096, MOST_BYTES);
    char *from = aligned_alloc(4096, MOST_BYTES);

    (void) argv;
    if (argc != 1) {
        fprintf(stderr, "usage: copy\n");
        return 2;
    }
    if (to == NULL || from == NULL) {
        fprintf(stderr, "copy: buffers: no memory for %u bytes: free some\n", 2 * MOST_BYTES);
        return 1;
    }
    memset(to, 1, MOST_BYTES);
    memset(from, 2, MOST_BYTES);
    printf("# bandwidth of copies, MB/s\n%-10s %14s %14s\n", "# size", "value", "streaming");
    for (size_t bytes = LEAST_BYTES; bytes <= MOST_BYTES; bytes *= 4) {
        printf("%-10zu %14.1f %14.1f\n", bytes, median_mbps(copy_ordinary, to, from, bytes),
               median_mbps(copy_streaming, to, from, bytes));
    }
    free(to);
    free(from);
    return 0;
}
