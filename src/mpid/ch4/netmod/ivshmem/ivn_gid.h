/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The address that a port is known by, and the network it is in.
 */
#ifndef IVN_GID_H_INCLUDED
#define IVN_GID_H_INCLUDED

#include "ivn_port.h"

enum ivn_address {
    IVN_IPV4,
    IVN_GLOBAL,
    IVN_LINK_LOCAL,
    IVN_NO_ADDRESS
};

#define IVN_GID_TEXT_BYTES 46

enum ivn_address ivn_gid_address(const uint8_t raw[16]);

/* The port's GID for messages, or NULL. InfiniBand: the first. RoCE: v2 before v1, then IPv4,
 * global, link-local, then the lowest index. index, if not negative: that one and no other. */
const struct ivn_gid *ivn_gid_best(const struct ivn_port *port, int index);

/* How many GIDs the port could use. */
int ivn_gid_usable(const struct ivn_port *port);

/* Whether a peer that reaches one port by its GID reaches the other by its: they are in the same
 * network, as far as that can be told. RoCE with link-local addresses cannot. */
bool ivn_gid_same_network(const struct ivn_port *a, const struct ivn_gid *ga,
                          const struct ivn_port *b, const struct ivn_gid *gb);

/* Whether it is InfiniBand with the subnet prefix that a fabric has if nobody gave it one: ports of
 * two fabrics look like one network then. */
bool ivn_gid_is_default_subnet(const struct ivn_port *port, const struct ivn_gid *gid);

/* "10.0.0.1", "fd00::1". */
void ivn_gid_format(const struct ivn_gid *gid, char text[IVN_GID_TEXT_BYTES]);

#endif /* IVN_GID_H_INCLUDED */
