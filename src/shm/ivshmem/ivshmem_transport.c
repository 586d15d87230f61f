/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The segment for messages among the ranks of a host: in the region when the host's ranks are
 * in several VMs, else in ordinary shared memory (MPICH's segment layer decides, see
 * ivshmem_seg.c). The transport is the same.
 */
#include "ivshmem_impl.h"
#include "ivshmem_transport.h"
#include "ivshmem_cma.h"
#include "ivshmem_cookies.h"
#include "core/ivs_copy.h"
#include "mpidu_init_shm.h"

MPIDI_IVSHMEMI_transport_t MPIDI_IVSHMEMI_transport;
struct MPIDI_IVSHMEM_poll MPIDI_IVSHMEM_poll;

int MPIDI_IVSHMEMI_transport_error(int code, int peer)
{
    int mpi_errno = MPI_SUCCESS;
    int rank = peer < 0 ? -1 : MPIR_Process.node_local_map[peer];

    if (code == -EBADMSG) {
        MPIR_ERR_SET1(mpi_errno, MPI_ERR_OTHER, "**ivshmem_corrupt", "**ivshmem_corrupt %d", rank);
    } else {
        MPIR_ERR_SET(mpi_errno, MPI_ERR_OTHER, "**nomem");
    }
    return mpi_errno;
}

/* Merged: what all ranks of the host agreed on for the room in the region. */
static int make_shape(struct ivs_shape *shape)
{
    const struct ivs_queues *queues = &MPIDI_IVSHMEMI_global.queues;
    struct ivs_queues own = MPIDI_IVSHMEMI_wanted_queues((uint32_t) MPIR_Process.local_size);
    int mpi_errno = MPI_SUCCESS;
    int rc;

    if (!MPIDI_IVSHMEMI_global.merged) {
        queues = &own;
    }
    rc = ivs_shape_make((uint32_t) MPIR_Process.local_size, queues->rings, queues->cells,
                        queues->cell_bytes, shape);
    MPIR_ERR_CHKANDJUMP1(rc != 0, mpi_errno, MPI_ERR_OTHER, "**ivshmem_ranks", "**ivshmem_ranks %d",
                         MPIR_Process.local_size);
fn_fail:
    return mpi_errno;
}

static int allocate_tables(uint32_t ranks)
{
    MPIDI_IVSHMEMI_transport_t *t = &MPIDI_IVSHMEMI_transport;

    t->arrivals = MPL_calloc(ranks, sizeof(*t->arrivals), MPL_MEM_SHM);
    t->waiting = MPL_calloc(ranks, sizeof(*t->waiting), MPL_MEM_SHM);
    t->waiting_end = MPL_calloc(ranks, sizeof(*t->waiting_end), MPL_MEM_SHM);
    return t->arrivals != NULL && t->waiting != NULL && t->waiting_end != NULL ? 0 : -ENOMEM;
}

static int open_segment(const struct ivs_shape *shape)
{
    MPIDI_IVSHMEMI_transport_t *t = &MPIDI_IVSHMEMI_transport;
    int mpi_errno;
    int rc = 0;

    mpi_errno = MPIDU_Init_shm_alloc(shape->bytes, &t->segment);
    MPIR_ERR_CHECK(mpi_errno);
    if (MPIR_Process.local_size == 1) {
        memset(t->segment, 0, shape->bytes); /* private memory; shared memory begins as zeros */
    }
    if (MPIR_Process.local_rank == 0) {
        rc = ivs_segment_format(t->segment, shape->bytes, shape);
    }
    mpi_errno = MPIDU_Init_shm_barrier();
    MPIR_ERR_CHECK(mpi_errno);
    if (rc == 0) {
        rc = ivs_port_open(&t->port, t->segment, shape->bytes, shape,
                           (uint32_t) MPIR_Process.local_rank);
    }
    if (rc == 0) {
        rc = allocate_tables(shape->ranks);
    }
    if (rc != 0) {
        mpi_errno = MPIDI_IVSHMEMI_transport_error(rc, 0);
        MPIR_ERR_CHECK(mpi_errno);
    }
fn_exit:
    return mpi_errno;
fn_fail:
    goto fn_exit;
}

int MPIDI_IVSHMEM_transport_init(int rank ATTRIBUTE((unused)), int size ATTRIBUTE((unused)))
{
    struct ivs_shape shape;
    int mpi_errno = MPI_SUCCESS;

    memset(&MPIDI_IVSHMEMI_transport, 0, sizeof(MPIDI_IVSHMEMI_transport));
    MPIDI_IVSHMEM_poll = (struct MPIDI_IVSHMEM_poll){ .idle = MPIDI_IVSHMEM_LONG_IDLE };
    MPIDI_IVSHMEMI_wait_init();
    ivs_copy_init();
    mpi_errno = MPIDI_IVSHMEMI_cma_init();
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = make_shape(&shape);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = open_segment(&shape);
    MPIR_ERR_CHECK(mpi_errno);
fn_exit:
    return mpi_errno;
fn_fail:
    goto fn_exit;
}

int MPIDI_IVSHMEM_transport_finalize(void)
{
    MPIDI_IVSHMEMI_transport_t *t = &MPIDI_IVSHMEMI_transport;
    int mpi_errno = MPI_SUCCESS;

    if (t->port.base == NULL) {
        return MPI_SUCCESS;
    }
    while (t->waiting_count > 0 && mpi_errno == MPI_SUCCESS) {
        mpi_errno = MPID_Progress_test(NULL);
    }
    ivs_port_close(&t->port);
    MPIDI_IVSHMEMI_cma_finalize();
    MPIDI_IVSHMEMI_forget_cookies();
    MPL_free(t->arrivals);
    MPL_free(t->waiting);
    MPL_free(t->waiting_end);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = MPIDU_Init_shm_free(t->segment);
    MPIR_ERR_CHECK(mpi_errno);
fn_exit:
    return mpi_errno;
fn_fail:
    goto fn_exit;
}
