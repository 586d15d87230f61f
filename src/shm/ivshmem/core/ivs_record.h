/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the processes of a job tell each other through the process manager while they find out
 * who shares a region, and the decision they all take from it. Pure functions, no MPICH.
 *
 * Words: a "node" is what the process manager calls one (a VM, a container, or a fake clique);
 * a "host" is the set of nodes whose ranks have proved that they share one region.
 *
 * Messages are plain structs sent as hexadecimal text. A received text is checked on decoding:
 * length, magic, ranges, terminated printable strings. -EBADMSG otherwise.
 */
#ifndef IVS_RECORD_H_INCLUDED
#define IVS_RECORD_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "locality_abi.h"

#define IVS_NAME_BYTES 64
#define IVS_REASON_BYTES 144
#define IVS_NODES_MAX 1024 /* nodes that one host can hold */

enum ivs_status {
    IVS_STATUS_READY = 1, /* the region is mapped and this VM is in its table */
    IVS_STATUS_OFF = 2,   /* switched off by a knob */
    IVS_STATUS_NONE = 3   /* no usable region: see the reason */
};

/* Claim of one rank, and, after ivs_claim_join(), of a whole node. */
struct ivs_claim {
    uint32_t magic;
    uint32_t status; /* enum ivs_status */
    uint32_t vm_slot;
    uint32_t page_bytes;
    uint64_t vm_epoch;
    uint64_t generation;
    uint64_t region_bytes;
    uint64_t nonce;
    uint64_t numa_mask;  /* host NUMA nodes of the VM, from the table; 0 = unknown */
    uint32_t coll_sum;   /* of what decides how collective operations are done */
    uint16_t coll_mixed; /* not 0: the node's ranks have different ones */
    uint16_t report;     /* MPIR_CVAR_IVSHMEM_REPORT, of the node's first rank */
    uint8_t region_uuid[IVL_UUID_BYTES];
    uint8_t boot_id[IVL_UUID_BYTES];
    char vm_name[IVS_NAME_BYTES];
    char reason[IVS_REASON_BYTES]; /* why not READY; else where the region is */
};

/* What the first rank of a candidate host offers the others. */
struct ivs_offer {
    uint32_t magic;
    uint32_t ok; /* 0: see the reason */
    uint32_t job_slot;
    uint32_t members;
    uint64_t job_epoch;
    uint64_t members_off;
    uint32_t cells;      /* per rank */
    uint32_t cell_bytes; /* payload of a cell */
    uint32_t coll_kib;   /* limit for collective buffers */
    uint32_t rings;      /* per rank */
    char reason[IVS_REASON_BYTES];
};

/* What one rank, then one node, saw: bit i: the nonces of the host's i-th node are there. */
struct ivs_verdict {
    uint32_t magic;
    uint32_t ok; /* 0: could not join at all, see the reason */
    uint8_t seen[IVS_NODES_MAX / 8];
    char reason[IVS_REASON_BYTES];
};

/* A line of text that a rank has for the report. */
#define IVS_NOTE_BYTES 340

struct ivs_note {
    uint32_t magic;
    char text[IVS_NOTE_BYTES];
};

/* Longest text, with the terminating NUL. Fits the 1024 bytes that PMI-1 values may have. */
#define IVS_TEXT_BYTES 720

void ivs_claim_encode(const struct ivs_claim *claim, char text[IVS_TEXT_BYTES]);
int ivs_claim_decode(const char *text, struct ivs_claim *claim);
void ivs_offer_encode(const struct ivs_offer *offer, char text[IVS_TEXT_BYTES]);
int ivs_offer_decode(const char *text, struct ivs_offer *offer);
void ivs_verdict_encode(const struct ivs_verdict *verdict, char text[IVS_TEXT_BYTES]);
int ivs_verdict_decode(const char *text, struct ivs_verdict *verdict);
/* What is not printable goes as a question mark. */
void ivs_note_encode(const struct ivs_note *note, char text[IVS_TEXT_BYTES]);
int ivs_note_decode(const char *text, struct ivs_note *note);

/* Folds the claim of one more rank of the node into *node: READY survives only if both are and
 * name the same region and VM; `rank` is named in the reason. Sums that differ set coll_mixed. */
void ivs_claim_join(struct ivs_claim *node, const struct ivs_claim *rank_claim, int rank);

/* Folds the verdict of one more rank of the node into *node: what all saw. */
void ivs_verdict_join(struct ivs_verdict *node, const struct ivs_verdict *rank_verdict);

void ivs_seen_set(struct ivs_verdict *verdict, uint32_t index, bool seen);
bool ivs_seen_get(const struct ivs_verdict *verdict, uint32_t index);

/* Nonce line of a rank: derived from its node's nonce, so that one number per node is enough. */
uint64_t ivs_nonce(uint64_t node_nonce, uint32_t rank);

/* Sets a reason, cut to fit, blanks and control characters made harmless. */
void ivs_reason_set(char reason[IVS_REASON_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* IVS_RECORD_H_INCLUDED */
