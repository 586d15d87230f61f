/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * MPI_ANY_SOURCE with shared memory beside UCX. A wildcard receive is a pair of requests: one
 * in CH4's shared-memory matching, which the user sees, and one in UCX, its partner. Whoever
 * matches first withdraws the other:
 *
 *   - shm matches: it cancels the UCX half. UCX completes a cancelled receive within the call;
 *     if the message had matched already (a rendezvous under way), nothing is cancelled and the
 *     shm match is given to the next receive posted.
 *   - UCX matches: its completion withdraws the shm half and hands its status over.
 *   - UCX completes within the posting call (the message was waiting): there is no partner yet;
 *     the poster sees the completed half and withdraws the shm one.
 *
 * A receive of a non-contiguous datatype holds unpack state that UCX releases on completion but
 * not on cancellation: the request keeps it, and the cancelled callback releases it.
 */
#ifndef UCX_IVSHMEM_H_INCLUDED
#define UCX_IVSHMEM_H_INCLUDED

#include "ucx_impl.h"
#include "../ivshmem/ivn_pieces.h"

/* The state that start_unpack() (ucx_datatype.c) made last in this thread. */
extern MPL_TLS void *MPIDI_UCX_last_unpack_state;
void MPIDI_UCX_drop_unpack_state(void *state);

/* One piece of a message for a derived datatype (ivn_pieces.h); offset and bytes are those of
 * the packed message. */
ucs_status_t MPIDI_UCX_unpack_piece(struct ivn_pieces **pieces, size_t offset, const void *src,
                                    size_t bytes, void *buffer, size_t count,
                                    MPI_Datatype datatype);

/* Finalize: a barrier of the process manager that keeps UCX moving, so that peers which still
 * flush their endpoints get their answers. */
int MPIDI_UCX_progressing_barrier(void);

/* Start: tells UCX which device was chosen (ucx_ivshmem_device.h), before and after its context is
 * made. */
void MPIDI_UCX_tell_device(ucp_config_t *config);
void MPIDI_UCX_device_told(void);

/* After posting. A request that is complete belongs to UCX again and is not touched. */
MPL_STATIC_INLINE_PREFIX void MPIDI_UCX_keep_unpack_state(MPIR_Request *req,
                                                          MPIDI_UCX_ucp_request_t *ucp_request,
                                                          int dt_contig)
{
    if (!MPIR_Request_is_complete(req)) {
        ucp_request->buf = dt_contig ? NULL : MPIDI_UCX_last_unpack_state;
    }
}

/* First thing in the receive callback, before the request may be freed. */
MPL_STATIC_INLINE_PREFIX void MPIDI_UCX_settle_partner(MPIR_Request *rreq, ucs_status_t status,
                                                       MPIDI_UCX_ucp_request_t *ucp_request)
{
    if (status == UCS_ERR_CANCELED) {
        if (ucp_request->buf != NULL) {
            MPIDI_UCX_drop_unpack_state(ucp_request->buf);
        }
        return;
    }
#ifndef MPIDI_CH4_DIRECT_NETMOD
    int is_cancelled;
    MPIDI_anysrc_try_cancel_partner(rreq, &is_cancelled);
    MPIDI_anysrc_free_partner(rreq);
#endif
}

#endif /* UCX_IVSHMEM_H_INCLUDED */
