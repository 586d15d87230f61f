/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The daemon's configuration: any bytes are understood or refused; what is understood is in range.
 */
#include "fuzz.h"

#include "host_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ivd_config config;
    struct ivl_diag diag;
    int rc = ivd_config_parse((const char *) data, size, "fuzz", &config, &diag);
    fuzz_check_diag(rc, &diag);
    for (uint32_t i = 0; rc == 0 && i < config.region_count; i++) {
        const struct ivd_region_conf *region = &config.regions[i];
        require(region->path[0] == '/' && region->name[0] && !strchr(region->name, '/'));
        require(region->format.region_bytes >= IVL_REGION_MIN_BYTES && !(region->mode & 0117));
    }
    for (uint32_t i = 0; rc == 0 && i < config.vm_count; i++) {
        require(ivd_config_region(&config, config.vms[i].region));
        require(!ivl_vm_flaw(&config.vms[i].vm));
    }
    ivd_config_fini(&config);
    return 0;
}
