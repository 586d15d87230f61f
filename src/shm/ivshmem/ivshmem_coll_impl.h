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
#include "core/ivs_coll_task.h"
#include "core/ivs_select.h"
#include "ivshmem_loop.h"

/* Private memory that hangs off a communicator: of one that holds ranks of one host, with an area in
 * shared memory; or of one over several hosts, with what is known of these. */
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
    uint32_t *groups;                         /* arrays of coll.groups */
    bool groups_consecutive;                  /* each of consecutive ranks */
    struct MPIDI_IVSHMEMI_op *first, *newest; /* non-blocking operations under way, in order */
    struct MPIDI_IVSHMEM_coll *next, **link;  /* among those with operations under way */
    struct MPIDI_IVSHMEMI_hosts *hosts; /* of a communicator over several hosts; NULL: not yet */
};

/* The area of the ranks of `comm` on this host, if all ranks of comm are there and collective
 * operations are ours; else NULL. May make it: to be called by all of them alike. */
struct MPIDI_IVSHMEM_coll *MPIDI_IVSHMEMI_coll_of(MPIR_Comm *comm);

/* What hangs off a communicator: made if there is nothing. */
struct MPIDI_IVSHMEM_coll *MPIDI_IVSHMEMI_coll_slot(MPIR_Comm *comm);

/* The communicator that holds the ranks of `comm` on this host, if these are all; else NULL. */
MPIR_Comm *MPIDI_IVSHMEMI_coll_local(MPIR_Comm *comm);

/* ivshmem_coll_groups.c: fills in groups and VMs. */
int MPIDI_IVSHMEMI_find_groups(struct MPIDI_IVSHMEM_coll *own, MPIR_Comm *comm);

/* ivshmem_coll_choose.c */

/* The algorithm for a blocking call that is the same on all ranks of comm; its area, unless it is for
 * several hosts or by messages. */
enum ivs_algorithm MPIDI_IVSHMEMI_coll_choose(MPIR_Comm *comm, enum ivs_operation operation,
                                              MPI_Aint bytes, struct MPIDI_IVSHMEM_coll **own);
