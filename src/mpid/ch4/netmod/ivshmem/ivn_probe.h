/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The ports of this machine's verbs devices, by libibverbs.
 */
#ifndef IVN_PROBE_H_INCLUDED
#define IVN_PROBE_H_INCLUDED

#include "ivn_port.h"

/* All ports, sorted; a device that cannot be opened stands for one. *ports is to be freed. Distances
 * are unknown. 0 or -ENOMEM; no device is no error. */
int ivn_probe(struct ivn_port **ports, int *count);

#endif /* IVN_PROBE_H_INCLUDED */
