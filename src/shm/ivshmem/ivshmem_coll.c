/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The areas of communicators: made when a communicator is used for blocking collective operations for
 * the fourth time, kept until it is freed. Areas of a host take no more than
 * MPIR_CVAR_COLL_SHM_LIMIT_PER_NODE; communicators that find no room use messages.
 *
 * What decides is the same on all ranks: the number of calls, and what the first of them finds and
 * the others hear of.
 */
#include "ivshmem_coll_impl.h"
#define IVSHMEM_HOOKS_DECLARE_ONLY
#include "ivshmem_hooks.h"
#include "../posix/posix_noinline.h"
#include "mpidu_shm_seg.h"

extern MPL_atomic_uint64_t *MPIDI_POSIX_shm_limit_counter;

#define CALLS_BEFORE 3        /* by messages: many communicators are hardly used */
#define AREA_BYTES (4u << 20) /* wanted: what has been read should have left the caches again */

#define LOOKS 200        /* at a member's line between two of the progress engine: some 0.1 us */
#define LOOKS_CROWDED 10 /* where others want the processor */

#define CELL_BYTES_MAX 32768u
#define ELEMENT_BYTES_MAX 32u /* of a basic type: complex long double */
#define RANKS_MAX (CELL_BYTES_MAX / ELEMENT_BYTES_MAX)

_Static_assert(RANKS_MAX <= IVS_COLL_MEMBERS_MAX, "an area takes so many");

static int make_progress(void *context)
{
    struct MPIDI_IVSHMEM_coll *own = context;

    if (own->waited != own->coll.steps) { /* the last wait has ended, this is another */
        own->waited = own->coll.steps;
        MPIDI_IVSHMEMI_waited();
    }
    own->coll.looks = MPIDI_IVSHMEMI_is_crowded() ? LOOKS_CROWDED : LOOKS;
    own->mpi_errno = MPID_Progress_test(NULL);
    MPIDI_PROGRESS_YIELD();
    return own->mpi_errno == MPI_SUCCESS ? 0 : -EIO;
}

static bool is_large(uint32_t ranks, const struct ivs_coll_shape *shape)
{
    return ivs_coll_bytes(ranks, shape) > AREA_BYTES + (AREA_BYTES >> 3);
}

/* With more ranks fewer cells, then smaller ones; but room for an element for each rank. */
static struct ivs_coll_shape shape_for(uint32_t ranks)
{
    struct ivs_coll_shape shape = { CELL_BYTES_MAX, IVS_COLL_CELLS_MAX };

    while (shape.cells > 8 && is_large(ranks, &shape)) {
        shape.cells /= 2;
    }
    while (shape.cell_bytes > 4096 && shape.cell_bytes / 2 / ELEMENT_BYTES_MAX >= ranks &&
           is_large(ranks, &shape)) {
        shape.cell_bytes /= 2;
    }
    return shape;
}

/* Of the host, by what its ranks have taken already. */
static bool is_within_limit(size_t bytes)
{
    uint64_t limit = (uint64_t) MPL_MAX(MPIR_CVAR_COLL_SHM_LIMIT_PER_NODE, 0) << 10;
    uint64_t taken = MPL_atomic_acquire_load_uint64(MPIDI_POSIX_shm_limit_counter);

    return bytes <= limit && taken <= limit - bytes;
}

/* What the ranks must agree on before there is an area, by messages. */
struct agreement {
    uint32_t refused;  /* by the first of them: no room */
    uint32_t rules[2]; /* sum of the rules and its complement: the greatest of each */
};

static int agree(MPIR_Comm *comm, size_t bytes, struct agreement *agreement)
{
    const bool fits = (uint32_t) comm->local_size <= RANKS_MAX && is_within_limit(bytes);
    MPIR_Errflag_t errflag = MPIR_ERR_NONE;
    int mpi_errno;

    agreement->refused = comm->rank == 0 && !fits;
    agreement->rules[0] = MPIDI_IVSHMEMI_coll_sum();
    agreement->rules[1] = ~agreement->rules[0];
    mpi_errno =
        MPIR_Allreduce_impl(MPI_IN_PLACE, agreement, 3, MPI_UINT32_T, MPI_MAX, comm, &errflag);
    if (mpi_errno == MPI_SUCCESS && agreement->rules[0] != ~agreement->rules[1]) {
        MPIR_ERR_SET(mpi_errno, MPI_ERR_OTHER, "**ivshmem_colltables");
    }
    return mpi_errno;
}

/* Messages among these ranks; collective operations of the communicator go by messages meanwhile. */
static void make_area(MPIR_Comm *comm, struct MPIDI_IVSHMEM_coll *own)
{
    const uint32_t ranks = (uint32_t) comm->local_size;
    const struct ivs_coll_shape shape = shape_for(ranks);
    const size_t bytes = ivs_coll_bytes(ranks, &shape);
    struct agreement agreement;
    bool failed = false;
    void *area = NULL;
    int mpi_errno;

    own->state = MPIDI_IVSHMEMI_COLL_MAKING;
    mpi_errno = agree(comm, bytes, &agreement);
    if (mpi_errno == MPI_SUCCESS && !agreement.refused) {
        mpi_errno = MPIDU_shm_alloc(comm, bytes, &area, &failed);
    }
    if (mpi_errno == MPI_SUCCESS && (agreement.refused || failed)) {
        own->state = MPIDI_IVSHMEMI_COLL_NONE;
        return;
    }
    ivs_coll_init(&own->coll, area, ranks, (uint32_t) comm->rank, &shape, make_progress, own);
    own->state = MPIDI_IVSHMEMI_COLL_READY;
    if (mpi_errno == MPI_SUCCESS) {
        mpi_errno = MPIDI_IVSHMEMI_find_groups(own, comm);
    }
    if (mpi_errno != MPI_SUCCESS) { /* said by the first operation */
        own->mpi_errno = mpi_errno;
        own->coll.failed = -ESTALE;
    } else if (comm->rank == 0) {
        MPL_atomic_fetch_add_uint64(MPIDI_POSIX_shm_limit_counter, bytes);
    }
}

