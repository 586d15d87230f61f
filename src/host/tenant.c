/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Which domains may have a region.
 */
#include "tenant.h"

#include <fnmatch.h>
#include <string.h>

#include "log.h"

bool ivd_tenant_allows(const struct ivd_region_conf *region, const char *name)
{
    char patterns[sizeof(region->domains)], *rest = patterns;
    const char *pattern;
    memcpy(patterns, region->domains, sizeof(patterns));
    if (!*patterns) {
        return true; /* of all domains */
    }
    while ((pattern = strsep(&rest, " \t"))) {
        if (*pattern && fnmatch(pattern, name, 0) == 0) {
            return true;
        }
    }
    return false;
}

const struct ivd_region_conf *ivd_tenant_other(const struct ivd_config *config,
                                               const struct ivd_domain *domain,
                                               const struct ivd_region_conf *region)
{
    for (uint32_t i = 0; i < config->region_count; i++) {
        const struct ivd_region_conf *other = &config->regions[i];
        if (strcmp(other->path, region->path) != 0 && ivd_domain_has(domain, other)) {
            return other;
        }
    }
    return NULL;
}

bool ivd_tenant_enters(const struct ivd_config *config, const struct ivd_domain *domain,
                       const struct ivd_region_conf *region)
{
    return ivd_domain_has(domain, region) && !domain->more_paths &&
           ivd_tenant_allows(region, domain->vm.vm.name) &&
           !ivd_tenant_other(config, domain, region);
}

/* ---- complaints ----------------------------------------------------------------------------- */

static bool is_wrong(const struct ivd_config *config, const struct ivd_domain *domain,
                     const struct ivd_region_conf *region)
{
    return !ivd_domain_unknown(domain) && ivd_domain_has(domain, region) &&
           !ivd_tenant_enters(config, domain, region);
}

static bool was_wrong(const struct ivd_config *config, const struct ivd_domain *domain,
                      const struct ivd_region_conf *region, const struct ivd_domain *old,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(old[i].vm.vm.uuid, domain->vm.vm.uuid, IVL_UUID_BYTES) == 0 &&
            old[i].vm.run == domain->vm.run && is_wrong(config, &old[i], region)) {
            return true;
        }
    }
    return false;
}

static void complain(const struct ivd_config *config, const struct ivd_domain *domain,
                     const struct ivd_region_conf *region)
{
    const struct ivd_region_conf *other = ivd_tenant_other(config, domain, region);
    const char *reason = domain->more_paths ? "so much other shared memory that it may have another"
                         : other            ? "also region "
                                            : "its key domains does not name it";
    ivd_log(IVD_WARNING, "region %s: domain %s has it, but %s%s: not entered; detach it",
            region->name, domain->vm.vm.name, reason,
            other && !domain->more_paths ? other->name : "");
}

void ivd_tenant_complain(const struct ivd_config *config, const struct ivd_domain *domains,
                         uint32_t count, const struct ivd_domain *old, uint32_t old_count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < config->region_count; k++) {
            const struct ivd_region_conf *region = &config->regions[k];
            if (is_wrong(config, &domains[i], region) &&
                !was_wrong(config, &domains[i], region, old, old_count)) {
                complain(config, &domains[i], region);
            }
        }
    }
}
