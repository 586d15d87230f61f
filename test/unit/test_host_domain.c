/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A libvirt domain's XML to an entry of the table, with a made-up sysfs.
 */
#include "host_test.h"

#include <sys/stat.h>

#include "domain.h"
#include "revoked.h"

static char root[64];

static void make_dir(const char *path)
{
    char full[200];
    snprintf(full, sizeof(full), "%s%s", root, path);
    for (char *p = full + strlen(root) + 1; *p; p++) {
        if (*p == '/') {
            *p = '\0';
            mkdir(full, 0755);
            *p = '/';
        }
    }
    assert_int_equal(mkdir(full, 0755), 0);
}

static void make_link(const char *to, const char *path)
{
    char full[200];
    snprintf(full, sizeof(full), "%s%s", root, path);
    assert_int_equal(symlink(to, full), 0);
}

/* Two VFs of one PF, the second with a node GUID; and a device that is no VF. */
static int setup(void **state)
{
    (void) state;
    char path[200];
    test_dir(root);
    make_dir("/sys/bus/pci/devices/0000:41:00.0/sriov/1");
    make_dir("/sys/bus/pci/devices/0000:41:00.2");
    make_dir("/sys/bus/pci/devices/0000:41:00.3");
    make_dir("/sys/bus/pci/devices/0000:50:00.0");
    make_link("../0000:41:00.0", "/sys/bus/pci/devices/0000:41:00.2/physfn");
    make_link("../0000:41:00.0", "/sys/bus/pci/devices/0000:41:00.3/physfn");
    make_link("../0000:41:00.2", "/sys/bus/pci/devices/0000:41:00.0/virtfn0");
    make_link("../0000:41:00.3", "/sys/bus/pci/devices/0000:41:00.0/virtfn1");
    snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/0000:41:00.0/sriov/1/node", root);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("00:02:c9:03:00:00:12:34\n", f);
    fclose(f);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    test_dir_free(root);
    return 0;
}

static char *read_sample(const char *name, size_t *length)
{
    const char *srcdir = getenv("srcdir");
    char path[300];
    static char text[65536];
    snprintf(path, sizeof(path), "%s/test/unit/domains/%s", srcdir ? srcdir : ".", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    *length = fread(text, 1, sizeof(text), f);
    fclose(f);
    return text;
}

static void test_full(void **state)
{
    (void) state;
    struct ivd_domain d;
    size_t length;
    const char *xml = read_sample("full.xml", &length);
    expect_ok(ivd_domain_parse(xml, length, root, &d, diag));
    const struct ivl_abi_vm *vm = &d.vm.vm;
    char uuid[37];
    ivl_uuid_format(vm->uuid, uuid);
    assert_string_equal(vm->name, "node_1_a");
    assert_string_equal(uuid, "01234567-89ab-cdef-0123-456789abcdef");
    assert_string_equal(vm->asset_tag, "rack 3, slot 1");
    assert_int_equal(vm->vsock_cid, 5);
    assert_int_equal(vm->mac_count, 2);
    assert_int_equal(vm->macs[1][5], 2);
    assert_int_equal(vm->cpu_mask[0], 0xc);
    assert_int_equal(vm->cpu_mask[1], 0x7b);
    assert_int_equal(vm->cpu_mask[3], UINT64_C(1) << 63);
    assert_int_equal(vm->numa_mask, 0xa);
    assert_int_equal(vm->vf_count, 2); /* not the device that is no VF */
    assert_int_equal(vm->vfs[0].pci_bus, 5);
    assert_int_equal(vm->vfs[0].node_guid, 0);
    assert_int_equal(vm->vfs[1].pci_bus, 6);
    assert_int_equal(vm->vfs[1].pci_device, 1);
    assert_int_equal(vm->vfs[1].node_guid, 0x0002c90300001234);
    assert_int_equal(d.path_count, 3);
    assert_false(d.more_paths);
    assert_string_equal(d.paths[0], "/dev/shm/mpi");
    assert_string_equal(d.paths[1], "/dev/hugepages/mpi");
    assert_string_equal(d.paths[2], "/dev/shm/a,b");
}

static int parse(const char *xml, struct ivd_domain *d, struct ivl_diag *diag)
{
    return ivd_domain_parse(xml, strlen(xml), "/nonexistent", d, diag);
}

static void test_little(void **state)
{
    (void) state;
    struct ivd_domain d;
    expect_ok(parse("<domain><name>a</name></domain>", &d, diag));
    assert_string_equal(d.vm.vm.name, "a");
    assert_int_equal(d.path_count, 0);
    /* pinning of all vCPUs; a tag that the guest does not see; addresses of no use */
    expect_ok(parse("<domain><name>a</name><vcpu cpuset='1-2'>2</vcpu><uuid>x</uuid>"
                    "<sysinfo><chassis><entry name='asset'>t</entry></chassis></sysinfo><devices>"
                    "<interface><mac address='01:00:5e:00:00:01'/></interface><interface/>"
                    "<interface><mac address='00:00:00:00:00:00'/></interface>"
                    "<vsock><cid auto='yes'/></vsock><vsock><cid address='2'/></vsock>"
                    "<interface type='hostdev'><source><address bus='0x100' slot='0'/></source>"
                    "<address bus='1' slot='0'/></interface><shmem/></devices></domain>",
                    &d, diag));
    assert_int_equal(d.vm.vm.cpu_mask[0], 6);
    assert_int_equal(d.vm.vm.mac_count, 0);
    assert_int_equal(d.vm.vm.vsock_cid, 0);
    assert_int_equal(d.vm.vm.vf_count, 0);
    assert_string_equal(d.vm.vm.asset_tag, "");
}

static void append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    assert_true(strlen(more) < size - used);
    memcpy(text + used, more, strlen(more) + 1);
}

