/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The server of QEMU's ivshmem-doorbell devices (docs/specs/ivshmem-spec in QEMU): hands each QEMU the
 * region's file and, for every other one, a descriptor for each interrupt vector. The daemon takes
 * no part in interrupts themselves, so those between connected VMs go on while it restarts.
 */
#ifndef IVD_DOORBELL_H_INCLUDED
#define IVD_DOORBELL_H_INCLUDED

#include <sys/types.h>

#include "locality.h"

#define IVD_VECTORS_MAX 8
#define IVD_DOORBELL_CLIENTS_MAX 64

struct ivd_doorbell_conf {
    const char *name;  /* of the region */
    const char *path;  /* of the socket, made with mode 0660 */
    gid_t group;       /* of the socket; (gid_t) -1: the daemon's */
    unsigned vectors;  /* 1..IVD_VECTORS_MAX */
    const char *state; /* file that remembers which ids were given out */
    int memory;        /* descriptor of the region; stays the caller's */
};

struct ivd_doorbell;
int ivd_doorbell_create(const struct ivd_doorbell_conf *conf, struct ivd_doorbell **doorbell,
                        struct ivl_diag *diag);
void ivd_doorbell_destroy(struct ivd_doorbell *doorbell);

/* Polls readable when ivd_doorbell_step has something to do; to be called now and then anyway. */
int ivd_doorbell_fd(const struct ivd_doorbell *doorbell);
void ivd_doorbell_step(struct ivd_doorbell *doorbell, uint64_t now_ms);

unsigned ivd_doorbell_clients(const struct ivd_doorbell *doorbell);

#endif /* IVD_DOORBELL_H_INCLUDED */
