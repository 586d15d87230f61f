/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the library's own functions say about sizes that no machine here has:
 *   model limits              constants that bound a job, "name value"
 *   model need RANKS WORLD    region bytes that RANKS ranks of a host take at start in a job of
 *                             WORLD; the same with the fewest buffers they run with; buffers and rings
 *                             of each, words polled in each progress call
 *   model map HOSTS VMS       seconds that a rank takes to find out who shares a region with whom
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ivs_coll.h"
#include "ivs_map.h"
#include "ivs_ring.h"
#include "ivs_shape.h"
#include "ivs_size.h"

#define DEFAULT_CELL_BYTES 16384
#define DEFAULT_CHUNK_BYTES 4096

static unsigned long number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text < '1' || *text > '9' || *end != '\0' || value > INT32_MAX) {
        fprintf(stderr, "model: '%s': give a number from 1 to %d\n", text, INT32_MAX);
        exit(2);
    }
    return value;
}

static void print_limits(void)
{
#define SHOW(name) printf("%s %llu\n", #name, (unsigned long long) (name))
    SHOW(IVS_RANKS_MAX);
    SHOW(IVS_NODES_MAX);
    SHOW(IVS_COLL_MEMBERS_MAX);
    SHOW(IVS_RINGS_MAX);
    SHOW(IVS_RING_BYTES);
    SHOW(IVS_TEXT_BYTES);
    SHOW(IVL_VMS_MAX);
    SHOW(IVL_JOBS_MAX);
    SHOW(IVL_REGION_MAX_BYTES);
    SHOW(sizeof(struct ivs_node));
    SHOW(sizeof(struct ivs_offer));
    SHOW(sizeof(struct ivs_verdict));
#undef SHOW
}

static int print_need(uint32_t ranks, uint32_t world)
{
    struct ivs_queues queues = { 0, DEFAULT_CELL_BYTES, IVS_RINGS_MAX };
    struct ivs_shape shape;

    ivs_size_usual(ranks, &queues);
    if (ivs_shape_make(ranks, queues.rings, queues.cells, queues.cell_bytes, &shape) != 0) {
        fprintf(stderr, "model: %u ranks on a host: more than %u\n", ranks, IVS_RANKS_MAX);
        return 2;
    }
    printf("%llu %llu %u %u %u\n",
           (unsigned long long) ivs_size_need(ranks, world, DEFAULT_CHUNK_BYTES, &queues),
           (unsigned long long) ivs_size_need(ranks, world, DEFAULT_CHUNK_BYTES, &ivs_queues_least),
           shape.cells, shape.rings, shape.wake_words);
    return 0;
}

/* VM v is on host v / vms; every VM has one rank and names its host's region. */
static bool make_map(struct ivs_map *map, int hosts, int vms)
{
    int count = hosts * vms, *node_of = malloc(sizeof(*node_of) * (size_t) count);

    for (int v = 0; node_of != NULL && v < count; v++) {
        node_of[v] = v;
    }
    if (node_of == NULL || ivs_map_create(map, node_of, count, count) != 0) {
        free(node_of);
        return false;
    }
    free(node_of);
    for (int v = 0; v < count; v++) {
        struct ivs_claim *claim = &map->nodes[v].claim;
        int host = v / vms;
        claim->status = IVS_STATUS_READY;
        claim->vm_slot = (uint32_t) (v % vms);
        memcpy(claim->region_uuid, &host, sizeof(host));
        memcpy(claim->boot_id, &v, sizeof(v));
    }
    return true;
}

static int print_map(int hosts, int vms)
{
    struct timespec begin, end;
    struct ivs_map map;

    if (hosts > INT32_MAX / vms || !make_map(&map, hosts, vms)) {
        fprintf(stderr, "model: %d hosts of %d VMs: no memory for them\n", hosts, vms);
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &begin);
    ivs_map_candidates(&map);
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (vms > 1 && ivs_map_host_nodes(&map, 0) != vms) {
        fprintf(stderr, "model: the first host has %d VMs\n", ivs_map_host_nodes(&map, 0));
        return 1;
    }
    printf("%.9f\n",
           (double) (end.tv_sec - begin.tv_sec) + (double) (end.tv_nsec - begin.tv_nsec) / 1e9);
    ivs_map_destroy(&map);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "limits") == 0) {
        print_limits();
        return 0;
    }
    if (argc == 4 && strcmp(argv[1], "need") == 0) {
        return print_need((uint32_t) number(argv[2]), (uint32_t) number(argv[3]));
    }
    if (argc == 4 && strcmp(argv[1], "map") == 0) {
        return print_map((int) number(argv[2]), (int) number(argv[3]));
    }
    fprintf(stderr, "usage: model limits | need RANKS WORLD | map HOSTS VMS\n");
    return 2;
}
