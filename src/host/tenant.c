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

static bool is_domain(const struct ivd_domain *domain, const char *name_or_uuid)
{
    uint8_t uuid[IVL_UUID_BYTES];
    char name[IVL_VM_NAME_BYTES];
    ivd_domain_name(name_or_uuid, name);
    return strcmp(domain->vm.vm.name, name) == 0 ||
           (ivl_uuid_parse(name_or_uuid, uuid) == 0 &&
            memcmp(domain->vm.vm.uuid, uuid, sizeof(uuid)) == 0);
}

const struct ivd_region_conf *ivd_tenant_other(const struct ivd_config *config,
                                               const struct ivd_domain *domains, uint32_t count,
                                               const char *name_or_uuid,
                                               const struct ivd_region_conf *region)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; is_domain(&domains[i], name_or_uuid) && k < config->region_count;
             k++) {
            if (&config->regions[k] != region && ivd_domain_has(&domains[i], &config->regions[k])) {
                return &config->regions[k];
            }
        }
    }
    return NULL;
}

/* ---- complaints ----------------------------------------------------------------------------- */

static bool is_wrong(const struct ivd_domain *domain, const struct ivd_region_conf *region)
{
    return !ivd_domain_unknown(domain) && ivd_domain_has(domain, region) &&
           !ivd_tenant_allows(region, domain->vm.vm.name);
}

static bool was_wrong(const struct ivd_domain *domain, const struct ivd_region_conf *region,
                      const struct ivd_domain *old, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(old[i].vm.vm.uuid, domain->vm.vm.uuid, IVL_UUID_BYTES) == 0 &&
            old[i].vm.run == domain->vm.run && is_wrong(&old[i], region)) {
            return true;
        }
    }
    return false;
}

void ivd_tenant_complain(const struct ivd_config *config, const struct ivd_domain *domains,
                         uint32_t count, const struct ivd_domain *old, uint32_t old_count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < config->region_count; k++) {
            const struct ivd_region_conf *region = &config->regions[k];
            if (is_wrong(&domains[i], region) && !was_wrong(&domains[i], region, old, old_count)) {
                ivd_log(IVD_WARNING,
                        "region %s: domain %s has it, but its key domains does not name it: not "
                        "entered; detach it",
                        region->name, domains[i].vm.vm.name);
            }
        }
    }
}
