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

/* One line whatever the text holds: names and paths may have control characters. */
static void print_line(char *text)
{
    for (char *p = text; *p; p++) {
        if ((unsigned char) *p < ' ' || *p == 0x7f) {
            *p = '?';
        }
    }
    fprintf(stderr, CTL_NAME ": %s\n", text);
}

void ctl_complain(const char *where, const char *what, const char *remedy)
{
    char text[1024];
    snprintf(text, sizeof(text), "%s: %s: %s", where, what, remedy);
    print_line(text);
}

enum ctl_status ctl_fail(int err, const struct ivl_diag *diag)
{
    char text[sizeof(*diag) + 8];
    ivl_diag_format(diag, text, sizeof(text));
    print_line(text);
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
    struct ctl_text text;
    unsigned unit = 0;
    while (unit < 4 && bytes >> 10 * (unit + 1)) {
        unit++;
    }
    const uint64_t one = UINT64_C(1) << 10 * unit;
    snprintf(text.s, sizeof(text.s), bytes % one ? "%.1f %s" : "%.0f %s",
             (double) bytes / (double) one, units[unit]);
    return text;
}

struct ctl_text ctl_count_text(uint64_t count, const char *singular)
{
    struct ctl_text text;
    snprintf(text.s, sizeof(text.s), "%" PRIu64 " %s%s", count, singular, count == 1 ? "" : "s");
    return text;
}
