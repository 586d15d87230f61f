/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A file that shrinks while it is mapped faults on access. QEMU has its region's file open, so a
 * QEMU that was taken over can do that to the daemon, which must go on for the other tenants: the
 * mapping is replaced by private memory and the region counts as lost.
 */
#ifndef IVD_FAULT_H_INCLUDED
#define IVD_FAULT_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

void ivd_fault_init(void);

/* Watches a mapping; its number, for the others. At most IVD_REGIONS_MAX at a time. */
unsigned ivd_fault_watch(void *base, size_t bytes);
bool ivd_fault_lost(unsigned number);
void ivd_fault_forget(unsigned number);

#endif /* IVD_FAULT_H_INCLUDED */