static void test_too_much(void **state)
{
    (void) state;
    struct ivd_domain d;
    char xml[8192] = "<domain><name>", part[200];
    for (int i = 0; i < 200; i++) {
        append(xml, sizeof(xml), "n");
    }
    append(xml, sizeof(xml), "</name><devices>");
    for (int i = 1; i <= 12; i++) {
        snprintf(part, sizeof(part),
                 "<interface type='hostdev'><mac address='52:54:00:00:00:%02d'/><source><address "
                 "bus='1' slot='%d'/></source><address bus='2' slot='%d'/></interface><shmem "
                 "name='s%d'/>",
                 i, i, i, i);
        append(xml, sizeof(xml), part);
    }
    append(xml, sizeof(xml), "</devices></domain>");
    expect_ok(parse(xml, &d, diag));
    assert_int_equal(strlen(d.vm.vm.name), IVL_VM_NAME_BYTES - 1);
    assert_int_equal(d.vm.vm.mac_count, IVL_VM_MACS_MAX);
    assert_int_equal(d.vm.vm.vf_count, IVL_VM_VFS_MAX);
    assert_int_equal(d.path_count, IVD_DOMAIN_PATHS_MAX);
    assert_true(d.more_paths);
}

static void test_refused(void **state)
{
    (void) state;
    static const char *const cases[] = {
        "",
        "x",
        "<domain>",
        "<network><name>a</name></network>",
        "<domain/>",
        "<domain><name/></domain>",
        "<!DOCTYPE domain [<!ENTITY a 'b'>]><domain><name>&a;</name></domain>",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ivd_domain d;
        test_note("case %zu", i);
        expect_rc(-EINVAL, parse(cases[i], &d, diag));
    }
}

static struct ivd_region_conf region_of(const char *path, const char *doorbell)
{
    struct ivd_region_conf region = { .name = "r", .vectors = 3 };
    region.format.region_bytes = MIB;
    snprintf(region.path, sizeof(region.path), "%s", path);
    snprintf(region.doorbell, sizeof(region.doorbell), "%s", doorbell);
    return region;
}

/* How the domain has it; with the element if it is a device. */
static int presence(const char *xml, const struct ivd_region_conf *r, const char *element)
{
    char *text = NULL;
    int rc = ivd_domain_presence(xml, strlen(xml), r, &text);
    assert_int_equal(text != NULL, rc == IVD_PRESENT_SHMEM);
    if (text) {
        assert_non_null(strstr(text, element));
    }
    free(text);
    return rc;
}

