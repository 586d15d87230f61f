/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The daemon's truth: reconciling it with lists of VMs, keeping it in a file, publishing it over what
 * a guest wrote.
 */
#include "host_test.h"

#include <fcntl.h>

#include "state.h"
#include "table.h"

static struct ivd_table table;
static char refusals[400];

static int setup(void **state)
{
    (void) state;
    refusals[0] = '\0';
    return ivd_table_init(&table, 4);
}

static int teardown(void **state)
{
    (void) state;
    ivd_table_fini(&table);
    return 0;
}

static void refused(void *arg, const struct ivd_vm *vm, const char *reason)
{
    size_t used = strlen(refusals);
    assert_ptr_equal(arg, &table);
    snprintf(refusals + used, sizeof(refusals) - used, "%s: %s;", vm->vm.name, reason);
}

static struct ivd_vm vm_of(const char *name, uint8_t number, uint64_t run)
{
    return (struct ivd_vm){ .vm = test_vm(name, number), .run = run };
}

static struct ivd_table_change reconcile(const struct ivd_vm *list, uint32_t n,
                                         enum ivd_absent absent, uint64_t now)
{
    const struct ivd_vm_list all = { list, n, true };
    return ivd_table_reconcile(&table, &all, absent, now, refused, &table);
}

static void test_life(void **state)
{
    (void) state;
    struct ivd_vm list[] = { vm_of("a", 1, 1), vm_of("b", 2, 1) };
    struct ivd_table_change change = reconcile(list, 2, IVD_ABSENT_LEAVE, 10);
    assert_int_equal(change.added, 2);
    assert_int_equal(table.epoch, 2);
    assert_int_equal(table.entries[1].vm.epoch, 2);
    change = reconcile(list, 2, IVD_ABSENT_LEAVE, 11);
    assert_int_equal(change.added + change.updated + change.removed, 0);
    assert_int_equal(table.epoch, 2);

    list[1].vm.numa_mask = 5; /* changed while it runs: same slot, same epoch */
    change = reconcile(list, 2, IVD_ABSENT_LEAVE, 12);
    assert_int_equal(change.updated, 1);
    assert_int_equal(table.entries[1].vm.numa_mask, 5);
    assert_int_equal(table.entries[1].vm.epoch, 2);
    assert_int_equal(table.epoch, 3);

    const struct ivd_vm_list part = { &list[1], 1, false };
    change = ivd_table_reconcile(&table, &part, IVD_ABSENT_LEAVE, 13, refused, &table);
    assert_int_equal(change.removed, 0);
    change = reconcile(&list[1], 1, IVD_ABSENT_LEAVE, 13);
    assert_int_equal(change.removed, 1);
    assert_int_equal(table.entries[0].vm.state, IVL_VM_FREE);
    assert_int_equal(table.entries[1].vm.state, IVL_VM_ACTIVE); /* keeps its slot */
    assert_int_equal(ivd_table_active(&table), 1);
}

static void test_restarted(void **state)
{
    (void) state;
    struct ivd_vm list[] = { vm_of("a", 1, 1) };
    reconcile(list, 1, IVD_ABSENT_GONE, 10);
    list[0].run = 2;
    struct ivd_table_change change = reconcile(list, 1, IVD_ABSENT_GONE, 20);
    assert_int_equal(change.removed, 1);
    assert_int_equal(change.added, 1);
    assert_int_equal(table.entries[0].vm.state, IVL_VM_GONE);
    assert_int_equal(table.entries[1].vm.state, IVL_VM_ACTIVE);
    assert_true(table.entries[1].vm.epoch > table.entries[0].vm.epoch);
}

static void test_forget(void **state)
{
    (void) state;
    struct ivd_vm list[] = { vm_of("a", 1, 1), vm_of("b", 2, 1) };
    reconcile(list, 2, IVD_ABSENT_GONE, 10);
    reconcile(list, 1, IVD_ABSENT_GONE, 20);
    assert_int_equal(ivd_table_forget(&table, 5), 0); /* a job from before still lives */
    assert_int_equal(ivd_table_forget(&table, 20), 0);
    uint64_t epoch = table.epoch;
    assert_int_equal(ivd_table_forget(&table, 21), 1);
    assert_int_equal(table.entries[1].vm.state, IVL_VM_FREE);
    assert_true(table.epoch > epoch);
    reconcile(NULL, 0, IVD_ABSENT_GONE, 30);
    assert_int_equal(ivd_table_forget(&table, UINT64_MAX), 1);
}

