/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Several processes and guests: sharing, doorbells, and a device that goes away.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATIENCE_MS 120000

static uint32_t number(const char *text)
{
    return (uint32_t) strtoul(text, NULL, 0);
}

/* ---- between guests ----------------------------------------------------------------------- */

/* put PATH SEED, get PATH SEED: all of the memory, or its first 16 MiB */
static uint8_t *shared(const char *path, size_t *bytes)
{
    struct device d;
    device_open(&d, path, O_RDWR);
    *bytes = d.bytes < 8 * HUGE ? (size_t) d.bytes : 8 * HUGE;
    return device_map(&d, 0, *bytes);
}

void try_put(int argc, char **argv)
{
    size_t bytes;
    CHECK(argc > 1);
    uint8_t *at = shared(argv[0], &bytes);
    pattern_put(at, bytes, number(argv[1]));
}

void try_get(int argc, char **argv)
{
    size_t bytes;
    CHECK(argc > 1);
    uint8_t *at = shared(argv[0], &bytes);
    CHECK(pattern_is(at, bytes, number(argv[1])));
}

/* add PATH COUNT TOTAL: adds one COUNT times; waits until the sum is TOTAL */
void try_add(int argc, char **argv)
{
    size_t bytes;
    CHECK(argc > 2);
    uint64_t *sum = (uint64_t *) (void *) (shared(argv[0], &bytes) + HUGE);
    for (uint32_t i = number(argv[1]); i > 0; i--) {
        __atomic_fetch_add(sum, 1, __ATOMIC_RELAXED);
    }
    for (int i = 0; __atomic_load_n(sum, __ATOMIC_RELAXED) != number(argv[2]); i++) {
        CHECK(i < PATIENCE_MS);
        usleep(1000);
    }
}

/* ---- doorbells ---------------------------------------------------------------------------- */

/* wait NODE VECTOR: sleeps until it rings, without looking */
void try_wait(int argc, char **argv)
{
    struct ivshmem_event event[IVSHMEM_VECTORS_MAX];
    struct device d;
    CHECK(argc > 1);
    device_open(&d, argv[0], O_RDONLY | O_NONBLOCK);
    struct pollfd waiting = { .fd = d.fd, .events = POLLIN };
    CHECK(read(d.fd, event, sizeof(event)) == -1 && errno == EAGAIN);
    printf("waiting\n");
    CHECK(poll(&waiting, 1, PATIENCE_MS) == 1 && waiting.revents == POLLIN);
    CHECK(read(d.fd, event, sizeof(event)) == (ssize_t) sizeof(event[0]));
    CHECK(event[0].vector == number(argv[1]) && event[0].count >= 1);
    CHECK(read(d.fd, event, sizeof(event)) == -1 && errno == EAGAIN);
    CHECK(poll(&waiting, 1, 0) == 0);

    CHECK(fcntl(d.fd, F_SETFL, 0) == 0);
    printf("waiting again\n");
    CHECK(read(d.fd, event, sizeof(event[0])) == (ssize_t) sizeof(event[0]));
    CHECK(event[0].vector == number(argv[1]));
}

/* ring NODE PEER VECTOR */
void try_ring(int argc, char **argv)
{
    struct device d;
    CHECK(argc > 2);
    struct ivshmem_ring ring = { number(argv[1]), number(argv[2]) };
    device_open(&d, argv[0], O_RDWR);
    CHECK(ioctl(d.fd, IVSHMEM_IOC_RING, &ring) == 0);
}

/* ---- a device that goes away -------------------------------------------------------------- */

/* hold NODE open|map: until it is killed */
void try_hold(int argc, char **argv)
{
    struct device d;
    CHECK(argc > 1);
    device_open(&d, argv[0], O_RDWR);
    if (strcmp(argv[1], "map") == 0) {
        pattern_put(device_map(&d, 0, HUGE), HUGE, 1);
        close(d.fd);
    }
    printf("holding\n");
    pause();
}

static void expect_gone(const struct device *d, uint8_t *at)
{
    struct ivshmem_ring ring = { 0, 0 };
    struct ivshmem_info info;
    struct pollfd waiting = { .fd = d->fd, .events = POLLIN };
    char buf[64];
    CHECK(signal_of_read(at) == SIGBUS);
    CHECK(signal_of_write(at + 3 * HUGE) == SIGBUS);
    CHECK(ioctl(d->fd, IVSHMEM_IOC_INFO, &info) == -1 && errno == ENODEV);
    CHECK(ioctl(d->fd, IVSHMEM_IOC_RING, &ring) == -1 && errno == ENODEV);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, d->fd, 0) == MAP_FAILED && errno == ENODEV);
    CHECK(poll(&waiting, 1, 0) == 1 && (waiting.revents & (POLLERR | POLLHUP)));
    CHECK(d->info.vectors == 0 || (read(d->fd, buf, sizeof(buf)) == -1 && errno == ENODEV));
    CHECK(munmap(at + HUGE, PAGE) == 0);
    CHECK(signal_of_read(at + 2 * HUGE) == SIGBUS);
}

