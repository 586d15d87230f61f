/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The PCI function behind a verbs device, as sysfs shows it; and whether this process is contained.
 */
#ifndef IVN_SYSFS_H_INCLUDED
#define IVN_SYSFS_H_INCLUDED

#include "ivn_port.h"

/* Fills is_software, has_physfn, has_pci and what goes with it from the port's device name. sysroot
 * is "" on a real system. What cannot be read is left out. */
void ivn_sysfs_read(const char *sysroot, struct ivn_port *port);

/* Whether this process is in the machine's own namespaces of processes and of shared memory, as all
 * processes outside of containers are: UCX's shared memory then reaches them. */
bool ivn_sysfs_is_uncontained(void);

/* "0000:05:00.1"; false if it is not one. */
bool ivn_pci_parse(const char *text, struct ivn_pci *pci);

#endif /* IVN_SYSFS_H_INCLUDED */
