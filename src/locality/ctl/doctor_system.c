/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl doctor: checks of the machine: settings, devices, permissions, kernel lockdown.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"

#define DEVICES "/sys/bus/pci/devices"

bool doctor_read_line(const char *path, char *text, size_t size)
{
    char full[600];
    snprintf(full, sizeof(full), "%.300s%.290s", ctl_sysroot, path);
    FILE *f = fopen(full, "re");
    if (!f) {
        return false;
    }
    bool ok = fgets(text, (int) size, f);
    fclose(f);
    if (ok) {
        text[strcspn(text, "\n")] = '\0';
    }
    return ok;
}

void doctor_check_settings(struct doctor *doctor)
{
    const char *enable = getenv("MPIR_CVAR_IVSHMEM_ENABLE");
    const char *uri = getenv("MPIR_CVAR_IVSHMEM_URI");
    if (enable && strcmp(enable, "0") == 0) {
        doctor_add(doctor, LEVEL_FAIL, "settings", "unset it",
                   "MPIR_CVAR_IVSHMEM_ENABLE is 0, so ranks do not look for the region");
    }
    if (uri && *uri) {
        char *full = ctl_region_uri(uri);
        if (full && strcmp(full, doctor->uri) != 0) {
            doctor_add(doctor, LEVEL_WARN, "settings", "examine that one, or correct the variable",
                       "MPIR_CVAR_IVSHMEM_URI is %s, so ranks look there", uri);
        }
        free(full);
    }
}

/* ---- permission --------------------------------------------------------------------------- */

/* "owner root, group root, mode 0600" */
static void describe_owner(const struct stat *st, char *text, size_t size)
{
    const struct passwd *user = getpwuid(st->st_uid);
    const struct group *group = getgrgid(st->st_gid);
    char uid[16], gid[16];
    snprintf(uid, sizeof(uid), "%u", st->st_uid);
    snprintf(gid, sizeof(gid), "%u", st->st_gid);
    snprintf(text, size, "owner %.40s, group %.40s, mode %04o", user ? user->pw_name : uid,
             group ? group->gr_name : gid, st->st_mode & 07777u);
}

/* True also if the file is not there: opening it will say so. level: of a refusal. */
static bool check_permission(struct doctor *doctor, const char *path, enum level level)
{
    char owner[120], remedy[400];
    struct stat st;
    if (stat(path, &st)) {
        if (errno == ENOENT) {
            return true;
        }
        doctor_add(doctor, level, "permission", "get search permission on its directories",
                   "%s: %s", path, strerror(errno));
        return false;
    }
    describe_owner(&st, owner, sizeof(owner));
    if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0) {
        doctor_add(doctor, LEVEL_OK, "permission", "", "%s can be read and written (%s)", path,
                   owner);
        return true;
    }
    snprintf(remedy, sizeof(remedy),
             "as root, at each start (udev rule): chgrp GROUP %.200s; chmod 0660 on it; and put "
             "user %u in GROUP",
             path, geteuid());
    doctor_add(doctor, level, "permission", remedy, "%s is not open to user %u (%s)", path,
               geteuid(), owner);
    return false;
}

static bool check_lockdown(struct doctor *doctor)
{
    char text[80];
    if (!doctor_read_line("/sys/kernel/security/lockdown", text, sizeof(text)) ||
        strstr(text, "[none]")) {
        doctor_add(doctor, LEVEL_OK, "lockdown", "", "the kernel lets PCI memory be mapped");
        return true;
    }
    doctor_add(doctor, LEVEL_FAIL, "lockdown",
               "use the guest driver, signed; or switch secure boot off in this VM",
               "the kernel is locked down (%s): PCI memory cannot be mapped", text);
    return false;
}

/* ---- PCI devices -------------------------------------------------------------------------- */

static bool device_is(const char *name)
{
    char path[300], vendor[16], device[16];
    snprintf(path, sizeof(path), DEVICES "/%.200s/vendor", name);
    if (!doctor_read_line(path, vendor, sizeof(vendor)) || strcmp(vendor, "0x1af4") != 0) {
        return false;
    }
    snprintf(path, sizeof(path), DEVICES "/%.200s/device", name);
    return doctor_read_line(path, device, sizeof(device)) && strcmp(device, "0x1110") == 0;
}

