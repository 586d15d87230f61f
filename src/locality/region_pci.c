/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Backend pci: BAR 2 of an ivshmem device (1af4:1110), through the guest driver if there is one,
 * else through sysfs.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VENDOR 0x1af4u
#define DEVICE 0x1110u
#define DEVICES_DIR "/sys/bus/pci/devices"
#define DEVICES_MAX 32
#define NAME_BYTES 32 /* "dddddddd:bb:dd.f" and to spare */

enum map_kind {
    MAP_ANY,
    MAP_DRIVER,
    MAP_WC,
    MAP_UC
};

struct request {
    char name[NAME_BYTES]; /* "auto" or the canonical address */
    enum map_kind kind;
    bool writable;
    bool raw;
};

/* ---- the URI ------------------------------------------------------------------------------- */

/* Reads exactly `min` to `max` hex digits; NULL if there are fewer. */
static const char *take_hex(const char *p, int min, int max, unsigned *value)
{
    int n = 0;
    *value = 0;
    for (; n < max; n++, p++) {
        const char *digits = "0123456789abcdef";
        const char *at = *p ? strchr(digits, *p >= 'A' && *p <= 'F' ? *p + 'a' - 'A' : *p) : NULL;
        if (!at) {
            break;
        }
        *value = *value * 16 + (unsigned) (at - digits);
    }
    return n >= min ? p : NULL;
}

static const char *take_char(const char *p, char c)
{
    return p && *p == c ? p + 1 : NULL;
}

/* "dddd:bb:dd.f"; returns what is behind it. */
static const char *take_address(const char *p, char name[NAME_BYTES])
{
    unsigned domain = 0, bus = 0, device = 0, function = 0;
    p = take_char(take_hex(p, 4, 8, &domain), ':');
    p = p ? take_char(take_hex(p, 2, 2, &bus), ':') : NULL;
    p = p ? take_char(take_hex(p, 2, 2, &device), '.') : NULL;
    p = p ? take_hex(p, 1, 1, &function) : NULL;
    if (!p || device > 31 || function > 7) {
        return NULL;
    }
    snprintf(name, NAME_BYTES, "%04x:%02x:%02x.%x", domain, bus, device, function);
    return p;
}

static int parse_spec(const char *spec, struct request *req, struct ivl_diag *diag)
{
    const char *p;
    if (strncmp(spec, "auto", 4) == 0) {
        snprintf(req->name, sizeof(req->name), "auto");
        p = spec + 4;
    } else {
        p = take_address(spec, req->name);
    }
    if (p && strcmp(p, "?map=driver") == 0) {
        req->kind = MAP_DRIVER;
    } else if (p && strcmp(p, "?map=wc") == 0) {
        req->kind = MAP_WC;
    } else if (p && strcmp(p, "?map=uc") == 0) {
        req->kind = MAP_UC;
    } else if (!p || *p) {
        char where[sizeof(diag->where)];
        snprintf(where, sizeof(where), "pci:%.100s", spec);
        return ivl_fail(diag, -EINVAL, where,
                        "write pci:auto or pci:DDDD:BB:DD.F, perhaps with ?map=driver, ?map=wc or "
                        "?map=uc",
                        "malformed PCI address");
    }
    return 0;
}

/* ---- the device ---------------------------------------------------------------------------- */

static unsigned read_hex(const char *name, const char *file)
{
    char path[128], text[32];
    snprintf(path, sizeof(path), DEVICES_DIR "/%s/%s", name, file);
    if (ivl_text_read(ivl_sysroot, path, text, sizeof(text))) {
        return 0;
    }
    return (unsigned) strtoul(text, NULL, 16);
}

static bool is_ivshmem(const char *name)
{
    return read_hex(name, "vendor") == VENDOR && read_hex(name, "device") == DEVICE;
}

/* A device nobody enabled may not answer on its BAR: switch it on, if we may. */
static void enable_memory(const char *name)
{
    char path[400], text[16];
    snprintf(path, sizeof(path), DEVICES_DIR "/%s/enable", name);
    if (ivl_text_read(ivl_sysroot, path, text, sizeof(text)) || strcmp(text, "0") != 0) {
        return;
    }
    snprintf(path, sizeof(path), "%.300s" DEVICES_DIR "/%s/enable", ivl_sysroot, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t ignored = write(fd, "1", 1); /* if it fails, the superblock check will say so */
        (void) ignored;
        close(fd);
    }
}

