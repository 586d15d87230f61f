/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Finalize beside shared memory. UCX closes its endpoints by flushing them, for which the peer
 * must make progress; a peer that sits in the process manager's barrier makes none, and both
 * would wait for ever. So the barrier is left to a helper thread while this one drives UCX and
 * the transport on the host.
 */
#include "mpidimpl.h"
#include "ucx_impl.h"
#include "ucx_ivshmem.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct barrier {
    int mpi_errno;
    atomic_bool done;
};

static void *wait_in_barrier(void *arg)
{
    struct barrier *barrier = arg;

    barrier->mpi_errno = MPIR_pmi_barrier();
    /* release: mpi_errno before done; pairs with the acquire below */
    atomic_store_explicit(&barrier->done, true, memory_order_release);
    return NULL;
}

int MPIDI_UCX_progressing_barrier(void)
{
    struct barrier barrier = { MPI_SUCCESS, false };
    pthread_t thread;
    int mpi_errno = MPI_SUCCESS;

    MPIDI_IVSHMEM_end_lookups();
    if (pthread_create(&thread, NULL, wait_in_barrier, &barrier) != 0) {
        return MPIR_pmi_barrier();
    }
    while (!atomic_load_explicit(&barrier.done, memory_order_acquire)) {
        for (int i = 0; i < MPIDI_UCX_global.num_vnis; i++) {
            ucp_worker_progress(MPIDI_UCX_global.ctx[i].worker);
        }
        /* a peer on this host may want its ring to us back (core/ivs_port.h) */
        if (mpi_errno == MPI_SUCCESS) {
            mpi_errno = MPIDI_IVSHMEM_progress(0, 0);
        }
        sched_yield();
    }
    pthread_join(thread, NULL);
    return mpi_errno != MPI_SUCCESS ? mpi_errno : barrier.mpi_errno;
}
