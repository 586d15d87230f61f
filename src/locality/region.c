/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Opening, checking and closing a region: what is common to the backends.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *ivl_sysroot = "";

void ivl_sysroot_set(const char *dir)
{
    ivl_sysroot = dir;
}

static int open_backend(const char *uri, unsigned flags, struct ivl_region **region,
                        struct ivl_diag *diag)
{
    static const struct {
        const char *scheme;
        int (*open)(const char *spec, unsigned flags, struct ivl_region **region,
                    struct ivl_diag *diag);
    } backends[] = {
        { "file:", ivl_file_open },
        { "pci:", ivl_pci_open },
        { "dax:", ivl_dax_open },
    };
    for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
        size_t len = strlen(backends[i].scheme);
        if (strncmp(uri, backends[i].scheme, len) == 0) {
            return backends[i].open(uri + len, flags, region, diag);
        }
    }
    return ivl_fail(diag, -EINVAL, uri,
                    "write file:PATH, pci:auto, pci:DDDD:BB:DD.F or dax:/dev/daxX.Y",
                    "not a region URI");
}

int ivl_region_open(const char *uri, unsigned flags, struct ivl_region **region,
                    struct ivl_diag *diag)
{
    if (flags & ~IVL_OPEN_READONLY) {
        return ivl_fail(diag, -EINVAL, uri, "use IVL_OPEN_* flags", "unknown flags %#x", flags);
    }
    return open_backend(uri, flags, region, diag);
}

static int format_mapping(const struct ivl_region *raw, const struct ivl_format *fmt, bool force,
                          struct ivl_diag *diag)
{
    struct ivl_format whole = *fmt;
    struct ivl_geometry old;
    if (whole.region_bytes == 0) {
        whole.region_bytes = raw->map_bytes & ~UINT64_C(4095);
    }
    if (whole.region_bytes > raw->map_bytes) {
        return ivl_fail(diag, -EINVAL, raw->uri, "choose a smaller size, or none for all of it",
                        "%llu bytes asked for, %llu are there",
                        (unsigned long long) whole.region_bytes,
                        (unsigned long long) raw->map_bytes);
    }
    if (!force && ivl_super_fetch(raw->base, raw->map_bytes, raw->uri, &old, NULL) == 0) {
        return ivl_fail(diag, -EEXIST, raw->uri, "force a new region here if no job uses it",
                        "holds a region already");
    }
    return ivl_region_format(raw->base, &whole, diag);
}

int ivl_region_create_at(const char *uri, const struct ivl_format *fmt, bool force,
                         struct ivl_diag *diag)
{
    struct ivl_region *raw;
    int rc = open_backend(uri, IVL_OPEN_RAW, &raw, diag);
    if (rc == 0) {
        rc = format_mapping(raw, fmt, force, diag);
        ivl_region_close(raw);
    }
    return rc;
}

static int name_owner(char *remedy, size_t size, const char *path)
{
    struct stat st;
    if (stat(path, &st)) {
        return snprintf(remedy, size, "get search permission on its directories");
    }
    return snprintf(remedy, size,
                    "owner uid %u gid %u mode %04o: get read and write permission (group, udev "
                    "rule), or run as its owner",
                    st.st_uid, st.st_gid, st.st_mode & 07777u);
}