static int open_bar(const char *name, const char *file, struct ivl_mapping *map)
{
    int len =
        snprintf(map->path, sizeof(map->path), "%s" DEVICES_DIR "/%s/%s", ivl_sysroot, name, file);
    if ((size_t) len >= sizeof(map->path)) {
        return -ENAMETOOLONG;
    }
    map->fd = open(map->path, (map->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    return map->fd < 0 ? -errno : 0;
}

/* resource2_wc if there is one (only prefetchable BARs have it), else resource2. */
static int open_resource(const struct request *req, const char *name, struct ivl_mapping *map,
                         struct ivl_diag *diag)
{
    int rc = req->kind == MAP_UC ? -ENOENT : open_bar(name, "resource2_wc", map);
    if (rc == -ENOENT && req->kind != MAP_WC) {
        rc = open_bar(name, "resource2", map);
    }
    if (rc == -ENOENT) {
        return ivl_fail(diag, rc, map->path,
                        req->kind == MAP_WC ? "use ?map=uc" : "give the device memory in BAR 2",
                        "no such BAR");
    }
    return rc ? ivl_fail_access(diag, rc, map->path, "open") : 0;
}

static int map_resource(const struct request *req, const char *name, struct ivl_mapping *map,
                        struct ivl_diag *diag)
{
    struct stat st;
    map->backend = IVL_BACKEND_PCI;
    enable_memory(name);
    int rc = open_resource(req, name, map, diag);
    if (rc) {
        return rc;
    }
    if (fstat(map->fd, &st)) {
        rc = -errno;
        close(map->fd);
        return ivl_fail_access(diag, rc, map->path, "fstat");
    }
    map->bytes = (uint64_t) st.st_size;
    return ivl_mapping_map(map, diag);
}

/* By the driver, else by sysfs. Where a driver is bound the kernel refuses the latter, so the
 * driver's failure is the one to tell. */
static int map_device(const struct request *req, const char *name, struct ivl_mapping *map,
                      struct ivl_diag *diag)
{
    if (req->kind == MAP_WC || req->kind == MAP_UC) {
        return map_resource(req, name, map, diag);
    }
    map->no_driver = ivl_driver_map(name, map, &map->no_driver_why);
    if (map->no_driver == 0) {
        return 0;
    }
    int rc = req->kind == MAP_DRIVER ? map->no_driver : map_resource(req, name, map, diag);
    if (rc && (req->kind == MAP_DRIVER || map->no_driver != -ENODEV)) {
        const struct ivl_diag *why = &map->no_driver_why;
        return ivl_fail(diag, map->no_driver, why->where, why->remedy, "%s", why->what);
    }
    return rc;
}

static int open_device(const struct request *req, const char *name, struct ivl_region **region,
                       struct ivl_diag *diag)
{
    static const char *const suffix[] = {
        [MAP_ANY] = "", [MAP_DRIVER] = "?map=driver", [MAP_WC] = "?map=wc", [MAP_UC] = "?map=uc"
    };
    struct ivl_mapping map = { .writable = req->writable, .raw = req->raw };
    snprintf(map.uri, sizeof(map.uri), "pci:%s%s", name, suffix[req->kind]);
    int rc = map_device(req, name, &map, diag);
    return rc ? rc : ivl_region_adopt(&map, region, diag);
}

/* ---- pci:auto ------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Names of the ivshmem devices, sorted. */
static int list_devices(char names[DEVICES_MAX][NAME_BYTES])
{
    char path[400];
    int n = 0;
    snprintf(path, sizeof(path), "%.300s" DEVICES_DIR, ivl_sysroot);
    DIR *dir = opendir(path);
    if (!dir) {
        return 0;
    }
    for (struct dirent *e = readdir(dir); e && n < DEVICES_MAX; e = readdir(dir)) {
        const char *end = take_address(e->d_name, names[n]);
        if (end && !*end && is_ivshmem(names[n])) {
            n++;
        }
    }
    closedir(dir);
    qsort(names, (size_t) n, NAME_BYTES, by_name);
    return n;
}

static void append_name(char *list, size_t size, const char *name)
{
    size_t len = strlen(list);
    snprintf(list + len, size - len, "%s%.31s", len ? ", " : "", name);
}

/* The only device with a valid region. When none has one, the first failure is reported. */
static int open_auto(const struct request *req, struct ivl_region **region, struct ivl_diag *diag)
{
    char names[DEVICES_MAX][NAME_BYTES], found[160] = "";
    struct ivl_diag scratch = { .where = "" }, first = scratch;
    struct ivl_region *chosen = NULL;
    int valid = 0, rc = 0;
    int n = list_devices(names);

    for (int i = 0; i < n; i++) {
        struct ivl_region *r;
        int err = open_device(req, names[i], &r, &scratch);
        if (err == 0 && valid++ == 0) {
            chosen = r;
        } else if (err == 0) {
            ivl_region_close(r);
        } else if (rc == 0) {
            rc = err;
            first = scratch;
        }
        if (err == 0) {
            append_name(found, sizeof(found), names[i]);
        }
    }
    if (n == 0) {
        return ivl_fail(diag, -ENODEV, "pci:auto", "give this VM an ivshmem-plain device",
                        "no PCI device 1af4:1110 here");
    }
    if (valid == 1) {
        *region = chosen;
        return 0;
    }
    ivl_region_close(chosen);
    if (valid == 0) {
        return ivl_fail(diag, rc, first.where, first.remedy, "%s", first.what);
    }
    return ivl_fail(diag, -ENOTUNIQ, "pci:auto", "name one: pci:DDDD:BB:DD.F",
                    "several devices %s: %s", req->raw ? "are here" : "have a region", found);
}

int ivl_pci_open(const char *spec, unsigned flags, struct ivl_region **region,
                 struct ivl_diag *diag)
{
    struct request req = { .kind = MAP_ANY,
                           .writable = !(flags & IVL_OPEN_READONLY),
                           .raw = flags & IVL_OPEN_RAW };
    int rc = parse_spec(spec, &req, diag);
    if (rc) {
        return rc;
    }
    if (strcmp(req.name, "auto") == 0) {
        return open_auto(&req, region, diag);
    }
    unsigned vendor = read_hex(req.name, "vendor"), device = read_hex(req.name, "device");
    if (vendor == 0) {
        return ivl_fail(diag, -ENODEV, req.name, "see lspci -d 1af4:1110", "no such PCI device");
    }
    if (vendor != VENDOR || device != DEVICE) {
        return ivl_fail(diag, -ENODEV, req.name, "see lspci -d 1af4:1110",
                        "PCI device %04x:%04x, expected ivshmem 1af4:1110", vendor, device);
    }
    return open_device(&req, req.name, region, diag);
}
