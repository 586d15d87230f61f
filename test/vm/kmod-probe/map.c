/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the device is, what the driver refuses, and mappings: cut, moved, inherited.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define SPAN (8 * HUGE)

/* info NODE: bytes, flags, doorbells, own number */
void try_info(int argc, char **argv)
{
    struct device d;
    (void) argc;
    device_open(&d, argv[0], O_RDWR);
    CHECK(d.info.reserved == 0);
    printf("%llu %u %u %d\n", (unsigned long long) d.info.bytes, d.info.flags, d.info.vectors,
           (int) d.info.peer);
}

static void expect_no_map(const struct device *d, size_t bytes, int flags, uint64_t offset, int err)
{
    errno = 0;
    void *at = mmap(NULL, bytes, PROT_READ, flags, d->fd, (off_t) offset);
    CHECK(at == MAP_FAILED);
    CHECK(errno == err);
}

static void refuse_maps(const struct device *d)
{
    expect_no_map(d, PAGE, MAP_PRIVATE, 0, EINVAL);
    expect_no_map(d, PAGE, MAP_SHARED, d->bytes, EINVAL);
    expect_no_map(d, 2 * PAGE, MAP_SHARED, d->bytes - PAGE, EINVAL);
    expect_no_map(d, d->bytes + PAGE, MAP_SHARED, 0, EINVAL);
    expect_no_map(d, PAGE, MAP_SHARED, UINT64_C(1) << 62, EINVAL);
    expect_no_map(d, PAGE, MAP_SHARED, (uint64_t) INT64_MIN, EINVAL);
    munmap(device_map(d, d->bytes - PAGE, PAGE), PAGE);
}

static void refuse_requests(const struct device *d)
{
    struct ivshmem_ring ring = { .peer = 0x10000 };
    char buf[64];
    CHECK(ioctl(d->fd, _IO(IVSHMEM_IOC_MAGIC, 7), 0) == -1 && errno == ENOTTY);
    CHECK(ioctl(d->fd, IVSHMEM_IOC_INFO, NULL) == -1 && errno == EFAULT);
    CHECK(ioctl(d->fd, IVSHMEM_IOC_RING, NULL) == -1 && errno == EFAULT);
    CHECK(ioctl(d->fd, IVSHMEM_IOC_RING, &ring) == -1 && errno == EINVAL);
    ring = (struct ivshmem_ring){ .vector = 0x10000 };
    CHECK(ioctl(d->fd, IVSHMEM_IOC_RING, &ring) == -1 && errno == EINVAL);
    CHECK(pread(d->fd, buf, sizeof(buf), 0) == -1 && errno == ESPIPE);
    CHECK(write(d->fd, buf, sizeof(buf)) == -1 && errno == EINVAL);
    CHECK(lseek(d->fd, 0, SEEK_END) == -1 && errno == ESPIPE);
    if (d->info.vectors == 0) {
        ring = (struct ivshmem_ring){ .peer = 0 };
        CHECK(ioctl(d->fd, IVSHMEM_IOC_RING, &ring) == -1 && errno == EOPNOTSUPP);
        CHECK(read(d->fd, buf, sizeof(buf)) == -1 && errno == EOPNOTSUPP);
        CHECK(d->info.peer == IVSHMEM_NO_PEER);
    } else {
        CHECK(read(d->fd, buf, 7) == -1 && errno == EINVAL);
    }
}

static void refuse_writes(const char *path)
{
    struct ivshmem_ring ring = { .peer = 0 };
    struct device d;
    device_open(&d, path, O_RDONLY);
    CHECK(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, d.fd, 0) == MAP_FAILED && errno == EACCES);
    CHECK(ioctl(d.fd, IVSHMEM_IOC_RING, &ring) == -1 && errno == EBADF);
    uint8_t *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, d.fd, 0);
    CHECK(at != MAP_FAILED);
    CHECK(signal_of_read(at) == 0);
    CHECK(signal_of_write(at) == SIGSEGV);
    CHECK(mprotect(at, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);
}

/* refusals NODE */
void try_refusals(int argc, char **argv)
{
    struct pollfd waiting = { .events = POLLIN };
    struct device d;
    (void) argc;
    device_open(&d, argv[0], O_RDWR | O_NONBLOCK);
    refuse_maps(&d);
    refuse_requests(&d);
    refuse_writes(argv[0]);
    waiting.fd = d.fd;
    CHECK(poll(&waiting, 1, 0) == 0);
}

/* map PATH: two mappings at different offsets show the same bytes */
void try_map(int argc, char **argv)
{
    struct device d;
    (void) argc;
    device_open(&d, argv[0], O_RDWR);
    uint8_t *all = device_map(&d, 0, d.bytes);
    size_t last = (size_t) d.bytes - SPAN;
    uint8_t *tail = device_map(&d, last + PAGE, SPAN - PAGE);
    pattern_put(all + last, SPAN, 7);
    CHECK(pattern_is(all + last, SPAN, 7));
    CHECK(memcmp(all + last + PAGE, tail, SPAN - PAGE) == 0);
    pattern_put(tail, PAGE, 8);
    CHECK(pattern_is(all + last + PAGE, PAGE, 8));
    CHECK(pattern_is(all + last, PAGE, 7));
}

static long minor_faults(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return usage.ru_minflt;
}

