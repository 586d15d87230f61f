/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * /sys/class/infiniband/NAME/device is a link to the device's PCI function, or to one below it
 * (sub-functions); software devices have none (see ivn_sysfs.h).
 */
#include "ivn_sysfs.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The numbers that the kernel gives to its first namespaces. */
#define FIRST_IPC 0xEFFFFFFFu
#define FIRST_PID 0xEFFFFFFCu

bool ivn_sysfs_is_uncontained(void)
{
    struct stat ipc, pid;

    return stat("/proc/self/ns/ipc", &ipc) == 0 && stat("/proc/self/ns/pid", &pid) == 0 &&
           ipc.st_ino == FIRST_IPC && pid.st_ino == FIRST_PID;
}

bool ivn_pci_parse(const char *text, struct ivn_pci *pci)
{
    unsigned domain, bus, device, function;
    int end = 0;

    if (!isxdigit((unsigned char) text[0]) ||
        sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) != 4 ||
        text[end] != '\0' || device > 31 || function > 7) {
        return false;
    }
    *pci = (struct ivn_pci){ domain, (uint8_t) bus, (uint8_t) device, (uint8_t) function };
    return true;
}

/* A number such as "0x15b3" in a file of a folder; 0 if there is none. */
static uint32_t read_number(const char *folder, const char *name)
{
    char path[PATH_MAX], text[32];
    ssize_t length = -1;
    int fd;

    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int) sizeof(path) ||
        (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
        return 0;
    }
    length = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (length <= 0) {
        return 0;
    }
    text[length] = '\0';
    return (uint32_t) strtoul(text, NULL, 16);
}

static bool has_physfn(const char *folder)
{
    char path[PATH_MAX];

    return snprintf(path, sizeof(path), "%s/physfn", folder) < (int) sizeof(path) &&
           access(path, F_OK) == 0;
}

void ivn_sysfs_read(const char *sysroot, struct ivn_port *port)
{
    char link[PATH_MAX], folder[PATH_MAX];
    const char *name;

    port->is_software = false;
    port->has_pci = false;
    port->has_physfn = false;
    if (snprintf(link, sizeof(link), "%s/sys/class/infiniband/%s/device", sysroot, port->device) >=
            (int) sizeof(link) ||
        realpath(link, folder) == NULL) {
        port->is_software = true;
        return;
    }
    name = strrchr(folder, '/') + 1;
    port->has_physfn = has_physfn(folder);
    if (ivn_pci_parse(name, &port->pci)) {
        port->has_pci = true;
        port->vendor = read_number(folder, "vendor");
        port->model = read_number(folder, "device");
    }
}
