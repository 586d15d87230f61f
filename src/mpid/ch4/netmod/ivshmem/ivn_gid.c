/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * GIDs: what kind of address each is, which one is best, and networks (see ivn_gid.h).
 */
#include "ivn_gid.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#define SUBNET_BITS 64 /* of InfiniBand */
#define NOT_USABLE 100

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static enum ivn_address ipv4_address(const uint8_t ip[4])
{
    /* 0.x is "this network"; from 224 on multicast and reserved */
    return ip[0] == 0 || ip[0] >= 224 ? IVN_NO_ADDRESS : IVN_IPV4;
}

enum ivn_address ivn_gid_address(const uint8_t raw[16])
{
    static const uint8_t zero[16];

    if (memcmp(raw, mapped, sizeof(mapped)) == 0) {
        return ipv4_address(raw + sizeof(mapped));
    }
    if (memcmp(raw, zero, sizeof(zero)) == 0 || raw[0] == 0xff) {
        return IVN_NO_ADDRESS;
    }
    return raw[0] == 0xfe && (raw[1] & 0xc0) == 0x80 ? IVN_LINK_LOCAL : IVN_GLOBAL;
}

/* Lower is better. */
static int rank_of(const struct ivn_port *port, const struct ivn_gid *gid)
{
    enum ivn_address address = ivn_gid_address(gid->raw);

    if (address == IVN_NO_ADDRESS || !gid->up) {
        return NOT_USABLE;
    }
    if (port->layer == IVN_INFINIBAND) {
        return 0;
    }
    return (gid->v2 ? 0 : IVN_NO_ADDRESS) + (int) address;
}

const struct ivn_gid *ivn_gid_best(const struct ivn_port *port, int index)
{
    const struct ivn_gid *best = NULL;

    for (int i = 0; i < port->gid_count; i++) {
        const struct ivn_gid *gid = &port->gids[i];
        int rank = rank_of(port, gid);

        if (rank == NOT_USABLE || (index >= 0 && gid->index != (uint32_t) index)) {
            continue;
        }
        if (best == NULL || rank < rank_of(port, best) ||
            (rank == rank_of(port, best) && gid->index < best->index)) {
            best = gid;
        }
    }
    return best;
}

int ivn_gid_usable(const struct ivn_port *port)
{
    int count = 0;

    for (int i = 0; i < port->gid_count; i++) {
        count += rank_of(port, &port->gids[i]) != NOT_USABLE;
    }
    return count;
}

static bool same_prefix(const uint8_t a[16], const uint8_t b[16], uint32_t bits)
{
    uint32_t bytes = bits / 8;
    uint8_t mask = (uint8_t) (0xff00u >> bits % 8);

    return memcmp(a, b, bytes) == 0 && (bits % 8 == 0 || ((a[bytes] ^ b[bytes]) & mask) == 0);
}

/* The same prefix on two links says nothing: 169.254/16 and fe80::/10. */
static bool is_link_local(const struct ivn_gid *gid)
{
    const enum ivn_address address = ivn_gid_address(gid->raw);
    const uint8_t *ip = gid->raw + sizeof(mapped);

    return address == IVN_LINK_LOCAL || (address == IVN_IPV4 && ip[0] == 169 && ip[1] == 254);
}

bool ivn_gid_same_network(const struct ivn_port *a, const struct ivn_gid *ga,
                          const struct ivn_port *b, const struct ivn_gid *gb)
{
    if (a->layer != b->layer) {
        return false;
    }
    if (a->layer == IVN_INFINIBAND) {
        return a->pkey == b->pkey && same_prefix(ga->raw, gb->raw, SUBNET_BITS);
    }
    return ga->v2 == gb->v2 && !is_link_local(ga) && ga->prefix_bits > 0 &&
           ga->prefix_bits <= 128 && ga->prefix_bits == gb->prefix_bits &&
           same_prefix(ga->raw, gb->raw, ga->prefix_bits);
}

bool ivn_gid_is_default_subnet(const struct ivn_port *port, const struct ivn_gid *gid)
{
    static const uint8_t prefix[16] = { 0xfe, 0x80 };

    return port->layer == IVN_INFINIBAND && same_prefix(gid->raw, prefix, SUBNET_BITS);
}

void ivn_gid_format(const struct ivn_gid *gid, char text[IVN_GID_TEXT_BYTES])
{
    const bool is_ipv4 = ivn_gid_address(gid->raw) == IVN_IPV4;

    if (inet_ntop(is_ipv4 ? AF_INET : AF_INET6, gid->raw + (is_ipv4 ? sizeof(mapped) : 0), text,
                  IVN_GID_TEXT_BYTES) == NULL) {
        text[0] = '\0';
    }
}
