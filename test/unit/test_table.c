/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The locality table: add, read, find, check, remove; hostile and half-written entries; a writer
 * and readers at once.
 */
#include "ivl_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>

static struct ivl_region *region;

static int setup(void **state)
{
    (void) state;
    region = test_region(MIB);
    return 0;
}

static int teardown(void **state)
{
    (void) state;
    test_region_free(region);
    return 0;
}

static uint32_t add(const char *name, uint8_t number)
{
    struct ivl_abi_vm vm = test_vm(name, number);
    uint32_t slot = UINT32_MAX;
    expect_ok(ivl_table_add(region, &vm, UINT32_MAX, &slot, diag));
    return slot;
}

/* Writes an entry's body as a hostile or careless host would. */
static void scribble(uint32_t slot, const struct ivl_abi_vm *vm)
{
    ivl_words_store_release(&ivl_entry_at(region, slot)->vm, vm, sizeof(*vm));
}

static uint64_t table_epoch(void)
{
    return ivl_sh64_load_relaxed(&ivl_super_at(region)->table_epoch);
}

static void test_life(void **state)
{
    (void) state;
    struct ivl_vm vm;
    struct ivl_abi_vm in = test_vm("alpha", 1);
    in.vf_count = 2;
    in.vfs[1] = (struct ivl_abi_vf){
        .pci_domain = 0xffff, .pci_bus = 255, .pci_device = 31, .pci_function = 7, .node_guid = 42
    };
    in.numa_mask = 3;
    in.cpu_mask[3] = UINT64_MAX;
    in.state = 77; /* ignored */
    expect_rc(-ENOENT, ivl_table_read(region, 0, &vm, diag));
    expect_ok(ivl_table_check(region, diag));
    expect_ok(ivl_table_add(region, &in, UINT32_MAX, NULL, diag));
    assert_int_equal(table_epoch(), 1);
    assert_int_equal(add("beta", 2), 1);
    expect_ok(ivl_table_check(region, diag));

    expect_ok(ivl_table_read(region, 0, &vm, diag));
    in.state = IVL_VM_ACTIVE;
    in.epoch = 1;
    assert_int_equal(vm.slot, 0);
    assert_memory_equal(&vm.vm, &in, sizeof(in));
    expect_ok(ivl_table_find(region, "beta", &vm, diag));
    assert_int_equal(vm.slot, 1);
    assert_int_equal(vm.vm.epoch, 2);

    expect_ok(ivl_table_remove(region, 0, diag));
    assert_int_equal(table_epoch(), 3);
    expect_rc(-ENOENT, ivl_table_remove(region, 0, diag));
    expect_rc(-ERANGE, ivl_table_remove(region, 8, diag));
    expect_rc(-ENOENT, ivl_table_read(region, 0, &vm, diag));
    expect_rc(-ENOENT, ivl_table_find(region, "alpha", &vm, diag));
    assert_int_equal(add("gamma", 3), 0);
    expect_ok(ivl_table_read(region, 0, &vm, diag));
    assert_int_equal(vm.vm.epoch, 4); /* never reused */
}

static void test_slots(void **state)
{
    (void) state;
    struct ivl_abi_vm vm = test_vm("vm", 9);
    struct ivl_vm found;
    uint32_t slot;
    expect_ok(ivl_table_add(region, &vm, 7, &slot, diag));
    assert_int_equal(slot, 7);
    vm = test_vm("vm2", 10);
    expect_rc(-EEXIST, ivl_table_add(region, &vm, 7, &slot, diag));
    expect_rc(-ERANGE, ivl_table_add(region, &vm, 8, &slot, diag));
    expect_rc(-ERANGE, ivl_table_add(region, &vm, UINT32_MAX - 1, &slot, diag));
    for (uint8_t i = 0; i < 7; i++) {
        char name[8];
        snprintf(name, sizeof(name), "n%u", i);
        assert_int_equal(add(name, i), i);
    }
    expect_rc(-ENOMEM, ivl_table_add(region, &vm, UINT32_MAX, &slot, diag));
    expect_rc(-ERANGE, ivl_table_read(region, 8, &found, diag));
    expect_rc(-ERANGE, ivl_table_read(region, UINT32_MAX, &found, diag));
}

static void test_find(void **state)
{
    (void) state;
    struct ivl_vm vm;
    add("5", 1); /* a name that looks like a slot */
    add("x", 2);
    expect_ok(ivl_table_find(region, "5", &vm, diag));
    assert_int_equal(vm.slot, 0);
    expect_ok(ivl_table_find(region, "1", &vm, diag));
    assert_string_equal(vm.vm.name, "x");
    static const char *const bad[] = {
        "", "y", "2", "8", "-1", "+1", " 1", "1 ", "0x1", "4294967297", "99999999999999999999"
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        test_note("%s", bad[i]);
        expect_rc(-ENOENT, ivl_table_find(region, bad[i], &vm, diag));
    }
}

