/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The locality map of a job: which nodes form a host, and why the others do not. Built from
 * published messages only, so that every rank builds the same one. Pure, no MPICH.
 */
#ifndef IVS_MAP_H_INCLUDED
#define IVS_MAP_H_INCLUDED

#include <stdio.h>

#include "ivs_record.h"

struct ivs_node {
    struct ivs_claim claim;
    int root;       /* lowest world rank of the node */
    int ranks;      /* how many */
    int merged_id;  /* after ivs_map_merged_ids() */
    uint32_t index; /* position among the nodes of its candidate host, in node order */
    int host;       /* candidate, later proven: index of the host's first node; -1 = alone */
};

struct ivs_map {
    int size;               /* ranks */
    int node_count;         /* nodes as the process manager sees them */
    int *node_of;           /* [size] */
    struct ivs_node *nodes; /* [node_count] */
};

/* Copies node_of[size] with ids 0..node_count-1, each used. -ENOMEM, -EINVAL. */
int ivs_map_create(struct ivs_map *map, const int *node_of, int size, int node_count);
void ivs_map_destroy(struct ivs_map *map);

/* From the nodes' claims: puts nodes with the same region in one candidate host, nodes that
 * claim one VM entry from different kernels (clones) alone, with the reason in their claim. */
void ivs_map_candidates(struct ivs_map *map);

/* Rank's line in the host's member table: its position in rank order among the host's ranks. */
uint32_t ivs_map_member(const struct ivs_map *map, int rank);

/* Ranks and nodes of the host whose first node is `host`. */
int ivs_map_host_ranks(const struct ivs_map *map, int host);
int ivs_map_host_nodes(const struct ivs_map *map, int host);

/* Turns candidates into proof: a node stays in its host if it joined, saw the first node's
 * nonces and was seen by it. Hosts left with one node dissolve. offers and verdicts are indexed
 * by node; offers count at a host's first node only. */
void ivs_map_prove(struct ivs_map *map, const struct ivs_offer *offers,
                   const struct ivs_verdict *verdicts);

/* New node ids, numbered by first appearance in rank order, nodes of a host sharing one.
 * Returns the number of ids. */
int ivs_map_merged_ids(struct ivs_map *map, int *ids);

/* Why the pair of nodes does not use the region; NULL when it does. */
const char *ivs_map_reason(const struct ivs_map *map, int a, int b, char buffer[IVS_REASON_BYTES]);

#endif /* IVS_MAP_H_INCLUDED */
