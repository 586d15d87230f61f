/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Internals of the collective operations, shared by ivshmem_coll_*.c.
 */
#ifndef IVSHMEM_COLL_IMPL_H_INCLUDED
#define IVSHMEM_COLL_IMPL_H_INCLUDED

#define IVSHMEM_COLL_DECLARE_ONLY /* MPID_Bcast and the like are CH4's here */
#include <mpidimpl.h>
#include "ivshmem_impl.h"
#include "core/ivs_coll.h"

/* Ranks of one communicator on this host, with an area in shared memory: private memory, hangs off
 * the communicator that holds these ranks and no others. */
struct MPIDI_IVSHMEM_coll {
    enum {
        MPIDI_IVSHMEMI_COLL_NEW,    /* no area yet */
        MPIDI_IVSHMEMI_COLL_MAKING, /* messages of its making are under way */
        MPIDI_IVSHMEMI_COLL_READY,
        MPIDI_IVSHMEMI_COLL_NONE /* there was no room */
    } state;
    int calls;     /* before the area was made */
    int mpi_errno; /* why the wait was ended */
    struct ivs_coll coll;
};

/* The area of the ranks of `comm` on this host, if all ranks of comm are there and collective
 * operations are ours; else NULL. May make it: to be called by all of them alike. */
struct MPIDI_IVSHMEM_coll *MPIDI_IVSHMEMI_coll_of(MPIR_Comm *comm);

/* MPI error for what a function of core/ivs_coll.h returned; the area is not used any more if it is
 * not 0. */
int MPIDI_IVSHMEMI_coll_error(struct MPIDI_IVSHMEM_coll *own, int rc);

/* A buffer as a row of bytes: the program's own memory where its type is contiguous, else a copy. */
struct MPIDI_IVSHMEMI_row {
    char *bytes;
    MPI_Aint size;
    void *buf; /* the program's */
    MPI_Aint count;
    MPI_Datatype type;
    void *copy; /* NULL: none */
};

/* MPI_ERR_NO_MEM. packed: the row gets the buffer's content, else it is only written. */
int MPIDI_IVSHMEMI_row_begin(struct MPIDI_IVSHMEMI_row *row, const void *buf, MPI_Aint count,
                             MPI_Datatype type, bool packed);
/* written: what is in the row goes to the buffer. */
int MPIDI_IVSHMEMI_row_end(struct MPIDI_IVSHMEMI_row *row, bool written);

#endif /* IVSHMEM_COLL_IMPL_H_INCLUDED */