/* Where the library maps the device's memory. */
static bool find_bar(const char *name, bool uncached, char *path, size_t size, struct stat *st)
{
    static const char *const files[] = { "resource2_wc", "resource2" };
    for (size_t i = uncached ? 1 : 0; i < 2; i++) {
        snprintf(path, size, "%.300s" DEVICES "/%.200s/%s", ctl_sysroot, name, files[i]);
        if (stat(path, st) == 0) {
            return true;
        }
    }
    return false;
}

static bool driver_wanted(const char *spec)
{
    return !strchr(spec, '?') || strstr(spec, "?map=driver");
}

/* One device: what it is and whether we may use it. level: if not. */
static bool check_device(struct doctor *doctor, const char *name, const char *spec,
                         enum level level)
{
    char path[700];
    struct stat st;
    if (!find_bar(name, strstr(spec, "?map=uc"), path, sizeof(path), &st)) {
        doctor_add(doctor, level, "device", "give it memory: memdev=... in QEMU's -device",
                   "%s has no memory in BAR 2", name);
        return false;
    }
    doctor_add(doctor, LEVEL_OK, "device", "", "%s is an ivshmem device with %s", name,
               ctl_size_text((uint64_t) st.st_size).s);
    bool driver = driver_wanted(spec) && ivl_driver_node(name, path, sizeof(path)) == 0;
    bool usable = check_permission(doctor, path, level);
    doctor->driver |= driver && usable;
    return usable;
}

static int is_ivshmem(const struct dirent *entry)
{
    return device_is(entry->d_name);
}

/* True if one device can be used. With several of them, one that cannot be does no harm. */
static bool check_all_devices(struct doctor *doctor, const char *spec)
{
    struct dirent **list = NULL;
    char dir[400];
    int usable = 0;
    snprintf(dir, sizeof(dir), "%.300s" DEVICES, ctl_sysroot);
    int n = scandir(dir, &list, is_ivshmem, alphasort);
    for (int i = 0; i < n; i++) {
        usable += check_device(doctor, list[i]->d_name, spec, n > 1 ? LEVEL_WARN : LEVEL_FAIL);
        free(list[i]);
    }
    free(list);
    if (n <= 0) {
        doctor_add(doctor, LEVEL_FAIL, "device",
                   "give this VM an ivshmem-plain device; in a container: --region=PATH",
                   "no PCI device 1af4:1110 here");
    } else if (n > 1 && usable == 0) {
        doctor_add(doctor, LEVEL_FAIL, "device", "see above", "none of %d devices can be used", n);
    }
    return usable > 0;
}

static bool check_pci(struct doctor *doctor, const char *spec)
{
    bool usable;
    char name[32];
    snprintf(name, sizeof(name), "%.*s", (int) strcspn(spec, "?"), spec);
    if (strcmp(name, "auto") == 0) {
        usable = check_all_devices(doctor, spec);
    } else if (device_is(name)) {
        usable = check_device(doctor, name, spec, LEVEL_FAIL);
    } else {
        return true; /* opening it says what is wrong with the address or the device */
    }
    return usable && (doctor->driver || check_lockdown(doctor));
}

bool doctor_check_access(struct doctor *doctor)
{
    char path[700];
    if (strncmp(doctor->uri, "pci:", 4) == 0) {
        return check_pci(doctor, doctor->uri + 4);
    }
    if (strncmp(doctor->uri, "dax:", 4) == 0) {
        snprintf(path, sizeof(path), "%.300s%.300s", ctl_sysroot, doctor->uri + 4);
        return check_permission(doctor, path, LEVEL_FAIL);
    }
    if (strncmp(doctor->uri, "file:", 5) == 0) {
        return check_permission(doctor, doctor->uri + 5, LEVEL_FAIL);
    }
    return true;
}
