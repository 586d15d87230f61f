/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * kmod-probe COMMAND PATH [ARGUMENT...]
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void probe_fail(const char *file, int line, const char *what)
{
    int err = errno;
    fprintf(stderr, "%s:%d: not so: %s (errno: %s)\n", file, line, what, strerror(err));
    exit(1);
}

void device_open(struct device *device, const char *path, int flags)
{
    struct stat st;
    memset(device, 0, sizeof(*device));
    device->path = path;
    device->fd = open(path, flags | O_CLOEXEC);
    CHECK(device->fd >= 0);
    CHECK(fstat(device->fd, &st) == 0);
    device->bytes = (uint64_t) st.st_size;
    if (S_ISCHR(st.st_mode)) {
        CHECK(ioctl(device->fd, IVSHMEM_IOC_INFO, &device->info) == 0);
        device->bytes = device->info.bytes;
    }
}

uint8_t *device_map(const struct device *device, size_t offset, size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, device->fd, (off_t) offset);
    CHECK(at != MAP_FAILED);
    return at;
}

static uint32_t mix(uint32_t seed, size_t i)
{
    uint32_t x = seed * 2654435761u + (uint32_t) i * 40503u;
    return x ^ x >> 15;
}

void pattern_put(uint8_t *at, size_t bytes, uint32_t seed)
{
    for (size_t i = 0; i + 4 <= bytes; i += 4) {
        uint32_t word = mix(seed, i);
        memcpy(at + i, &word, 4);
    }
}

bool pattern_is(const uint8_t *at, size_t bytes, uint32_t seed)
{
    for (size_t i = 0; i + 4 <= bytes; i += 4) {
        uint32_t word = mix(seed, i);
        if (memcmp(at + i, &word, 4) != 0) {
            return false;
        }
    }
    return true;
}

/* ---- signals ------------------------------------------------------------------------------ */

static __thread sigjmp_buf caught;

static void on_signal(int number)
{
    siglongjmp(caught, number);
}

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    CHECK(sigaction(SIGBUS, &action, NULL) == 0);
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
}

int signal_of_read(const uint8_t *at)
{
    int number = sigsetjmp(caught, 1);
    if (number == 0) {
        *(const volatile uint8_t *) at;
    }
    return number;
}

int signal_of_write(uint8_t *at)
{
    int number = sigsetjmp(caught, 1);
    if (number == 0) {
        *(volatile uint8_t *) at = 1;
    }
    return number;
}

bool child_ok(int pid)
{
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- commands ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*run)(int argc, char **argv);
} commands[] = {
    { "info", try_info },     { "refusals", try_refusals }, { "map", try_map },
    { "faults", try_faults }, { "fork", try_fork },         { "remap", try_remap },
    { "unmap", try_unmap },   { "pipe", try_pipe },         { "direct", try_direct },
    { "readv", try_readv },   { "verbs", try_verbs },       { "unplug", try_unplug },
    { "pinned", try_pinned }, { "storm", try_storm },       { "hold", try_hold },
    { "put", try_put },       { "get", try_get },           { "add", try_add },
    { "wait", try_wait },     { "ring", try_ring },
};

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    catch_signals();
    for (size_t i = 0; argc > 2 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            commands[i].run(argc - 2, argv + 2);
            return 0;
        }
    }
    fprintf(stderr, "usage: kmod-probe COMMAND PATH [ARGUMENT...]\n");
    return 2;
}
