/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * check_tree() of bfs takes a right tree, and finds each kind of a wrong one. Every rank makes the
 * whole tree by a search of its own that uses no messages, changes it, and hands over its part.
 * Prints what was judged wrongly.
 */
#include <mpi.h>
#include "app.h"
#include "bfs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCALE 9
#define VERTICES (1 << SCALE)
#define FACTOR 2 /* few edges: some vertices are outside, and levels are several */

static struct graph graph;
static struct edge edge[VERTICES * FACTOR];
static int64_t root, parent[VERTICES];
static int level[VERTICES];
static int failures;

static void reach(int64_t v, int64_t from, int at)
{
    if (level[from] == at && level[v] < 0) {
        level[v] = at + 1;
        parent[v] = from;
    }
}

/* A right tree. */
static void search(void)
{
    for (int i = 0; i < VERTICES; i++) {
        parent[i] = level[i] = -1;
    }
    root = edge[0].a;
    parent[root] = root;
    level[root] = 0;
    for (int at = 0; at < VERTICES; at++) {
        for (int i = 0; i < VERTICES * FACTOR; i++) {
            reach(edge[i].a, edge[i].b, at);
            reach(edge[i].b, edge[i].a, at);
        }
    }
}

static bool are_joined(int64_t a, int64_t b)
{
    for (int i = 0; i < VERTICES * FACTOR; i++) {
        if ((edge[i].a == a && edge[i].b == b) || (edge[i].a == b && edge[i].b == a)) {
            return true;
        }
    }
    return false;
}

/* Whether every rank takes the tree. */
static bool is_taken(void)
{
    int64_t edges = 0;
    int mine = check_tree(&graph, root, parent + graph.first, &edges), all = 0;

    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_LAND, MPI_COMM_WORLD);
    return all != 0;
}

static void expect(const char *what, bool right)
{
    if (is_taken() != right) {
        failures++;
        if (graph.rank == 0) {
            printf("%s: is %s\n", what, right ? "refused" : "taken");
        }
    }
    search();
}

/* A vertex of a level that no other has as parent. */
static int64_t find_leaf(int wanted)
{
    for (int64_t v = 0; v < VERTICES; v++) {
        bool leaf = level[v] == wanted;

        for (int64_t u = 0; leaf && u < VERTICES; u++) {
            leaf = parent[u] != v;
        }
        if (leaf) {
            return v;
        }
    }
    app_fail("no leaf of level %d: the graph has changed", wanted);
}

/* Of a level, joined to v or not, and not v. */
static int64_t find(int wanted, int64_t v, bool joined)
{
    for (int64_t u = 0; u < VERTICES; u++) {
        if (u != v && level[u] == wanted && are_joined(u, v) == joined) {
            return u;
        }
    }
    return -1;
}

/* A leaf of level 1 that hangs on a neighbour of level 2: a tree of edges, but the leaf and the
 * root, which are joined, are three levels apart. */
static void hang_too_low(void)
{
    for (int64_t v = 0; v < VERTICES; v++) {
        int64_t below = level[v] == 1 ? find(2, v, true) : -1;

        if (below >= 0 && parent[below] != v) {
            parent[v] = below;
            return;
        }
    }
    app_fail("no vertex can hang too low: the graph has changed");
}

static void judge_all(void)
{
    int64_t leaf = find_leaf(2), outside = find(-1, root, false), other;

    expect("a right tree", true);
    parent[root] = leaf;
    expect("a root with a parent", false);
    parent[leaf] = VERTICES;
    expect("a parent that is no vertex", false);
    parent[outside] = -2;
    expect("a negative parent", false);
    other = find(1, leaf, false);
    parent[leaf] = other;
    expect("a parent that is no neighbour", false);
    parent[leaf] = -1;
    expect("a vertex of the component left out", false);
    parent[outside] = root;
    expect("a vertex from outside of the component", false);
    other = parent[leaf];
    parent[other] = leaf;
    expect("a circle", false);
    parent[leaf] = leaf;
    expect("a vertex that is its own parent", false);
    hang_too_low();
    expect("levels too far apart", false);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    graph_create(&graph, SCALE, FACTOR);
    for (int64_t i = 0; i < VERTICES * FACTOR; i++) {
        edge[i] = graph_edge(&graph, i);
    }
    search();
    judge_all();
    graph_destroy(&graph);
    MPI_Finalize();
    return failures > 0;
}
