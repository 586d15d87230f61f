/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The state file: a head, then the table's entries as they are in memory. Only a daemon of the same
 * release on the same host reads it; what it reads it checks all the same.
 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crc32c.h"
#include "log.h"

#define STATE_MAGIC "IVDSTAT2"

struct state_head {
    char magic[8];
    uint32_t entry_bytes;
    uint32_t count;
    uint64_t epoch;
    struct ivd_identity identity;
    uint32_t entries_sum; /* CRC-32C of the entries */
    uint32_t head_sum;    /* CRC-32C of the head before this */
};

static int fail_file(struct ivl_diag *diag, int err, const char *path, const char *what)
{
    return ivl_fail(diag, err, path, "check state-directory: it has to be the daemon's own",
                    "%s: %s", what, ivd_error(-err).s);
}

static bool make_path(char *path, size_t size, const char *dir, const char *name, const char *end)
{
    return (size_t) snprintf(path, size, "%s/%s.%s", dir, name, end) < size;
}

int ivd_state_dir(const char *dir, struct ivl_diag *diag)
{
    struct stat st;
    if (mkdir(dir, 0755) && errno != EEXIST) {
        return fail_file(diag, -errno, dir, "cannot make it");
    }
    if (lstat(dir, &st)) {
        return fail_file(diag, -errno, dir, "cannot look at it");
    }
    if (!S_ISDIR(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 022)) {
        return ivl_fail(diag, -EPERM, dir,
                        "make it the daemon's own: mode 0755, owner as the daemon",
                        "not a directory that only its owner, uid %u, can write to", geteuid());
    }
    return 0;
}

int ivd_state_lock(const char *dir, const char *name, struct ivl_diag *diag)
{
    char path[300];
    if (!make_path(path, sizeof(path), dir, name, "lock")) {
        return fail_file(diag, -ENAMETOOLONG, dir, "cannot open");
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail_file(diag, -errno, path, "cannot open");
    }
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        return ivl_fail(diag, -EAGAIN, name, "stop it, or leave the region to it",
                        "another ivshmemd has this region");
    }
    return fd;
}

/* ---- save ----------------------------------------------------------------------------------- */

static int write_all(int fd, const void *data, size_t size)
{
    const char *p = data;
    while (size) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        p += n > 0 ? n : 0;
        size -= n > 0 ? (size_t) n : 0;
    }
    return 0;
}

static int write_state(const char *path, const struct state_head *head,
                       const struct ivd_table *table)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return -errno;
    }
    int rc = write_all(fd, head, sizeof(*head));
    if (rc == 0) {
        rc = write_all(fd, table->entries, table->count * sizeof(*table->entries));
    }
    if (close(fd) && rc == 0) {
        rc = -errno;
    }
    return rc;
}

int ivd_state_save(const char *dir, const char *name, const struct ivd_identity *identity,
                   const struct ivd_table *table, struct ivl_diag *diag)
{
    char path[300], fresh[300];
    struct state_head head = { .entry_bytes = sizeof(*table->entries),
                               .count = table->count,
                               .epoch = table->epoch,
                               .identity = *identity };
    memcpy(head.magic, STATE_MAGIC, sizeof(head.magic));
    head.entries_sum = ivl_crc32c(table->entries, table->count * sizeof(*table->entries));
    head.head_sum = ivl_crc32c(&head, offsetof(struct state_head, head_sum));
    if (!make_path(path, sizeof(path), dir, name, "state") ||
        !make_path(fresh, sizeof(fresh), dir, name, "state-new")) {
        return fail_file(diag, -ENAMETOOLONG, dir, "cannot write");
    }
    int rc = write_state(fresh, &head, table);
    if (rc == 0 && rename(fresh, path)) {
        rc = -errno;
    }
    return rc ? fail_file(diag, rc, fresh, "cannot write") : 0;
}

/* ---- load ----------------------------------------------------------------------------------- */

static int read_all(int fd, void *data, size_t size)
{
    char *p = data;
    while (size) {
        ssize_t n = read(fd, p, size);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return n ? -errno : -EBADMSG;
        }
        p += n > 0 ? n : 0;
        size -= n > 0 ? (size_t) n : 0;
    }
    return 0;
}

static bool head_ok(const struct state_head *head)
{
    return memcmp(head->magic, STATE_MAGIC, sizeof(head->magic)) == 0 &&
           head->head_sum == ivl_crc32c(head, offsetof(struct state_head, head_sum)) &&
           head->entry_bytes == sizeof(struct ivd_vm) && head->count > 0 &&
           head->count <= IVL_VMS_MAX;
}

static bool entries_ok(const struct state_head *head, struct ivd_table *table)
{
    if (head->entries_sum != ivl_crc32c(table->entries, table->count * sizeof(*table->entries))) {
        return false;
    }
    for (uint32_t i = 0; i < table->count; i++) {
        struct ivl_abi_vm *vm = &table->entries[i].vm;
        if (vm->state > IVL_VM_GONE || (vm->state != IVL_VM_FREE && ivl_vm_flaw(vm))) {
            return false;
        }
    }
    return true;
}

static int read_state(int fd, struct ivd_identity *identity, struct ivd_table *table)
{
    struct state_head head;
    int rc = read_all(fd, &head, sizeof(head));
    if (rc == 0) {
        rc = head_ok(&head) ? ivd_table_init(table, head.count) : -EBADMSG;
    }
    if (rc) {
        return rc;
    }
    table->epoch = head.epoch;
    rc = read_all(fd, table->entries, table->count * sizeof(*table->entries));
    if (rc == 0 && !entries_ok(&head, table)) {
        rc = -EBADMSG;
    }
    if (rc) {
        ivd_table_fini(table);
        return rc;
    }
    *identity = head.identity;
    return 0;
}

int ivd_state_load(const char *dir, const char *name, struct ivd_identity *identity,
                   struct ivd_table *table, struct ivl_diag *diag)
{
    char path[300];
    if (!make_path(path, sizeof(path), dir, name, "state")) {
        return fail_file(diag, -ENAMETOOLONG, dir, "cannot read");
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return fail_file(diag, -errno, path, "cannot read");
    }
    int rc = read_state(fd, identity, table);
    close(fd);
    return rc == -EBADMSG ? ivl_fail(diag, rc, path,
                                     "remove it: the region is then no longer known "
                                     "here, see the key adopt",
                                     "damaged, or of another release")
           : rc           ? fail_file(diag, rc, path, "cannot read")
                          : 0;
}
