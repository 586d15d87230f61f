/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the daemon says.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One write(2), so that lines of several threads do not mix. Names may come from a domain's XML:
 * control characters stay out of the terminal. */
static void put_line(enum ivd_level level, const char *text)
{
    char line[1100];
    int n = 0;
    if (getenv("JOURNAL_STREAM")) {
        n = snprintf(line, sizeof(line), "<%d>", (int) level);
    } else {
        n = snprintf(line, sizeof(line), "ivshmemd: ");
    }
    for (; *text && n < (int) sizeof(line) - 1; text++) {
        line[n++] = (unsigned char) *text < ' ' || *text == 0x7f ? '?' : *text;
    }
    line[n++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, (size_t) n);
    (void) ignored;
}

void ivd_log(enum ivd_level level, const char *format, ...)
{
    char text[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    put_line(level, text);
}

void ivd_log_diag(enum ivd_level level, const struct ivl_diag *diag)
{
    char text[sizeof(*diag) + 8];
    ivl_diag_format(diag, text, sizeof(text));
    put_line(level, text);
}

struct ivd_error ivd_error(int err)
{
    struct ivd_error error = { "" };
    char room[sizeof(error.s)];
    snprintf(error.s, sizeof(error.s), "%s", strerror_r(err, room, sizeof(room)));
    return error;
}
