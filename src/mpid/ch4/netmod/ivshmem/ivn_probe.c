/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Asks each device once and closes it again (see ivn_probe.h). A GID's network is that of the
 * address on its network interface.
 */
#include "ivn_probe.h"
#include "ivn_choice.h"
#include "ivn_gid.h"
#include "ivn_sysfs.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <ifaddrs.h>
#include <infiniband/verbs.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GID_ENTRIES 1024 /* of a device, over all its ports */

struct probe {
    struct ivn_port *ports;
    int count;
    struct ifaddrs *interfaces; /* NULL: cannot be read */
    struct ibv_gid_entry *entries;
};

/* ---- network interfaces ----------------------------------------------------------------------- */

static uint32_t count_bits(const uint8_t *mask, size_t bytes)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < bytes * 8 && (mask[i / 8] & 0x80u >> i % 8) != 0; i++) {
        bits++;
    }
    return bits;
}

static const uint8_t *address_bytes(const struct sockaddr *address)
{
    return address->sa_family == AF_INET
               ? (const uint8_t *) &((const struct sockaddr_in *) (const void *) address)->sin_addr
               : (const uint8_t *) &((const struct sockaddr_in6 *) (const void *) address)
                     ->sin6_addr;
}

/* Bits of the network, counted in the GID's 16 bytes, if this is the GID's address; else 0. */
static uint32_t prefix_if(const struct ifaddrs *entry, const struct ivn_gid *gid)
{
    const bool is_ipv4 = ivn_gid_address(gid->raw) == IVN_IPV4;
    const size_t bytes = is_ipv4 ? 4 : 16;

    if (entry->ifa_addr == NULL || entry->ifa_netmask == NULL ||
        entry->ifa_addr->sa_family != (is_ipv4 ? AF_INET : AF_INET6) ||
        memcmp(address_bytes(entry->ifa_addr), gid->raw + 16 - bytes, bytes) != 0) {
        return 0;
    }
    /* the mask's family may be left out by the kernel: the address's holds */
    entry->ifa_netmask->sa_family = entry->ifa_addr->sa_family;
    return (uint32_t) (16 - bytes) * 8 + count_bits(address_bytes(entry->ifa_netmask), bytes);
}

static void look_up_interface(const struct probe *probe, uint32_t index, struct ivn_gid *gid)
{
    char name[IF_NAMESIZE];

    gid->up = true;
    if (index == 0 || probe->interfaces == NULL || if_indextoname(index, name) == NULL) {
        return;
    }
    for (const struct ifaddrs *i = probe->interfaces; i != NULL; i = i->ifa_next) {
        if (strcmp(i->ifa_name, name) == 0) {
            uint32_t bits = prefix_if(i, gid);

            gid->prefix_bits = bits > 0 ? bits : gid->prefix_bits;
            gid->up = (i->ifa_flags & IFF_UP) != 0 && (i->ifa_flags & IFF_RUNNING) != 0;
        }
    }
}

/* ---- devices ---------------------------------------------------------------------------------- */

/* A port more; NULL: no memory. */
static struct ivn_port *add_port(struct probe *probe, struct ibv_device *device, uint32_t number)
{
    struct ivn_port *ports =
        realloc(probe->ports, ((size_t) probe->count + 1) * sizeof(*probe->ports));
    struct ivn_port *port;

    if (ports == NULL) {
        return NULL;
    }
    probe->ports = ports;
    port = &ports[probe->count++];
    memset(port, 0, sizeof(*port));
    strncpy(port->device, ibv_get_device_name(device), sizeof(port->device) - 1);
    port->number = number;
    port->node_guid = be64toh(ibv_get_device_guid(device));
    port->distance = IVN_UNKNOWN;
    ivn_sysfs_read("", port);
    return port;
}

static int add_closed(struct probe *probe, struct ibv_device *device, int error)
{
    struct ivn_port *port = add_port(probe, device, 1);

    if (port == NULL) {
        return -ENOMEM;
    }
    port->state = IVN_CLOSED;
    port->error = error != 0 ? error : EIO;
    return 0;
}

