/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Plans of the wildcard stress test (see anysrc_plan.h).
 */
#include "anysrc_plan.h"

/* Sizes around what changes the protocol: nothing, a cache line, one cell, eager limits, large. */
static int draw_bytes(struct rng *rng)
{
    static const struct {
        int low, width;
    } classes[] = { { 0, 1 },       { 1, 64 },        { 65, 1000 },    { 4000, 6000 },
                    { 7900, 400 },  { 60000, 20000 }, { 131000, 200 }, { 200000, 100000 },
                    { 69400, 300 }, { 8, 1 },         { 262000, 300 } };
    uint32_t class = rng_below(rng, sizeof(classes) / sizeof(classes[0]));
    int bytes = classes[class].low + (int) rng_below(rng, (uint32_t) classes[class].width);

    return bytes < check.max_bytes ? bytes : check.max_bytes;
}

static void draw_message(struct plan *plan, struct rng *rng, int src)
{
    struct message *message = &plan->messages[plan->count++];

    memset(message, 0, sizeof(*message));
    message->src = src;
    message->comm = plan->one_stream ? 0 : (int) rng_below(rng, COMMS);
    message->tag = (int) rng_below(rng, TAGS);
    message->bytes = draw_bytes(rng);
    message->key = (uint32_t) rng_next(rng);
    message->strided = rng_below(rng, 4) == 0;
    message->how = (uint32_t) rng_next(rng);
}

void plan_draw(int round, struct plan *plan)
{
    struct rng rng = rng_for((uint64_t) round, 2);

    plan->root = round % check.size;
    plan->one_stream = rng_below(&rng, 4) == 0;
    for (int i = 0; i < COMMS; i++) {
        uint32_t naming = rng_below(&rng, NAMINGS);
        plan->naming[i] = plan->one_stream ? NAME_NOTHING : (enum naming) naming;
    }
    plan->messages = check_alloc((size_t) check.size * MESSAGES_MAX * sizeof(plan->messages[0]));
    plan->count = 0;
    for (int src = 0; src < check.size; src++) {
        int count = (int) rng_below(&rng, MESSAGES_MAX) + 1;
        for (int i = 0; src != plan->root && i < count; i++) {
            draw_message(plan, &rng, src);
        }
    }
}

void plan_free(struct plan *plan)
{
    free(plan->messages);
}

struct wish plan_wish(const struct plan *plan, int i)
{
    const struct message *message = &plan->messages[i];
    enum naming naming = plan->naming[message->comm];
    struct wish wish = { message->comm, MPI_ANY_SOURCE, MPI_ANY_TAG };

    if (naming != NAME_NOTHING) {
        wish.tag = message->tag;
    }
    if (naming == NAME_TAG_AND_ODD_SOURCE && message->tag % 2 == 1) {
        wish.src = message->src;
    }
    return wish;
}

struct message *plan_take(struct plan *plan, struct wish wish, int src)
{
    for (int i = 0; i < plan->count; i++) {
        struct message *message = &plan->messages[i];
        bool fits = message->src == src && message->comm == wish.comm &&
                    (wish.tag == MPI_ANY_TAG || wish.tag == message->tag) &&
                    (wish.src == MPI_ANY_SOURCE || wish.src == src);
        if (fits && !message->taken) {
            message->taken = true;
            return message;
        }
    }
    return NULL;
}
