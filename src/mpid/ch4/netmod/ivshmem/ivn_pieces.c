/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Pieces of a message put together (see ivn_pieces.h).
 */
#include "ivn_pieces.h"

#include <stdlib.h>
#include <string.h>

/* MPI's longest element has 32 bytes (two long doubles). */
#define PART_BYTES 64

struct early {
    struct early *next;
    size_t offset, count;
    char bytes[];
};

struct ivn_pieces {
    size_t unpacked;     /* bytes of the message */
    size_t held;         /* those that follow them, in part */
    struct early *early; /* in no order */
    char part[PART_BYTES];
};

struct sink {
    ivn_unpack_fn *unpack;
    void *receiver;
};

/* Completes the element that is held, from *src. */
static enum ivn_pieces_result complete(struct ivn_pieces *pieces, const struct sink *sink,
                                       const char **src, size_t *count)
{
    size_t room = PART_BYTES - pieces->held;
    size_t more = *count < room ? *count : room;
    size_t taken;

    memcpy(pieces->part + pieces->held, *src, more);
    taken = sink->unpack(sink->receiver, pieces->unpacked, pieces->part, pieces->held + more);
    if (taken == 0) {
        pieces->held += more;
        *count -= more;
        return more < room ? IVN_PIECES_OK : IVN_PIECES_WRONG;
    }
    /* what was held alone was less than an element */
    if (taken <= pieces->held || taken > pieces->held + more) {
        return IVN_PIECES_WRONG;
    }
    *src += taken - pieces->held;
    *count -= taken - pieces->held;
    pieces->unpacked += taken;
    pieces->held = 0;
    return IVN_PIECES_OK;
}

/* Takes what follows all bytes so far. */
static enum ivn_pieces_result take(struct ivn_pieces *pieces, const struct sink *sink,
                                   const char *src, size_t count)
{
    enum ivn_pieces_result result = IVN_PIECES_OK;
    size_t taken;

    if (pieces->held > 0) {
        result = complete(pieces, sink, &src, &count);
    }
    if (result != IVN_PIECES_OK || count == 0) {
        return result;
    }
    taken = sink->unpack(sink->receiver, pieces->unpacked, src, count);
    if (taken > count || count - taken >= PART_BYTES) {
        return IVN_PIECES_WRONG;
    }
    memcpy(pieces->part, src + taken, count - taken);
    pieces->unpacked += taken;
    pieces->held = count - taken;
    return IVN_PIECES_OK;
}

static enum ivn_pieces_result keep(struct ivn_pieces *pieces, size_t offset, const void *src,
                                   size_t count)
{
    struct early *early = malloc(sizeof(*early) + count);

    if (early == NULL) {
        return IVN_PIECES_NO_MEMORY;
    }
    *early = (struct early){ .next = pieces->early, .offset = offset, .count = count };
    memcpy(early->bytes, src, count);
    pieces->early = early;
    return IVN_PIECES_OK;
}

/* Out of the list: the early piece at this offset, or NULL. */
static struct early *find(struct ivn_pieces *pieces, size_t offset)
{
    struct early **at = &pieces->early;
    struct early *found;

    while (*at != NULL && (*at)->offset != offset) {
        at = &(*at)->next;
    }
    found = *at;
    if (found != NULL) {
        *at = found->next;
    }
    return found;
}

static size_t arrived(const struct ivn_pieces *pieces)
{
    return pieces->unpacked + pieces->held;
}

enum ivn_pieces_result ivn_pieces_add(struct ivn_pieces **pieces, size_t offset, const void *src,
                                      size_t count, ivn_unpack_fn *unpack, void *receiver)
{
    const struct sink sink = { unpack, receiver };
    enum ivn_pieces_result result;
    struct early *early;

    if (*pieces == NULL) {
        *pieces = calloc(1, sizeof(**pieces));
    }
    if (*pieces == NULL) {
        return IVN_PIECES_NO_MEMORY;
    }
    if (count == 0) {
        return IVN_PIECES_OK;
    }
    if (offset < arrived(*pieces)) {
        return IVN_PIECES_WRONG;
    }
    if (offset > arrived(*pieces)) {
        return keep(*pieces, offset, src, count);
    }
    result = take(*pieces, &sink, src, count);
    while (result == IVN_PIECES_OK && (early = find(*pieces, arrived(*pieces))) != NULL) {
        result = take(*pieces, &sink, early->bytes, early->count);
        free(early);
    }
    return result;
}

void ivn_pieces_free(struct ivn_pieces *pieces)
{
    struct early *early;

    if (pieces == NULL) {
        return;
    }
    while ((early = pieces->early) != NULL) {
        pieces->early = early->next;
        free(early);
    }
    free(pieces);
}
