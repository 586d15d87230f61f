/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Making a region, or finding the one that this daemon made before.
 *
 * A region is made under another name, written to the state file and renamed then: a daemon that
 * is killed in between leaves nothing that a later one, or a VM, would take for a region.
 */
#include "prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "log.h"
#include "numa.h"
#include "owner.h"
#include "state.h"

#define FRESH_SUFFIX ".ivshmemd-new"

struct access {
    uid_t uid;
    gid_t gid;
};

static int find_access(const struct ivd_region_conf *conf, struct access *access,
                       struct ivl_diag *diag)
{
    *access = (struct access){ geteuid(), getegid() };
    if (!ivd_find_user(conf->owner, &access->uid)) {
        return ivl_fail(diag, -EINVAL, conf->name, "correct the key owner", "no such user: %s",
                        conf->owner);
    }
    if (!ivd_find_group(conf->group, &access->gid)) {
        return ivl_fail(diag, -EINVAL, conf->name, "correct the key group", "no such group: %s",
                        conf->group);
    }
    return 0;
}

/* Owner first: chown takes away mode bits. */
static int set_access(int fd, const struct ivd_region_conf *conf, const struct access *access,
                      struct ivl_diag *diag)
{
    struct stat st;
    if (fstat(fd, &st) == 0 &&
        ((st.st_uid == access->uid && st.st_gid == access->gid) ||
         fchown(fd, access->uid, access->gid) == 0) &&
        ((st.st_mode & 07777) == conf->mode || fchmod(fd, (mode_t) conf->mode) == 0)) {
        return 0;
    }
    return ivl_fail(diag, -errno, conf->path,
                    "the daemon has to be root, or own it and be in the group",
                    "cannot set its owner and mode: %s", ivd_error(errno).s);
}

static int set_label(int fd, const struct ivd_region_conf *conf, struct ivl_diag *diag)
{
    if (!conf->label[0] ||
        fsetxattr(fd, "security.selinux", conf->label, strlen(conf->label) + 1, 0) == 0) {
        return 0;
    }
    return ivl_fail(diag, -errno, conf->path,
                    "it takes SELinux and a policy that lets the daemon relabel; or take the key "
                    "label out",
                    "cannot set its label: %s", ivd_error(errno).s);
}

/* ---- a new one ------------------------------------------------------------------------------ */

/* Under which name it is spoken of. */
static void name_region(struct ivl_region *region, const char *path)
{
    snprintf(region->path, sizeof(region->path), "%s", path);
    snprintf(region->uri, sizeof(region->uri), "file:%s", path);
}

static int open_region(const char *path, struct ivl_region **region, struct ivl_diag *diag)
{
    char uri[IVD_PATH_BYTES + sizeof("file:") + sizeof(FRESH_SUFFIX)];
    snprintf(uri, sizeof(uri), "file:%s", path);
    return ivl_region_open(uri, 0, region, diag);
}

static int make_file(const struct ivd_region_conf *conf, const char *path, struct ivl_diag *diag)
{
    if (unlink(path) && errno != ENOENT) { /* of a daemon that was killed */
        return ivl_fail(diag, -errno, path, "remove it", "cannot remove it: %s",
                        ivd_error(errno).s);
    }
    int rc = ivd_numa_begin(conf, diag);
    if (rc == 0) {
        rc = ivl_region_create_file(path, &conf->format, 0600, false, diag);
        ivd_numa_end();
    }
    return rc;
}

static void identify(const struct ivd_region_conf *conf, const struct stat *st,
                     struct ivd_prepared *out)
{
    out->identity = (struct ivd_identity){ .dev = st->st_dev,
                                           .ino = st->st_ino,
                                           .numa_mask = conf->numa_mask,
                                           .numa_policy = conf->numa_policy };
    ivl_seal_read(out->region, out->identity.seal);
}

/* Writes it down, then gives it its name. */
static int announce(const struct ivd_region_conf *conf, const char *state_dir, const char *fresh,
                    struct ivd_prepared *out, struct ivl_diag *diag)
{
    int rc = ivd_table_init(&out->table, out->region->geo.table_count);
    if (rc) {
        return ivl_fail(diag, rc, conf->name, "free some memory", "out of memory");
    }
    struct stat st;
    rc = fstat(ivl_region_fd(out->region), &st)
             ? ivl_fail(diag, -errno, fresh, "check its directory", "cannot look at it: %s",
                        ivd_error(errno).s)
             : 0;
    if (rc == 0) {
        identify(conf, &st, out);
        rc = ivd_state_save(state_dir, conf->name, &out->identity, &out->table, diag);
    }
    if (rc == 0 && renameat2(AT_FDCWD, fresh, AT_FDCWD, conf->path, RENAME_NOREPLACE)) {
        rc = ivl_fail(diag, -errno, conf->path, "remove what is there if no VM uses it",
                      "cannot rename the new region to it: %s", ivd_error(errno).s);
    }
    if (rc) {
        ivd_table_fini(&out->table);
    }
    return rc;
}

