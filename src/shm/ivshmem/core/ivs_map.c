/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The decision who shares a host. Invariants: nodes[i].host is -1 or names the lowest node of
 * its host, which names itself; a node with a host has a READY claim.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ivs_map.h"

int ivs_map_create(struct ivs_map *map, const int *node_of, int size, int node_count)
{
    memset(map, 0, sizeof(*map));
    if (size < 1 || node_count < 1 || node_count > size) {
        return -EINVAL;
    }
    map->node_of = calloc((size_t) size, sizeof(*map->node_of));
    map->nodes = calloc((size_t) node_count, sizeof(*map->nodes));
    if (map->node_of == NULL || map->nodes == NULL) {
        ivs_map_destroy(map);
        return -ENOMEM;
    }
    map->size = size;
    map->node_count = node_count;
    for (int rank = size - 1; rank >= 0; rank--) {
        if (node_of[rank] < 0 || node_of[rank] >= node_count) {
            ivs_map_destroy(map);
            return -EINVAL;
        }
        map->node_of[rank] = node_of[rank];
        map->nodes[node_of[rank]].root = rank;
        map->nodes[node_of[rank]].ranks++;
    }
    for (int i = 0; i < node_count; i++) {
        map->nodes[i].host = -1;
    }
    return 0;
}

void ivs_map_destroy(struct ivs_map *map)
{
    free(map->node_of);
    free(map->nodes);
    memset(map, 0, sizeof(*map));
}

static bool same_region(const struct ivs_claim *a, const struct ivs_claim *b)
{
    return memcmp(a->region_uuid, b->region_uuid, sizeof(a->region_uuid)) == 0 &&
           a->generation == b->generation && a->region_bytes == b->region_bytes &&
           a->page_bytes == b->page_bytes;
}

static bool same_vm_other_kernel(const struct ivs_claim *a, const struct ivs_claim *b)
{
    return same_region(a, b) && a->vm_slot == b->vm_slot &&
           memcmp(a->boot_id, b->boot_id, sizeof(a->boot_id)) != 0;
}

/* All claims are judged before any is changed, so that the order does not matter. */
static void refuse_clones(struct ivs_map *map)
{
    for (int a = 0; a < map->node_count; a++) {
        struct ivs_claim *claim = &map->nodes[a].claim;
        for (int b = 0; claim->status == IVS_STATUS_READY && b < map->node_count; b++) {
            if (map->nodes[b].claim.status == IVS_STATUS_READY && b != a &&
                same_vm_other_kernel(claim, &map->nodes[b].claim)) {
                map->nodes[a].host = -2;
            }
        }
    }
    for (int a = 0; a < map->node_count; a++) {
        struct ivs_claim *claim = &map->nodes[a].claim;
        if (map->nodes[a].host == -2) {
            map->nodes[a].host = -1;
            claim->status = IVS_STATUS_NONE;
            ivs_reason_set(claim->reason, "VM entry %u (%s) is claimed by two VMs (a clone?)",
                           claim->vm_slot, claim->vm_name);
        }
    }
}

static int first_of_region(const struct ivs_map *map, int node)
{
    for (int i = 0; i < node; i++) {
        if (map->nodes[i].claim.status == IVS_STATUS_READY &&
            same_region(&map->nodes[i].claim, &map->nodes[node].claim)) {
            return i;
        }
    }
    return node;
}

static void dissolve_single(struct ivs_map *map)
{
    for (int i = 0; i < map->node_count; i++) {
        if (map->nodes[i].host == i && ivs_map_host_nodes(map, i) == 1) {
            map->nodes[i].host = -1;
        }
    }
}

static void number_nodes(struct ivs_map *map)
{
    for (int i = 0; i < map->node_count; i++) {
        struct ivs_node *node = &map->nodes[i];
        node->index = 0;
        for (int j = 0; node->host >= 0 && j < i; j++) {
            node->index += map->nodes[j].host == node->host;
        }
    }
}

