/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The choice between two ways (see ivs_choice.h).
 */
#include <string.h>

#include "ivs_choice.h"

#define FIRST_CLASS (UINT64_C(128) << 10)
#define UNIT 65536u /* bytes; keeps the division exact enough */

static enum ivs_way other(enum ivs_way way)
{
    return way == IVS_ONE_COPY ? IVS_TWO_COPIES : IVS_ONE_COPY;
}

enum ivs_way ivs_choice_next(struct ivs_choice *choice)
{
    const uint32_t *count = choice->count;
    const uint32_t turn = choice->messages++;
    enum ivs_way best;

    if (count[IVS_ONE_COPY] < IVS_CHOICE_FIRST || count[IVS_TWO_COPIES] < IVS_CHOICE_FIRST) {
        return turn / IVS_CHOICE_RUN % 2 == 0 ? IVS_ONE_COPY : IVS_TWO_COPIES;
    }
    best = choice->median[IVS_ONE_COPY] <= choice->median[IVS_TWO_COPIES] ? IVS_ONE_COPY
                                                                          : IVS_TWO_COPIES;
    if (turn % IVS_CHOICE_PERIOD < IVS_CHOICE_PERIOD - IVS_CHOICE_RUN) {
        choice->tried = other(best);
        return best;
    }
    return choice->tried;
}

/* Of as many as there are; the lower of the middle two. */
static uint64_t median(const uint64_t *samples, uint32_t count)
{
    uint64_t sorted[IVS_CHOICE_SAMPLES] = { 0 };
    uint32_t n = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = n++;
        for (; at > 0 && sorted[at - 1] > samples[i]; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = samples[i];
    }
    return sorted[(n - 1) / 2];
}

void ivs_choice_note(struct ivs_choice *choice, enum ivs_way way, uint64_t bytes, uint64_t ns)
{
    uint32_t count = choice->count[way]++;
    uint32_t held = count < IVS_CHOICE_SAMPLES ? count + 1 : IVS_CHOICE_SAMPLES;

    if (choice->count[way] == UINT32_MAX) {
        choice->count[way] = IVS_CHOICE_SAMPLES;
    }
    choice->samples[way][count % IVS_CHOICE_SAMPLES] =
        (uint64_t) ((double) ns * UNIT / (double) bytes);
    choice->median[way] = median(choice->samples[way], held);
}

uint32_t ivs_choice_class(uint64_t bytes)
{
    uint32_t n = 0;

    while (n + 1 < IVS_CHOICE_CLASSES && bytes > FIRST_CLASS << n) {
        n++;
    }
    return n;
}
