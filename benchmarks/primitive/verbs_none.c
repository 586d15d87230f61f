/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Where libibverbs was not there at configure time: verbs is a test that cannot be run.
 */
#include <stdio.h>

#include "primitive.h"

struct verbs *verbs_open(const struct options *options, char why[WHY_BYTES])
{
    (void) options;
    snprintf(why, WHY_BYTES, "built without libibverbs (Debian: libibverbs-dev)");
    return NULL;
}

void verbs_join(struct verbs *verbs, int sock)
{
    (void) verbs;
    (void) sock;
}

void verbs_run(struct verbs *verbs, bool first, uint64_t iterations)
{
    (void) verbs;
    (void) first;
    (void) iterations;
}

void verbs_close(struct verbs *verbs)
{
    (void) verbs;
}
