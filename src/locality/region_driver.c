/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Memory of an ivshmem device through the guest driver (contrib/kmod): cached, and with page
 * structures. region_pci.c asks for it first.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality_impl.h"
#include "ivshmem_uapi.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEVICES_DIR "/sys/bus/pci/devices"
#define NODE_BYTES 24 /* "ivshmemN" and to spare */

static bool is_node(const char *name)
{
    const char *digits = name + strlen("ivshmem");
    size_t len = strlen(name);
    return len < NODE_BYTES && strncmp(name, "ivshmem", strlen("ivshmem")) == 0 && *digits &&
           digits[strspn(digits, "0123456789")] == '\0';
}

/* The driver's name for the PCI device, by the folder that it has in the device's. */
static int find_node(const char *device, char node[NODE_BYTES])
{
    char path[400];
    int rc = -ENODEV;
    snprintf(path, sizeof(path), "%.300s" DEVICES_DIR "/%.31s/ivshmem", ivl_sysroot, device);
    DIR *dir = opendir(path);
    if (!dir) {
        return rc;
    }
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (is_node(e->d_name)) {
            snprintf(node, NODE_BYTES, "%.23s", e->d_name);
            rc = 0;
        }
    }
    closedir(dir);
    return rc;
}

int ivl_driver_node(const char *device, char *path, size_t size)
{
    char node[NODE_BYTES];
    int rc = find_node(device, node);
    if (rc) {
        return rc;
    }
    int len = snprintf(path, size, "%s/dev/%s", ivl_sysroot, node);
    return (size_t) len < size ? 0 : -ENAMETOOLONG;
}

/* The node in /dev may be a left-over, or another device's: its number must be the one that the
 * driver shows. */
static int check_node(int fd, const char *device, const char *path, struct ivl_diag *diag)
{
    char node[NODE_BYTES], file[160], want[32] = "", got[32];
    struct stat st;
    if (fstat(fd, &st)) {
        return ivl_fail_access(diag, -errno, path, "fstat");
    }
    if (find_node(device, node) == 0) {
        snprintf(file, sizeof(file), DEVICES_DIR "/%.31s/ivshmem/%s/dev", device, node);
        if (ivl_text_read(ivl_sysroot, file, want, sizeof(want))) {
            want[0] = '\0';
        }
    }
    snprintf(got, sizeof(got), "%u:%u", major(st.st_rdev), minor(st.st_rdev));
    if (!S_ISCHR(st.st_mode) || strcmp(got, want) != 0) {
        return ivl_fail(diag, -ENXIO, path, "remove it, and let udev make it again",
                        "not the node of %s (device %s), which is %s", device,
                        want[0] ? want : "unknown", S_ISCHR(st.st_mode) ? got : "no device");
    }
    return 0;
}

static int read_info(struct ivl_mapping *map, struct ivl_diag *diag)
{
    struct ivshmem_info info;
    if (ioctl(map->fd, IVSHMEM_IOC_INFO, &info)) {
        int err = -errno;
        return ivl_fail(diag, err, map->path, "load the driver of this release (contrib/kmod)",
                        "IVSHMEM_IOC_INFO: %s", strerror(-err));
    }
    map->bytes = info.bytes;
    map->pages = info.flags & IVSHMEM_INFO_PAGES;
    return 0;
}

static int map_node(struct ivl_mapping *map, const char *device, struct ivl_diag *diag)
{
    map->fd = open(map->path, (map->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (map->fd < 0) {
        return ivl_fail_access(diag, -errno, map->path, "open");
    }
    int rc = check_node(map->fd, device, map->path, diag);
    if (rc == 0) {
        rc = read_info(map, diag);
    }
    if (rc) {
        close(map->fd);
        return rc;
    }
    return ivl_mapping_map(map, diag);
}

int ivl_driver_map(const char *device, struct ivl_mapping *map, struct ivl_diag *diag)
{
    int rc = ivl_driver_node(device, map->path, sizeof(map->path));
    if (rc) {
        return ivl_fail(diag, rc, device,
                        "load ivshmem.ko (contrib/kmod) for cached memory that can be registered "
                        "for RDMA",
                        "no guest driver is bound to it");
    }
    map->backend = IVL_BACKEND_DRIVER;
    return map_node(map, device, diag);
}

int ivl_driver_check(int fd, const char *path, uint64_t bytes, struct ivl_diag *diag)
{
    struct ivshmem_info info;
    if (ioctl(fd, IVSHMEM_IOC_INFO, &info)) {
        return ivl_fail(diag, -ESTALE, path, "restart the job on a region that exists",
                        "the device is gone: %s", strerror(errno));
    }
    if (info.bytes < bytes) {
        return ivl_fail(diag, -EMSGSIZE, path, "restart the job", "it shrank");
    }
    return 0;
}
