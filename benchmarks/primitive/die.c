/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The one line that a failure costs. What is to be put in order is done at exit, see primitive.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "primitive.h"

_Noreturn void die(const char *where, const char *what_fmt, ...)
{
    va_list arguments;

    va_start(arguments, what_fmt);
    fprintf(stderr, "primitive: %s: ", where);
    vfprintf(stderr, what_fmt, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

_Noreturn void die_diag(const struct ivl_diag *diag)
{
    die(diag->where, "%s: %s", diag->what, diag->remedy);
}
