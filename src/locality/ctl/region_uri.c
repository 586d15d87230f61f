/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Naming and opening the region; what is said about its VMs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

bool ctl_is_region(const char *text)
{
    static const char *const beginnings[] = { "/", "./", "../", "file:", "pci:", "dax:" };
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    return false;
}

char *ctl_region_uri(const char *text)
{
    bool path = text[0] == '/' || strncmp(text, "./", 2) == 0 || strncmp(text, "../", 3) == 0;
    char *uri = NULL;
    if (strcmp(text, "auto") == 0) {
        text = "pci:auto";
    }
    if (asprintf(&uri, "%s%s", path ? "file:" : "", text) < 0) {
        ctl_complain(text, "out of memory", "free some memory");
        return NULL;
    }
    return uri;
}

enum ctl_status ctl_open(const struct ctl_line *line, unsigned flags, struct ivl_region **region)
{
    struct ivl_diag diag;
    if (!*line->region) {
        return ctl_bad_value("--region", "", "write a path or a URI");
    }
    int rc = ivl_region_open(line->region, flags, region, &diag);
    return rc ? ctl_fail(rc, &diag) : CTL_OK;
}

struct ctl_name ctl_vm_name(const struct ivl_region *region, uint32_t slot)
{
    struct ctl_name name;
    struct ivl_vm vm;
    if (ivl_table_read(region, slot, &vm, NULL) == 0) {
        memcpy(name.s, vm.vm.name, sizeof(name.s));
    } else if (slot < region->geo.table_count) {
        snprintf(name.s, sizeof(name.s), "slot %u", slot);
    } else {
        snprintf(name.s, sizeof(name.s), "unknown VM");
    }
    return name;
}
