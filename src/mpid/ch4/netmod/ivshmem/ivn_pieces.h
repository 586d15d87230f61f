/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A message for a derived datatype that arrives in pieces. UCX cuts a long message where it likes,
 * also inside an element, and with several lanes the pieces come in any order; MPICH unpacks whole
 * elements, from the front. So the bytes of an element that is not complete are kept until the rest
 * arrives, and a piece that is early until those before it are there.
 *
 * One thread at a time for each message.
 */
#ifndef IVN_PIECES_H_INCLUDED
#define IVN_PIECES_H_INCLUDED

#include <stddef.h>

struct ivn_pieces;

enum ivn_pieces_result {
    IVN_PIECES_OK,
    IVN_PIECES_NO_MEMORY,
    IVN_PIECES_WRONG /* overlapping pieces, or an element longer than any of MPI's */
};

/* Unpacks the whole elements at the front of src, which are those at offset in the message: how many
 * bytes it took. */
typedef size_t ivn_unpack_fn(void *receiver, size_t offset, const void *src, size_t count);

/* Takes count bytes at offset. *pieces is NULL before the first, and lives until ivn_pieces_free().
 * After another result than IVN_PIECES_OK nothing but that may be called. */
enum ivn_pieces_result ivn_pieces_add(struct ivn_pieces **pieces, size_t offset, const void *src,
                                      size_t count, ivn_unpack_fn *unpack, void *receiver);

/* pieces may be NULL. */
void ivn_pieces_free(struct ivn_pieces *pieces);

#endif /* IVN_PIECES_H_INCLUDED */
