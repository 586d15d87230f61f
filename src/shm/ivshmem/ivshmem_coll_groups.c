/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Which ranks of a host are near each other. From what the VMs have published about themselves when the
 * job began: the same on all ranks.
 */
#include "ivshmem_coll_impl.h"

/* The VM that a rank is in. */
static int vm_of(MPIR_Comm *comm, int rank)
{
    return MPIDI_IVSHMEMI_global.merged
               ? MPIDI_IVSHMEMI_global.map.node_of[MPIDIU_rank_to_lpid(rank, comm)]
               : 0;
}

/* The host's NUMA node that a rank's VM is confined to; 0: none, or unknown. */
static uint64_t numa_of(MPIR_Comm *comm, int rank)
{
    uint64_t mask = MPIDI_IVSHMEMI_global.merged
                        ? MPIDI_IVSHMEMI_global.map.nodes[vm_of(comm, rank)].claim.numa_mask
                        : 0;

    return (mask & (mask - 1)) == 0 ? mask : 0;
}

/* Near each other: on the same NUMA node, or, if that is not known of all, in the same VM. */
struct nearness {
    MPIR_Comm *comm;
    bool by_numa;
};

static bool is_near(const struct nearness *by, int i, int j)
{
    return by->by_numa ? numa_of(by->comm, i) == numa_of(by->comm, j)
                       : vm_of(by->comm, i) == vm_of(by->comm, j);
}

/* From what the VMs have published: the same on all ranks. */
static int make_groups(struct MPIDI_IVSHMEM_coll *own, MPIR_Comm *comm, bool by_numa)
{
    const struct nearness by = { comm, by_numa };
    const int ranks = comm->local_size;
    struct ivs_coll_groups *groups = &own->coll.groups;
    uint32_t *of = own->groups, *first = own->groups + ranks;

    groups->count = 0;
    own->groups_consecutive = true;
    for (int j = 0; j < ranks; j++) {
        int i = 0;

        while (!is_near(&by, i, j)) {
            i++;
        }
        of[j] = i == j ? groups->count : of[i];
        if (i == j) {
            first[groups->count++] = (uint32_t) j;
        }
        own->groups_consecutive = own->groups_consecutive && of[j] + 1 == groups->count;
    }
    groups->of = of;
    groups->first = first;
    return (int) groups->count;
}

int MPIDI_IVSHMEMI_find_groups(struct MPIDI_IVSHMEM_coll *own, MPIR_Comm *comm)
{
    bool by_numa = true;
    int mpi_errno = MPI_SUCCESS;

    own->groups = MPL_malloc(2 * sizeof(uint32_t) * (size_t) comm->local_size, MPL_MEM_COLL);
    MPIR_ERR_CHKANDJUMP(own->groups == NULL, mpi_errno, MPI_ERR_NO_MEM, "**nomem");
    own->vms = (uint32_t) make_groups(own, comm, false);
    for (int j = 0; j < comm->local_size; j++) {
        by_numa = by_numa && numa_of(comm, j) != 0;
    }
    if (by_numa) {
        make_groups(own, comm, true);
    }
fn_fail:
    return mpi_errno;
}
