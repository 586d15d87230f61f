/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Where the memory of a region is taken from.
 */
#ifndef IVD_NUMA_H_INCLUDED
#define IVD_NUMA_H_INCLUDED

#include "host_config.h"

/* Makes the pages that this thread reserves come from the region's nodes, until ivd_numa_end().
 * Nothing if it names none. -EINVAL: no such node; -ENOMEM: they have too little room (the kernel
 * would end processes to make some). */
int ivd_numa_begin(const struct ivd_region_conf *conf, struct ivl_diag *diag);
void ivd_numa_end(void);

#endif /* IVD_NUMA_H_INCLUDED */
