/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The program that tries the guest driver, in a guest: what its files share. Each try is a
 * command; it prints what was wrong and where, and ends with status 1, or 0.
 */
#ifndef PROBE_H_INCLUDED
#define PROBE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ivshmem_uapi.h"

#define PAGE ((size_t) 4096)
#define HUGE ((size_t) 2 << 20)

#define CHECK(condition)                                \
    do {                                                \
        if (!(condition)) {                             \
            probe_fail(__FILE__, __LINE__, #condition); \
        }                                               \
    } while (0)

void probe_fail(const char *file, int line, const char *what) __attribute__((noreturn));

/* The device under test: a node of the driver, or a resource file of sysfs. */
struct device {
    const char *path;
    int fd;
    uint64_t bytes;
    struct ivshmem_info info; /* zeros for sysfs */
};

void device_open(struct device *device, const char *path, int flags);

/* Maps, and must succeed. */
uint8_t *device_map(const struct device *device, size_t offset, size_t bytes);

/* Fills with, or checks for, a pattern that depends on seed and position. */
void pattern_put(uint8_t *at, size_t bytes, uint32_t seed);
bool pattern_is(const uint8_t *at, size_t bytes, uint32_t seed);

/* Reads, or writes, a byte; the signal it raised, or 0. */
int signal_of_read(const uint8_t *at);
int signal_of_write(uint8_t *at);

/* Waits for a child; true if it ended with status 0. */
bool child_ok(int pid);

/* Tries, by file */
void try_info(int argc, char **argv);
void try_refusals(int argc, char **argv);
void try_map(int argc, char **argv);
void try_faults(int argc, char **argv);
void try_fork(int argc, char **argv);
void try_remap(int argc, char **argv);
void try_unmap(int argc, char **argv);
void try_pipe(int argc, char **argv);
void try_direct(int argc, char **argv);
void try_readv(int argc, char **argv);
void try_verbs(int argc, char **argv);
void try_unplug(int argc, char **argv);
void try_pinned(int argc, char **argv);
void try_storm(int argc, char **argv);
void try_hold(int argc, char **argv);
void try_put(int argc, char **argv);
void try_get(int argc, char **argv);
void try_add(int argc, char **argv);
void try_wait(int argc, char **argv);
void try_ring(int argc, char **argv);

#endif /* PROBE_H_INCLUDED */
