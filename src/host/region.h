/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A region that the daemon serves. Each has a thread of its own, which beats, puts back what guests
 * change of the host's part, and frees dead jobs: a tenant that makes this slow does so to nobody
 * else.
 */
#ifndef IVD_REGION_H_INCLUDED
#define IVD_REGION_H_INCLUDED

#include "host_config.h"
#include "table.h"

struct ivd_region;

/* Makes or recovers the region, publishes its table and starts the thread. *conf and state_dir
 * outlive the region. */
int ivd_region_start(const struct ivd_region_conf *conf, const char *state_dir, uint32_t beat_ms,
                     struct ivd_region **region, struct ivl_diag *diag);

/* Stops the thread and closes the region, which stays as it is. */
void ivd_region_stop(struct ivd_region *region);

/* These VMs have the region now. */
void ivd_region_set_vms(struct ivd_region *region, const struct ivd_vm_list *list);

struct ivd_region_status {
    bool lost;  /* its file shrank, or is not at its path any more */
    bool found; /* it was there when the daemon started */
    struct ivl_geometry geo;
    uint64_t beat;
    uint64_t restored;  /* entries and superblocks put back */
    uint64_t reclaimed; /* jobs freed */
};
void ivd_region_status(struct ivd_region *region, struct ivd_region_status *status);

/* Copies up to n entries that are not free, with their slots; their number. */
uint32_t ivd_region_vms(struct ivd_region *region, struct ivl_vm *list, uint32_t n);

/* Descriptor of the region's file; it belongs to the region. */
int ivd_region_fd(const struct ivd_region *region);

#endif /* IVD_REGION_H_INCLUDED */
