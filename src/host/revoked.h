/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Devices that were ordered back. A guest may refuse to let go of one, or never answer; its VM is
 * no member of the region all the same.
 */
#ifndef IVD_REVOKED_H_INCLUDED
#define IVD_REVOKED_H_INCLUDED

#include "domain.h"

struct ivd_revocation {
    uint8_t uuid[IVL_UUID_BYTES]; /* of the domain */
    uint64_t run;                 /* as in struct ivd_vm */
    struct ivd_region_conf region;
};

struct ivd_revoked {
    struct ivd_revocation *items;
    uint32_t count;
};

/* False: out of memory. */
bool ivd_revoked_add(struct ivd_revoked *revoked, const struct ivd_revocation *item);
void ivd_revoked_remove(struct ivd_revoked *revoked, const struct ivd_revocation *item);

/* Takes the regions that were ordered back from the domains, which are all that run; forgets about
 * those that stopped, or let go. */
void ivd_revoked_apply(struct ivd_revoked *revoked, struct ivd_domain *domains, uint32_t count);
void ivd_revoked_fini(struct ivd_revoked *revoked);

#endif /* IVD_REVOKED_H_INCLUDED */