static int make_region(const struct ivd_region_conf *conf, const char *state_dir,
                       const struct access *access, struct ivd_prepared *out, struct ivl_diag *diag)
{
    char fresh[IVD_PATH_BYTES + sizeof(FRESH_SUFFIX)];
    snprintf(fresh, sizeof(fresh), "%s" FRESH_SUFFIX, conf->path);
    int rc = make_file(conf, fresh, diag);
    if (rc) {
        return rc;
    }
    rc = open_region(fresh, &out->region, diag);
    if (rc == 0) {
        rc = set_access(ivl_region_fd(out->region), conf, access, diag);
        rc = rc ? rc : set_label(ivl_region_fd(out->region), conf, diag);
        rc = rc ? rc : announce(conf, state_dir, fresh, out, diag);
        if (rc) {
            ivl_region_close(out->region);
        }
    }
    if (rc) {
        unlink(fresh);
        return rc;
    }
    name_region(out->region, conf->path);
    return 0;
}

/* ---- one that is there ---------------------------------------------------------------------- */

static int check_file(const struct ivd_region_conf *conf, const struct access *access,
                      const struct stat *st, struct ivl_diag *diag)
{
    if (!S_ISREG(st->st_mode) || st->st_nlink != 1) {
        return ivl_fail(diag, -EINVAL, conf->path, "remove it", "not a regular file of one name");
    }
    if (st->st_uid != access->uid && st->st_uid != geteuid()) {
        return ivl_fail(diag, -EPERM, conf->path,
                        "remove it if no VM uses it, or correct the key owner",
                        "belongs to uid %u, expected %u: somebody else made it", st->st_uid,
                        access->uid);
    }
    if ((uint64_t) st->st_size != conf->format.region_bytes) {
        return ivl_fail(diag, -EMSGSIZE, conf->path,
                        "stop its VMs and remove it, or correct the key size",
                        "has %" PRIu64 " bytes, configured are %" PRIu64, (uint64_t) st->st_size,
                        conf->format.region_bytes);
    }
    return 0;
}

/* The file at the region's path, opened once: all that follows is done to that one, by its
 * descriptor's name, whatever comes to be at the path. */
struct opened {
    int fd;
    struct stat st;
    char name[40];
};

