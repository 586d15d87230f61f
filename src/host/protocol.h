/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What is said on the daemon's socket: a line of JSON for a request, a line of JSON for its answer.
 * ivshmemd(8) describes it.
 */
#ifndef IVD_PROTOCOL_H_INCLUDED
#define IVD_PROTOCOL_H_INCLUDED

#include "host_config.h"

#define IVD_REQUEST_MAX_BYTES 4096
#define IVD_DOMAIN_BYTES 128

enum ivd_command {
    IVD_STATUS,
    IVD_ATTACH,
    IVD_DETACH
};

struct ivd_request {
    enum ivd_command command;
    char domain[IVD_DOMAIN_BYTES]; /* name or UUID; empty if not given */
    char region[IVD_NAME_BYTES];   /* the same */
    bool persistent;               /* the domain's configuration, too */
};

/* Reads one request of `length` bytes, without its newline. -EINVAL. */
int ivd_request_parse(const char *line, size_t length, struct ivd_request *request,
                      struct ivl_diag *diag);

/* Answers, to be freed: a line with its newline; NULL: out of memory. */
char *ivd_answer_error(const struct ivl_diag *diag);
char *ivd_answer_text(const char *text); /* {"ok": true, "text": ...} */

struct json_object;
char *ivd_answer_object(struct json_object *object); /* which is freed; adds "ok": true */

#endif /* IVD_PROTOCOL_H_INCLUDED */
