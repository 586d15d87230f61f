/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Virtual functions as the host's sysfs shows them: a VF has a link "physfn" to its PF, whose links
 * "virtfnN" tell the VF's number; mlx5's PF has the node GUID in sriov/N/node.
 */
#include "domain.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VFS_MAX 1024

/* Number of the VF below its PF's folder; -1. */
static int vf_number(const char *pf, const char *vf)
{
    char link[PATH_MAX], here[PATH_MAX], there[PATH_MAX];
    if (!realpath(vf, here)) {
        return -1;
    }
    for (int i = 0; i < VFS_MAX; i++) {
        if (snprintf(link, sizeof(link), "%s/virtfn%d", pf, i) >= (int) sizeof(link) ||
            !realpath(link, there)) {
            return -1;
        }
        if (strcmp(here, there) == 0) {
            return i;
        }
    }
    return -1;
}

/* "00:11:22:33:44:55:66:77"; 0 if it is not one. */
static uint64_t parse_guid(const char *text)
{
    uint64_t guid = 0;
    for (int i = 0; i < 8; i++, text += 3) {
        unsigned byte;
        if (!isxdigit((unsigned char) text[0]) || !isxdigit((unsigned char) text[1]) ||
            sscanf(text, "%2x", &byte) != 1 || (i < 7 && text[2] != ':')) {
            return 0;
        }
        guid = guid << 8 | byte;
    }
    return guid;
}

static uint64_t read_guid(const char *pf, int number)
{
    char path[PATH_MAX], text[64];
    if (snprintf(path, sizeof(path), "%s/sriov/%d/node", pf, number) >= (int) sizeof(path)) {
        return 0;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0) {
        close(fd);
    }
    if (n < 0) {
        return 0;
    }
    text[n] = '\0';
    return parse_guid(text);
}

bool ivd_vf_guid(const char *sysroot, const char *address, uint64_t *guid)
{
    char vf[300], pf[320];
    snprintf(vf, sizeof(vf), "%s/sys/bus/pci/devices/%s", sysroot, address);
    snprintf(pf, sizeof(pf), "%s/physfn", vf);
    if (access(pf, F_OK)) {
        return false;
    }
    int number = vf_number(pf, vf);
    *guid = number < 0 ? 0 : read_guid(pf, number);
    return true;
}