/* faults NODE: one for 2 MiB where the driver says so, else one for a page */
void try_faults(int argc, char **argv)
{
    struct device d;
    (void) argc;
    device_open(&d, argv[0], O_RDWR);
    uint8_t *at = device_map(&d, 0, SPAN);
    bool huge = d.info.flags & IVSHMEM_INFO_HUGE;
    long before = minor_faults();
    for (size_t i = 0; i < SPAN; i += PAGE) {
        at[i + 64] = 1;
    }
    long faults = minor_faults() - before;
    printf("%ld faults for %zu pages\n", faults, SPAN / PAGE);
    CHECK(!huge || (uintptr_t) at % HUGE == 0);
    CHECK(huge ? faults < 100 : faults >= (long) (SPAN / PAGE));
    CHECK(munmap(at, SPAN) == 0);

    /* unaligned in file or memory: small pages, the same bytes */
    uint8_t *odd = device_map(&d, PAGE, SPAN - PAGE);
    pattern_put(odd, HUGE + PAGE, 3);
    uint8_t *even = device_map(&d, 0, SPAN);
    CHECK(pattern_is(even + PAGE, HUGE + PAGE, 3));
}

/* fork PATH: a child shares the memory, and outlives its parent's mapping */
void try_fork(int argc, char **argv)
{
    struct device d;
    int gate[2];
    char byte;
    (void) argc;
    device_open(&d, argv[0], O_RDWR);
    uint8_t *at = device_map(&d, 0, SPAN);
    pattern_put(at, SPAN, 11);
    CHECK(pipe(gate) == 0);
    int pid = fork();
    if (pid == 0) {
        close(gate[1]);
        CHECK(pattern_is(at, SPAN, 11));
        pattern_put(at, HUGE, 12);
        CHECK(read(gate[0], &byte, 1) == 0); /* the parent has unmapped */
        CHECK(pattern_is(at, HUGE, 12) && at[SPAN - 1] == 99);
        CHECK(munmap(at, SPAN) == 0);
        exit(0);
    }
    close(gate[0]);
    while (!pattern_is(at, HUGE, 12)) {
        usleep(1000);
    }
    at[SPAN - 1] = 99;
    CHECK(munmap(at, SPAN) == 0);
    close(d.fd);
    close(gate[1]);
    CHECK(child_ok(pid));
}

/* A place that is a page off a 2 MiB boundary, so that large entries have to be split. */
static uint8_t *odd_place(size_t bytes)
{
    uint8_t *at =
        mmap(NULL, bytes + 2 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(at != MAP_FAILED);
    return (uint8_t *) (((uintptr_t) at + HUGE - 1) / HUGE * HUGE) + PAGE;
}

/* remap PATH */
void try_remap(int argc, char **argv)
{
    struct device d;
    (void) argc;
    device_open(&d, argv[0], O_RDWR);
    uint8_t *at = device_map(&d, 0, SPAN), *to = odd_place(SPAN);
    pattern_put(at, SPAN, 21);
    CHECK(mremap(at, SPAN, SPAN, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    CHECK(pattern_is(to, SPAN, 21));
    CHECK(signal_of_read(at) == SIGSEGV);

    /* a part of it, to yet another place; the rest stays */
    uint8_t *part = odd_place(HUGE);
    CHECK(mremap(to + HUGE, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, part) == part);
    pattern_put(at = device_map(&d, 0, SPAN), SPAN, 22);
    CHECK(pattern_is(to, HUGE, 22));
    CHECK(memcmp(part, at + HUGE, HUGE) == 0);
    CHECK(signal_of_read(to + HUGE) == SIGSEGV);
    CHECK(memcmp(to + 2 * HUGE, at + 2 * HUGE, SPAN - 2 * HUGE) == 0);

    errno = 0;
    CHECK(mremap(part, HUGE, 2 * HUGE, MREMAP_MAYMOVE) == MAP_FAILED);
    CHECK(errno == EFAULT || argv[0][1] == 's'); /* sysfs may let it grow, and raise SIGBUS */
    CHECK(mremap(part, HUGE, PAGE, 0) == part);
    CHECK(memcmp(part, at + HUGE, PAGE) == 0);
    CHECK(signal_of_read(part + PAGE) == SIGSEGV);
}

/* unmap PATH: pieces out of the middle, whole and parts of 2 MiB; protection */
void try_unmap(int argc, char **argv)
{
    struct device d;
    (void) argc;
    device_open(&d, argv[0], O_RDWR);
    uint8_t *at = device_map(&d, 0, SPAN), *other = device_map(&d, 0, SPAN);
    pattern_put(at, SPAN, 31);
    CHECK(munmap(at + HUGE + 5 * PAGE, PAGE) == 0);
    CHECK(munmap(at + SPAN / 2, SPAN / 2) == 0);
    CHECK(signal_of_read(at + HUGE + 5 * PAGE) == SIGSEGV);
    CHECK(signal_of_read(at + SPAN / 2) == SIGSEGV);
    CHECK(memcmp(at, other, HUGE + 5 * PAGE) == 0);
    CHECK(memcmp(at + HUGE + 6 * PAGE, other + HUGE + 6 * PAGE, SPAN / 2 - HUGE - 6 * PAGE) == 0);
    CHECK(mprotect(at + 3 * PAGE, PAGE, PROT_READ) == 0);
    CHECK(signal_of_write(at + 3 * PAGE) == SIGSEGV);
    CHECK(signal_of_write(at + 2 * PAGE) == 0 && signal_of_write(at + 4 * PAGE) == 0);
    CHECK(madvise(other, SPAN, MADV_DONTNEED) == 0); /* takes the entries, not the bytes */
    for (size_t i = SPAN / 2; i < SPAN; i += HUGE) {
        CHECK(memcmp(other + i, device_map(&d, i, PAGE), PAGE) == 0);
    }
}
