/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Which domains may have a region. VMs of one region can read and write all of it, so a region is one
 * tenant's, and a VM has one region: in two, it would be a way between tenants.
 */
#ifndef IVD_TENANT_H_INCLUDED
#define IVD_TENANT_H_INCLUDED

#include "domain.h"

/* Whether a domain of that name may have the region, by the region's patterns (fnmatch(3)). The name
 * is as in the table, see ivd_domain_name(). */
bool ivd_tenant_allows(const struct ivd_region_conf *region, const char *name);

/* A region other than this that the domain has; or NULL. */
const struct ivd_region_conf *ivd_tenant_other(const struct ivd_config *config,
                                               const struct ivd_domain *domain,
                                               const struct ivd_region_conf *region);

/* Whether a domain is to be in the table of the region: it has this one and no other, and may. */
bool ivd_tenant_enters(const struct ivd_config *config, const struct ivd_domain *domain,
                       const struct ivd_region_conf *region);

/* Logs domains that have a region and are not entered, unless it was so among the old ones. */
void ivd_tenant_complain(const struct ivd_config *config, const struct ivd_domain *domains,
                         uint32_t count, const struct ivd_domain *old, uint32_t old_count);

#endif /* IVD_TENANT_H_INCLUDED */
