/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the daemon says: one line on standard error, "ivshmemd: where: what: remedy". Any thread.
 */
#ifndef IVD_LOG_H_INCLUDED
#define IVD_LOG_H_INCLUDED

#include "locality.h"

enum ivd_level {
    IVD_ERROR = 3, /* as syslog(3) has them; systemd's journal reads "<N>" before a line */
    IVD_WARNING = 4,
    IVD_INFO = 6
};

void ivd_log(enum ivd_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ivd_log_diag(enum ivd_level level, const struct ivl_diag *diag);

/* Words for an errno value; any thread. */
struct ivd_error {
    char s[80];
};
struct ivd_error ivd_error(int err);

#endif /* IVD_LOG_H_INCLUDED */
