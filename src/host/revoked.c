/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Devices that were ordered back.
 */
#include "revoked.h"

#include <stdlib.h>
#include <string.h>

static void drop(struct ivd_revoked *revoked, uint32_t i)
{
    revoked->items[i] = revoked->items[--revoked->count];
}

void ivd_revoked_remove(struct ivd_revoked *revoked, const struct ivd_revocation *item)
{
    for (uint32_t i = revoked->count; i-- > 0;) {
        const struct ivd_revocation *old = &revoked->items[i];
        if (memcmp(old->uuid, item->uuid, IVL_UUID_BYTES) == 0 &&
            strcmp(old->region.name, item->region.name) == 0) {
            drop(revoked, i);
        }
    }
}

bool ivd_revoked_add(struct ivd_revoked *revoked, const struct ivd_revocation *item)
{
    ivd_revoked_remove(revoked, item);
    struct ivd_revocation *items =
        realloc(revoked->items, (revoked->count + 1) * sizeof(*revoked->items));
    if (!items) {
        return false;
    }
    revoked->items = items;
    items[revoked->count++] = *item;
    return true;
}

static struct ivd_domain *find(const struct ivd_revocation *item, struct ivd_domain *domains,
                               uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (domains[i].vm.run == item->run &&
            memcmp(domains[i].vm.vm.uuid, item->uuid, IVL_UUID_BYTES) == 0) {
            return &domains[i];
        }
    }
    return NULL;
}

static void strip(struct ivd_domain *domain, const struct ivd_region_conf *region)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < domain->path_count; i++) {
        if (!ivd_path_is_region(domain->paths[i], region)) {
            memmove(domain->paths[kept++], domain->paths[i], IVD_PATH_BYTES);
        }
    }
    domain->path_count = kept;
}

void ivd_revoked_apply(struct ivd_revoked *revoked, struct ivd_domain *domains, uint32_t count)
{
    for (uint32_t i = revoked->count; i-- > 0;) {
        const struct ivd_revocation *item = &revoked->items[i];
        struct ivd_domain *domain = find(item, domains, count);
        if (domain && ivd_domain_unknown(domain)) {
            continue;
        }
        if (domain && ivd_domain_has(domain, &item->region)) {
            strip(domain, &item->region);
        } else {
            drop(revoked, i);
        }
    }
}

void ivd_revoked_fini(struct ivd_revoked *revoked)
{
    free(revoked->items);
    *revoked = (struct ivd_revoked){ .count = 0 };
}
