/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Writes the channel report: hosts, then pairs of VMs. A "group" is what shares one merged node
 * id: the VMs of a host, or a VM alone. With many groups, pairs are summed up in one line.
 */
#include <inttypes.h>
#include <string.h>

#include "ivs_report.h"

#define PAIRS_UP_TO 16 /* groups */
#define NAMES_UP_TO 8  /* VMs named in one line */

static int group_count(const struct ivs_map *map)
{
    int count = 0;

    for (int i = 0; i < map->node_count; i++) {
        count = map->nodes[i].merged_id >= count ? map->nodes[i].merged_id + 1 : count;
    }
    return count;
}

static int first_node(const struct ivs_map *map, int group)
{
    int node = 0;

    while (map->nodes[node].merged_id != group) {
        node++;
    }
    return node;
}

/* "0-3,8": the ranks of a node. */
static void write_ranks(FILE *out, const struct ivs_map *map, int node)
{
    const char *comma = "";

    for (int rank = 0; rank < map->size; rank++) {
        int last = rank;
        if (map->node_of[rank] != node) {
            continue;
        }
        while (last + 1 < map->size && map->node_of[last + 1] == node) {
            last++;
        }
        fprintf(out, last > rank ? "%s%d-%d" : "%s%d", comma, rank, last);
        comma = ",";
        rank = last;
    }
}

static void write_names(FILE *out, const struct ivs_map *map, int group)
{
    int named = 0;
    int more = 0;

    for (int i = 0; i < map->node_count; i++) {
        if (map->nodes[i].merged_id != group) {
            continue;
        }
        if (named == NAMES_UP_TO) {
            more++;
            continue;
        }
        fprintf(out, "%s%s", named > 0 ? "," : "", map->nodes[i].claim.vm_name);
        named++;
    }
    if (more > 0) {
        fprintf(out, " and %d more", more);
    }
}

static void write_region(FILE *out, const struct ivs_report *report, const struct ivs_node *node)
{
    const uint8_t *uuid = node->claim.region_uuid;

    fprintf(out, "[ivshmem]   region %02x%02x%02x%02x, %" PRIu64 " MiB, %s", uuid[0], uuid[1],
            uuid[2], uuid[3], node->claim.region_bytes >> 20, node->claim.reason);
    if (report->queues.cells > 0 &&
        report->map->nodes[report->map->node_of[report->rank]].host == node->host) {
        fprintf(out, ", %" PRIu32 " cells of %" PRIu32 " bytes per rank", report->queues.cells,
                report->queues.cell_bytes);
    }
    fputc('\n', out);
}

static void write_group(FILE *out, const struct ivs_report *report, int group)
{
    const struct ivs_map *map = report->map;
    const struct ivs_node *first = &map->nodes[first_node(map, group)];

    fprintf(out, "[ivshmem] host %d:\n", group);
    for (int i = 0; i < map->node_count; i++) {
        if (map->nodes[i].merged_id == group) {
            fprintf(out, "[ivshmem]   %s: ranks ", map->nodes[i].claim.vm_name);
            write_ranks(out, map, i);
            fputc('\n', out);
        }
    }
    if (first->host >= 0) {
        write_region(out, report, first);
    } else if (first->claim.status != IVS_STATUS_READY) {
        fprintf(out, "[ivshmem]   no region: %s\n", first->claim.reason);
    }
}

static void write_inside(FILE *out, const struct ivs_map *map, int group)
{
    const struct ivs_node *first = &map->nodes[first_node(map, group)];

    if (first->host < 0 && first->ranks < 2) {
        return;
    }
    fprintf(out, "[ivshmem] within ");
    write_names(out, map, group);
    fprintf(out, first->host >= 0 ? ": region\n" : ": shm\n");
}

static void write_pair(FILE *out, const struct ivs_report *report, int a, int b)
{
    char reason[IVS_REASON_BYTES];
    const struct ivs_map *map = report->map;

    fprintf(out, "[ivshmem] ");
    write_names(out, map, a);
    fprintf(out, " <-> ");
    write_names(out, map, b);
    fprintf(out, ": netmod %s: %s\n", report->netmod,
            ivs_map_reason(map, first_node(map, a), first_node(map, b), reason));
}

static void write_pairs(FILE *out, const struct ivs_report *report, int groups)
{
    if (groups > PAIRS_UP_TO) {
        fprintf(out, "[ivshmem] between hosts: netmod %s\n", report->netmod);
        return;
    }
    for (int a = 0; a < groups; a++) {
        for (int b = a + 1; b < groups; b++) {
            write_pair(out, report, a, b);
        }
    }
}

static void write_by_rank(FILE *out, const struct ivs_map *map)
{
    for (int rank = 0; rank < map->size; rank++) {
        const struct ivs_node *node = &map->nodes[map->node_of[rank]];
        fprintf(out, "[ivshmem] rank %d: VM %s, host %d, %s\n", rank, node->claim.vm_name,
                node->merged_id, node->host >= 0 ? "region" : node->claim.reason);
    }
}

void ivs_report_write(FILE *out, const struct ivs_report *report, bool by_rank)
{
    const struct ivs_map *map = report->map;
    int groups = group_count(map);

    fprintf(out, "[ivshmem] channels: %d ranks, %d VMs, %d hosts\n", map->size, map->node_count,
            groups);
    for (int group = 0; group < groups; group++) {
        write_group(out, report, group);
    }
    for (int group = 0; group < groups; group++) {
        write_inside(out, map, group);
    }
    write_pairs(out, report, groups);
    if (by_rank) {
        write_by_rank(out, map);
    }
}
