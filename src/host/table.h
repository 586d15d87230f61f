/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The daemon's truth about a region's locality table, in private memory. Nothing here reads the
 * region: a guest can overwrite what is published there, never this.
 */
#ifndef IVD_TABLE_H_INCLUDED
#define IVD_TABLE_H_INCLUDED

#include "locality.h"

/* A VM that should be in the table. */
struct ivd_vm {
    struct ivl_abi_vm vm; /* state and epoch are the table's business */
    uint64_t run;         /* changes when the VM is started anew; 0: of the configuration */
};

struct ivd_table {
    uint32_t count; /* of entries */
    uint64_t epoch; /* changes so far: the region's table_epoch */
    struct ivd_vm *entries;
    uint64_t *gone_ms; /* when a VM that is IVL_VM_GONE went */
};

int ivd_table_init(struct ivd_table *table, uint32_t count); /* -ENOMEM */
void ivd_table_fini(struct ivd_table *table);

struct ivd_table_change {
    uint32_t added, updated, removed, refused;
};

/* Called for each VM that could not be entered, with the reason. */
typedef void (*ivd_table_refusal_fn)(void *arg, const struct ivd_vm *vm, const char *reason);

/* What becomes of VMs that are in the table, but not in a list. */
enum ivd_absent {
    IVD_ABSENT_LEAVE, /* their slots become free */
    IVD_ABSENT_GONE   /* jobs may name them: kept until ivd_table_forget */
};

struct ivd_vm_list {
    const struct ivd_vm *vms;
    uint32_t count;
    bool complete; /* else only VMs whose run is 0 go if they are not listed */
};

/* Makes the table hold the VMs in list, which have no flaw (ivl_vm_flaw). A VM keeps its slot as
 * long as it runs; one that shares an identity with another that is there is refused, and loses the
 * entry that it had. A VM without a name is one that runs but is not described: its entry stays. */
struct ivd_table_change ivd_table_reconcile(struct ivd_table *table, const struct ivd_vm_list *list,
                                            enum ivd_absent absent, uint64_t now_ms,
                                            ivd_table_refusal_fn refused, void *arg);

/* Frees the slots of VMs that went before the oldest living job began (UINT64_MAX: no job lives).
 * Number of them. */
uint32_t ivd_table_forget(struct ivd_table *table, uint64_t oldest_job_ms);

uint32_t ivd_table_active(const struct ivd_table *table);

#endif /* IVD_TABLE_H_INCLUDED */
