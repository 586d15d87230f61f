/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * For model.h: the steps between the states of a run, by the states' numbers, and whether from
 * every state there is a way to an end.
 */
#ifndef MODEL_GRAPH_H_INCLUDED
#define MODEL_GRAPH_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct model_edge {
    uint32_t from, to;
};

struct model_graph {
    struct model_edge *edges;
    size_t count, room;
    uint32_t *ends;
    size_t ends_count, ends_room;
};

static void *model_graph_grow(void *list, size_t count, size_t *room, size_t item_bytes)
{
    if (count < *room) {
        return list;
    }
    *room = *room ? 2 * *room : 1024;
    list = realloc(list, *room * item_bytes);
    if (!list) {
        abort();
    }
    return list;
}

static void model_graph_init(struct model_graph *graph)
{
    *graph = (struct model_graph){ .edges = NULL };
}

static void model_graph_free(struct model_graph *graph)
{
    free(graph->edges);
    free(graph->ends);
}

static void model_graph_edge(struct model_graph *graph, uint32_t from, uint32_t to)
{
    graph->edges =
        model_graph_grow(graph->edges, graph->count, &graph->room, sizeof(*graph->edges));
    graph->edges[graph->count++] = (struct model_edge){ from, to };
}

static void model_graph_end(struct model_graph *graph, uint32_t state)
{
    graph->ends =
        model_graph_grow(graph->ends, graph->ends_count, &graph->ends_room, sizeof(*graph->ends));
    graph->ends[graph->ends_count++] = state;
}

/* Where each state's edges begin in an array of all `from`, ordered by `to`; states + 1 entries. */
static uint32_t *model_graph_order(const struct model_graph *graph, uint32_t states, uint32_t *from)
{
    uint32_t *begin = calloc((size_t) states + 2, sizeof(*begin));

    if (!begin) {
        abort();
    }
    for (size_t i = 0; i < graph->count; i++) {
        begin[graph->edges[i].to + 2]++;
    }
    for (uint32_t i = 2; i <= states; i++) {
        begin[i] += begin[i - 1];
    }
    for (size_t i = 0; i < graph->count; i++) {
        from[begin[graph->edges[i].to + 1]++] = graph->edges[i].from;
    }
    return begin;
}

static uint32_t model_graph_mark(uint32_t state, bool *marked, uint32_t *todo, uint32_t count)
{
    if (!marked[state]) {
        marked[state] = true;
        todo[count++] = state;
    }
    return count;
}

/* Number of states from which an end can be reached: backwards from the ends. */
static uint32_t model_graph_count(const struct model_graph *graph, uint32_t states, uint32_t *from,
                                  bool *marked, uint32_t *todo)
{
    uint32_t *begin = model_graph_order(graph, states, from);
    uint32_t count = 0;

    for (size_t i = 0; i < graph->ends_count; i++) {
        count = model_graph_mark(graph->ends[i], marked, todo, count);
    }
    for (uint32_t at = 0; at < count; at++) {
        for (uint32_t k = begin[todo[at]]; k < begin[todo[at] + 1]; k++) {
            count = model_graph_mark(from[k], marked, todo, count);
        }
    }
    free(begin);
    return count;
}

static bool model_graph_all_lead_to_end(const struct model_graph *graph, uint32_t states)
{
    uint32_t *from = calloc(graph->count + 1, sizeof(*from));
    uint32_t *todo = calloc(states, sizeof(*todo));
    bool *marked = calloc(states, sizeof(*marked));

    if (!from || !todo || !marked) {
        abort();
    }
    bool all = model_graph_count(graph, states, from, marked, todo) == states;
    free(from);
    free(todo);
    free(marked);
    return all;
}

#endif /* MODEL_GRAPH_H_INCLUDED */