/* 0; -ENOENT: there is none, which is no failure; or an error. */
static int open_once(const struct ivd_region_conf *conf, struct opened *file, struct ivl_diag *diag)
{
    file->fd = open(conf->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    int err = file->fd < 0 ? errno : 0;
    if (err == ELOOP || err == EISDIR || err == ENXIO) {
        return ivl_fail(diag, -EINVAL, conf->path, "remove it", "not a regular file of one name");
    }
    if (err) {
        return ivl_fail(diag, -err, conf->path, "check its directory", "cannot open it: %s",
                        ivd_error(err).s);
    }
    snprintf(file->name, sizeof(file->name), "/proc/self/fd/%d", file->fd);
    if (fstat(file->fd, &file->st)) {
        err = errno;
        close(file->fd);
        return ivl_fail(diag, -err, conf->path, "check its directory", "cannot look at it: %s",
                        ivd_error(err).s);
    }
    return 0;
}

/* As open_region, said of the path. */
static int map_opened(const struct ivd_region_conf *conf, const struct opened *file,
                      struct ivl_region **region, struct ivl_diag *diag)
{
    int rc = open_region(file->name, region, diag);
    if (rc) {
        snprintf(diag->where, sizeof(diag->where), "%.150s", conf->path);
    } else {
        name_region(*region, conf->path);
    }
    return rc;
}

/* Takes a region over that somebody else made. */
static int adopt(const struct ivd_region_conf *conf, const char *state_dir,
                 const struct opened *file, struct ivd_prepared *out, struct ivl_diag *diag)
{
    if (!conf->adopt) {
        return ivl_fail(diag, -EEXIST, conf->path,
                        "remove it if no VM uses it, or set adopt = yes to take it over",
                        "exists, but was not made by this daemon");
    }
    int rc = map_opened(conf, file, &out->region, diag);
    if (rc) {
        return rc;
    }
    rc = ivd_table_init(&out->table, out->region->geo.table_count);
    if (rc == 0) {
        identify(conf, &file->st, out);
        rc = ivd_state_save(state_dir, conf->name, &out->identity, &out->table, diag);
    }
    if (rc) {
        ivd_table_fini(&out->table);
        ivl_region_close(out->region);
    }
    return rc;
}

/* Opens the region that the state names, with its superblock put right if need be. */
static int reopen(const struct ivd_region_conf *conf, const struct opened *file,
                  struct ivd_prepared *out, struct ivl_diag *diag)
{
    bool restored = false;
    int rc = ivl_seal_restore(file->name, out->identity.seal, &restored, diag);
    if (rc) {
        snprintf(diag->where, sizeof(diag->where), "%.150s", conf->path);
        return rc;
    }
    rc = map_opened(conf, file, &out->region, diag);
    if (rc) {
        return rc;
    }
    if (out->region->geo.table_count != out->table.count) {
        ivl_region_close(out->region);
        return ivl_fail(diag, -EBADMSG, conf->path, "remove it, and the region if no VM uses it",
                        "the state file is of a table of %u entries", out->table.count);
    }
    if (restored) {
        ivd_log(IVD_WARNING,
                "region %s: guests changed the superblock while no daemon ran: put back",
                conf->name);
    }
    return 0;
}

static void say_kept(const struct ivd_region_conf *conf, const char *key, uint64_t want,
                     uint64_t has)
{
    if (want && want != has) {
        ivd_log(IVD_WARNING,
                "region %s: %s = %" PRIu64 " has no effect, it was made with %" PRIu64
                ": stop its VMs, remove it and restart the daemon",
                conf->name, key, want, has);
    }
}

/* Keys that hold when a region is made. */
static void say_all_kept(const struct ivd_region_conf *conf, const struct ivd_prepared *out)
{
    const struct ivl_geometry *geo = &out->region->geo;
    say_kept(conf, "vms", conf->format.vms, geo->table_count);
    say_kept(conf, "jobs", conf->format.jobs, geo->jobs_count);
    say_kept(conf, "chunk", conf->format.chunk_bytes, geo->chunk_bytes);
    say_kept(conf, "lease", conf->format.lease_ms / 1000, geo->lease_ms / 1000);
    if (out->identity.numa_mask != conf->numa_mask ||
        out->identity.numa_policy != conf->numa_policy) {
        ivd_log(IVD_WARNING,
                "region %s: numa, numa-policy: changed after it was made, without effect: stop its "
                "VMs, remove it and restart the daemon",
                conf->name);
    }
}

/* A state that is of another file says nothing about this one. */
static int recover(const struct ivd_region_conf *conf, const char *state_dir,
                   const struct opened *file, struct ivd_prepared *out, struct ivl_diag *diag)
{
    int rc = ivd_state_load(state_dir, conf->name, &out->identity, &out->table, diag);
    if (rc == 0 && (out->identity.dev != file->st.st_dev || out->identity.ino != file->st.st_ino)) {
        ivd_table_fini(&out->table);
        rc = -ENOENT;
    }
    if (rc == -ENOENT) {
        return adopt(conf, state_dir, file, out, diag);
    }
    if (rc) {
        return rc;
    }
    rc = reopen(conf, file, out, diag);
    if (rc) {
        ivd_table_fini(&out->table);
    } else {
        say_all_kept(conf, out);
    }
    return rc;
}

static int find_region(const struct ivd_region_conf *conf, const char *state_dir,
                       const struct access *access, const struct opened *file,
                       struct ivd_prepared *out, struct ivl_diag *diag)
{
    int rc = check_file(conf, access, &file->st, diag);
    if (rc == 0) {
        rc = recover(conf, state_dir, file, out, diag);
    }
    if (rc) {
        return rc;
    }
    out->found = true;
    rc = set_access(ivl_region_fd(out->region), conf, access, diag);
    rc = rc ? rc : set_label(ivl_region_fd(out->region), conf, diag);
    if (rc) {
        ivl_region_close(out->region);
        ivd_table_fini(&out->table);
    }
    return rc;
}

int ivd_prepare(const struct ivd_region_conf *conf, const char *state_dir, struct ivd_prepared *out,
                struct ivl_diag *diag)
{
    struct access access;
    struct opened file;
    memset(out, 0, sizeof(*out));
    int rc = find_access(conf, &access, diag);
    if (rc == 0) {
        rc = open_once(conf, &file, diag);
        if (rc == -ENOENT) {
            return make_region(conf, state_dir, &access, out, diag);
        }
    }
    if (rc) {
        return rc;
    }
    rc = find_region(conf, state_dir, &access, &file, out, diag);
    close(file.fd);
    return rc;
}
