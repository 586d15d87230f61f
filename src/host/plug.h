/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Plugging a region into a libvirt domain, and unplugging it.
 */
#ifndef IVD_PLUG_H_INCLUDED
#define IVD_PLUG_H_INCLUDED

#include <libvirt/libvirt.h>

#include "revoked.h"
#include "source.h"

/* Does what the request says with the region; into the running domain and, if persistent, its
 * configuration, unless it has another one of all regions there. text says what was done. A region that is ordered back is noted in revoked. 1: the
 * guest has yet to let go of the device, see ivd_plug_gone(); 0: all is done. */
int ivd_plug(virConnectPtr conn, const struct ivd_config *all, const struct ivd_request *request,
             const struct ivd_region_conf *region, struct ivd_revoked *revoked, char *text,
             size_t size, struct ivl_diag *diag);

/* Whether the guest has let go: 1 yes, 0 not yet, or an error. */
int ivd_plug_gone(virConnectPtr conn, const struct ivd_request *request,
                  const struct ivd_region_conf *region, struct ivl_diag *diag);

#endif /* IVD_PLUG_H_INCLUDED */