/* For a non-blocking one: by messages if there is no area yet. */
enum ivs_algorithm MPIDI_IVSHMEMI_coll_choose_now(MPIR_Comm *comm, enum ivs_operation operation,
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

/* Of a rank that cannot do its part of an operation: those that wait for it get an error, too. */
void MPIDI_IVSHMEMI_area_leave(struct MPIDI_IVSHMEM_coll *own);

/* The same where the rank may have no area there. comm: of this host's ranks, or NULL. */
void MPIDI_IVSHMEMI_coll_leave(MPIR_Comm *comm);

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
int MPIDI_IVSHMEMI_rows_end(struct MPIDI_IVSHMEMI_rows *rows, bool written, int mpi_errno);

/* ---- ivshmem_coll_op.c: a call that goes through an area -------------------------------------- */

/* Element-wise operation of a call that reduces. */
struct MPIDI_IVSHMEMI_reduction {
    MPI_Op op;
    MPI_Datatype type;
    ivs_reduce_fn loop; /* NULL: MPICH's function */
    int mpi_errno;      /* of it */
};

struct MPIDI_IVSHMEMI_op {
    struct ivs_coll_task task;
    struct MPIDI_IVSHMEM_coll *own;
    struct MPIDI_IVSHMEMI_rows rows;
    bool written; /* the result goes from the row to the program's buffer */
    struct MPIDI_IVSHMEMI_reduction reduction;
    MPIR_Request *request; /* of a non-blocking one */
    struct MPIDI_IVSHMEMI_op *next;
};

/* To be called before anything is filled in. */
static inline void MPIDI_IVSHMEMI_op_init(struct MPIDI_IVSHMEMI_op *op,
                                          struct MPIDI_IVSHMEM_coll *own)
{
    op->own = own;
    op->rows.send.copy = NULL;
    op->rows.recv.copy = NULL;
    op->rows.recv.type = MPI_DATATYPE_NULL;
    op->written = true;
    op->reduction.op = MPI_OP_NULL;
    op->reduction.mpi_errno = MPI_SUCCESS;
}

/* Runs the operation to its end, after those that are under way. mpi_errno: of its preparation. */
int MPIDI_IVSHMEMI_op_run(struct MPIDI_IVSHMEMI_op *op, int mpi_errno);

/* The same for a non-blocking one, of MPIDI_IVSHMEMI_op_new; it is freed at its end. */
int MPIDI_IVSHMEMI_op_start(struct MPIDI_IVSHMEMI_op *op, MPIR_Comm *comm, int mpi_errno,
                            MPIR_Request **request);

/* Waits for the non-blocking operations of an area. */
int MPIDI_IVSHMEMI_ops_wait(struct MPIDI_IVSHMEM_coll *own);

/* For a non-blocking call that is the same on all ranks of comm. NULL: leave it to MPICH. */
struct MPIDI_IVSHMEMI_op *MPIDI_IVSHMEMI_op_new(MPIR_Comm *comm, enum ivs_operation operation,
                                                MPI_Aint bytes, enum ivs_algorithm *algorithm);

/* ivshmem_coll_hosts.c: several hosts; see the MPID functions. */

/* Notes what a stage of an operation over several hosts has returned; the other stages go on in any case,
 * as other ranks wait for them. */
void MPIDI_IVSHMEMI_stage(int ret, MPIR_Comm *comm, int *mpi_errno, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_hosts_barrier(MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_hosts_bcast(void *buf, MPI_Aint count, MPI_Datatype type, int root,
                               MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_hosts_allreduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                                   MPI_Op op, MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_hosts_reduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                                MPI_Op op, int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag);

/* ivshmem_coll_order.c: ranks of a communicator over several hosts, those of a host together. */
struct MPIDI_IVSHMEMI_hosts {
    int ranks, hosts;
    int here;               /* this rank's host */
    int locals;             /* ranks of it */
    int *rank_at;           /* by place in the order of hosts; ranks of a host as in node_comm */
    int *first_at;          /* by host: the place of its first rank; one more at the end */
    bool same;              /* all hosts have as many ranks */
    int leaders;            /* ranks of each host that can send to other hosts at the same time */
    bool split;             /* leader_comm has been made */
    bool splitting;         /* is being made */
    MPIR_Comm *leader_comm; /* of all hosts' leaders with this rank's local rank; NULL: no leader */
};

/* Made at the first call, kept until the communicator is freed. */
int MPIDI_IVSHMEMI_hosts_of(MPIR_Comm *comm, struct MPIDI_IVSHMEMI_hosts **hosts);
/* The same with its leader_comm: to be called by all ranks alike. */
int MPIDI_IVSHMEMI_leaders_of(MPIR_Comm *comm, struct MPIDI_IVSHMEMI_hosts **hosts);
void MPIDI_IVSHMEMI_hosts_free(struct MPIDI_IVSHMEMI_hosts *hosts);

static inline int MPIDI_IVSHMEMI_ranks_of(const struct MPIDI_IVSHMEMI_hosts *hosts, int host)
{
    return hosts->first_at[host + 1] - hosts->first_at[host];
}

/* ivshmem_coll_leaders.c, ivshmem_coll_leaders_blocks.c: several ranks of each host send at the same
 * time; long messages go in segments, so that the network and the hosts work at the same time. */
int MPIDI_IVSHMEMI_leaders_bcast(void *buf, MPI_Aint count, MPI_Datatype type, int root,
                                 MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_leaders_allreduce(const void *send, void *recv, MPI_Aint count,
                                     MPI_Datatype type, MPI_Op op, MPIR_Comm *comm,
                                     MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_leaders_allgather(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                                     MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_leaders_alltoall(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                                    MPIR_Errflag_t *errflag);

/* ivshmem_coll_blocks_hosts.c: rows of a block for each rank of comm. send may be recv's own block, or
 * all of recv. */
int MPIDI_IVSHMEMI_hosts_allgather(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                                   MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_hosts_alltoall(const char *send, char *recv, MPI_Aint block, MPIR_Comm *comm,
                                  MPIR_Errflag_t *errflag);

/* ivshmem_coll_ordered.c: see the MPID functions. */
int MPIDI_IVSHMEMI_ordered_reduce(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                                  MPI_Op op, int root, MPIR_Comm *comm, MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_ordered_allreduce(const void *send, void *recv, MPI_Aint count,
                                     MPI_Datatype type, MPI_Op op, MPIR_Comm *comm,
                                     MPIR_Errflag_t *errflag);
int MPIDI_IVSHMEMI_ordered_scan(const void *send, void *recv, MPI_Aint count, MPI_Datatype type,
                                MPI_Op op, MPIR_Comm *comm, MPIR_Errflag_t *errflag);

/* ivshmem_coll_table.c */
const struct ivs_rules *MPIDI_IVSHMEMI_rules(void);
void MPIDI_IVSHMEMI_coll_count(enum ivs_operation operation, MPI_Aint bytes,
                               enum ivs_algorithm algorithm, bool blocking);

#endif /* IVSHMEM_COLL_IMPL_H_INCLUDED */