/* ---- what makes an entry bad --------------------------------------------------------------- */

static void no_end_of_name(struct ivl_abi_vm *vm)
{
    memset(vm->name, 'a', sizeof(vm->name));
}
static void no_name(struct ivl_abi_vm *vm)
{
    vm->name[0] = '\0';
}
static void blank_in_name(struct ivl_abi_vm *vm)
{
    strcpy(vm->name, "a b");
}
static void slash_in_name(struct ivl_abi_vm *vm)
{
    strcpy(vm->name, "a/b");
}
static void control_in_name(struct ivl_abi_vm *vm)
{
    strcpy(vm->name, "a\x1b[2J");
}
static void high_bit_in_name(struct ivl_abi_vm *vm)
{
    strcpy(vm->name, "a\xc3\xa4");
}
static void no_end_of_tag(struct ivl_abi_vm *vm)
{
    memset(vm->asset_tag, 'a', sizeof(vm->asset_tag));
}
static void newline_in_tag(struct ivl_abi_vm *vm)
{
    strcpy(vm->asset_tag, "a\nb");
}
static void many_macs(struct ivl_abi_vm *vm)
{
    vm->mac_count = IVL_VM_MACS_MAX + 1;
}
static void most_macs(struct ivl_abi_vm *vm)
{
    vm->mac_count = UINT32_MAX;
}
static void zero_mac(struct ivl_abi_vm *vm)
{
    memset(vm->macs[0], 0, 6);
}
static void group_mac(struct ivl_abi_vm *vm)
{
    memset(vm->macs[0], 0xff, 6);
}
static void many_vfs(struct ivl_abi_vm *vm)
{
    vm->vf_count = IVL_VM_VFS_MAX + 1;
}
static void most_vfs(struct ivl_abi_vm *vm)
{
    vm->vf_count = UINT32_MAX;
}
static void vf_domain(struct ivl_abi_vm *vm)
{
    vm->vf_count = 1;
    vm->vfs[0].pci_domain = 0x10000;
}
static void vf_device(struct ivl_abi_vm *vm)
{
    vm->vf_count = IVL_VM_VFS_MAX;
    vm->vfs[IVL_VM_VFS_MAX - 1].pci_device = 32;
}
static void vf_function(struct ivl_abi_vm *vm)
{
    vm->vf_count = 1;
    vm->vfs[0].pci_function = 8;
}
static void cid_1(struct ivl_abi_vm *vm)
{
    vm->vsock_cid = 1;
}
static void cid_2(struct ivl_abi_vm *vm)
{
    vm->vsock_cid = 2;
}
static void cid_any(struct ivl_abi_vm *vm)
{
    vm->vsock_cid = UINT32_MAX;
}

static void (*const spoilers[])(struct ivl_abi_vm *vm) = {
    no_end_of_name,   no_name,       blank_in_name,  slash_in_name, control_in_name,
    high_bit_in_name, no_end_of_tag, newline_in_tag, many_macs,     most_macs,
    zero_mac,         group_mac,     many_vfs,       most_vfs,      vf_domain,
    vf_device,        vf_function,   cid_1,          cid_2,         cid_any,
};

static void test_flaws(void **state)
{
    (void) state;
    add("good", 1);
    for (size_t i = 0; i < sizeof(spoilers) / sizeof(spoilers[0]); i++) {
        struct ivl_abi_vm vm = test_vm("other", 2);
        struct ivl_vm out;
        test_note("spoiler %zu", i);
        spoilers[i](&vm);
        expect_rc(-EINVAL, ivl_table_add(region, &vm, UINT32_MAX, NULL, diag));
        vm.state = IVL_VM_ACTIVE;
        scribble(1, &vm);
        expect_rc(-EBADMSG, ivl_table_read(region, 1, &out, diag));
        expect_rc(-EBADMSG, ivl_table_check(region, diag));
        expect_rc(-ENOENT, ivl_table_find(region, "other", &out, diag));
        expect_ok(ivl_table_find(region, "good", &out, diag));
        expect_ok(ivl_table_remove(region, 1, diag)); /* a damaged entry can be removed */
        expect_ok(ivl_table_check(region, diag));
    }
}

static void test_unknown_state(void **state)
{
    (void) state;
    struct ivl_vm out;
    struct ivl_abi_vm vm = test_vm("vm", 1);
    vm.state = IVL_VM_GONE + 1;
    scribble(3, &vm);
    expect_rc(-EBADMSG, ivl_table_read(region, 3, &out, diag));
    vm.state = UINT32_MAX;
    scribble(3, &vm);
    expect_rc(-EBADMSG, ivl_table_read(region, 3, &out, diag));
}

