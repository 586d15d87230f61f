/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Telling systemd how we are.
 */
#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void ivd_notify(const char *text)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const char *name = getenv("NOTIFY_SOCKET");
    if (!name || (name[0] != '/' && name[0] != '@') || strlen(name) >= sizeof(to.sun_path)) {
        return;
    }
    size_t length = strlen(name);
    memcpy(to.sun_path, name, length);
    if (name[0] == '@') {
        to.sun_path[0] = '\0'; /* the abstract name space */
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        socklen_t bytes = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length);
        ssize_t ignored =
            sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *) &to, bytes);
        (void) ignored;
        close(fd);
    }
}
