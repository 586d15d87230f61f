/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Messages of the tool, and numbers with their units.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl.h"

void ctl_complain(const char *where, const char *what, const char *remedy)
{
    fprintf(stderr, CTL_NAME ": %s: %s: %s\n", where, what, remedy);
}

enum ctl_status ctl_fail(int err, const struct ivl_diag *diag)
{
    char text[sizeof(*diag) + 8];
    ivl_diag_format(diag, text, sizeof(text));
    fprintf(stderr, CTL_NAME ": %s\n", text);
    return err == -EINVAL ? CTL_USAGE : CTL_FINDING;
}

enum ctl_status ctl_bad_value(const char *option, const char *text, const char *remedy)
{
    char what[120];
    snprintf(what, sizeof(what), "bad value '%.80s'", text);
    ctl_complain(option, what, remedy);
    return CTL_USAGE;
}

struct ctl_text ctl_size_text(uint64_t bytes)
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
    double value = (double) bytes;
    unsigned unit = 0;
    struct ctl_text text;
    while (value >= 1024 && unit < 4) {
        value /= 1024;
        unit++;
    }
    snprintf(text.s, sizeof(text.s), unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}

struct ctl_text ctl_count_text(uint64_t count, const char *singular)
{
    struct ctl_text text;
    snprintf(text.s, sizeof(text.s), "%" PRIu64 " %s%s", count, singular, count == 1 ? "" : "s");
    return text;
}
