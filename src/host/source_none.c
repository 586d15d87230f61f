/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The source of VMs where the daemon is built without libvirt: there is none.
 */
#include "source.h"

#include <errno.h>

int ivd_source_start(const struct ivd_config *config, struct ivd_source **source,
                     struct ivl_diag *diag)
{
    (void) source;
    return ivl_fail(diag, -ENOTSUP, config->libvirt,
                    "set libvirt = none, or build it with libvirt and libxml2",
                    "this ivshmemd was built without libvirt");
}

void ivd_source_stop(struct ivd_source *source)
{
    (void) source;
}

int ivd_source_fd(const struct ivd_source *source)
{
    (void) source;
    return -1;
}

struct ivd_domain *ivd_source_take_domains(struct ivd_source *source, uint32_t *count)
{
    (void) source;
    *count = 0;
    return NULL;
}

int ivd_source_order(struct ivd_source *source, uint64_t ticket, const struct ivd_request *request,
                     const struct ivd_region_conf *region, struct ivl_diag *diag)
{
    (void) source;
    (void) ticket;
    (void) region;
    return ivl_fail(diag, -ENOTSUP, request->domain, "build it with libvirt",
                    "this ivshmemd was built without libvirt");
}

bool ivd_source_take_result(struct ivd_source *source, struct ivd_source_result *result)
{
    (void) source;
    (void) result;
    return false;
}

bool ivd_source_connected(struct ivd_source *source)
{
    (void) source;
    return false;
}
