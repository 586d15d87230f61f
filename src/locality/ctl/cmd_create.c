/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl create: makes a region in a file, or formats memory that a URI names.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "parse.h"

#define ID_KEEP UINT32_MAX /* as chown(2) has it */

static struct {
    char *size, *vms, *jobs, *chunk, *lease, *mode, *owner;
    int force, in_place;
} opt;

/* clang-format off */
static const struct poptOption options[] = {
    { "size", 's', POPT_ARG_STRING, &opt.size, 0,
      "size of the region, with K, M, G or T (needed for a file)", "SIZE" },
    { "vms", 0, POPT_ARG_STRING, &opt.vms, 0, "entries for VMs, 1..1024 (64)", "N" },
    { "jobs", 0, POPT_ARG_STRING, &opt.jobs, 0, "slots for concurrent jobs, 1..4096 (64)", "N" },
    { "chunk", 0, POPT_ARG_STRING, &opt.chunk, 0,
      "unit of allocation, a power of two from 4K to 1G (4K, more above 1G)", "SIZE" },
    { "lease", 0, POPT_ARG_STRING, &opt.lease, 0,
      "seconds after which a silent job is dead, 1..600 (10)", "SECONDS" },
    { "mode", 0, POPT_ARG_STRING, &opt.mode, 0, "permissions of the file (0600)", "MODE" },
    { "owner", 0, POPT_ARG_STRING, &opt.owner, 0, "owner of the file", "USER[:GROUP]" },
    { "force", 'f', POPT_ARG_NONE, &opt.force, 0, "replace what is there; running jobs lose it",
      NULL },
    { "in-place", 0, POPT_ARG_NONE, &opt.in_place, 0,
      "format a device or file that is there, in its size", NULL },
    POPT_TABLEEND
};
/* clang-format on */

/* ---- options ------------------------------------------------------------------------------ */

static bool take_u32(const char *option, const char *text, uint32_t max, uint32_t *value)
{
    char remedy[80];
    uint64_t n = 0;
    if (!text) {
        return true;
    }
    if (!parse_number(text, max, &n) || n == 0) {
        snprintf(remedy, sizeof(remedy), "choose 1 to %u", max);
        ctl_bad_value(option, text, remedy);
        return false;
    }
    *value = (uint32_t) n;
    return true;
}

static bool take_size(const char *option, const char *text, uint64_t max, uint64_t *value)
{
    uint64_t n = 0;
    if (!text) {
        return true;
    }
    if (!parse_size(text, &n) || n == 0 || n > max) {
        ctl_bad_value(option, text, "write a size such as 512K, 64M or 2G");
        return false;
    }
    *value = n;
    return true;
}

static bool take_format(struct ivl_format *fmt)
{
    uint64_t chunk = 0;
    uint32_t lease = 0;
    bool ok = take_size("--size", opt.size, IVL_REGION_MAX_BYTES, &fmt->region_bytes) &&
              take_u32("--vms", opt.vms, IVL_VMS_MAX, &fmt->vms) &&
              take_u32("--jobs", opt.jobs, IVL_JOBS_MAX, &fmt->jobs) &&
              take_size("--chunk", opt.chunk, IVL_CHUNK_MAX_BYTES, &chunk) &&
              take_u32("--lease", opt.lease, 600, &lease);
    fmt->chunk_bytes = (uint32_t) chunk;
    fmt->lease_ms = lease * 1000;
    return ok;
}

static bool find_user(const char *name, uid_t *uid)
{
    const struct passwd *user = getpwnam(name);
    uint64_t n = 0;
    if (!user && !parse_number(name, ID_KEEP - 1, &n)) {
        return false;
    }
    *uid = user ? user->pw_uid : (uid_t) n;
    return true;
}

static bool find_group(const char *name, gid_t *gid)
{
    const struct group *group = getgrnam(name);
    uint64_t n = 0;
    if (!group && !parse_number(name, ID_KEEP - 1, &n)) {
        return false;
    }
    *gid = group ? group->gr_gid : (gid_t) n;
    return true;
}

/* "USER", "USER:GROUP" or ":GROUP" */
static bool take_owner(uid_t *uid, gid_t *gid)
{
    char user[64];
    if (!opt.owner) {
        return true;
    }
    size_t len = strcspn(opt.owner, ":");
    const char *group = opt.owner[len] ? opt.owner + len + 1 : NULL;
    if (len >= sizeof(user) || (len == 0 && !group)) {
        ctl_bad_value("--owner", opt.owner, "write USER, USER:GROUP or :GROUP");
        return false;
    }
    memcpy(user, opt.owner, len);
    user[len] = '\0';
    if ((len && !find_user(user, uid)) || (group && !find_group(group, gid))) {
        ctl_bad_value("--owner", opt.owner, "there is no such user or group here");
        return false;
    }
    return true;
}

