/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Breadth-first search in a Kronecker graph, whose vertices are dealt out to the ranks in equal
 * runs.
 */
#ifndef BFS_H_INCLUDED
#define BFS_H_INCLUDED

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Undirected. In a message: a vertex of the rank that it goes to, and a neighbour. */
struct edge {
    int64_t a, b;
};

struct graph {
    int scale, rank, ranks;
    int64_t vertices, edges; /* in all: 2^scale, and the given factor times that */
    int64_t each;            /* vertices of a rank, but for the last ranks */
    int64_t first, count;    /* vertices of this rank */
    int64_t *start;          /* count + 1: neighbours of vertex first + i are at start[i] to */
    int64_t *neighbour;      /* start[i + 1] - 1 of these */
    bool damaged;            /* a message named a vertex that it cannot name */
};

/* Edges on their way to the ranks that have their vertices a. First each is announced, then put;
 * then they are exchanged. Counts are of numbers, two for an edge. */
struct post {
    const struct graph *graph;
    struct edge *out, *in;
    int64_t out_room, in_room;
    int *out_counts, *out_displs, *in_counts, *in_displs;
    int *next; /* place of the next edge for a rank in out, in numbers */
};

/* Edge i of the list; the same for any number of ranks, and never kept. */
struct edge graph_edge(const struct graph *graph, int64_t i);

/* The part of the list that this rank makes. */
int64_t graph_first_edge(const struct graph *graph, int rank);

/* Makes the list and sends the edges where they belong. */
void graph_create(struct graph *graph, int scale, int factor);
void graph_destroy(struct graph *graph);

void post_create(struct post *post, const struct graph *graph);
void post_destroy(struct post *post);
void post_clear(struct post *post);
void post_announce(struct post *post, int64_t a);
void post_open(struct post *post);
void post_put(struct post *post, int64_t a, int64_t b);

/* Returns how many edges came into in. */
int64_t post_exchange(struct post *post);

/* An edge that came names a vertex of this rank and any other; else the graph is marked damaged. */
bool post_is_sound(struct graph *graph, const struct edge *edge);

/* Checks a tree by the rules of Graph500, with the list of edges made anew: parent has this rank's
 * vertices, -1 for those that are not in the tree. Collective; each rank returns what it found.
 * Gives the number of edges in the component of the tree. Takes 13 bytes for each vertex of the
 * graph on each rank. */
bool check_tree(const struct graph *graph, int64_t root, const int64_t *parent, int64_t *edges);

#endif
