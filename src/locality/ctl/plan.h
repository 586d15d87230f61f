/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl plan: VMs that each stay within one NUMA node of the host. plan_host.c says which CPUs
 * and VFs each gets, plan_xml.c writes its domain XML from a template.
 */
#ifndef CTL_PLAN_H_INCLUDED
#define CTL_PLAN_H_INCLUDED

#include "ctl.h"

#define PLAN_VF_BYTES 16

struct plan_vm {
    unsigned node;   /* host NUMA node, as the kernel numbers them */
    unsigned number; /* among the VMs of the node */
    unsigned *cpus;  /* host CPUs; vCPU i is pinned to cpus[i] */
    unsigned cpu_count;
    unsigned threads;       /* CPUs of one core, if all cores have as many, else 1 */
    char vf[PLAN_VF_BYTES]; /* "0000:41:00.2", or empty */
    uint64_t node_bytes;    /* memory of the node; 0: not known */
};

struct plan {
    struct plan_vm *vms;
    unsigned count;
};

struct plan_request {
    const char *topology; /* file or synthetic description for hwloc; NULL: this host */
    unsigned per_node;    /* VMs on each NUMA node, at least 1 */
    unsigned reserved;    /* cores of each node that are left to the host */
    bool vfs;             /* give each VM a VF near its node, as long as there are any */
};

/* Fills *plan, which the caller frees, or complains. */
enum ctl_status plan_host(const struct plan_request *request, struct plan *plan);
void plan_free(struct plan *plan);

/* What all domains get. */
struct plan_device {
    const char *path; /* of the region; NULL: none */
    uint64_t bytes;
    uint64_t page_bytes; /* of huge pages for the VMs' own memory; 0: as in the template */
};

/* Reads a template; NULL and a complaint if it is not the XML of a domain. */
struct plan_template;
struct plan_template *plan_template_read(const char *path);
void plan_template_free(struct plan_template *plan_template);

/* Name of the domain that is made for the VM: "TEMPLATE-nNODE-NUMBER". False: too long. */
bool plan_name(const struct plan_template *plan_template, const struct plan_vm *vm,
               char name[IVL_VM_NAME_BYTES]);

/* Memory of a domain made from it, in bytes; 0: it does not say. */
uint64_t plan_memory(const struct plan_template *plan_template);

/* Writes the domain XML of the VM to the file; complains. */
enum ctl_status plan_write(const struct plan_template *plan_template, const struct plan_vm *vm,
                           const struct plan_device *device, const char *path, bool force);

#endif /* CTL_PLAN_H_INCLUDED */
