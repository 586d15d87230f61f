/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Alternating send and recv of 8 bytes over the connection. Each message is the number of its way.
 */
#include "primitive.h"

static void expect(int sock, uint64_t wanted)
{
    uint64_t got;

    meet_receive(sock, &got, sizeof(got));
    if (got != wanted) {
        die("tcp", "message %llu arrived instead of %llu", (unsigned long long) got,
            (unsigned long long) wanted);
    }
}

void tcp_run(int sock, bool first, uint64_t iterations)
{
    for (uint64_t way = 0; way < 2 * iterations; way++) {
        if ((way % 2 == 0) == first) {
            meet_send(sock, &way, sizeof(way));
        } else {
            expect(sock, way);
        }
    }
}