MPIR_Comm *MPIDI_IVSHMEMI_coll_local(MPIR_Comm *comm)
{
    if (comm->comm_kind != MPIR_COMM_KIND__INTRACOMM || comm->node_count != 1 ||
        comm->local_size < 2) {
        return NULL;
    }
    return comm->node_comm != NULL ? comm->node_comm : comm;
}

struct MPIDI_IVSHMEM_coll *MPIDI_IVSHMEMI_coll_slot(MPIR_Comm *comm)
{
    struct MPIDI_IVSHMEM_coll *own = MPIDI_POSIX_COMM(comm, ivshmem);

    if (own == NULL) {
        own = MPL_calloc(1, sizeof(*own), MPL_MEM_COLL);
        MPIR_Assert(own != NULL);
        MPIDI_POSIX_COMM(comm, ivshmem) = own;
    }
    return own;
}

static struct MPIDI_IVSHMEM_coll *make_after_calls(MPIR_Comm *local)
{
    struct MPIDI_IVSHMEM_coll *own = MPIDI_IVSHMEMI_coll_slot(local);

    if (own->state == MPIDI_IVSHMEMI_COLL_NEW && own->calls++ >= CALLS_BEFORE) {
        make_area(local, own);
    }
    return own->state == MPIDI_IVSHMEMI_COLL_READY ? own : NULL;
}

struct MPIDI_IVSHMEM_coll *MPIDI_IVSHMEMI_coll_of(MPIR_Comm *comm)
{
    MPIR_Comm *local = MPIDI_IVSHMEMI_coll_local(comm);
    struct MPIDI_IVSHMEM_coll *own;

    if (local == NULL || !MPIR_CVAR_IVSHMEM_COLL) {
        return NULL;
    }
    own = MPIDI_POSIX_COMM(local, ivshmem);
    if (likely(own != NULL && own->state >= MPIDI_IVSHMEMI_COLL_READY)) {
        return own->state == MPIDI_IVSHMEMI_COLL_NONE ? NULL : own;
    }
    return make_after_calls(local);
}

int MPIDI_IVSHMEMI_coll_error(struct MPIDI_IVSHMEM_coll *own, int rc)
{
    int mpi_errno = MPI_SUCCESS;

    if (likely(rc == 0)) {
        return MPI_SUCCESS;
    }
    if (own->mpi_errno != MPI_SUCCESS) {
        mpi_errno = own->mpi_errno;
        own->mpi_errno = MPI_SUCCESS;
    } else if (rc == -EPROTO) {
        MPIR_ERR_SET(mpi_errno, MPI_ERR_OTHER, "**ivshmem_collcalls");
    } else if (rc == -EBADMSG) {
        MPIR_ERR_SET(mpi_errno, MPI_ERR_INTERN, "**ivshmem_collgarbage");
    } else if (rc == -ECONNRESET) {
        MPIR_ERR_SET(mpi_errno, MPI_ERR_OTHER, "**ivshmem_collleft");
    } else {
        MPIR_ERR_SET(mpi_errno, MPI_ERR_OTHER, "**ivshmem_coll");
    }
    if (rc != -EIO) { /* what progress says, it says to all */
        MPIDI_IVSHMEMI_area_leave(own);
    }
    own->coll.failed = -ESTALE;
    return mpi_errno;
}

void MPIDI_IVSHMEMI_area_leave(struct MPIDI_IVSHMEM_coll *own)
{
    if (own->state == MPIDI_IVSHMEMI_COLL_READY && own->coll.failed == 0) {
        ivs_coll_leave(&own->coll);
        own->coll.failed = -ESTALE;
    }
}

void MPIDI_IVSHMEMI_coll_leave(MPIR_Comm *comm)
{
    struct MPIDI_IVSHMEM_coll *own = comm == NULL ? NULL : MPIDI_POSIX_COMM(comm, ivshmem);

    if (own != NULL) {
        MPIDI_IVSHMEMI_area_leave(own);
    }
}

int MPIDI_IVSHMEM_mpi_comm_commit_pre_hook(MPIR_Comm *comm)
{
    MPIDI_POSIX_COMM(comm, ivshmem) = NULL;
    return MPIDI_POSIX_mpi_comm_commit_pre_hook(comm);
}

int MPIDI_IVSHMEM_mpi_comm_free_hook(MPIR_Comm *comm)
{
    struct MPIDI_IVSHMEM_coll *own = MPIDI_POSIX_COMM(comm, ivshmem);
    int mpi_errno = MPIDI_POSIX_mpi_comm_free_hook(comm);

    if (own != NULL && own->coll.area != NULL) {
        size_t bytes = ivs_coll_bytes(own->coll.members, &own->coll.shape);
        int ret = MPIDU_shm_free(own->coll.area);

        if (own->coll.self == 0) {
            MPL_atomic_fetch_sub_uint64(MPIDI_POSIX_shm_limit_counter, bytes);
        }
        mpi_errno = mpi_errno == MPI_SUCCESS ? ret : mpi_errno;
    }
    if (own != NULL) {
        MPL_free(own->groups);
        MPIDI_IVSHMEMI_hosts_free(own->hosts);
    }
    MPL_free(own);
    MPIDI_POSIX_COMM(comm, ivshmem) = NULL;
    return mpi_errno;
}
