/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Long messages that are sent packed, or as they lie, and received with a derived datatype. A network
 * cuts a packed message anywhere, also inside an element of the receiver's datatype. Posted and unexpected receives, by name and from any source, into buffers with room for more.
 * Options: see check.h; -max is the largest message.
 */
#include "check.h"

#define GAP 0x55

/* One datatype: `bytes` of data in each of its extents, in blocks. */
struct kind {
    const char *name;
    MPI_Datatype type;
    int bytes, extent, blocks;
    int at[3], length[3]; /* of the blocks */
};

#define KINDS 5

static void add_block(struct kind *kind, int at, int length)
{
    kind->at[kind->blocks] = at;
    kind->length[kind->blocks++] = length;
    kind->bytes += length;
}

/* Fields in a C struct of `extent` bytes; the element types follow in order. */
static void make_struct(struct kind *kind, const char *name, int extent, int count, const int *at,
                        const MPI_Datatype *types)
{
    const int ones[3] = { 1, 1, 1 };
    MPI_Aint places[3];
    MPI_Datatype fields;

    memset(kind, 0, sizeof(*kind));
    kind->name = name;
    kind->extent = extent;
    for (int i = 0; i < count; i++) {
        int length;

        MPI_Type_size(types[i], &length);
        places[i] = at[i];
        add_block(kind, at[i], length);
    }
    MPI_Type_create_struct(count, ones, places, types, &fields);
    MPI_Type_create_resized(fields, 0, extent, &kind->type);
    MPI_Type_free(&fields);
    MPI_Type_commit(&kind->type);
}

/* No long double, of which a copy need not keep the bytes that mean nothing. */
static void make_kinds(struct kind kinds[KINDS])
{
    make_struct(&kinds[0], "char, double", 24, 2, (int[]){ 3, 8 },
                (MPI_Datatype[]){ MPI_CHAR, MPI_DOUBLE });
    make_struct(&kinds[1], "double", 16, 1, (int[]){ 8 }, (MPI_Datatype[]){ MPI_DOUBLE });
    make_struct(&kinds[2], "complex, short, int", 32, 3, (int[]){ 0, 18, 24 },
                (MPI_Datatype[]){ MPI_C_DOUBLE_COMPLEX, MPI_SHORT, MPI_INT });
    make_struct(&kinds[3], "complex", 24, 1, (int[]){ 8 },
                (MPI_Datatype[]){ MPI_C_DOUBLE_COMPLEX });
    make_struct(&kinds[4], "int, int", 24, 2, (int[]){ 0, 12 },
                (MPI_Datatype[]){ MPI_INT, MPI_INT });
}

/* ---- one message ------------------------------------------------------------------------------ */

struct message {
    const struct kind *kind;
    int count; /* of the kind */
    bool derived_sender, any_source, unexpected;
    uint32_t key; /* the tag too */
};

static int bytes_of(const struct message *message)
{
    return message->count * message->kind->bytes;
}

/* Lays the message's bytes out as its kind. */
static void spread(const struct message *message, uint8_t *buf)
{
    const struct kind *kind = message->kind;
    size_t byte = 0;

    for (int i = 0; i < message->count; i++) {
        for (int b = 0; b < kind->blocks; b++) {
            for (int j = 0; j < kind->length[b]; j++) {
                buf[(size_t) i * kind->extent + kind->at[b] + j] =
                    payload_byte(message->key, byte++);
            }
        }
    }
}

/* What to send, with its count and datatype. */
static void *send_buffer(const struct message *message, int *count, MPI_Datatype *type)
{
    const struct kind *kind = message->kind;
    uint8_t *spaced = check_alloc((size_t) message->count * kind->extent);
    uint8_t *packed;
    int bytes;

    spread(message, spaced);
    *count = message->count;
    *type = kind->type;
    if (message->derived_sender) {
        return spaced;
    }
    MPI_Pack_size(message->count, kind->type, MPI_COMM_WORLD, &bytes);
    packed = check_alloc(bytes);
    *count = 0;
    *type = MPI_PACKED;
    MPI_Pack(spaced, message->count, kind->type, packed, bytes, count, MPI_COMM_WORLD);
    free(spaced);
    return packed;
}

/* The whole buffer is compared: also that nothing was written between the elements. */
static void verify(const struct message *message, const uint8_t *got, size_t room, int from,
                   const MPI_Status *status)
{
    uint8_t *want = check_alloc(room);
    int count;

    memset(want, GAP, room);
    spread(message, want);
    MPI_Get_count(status, message->kind->type, &count);
    CHECK(count == message->count && status->MPI_SOURCE == from, "%s: %d from %d, not %d from %d",
          message->kind->name, count, status->MPI_SOURCE, message->count, from);
    for (size_t i = 0; i < room; i++) {
        CHECK(got[i] == want[i], "%s: %d of them from rank %d: byte %zu of %zu is wrong",
              message->kind->name, count, from, i, room);
    }
    free(want);
}

/* To the rank `shift` above, from the one as far below. */
static void exchange(const struct message *message, int shift, int more)
{
    int to = (check.rank + shift) % check.size,
        from = (check.rank + check.size - shift) % check.size;
    size_t room = (size_t) (message->count + more) * message->kind->extent;
    uint8_t *in = check_alloc(room);
    int source = message->any_source ? MPI_ANY_SOURCE : from;
    int tag = (int) message->key, count;
    MPI_Datatype type;
    void *out = send_buffer(message, &count, &type);
    MPI_Request requests[2];
    MPI_Status status[2];

    check_at(message->kind->name, bytes_of(message));
    memset(in, GAP, room);
    for (int step = 0; step < 2; step++) {
        if ((step == 0) == message->unexpected) {
            MPI_Isend(out, count, type, to, tag, MPI_COMM_WORLD, &requests[0]);
        } else {
            MPI_Irecv(in, message->count + more, message->kind->type, source, tag, MPI_COMM_WORLD,
                      &requests[1]);
        }
        MPI_Barrier(MPI_COMM_WORLD);
    }
    MPI_Waitall(2, requests, status);
    verify(message, in, room, from, &status[1]);
    free(in);
    free(out);
}

int main(int argc, char **argv)
{
    struct kind kinds[KINDS];
    struct rng rng;

    check_start(&argc, &argv, 60, 600000);
    make_kinds(kinds);
    rng = rng_for(check.seed, 1);
    for (int round = 0; round < check.rounds; round++) {
        const struct kind *kind = &kinds[rng_below(&rng, KINDS)];
        int most = 1 + (int) rng_below(&rng, check.max_bytes) / kind->bytes;
        struct message message = {
            .kind = kind,
            .count = 1 + (int) rng_below(&rng, most),
            .derived_sender = rng_below(&rng, 4) == 0,
            .any_source = rng_below(&rng, 3) == 0,
            .unexpected = rng_below(&rng, 2) == 0,
            .key = (uint32_t) round,
        };

        exchange(&message, (int) rng_below(&rng, check.size), (int) rng_below(&rng, 2) * 3);
    }
    for (int i = 0; i < KINDS; i++) {
        MPI_Type_free(&kinds[i].type);
    }
    return check_end();
}
