/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * UNIX sockets that listen.
 */
#ifndef IVD_LISTEN_H_INCLUDED
#define IVD_LISTEN_H_INCLUDED

#include <sys/types.h>

#include "locality.h"

/* Makes a socket at path, mode 0660, not blocking; replaces one that nobody listens on any more.
 * group (gid_t) -1: the daemon's. Its descriptor, or an error. */
int ivd_listen(const char *path, gid_t group, int backlog, struct ivl_diag *diag);

#endif /* IVD_LISTEN_H_INCLUDED */