/* ---- making it ---------------------------------------------------------------------------- */

static enum ctl_status describe(const char *uri)
{
    struct ivl_region *region;
    const struct ctl_line line = { .region = uri };
    enum ctl_status status = ctl_open(&line, IVL_OPEN_READONLY, &region);
    if (status == CTL_OK) {
        const struct ivl_geometry *geo = &region->geo;
        printf("%s: region of %s, for %u VMs and %u jobs, lease %u s\n", region->uri,
               ctl_size_text(geo->region_bytes).s, geo->table_count, geo->jobs_count,
               geo->lease_ms / 1000);
        if (region->backend == IVL_BACKEND_FILE && (geo->region_bytes & (geo->region_bytes - 1))) {
            printf("note: not a power of two, so QEMU will not take it for an ivshmem device\n");
        }
        ivl_region_close(region);
    }
    return status;
}

/* Owner first: chown takes away mode bits. */
static int set_access(const char *path, uid_t uid, gid_t gid, unsigned mode)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int rc = fd < 0 || (opt.owner && fchown(fd, uid, gid)) || (opt.mode && fchmod(fd, mode))
                 ? -errno
                 : 0;
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

static enum ctl_status create_file(const char *path, const struct ivl_format *fmt)
{
    struct ivl_diag diag;
    unsigned mode = 0600;
    uid_t uid = ID_KEEP;
    gid_t gid = ID_KEEP;
    if (opt.mode && !parse_mode(opt.mode, &mode)) {
        return ctl_bad_value("--mode", opt.mode, "write it in octal, such as 0660");
    }
    if (!take_owner(&uid, &gid)) {
        return CTL_USAGE;
    }
    /* Nobody else can open it before it has its owner. */
    int rc = ivl_region_create_file(path, fmt, 0600, opt.force, &diag);
    if (rc) {
        return ctl_fail(rc, &diag);
    }
    rc = set_access(path, uid, gid, mode);
    if (rc) {
        ctl_complain(path, strerror(-rc), "the region is there; set its owner and mode as root");
        return CTL_FINDING;
    }
    return CTL_OK;
}

static enum ctl_status create_in_place(const char *uri, const struct ivl_format *fmt)
{
    struct ivl_diag diag;
    if (opt.mode || opt.owner) {
        ctl_complain(opt.mode ? "--mode" : "--owner", "is for new files",
                     "leave it out with --in-place");
        return CTL_USAGE;
    }
    int rc = ivl_region_create_at(uri, fmt, opt.force, &diag);
    return rc ? ctl_fail(rc, &diag) : CTL_OK;
}

static enum ctl_status create(const char *uri)
{
    struct ivl_format fmt = { .region_bytes = 0 };
    const char *path = uri + strlen("file:");
    enum ctl_status status;
    if (!take_format(&fmt)) {
        return CTL_USAGE;
    }
    if (opt.in_place) {
        status = create_in_place(uri, &fmt);
    } else if (strncmp(uri, "file:", strlen("file:")) != 0 || !*path) {
        ctl_complain(uri, "is not a file", "write a path, or use --in-place for a device");
        status = CTL_USAGE;
    } else if (!opt.size) {
        ctl_complain(path, "no size", "add --size, such as --size=1G");
        status = CTL_USAGE;
    } else {
        status = create_file(path, &fmt);
    }
    return status == CTL_OK ? describe(uri) : status;
}

/* Any operand is the region here, a relative path too. The environment does not count: nobody
 * should format a device by having a variable set. */
static enum ctl_status run(const struct ctl_line *line)
{
    char *uri = NULL;
    enum ctl_status status;
    if (line->region_given == (line->count > 0)) {
        ctl_complain("create", line->count ? "two regions" : "no region", "name one");
        return CTL_USAGE;
    }
    if (asprintf(&uri, "%s%s", line->count ? "file:" : "",
                 line->count ? line->args[0] : line->region) < 0) {
        ctl_complain("create", "out of memory", "free some memory");
        return CTL_FINDING;
    }
    status = create(uri);
    free(uri);
    return status;
}

const struct ctl_command ctl_create = {
    .name = "create",
    .operands = "REGION",
    .summary = "make a region in a file, or in memory that is there",
    .regions = CTL_REGIONS " It has to be named.",
    .options = options,
    .operands_max = 1,
    .run = run,
};
