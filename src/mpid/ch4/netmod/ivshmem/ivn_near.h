/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * How far verbs devices are from this process, by hwloc.
 */
#ifndef IVN_NEAR_H_INCLUDED
#define IVN_NEAR_H_INCLUDED

#include "ivn_port.h"

#define IVN_NEAR_LOCAL 10 /* as firmware counts, where it gives no distances */
#define IVN_NEAR_REMOTE 20

/* Sets each port's distance: from the processors this process may use to those near the device, by
 * the distances of their NUMA nodes; IVN_UNKNOWN where nothing is told of the device. False if the
 * topology cannot be read: nothing is set. */
bool ivn_near(const char *sysroot, struct ivn_port *ports, int count);

#endif /* IVN_NEAR_H_INCLUDED */
