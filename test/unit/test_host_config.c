/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The daemon's configuration: what is understood, and what is refused, with its line.
 */
#include "host_test.h"

#include "host_config.h"

#define REGION "[region a]\npath = /dev/shm/a\nsize = 1M\n"

static int parse(const char *text, struct ivd_config *config, struct ivl_diag *diag)
{
    return ivd_config_parse(text, strlen(text), "conf", config, diag);
}

static void test_all_keys(void **state)
{
    (void) state;
    struct ivd_config c;
    expect_ok(parse("# comment\n\n[daemon]\n socket = /run/s \nsocket-group=g\n"
                    "state-directory = /run/x\nlibvirt = qemu:///system\nheartbeat = 100\r\n"
                    "[region one]\npath = /dev/shm/one\nsize = 2M\nmode = 0660\nowner = 7\n"
                    "group = kvm\nlabel = a:b:c:s0\ndomains = one-* two\nvms = 3\njobs = 4\nchunk "
                    "= 8K\nlease = 2\nnuma = 0,2-3\n"
                    "numa-policy = interleave\nadopt = yes\n"
                    "doorbell = /run/d\nvectors = 8\n" REGION
                    "[vm v1]\nregion = one\nuuid = 01234567-89ab-cdef-0123-456789abcdef\n"
                    "mac = 52:54:00:00:00:01\nmac = 52:54:00:00:00:02\ncid = 3\n"
                    "asset-tag = rack = 3\nnuma = 1\ncpus = 0-1,64\nvf = 05:00.1\nvf = 06:00.1",
                    &c, diag));
    assert_string_equal(c.socket, "/run/s");
    assert_string_equal(c.socket_group, "g");
    assert_string_equal(c.state_dir, "/run/x");
    assert_string_equal(c.libvirt, "qemu:///system");
    assert_int_equal(c.heartbeat_ms, 100);
    assert_int_equal(c.region_count, 2);
    const struct ivd_region_conf *r = ivd_config_region(&c, "one");
    assert_non_null(r);
    assert_string_equal(r->path, "/dev/shm/one");
    assert_int_equal(r->format.region_bytes, 2 * MIB);
    assert_int_equal(r->format.vms, 3);
    assert_int_equal(r->format.jobs, 4);
    assert_int_equal(r->format.chunk_bytes, 8192);
    assert_int_equal(r->format.lease_ms, 2000);
    assert_int_equal(r->mode, 0660);
    assert_string_equal(r->owner, "7");
    assert_string_equal(r->group, "kvm");
    assert_string_equal(r->label, "a:b:c:s0");
    assert_string_equal(r->domains, "one-* two");
    assert_int_equal(r->numa_mask, 0xd);
    assert_int_equal(r->numa_policy, IVD_NUMA_INTERLEAVE);
    assert_true(r->adopt);
    assert_string_equal(r->doorbell, "/run/d");
    assert_int_equal(r->vectors, 8);
    assert_int_equal(ivd_config_region(&c, "a")->vectors, 2);
    assert_int_equal(ivd_config_region(&c, "a")->mode, 0600);
    assert_int_equal(c.vm_count, 1);
    const struct ivl_abi_vm *vm = &c.vms[0].vm;
    assert_string_equal(vm->name, "v1");
    assert_int_equal(vm->mac_count, 2);
    assert_int_equal(vm->vsock_cid, 3);
    assert_string_equal(vm->asset_tag, "rack = 3");
    assert_int_equal(vm->numa_mask, 2);
    assert_int_equal(vm->cpu_mask[0], 3);
    assert_int_equal(vm->cpu_mask[1], 1);
    assert_int_equal(vm->vf_count, 2);
    ivd_config_fini(&c);
}

