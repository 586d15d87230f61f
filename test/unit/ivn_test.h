/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Ports for tests of the choice of devices.
 */
#ifndef IVN_TEST_H_INCLUDED
#define IVN_TEST_H_INCLUDED

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "ivn_choice.h"
#include "ivn_gid.h"

/* "10.0.0.1" becomes the GID ::ffff:10.0.0.1. */
static inline void put_address(const char *text, uint8_t raw[16])
{
    char full[64];

    snprintf(full, sizeof(full), strchr(text, ':') ? "%s" : "::ffff:%s", text);
    inet_pton(AF_INET6, full, raw);
}

/* bits: of the network, as ifconfig counts them for the family. */
static inline void add_gid(struct ivn_port *port, uint32_t index, const char *address,
                           uint32_t bits, bool v2)
{
    struct ivn_gid *gid = &port->gids[port->gid_count++];

    memset(gid, 0, sizeof(*gid));
    put_address(address, gid->raw);
    gid->index = index;
    gid->prefix_bits = bits > 0 && !strchr(address, ':') ? bits + 96 : bits;
    gid->v2 = v2;
    gid->up = true;
}

/* A port of a PCI device that is no VF; its GUID and bus follow from the digit that ends its name. */
static inline struct ivn_port hardware(const char *device, uint32_t number)
{
    struct ivn_port port;
    const uint8_t id = (uint8_t) (device[strlen(device) - 1] - '0' + 1);

    memset(&port, 0, sizeof(port));
    snprintf(port.device, sizeof(port.device), "%s", device);
    port.number = number;
    port.state = IVN_ACTIVE;
    port.node_guid = id;
    port.has_pci = true;
    port.pci.bus = id;
    port.vendor = 0x15b3;
    port.model = 0x101b;
    port.distance = IVN_UNKNOWN;
    return port;
}

/* RoCE: link-local v1 and v2, then the address in v1 and v2, as mlx5 lists them. */
static inline struct ivn_port roce(const char *device, const char *address)
{
    struct ivn_port port = hardware(device, 1);

    port.layer = IVN_ROCE;
    add_gid(&port, 0, "fe80::1", 64, false);
    add_gid(&port, 1, "fe80::1", 64, true);
    if (address != NULL) {
        add_gid(&port, 2, address, 24, false);
        add_gid(&port, 3, address, 24, true);
    }
    return port;
}

static inline struct ivn_port infiniband(const char *device, const char *gid)
{
    struct ivn_port port = hardware(device, 1);

    port.layer = IVN_INFINIBAND;
    add_gid(&port, 0, gid, 0, false);
    return port;
}

#endif /* IVN_TEST_H_INCLUDED */
