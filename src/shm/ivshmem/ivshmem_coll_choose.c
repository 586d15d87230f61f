/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Which way a collective operation takes. What decides is the same on all ranks.
 */
#include "ivshmem_coll_impl.h"

static enum ivs_algorithm select_here(struct MPIDI_IVSHMEM_coll *own, enum ivs_operation operation,
                                      MPI_Aint bytes)
{
    if (own->last[operation].bytes != (uint64_t) bytes + 1) {
        const struct ivs_call call = { operation, false, own->coll.members, own->vms,
                                       (uint64_t) bytes };

        own->last[operation].bytes = (uint64_t) bytes + 1;
        own->last[operation].algorithm = ivs_select(MPIDI_IVSHMEMI_rules(), &call);
    }
    return own->last[operation].algorithm;
}

/* A tree of one group, or of groups of one, is none. */
static enum ivs_algorithm without_needless_tree(const struct MPIDI_IVSHMEM_coll *own,
                                                enum ivs_algorithm algorithm)
{
    const uint32_t groups = own->coll.groups.count;

    return algorithm == IVS_TREE && (groups < 2 || groups == own->coll.members) ? IVS_SHARED
                                                                                : algorithm;
}

static bool is_splitting(MPIR_Comm *comm)
{
    const struct MPIDI_IVSHMEM_coll *own = MPIDI_POSIX_COMM(comm, ivshmem);

    return own != NULL && own->hosts != NULL && own->hosts->splitting;
}

/* Some host has several of its ranks. */
static bool is_two_level(const MPIR_Comm *comm)
{
    return MPIR_CVAR_IVSHMEM_COLL && comm->comm_kind == MPIR_COMM_KIND__INTRACOMM &&
           comm->hierarchy_kind == MPIR_COMM_HIERARCHY_KIND__PARENT && comm->node_count > 1;
}

enum ivs_algorithm MPIDI_IVSHMEMI_coll_choose(MPIR_Comm *comm, enum ivs_operation operation,
                                              MPI_Aint bytes, struct MPIDI_IVSHMEM_coll **own)
{
    enum ivs_algorithm algorithm = IVS_MPICH;

    *own = MPIDI_IVSHMEMI_coll_of(comm);
    if (*own != NULL) {
        algorithm = without_needless_tree(*own, select_here(*own, operation, bytes));
    } else if (is_two_level(comm)) {
        const struct ivs_call call = { operation, true, (uint32_t) comm->local_size,
                                       (uint32_t) comm->node_count, (uint64_t) bytes };

        algorithm = ivs_select(MPIDI_IVSHMEMI_rules(), &call);
        if (algorithm == IVS_LEADERS && is_splitting(comm)) {
            algorithm = IVS_HOSTS;
        }
    }
    MPIDI_IVSHMEMI_coll_count(operation, bytes, algorithm, true);
    return algorithm;
}

enum ivs_algorithm MPIDI_IVSHMEMI_coll_choose_now(MPIR_Comm *comm, enum ivs_operation operation,
                                                  MPI_Aint bytes, struct MPIDI_IVSHMEM_coll **own)
{
    MPIR_Comm *local = MPIDI_IVSHMEMI_coll_local(comm);
    enum ivs_algorithm algorithm = IVS_MPICH;

    *own = local == NULL ? NULL : MPIDI_POSIX_COMM(local, ivshmem);
    if (*own != NULL && (*own)->state == MPIDI_IVSHMEMI_COLL_READY) {
        algorithm = without_needless_tree(*own, select_here(*own, operation, bytes));
    }
    MPIDI_IVSHMEMI_coll_count(operation, bytes, algorithm, false);
    return algorithm;
}