int ivl_fail_access(struct ivl_diag *diag, int err, const char *path, const char *call)
{
    char remedy[200], lockdown[64];
    int rc =
        ivl_text_read(ivl_sysroot, "/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
    bool locked = rc == 0 && !strstr(lockdown, "[none]");

    if (err == -EPERM && locked) {
        snprintf(remedy, sizeof(remedy),
                 "kernel lockdown is on (%s), it forbids mapping PCI memory: switch off secure "
                 "boot, or use a driver or a file",
                 lockdown);
    } else if (err == -EACCES || err == -EPERM) {
        name_owner(remedy, sizeof(remedy), path);
    } else if (err == -ENOENT) {
        snprintf(remedy, sizeof(remedy), "check the path; a new region: ivshmemctl create");
    } else {
        snprintf(remedy, sizeof(remedy), "check the device or file");
    }
    return ivl_fail(diag, err, path, remedy, "%s: %s", call, strerror(-err));
}

int ivl_mapping_map(struct ivl_mapping *map, struct ivl_diag *diag)
{
    if (map->bytes < sizeof(struct ivl_abi_super)) {
        close(map->fd);
        return ivl_fail(diag, -EMSGSIZE, map->path, "make the region: ivshmemctl create",
                        "%llu bytes, too small for a region", (unsigned long long) map->bytes);
    }
    int prot = map->writable ? PROT_READ | PROT_WRITE : PROT_READ;
    map->base = mmap(NULL, map->bytes, prot, MAP_SHARED, map->fd, 0);
    if (map->base == MAP_FAILED) {
        int err = -errno;
        close(map->fd);
        return ivl_fail_access(diag, err, map->path, "mmap");
    }
    return 0;
}

static void mapping_undo(const struct ivl_mapping *map)
{
    if (map->fd >= 0) {
        munmap(map->base, map->bytes);
        close(map->fd);
    }
}

int ivl_region_adopt(const struct ivl_mapping *map, struct ivl_region **region,
                     struct ivl_diag *diag)
{
    struct ivl_geometry geo = { .region_bytes = 0 };
    int rc = map->raw ? 0 : ivl_super_fetch(map->base, map->bytes, map->path, &geo, diag);
    if (rc) {
        mapping_undo(map);
        return rc;
    }
    struct ivl_region_impl *impl = calloc(1, sizeof(*impl));
    if (!impl) {
        mapping_undo(map);
        return ivl_fail(diag, -ENOMEM, map->path, "free some memory", "out of memory");
    }
    impl->fd = map->fd;
    impl->pub.base = map->base;
    impl->pub.map_bytes = map->bytes;
    impl->pub.backend = map->backend;
    impl->pub.writable = map->writable;
    impl->pub.pages = map->pages;
    impl->pub.no_driver = map->no_driver;
    impl->pub.no_driver_why = map->no_driver_why;
    impl->pub.geo = geo;
    memcpy(impl->pub.uri, map->uri, sizeof(map->uri));
    memcpy(impl->pub.path, map->path, sizeof(map->path));
    *region = &impl->pub;
    return 0;
}

int ivl_region_over(void *base, uint64_t bytes, struct ivl_region **region, struct ivl_diag *diag)
{
    struct ivl_mapping map = {
        .base = base,
        .bytes = bytes,
        .fd = -1,
        .backend = IVL_BACKEND_FILE,
        .writable = true,
        .pages = true,
        .uri = "memory:",
        .path = "memory",
    };
    return ivl_region_adopt(&map, region, diag);
}

void ivl_region_close(struct ivl_region *region)
{
    if (region) {
        struct ivl_region_impl *impl = ivl_impl(region);
        if (impl->fd >= 0) {
            munmap(region->base, region->map_bytes);
            close(impl->fd);
        }
        free(impl);
    }
}

uint64_t ivl_region_heartbeat(const struct ivl_region *region)
{
    return ivl_sh64_load_relaxed(&ivl_super_at(region)->host_heartbeat); /* only whether it moves */
}

int ivl_region_check_backing(const struct ivl_region *region, struct ivl_diag *diag)
{
    int fd = ivl_impl(region)->fd;
    struct stat st;
    if (fd < 0) {
        return 0;
    }
    if (region->backend == IVL_BACKEND_DRIVER) {
        return ivl_driver_check(fd, region->path, region->map_bytes, diag);
    }
    /* the file may have been renamed, so ask the descriptor; a device may have been unplugged,
     * which only its path tells */
    bool is_file = region->backend == IVL_BACKEND_FILE;
    if (is_file ? fstat(fd, &st) : stat(region->path, &st)) {
        return ivl_fail(diag, -ESTALE, region->uri, "restart the job on a region that exists",
                        "the device is gone: %s", strerror(errno));
    }
    if (region->backend != IVL_BACKEND_DAX && (uint64_t) st.st_size < region->map_bytes) {
        return ivl_fail(diag, -EMSGSIZE, region->uri,
                        "do not truncate a region in use; make it anew with ivshmemctl create",
                        "it shrank from %llu to %llu bytes", (unsigned long long) region->map_bytes,
                        (unsigned long long) st.st_size);
    }
    return 0;
}

int ivl_region_check(const struct ivl_region *region, struct ivl_diag *diag)
{
    struct ivl_geometry now;
    int rc = ivl_region_check_backing(region, diag);
    if (rc) {
        return rc;
    }
    rc = ivl_super_fetch(region->base, region->map_bytes, region->uri, &now, diag);
    if (rc) {
        return -ESTALE; /* diag says how the superblock changed */
    }
    if (now.generation != region->geo.generation ||
        memcmp(now.region_uuid, region->geo.region_uuid, IVL_UUID_BYTES) != 0) {
        return ivl_fail(diag, -ESTALE, region->uri, "open it again",
                        "the region was made anew (generation %llu, was %llu)",
                        (unsigned long long) now.generation,
                        (unsigned long long) region->geo.generation);
    }
    return 0;
}

int ivl_region_need_writable(const struct ivl_region *region, struct ivl_diag *diag)
{
    if (region->writable) {
        return 0;
    }
    return ivl_fail(diag, -EROFS, region->uri, "open it for writing",
                    "the region was opened read-only");
}
