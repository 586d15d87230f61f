/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Making a region, or finding the one that this daemon made before.
 */
#ifndef IVD_PREPARE_H_INCLUDED
#define IVD_PREPARE_H_INCLUDED

#include "host_config.h"
#include "state.h"
#include "table.h"

struct ivd_prepared {
    struct ivl_region *region;
    struct ivd_identity identity;
    struct ivd_table table; /* from before, or empty */
    bool found;             /* it was there already */
};

/* The caller holds the region's lock (ivd_state_lock). On success the caller frees region and
 * table. Errors: a file that is there but was not made by this daemon, or is not what was
 * configured; whatever ivl_region_create_file() says. */
int ivd_prepare(const struct ivd_region_conf *conf, const char *state_dir, struct ivd_prepared *out,
                struct ivl_diag *diag);

#endif /* IVD_PREPARE_H_INCLUDED */
