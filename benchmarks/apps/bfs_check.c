/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The rules of Graph500 for a tree of breadth-first search (see bfs.h). Each rank sees the whole
 * tree, and looks at its part of the list of edges.
 */
#include <mpi.h>
#include "bfs.h"
#include "app.h"
#include <stdlib.h>

struct tree {
    int64_t vertices, root;
    int64_t *parent;
    int32_t *level;      /* -1: not in the tree */
    unsigned char *edge; /* 1: the edge to the parent is in the list */
};

static void gather(const struct graph *graph, const int64_t *parent, struct tree *tree)
{
    int *counts = app_allocate((size_t) graph->ranks, sizeof(int));
    int *displs = app_allocate((size_t) graph->ranks, sizeof(int));

    for (int i = 0; i < graph->ranks; i++) {
        int64_t first = graph->each * i, left = graph->vertices - first;

        counts[i] = (int) (left < 0 ? 0 : left > graph->each ? graph->each : left);
        displs[i] = (int) (left < 0 ? 0 : first);
    }
    MPI_Allgatherv(parent, (int) graph->count, MPI_INT64_T, tree->parent, counts, displs,
                   MPI_INT64_T, MPI_COMM_WORLD);
    free(counts);
    free(displs);
}

/* Rule 1: it is a tree. Follows the parents from a vertex to one whose level is known; a way
 * longer than there are vertices is a circle. */
static bool find_level(struct tree *tree, int64_t vertex)
{
    int64_t v = vertex, steps = 0;

    for (; tree->level[v] < 0; v = tree->parent[v], steps++) {
        if (tree->parent[v] < 0 || tree->parent[v] >= tree->vertices || steps > tree->vertices) {
            return false;
        }
    }
    steps += tree->level[v];
    for (v = vertex; tree->level[v] < 0; v = tree->parent[v]) {
        tree->level[v] = (int32_t) steps--;
    }
    return true;
}

static bool find_levels(struct tree *tree)
{
    for (int64_t v = 0; v < tree->vertices; v++) {
        tree->level[v] = -1;
    }
    if (tree->parent[tree->root] != tree->root) {
        return false;
    }
    tree->level[tree->root] = 0;
    for (int64_t v = 0; v < tree->vertices; v++) {
        if (tree->parent[v] != -1 && !find_level(tree, v)) {
            return false;
        }
    }
    return true;
}

/* Rules 2 to 4: an edge joins vertices whose levels differ by one at most, and not one in the tree
 * with one outside. */
static bool edge_is_right(struct tree *tree, struct edge edge)
{
    int32_t a = tree->level[edge.a], b = tree->level[edge.b];

    if (edge.a != edge.b && tree->parent[edge.a] == edge.b) {
        tree->edge[edge.a] = 1;
    }
    if (edge.a != edge.b && tree->parent[edge.b] == edge.a) {
        tree->edge[edge.b] = 1;
    }
    return (a < 0) == (b < 0) && abs(a - b) <= 1;
}

static bool edges_are_right(const struct graph *graph, struct tree *tree, int64_t *edges)
{
    int64_t to = graph_first_edge(graph, graph->rank + 1), mine = 0;
    bool right = true;

    for (int64_t i = graph_first_edge(graph, graph->rank); i < to; i++) {
        struct edge edge = graph_edge(graph, i);

        right = edge_is_right(tree, edge) && right;
        mine += tree->level[edge.a] >= 0;
    }
    MPI_Allreduce(&mine, edges, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    return right;
}

/* Rule 5: a vertex and its parent are joined by an edge of the list. */
static bool parents_are_joined(struct tree *tree)
{
    MPI_Allreduce(MPI_IN_PLACE, tree->edge, (int) tree->vertices, MPI_UNSIGNED_CHAR, MPI_MAX,
                  MPI_COMM_WORLD);
    for (int64_t v = 0; v < tree->vertices; v++) {
        if (tree->level[v] > 0 && tree->edge[v] != 1) {
            return false;
        }
    }
    return true;
}

bool check_tree(const struct graph *graph, int64_t root, const int64_t *parent, int64_t *edges)
{
    size_t vertices = (size_t) graph->vertices;
    struct tree tree = {
        .vertices = graph->vertices,
        .root = root,
        .parent = app_allocate(vertices, sizeof(*tree.parent)),
        .level = app_allocate(vertices, sizeof(*tree.level)),
        .edge = app_allocate(vertices, sizeof(*tree.edge)),
    };
    bool right;

    gather(graph, parent, &tree);
    right = find_levels(&tree);
    right = edges_are_right(graph, &tree, edges) && right;
    right = parents_are_joined(&tree) && right;
    free(tree.parent);
    free(tree.level);
    free(tree.edge);
    return right;
}