static void take_gids(const struct probe *probe, ssize_t entries, struct ivn_port *port)
{
    for (ssize_t i = 0; i < entries && port->gid_count < IVN_GIDS_MAX; i++) {
        const struct ibv_gid_entry *entry = &probe->entries[i];
        struct ivn_gid *gid = &port->gids[port->gid_count];

        if (entry->port_num == port->number) {
            memcpy(gid->raw, entry->gid.raw, sizeof(gid->raw));
            gid->index = entry->gid_index;
            gid->v2 = entry->gid_type == IBV_GID_TYPE_ROCE_V2;
            look_up_interface(probe, entry->ndev_ifindex, gid);
            port->gid_count++;
        }
    }
}

/* The first partition of full membership, else the first at all, as UCX takes it. */
static uint16_t partition(struct ibv_context *context, uint32_t number, int entries)
{
    uint16_t first = 0;

    for (int i = 0; i < entries; i++) {
        __be16 entry;
        uint16_t pkey;

        if (ibv_query_pkey(context, (uint8_t) number, i, &entry) != 0) {
            break;
        }
        pkey = be16toh(entry);
        if ((pkey & 0x7fff) != 0 && (pkey & 0x8000) != 0) {
            return pkey;
        }
        first = first == 0 ? pkey : first;
    }
    return first;
}

static enum ivn_state state_of(const struct ibv_device *device, const struct ibv_port_attr *attr)
{
    if (device->transport_type != IBV_TRANSPORT_IB) {
        return IVN_FOREIGN;
    }
    return attr->state == IBV_PORT_ACTIVE ? IVN_ACTIVE : IVN_DOWN;
}

static int add_ports(struct probe *probe, struct ibv_device *device, struct ibv_context *context)
{
    struct ibv_device_attr attr;
    ssize_t entries;
    int rc = ibv_query_device(context, &attr);

    if (rc != 0) {
        return add_closed(probe, device, rc);
    }
    entries = ibv_query_gid_table(context, probe->entries, GID_ENTRIES, 0);
    for (uint32_t number = 1; number <= attr.phys_port_cnt; number++) {
        struct ibv_port_attr port_attr;
        struct ivn_port *port = add_port(probe, device, number);

        if (port == NULL) {
            return -ENOMEM;
        }
        rc = ibv_query_port(context, (uint8_t) number, &port_attr);
        if (rc != 0) {
            port->state = IVN_CLOSED;
            port->error = rc;
            continue;
        }
        port->state = state_of(device, &port_attr);
        port->layer = port_attr.link_layer == IBV_LINK_LAYER_ETHERNET ? IVN_ROCE : IVN_INFINIBAND;
        if (port->layer == IVN_INFINIBAND) {
            port->pkey = partition(context, number, port_attr.pkey_tbl_len);
        }
        take_gids(probe, entries, port);
    }
    return 0;
}

/* Why it could not be opened: libibverbs hides a refusal behind a further attempt. */
static int open_error(const struct ibv_device *device)
{
    const int error = errno;
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "/dev/infiniband/%s", device->dev_name) < (int) sizeof(path) &&
        access(path, R_OK | W_OK) != 0 && errno == EACCES) {
        return EACCES;
    }
    return error;
}

static int add_device(struct probe *probe, struct ibv_device *device)
{
    struct ibv_context *context;
    int rc;

    errno = 0;
    context = ibv_open_device(device);
    if (context == NULL) {
        return add_closed(probe, device, open_error(device));
    }
    rc = add_ports(probe, device, context);
    ibv_close_device(context);
    return rc;
}

int ivn_probe(struct ivn_port **ports, int *count)
{
    struct probe probe = { NULL, 0, NULL, calloc(GID_ENTRIES, sizeof(*probe.entries)) };
    int devices = 0, rc = 0;
    struct ibv_device **list;

    if (probe.entries == NULL) {
        return -ENOMEM;
    }
    list = ibv_get_device_list(&devices);
    if (list != NULL && devices > 0 && getifaddrs(&probe.interfaces) != 0) {
        probe.interfaces = NULL;
    }
    for (int i = 0; list != NULL && i < devices && rc == 0; i++) {
        rc = add_device(&probe, list[i]);
    }
    if (list != NULL) {
        ibv_free_device_list(list);
    }
    freeifaddrs(probe.interfaces);
    free(probe.entries);
    if (rc != 0) {
        free(probe.ports);
        return rc;
    }
    ivn_ports_sort(probe.ports, probe.count);
    *ports = probe.ports;
    *count = probe.count;
    return 0;
}