static void test_clash(void **state)
{
    (void) state;
    struct ivd_vm list[] = { vm_of("a", 1, 1), vm_of("b", 2, 1), vm_of("c", 3, 1) };
    memcpy(list[1].vm.macs[0], list[0].vm.macs[0], 6);
    struct ivd_table_change change = reconcile(list, 3, IVD_ABSENT_LEAVE, 10);
    assert_int_equal(change.added, 2);
    assert_int_equal(change.refused, 1);
    assert_string_equal(refusals, "b: has the same MAC address 52:54:00:00:00:01 as a in slot 0;");
    assert_string_equal(table.entries[1].vm.name, "c");

    list[2].vm.vsock_cid = list[0].vm.vsock_cid; /* one that runs takes another's identity */
    refusals[0] = '\0';
    change = reconcile(&list[0], 3, IVD_ABSENT_LEAVE, 11);
    assert_int_equal(change.refused, 2);
    assert_int_equal(table.entries[1].vm.state, IVL_VM_FREE); /* what it said is true no more */
    assert_string_equal(refusals, "b: has the same MAC address 52:54:00:00:00:01 as a in slot 0;"
                                  "c: has the same vsock CID 101 as a in slot 0;");
}

/* Two VMs exchange an address: neither may keep the other out for ever. */
static void test_exchange(void **state)
{
    (void) state;
    struct ivd_vm list[] = { vm_of("a", 1, 1), vm_of("b", 2, 1) };
    reconcile(list, 2, IVD_ABSENT_LEAVE, 10);
    uint32_t cid = list[0].vm.vsock_cid;
    list[0].vm.vsock_cid = list[1].vm.vsock_cid;
    list[1].vm.vsock_cid = cid;
    struct ivd_table_change change = reconcile(list, 2, IVD_ABSENT_GONE, 11);
    assert_int_equal(change.refused, 0);
    assert_string_equal(refusals, "");
    assert_int_equal(ivd_table_active(&table), 2);
    assert_int_equal(table.entries[0].vm.state, IVL_VM_GONE);
    assert_int_equal(table.entries[1].vm.vsock_cid, cid);
    assert_int_equal(table.entries[2].vm.vsock_cid, list[0].vm.vsock_cid);
}

/* VMs of the configuration go though libvirt has not answered; those of libvirt stay. */
static void test_incomplete(void **state)
{
    (void) state;
    const struct ivd_vm list[] = { vm_of("static", 1, 0), vm_of("b", 2, 7) };
    reconcile(list, 2, IVD_ABSENT_LEAVE, 10);
    const struct ivd_vm_list none = { NULL, 0, false };
    ivd_table_reconcile(&table, &none, IVD_ABSENT_LEAVE, 11, refused, &table);
    assert_int_equal(table.entries[0].vm.state, IVL_VM_FREE);
    assert_int_equal(table.entries[1].vm.state, IVL_VM_ACTIVE);
}

static void test_unknown(void **state)
{
    (void) state;
    struct ivd_vm list[] = { vm_of("a", 1, 1), vm_of("b", 2, 1) };
    reconcile(list, 2, IVD_ABSENT_LEAVE, 10);
    struct ivd_vm unknown = { .run = 1 };
    memcpy(unknown.vm.uuid, list[0].vm.uuid, IVL_UUID_BYTES);
    struct ivd_table_change change = reconcile(&unknown, 1, IVD_ABSENT_LEAVE, 11);
    assert_int_equal(change.removed, 1); /* b */
    assert_string_equal(table.entries[0].vm.name, "a");
    unknown.run = 2; /* started anew */
    change = reconcile(&unknown, 1, IVD_ABSENT_LEAVE, 12);
    assert_int_equal(change.removed, 1);
    assert_int_equal(ivd_table_active(&table), 0);
}

static void test_full(void **state)
{
    (void) state;
    struct ivd_vm list[5];
    for (uint8_t i = 0; i < 5; i++) {
        char name[] = { 'a', (char) ('0' + i), 0 };
        list[i] = vm_of(name, (uint8_t) (i + 1), 1);
    }
    struct ivd_table_change change = reconcile(list, 5, IVD_ABSENT_LEAVE, 10);
    assert_int_equal(change.added, 4);
    assert_string_equal(refusals, "a4: all 4 table entries are in use;");
}

/* ---- the state file --------------------------------------------------------------------------- */

