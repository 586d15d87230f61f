/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The region ABI against abi.golden: a change of any offset shows as a difference. After an
 * intended change (with a new version): test_abi --print > test/unit/abi.golden
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
#include "locality_abi.h"
#pragma GCC diagnostic pop
#include "ivl_test.h"

static char text[16384];
static size_t used;

static void add(const char *type, const char *field, size_t offset, size_t bytes)
{
    used += (size_t) snprintf(text + used, sizeof(text) - used, "%s.%s %zu %zu\n", type, field,
                              offset, bytes);
}

static void add_number(const char *name, unsigned long long value)
{
    used += (size_t) snprintf(text + used, sizeof(text) - used, "%s %llu\n", name, value);
}

#define FIELD(type, field) \
    add(#type, #field, offsetof(struct type, field), sizeof(((struct type *) 0)->field))
#define SIZE(type) add(#type, "size", 0, sizeof(struct type))
#define NUMBER(name) add_number(#name, name)

static void print_super(void)
{
    FIELD(ivl_abi_extent, offset);
    FIELD(ivl_abi_extent, count);
    FIELD(ivl_abi_extent, elem_bytes);
    SIZE(ivl_abi_extent);
    FIELD(ivl_abi_super, magic);
    FIELD(ivl_abi_super, version_major);
    FIELD(ivl_abi_super, version_minor);
    FIELD(ivl_abi_super, super_bytes);
    FIELD(ivl_abi_super, features_compat);
    FIELD(ivl_abi_super, features_incompat);
    FIELD(ivl_abi_super, region_bytes);
    FIELD(ivl_abi_super, region_uuid);
    FIELD(ivl_abi_super, host_uuid);
    FIELD(ivl_abi_super, host_boot_id);
    FIELD(ivl_abi_super, generation);
    FIELD(ivl_abi_super, table);
    FIELD(ivl_abi_super, jobs);
    FIELD(ivl_abi_super, chunks);
    FIELD(ivl_abi_super, heap_offset);
    FIELD(ivl_abi_super, chunk_bytes);
    FIELD(ivl_abi_super, lease_ms);
    FIELD(ivl_abi_super, checksum);
    FIELD(ivl_abi_super, host_heartbeat);
    FIELD(ivl_abi_super, table_epoch);
    SIZE(ivl_abi_super);
}

static void print_table(void)
{
    FIELD(ivl_abi_vf, pci_domain);
    FIELD(ivl_abi_vf, pci_bus);
    FIELD(ivl_abi_vf, pci_device);
    FIELD(ivl_abi_vf, pci_function);
    FIELD(ivl_abi_vf, node_guid);
    SIZE(ivl_abi_vf);
    FIELD(ivl_abi_vm, state);
    FIELD(ivl_abi_vm, mac_count);
    FIELD(ivl_abi_vm, epoch);
    FIELD(ivl_abi_vm, uuid);
    FIELD(ivl_abi_vm, name);
    FIELD(ivl_abi_vm, asset_tag);
    FIELD(ivl_abi_vm, macs);
    FIELD(ivl_abi_vm, vsock_cid);
    FIELD(ivl_abi_vm, vf_count);
    FIELD(ivl_abi_vm, vfs);
    FIELD(ivl_abi_vm, numa_mask);
    FIELD(ivl_abi_vm, cpu_mask);
    SIZE(ivl_abi_vm);
    FIELD(ivl_abi_table_entry, seq);
    FIELD(ivl_abi_table_entry, vm);
    SIZE(ivl_abi_table_entry);
}

static void print_jobs(void)
{
    FIELD(ivl_abi_job, state);
    FIELD(ivl_abi_job, key);
    FIELD(ivl_abi_job, members_off);
    FIELD(ivl_abi_job, member_count);
    FIELD(ivl_abi_job, creator_vm);
    FIELD(ivl_abi_job, heartbeat);
    SIZE(ivl_abi_job);
    FIELD(ivl_abi_member, nonce);
    FIELD(ivl_abi_member, heartbeat);
    FIELD(ivl_abi_member, vm_slot);
    FIELD(ivl_abi_member, state);
    SIZE(ivl_abi_member);
    FIELD(ivl_abi_chunk, owner);
    FIELD(ivl_abi_chunk, state);
    FIELD(ivl_abi_chunk, bytes);
    FIELD(ivl_abi_chunk, info);
    SIZE(ivl_abi_chunk);
}

static void print_numbers(void)
{
    NUMBER(IVL_ABI_MAJOR);
    NUMBER(IVL_ABI_MINOR);
    NUMBER(IVL_FEATURES_COMPAT_KNOWN);
    NUMBER(IVL_FEATURES_INCOMPAT_KNOWN);
    NUMBER(IVL_ABI_SUPER_SEALED);
    NUMBER(IVL_VM_FREE);
    NUMBER(IVL_VM_ACTIVE);
    NUMBER(IVL_VM_GONE);
    NUMBER(IVL_JOB_FREE);
    NUMBER(IVL_JOB_CLAIMED);
    NUMBER(IVL_JOB_ACTIVE);
    NUMBER(IVL_JOB_RECLAIMING);
    NUMBER(IVL_JOB_STATE_BITS);
    NUMBER(IVL_MEMBER_NONE);
    NUMBER(IVL_MEMBER_JOINED);
    NUMBER(IVL_MEMBER_LEFT);
    NUMBER(IVL_CHUNK_FREE);
    NUMBER(IVL_CHUNK_RESERVED);
    NUMBER(IVL_CHUNK_HEAD);
    NUMBER(IVL_CHUNK_BODY);
    NUMBER(IVL_CHUNK_REFS_MAX);
    NUMBER(IVL_CHUNK_INFO_ARENA);
}

static void print_all(void)
{
    used = 0;
    print_numbers();
    print_super();
    print_table();
    print_jobs();
}

static void test_golden(void **state)
{
    (void) state;
    static char golden[sizeof(text)];
    char path[512];
    const char *srcdir = getenv("srcdir");
    snprintf(path, sizeof(path), "%s/test/unit/abi.golden", srcdir ? srcdir : ".");
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(golden, 1, sizeof(golden) - 1, f);
    fclose(f);
    golden[n] = '\0';
    print_all();
    assert_string_equal(text, golden);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        print_all();
        fputs(text, stdout);
        return 0;
    }
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_golden) };
    return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
