/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Where the memory of a region is taken from: the policy of the thread that reserves it.
 */
#include "numa.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "log.h"

/* Number of KiB behind "Node N NAME:" in the text. */
static uint64_t field_kib(const char *text, const char *name)
{
    uint64_t kib = 0;
    const char *at = strstr(text, name);
    return at && sscanf(at + strlen(name), "%" SCNu64, &kib) == 1 ? kib : 0;
}

/* Bytes that the node can give: free ones, and those that hold files. False: no such node. */
static bool node_room(unsigned node, uint64_t *bytes)
{
    char path[80], text[4096];
    snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/meminfo", node);
    FILE *f = fopen(path, "re");
    if (!f) {
        return false;
    }
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = '\0';
    *bytes = 1024 * (field_kib(text, "MemFree:") + field_kib(text, "Active(file):") +
                     field_kib(text, "Inactive(file):"));
    return true;
}

/* Whether the directory of path is on hugetlbfs, where too little room is an ordinary error. */
static bool on_hugetlbfs(const char *path)
{
    char dir[IVD_PATH_BYTES];
    struct statfs fs;
    snprintf(dir, sizeof(dir), "%s", path);
    char *slash = strrchr(dir, '/');
    slash[slash == dir] = '\0';
    return statfs(dir, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC;
}

static int check_room(const struct ivd_region_conf *conf, struct ivl_diag *diag)
{
    uint64_t room = 0, bytes;
    for (unsigned node = 0; node < 64; node++) {
        if (!(conf->numa_mask >> node & 1)) {
            continue;
        }
        if (!node_room(node, &bytes)) {
            return ivl_fail(diag, -EINVAL, conf->name, "correct the key numa",
                            "this host has no NUMA node %u", node);
        }
        room += bytes;
    }
    if (room < conf->format.region_bytes && !on_hugetlbfs(conf->path)) {
        return ivl_fail(diag, -ENOMEM, conf->name, "choose other nodes, or a smaller region",
                        "its NUMA nodes have %" PRIu64 " MiB to give, it takes %" PRIu64 " MiB",
                        room >> 20, conf->format.region_bytes >> 20);
    }
    return 0;
}

int ivd_numa_begin(const struct ivd_region_conf *conf, struct ivl_diag *diag)
{
    if (!conf->numa_mask) {
        return 0;
    }
    int rc = check_room(conf, diag);
    if (rc) {
        return rc;
    }
    unsigned long mask = conf->numa_mask;
    int policy = conf->numa_policy == IVD_NUMA_BIND ? MPOL_BIND : MPOL_INTERLEAVE;
    if (syscall(SYS_set_mempolicy, policy, &mask, 8 * sizeof(mask) + 1)) {
        return ivl_fail(diag, -errno, conf->name, "correct the key numa",
                        "the kernel refuses its NUMA nodes: %s", ivd_error(errno).s);
    }
    return 0;
}

void ivd_numa_end(void)
{
    syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0);
}
