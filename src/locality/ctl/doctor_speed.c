/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl doctor: is the region cached? Ordinary memory, read in the same way, tells a mapping
 * that is not cached from a machine that is slow.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "doctor.h"

#define BYTES ((size_t) 16 << 20)
#define BLOCK 16384
#define CACHED_MBPS 2000
#define SLOWER 8 /* times; an uncached mapping is tens of times slower */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static void read_all(const char *from)
{
    char buf[BLOCK];
    for (size_t done = 0; done < BYTES; done += BLOCK) {
        memcpy(buf, from + done, BLOCK);
        __asm__ __volatile__("" : : "r"(buf) : "memory"); /* the copy is wanted */
    }
}

/* 0 if there is no memory to try it with. */
static double ordinary_mbps(void)
{
    char *memory = malloc(BYTES);
    if (!memory) {
        return 0;
    }
    memset(memory, 1, BYTES);
    read_all(memory);
    double start = seconds();
    read_all(memory);
    double elapsed = seconds() - start;
    free(memory);
    return elapsed > 0 ? (double) BYTES / 1e6 / elapsed : 0;
}

void doctor_check_speed(struct doctor *doctor)
{
    double mbps = ivl_region_read_mbps(doctor->region, BYTES);
    double ordinary = mbps < CACHED_MBPS ? ordinary_mbps() : 0;
    if (mbps >= CACHED_MBPS) {
        doctor_add(doctor, LEVEL_OK, "speed", "", "read at %.0f MB/s: cached memory", mbps);
    } else if (ordinary < SLOWER * mbps) {
        doctor_add(doctor, LEVEL_WARN, "speed", "is the processor emulated, or busy?",
                   "read at %.0f MB/s, ordinary memory here at %.0f MB/s", mbps, ordinary);
    } else {
        doctor_add(doctor, LEVEL_WARN, "speed",
                   "on AMD, or beside a passed-through device, a BAR is not: load the guest driver",
                   "read at %.0f MB/s, ordinary memory here at %.0f MB/s: it is not cached", mbps,
                   ordinary);
    }
}
