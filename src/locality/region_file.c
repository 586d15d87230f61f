/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Backend file: a POSIX shared memory or hugetlbfs file; also where regions are created.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int require_regular(int fd, const char *path, struct stat *st, struct ivl_diag *diag)
{
    if (fstat(fd, st)) {
        return ivl_fail_access(diag, -errno, path, "fstat");
    }
    if (!S_ISREG(st->st_mode)) {
        return ivl_fail(diag, -EINVAL, path,
                        "name a file on tmpfs or hugetlbfs (for devices: pci:"
                        " or dax:)",
                        "not a regular file");
    }
    return 0;
}

/* Fills map->path with the file's absolute name. */
static int set_path(struct ivl_mapping *map, const char *path, struct ivl_diag *diag)
{
    char *real = realpath(path, NULL);
    const char *name = real ? real : path;
    int len = snprintf(map->path, sizeof(map->path), "%s", name);
    int uri_len = snprintf(map->uri, sizeof(map->uri), "file:%s", name);
    free(real);
    if ((size_t) len >= sizeof(map->path) || (size_t) uri_len >= sizeof(map->uri)) {
        return ivl_fail(diag, -ENAMETOOLONG, path, "use a shorter path", "longer than %zu bytes",
                        sizeof(map->uri) - sizeof("file:"));
    }
    return 0;
}

int ivl_file_open(const char *spec, unsigned flags, struct ivl_region **region,
                  struct ivl_diag *diag)
{
    struct ivl_mapping map = { .backend = IVL_BACKEND_FILE, .pages = true };
    struct stat st;
    if (!*spec) {
        return ivl_fail(diag, -EINVAL, "file:", "write file:PATH", "no path");
    }
    map.writable = !(flags & IVL_OPEN_READONLY);
    map.raw = flags & IVL_OPEN_RAW;
    /* O_NONBLOCK: a FIFO must not stop us before it is refused */
    map.fd = open(spec, (map.writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (map.fd < 0) {
        return errno == EISDIR ? ivl_fail(diag, -EINVAL, spec, "name a file", "is a directory")
                               : ivl_fail_access(diag, -errno, spec, "open");
    }
    int rc = require_regular(map.fd, spec, &st, diag);
    if (rc == 0) {
        rc = set_path(&map, spec, diag);
    }
    if (rc) {
        close(map.fd);
        return rc;
    }
    map.bytes = (uint64_t) st.st_size;
    rc = ivl_mapping_map(&map, diag);
    return rc ? rc : ivl_region_adopt(&map, region, diag);
}

/* ---- creation ------------------------------------------------------------------------------ */

static int open_for_create(const char *path, unsigned mode, bool force, bool *fresh,
                           struct ivl_diag *diag)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    int fd = open(path, flags | O_CREAT | O_EXCL, (mode_t) mode);
    *fresh = fd >= 0;
    if (fd < 0 && errno == EEXIST) {
        if (!force) {
            return ivl_fail(diag, -EEXIST, path, "choose another path, or force a new region here",
                            "exists already");
        }
        fd = open(path, flags);
    }
    if (fd < 0) {
        int err = -errno;
        if (err == -ELOOP || err == -EISDIR) {
            return ivl_fail(diag, -EINVAL, path, "name a regular file", "not a regular file: %s",
                            strerror(-err));
        }
        return err == -ENOENT
                   ? ivl_fail(diag, err, path, "make its directory first", "no such directory")
                   : ivl_fail_access(diag, err, path, "open");
    }
    return fd;
}

/* Sets the size and reserves every page, so that nobody faults into a hole later. */
static int reserve_pages(int fd, const char *path, uint64_t bytes, struct ivl_diag *diag)
{
    if (bytes > INT64_MAX || ftruncate(fd, (off_t) bytes)) {
        return ivl_fail(diag, -errno, path, "on hugetlbfs choose a multiple of the page size",
                        "cannot set its size to %llu bytes: %s", (unsigned long long) bytes,
                        strerror(errno));
    }
    int err = posix_fallocate(fd, 0, (off_t) bytes);
    if (err) {
        return ivl_fail(diag, -err, path,
                        "choose a smaller region, or give the file system more room",
                        "cannot reserve %llu bytes: %s", (unsigned long long) bytes, strerror(err));
    }
    return 0;
}

static int map_and_format(int fd, const char *path, const struct ivl_format *fmt,
                          struct ivl_diag *diag)
{
    void *base = mmap(NULL, fmt->region_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
        return ivl_fail_access(diag, -errno, path, "mmap");
    }
    int rc = ivl_region_format(base, fmt, diag);
    munmap(base, fmt->region_bytes);
    return rc;
}

/* Refuses an impossible request before anything on disk is changed. */
static int rehearse(const struct ivl_format *fmt, struct ivl_diag *diag)
{
    /* the superblock, table, jobs and descriptors are written, untouched pages cost nothing */
    void *base = mmap(NULL, fmt->region_bytes ? fmt->region_bytes : 1, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        return ivl_fail(diag, -EINVAL, "region format", "choose a smaller region",
                        "cannot map %llu bytes: %s", (unsigned long long) fmt->region_bytes,
                        strerror(errno));
    }
    int rc = ivl_region_format(base, fmt, diag);
    munmap(base, fmt->region_bytes ? fmt->region_bytes : 1);
    return rc;
}

static int fill_file(int fd, const char *path, const struct ivl_format *fmt, struct ivl_diag *diag)
{
    struct stat st;
    int rc = require_regular(fd, path, &st, diag);
    if (rc) {
        return rc;
    }
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        return ivl_fail(diag, -EAGAIN, path, "wait for the other command to end",
                        "another process is changing it");
    }
    rc = reserve_pages(fd, path, fmt->region_bytes, diag);
    return rc ? rc : map_and_format(fd, path, fmt, diag);
}

int ivl_region_create_file(const char *path, const struct ivl_format *fmt, unsigned mode,
                           bool force, struct ivl_diag *diag)
{
    bool fresh;
    int rc = rehearse(fmt, diag);
    if (rc) {
        return rc;
    }
    int fd = open_for_create(path, mode, force, &fresh, diag);
    if (fd < 0) {
        return fd;
    }
    rc = fill_file(fd, path, fmt, diag);
    if (rc && fresh) {
        unlink(path);
    }
    close(fd);
    return rc;
}
