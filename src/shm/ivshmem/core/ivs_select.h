/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Which algorithm a collective operation takes: the first rule that fits, by operation, ranks, VMs and
 * bytes. All of these are the same on all ranks of a call, and so are the rules. The built-in rules
 * come last; those of a file and of a knob go before them.
 */
#ifndef IVS_SELECT_H_INCLUDED
#define IVS_SELECT_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ivs_operation.h"

enum ivs_algorithm {
    IVS_MPICH,   /* messages */
    IVS_SHARED,  /* through shared memory; for reductions, every rank makes the whole result */
    IVS_SLICES,  /* reductions in shared memory: every rank makes a slice of the result */
    IVS_TREE,    /* in shared memory, by way of the first rank of each NUMA node or VM */
    IVS_HOSTS,   /* several hosts: shared memory within, messages between the first ranks of each */
    IVS_LEADERS, /* the same with several ranks of each host that send to other hosts */
    IVS_ALGORITHMS
};

#define IVS_BUILT_IN IVS_ALGORITHMS /* of a rule: what fits is left to the built-in rules */

const char *ivs_operation_name(enum ivs_operation operation);
const char *ivs_algorithm_name(enum ivs_algorithm algorithm);
/* IVS_OPERATIONS, IVS_ALGORITHMS: no such name. */
enum ivs_operation ivs_operation_find(const char *name, size_t length);
enum ivs_algorithm ivs_algorithm_find(const char *name, size_t length);

/* What a call looks like. bytes: of the message for Bcast, Reduce and Allreduce; of a block for what
 * has a block for each rank, of the longest for Allgatherv; 0 where ranks know different lengths. */
struct ivs_call {
    enum ivs_operation operation;
    bool many_hosts;
    uint32_t ranks;
    uint32_t vms; /* on this host if there is one, else nodes of the communicator */
    uint64_t bytes;
};

/* Fits calls of up to so many ranks, VMs and bytes. */
struct ivs_rule {
    enum ivs_operation operation; /* IVS_OPERATIONS: any */
    enum ivs_algorithm algorithm;
    bool never; /* not this one: go on with the next rule */
    uint32_t ranks, vms;
    uint64_t bytes;
};

#define IVS_RULES_MAX 256

struct ivs_rules {
    struct ivs_rule rules[IVS_RULES_MAX];
    unsigned count;
};

/* True if the operation has such an algorithm. */
bool ivs_has_algorithm(enum ivs_operation operation, enum ivs_algorithm algorithm, bool many_hosts);

/* "allreduce=slices,bcast=!shared": rules for all sizes. 0; -EINVAL with *at the place of what cannot
 * be read; -ENOSPC. */
int ivs_rules_parse(struct ivs_rules *rules, const char *text, size_t *at);

/* 0; -ENOSPC. */
int ivs_rules_add(struct ivs_rules *rules, const struct ivs_rule *rule);

/* The algorithm for a call. Only what ivs_has_algorithm allows is returned. */
enum ivs_algorithm ivs_select(const struct ivs_rules *rules, const struct ivs_call *call);

/* A number that differs if the rules do. */
uint32_t ivs_rules_sum(const struct ivs_rules *rules);

#endif /* IVS_SELECT_H_INCLUDED */
