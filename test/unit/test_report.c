/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The channel report's text, which scripts read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/ivs_report.h"

static void claim(struct ivs_map *map, int node, uint8_t region, const char *reason)
{
    struct ivs_claim *claim = &map->nodes[node].claim;

    claim->status = region ? IVS_STATUS_READY : IVS_STATUS_NONE;
    claim->vm_slot = (uint32_t) node;
    claim->boot_id[0] = (uint8_t) node;
    claim->region_bytes = UINT64_C(128) << 20;
    memset(claim->region_uuid, region, sizeof(claim->region_uuid));
    snprintf(claim->vm_name, sizeof(claim->vm_name), "vm%d", node + 1);
    ivs_reason_set(claim->reason, "%s", reason);
}

static void expect_report(const struct ivs_report *report, bool by_rank, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    ivs_report_write(out, report, by_rank);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void finish(struct ivs_map *map)
{
    int ids[8];

    ivs_map_candidates(map);
    ivs_map_merged_ids(map, ids);
}

static void test_three_vms_two_hosts(void **state)
{
    static const int node_of[] = { 0, 0, 1, 2, 1 };
    struct ivs_map map;
    struct ivs_report report = { &map, "ucx", { 16, 16384, 64 }, 0 };

    (void) state;
    assert_int_equal(ivs_map_create(&map, node_of, 5, 3), 0);
    claim(&map, 0, 0xab, "file:/a at 9000 MB/s");
    claim(&map, 1, 0xab, "file:/a at 9000 MB/s");
    claim(&map, 2, 0xcd, "file:/b at 9000 MB/s");
    finish(&map);
    expect_report(&report, false,
                  "[ivshmem] channels: 5 ranks, 3 VMs, 2 hosts\n"
                  "[ivshmem] host 0:\n"
                  "[ivshmem]   vm1: ranks 0-1\n"
                  "[ivshmem]   vm2: ranks 2,4\n"
                  "[ivshmem]   region abababab, 128 MiB, file:/a at 9000 MB/s, 16 cells of 16384 "
                  "bytes per rank\n"
                  "[ivshmem] host 1:\n"
                  "[ivshmem]   vm3: ranks 3\n"
                  "[ivshmem] within vm1,vm2: region\n"
                  "[ivshmem] vm1,vm2 <-> vm3: netmod ucx: other region: another host\n");
    ivs_map_destroy(&map);
}

static void test_reasons_and_ranks(void **state)
{
    static const int node_of[] = { 0, 1 };
    struct ivs_map map;
    struct ivs_report report = { &map, "ofi", { 0, 0, 0 }, 0 };

    (void) state;
    assert_int_equal(ivs_map_create(&map, node_of, 2, 2), 0);
    claim(&map, 0, 0xab, "file:/a at 9000 MB/s");
    claim(&map, 1, 0, "pci:auto: no ivshmem device");
    finish(&map);
    expect_report(&report, true,
                  "[ivshmem] channels: 2 ranks, 2 VMs, 2 hosts\n"
                  "[ivshmem] host 0:\n"
                  "[ivshmem]   vm1: ranks 0\n"
                  "[ivshmem] host 1:\n"
                  "[ivshmem]   vm2: ranks 1\n"
                  "[ivshmem]   no region: pci:auto: no ivshmem device\n"
                  "[ivshmem] vm1 <-> vm2: netmod ofi: vm2: pci:auto: no ivshmem device\n"
                  "[ivshmem] rank 0: VM vm1, host 0, file:/a at 9000 MB/s\n"
                  "[ivshmem] rank 1: VM vm2, host 1, pci:auto: no ivshmem device\n");
    ivs_map_destroy(&map);
}

/* Many VMs: bounded names and pairs. */
static void test_many_hosts_are_summed_up(void **state)
{
    int node_of[40];
    struct ivs_map map;
    struct ivs_report report = { &map, "ucx", { 0, 0, 0 }, 0 };
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int ids[40];

    (void) state;
    for (int i = 0; i < 40; i++) {
        node_of[i] = i;
    }
    assert_int_equal(ivs_map_create(&map, node_of, 40, 40), 0);
    for (int i = 0; i < 40; i++) {
        claim(&map, i, (uint8_t) (i < 20 ? 1 : i), "x");
    }
    ivs_map_candidates(&map);
    ivs_map_merged_ids(&map, ids);
    ivs_report_write(out, &report, false);
    fclose(out);
    assert_non_null(strstr(text, "within vm1,vm2,vm3,vm4,vm5,vm6,vm7,vm8 and 12 more: region\n"));
    assert_non_null(strstr(text, "[ivshmem] between hosts: netmod ucx\n"));
    assert_null(strstr(text, "<->"));
    free(text);
    ivs_map_destroy(&map);
}

static void expect_verbs(const struct ivs_map *map, const struct ivs_note *notes, bool by_rank,
                         const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    ivs_verbs_report_write(out, map, notes, 5, by_rank);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void test_verbs(void **state)
{
    static const int node_of[] = { 0, 0, 1, 0, 1 };
    struct ivs_note notes[5] = { { 0, "a" }, { 0, "b" }, { 0, "a" }, { 0, "a" }, { 0, "a" } };
    struct ivs_map map, none = { 0 };

    (void) state;
    assert_int_equal(ivs_map_create(&map, node_of, 5, 2), 0);
    claim(&map, 0, 0xab, "x");
    claim(&map, 1, 0xab, "x");
    expect_verbs(&map, notes, false,
                 "[ivshmem] verbs of vm1, ranks 0,3: a\n"
                 "[ivshmem] verbs of vm1, ranks 1: b\n"
                 "[ivshmem] verbs of vm2, ranks 2,4: a\n");
    expect_verbs(&map, notes, true,
                 "[ivshmem] rank 0: verbs: a\n"
                 "[ivshmem] rank 1: verbs: b\n"
                 "[ivshmem] rank 2: verbs: a\n"
                 "[ivshmem] rank 3: verbs: a\n"
                 "[ivshmem] rank 4: verbs: a\n");
    expect_verbs(&none, notes, false,
                 "[ivshmem] verbs of ranks 0,2-4: a\n"
                 "[ivshmem] verbs of ranks 1: b\n");
    ivs_map_destroy(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_vms_two_hosts),
        cmocka_unit_test(test_reasons_and_ranks),
        cmocka_unit_test(test_many_hosts_are_summed_up),
        cmocka_unit_test(test_verbs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
