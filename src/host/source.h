/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * libvirt as the source of VMs. A thread of its own talks to it, so that a libvirtd that hangs
 * stops no heartbeat and no answer. It connects again when libvirtd goes away; meanwhile the VMs
 * stay as they were last seen.
 */
#ifndef IVD_SOURCE_H_INCLUDED
#define IVD_SOURCE_H_INCLUDED

#include "domain.h"
#include "protocol.h"

struct ivd_source;

/* Starts to connect to config->libvirt. That and the regions outlive the source, unchanged; the list of
 * VMs may change. -ENOTSUP: built without libvirt. */
int ivd_source_start(const struct ivd_config *config, struct ivd_source **source,
                     struct ivl_diag *diag);

/* Ends it; the thread is left behind if libvirt holds it up for some seconds: the process is to end
 * then, and the configuration stays. */
void ivd_source_stop(struct ivd_source *source);

/* Polls readable when there are new domains or results. ivd_source_take_* empty it. */
int ivd_source_fd(const struct ivd_source *source);

/* All running domains, if they changed since the last call; to be freed. Else NULL. */
struct ivd_domain *ivd_source_take_domains(struct ivd_source *source, uint32_t *count);

/* Plugs a region into a domain, or unplugs it; the result comes by ivd_source_take_result().
 * -EAGAIN: too much is waiting. */
int ivd_source_order(struct ivd_source *source, uint64_t ticket, const struct ivd_request *request,
                     const struct ivd_region_conf *region, struct ivl_diag *diag);

struct ivd_source_result {
    uint64_t ticket;
    int rc;
    struct ivl_diag diag; /* if it failed */
    char text[200];       /* if not */
};
bool ivd_source_take_result(struct ivd_source *source, struct ivd_source_result *result);

bool ivd_source_connected(struct ivd_source *source);

#endif /* IVD_SOURCE_H_INCLUDED */