static void test_state(void **state)
{
    (void) state;
    char dir[64], path[100];
    struct ivd_identity identity, back;
    struct ivd_table copy;
    struct ivd_vm list[] = { vm_of("a", 1, 7), vm_of("b", 2, 8) };
    test_dir(dir);
    memset(&identity, 0x5a, sizeof(identity));
    reconcile(list, 2, IVD_ABSENT_GONE, 10);
    expect_rc(-ENOENT, ivd_state_load(dir, "r", &back, &copy, diag));
    expect_ok(ivd_state_save(dir, "r", &identity, &table, diag));
    expect_ok(ivd_state_load(dir, "r", &back, &copy, diag));
    assert_memory_equal(&back, &identity, sizeof(back));
    assert_int_equal(copy.count, table.count);
    assert_int_equal(copy.epoch, table.epoch);
    assert_memory_equal(copy.entries, table.entries, 4 * sizeof(*copy.entries));
    ivd_table_fini(&copy);

    snprintf(path, sizeof(path), "%s/r.state", dir);
    int fd = open(path, O_RDWR);
    for (off_t at = 0; at < 576 + 328; at += 37) { /* one bad byte anywhere is noticed */
        uint8_t byte, bad;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        bad = byte ^ 0x10;
        assert_int_equal(pwrite(fd, &bad, 1, at), 1);
        test_note("byte %ld", (long) at);
        expect_refusal(-EBADMSG, "damaged", ivd_state_load(dir, "r", &back, &copy, diag));
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_int_equal(ftruncate(fd, 600), 0);
    expect_refusal(-EBADMSG, "damaged", ivd_state_load(dir, "r", &back, &copy, diag));
    close(fd);

    int lock = ivd_state_lock(dir, "r", NULL);
    assert_true(lock >= 0);
    expect_refusal(-EAGAIN, "another ivshmemd", ivd_state_lock(dir, "r", diag));
    close(lock);
    test_dir_free(dir);
}

/* ---- publishing ------------------------------------------------------------------------------- */

static void test_keep(void **state)
{
    (void) state;
    struct ivl_region *region = test_region(MIB);
    uint8_t seal[IVL_SEAL_BYTES];
    struct ivl_abi_vm vm = test_vm("a", 1), none;
    struct ivl_vm seen;
    memset(&none, 0, sizeof(none));
    vm.state = IVL_VM_ACTIVE;
    vm.epoch = 9;
    ivl_seal_read(region, seal);
    assert_false(ivl_seal_keep(region, seal));
    assert_false(ivl_table_keep(region, 0, &none));
    assert_true(ivl_table_keep(region, 0, &vm));
    assert_false(ivl_table_keep(region, 0, &vm));
    assert_true(ivl_table_epoch_keep(region, 9));
    assert_false(ivl_table_epoch_keep(region, 9));

    memset(region->base, 0xff, IVL_SEAL_BYTES); /* a guest writes over all of it */
    memset(ivl_entry_at(region, 0), 0xff, 8 * sizeof(struct ivl_abi_table_entry));
    expect_rc(-ESTALE, ivl_region_check(region, diag));
    assert_true(ivl_seal_keep(region, seal));
    assert_true(ivl_table_keep(region, 0, &vm));
    for (uint32_t i = 1; i < 8; i++) {
        assert_true(ivl_table_keep(region, i, &none));
    }
    expect_ok(ivl_region_check(region, diag));
    expect_ok(ivl_table_check(region, diag));
    expect_ok(ivl_table_read(region, 0, &seen, diag));
    assert_memory_equal(&seen.vm, &vm, sizeof(vm));

    ivl_sh32_store_relaxed(&ivl_entry_at(region, 0)->seq, 7); /* only the sequence word */
    expect_rc(-EAGAIN, ivl_table_read(region, 0, &seen, diag));
    assert_true(ivl_table_keep(region, 0, &vm));
    expect_ok(ivl_table_read(region, 0, &seen, diag));
    ivl_region_beat(region, 5);
    assert_int_equal(ivl_region_heartbeat(region), 5);
    test_region_free(region);
}

static void test_seal_restore(void **state)
{
    (void) state;
    char dir[64], path[100], uri[110];
    uint8_t seal[IVL_SEAL_BYTES], bad[IVL_SEAL_BYTES];
    bool restored = true;
    const struct ivl_format fmt = { .region_bytes = MIB };
    struct ivl_region *region;
    test_dir(dir);
    snprintf(path, sizeof(path), "%s/r", dir);
    snprintf(uri, sizeof(uri), "file:%s", path);
    expect_ok(ivl_region_create_file(path, &fmt, 0600, false, diag));
    expect_ok(ivl_region_open(uri, 0, &region, diag));
    ivl_seal_read(region, seal);
    expect_ok(ivl_seal_restore(path, seal, &restored, diag));
    assert_false(restored);
    memset(region->base, 0, IVL_SEAL_BYTES);
    ivl_region_close(region);
    expect_rc(-EBADMSG, ivl_region_open(uri, 0, &region, diag));
    memcpy(bad, seal, sizeof(bad));
    bad[33] ^= 1;
    expect_rc(-EBADMSG, ivl_seal_restore(path, bad, &restored, diag));
    expect_ok(ivl_seal_restore(path, seal, &restored, diag));
    assert_true(restored);
    expect_ok(ivl_region_open(uri, 0, &region, diag));
    ivl_region_close(region);
    assert_int_equal(truncate(path, MIB / 2), 0);
    expect_rc(-EMSGSIZE, ivl_seal_restore(path, seal, &restored, diag));
    test_dir_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restarted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forget, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clash, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exchange, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_incomplete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state, setup, teardown),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_seal_restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
