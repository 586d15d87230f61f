/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The XML of a libvirt domain, and the small texts in it.
 */
#include "fuzz.h"

#include "domain.h"

static void try_texts(const uint8_t *data, size_t size)
{
    char text[300], path[IVD_PATH_BYTES];
    uint64_t words[IVL_VM_CPUMASK_WORDS] = { 0 };
    size_t n = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
    memcpy(text, data, n);
    text[n] = '\0';
    (void) ivd_cpuset_parse(text, words, 256);
    if (ivd_object_path(text, path)) {
        require(memchr(path, 0, sizeof(path)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ivd_domain domain;
    struct ivl_diag diag;
    int rc = ivd_domain_parse((const char *) data, size, "/nonexistent", &domain, &diag);
    fuzz_check_diag(rc, &diag);
    if (rc == 0) {
        require(!ivl_vm_flaw(&domain.vm.vm));
        require(domain.path_count <= IVD_DOMAIN_PATHS_MAX);
        for (uint32_t i = 0; i < domain.path_count; i++) {
            require(memchr(domain.paths[i], 0, IVD_PATH_BYTES));
        }
    }
    if (size) {
        try_texts(data, size);
    }
    return 0;
}