static void test_presence(void **state)
{
    (void) state;
    size_t length;
    const char *doorbell =
        "<domain><name>a</name><devices><shmem name='mpi'><model "
        "type='ivshmem-doorbell'/><server path='/run/d'/></shmem></devices></domain>";
    const char *line = "<domain><name>a</name><commandline><arg value='-object'/>"
                       "<arg value='memory-backend-file,id=m,mem-path=/dev/hugepages/mpi,size=1M'/>"
                       "</commandline></domain>";
    struct ivd_region_conf r = region_of("/dev/shm/mpi", "");
    struct ivd_domain d;
    char *xml = read_sample("full.xml", &length);
    xml[length] = '\0';
    assert_int_equal(presence(xml, &r, "<size unit=\"M\">16</size>"), IVD_PRESENT_SHMEM);
    assert_int_equal(presence("x", &r, ""), -EINVAL); /* not the same as none */
    assert_int_equal(presence("", &r, ""), -EINVAL);
    assert_int_equal(presence(doorbell, &r, ""), IVD_PRESENT_NOT); /* its name is not a file's */
    r = region_of("/dev/shm/mp", "");
    assert_int_equal(presence(xml, &r, ""), IVD_PRESENT_NOT);
    r = region_of("/dev/hugepages/mpi", "/run/d");
    assert_int_equal(presence(doorbell, &r, "/run/d"), IVD_PRESENT_SHMEM);
    assert_int_equal(presence(line, &r, ""), IVD_PRESENT_COMMANDLINE);
    expect_ok(parse(doorbell, &d, diag));
    assert_int_equal(d.path_count, 1);
    assert_true(ivd_domain_has(&d, &r));
    r = region_of("/dev/shm/mpi", "");
    assert_int_equal(presence(line, &r, ""), IVD_PRESENT_NOT);
    assert_false(ivd_domain_has(&d, &r));
    assert_false(ivd_path_is_region("", &r));
}

/* Atomics of an emulated domain with one possible vCPU are none for other VMs. */
static void test_lone_emulation(void **state)
{
    (void) state;
    static const struct {
        const char *xml;
        int want;
    } cases[] = {
        { "<domain type='qemu'><vcpu>1</vcpu></domain>", IVD_PRESENT_NEVER },
        { "<domain type='qemu'><vcpu>1\n </vcpu></domain>", IVD_PRESENT_NEVER },
        { "<domain type='qemu'><vcpu current='1'>1</vcpu></domain>", IVD_PRESENT_NEVER },
        { "<domain type='qemu'><name>a</name></domain>", IVD_PRESENT_NEVER },
        { "<domain type='qemu'><vcpu current='1'>2</vcpu></domain>", IVD_PRESENT_NOT },
        { "<domain type='kvm'><vcpu>1</vcpu></domain>", IVD_PRESENT_NOT },
        { "<domain type='qemu'><vcpu>1</vcpu><devices><shmem name='mpi'/></devices></domain>",
          IVD_PRESENT_SHMEM }, /* it must come off */
    };
    struct ivd_region_conf r = region_of("/dev/shm/mpi", "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(presence(cases[i].xml, &r, ""), cases[i].want);
    }
}

