/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Breadth-first search after Graph500: a Kronecker graph, some roots, from each a search level by
 * level. In each level a rank sends the neighbours of the vertices that it reached in the last one
 * to the ranks that have them, by MPI_Alltoallv. Only the searches are timed.
 *
 * Checked: each tree, by the rules of Graph500.
 */
#include <mpi.h>
#include "app.h"
#include "bfs.h"
#include "random.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    OPTION_SCALE,
    OPTION_FACTOR,
    OPTION_ROOTS,
    OPTIONS
};

static struct app_option options[OPTIONS] = {
    { "scale", "the graph has 2^N vertices", NULL, 4, 24, 16, 10 },
    { "edgefactor", "edges for each vertex", NULL, 1, 64, 16, 16 },
    { "roots", "searches", NULL, 1, 64, 8, 4 },
};

static struct graph graph;
static struct post post;
static int64_t *parent; /* of this rank's vertices */
static int64_t *queue;  /* its vertices in the tree, in the order in which they were reached */

/* ---- search ----------------------------------------------------------------------------------- */

/* Neighbours of the vertices at queue[from] to queue[to - 1] go to their ranks; returns how many
 * came. */
static int64_t send_neighbours(int64_t from, int64_t to)
{
    post_clear(&post);
    for (int64_t i = from; i < to; i++) {
        int64_t v = queue[i] - graph.first;

        for (int64_t j = graph.start[v]; j < graph.start[v + 1]; j++) {
            post_announce(&post, graph.neighbour[j]);
        }
    }
    post_open(&post);
    for (int64_t i = from; i < to; i++) {
        int64_t v = queue[i] - graph.first;

        for (int64_t j = graph.start[v]; j < graph.start[v + 1]; j++) {
            post_put(&post, graph.neighbour[j], queue[i]);
        }
    }
    return post_exchange(&post);
}

static void reach(int64_t vertex, int64_t from, int64_t *reached)
{
    if (parent[vertex - graph.first] < 0) {
        parent[vertex - graph.first] = from;
        queue[(*reached)++] = vertex;
    }
}

static void search(int64_t root)
{
    int64_t done = 0, reached = 0, came, fresh, all = 1;

    for (int64_t i = 0; i < graph.count; i++) {
        parent[i] = -1;
    }
    if (root / graph.each == graph.rank) {
        reach(root, root, &reached);
    }
    while (all > 0) {
        came = send_neighbours(done, reached);
        done = reached;
        for (int64_t i = 0; i < came; i++) {
            if (post_is_sound(&graph, &post.in[i])) {
                reach(post.in[i].a, post.in[i].b, &reached);
            }
        }
        fresh = reached - done;
        MPI_Allreduce(&fresh, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    }
}

/* ---- course ----------------------------------------------------------------------------------- */

static bool has_neighbours(int64_t vertex)
{
    int64_t v = vertex - graph.first;
    int mine = v >= 0 && v < graph.count && graph.start[v + 1] > graph.start[v], any = 0;

    MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_LOR, MPI_COMM_WORLD);
    return any != 0;
}

/* Random vertices with neighbours. A small graph may have fewer than are wanted; then some come
 * again. */
static int64_t choose_root(uint64_t *next)
{
    int64_t vertex;

    do {
        vertex = (int64_t) (random_bits(3, (*next)++) % (uint64_t) graph.vertices);
    } while (!has_neighbours(vertex));
    return vertex;
}

/* Searches from all roots. Rate is the harmonic mean of edges by second. */
static bool run(int roots, double *rate)
{
    uint64_t next = 0;
    double inverse = 0;
    bool right = true;

    for (int i = 0; i < roots; i++) {
        int64_t root = choose_root(&next), edges = 0;
        double before = app_seconds();

        MPI_Barrier(MPI_COMM_WORLD);
        app_start();
        search(root);
        app_stop();
        right = check_tree(&graph, root, parent, &edges) && right;
        inverse += (app_seconds() - before) / (double) edges;
    }
    *rate = roots / inverse;
    return right && !graph.damaged;
}

int main(int argc, char **argv)
{
    char parameters[100];
    int scale, factor, roots;
    double rate;
    bool right;

    MPI_Init(&argc, &argv);
    app_option_read("bfs", "Breadth-first search in a Kronecker graph", options, OPTIONS, argc,
                    argv);
    scale = (int) options[OPTION_SCALE].value;
    factor = (int) options[OPTION_FACTOR].value;
    roots = (int) options[OPTION_ROOTS].value;
    graph_create(&graph, scale, factor);
    post_create(&post, &graph);
    parent = app_allocate((size_t) graph.count, sizeof(*parent));
    queue = app_allocate((size_t) graph.count, sizeof(*queue));
    right = run(roots, &rate);
    snprintf(parameters, sizeof(parameters), "scale=%d edgefactor=%d roots=%d", scale, factor,
             roots);
    app_report(MPI_COMM_WORLD, "bfs", parameters, right, 1e-6 * rate, "MTEPS");
    free(parent);
    free(queue);
    post_destroy(&post);
    graph_destroy(&graph);
    MPI_Finalize();
    return 0;
}