void ivs_map_candidates(struct ivs_map *map)
{
    for (int i = 0; i < map->node_count; i++) {
        map->nodes[i].host = -1;
    }
    refuse_clones(map);
    for (int i = 0; i < map->node_count; i++) {
        if (map->nodes[i].claim.status == IVS_STATUS_READY) {
            map->nodes[i].host = first_of_region(map, i);
        }
    }
    dissolve_single(map);
    number_nodes(map);
}

uint32_t ivs_map_member(const struct ivs_map *map, int rank)
{
    int host = map->nodes[map->node_of[rank]].host;
    uint32_t index = 0;

    for (int i = 0; i < rank; i++) {
        index += map->nodes[map->node_of[i]].host == host;
    }
    return index;
}

int ivs_map_host_ranks(const struct ivs_map *map, int host)
{
    int ranks = 0;

    for (int i = 0; i < map->node_count; i++) {
        ranks += map->nodes[i].host == host ? map->nodes[i].ranks : 0;
    }
    return ranks;
}

int ivs_map_host_nodes(const struct ivs_map *map, int host)
{
    int nodes = 0;

    for (int i = 0; i < map->node_count; i++) {
        nodes += map->nodes[i].host == host;
    }
    return nodes;
}

/* The reason node leaves its host, or NULL if it stays. index: its position in the host. */
static const char *leave_reason(const struct ivs_offer *offer, const struct ivs_verdict *first,
                                const struct ivs_verdict *own, uint32_t index)
{
    if (offer->ok != 1) {
        return offer->reason;
    }
    if (first->ok != 1) {
        return first->reason;
    }
    if (own->ok != 1) {
        return own->reason;
    }
    if (!ivs_seen_get(own, 0) || !ivs_seen_get(first, index)) {
        return "nonce not seen: the region is a copy, not the same memory";
    }
    return NULL;
}

void ivs_map_prove(struct ivs_map *map, const struct ivs_offer *offers,
                   const struct ivs_verdict *verdicts)
{
    for (int i = map->node_count - 1; i >= 0; i--) {
        struct ivs_node *node = &map->nodes[i];
        const char *reason;
        if (node->host < 0) {
            continue;
        }
        reason =
            leave_reason(&offers[node->host], &verdicts[node->host], &verdicts[i], node->index);
        if (reason != NULL) {
            node->claim.status = IVS_STATUS_NONE;
            ivs_reason_set(node->claim.reason, "%s", reason);
        }
    }
    for (int i = 0; i < map->node_count; i++) {
        if (map->nodes[i].claim.status != IVS_STATUS_READY) {
            map->nodes[i].host = -1;
        }
    }
    dissolve_single(map);
}

int ivs_map_merged_ids(struct ivs_map *map, int *ids)
{
    int next = 0;

    for (int i = 0; i < map->node_count; i++) {
        map->nodes[i].merged_id = -1;
    }
    for (int rank = 0; rank < map->size; rank++) {
        struct ivs_node *node = &map->nodes[map->node_of[rank]];
        struct ivs_node *owner = node->host >= 0 ? &map->nodes[node->host] : node;
        if (owner->merged_id < 0) {
            owner->merged_id = next++;
        }
        node->merged_id = owner->merged_id;
        ids[rank] = owner->merged_id;
    }
    return next;
}

const char *ivs_map_reason(const struct ivs_map *map, int a, int b, char buffer[IVS_REASON_BYTES])
{
    const struct ivs_node *na = &map->nodes[a];
    const struct ivs_node *nb = &map->nodes[b];

    if (a == b || (na->host >= 0 && na->host == nb->host)) {
        return NULL;
    }
    if (na->claim.status != IVS_STATUS_READY) {
        ivs_reason_set(buffer, "%.63s: %.76s", na->claim.vm_name, na->claim.reason);
    } else if (nb->claim.status != IVS_STATUS_READY) {
        ivs_reason_set(buffer, "%.63s: %.76s", nb->claim.vm_name, nb->claim.reason);
    } else {
        ivs_reason_set(buffer, "other region: another host");
    }
    return buffer;
}