/* Ends when the device does: who sleeps in read() is woken. */
static void *sleep_in_read(void *arg)
{
    struct ivshmem_event event;
    int fd = *(int *) arg;
    CHECK(read(fd, &event, sizeof(event)) == -1 && errno == ENODEV);
    return NULL;
}

/* unplug NODE: says "ready" and waits until the device goes, with a child that does the same */
void try_unplug(int argc, char **argv)
{
    struct device d;
    pthread_t reader;
    (void) argc;
    device_open(&d, argv[0], O_RDWR);
    uint8_t *at = device_map(&d, 0, 4 * HUGE);
    struct pollfd waiting = { .fd = d.fd, .events = POLLIN };
    pattern_put(at, 4 * HUGE, 81);
    int ends[2];
    CHECK(pipe(ends) == 0);
    int pid = fork();
    CHECK(pattern_is(at, 4 * HUGE, 81));
    if (d.info.vectors > 0) {
        CHECK(pthread_create(&reader, NULL, sleep_in_read, &d.fd) == 0);
    }
    /* the device goes once "ready" is read: the child must have read its memory by then */
    char byte = 0;
    if (pid == 0) {
        CHECK(write(ends[1], &byte, 1) == 1);
    } else {
        CHECK(read(ends[0], &byte, 1) == 1);
        printf("ready\n");
    }
    CHECK(poll(&waiting, 1, PATIENCE_MS) == 1 && (waiting.revents & POLLHUP));
    if (d.info.vectors > 0) {
        CHECK(pthread_join(reader, NULL) == 0);
    }
    /* the mapping goes soon after that, its end last */
    for (int i = 0; signal_of_read(at + 4 * HUGE - 1) == 0; i++) {
        CHECK(i < PATIENCE_MS);
        usleep(1000);
    }
    expect_gone(&d, at);
    if (pid == 0) {
        exit(0);
    }
    CHECK(child_ok(pid));
}

/* ---- all at once -------------------------------------------------------------------------- */

static volatile sig_atomic_t storm_ends;

/* Maps, touches, takes pages, unmaps, until told; a device that is gone or not yet there is fine. */
static void *storm(void *arg)
{
    static __thread uint8_t got[PAGE];
    const char *path = arg;
    unsigned round = 0;
    while (!storm_ends) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        uint8_t *at =
            fd < 0 ? MAP_FAILED : mmap(NULL, 4 * HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        for (size_t i = 0; at != MAP_FAILED && i < 4 * HUGE; i += HUGE / 4) {
            int ends[2];
            struct iovec part = { at + i, PAGE };
            signal_of_write(at + i + round % PAGE);
            if (i % HUGE == 0 && pipe(ends) == 0) {
                if (vmsplice(ends[1], &part, 1, 0) > 0) {
                    CHECK(read(ends[0], got, PAGE) > 0);
                }
                close(ends[0]);
                close(ends[1]);
            }
        }
        if (at != MAP_FAILED) {
            munmap(at, 4 * HUGE);
        }
        if (fd >= 0) {
            close(fd);
        }
        round++;
    }
    return NULL;
}

static void write_name(const char *file, const char *device)
{
    char path[64];
    snprintf(path, sizeof(path), "/sys/bus/pci/drivers/ivshmem/%s", file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK(write(fd, device, strlen(device)) > 0);
    close(fd);
}

/* storm NODE PCIADDRESS ROUNDS: unbound and bound again under load. Nodes may change numbers. */
void try_storm(int argc, char **argv)
{
    pthread_t threads[4];
    char paths[2][32];
    CHECK(argc > 2);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/dev/ivshmem%u", i);
    }
    for (unsigned i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, storm, paths[i % 2]) == 0);
    }
    for (uint32_t i = number(argv[2]); i > 0; i--) {
        usleep(100000);
        write_name("unbind", argv[1]);
        write_name("bind", argv[1]);
    }
    storm_ends = 1;
    for (unsigned i = 0; i < 4; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}