static void test_refusals(void **state)
{
    (void) state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        { "", "conf:0: no region" },
        { "[daemon]\n", "no region" },
        { "x = 1\n", "conf:1: outside a section: x" },
        { "[daemon]\n\nfoo = 1\n" REGION, "conf:3: unknown key in this section: foo" },
        { "[daemon]\npath = /a\n" REGION, "conf:2: unknown key in this section: path" },
        { "[daemon]\nheartbeat\n", "conf:2: not a key with a value: heartbeat" },
        { "[daemon]\nheartbeat = 99\n", "conf:2: heartbeat: bad value: 99: choose 100" },
        { "[daemon]\nheartbeat = \n", "conf:2: heartbeat: bad value: " },
        { "[daemon]\nheartbeat = 100\nheartbeat = 100\n", "conf:3: twice in this section" },
        { "[daemon]\nsocket = run/s\n", "conf:2: socket: bad value: run/s" },
        { "[daemon]\nlibvirt = yes\n", "conf:2: libvirt: bad value: yes" },
        { "[daemons]\n", "conf:1: unknown section: daemons" },
        { "[daemon\n", "conf:1: a section without its end" },
        { "[daemon] x\n", "conf:1: a section without its end" },
        { "[region a/b]\n", "conf:1: bad name of a region: a/b" },
        { "[region ..]\n", "conf:1: bad name of a region: .." },
        { "[region ]\n", "conf:1: bad name of a region: " },
        { REGION REGION, "conf:4: a second section for region a" },
        { REGION "[region b]\npath = /dev/shm/a\nsize = 1M\n",
          "conf:4: another region has the same" },
        { "[region a]\npath = /dev/shm/a\n", "conf:1: a region without path or size: a" },
        { "[region a]\nsize = 1M\n", "conf:1: a region without path or size: a" },
        { "[region a]\npath = /dev/shm/../a\n", "conf:2: path: bad value" },
        { "[region a]\npath = /dev/shm//a\n", "conf:2: path: bad value: /dev/shm//a" },
        { "[region a]\npath = /dev/shm/./a\n", "conf:2: path: bad value" },
        { "[region a]\npath = /dev/shm/a/\n", "conf:2: path: bad value" },
        { "[region a]\npath = /dev/shm/..\n", "conf:2: path: bad value" },
        { "[region a]\npath = /\n", "conf:2: path: bad value" },
        { REGION "doorbell = /run/d\ngroup = kvm\n", "conf:1: a doorbell that QEMU cannot open" },
        { REGION "doorbell = /run/d\nmode = 0660\n", "conf:1: a doorbell that QEMU cannot open" },
        { REGION "doorbell = /dev/shm/a\nmode = 0660\ngroup = kvm\n",
          "conf:1: path, doorbell and the daemon's socket are not all different: region a" },
        { REGION "doorbell = /run/ivshmemd/socket\nmode = 0660\ngroup = kvm\n",
          "conf:1: path, doorbell and the daemon's socket are not all different: region a" },
        { REGION "doorbell = /run/d\nmode = 0660\ngroup = kvm\n[region b]\npath = /dev/shm/b\n"
                 "size = 1M\ndoorbell = /run/d\nmode = 0660\ngroup = kvm\n",
          "conf:7: another region has the same doorbell: /run/d" },
        { REGION "[region b]\npath = /dev/shm/b\n"
                 "size = 1M\ndoorbell = /dev/shm/a\nmode = 0660\ngroup = kvm\n",
          "conf:4: another region has the same doorbell: /dev/shm/a" },
        { "[region a]\nsize = 3M\n", "conf:2: size: bad value: 3M: choose a power of two" },
        { "[region a]\nsize = 512K\n", "conf:2: size: bad value: 512K" },
        { "[region a]\nmode = 0666\n", "conf:2: mode: bad value: 0666" },
        { "[region a]\nmode = 0400\n", "conf:2: mode: bad value: 0400" },
        { "[region a]\nmode = 0611\n", "conf:2: mode: bad value: 0611" },
        { "[region a]\nvms = 1025\n", "conf:2: vms: bad value: 1025" },
        { "[region a]\njobs = 0\n", "conf:2: jobs: bad value: 0" },
        { "[region a]\nchunk = 5K\n", "conf:2: chunk: bad value: 5K" },
        { "[region a]\nlease = 601\n", "conf:2: lease: bad value: 601" },
        { "[region a]\nnuma = 64\n", "conf:2: numa: bad value: 64" },
        { "[region a]\nnuma-policy = any\n", "conf:2: numa-policy: bad value: any" },
        { "[region a]\nadopt = maybe\n", "conf:2: adopt: bad value: maybe" },
        { "[region a]\nvectors = 9\n", "conf:2: vectors: bad value: 9" },
        { "[region a]\ndoorbell = d\n", "conf:2: doorbell: bad value: d" },
        { "[region a]\nowner =\n", "conf:2: owner: bad value: " },
        { REGION "[vm a b]\n", "conf:4: bad name of a VM: a b" },
        { REGION "[vm v]\nregion = b\n", "conf:4: its region is unknown: VM v" },
        { REGION "[vm v]\nuuid = 1\n", "conf:5: uuid: bad value: 1" },
        { REGION "[vm v]\nmac = 52:54\n", "conf:5: mac: bad value: 52:54" },
        { REGION "[vm v]\nmac = 01:00:5e:00:00:01\n",
          "conf:4: the VM has a MAC address that is zero" },
        { REGION "[vm v]\ncid = 2\n", "conf:5: cid: bad value: 2" },
        { REGION "[vm v]\ncpus = 256\n", "conf:5: cpus: bad value: 256" },
        { REGION "[vm v]\nvf = 05:20.0\n", "conf:5: vf: bad value" },
        { REGION "[vm v]\ncid = 3\n[vm w]\ncid = 3\n",
          "conf:6: another VM has the same vsock CID 3" },
        { REGION "[vm v]\n[vm v]\n", "conf:5: another VM has the same name v" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ivd_config c;
        test_note("case %zu", i);
        expect_refusal(-EINVAL, cases[i].words, parse(cases[i].text, &c, diag));
        ivd_config_fini(&c);
    }
}

