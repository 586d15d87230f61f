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
#include "core/ivs_select.h"

/* Ranks of one communicator on this host, with an area in shared memory: private memory, hangs off
 * the communicator that holds these ranks and no others. */
struct MPIDI_IVSHMEM_coll {
    enum {
        MPIDI_IVSHMEMI_COLL_NEW,    /* no area yet */
        MPIDI_IVSHMEMI_COLL_MAKING, /* messages of its making are under way */
        MPIDI_IVSHMEMI_COLL_READY,
        MPIDI_IVSHMEMI_COLL_NONE /* there was no room */
    } state;
    int calls;    /* before the area was made */
    uint32_t vms; /* of the host that these ranks are in */
    struct {
        uint64_t bytes; /* of the last call, + 1; 0: none yet */
        enum ivs_algorithm algorithm;
    } last[IVS_OPERATIONS];
    uint64_t waited; /* steps begun when it was last waited */
    int mpi_errno;   /* why the wait was ended */
    struct ivs_coll coll;
};

/* The area of the ranks of `comm` on this host, if all ranks of comm are there and collective
 * operations are ours; else NULL. May make it: to be called by all of them alike. */
struct MPIDI_IVSHMEM_coll *MPIDI_IVSHMEMI_coll_of(MPIR_Comm *comm);

/* The algorithm for a call that is the same on all ranks of comm; its area, unless it is for several
 * hosts or by messages. */
enum ivs_algorithm MPIDI_IVSHMEMI_coll_choose(MPIR_Comm *comm, enum ivs_operation operation,
                                              MPI_Aint bytes, struct MPIDI_IVSHMEM_coll **own);

static inline MPI_Aint MPIDI_IVSHMEMI_bytes_of(MPI_Aint count, MPI_Datatype type)
{
    MPI_Aint size;

    MPIR_Datatype_get_size_macro(type, size);
    return count * size;
}

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

/* A call's two buffers. MPI_IN_PLACE to send: that row is empty, and the other has the data. */
struct MPIDI_IVSHMEMI_rows {
    struct MPIDI_IVSHMEMI_row send, recv;
};

int MPIDI_IVSHMEMI_rows_begin(struct MPIDI_IVSHMEMI_rows *rows, const void *send,
                              MPI_Aint send_count, MPI_Datatype send_type, void *recv,
                              MPI_Aint recv_count, MPI_Datatype recv_type);
/* To be called in any case; mpi_errno: so far. Returns it, or what is wrong now. */
int MPIDI_IVSHMEMI_rows_end(struct MPIDI_IVSHMEMI_rows *rows, int mpi_errno);

/* ivshmem_coll_hosts.c: several hosts; see the MPID functions. */
int MPIDI_IVSHMEMI_hosts_barrier(MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_hosts_bcast(void *buf, MPI_Aint count, MPI_Datatype type, int root,
                               MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_hosts_allreduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                                   MPI_Op op, MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_hosts_reduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                                MPI_Op op, int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag);

/* ivshmem_coll_blocks_hosts.c: rows of a block for each rank of comm. send may be recv's own block, or
 * all of recv. */
int MPIDI_IVSHMEMI_hosts_allgather(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                                   MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_hosts_alltoall(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                                  MPIR_Errflag_t *errflag);

/* ivshmem_coll_table.c */
const struct ivs_rules *MPIDI_IVSHMEMI_rules(void);
void MPIDI_IVSHMEMI_coll_count(enum ivs_operation operation, MPI_Aint bytes,
                               enum ivs_algorithm algorithm);

#endif /* IVSHMEM_COLL_IMPL_H_INCLUDED */
