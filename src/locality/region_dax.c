/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Backend dax: a device DAX (virtio-pmem, NVDIMM, CXL memory) given to several VMs.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The device's name, "daxX.Y", if spec is "/dev/daxX.Y"; else NULL. */
static const char *device_name(const char *spec)
{
    unsigned x, y;
    int end = 0;
    if (sscanf(spec, "/dev/dax%5u.%5u%n", &x, &y, &end) != 2 || spec[end]) {
        return NULL;
    }
    return spec + strlen("/dev/");
}

static uint64_t device_bytes(const char *name)
{
    static const char *const dirs[] = { "/sys/bus/dax/devices", "/sys/class/dax" };
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        char path[128], text[32];
        snprintf(path, sizeof(path), "%s/%s/size", dirs[i], name);
        if (ivl_text_read(ivl_sysroot, path, text, sizeof(text)) == 0) {
            return strtoull(text, NULL, 0);
        }
    }
    return 0;
}

static int require_device(int fd, const char *path, struct ivl_diag *diag)
{
    struct stat st;
    if (fstat(fd, &st)) {
        return ivl_fail_access(diag, -errno, path, "fstat");
    }
    if (!S_ISCHR(st.st_mode)) {
        return ivl_fail(diag, -ENODEV, path, "for a file write file:PATH",
                        "not a character device");
    }
    return 0;
}

static int size_device(struct ivl_mapping *map, const char *name, struct ivl_diag *diag)
{
    int rc = require_device(map->fd, map->path, diag);
    if (rc) {
        return rc;
    }
    map->bytes = device_bytes(name);
    if (map->bytes == 0) {
        return ivl_fail(diag, -ENODEV, map->path, "see daxctl list; is it in devdax mode?",
                        "no size in /sys/bus/dax/devices/%s", name);
    }
    return 0;
}

int ivl_dax_open(const char *spec, unsigned flags, struct ivl_region **region,
                 struct ivl_diag *diag)
{
    struct ivl_mapping map = { .backend = IVL_BACKEND_DAX };
    const char *name = device_name(spec);
    if (!name) {
        return ivl_fail(diag, -EINVAL, spec, "write dax:/dev/daxX.Y", "not a device DAX path");
    }
    map.writable = !(flags & IVL_OPEN_READONLY);
    map.raw = flags & IVL_OPEN_RAW;
    snprintf(map.uri, sizeof(map.uri), "dax:%s", spec);
    if ((size_t) snprintf(map.path, sizeof(map.path), "%s%s", ivl_sysroot, spec) >=
        sizeof(map.path)) {
        return ivl_fail(diag, -ENAMETOOLONG, spec, "use a shorter path", "path too long");
    }
    map.fd = open(map.path, (map.writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (map.fd < 0) {
        return ivl_fail_access(diag, -errno, map.path, "open");
    }
    int rc = size_device(&map, name, diag);
    if (rc) {
        close(map.fd);
        return rc;
    }
    rc = ivl_mapping_map(&map, diag);
    return rc ? rc : ivl_region_adopt(&map, region, diag);
}
