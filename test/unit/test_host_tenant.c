/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Which domains may have a region.
 */
#include "host_test.h"

#include "tenant.h"

static void test_patterns(void **state)
{
    (void) state;
    static const struct {
        const char *patterns, *name;
        bool allowed;
    } cases[] = {
        { "", "any", true },           { "vm", "vm", true },
        { "vm", "vm1", false },        { "vm", "a vm", false },
        { "vm*", "vm", true },         { "vm?", "vm12", false },
        { "a  b\tvm[12]", "b", true }, { "a  b\tvm[12]", "vm2", true },
        { "a  b\tvm[12]", "", false }, { "  ", "vm", false },
        { "[", "vm", false },          { "*", "..", true },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ivd_region_conf region = { .mode = 0600 };
        snprintf(region.domains, sizeof(region.domains), "%s", cases[i].patterns);
        assert_int_equal(ivd_tenant_allows(&region, cases[i].name), cases[i].allowed);
        assert_string_equal(region.domains, cases[i].patterns);
    }
}

static struct ivd_domain domain(const char *name, uint8_t uuid, const char *path)
{
    struct ivd_domain d;
    memset(&d, 0, sizeof(d));
    ivd_domain_name(name, d.vm.vm.name);
    memset(d.vm.vm.uuid, uuid, sizeof(d.vm.vm.uuid));
    snprintf(d.paths[d.path_count++], IVD_PATH_BYTES, "%s", path);
    return d;
}

static void test_other(void **state)
{
    (void) state;
    struct ivd_config *config = calloc(1, sizeof(*config));
    assert_non_null(config);
    config->region_count = 2;
    snprintf(config->regions[0].path, IVD_PATH_BYTES, "/dev/shm/a");
    snprintf(config->regions[1].path, IVD_PATH_BYTES, "/dev/shm/b");
    const struct ivd_region_conf *a = &config->regions[0], *b = &config->regions[1];
    struct ivd_domain d = domain("vm 1", 0x11, "/dev/shm/a");
    assert_null(ivd_tenant_other(config, &d, a));
    assert_ptr_equal(ivd_tenant_other(config, &d, b), a);
    assert_true(ivd_tenant_enters(config, &d, a));
    assert_false(ivd_tenant_enters(config, &d, b));
    snprintf(config->regions[0].domains, sizeof(a->domains), "vm_?");
    assert_true(ivd_tenant_enters(config, &d, a));
    snprintf(config->regions[0].domains, sizeof(a->domains), "vm2");
    assert_false(ivd_tenant_enters(config, &d, a));
    config->regions[0].domains[0] = '\0';
    snprintf(d.paths[d.path_count++], IVD_PATH_BYTES, "/dev/shm/c"); /* no region */
    assert_true(ivd_tenant_enters(config, &d, a));
    d.more_paths = true;
    assert_false(ivd_tenant_enters(config, &d, a));
    d.more_paths = false;
    snprintf(d.paths[d.path_count++], IVD_PATH_BYTES, "/dev/shm/b");
    assert_false(ivd_tenant_enters(config, &d, a));
    assert_false(ivd_tenant_enters(config, &d, b));
    free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
