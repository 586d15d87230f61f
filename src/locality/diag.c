/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Findings: where, what, remedy.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality.h"

#include <stdarg.h>
#include <stdio.h>

static void copy_text(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text ? text : "");
}

int ivl_fail(struct ivl_diag *diag, int err, const char *where, const char *remedy,
             const char *what_fmt, ...)
{
    if (diag) {
        va_list args;
        va_start(args, what_fmt);
        vsnprintf(diag->what, sizeof(diag->what), what_fmt, args);
        va_end(args);
        copy_text(diag->where, sizeof(diag->where), where);
        copy_text(diag->remedy, sizeof(diag->remedy), remedy);
    }
    return err;
}

void ivl_diag_format(const struct ivl_diag *diag, char *buf, size_t size)
{
    snprintf(buf, size, "%s: %s%s%s", diag->where, diag->what, diag->remedy[0] ? ": " : "",
             diag->remedy);
}
