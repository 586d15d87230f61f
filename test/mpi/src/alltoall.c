/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * All-to-all of random sizes, as a collective and as point-to-point messages, every byte
 * checked. Options: see check.h; -max is the largest block.
 */
#include "check.h"

struct exchange {
    int *send_bytes, *send_at, *recv_bytes, *recv_at;
    uint8_t *send, *recv;
};

/* One third of the blocks are tiny, one third up to 64 KiB, the rest up to the maximum. */
static int block_bytes(struct rng *rng)
{
    static const uint32_t small[] = { 64, 65536 };
    uint32_t kind = rng_below(rng, 3), limit = (uint32_t) check.max_bytes;

    if (kind < 2 && small[kind] < limit) {
        limit = small[kind];
    }
    return (int) rng_below(rng, limit + 1);
}

static uint32_t block_key(int round, int from, int to)
{
    return (uint32_t) (round * 101 + from * 13 + to);
}

/* The same numbers on all ranks: element from * size + to. */
static void draw_sizes(int round, int *bytes)
{
    struct rng rng = rng_for((uint64_t) round, 1);

    for (int i = 0; i < check.size * check.size; i++) {
        bytes[i] = block_bytes(&rng);
    }
}

static int lay_out(const int *bytes, int stride, int *own_bytes, int *at)
{
    int total = 0;

    for (int i = 0; i < check.size; i++) {
        own_bytes[i] = bytes[i * stride];
        at[i] = total;
        total += own_bytes[i];
    }
    return total;
}

static void prepare(int round, struct exchange *ex)
{
    size_t ints = (size_t) check.size * sizeof(int);
    int *bytes = check_alloc(ints * (size_t) check.size);

    draw_sizes(round, bytes);
    ex->send_bytes = check_alloc(4 * ints);
    ex->send_at = ex->send_bytes + check.size;
    ex->recv_bytes = ex->send_at + check.size;
    ex->recv_at = ex->recv_bytes + check.size;
    ex->send = check_alloc(
        (size_t) lay_out(bytes + check.rank * check.size, 1, ex->send_bytes, ex->send_at));
    ex->recv =
        check_alloc((size_t) lay_out(bytes + check.rank, check.size, ex->recv_bytes, ex->recv_at));
    for (int to = 0; to < check.size; to++) {
        payload_fill(ex->send + ex->send_at[to], (size_t) ex->send_bytes[to],
                     block_key(round, check.rank, to));
    }
    free(bytes);
}

static void by_messages(struct exchange *ex)
{
    MPI_Request *requests = check_alloc((size_t) check.size * 2 * sizeof(MPI_Request));

    for (int i = 0; i < check.size; i++) {
        int peer = (check.rank + i) % check.size;
        MPI_Irecv(ex->recv + ex->recv_at[peer], ex->recv_bytes[peer], MPI_BYTE, peer, 5,
                  MPI_COMM_WORLD, &requests[i]);
    }
    for (int i = 0; i < check.size; i++) {
        int peer = (check.rank + check.size - i) % check.size;
        MPI_Isend(ex->send + ex->send_at[peer], ex->send_bytes[peer], MPI_BYTE, peer, 5,
                  MPI_COMM_WORLD, &requests[check.size + i]);
    }
    MPI_Waitall(2 * check.size, requests, MPI_STATUSES_IGNORE);
    free(requests);
}

static void verify(int round, const struct exchange *ex)
{
    for (int from = 0; from < check.size; from++) {
        long wrong = payload_wrong(ex->recv + ex->recv_at[from], (size_t) ex->recv_bytes[from],
                                   block_key(round, from, check.rank));
        CHECK(wrong < 0, "block of %d bytes from rank %d: byte %ld is wrong", ex->recv_bytes[from],
              from, wrong);
    }
}

static void run_round(int round)
{
    struct exchange ex;

    prepare(round, &ex);
    if (round % 2 == 0) {
        MPI_Alltoallv(ex.send, ex.send_bytes, ex.send_at, MPI_BYTE, ex.recv, ex.recv_bytes,
                      ex.recv_at, MPI_BYTE, MPI_COMM_WORLD);
    } else {
        by_messages(&ex);
    }
    verify(round, &ex);
    free(ex.send);
    free(ex.recv);
    free(ex.send_bytes);
}

int main(int argc, char **argv)
{
    check_start(&argc, &argv, 4, 4 * 1024 * 1024);
    for (int round = 0; round < check.rounds; round++) {
        check_at("round", round);
        run_round(round);
    }
    return check_end();
}
