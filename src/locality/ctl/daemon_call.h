/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Asking the host's daemon, ivshmemd(8), which describes the protocol.
 */
#ifndef CTL_DAEMON_CALL_H_INCLUDED
#define CTL_DAEMON_CALL_H_INCLUDED

#include "ctl.h"

struct json_object;

#define CTL_DAEMON_SOCKET "/run/ivshmemd/socket"

/* Sends the request, which is freed, to the daemon at the socket, and waits for its answer. CTL_OK:
 * *answer is the caller's to free. Else it was said what is wrong, be it the daemon's word. */
enum ctl_status daemon_call(const char *socket, struct json_object *request,
                            struct json_object **answer);

/* Members of what the daemon answered: never NULL; 0 or empty if there is none of that type. */
const char *daemon_text(struct json_object *object, const char *key);
uint64_t daemon_number(struct json_object *object, const char *key);
struct json_object *daemon_array(struct json_object *object, const char *key, size_t *count);

#endif /* CTL_DAEMON_CALL_H_INCLUDED */
