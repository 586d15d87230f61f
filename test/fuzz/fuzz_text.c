/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Texts from users: region URIs (of devices; there are none), MAC addresses, UUIDs, VM names.
 */
#include "fuzz.h"

#include <errno.h>

static void try_uri(const char *scheme, const char *text)
{
    char uri[512];
    struct ivl_region *region;
    struct ivl_diag diag;
    snprintf(uri, sizeof(uri), "%s%s", scheme, text);
    if (strncmp(uri, "file:", 5) != 0) {
        int rc = ivl_region_open(uri, 0, &region, &diag);
        fuzz_check_diag(rc, &diag);
        require(rc == -EINVAL || rc == -ENODEV || rc == -ENOENT || rc == -ENAMETOOLONG);
    }
}

static void try_identities(const char *text)
{
    uint8_t mac[6], mac2[6], uuid[16], uuid2[16];
    char out[37];
    if (ivl_mac_parse(text, mac) == 0) {
        ivl_mac_format(mac, out);
        require(strlen(out) == 17 && strcasecmp(out, text) == 0);
        require(ivl_mac_parse(out, mac2) == 0 && memcmp(mac, mac2, 6) == 0);
    }
    if (ivl_uuid_parse(text, uuid) == 0) {
        ivl_uuid_format(uuid, out);
        require(strlen(out) == 36);
        require(ivl_uuid_parse(out, uuid2) == 0 && memcmp(uuid, uuid2, 16) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[400];
    struct ivl_vm vm;
    struct ivl_diag diag;
    size_t n = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
    if (!fuzz_region) {
        fuzz_make(2, 1, 65536);
        ivl_sysroot = "/nonexistent";
    }
    memcpy(text, data, n);
    text[n] = '\0';
    try_uri("", text);
    try_uri("pci:", text);
    try_uri("dax:", text);
    try_identities(text);
    fuzz_check_diag(ivl_table_find(fuzz_region, text, &vm, &diag), &diag);
    return 0;
}
