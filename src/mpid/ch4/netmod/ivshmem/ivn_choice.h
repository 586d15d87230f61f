/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Which ports of verbs devices a rank uses. Pure: ports, the VM's entry of the locality table and
 * the settings go in, ports and a reason come out.
 *
 * A port is left out only if another one that is kept lies in the same network: InfiniBand of one
 * subnet prefix and partition, RoCE of one IP network. So whoever could be reached still can. Of a network's
 * ports one is kept: the VF that the table gives to this VM before other hardware, that before
 * VFs of a PF that is visible too, and software last; then the nearest; ranks take turns among
 * those that are equal.
 *
 * RoCE ports of one machine cannot talk to each other, as the kernel takes the other's address for
 * its own. Where ranks of the machine might have to, all ports of the best kind are kept, and UCX
 * chooses among them. So it is with InfiniBand of the default subnet prefix, which any number of
 * separate fabrics can have.
 */
#ifndef IVN_CHOICE_H_INCLUDED
#define IVN_CHOICE_H_INCLUDED

#include "ivn_port.h"
#include "locality.h"

#define IVN_TEXT_BYTES 340

struct ivn_request {
    const struct ivn_port *ports; /* in the order of ivn_ports_sort() */
    int port_count;
    const struct ivl_abi_vf *vfs; /* this VM's in the table, which others may have written */
    uint32_t vf_count;
    uint32_t local_rank;      /* among the ranks of this VM */
    bool local_shm;           /* UCX's shared memory serves the ranks of this machine */
    const char *device;       /* "auto", or a device's name with or without ":port" */
    const char *user_devices; /* a list of UCX's devices that the user set; NULL: none */
    int user_gid;             /* a GID index that the user set; -1: none */
    bool user_rails;          /* the user set how many ports a message goes over */
    bool user_subnets;        /* the user set subnets, by which UCX chooses GIDs */
};

struct ivn_choice {
    int kept[IVN_PORTS_MAX]; /* indices of ports, the nearest first */
    int kept_count;
    bool limits;   /* ports that would work are left out: UCX must be told */
    int gid_index; /* for all ports kept; -1: left to UCX */
    char text[IVN_TEXT_BYTES];
};

/* By name and number: the same on all ranks of a VM. */
void ivn_ports_sort(struct ivn_port *ports, int count);

/* 0, or -ENODEV: the device asked for is not here or cannot be used. */
int ivn_choose(const struct ivn_request *request, struct ivn_choice *choice, struct ivl_diag *diag);

/* Whether distances matter: several ports could be used. */
bool ivn_has_several(const struct ivn_port *ports, int count);

/* Whether a value of UCX_TLS ("": not set) lets UCX use verbs. */
bool ivn_tls_has_verbs(const char *tls);

/* Whether it certainly lets UCX use shared memory. */
bool ivn_tls_has_shm(const char *tls);

/* Whether variables of an environment give UCX subnets of RoCE, which it refuses beside an index. */
bool ivn_env_has_subnets(char *const environment[]);

/* Whether they ask UCX for several rails: over how many ports a message may go. */
bool ivn_env_has_rails(char *const environment[]);

/* Whether a device's PCI ids are those of a virtual function. */
bool ivn_is_vf_model(uint32_t vendor, uint32_t model);

#endif /* IVN_CHOICE_H_INCLUDED */
