/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Who takes pages by get_user_pages: pipes, direct I/O, other processes, network cards. Each try
 * fails on a mapping by sysfs, which has no page structures.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE (8 * PAGE)

/* A mapping whose piece begins in the middle of 2 MiB, with a pattern. */
static uint8_t *piece(struct device *d, const char *path, uint32_t seed)
{
    device_open(d, path, O_RDWR);
    uint8_t *at = device_map(d, 0, 4 * HUGE) + HUGE + 3 * PAGE;
    pattern_put(at, PIECE, seed);
    return at;
}

static void read_all(int fd, uint8_t *to, size_t bytes)
{
    while (bytes > 0) {
        ssize_t got = read(fd, to, bytes);
        CHECK(got > 0);
        to += got;
        bytes -= (size_t) got;
    }
}

static void splice_all(int fd, uint8_t *at, size_t bytes)
{
    struct iovec part = { at, bytes };
    CHECK(vmsplice(fd, &part, 1, 0) == (ssize_t) bytes);
}

/* pipe PATH: the pipe holds the pages, not a copy: it shows what is written to them later */
void try_pipe(int argc, char **argv)
{
    static uint8_t got[PIECE];
    struct device d;
    int ends[2];
    (void) argc;
    uint8_t *at = piece(&d, argv[0], 41);
    CHECK(pipe(ends) == 0);
    splice_all(ends[1], at, PIECE);
    pattern_put(at, PIECE, 42);
    read_all(ends[0], got, PIECE);
    CHECK(pattern_is(got, PIECE, 42));
}

/* direct PATH BLOCKDEVICE: written from the memory and read into it, past the page cache */
void try_direct(int argc, char **argv)
{
    struct device d;
    CHECK(argc > 1);
    uint8_t *at = piece(&d, argv[0], 51), *to = at + HUGE;
    int disk = open(argv[1], O_RDWR | O_DIRECT);
    CHECK(disk >= 0);
    CHECK(pwrite(disk, at, PIECE, 1 << 16) == (ssize_t) PIECE);
    memset(at, 0, PIECE);
    memset(to, 0, PIECE);
    CHECK(pread(disk, to, PIECE, 1 << 16) == (ssize_t) PIECE);
    CHECK(pattern_is(to, PIECE, 51));
}

/* readv PATH: another process reads and writes the mapping */
void try_readv(int argc, char **argv)
{
    static uint8_t mine[PIECE];
    struct device d;
    (void) argc;
    uint8_t *at = piece(&d, argv[0], 61);
    int pid = fork();
    if (pid == 0) {
        pause();
        exit(0);
    }
    struct iovec local = { mine, PIECE }, remote = { at, PIECE };
    ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
    int err = errno;
    bool same = got == (ssize_t) PIECE && pattern_is(mine, PIECE, 61);
    pattern_put(mine, PIECE, 62);
    bool put = same && process_vm_writev(pid, &local, 1, &remote, 1, 0) == (ssize_t) PIECE;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    errno = err;
    CHECK(same);
    CHECK(put && pattern_is(at, PIECE, 62));
}

static struct ibv_pd *first_card(void)
{
    int count;
    struct ibv_device **list = ibv_get_device_list(&count);
    CHECK(list && count > 0);
    struct ibv_context *context = ibv_open_device(list[0]);
    CHECK(context);
    ibv_free_device_list(list);
    struct ibv_pd *domain = ibv_alloc_pd(context);
    CHECK(domain);
    return domain;
}

/* verbs PATH: registered for RDMA, a long-term pin */
void try_verbs(int argc, char **argv)
{
    struct device d;
    (void) argc;
    device_open(&d, argv[0], O_RDWR);
    uint8_t *at = device_map(&d, 0, 4 * HUGE);
    struct ibv_mr *memory =
        ibv_reg_mr(first_card(), at, 4 * HUGE, IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);
    CHECK(memory);
    CHECK(munmap(at, 4 * HUGE) == 0);
    CHECK(ibv_dereg_mr(memory) == 0);
}

/* ---- removal while pages are pinned ------------------------------------------------------- */

static int unbind(const char *device)
{
    int pid = fork();
    if (pid == 0) {
        int fd = open("/sys/bus/pci/drivers/ivshmem/unbind", O_WRONLY);
        CHECK(fd >= 0);
        CHECK(write(fd, device, strlen(device)) > 0);
        exit(0);
    }
    return pid;
}

static void expect_waiting(int pid)
{
    for (int i = 0; i < 10; i++) {
        CHECK(waitpid(pid, NULL, WNOHANG) == 0);
        usleep(200000);
    }
}

/* pinned NODE PCIADDRESS: it waits for a pipe, then for a registration; the mapping goes at once */
void try_pinned(int argc, char **argv)
{
    static uint8_t got[PIECE];
    struct device d;
    int ends[2];
    CHECK(argc > 1);
    uint8_t *at = piece(&d, argv[0], 71);
    struct ibv_mr *memory = ibv_reg_mr(first_card(), at, PIECE, IBV_ACCESS_LOCAL_WRITE);
    CHECK(memory);
    CHECK(pipe(ends) == 0);
    splice_all(ends[1], at, PIECE);
    int pid = unbind(argv[1]);
    expect_waiting(pid); /* seconds: the mapping has gone meanwhile */
    CHECK(signal_of_read(at) == SIGBUS);
    read_all(ends[0], got, PIECE);
    CHECK(pattern_is(got, PIECE, 71));
    expect_waiting(pid);
    CHECK(ibv_dereg_mr(memory) == 0);
    CHECK(child_ok(pid));
    CHECK(signal_of_read(at) == SIGBUS);
}
