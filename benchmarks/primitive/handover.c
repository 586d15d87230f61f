/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * handover [CPU CPU]: two threads, bound to these processors (default: the first two allowed),
 * hand one cache line back and forth; prints the nanoseconds of one way: what no message between
 * these processors can beat. Median of several batches; no MPI.
 */
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCHES 15
#define BATCH_NS 10000000.0
#define LINE 64

/* The value counts the ways: even ones belong to the main thread, odd ones to the other. */
struct line {
    alignas(LINE) _Atomic uint64_t way;
    char rest[LINE - sizeof(uint64_t)];
};

static struct line line;
static const uint64_t last = UINT64_MAX;

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

static int bind_to(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof(set), &set);
}

/* [hand over] both sides: what was written before a way is visible to the one who takes it. */
static void *answer(void *cpu)
{
    uint64_t seen, wanted = 1;

    if (bind_to(*(int *) cpu) != 0) {
        fprintf(stderr, "handover: processor %d: cannot bind to it: see taskset -p\n",
                *(int *) cpu);
        exit(1);
    }
    for (;;) {
        while ((seen = atomic_load_explicit(&line.way, memory_order_acquire)) != wanted) {
            if (seen == last) {
                return NULL;
            }
        }
        atomic_store_explicit(&line.way, seen + 1, memory_order_release);
        wanted += 2;
    }
}

static void hand_over(int times)
{
    uint64_t way = atomic_load_explicit(&line.way, memory_order_relaxed); /* our own last store */

    for (int i = 0; i < times; i++) {
        atomic_store_explicit(&line.way, way + 1, memory_order_release);
        way += 2;
        while (atomic_load_explicit(&line.way, memory_order_acquire) != way) {
        }
    }
}

static double batch(int times)
{
    double start = now_ns();

    hand_over(times);
    return (now_ns() - start) / (2.0 * times);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}

static double median_of_batches(void)
{
    double result[BATCHES], way = batch(2000);
    int times = (int) (BATCH_NS / (2 * way)) + 1;

    for (int i = 0; i < BATCHES; i++) {
        result[i] = batch(times);
    }
    qsort(result, BATCHES, sizeof(result[0]), compare);
    return result[BATCHES / 2];
}

static int first_allowed(int cpus[2])
{
    cpu_set_t set;
    int found = 0;

    if (sched_getaffinity(0, sizeof(set), &set) != 0) {
        return -1;
    }
    for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
        if (CPU_ISSET(cpu, &set)) {
            cpus[found++] = cpu;
        }
    }
    return found == 2 ? 0 : -1;
}

static int chosen(char **argv, int cpus[2])
{
    for (int i = 0; i < 2; i++) {
        char *end;
        long cpu = strtol(argv[i + 1], &end, 10);
        if (end == argv[i + 1] || *end != '\0' || cpu < 0 || cpu >= CPU_SETSIZE) {
            return -1;
        }
        cpus[i] = (int) cpu;
    }
    return 0;
}

static void run(int cpus[2])
{
    pthread_t other;

    if (bind_to(cpus[0]) != 0 || pthread_create(&other, NULL, answer, &cpus[1]) != 0) {
        fprintf(stderr, "handover: processor %d: cannot start there: see taskset -p\n", cpus[0]);
        exit(1);
    }
    hand_over(1);
    printf("# one-way hand-over of a cache line between processors %d and %d, ns\n", cpus[0],
           cpus[1]);
    printf("%-10s %14s\n%-10d %14.2f\n", "# size", "value", LINE, median_of_batches());
    atomic_store_explicit(&line.way, last, memory_order_release);
    pthread_join(other, NULL);
}

int main(int argc, char **argv)
{
    int cpus[2];

    if (argc != 1 && (argc != 3 || chosen(argv, cpus) != 0)) {
        fprintf(stderr, "usage: handover [CPU CPU]\n");
        return 2;
    }
    if (argc == 1 && first_allowed(cpus) != 0) {
        fprintf(stderr, "handover: processors: only one may be used: see taskset -p\n");
        return 1;
    }
    run(cpus);
    return 0;
}