static void test_long_and_binary(void **state)
{
    (void) state;
    struct ivd_config c;
    char text[600];
    memset(text, 'a', sizeof(text));
    expect_refusal(-EINVAL, "conf:1: longer than 511 bytes",
                   ivd_config_parse(text, sizeof(text), "conf", &c, diag));
    ivd_config_fini(&c);
    expect_refusal(-EINVAL, "conf:2: longer than 511 bytes, or not text",
                   ivd_config_parse("#\n\0x", 4, "conf", &c, diag));
    ivd_config_fini(&c);
    expect_refusal(-ENOENT, "cannot read it", ivd_config_read("/nonexistent/x", &c, diag));
    expect_refusal(-EINVAL, "not a configuration", ivd_config_read("/dev", &c, diag));
}

/* The sample is understood as it is, and with all that is commented out. */
static void test_sample(void **state)
{
    (void) state;
    char *text = NULL;
    size_t size = 0;
    struct ivd_config c;
    FILE *f = open_memstream(&text, &size);
    ivd_config_print_sample(f);
    fclose(f);
    expect_ok(ivd_config_parse(text, size, "sample", &c, diag));
    assert_int_equal(c.vm_count, 0);
    ivd_config_fini(&c);
    for (char *p = text; *p; p++) {
        if (*p == '#' && p[1] != ' ' && p[1] != '\n') {
            *p = ' ';
        }
    }
    expect_ok(ivd_config_parse(text, size, "sample", &c, diag));
    assert_int_equal(c.vm_count, 1);
    assert_string_equal(c.vms[0].region, "mpi");
    ivd_config_fini(&c);
    free(text);
}

static void test_same_host(void **state)
{
    (void) state;
    struct ivd_config a, b;
    expect_ok(parse(REGION "[vm v]\ncid = 3\n", &a, diag));
    expect_ok(parse(REGION "[vm w]\ncid = 4\n", &b, diag));
    assert_true(ivd_config_same_host(&a, &b));
    ivd_config_fini(&b);
    expect_ok(parse("[region a]\npath = /dev/shm/..a/.b/...\nsize = 1M\n", &b, diag));
    ivd_config_fini(&b);
    expect_ok(parse(REGION "lease = 3\n", &b, diag));
    assert_false(ivd_config_same_host(&a, &b));
    ivd_config_fini(&b);
    expect_ok(parse(REGION "domains = a\n", &b, diag));
    assert_false(ivd_config_same_host(&a, &b));
    ivd_config_fini(&b);
    expect_ok(parse(REGION "label = a:b\n", &b, diag));
    assert_false(ivd_config_same_host(&a, &b));
    ivd_config_fini(&b);
    expect_ok(parse("[daemon]\nheartbeat = 500\n" REGION, &b, diag));
    assert_false(ivd_config_same_host(&a, &b));
    ivd_config_fini(&a);
    ivd_config_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_keys),        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_long_and_binary), cmocka_unit_test(test_sample),
        cmocka_unit_test(test_same_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