/* Ordered back, and not let go of. */
static void test_revoked(void **state)
{
    (void) state;
    struct ivd_revoked revoked = { .count = 0 };
    struct ivd_revocation item = { .uuid = { 1 }, .run = 5 };
    struct ivd_domain d = { .vm = { .run = 5 }, .path_count = 2 }, copy;
    item.region = region_of("/dev/shm/mpi", "");
    d.vm.vm.uuid[0] = 1;
    d.vm.vm.name[0] = 'a';
    strcpy(d.paths[0], "/dev/shm/mpi");
    strcpy(d.paths[1], "/dev/shm/b");
    assert_true(ivd_revoked_add(&revoked, &item));
    assert_true(ivd_revoked_add(&revoked, &item));
    for (int i = 0; i < 2; i++) { /* it holds, look after look */
        copy = d;
        ivd_revoked_apply(&revoked, &copy, 1);
        assert_int_equal(copy.path_count, 1);
        assert_string_equal(copy.paths[0], "/dev/shm/b");
    }
    ivd_revoked_remove(&revoked, &item); /* attached again */
    copy = d;
    ivd_revoked_apply(&revoked, &copy, 1);
    assert_int_equal(copy.path_count, 2);

    assert_true(ivd_revoked_add(&revoked, &item));
    copy.vm.vm.name[0] = '\0'; /* not described for once */
    copy.path_count = 0;
    ivd_revoked_apply(&revoked, &copy, 1);
    copy = d;
    ivd_revoked_apply(&revoked, &copy, 1);
    assert_int_equal(copy.path_count, 1);
    copy = d;
    copy.vm.run = 6; /* started anew */
    ivd_revoked_apply(&revoked, &copy, 1);
    assert_int_equal(copy.path_count, 2);
    assert_int_equal(revoked.count, 0);
    ivd_revoked_fini(&revoked);
}

static void expect_shmem(const char *path, const char *doorbell, const char *want)
{
    struct ivd_region_conf r = region_of(path, doorbell);
    char *text = ivd_shmem_make(&r);
    if (want) {
        assert_non_null(text);
        assert_string_equal(text, want);
    } else {
        assert_null(text);
    }
    free(text);
}

static void test_shmem_make(void **state)
{
    (void) state;
    expect_shmem("/dev/shm/a.b", "",
                 "<shmem name='a.b' role='peer'><model type='ivshmem-plain'/>"
                 "<size unit='B'>1048576</size></shmem>");
    expect_shmem("/dev/hugepages/a", "/run/d",
                 "<shmem name='r'><model type='ivshmem-doorbell'/><server path='/run/d'/>"
                 "<msi vectors='3'/></shmem>");
    expect_shmem("/dev/shm/", "", NULL);
    expect_shmem("/dev/shm/a/b", "", NULL);
    expect_shmem("/dev/shm/a'b", "", NULL);
    expect_shmem("/dev/hugepages/a", "", NULL);
    expect_shmem("/dev/hugepages/a", "/run/d'", NULL);
}

static void test_cpusets(void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool ok;
        uint64_t mask;
    } cases[] = {
        { "0", true, 1 },
        { "0-3,^2", true, 0xb },
        { " 1 , 3 ", true, 0xa },
        { "0-1000", true, ~UINT64_C(0) },
        { "70", true, 0 },
        { "", false, 0 },
        { "1,", false, 0 },
        { "a", false, 0 },
        { "3-1", false, 0 },
        { "1-", false, 0 },
        { "^0-1", false, 0 },
        { "1 2", false, 0 },
        { "99999999999", false, 0 },
        { "0-999999999", false, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t mask = 0;
        test_note("\"%s\"", cases[i].text);
        if (ivd_cpuset_parse(cases[i].text, &mask, 64) != cases[i].ok || mask != cases[i].mask) {
            print_error("%s: mask %#lx\n", test_case, (unsigned long) mask);
            fail();
        }
    }
}

static void test_objects(void **state)
{
    (void) state;
    char path[IVD_PATH_BYTES], longer[400];
    static const char *const none[] = {
        "",
        "{",
        "{}",
        "[]",
        "{\"mem-path\":1}",
        "{\"id\":\"mem-path\"}",
        "rng-random,id=a",
        "memory-backend-file,mem-path=",
        "memory-backend-file,amem-path=/x",
    };
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        test_note("\"%s\"", none[i]);
        assert_false(ivd_object_path(none[i], path));
    }
    memset(longer, 'a', sizeof(longer));
    memcpy(longer, "x,mem-path=", 11);
    longer[399] = '\0';
    assert_false(ivd_object_path(longer, path));
    assert_true(ivd_object_path("memory-backend-file,mem-path=/a,,", path));
    assert_string_equal(path, "/a,");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test(test_little),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_presence),
        cmocka_unit_test(test_lone_emulation),
        cmocka_unit_test(test_revoked),
        cmocka_unit_test(test_shmem_make),
        cmocka_unit_test(test_cpusets),
        cmocka_unit_test(test_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
