/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Plugging a region into a libvirt domain, and unplugging it.
 */
#ifndef IVD_PLUG_H_INCLUDED
#define IVD_PLUG_H_INCLUDED

#include <libvirt/libvirt.h>

#include "source.h"

/* Does what the request says with the region; into the running domain and, if persistent, its
 * configuration. Waits up to 20 s for a guest that lets go of the device. text says what was done. */
int ivd_plug(virConnectPtr conn, const struct ivd_request *request,
             const struct ivd_region_conf *region, char *text, size_t size, struct ivl_diag *diag);

#endif /* IVD_PLUG_H_INCLUDED */
