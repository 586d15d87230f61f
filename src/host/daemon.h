/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The daemon: its regions, the VMs that have them, and what it answers. The main thread's only.
 */
#ifndef IVD_DAEMON_H_INCLUDED
#define IVD_DAEMON_H_INCLUDED

#include "doorbell.h"
#include "host_config.h"
#include "region.h"
#include "server.h"
#include "source.h"

struct ivd_daemon {
    struct ivd_config config;
    struct ivd_region *regions[IVD_REGIONS_MAX];     /* NULL: refused at start, see the log */
    struct ivd_doorbell *doorbells[IVD_REGIONS_MAX]; /* NULL: none */
    struct ivd_source *source;                       /* NULL: no libvirt */
    struct ivd_server *server;                       /* NULL: no socket */
    struct ivd_domain *domains;                      /* as libvirt has them */
    uint32_t domain_count;
    bool domains_known; /* libvirt told of them at least once */
};

/* Starts all that the configuration asks for, which is taken over. A region that is refused is said
 * and left out; an error if none is left. */
int ivd_daemon_start(struct ivd_daemon *daemon, struct ivl_diag *diag);
void ivd_daemon_stop(struct ivd_daemon *daemon);

/* Brings the tables in line with the VMs that are known now. */
void ivd_daemon_refresh(struct ivd_daemon *daemon);

/* Takes what libvirt has to say. */
void ivd_daemon_listen(struct ivd_daemon *daemon);

/* Takes a configuration that was read anew: its VMs. It is freed. */
void ivd_daemon_reload(struct ivd_daemon *daemon, struct ivd_config *config);

/* Serves the doorbells. */
void ivd_daemon_ring(struct ivd_daemon *daemon, uint64_t now_ms);

/* The answer to "status". */
char *ivd_daemon_status(struct ivd_daemon *daemon);

#endif /* IVD_DAEMON_H_INCLUDED */
