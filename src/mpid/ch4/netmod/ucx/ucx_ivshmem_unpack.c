/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Unpacking of one piece of a message (see ivn_pieces.h), with MPICH's datatypes.
 */
#include "mpidimpl.h"
#include "ucx_impl.h"
#include "ucx_ivshmem.h"

/* UCX's shortest buffers have 1 KiB, so that a shorter message is in one piece. */
#define WHOLE_BYTES 512

struct receiver {
    void *buffer;
    MPI_Aint count;
    MPI_Datatype datatype;
    size_t taken;
};

static size_t unpack(void *arg, size_t offset, const void *src, size_t count)
{
    struct receiver *receiver = arg;
    MPI_Aint taken = 0;

    MPIR_Typerep_unpack(src, count, receiver->buffer, receiver->count, receiver->datatype, offset,
                        &taken);
    receiver->taken += taken;
    return taken;
}

ucs_status_t MPIDI_UCX_unpack_piece(struct ivn_pieces **pieces, size_t offset, const void *src,
                                    size_t bytes, void *buffer, size_t count, MPI_Datatype datatype)
{
    struct receiver receiver = { buffer, count, datatype, 0 };
    MPI_Aint size;

    MPIR_Pack_size(count, datatype, &size);
    if (offset > (size_t) size || bytes > size - offset) {
        return UCS_ERR_MESSAGE_TRUNCATED;
    }
    switch (ivn_pieces_add(pieces, offset, src, bytes, unpack, &receiver)) {
        case IVN_PIECES_OK: /* of a whole message, the rest of an element never comes */
            return offset == 0 && bytes <= WHOLE_BYTES && receiver.taken != bytes
                       ? UCS_ERR_MESSAGE_TRUNCATED
                       : UCS_OK;
        case IVN_PIECES_NO_MEMORY:
            return UCS_ERR_NO_MEMORY;
        default:
            return UCS_ERR_MESSAGE_TRUNCATED;
    }
}
