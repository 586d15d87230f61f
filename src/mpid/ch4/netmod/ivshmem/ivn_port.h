/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What is known of a port of a verbs device. Plain data: the choice among ports (ivn_choice.h)
 * works on it alone.
 */
#ifndef IVN_PORT_H_INCLUDED
#define IVN_PORT_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#define IVN_NAME_BYTES 64
#define IVN_PORTS_MAX 64 /* what UCX can be told of at most */
#define IVN_GIDS_MAX 64  /* per port; further ones are not looked at */
#define IVN_UNKNOWN UINT32_MAX

enum ivn_layer {
    IVN_INFINIBAND,
    IVN_ROCE
};

enum ivn_state {
    IVN_ACTIVE,
    IVN_DOWN,
    IVN_CLOSED, /* the device cannot be opened or asked: see error */
    IVN_FOREIGN /* neither InfiniBand nor RoCE, as iWARP: UCX does not use it */
};

struct ivn_gid {
    uint8_t raw[16];
    uint32_t index;       /* in the port's table */
    uint32_t prefix_bits; /* of its network, counted in raw (IPv4 /24: 120); 0 = unknown */
    bool v2;              /* RoCE v2; else v1, or InfiniBand */
    bool up;              /* its network interface is, or has none */
};

struct ivn_pci {
    uint32_t domain;
    uint8_t bus, device, function;
};

struct ivn_port {
    char device[IVN_NAME_BYTES];
    uint32_t number; /* from 1 */
    enum ivn_layer layer;
    enum ivn_state state;
    int error;          /* errno, if CLOSED */
    uint16_t pkey;      /* InfiniBand partition that UCX takes; 0 = none */
    uint64_t node_guid; /* 0 = unknown */
    bool is_software;   /* no hardware below it, as soft-RoCE */
    bool has_pci;       /* pci, vendor and model are known */
    bool has_physfn;    /* a VF whose PF is visible too: a host's */
    struct ivn_pci pci;
    uint32_t vendor, model; /* PCI ids */
    uint32_t distance;      /* of its NUMA node from the rank, in hwloc's measure; IVN_UNKNOWN */
    int gid_count;
    struct ivn_gid gids[IVN_GIDS_MAX];
};

#endif /* IVN_PORT_H_INCLUDED */
