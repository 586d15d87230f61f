/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The daemon's UNIX socket: who may speak, how much, and for how long. One thread.
 */
#ifndef IVD_SERVER_H_INCLUDED
#define IVD_SERVER_H_INCLUDED

#include <sys/types.h>

#include "locality.h"

struct ivd_server;

/* Who asks; stays the same while the client is connected. */
struct ivd_caller {
    uint64_t ticket; /* names the client for ever */
    uid_t uid;
    pid_t pid;
};

/* Answers a request of `length` bytes: an answer that the server frees, or NULL: it comes later, by
 * ivd_server_answer(). */
typedef char *(*ivd_server_fn)(void *arg, const struct ivd_caller *caller, const char *line,
                               size_t length);

/* Makes the socket, mode 0660. group: whose members may speak, or (gid_t) -1. */
int ivd_server_create(const char *path, gid_t group, ivd_server_fn fn, void *arg,
                      struct ivd_server **server, struct ivl_diag *diag);
void ivd_server_destroy(struct ivd_server *server);

/* Descriptor that polls readable when there is something to do; for ivd_server_step(), which is to
 * be called now and then anyway, to end clients that are silent for too long. */
int ivd_server_fd(const struct ivd_server *server);
void ivd_server_step(struct ivd_server *server, uint64_t now_ms);

/* The answer to a request that was not answered at once. Takes it over; drops it if the client has
 * gone. */
void ivd_server_answer(struct ivd_server *server, uint64_t ticket, char *answer);

#endif /* IVD_SERVER_H_INCLUDED */