static void test_tidies(void **state)
{
    (void) state;
    struct ivl_vm out;
    struct ivl_abi_vm vm = test_vm("vm", 1), want = vm;
    want.state = vm.state = IVL_VM_ACTIVE;
    vm.name[10] = 'x';
    vm.asset_tag[63] = 'y';
    memset(vm.macs[1], 0xee, sizeof(vm.macs) - 6);
    memset(vm.vfs, 0xee, sizeof(vm.vfs));
    scribble(0, &vm);
    expect_ok(ivl_table_read(region, 0, &out, diag));
    assert_memory_equal(&out.vm, &want, sizeof(want));
}

/* ---- shared identities --------------------------------------------------------------------- */

static void share_name(struct ivl_abi_vm *vm, const struct ivl_abi_vm *other)
{
    memcpy(vm->name, other->name, sizeof(vm->name));
}
static void share_uuid(struct ivl_abi_vm *vm, const struct ivl_abi_vm *other)
{
    memcpy(vm->uuid, other->uuid, sizeof(vm->uuid));
}
static void share_cid(struct ivl_abi_vm *vm, const struct ivl_abi_vm *other)
{
    vm->vsock_cid = other->vsock_cid;
}
static void share_tag(struct ivl_abi_vm *vm, const struct ivl_abi_vm *other)
{
    memcpy(vm->asset_tag, other->asset_tag, sizeof(vm->asset_tag));
}
static void share_mac(struct ivl_abi_vm *vm, const struct ivl_abi_vm *other)
{
    vm->mac_count = IVL_VM_MACS_MAX;
    for (uint8_t i = 0; i < IVL_VM_MACS_MAX; i++) {
        memcpy(vm->macs[i], (uint8_t[]){ 2, 9, 9, 9, 9, i }, 6);
    }
    memcpy(vm->macs[IVL_VM_MACS_MAX - 1], other->macs[0], 6);
}

static void test_shared_identities(void **state)
{
    (void) state;
    static const struct {
        void (*share)(struct ivl_abi_vm *vm, const struct ivl_abi_vm *other);
        const char *named;
    } cases[] = { { share_name, "name" },
                  { share_uuid, "UUID" },
                  { share_cid, "vsock CID" },
                  { share_tag, "asset tag" },
                  { share_mac, "MAC address" } };
    struct ivl_abi_vm first = test_vm("first", 1);
    add("first", 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ivl_diag found;
        struct ivl_abi_vm vm = test_vm("second", 2);
        cases[i].share(&vm, &first);
        assert_int_equal(ivl_table_add(region, &vm, UINT32_MAX, NULL, &found), -EEXIST);
        assert_non_null(strstr(found.what, cases[i].named));
        assert_non_null(strstr(found.what, "first"));
        vm.state = IVL_VM_ACTIVE;
        scribble(5, &vm);
        assert_int_equal(ivl_table_check(region, &found), -EBADMSG);
        assert_non_null(strstr(found.what, cases[i].named));
        expect_ok(ivl_table_remove(region, 5, diag));
    }
    expect_ok(ivl_table_check(region, diag));
    struct ivl_abi_vm bare = { .name = "bare" }, bare2 = { .name = "bare2" };
    expect_ok(ivl_table_add(region, &bare, UINT32_MAX, NULL, diag));
    expect_ok(ivl_table_add(region, &bare2, UINT32_MAX, NULL, diag)); /* unknowns are not shared */
}

/* ---- writers that die, jobs that stay ------------------------------------------------------- */

static void test_odd_forever(void **state)
{
    (void) state;
    struct ivl_vm out;
    struct ivl_abi_vm vm = test_vm("vm3", 3);
    add("vm1", 1);
    add("vm2", 2);
    ivl_sh32_store_relaxed(&ivl_entry_at(region, 0)->seq, 5);
    expect_rc(-EAGAIN, ivl_table_read(region, 0, &out, diag)); /* and comes back at all */
    expect_rc(-EBADMSG, ivl_table_check(region, diag));
    expect_ok(ivl_table_find(region, "vm2", &out, diag));
    expect_ok(ivl_table_add(region, &vm, UINT32_MAX, NULL, diag)); /* takes the slot over */
    expect_ok(ivl_table_read(region, 0, &out, diag));
    assert_string_equal(out.vm.name, "vm3");
    ivl_sh32_store_relaxed(&ivl_entry_at(region, 1)->seq, UINT32_MAX);
    expect_ok(ivl_table_remove(region, 1, diag));
    expect_rc(-ENOENT, ivl_table_read(region, 1, &out, diag));
    assert_int_equal(ivl_sh32_load_relaxed(&ivl_entry_at(region, 1)->seq), 0); /* wraps */
}

