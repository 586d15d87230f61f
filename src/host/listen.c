/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * UNIX sockets that listen.
 */
#include "listen.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

static int fail_socket(struct ivl_diag *diag, int err, const char *path, const char *call)
{
    return ivl_fail(diag, err, path, "check its directory: it has to be the daemon's", "%s: %s",
                    call, ivd_error(-err).s);
}

/* Removes a socket that nobody listens on any more. */
static int remove_stale(int fd, const struct sockaddr_un *at, struct ivl_diag *diag)
{
    struct stat st;
    if (lstat(at->sun_path, &st)) {
        return 0; /* bind will tell */
    }
    if (!S_ISSOCK(st.st_mode)) {
        return ivl_fail(diag, -EEXIST, at->sun_path, "remove it, or name another socket",
                        "exists and is not a socket");
    }
    if (connect(fd, (const struct sockaddr *) at, sizeof(*at)) == 0 || errno != ECONNREFUSED) {
        return ivl_fail(diag, -EADDRINUSE, at->sun_path, "stop it, or give this one another socket",
                        "another daemon listens there");
    }
    return unlink(at->sun_path) ? fail_socket(diag, -errno, at->sun_path, "unlink") : 0;
}

static int listen_at(int fd, const struct sockaddr_un *at, gid_t group, int backlog,
                     struct ivl_diag *diag)
{
    mode_t old = umask(0117); /* nobody else can connect before the group is set */
    int rc = bind(fd, (const struct sockaddr *) at, sizeof(*at)) ? -errno : 0;
    umask(old);
    if (rc) {
        return fail_socket(diag, rc, at->sun_path, "bind");
    }
    if (group != (gid_t) -1 && chown(at->sun_path, (uid_t) -1, group)) {
        rc = ivl_fail(diag, -errno, at->sun_path,
                      errno == EPERM ? "the daemon's user has to be in the group"
                                     : "check its directory: it has to be the daemon's",
                      "cannot give it to its group: %s", ivd_error(errno).s);
    } else if (listen(fd, backlog)) {
        rc = fail_socket(diag, -errno, at->sun_path, "listen");
    }
    if (rc) {
        unlink(at->sun_path);
    }
    return rc;
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int ivd_listen(const char *path, gid_t group, int backlog, struct ivl_diag *diag)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    int probe = new_socket();
    int rc = probe < 0 ? fail_socket(diag, -errno, path, "socket") : remove_stale(probe, &at, diag);
    if (probe >= 0) {
        close(probe);
    }
    if (rc) {
        return rc;
    }
    int fd = new_socket();
    rc = fd < 0 ? fail_socket(diag, -errno, path, "socket")
                : listen_at(fd, &at, group, backlog, diag);
    if (rc && fd >= 0) {
        close(fd);
    }
    return rc ? rc : fd;
}
