/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The graph, and edges on their way to other ranks (see bfs.h).
 */
#include <mpi.h>
#include "bfs.h"
#include "app.h"
#include "random.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The initiator of Graph500: 0.57 0.19 0.19 0.05, summed up. */
#define TO_A 0.57
#define TO_B 0.76
#define TO_C 0.95

#define LEVELS 64 /* random numbers set aside for each edge */

/* ---- list of edges ---------------------------------------------------------------------------- */

/* Puts the vertices in another order, each step of which can be undone: else low numbers would have
 * the most neighbours. */
static int64_t scramble(const struct graph *graph, int64_t vertex)
{
    uint64_t mask = (uint64_t) graph->vertices - 1, v = (uint64_t) vertex;

    for (uint64_t round = 0; round < 3; round++) {
        v = (v * (random_bits(1, round) | 1) + random_bits(2, round)) & mask;
        v ^= v >> (graph->scale / 2 + 1);
    }
    return (int64_t) v;
}

struct edge graph_edge(const struct graph *graph, int64_t i)
{
    int64_t a = 0, b = 0;

    for (int level = 0; level < graph->scale; level++) {
        double which = random_unit(0, (uint64_t) i * LEVELS + (uint64_t) level);

        a = 2 * a + (which >= TO_B);
        b = 2 * b + ((which >= TO_A && which < TO_B) || which >= TO_C);
    }
    return (struct edge){ scramble(graph, a), scramble(graph, b) };
}

int64_t graph_first_edge(const struct graph *graph, int rank)
{
    return graph->edges / graph->ranks * rank + graph->edges % graph->ranks * rank / graph->ranks;
}

/* ---- post ------------------------------------------------------------------------------------- */

void post_create(struct post *post, const struct graph *graph)
{
    int **arrays[] = { &post->out_counts, &post->out_displs, &post->in_counts, &post->in_displs,
                       &post->next };

    *post = (struct post){ .graph = graph };
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        *arrays[i] = app_allocate((size_t) graph->ranks, sizeof(int));
    }
}

void post_destroy(struct post *post)
{
    free(post->out);
    free(post->in);
    free(post->out_counts);
    free(post->out_displs);
    free(post->in_counts);
    free(post->in_displs);
    free(post->next);
}

void post_clear(struct post *post)
{
    memset(post->out_counts, 0, (size_t) post->graph->ranks * sizeof(int));
}

void post_announce(struct post *post, int64_t a)
{
    int *count = &post->out_counts[a / post->graph->each];

    if (*count > INT_MAX - 2) {
        app_fail("2^31 numbers in one message: give a smaller scale or more ranks");
    }
    *count += 2;
}

/* Places of the ranks' parts; returns numbers in all. */
static int64_t place(const int *counts, int *displs, int ranks)
{
    int64_t numbers = 0;

    for (int i = 0; i < ranks; i++) {
        if (counts[i] < 0 || counts[i] % 2 != 0) {
            app_fail("rank %d announces %d numbers: wrong data came", i, counts[i]);
        }
        displs[i] = (int) numbers;
        numbers += counts[i];
        if (numbers > INT_MAX) {
            app_fail("2^31 numbers to or from a rank: give a smaller scale or more ranks, "
                     "or wrong data came");
        }
    }
    return numbers;
}

static void make_room(struct edge **edges, int64_t *room, int64_t count)
{
    if (count > *room) {
        free(*edges);
        *room = count + count / 4;
        *edges = app_allocate((size_t) *room, sizeof(**edges));
    }
}

void post_open(struct post *post)
{
    int64_t numbers = place(post->out_counts, post->out_displs, post->graph->ranks);

    make_room(&post->out, &post->out_room, numbers / 2);
    memcpy(post->next, post->out_displs, (size_t) post->graph->ranks * sizeof(int));
}

void post_put(struct post *post, int64_t a, int64_t b)
{
    int *next = &post->next[a / post->graph->each];

    post->out[*next / 2] = (struct edge){ a, b };
    *next += 2;
}

int64_t post_exchange(struct post *post)
{
    int64_t numbers;

    MPI_Alltoall(post->out_counts, 1, MPI_INT, post->in_counts, 1, MPI_INT, MPI_COMM_WORLD);
    numbers = place(post->in_counts, post->in_displs, post->graph->ranks);
    make_room(&post->in, &post->in_room, numbers / 2);
    MPI_Alltoallv(post->out, post->out_counts, post->out_displs, MPI_INT64_T, post->in,
                  post->in_counts, post->in_displs, MPI_INT64_T, MPI_COMM_WORLD);
    return numbers / 2;
}

bool post_is_sound(struct graph *graph, const struct edge *edge)
{
    if (edge->a >= graph->first && edge->a - graph->first < graph->count && edge->b >= 0 &&
        edge->b < graph->vertices) {
        return true;
    }
    graph->damaged = true;
    return false;
}

/* ---- construction ----------------------------------------------------------------------------- */

/* Each edge to the rank of either end, but for loops. */
static int64_t send_edges(const struct graph *graph, struct post *post)
{
    int64_t from = graph_first_edge(graph, graph->rank);
    int64_t to = graph_first_edge(graph, graph->rank + 1);

    post_clear(post);
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = from; i < to; i++) {
            struct edge edge = graph_edge(graph, i);

            if (edge.a == edge.b) {
                continue;
            }
            if (pass == 0) {
                post_announce(post, edge.a);
                post_announce(post, edge.b);
            } else {
                post_put(post, edge.a, edge.b);
                post_put(post, edge.b, edge.a);
            }
        }
        if (pass == 0) {
            post_open(post);
        }
    }
    return post_exchange(post);
}

/* Neighbours by vertex, from the edges that came: start[i + 1] first counts, then moves on while
 * the neighbours of vertex i are put down, to where those of the next begin. */
static void sort_edges(struct graph *graph, const struct post *post, int64_t came)
{
    int64_t at = 0;

    graph->start = app_allocate((size_t) graph->count + 1, sizeof(*graph->start));
    graph->neighbour = app_allocate((size_t) came, sizeof(*graph->neighbour));
    for (int64_t i = 0; i < came; i++) {
        if (post_is_sound(graph, &post->in[i])) {
            graph->start[post->in[i].a - graph->first + 1]++;
        }
    }
    for (int64_t i = 1; i <= graph->count; i++) {
        int64_t degree = graph->start[i];

        graph->start[i] = at;
        at += degree;
    }
    for (int64_t i = 0; i < came; i++) {
        if (post_is_sound(graph, &post->in[i])) {
            graph->neighbour[graph->start[post->in[i].a - graph->first + 1]++] = post->in[i].b;
        }
    }
}

void graph_create(struct graph *graph, int scale, int factor)
{
    struct post post;

    *graph = (struct graph){ .scale = scale, .vertices = INT64_C(1) << scale };
    MPI_Comm_rank(MPI_COMM_WORLD, &graph->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &graph->ranks);
    graph->edges = graph->vertices * factor;
    graph->each = (graph->vertices + graph->ranks - 1) / graph->ranks;
    graph->first = graph->each * graph->rank;
    graph->count = graph->vertices - graph->first;
    graph->count = graph->count < 0 ? 0 : graph->count > graph->each ? graph->each : graph->count;
    post_create(&post, graph);
    sort_edges(graph, &post, send_edges(graph, &post));
    post_destroy(&post);
}

void graph_destroy(struct graph *graph)
{
    free(graph->start);
    free(graph->neighbour);
}