static void test_gone(void **state)
{
    (void) state;
    struct ivl_vm out;
    uint64_t off;
    add("vm0", 1);
    add("vm1", 2);
    add("vm2", 3);
    struct ivl_job job = test_job(region, &off); /* by VM 0 */
    struct ivl_abi_member *lines = (void *) (region->base + off);
    ivl_sh32_store_relaxed(&lines[2].vm_slot, 2);
    ivl_sh32_store_relaxed(&lines[2].state, IVL_MEMBER_JOINED);
    expect_ok(ivl_table_remove(region, 0, diag));
    expect_ok(ivl_table_remove(region, 1, diag));
    expect_ok(ivl_table_remove(region, 2, diag));
    expect_ok(ivl_table_read(region, 0, &out, diag));
    assert_int_equal(out.vm.state, IVL_VM_GONE);
    expect_rc(-ENOENT, ivl_table_read(region, 1, &out, diag)); /* named by nobody */
    expect_ok(ivl_table_read(region, 2, &out, diag));
    assert_int_equal(out.vm.state, IVL_VM_GONE);
    expect_rc(-ENOENT, ivl_table_find(region, "vm0", &out, diag));
    expect_ok(ivl_table_check(region, diag));
    assert_int_equal(add("new", 1), 1); /* an identity that is gone can be given again */
    assert_int_equal(add("new2", 2), 3);
    assert_int_equal(ivl_job_end(region, &job), 0);
    assert_int_equal(add("new3", 3), 0);          /* the job is over */
    expect_ok(ivl_table_remove(region, 2, diag)); /* what is gone can be removed for good */
    expect_rc(-ENOENT, ivl_table_read(region, 2, &out, diag));
}

static void test_lock(void **state)
{
    (void) state;
    char dir[64], uri[128];
    const struct ivl_format fmt = { .region_bytes = MIB };
    struct ivl_abi_vm vm = test_vm("vm", 1);
    struct ivl_region *file;
    test_dir(dir);
    snprintf(uri, sizeof(uri), "file:%s/region", dir);
    expect_ok(ivl_region_create_file(uri + 5, &fmt, 0600, false, diag));
    expect_ok(ivl_region_open(uri, 0, &file, diag));
    int fd = open(uri + 5, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    expect_rc(-EAGAIN, ivl_table_add(file, &vm, UINT32_MAX, NULL, diag));
    close(fd);
    fd = open(uri + 5, O_RDWR);
    expect_ok(ivl_table_add(file, &vm, UINT32_MAX, NULL, diag));
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0); /* given back */
    assert_int_equal(flock(fd, LOCK_UN), 0);
    expect_rc(-EEXIST, ivl_table_add(file, &vm, UINT32_MAX, NULL, diag));
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(flock(fd, LOCK_UN), 0);
    expect_ok(ivl_table_remove(file, 0, diag));
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    close(fd);
    ivl_region_close(file);
    test_dir_free(dir);
}

/* ---- one writer, many readers --------------------------------------------------------------- */

#define ROUNDS 10000

static bool writing;

/* Every field of a body says the same number. */
static void fill_uniform(struct ivl_abi_vm *vm, uint8_t n)
{
    *vm = test_vm("vm", (uint8_t) (n | 1));
    memset(vm->uuid, n, sizeof(vm->uuid));
    vm->numa_mask = n;
    vm->cpu_mask[0] = vm->cpu_mask[3] = n;
}

static void *reader(void *arg)
{
    uintptr_t *torn = arg, reads = 0;
    while (__atomic_load_n(&writing, __ATOMIC_ACQUIRE) || reads < 100) {
        struct ivl_vm vm;
        if (ivl_table_read(region, 0, &vm, NULL) == 0) {
            uint8_t n = vm.vm.uuid[0];
            *torn += vm.vm.uuid[15] != n || vm.vm.numa_mask != n || vm.vm.cpu_mask[0] != n ||
                     vm.vm.cpu_mask[3] != n;
        }
        reads++;
    }
    return NULL;
}

static void test_torn_reads(void **state)
{
    (void) state;
    pthread_t threads[3];
    uintptr_t torn[3] = { 0 };
    __atomic_store_n(&writing, true, __ATOMIC_RELEASE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &torn[i]), 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        struct ivl_abi_vm vm;
        fill_uniform(&vm, (uint8_t) i);
        expect_ok(ivl_table_add(region, &vm, 0, NULL, diag));
        expect_ok(ivl_table_remove(region, 0, diag));
    }
    __atomic_store_n(&writing, false, __ATOMIC_RELEASE);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(torn[i], 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_life),
        TEST(test_slots),
        TEST(test_find),
        TEST(test_flaws),
        TEST(test_unknown_state),
        TEST(test_tidies),
        TEST(test_shared_identities),
        TEST(test_odd_forever),
        TEST(test_gone),
        TEST(test_lock),
        TEST(test_torn_reads),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
