/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Internals of the CH4 glue of the ivshmem module.
 */
#ifndef IVSHMEM_IMPL_H_INCLUDED
#define IVSHMEM_IMPL_H_INCLUDED

#include <mpiimpl.h>
#include "ivshmem_pre.h"
#include "locality.h"
#include "core/ivs_lock.h"
#include "core/ivs_map.h"
#include "core/ivs_size.h"
#include "core/ivs_table.h"

/* Everything the module knows about this process. Filled by the merge, read-only afterwards
 * except where noted, cleared at the end of MPI_Finalize. */
typedef struct {
    struct ivl_region *region; /* NULL: none */
    struct ivs_map map;        /* node_count 0: not built */
    bool any_merged;           /* some host of the job holds several nodes */
    bool merged;               /* this rank's host does: segments come from the region */
    struct ivl_job job;        /* valid if merged */
    uint64_t members_off;
    uint32_t members;
    uint32_t member; /* this rank's line */
    uint32_t vm_slot;
    double read_mbps; /* measured speed of the mapping */
    struct ivs_queues queues;
    uint32_t coll_kib; /* limit for collective buffers */
    bool in_table;     /* vm_slot is this VM's */
} MPIDI_IVSHMEMI_global_t;

extern MPIDI_IVSHMEMI_global_t MPIDI_IVSHMEMI_global;

/* ivshmem_knobs.c: MPI error naming the first knob out of range; warns of unknown ones. */
int MPIDI_IVSHMEMI_knobs_check(void);

/* Cells (knobs) that a host with so many ranks would like to have. */
struct ivs_queues MPIDI_IVSHMEMI_wanted_queues(uint32_t ranks);

/* ivshmem_claim.c: opens the region and finds this VM; never fails, the reason is in *claim.
 * node: this rank's node id (for fake VMs). */
void MPIDI_IVSHMEMI_claim_make(int node, struct ivs_claim *claim);

/* ivshmem_join.c: the steps with the region between the rounds of messages. */
void MPIDI_IVSHMEMI_offer_make(int host, struct ivs_offer *offer);
void MPIDI_IVSHMEMI_join(int host, const struct ivs_offer *offer, struct ivs_verdict *verdict);
void MPIDI_IVSHMEMI_look(int host, struct ivs_verdict *verdict);
void MPIDI_IVSHMEMI_leave(void);

/* ivshmem_exchange.c: one message per rank or node through the process manager. */
int MPIDI_IVSHMEMI_exchange_put(char round, int id, const char *text);
int MPIDI_IVSHMEMI_exchange_get(char round, int id, int source, char text[IVS_TEXT_BYTES]);
void MPIDI_IVSHMEMI_exchange_begin(void);

/* ivshmem_cma_peers.c: lets the other ranks of this VM know where to read. node_map: as the
 * process manager sees it. A barrier must follow before anybody looks. */
int MPIDI_IVSHMEMI_cma_publish(const int *node_map, int size);
void MPIDI_IVSHMEMI_cma_report(FILE *out);

/* ivshmem_seg.c: the segment back end. */
void MPIDI_IVSHMEMI_seg_enable(void);
void MPIDI_IVSHMEMI_seg_disable(void);
bool MPIDI_IVSHMEMI_in_region(const void *addr);
/* Memory for this process; MPL error codes. Only while the back end is enabled. */
int MPIDI_IVSHMEMI_seg_alloc(uint64_t bytes, void **addr);
int MPIDI_IVSHMEMI_seg_free(void *addr);

/* Where in the region something lies, as ranks tell each other. */
struct MPIDI_IVSHMEMI_place {
    uint64_t block;      /* offset of its block */
    uint64_t from;       /* in the block */
    uint32_t generation; /* of the block */
    uint32_t in_region;  /* 1; 0: in private memory, and the rest is nothing */
};

/* The place of [addr, addr + bytes), if all of it lies in one block that this process holds. */
bool MPIDI_IVSHMEMI_seg_place(const void *addr, uint64_t bytes, struct MPIDI_IVSHMEMI_place *place);

/* A place that another rank named, as an address here: NULL if no block of this job has so many
 * bytes there. With a reference to the block, so that it is not freed, and given to others,
 * meanwhile; release() must follow. */
char *MPIDI_IVSHMEMI_place_attach(const struct MPIDI_IVSHMEMI_place *place, uint64_t bytes,
                                  struct ivl_block *block);
int MPIDI_IVSHMEMI_place_release(const struct ivl_block *block); /* 0 or negative errno */

/* ivshmem_mem.c */
void MPIDI_IVSHMEMI_mem_report(void);

/* ivshmem_beat.c: heartbeat and watch over the other members. */
int MPIDI_IVSHMEMI_beat_start(void);
void MPIDI_IVSHMEMI_beat_stop(void);
int MPIDI_IVSHMEMI_beat_check(void);           /* MPI error naming a member that has died */
struct ivs_waiter MPIDI_IVSHMEMI_waiter(void); /* this rank, for locks in the region */
int MPIDI_IVSHMEMI_lock_error(int rc);         /* MPI error for what those return */

/* ivshmem_wait.c: called once per look at the transport; yields the processor while nothing
 * happens. */
void MPIDI_IVSHMEMI_wait_init(void);
void MPIDI_IVSHMEMI_wait_look(bool busy);
bool MPIDI_IVSHMEMI_is_crowded(void); /* others want this processor: hardly spin */
void MPIDI_IVSHMEMI_give_way(void);   /* lets them have it once */
void MPIDI_IVSHMEMI_waited(void);     /* what was waited for has come */

/* ivshmem_fault.c: says why when the region goes away under us. */
void MPIDI_IVSHMEMI_fault_watch(void);
void MPIDI_IVSHMEMI_fault_unwatch(void);

/* ivshmem_coll_table.c: which algorithms collective operations take, by knob and file, and the
 * settings in the file: MPI error that says what cannot be read; and which they have taken. */
int MPIDI_IVSHMEMI_rules_load(struct ivs_setting *settings, size_t count);
uint32_t MPIDI_IVSHMEMI_coll_sum(void); /* of all that has to be the same on all ranks */
void MPIDI_IVSHMEMI_coll_report(void);

/* ivshmem_net.c: the netmod's choice of a device, before it starts, by what the table says of this
 * VM; and, if `together`, which is the same on all ranks, all ranks' choices to rank 0.
 * node_of[MPIR_Process.size]: as the process manager sees it. */
int MPIDI_IVSHMEMI_net_choose(const int *node_of, bool together);
void MPIDI_IVSHMEMI_net_report(FILE *out);

/* ivshmem_report.c */
void MPIDI_IVSHMEMI_report(void);

#endif /* IVSHMEM_IMPL_H_INCLUDED */
