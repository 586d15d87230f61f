/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The decision who shares a host: candidates, clones, proof, merged ids, reasons.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/ivs_map.h"

#define NODES 6

static const int two_each[] = { 0, 0, 1, 1, 2, 2 };

static void ready(struct ivs_map *map, int node, uint8_t region, uint32_t slot, uint8_t kernel)
{
    struct ivs_claim *claim = &map->nodes[node].claim;

    claim->status = IVS_STATUS_READY;
    claim->region_uuid[0] = region;
    claim->boot_id[0] = kernel;
    claim->vm_slot = slot;
    claim->page_bytes = 4096;
    claim->generation = 1;
    claim->nonce = (uint64_t) node + 100;
    snprintf(claim->vm_name, sizeof(claim->vm_name), "vm%d", node);
}

static void all_joined(struct ivs_offer *offers, struct ivs_verdict *verdicts)
{
    memset(offers, 0, NODES * sizeof(*offers));
    memset(verdicts, 0, NODES * sizeof(*verdicts));
    for (int i = 0; i < NODES; i++) {
        offers[i].ok = 1;
        verdicts[i].ok = 1;
        memset(verdicts[i].seen, 0xff, sizeof(verdicts[i].seen));
    }
}

static void test_same_region_is_one_host(void **state)
{
    struct ivs_map map;
    struct ivs_offer offers[NODES];
    struct ivs_verdict verdicts[NODES];
    int ids[6];
    char reason[IVS_REASON_BYTES];

    (void) state;
    assert_int_equal(ivs_map_create(&map, two_each, 6, 3), 0);
    ready(&map, 0, 1, 0, 1);
    ready(&map, 1, 2, 0, 2);
    ready(&map, 2, 1, 1, 3);
    ivs_map_candidates(&map);
    assert_int_equal(map.nodes[0].host, 0);
    assert_int_equal(map.nodes[1].host, -1);
    assert_int_equal(map.nodes[2].host, 0);
    assert_int_equal(map.nodes[2].index, 1);
    assert_int_equal(ivs_map_host_ranks(&map, 0), 4);
    assert_int_equal(ivs_map_host_nodes(&map, 0), 2);
    assert_int_equal(ivs_map_member(&map, 4), 2);
    all_joined(offers, verdicts);
    ivs_map_prove(&map, offers, verdicts);
    assert_int_equal(ivs_map_merged_ids(&map, ids), 2);
    assert_int_equal(ids[0], 0);
    assert_int_equal(ids[2], 1);
    assert_int_equal(ids[4], 0);
    assert_null(ivs_map_reason(&map, 0, 2, reason));
    assert_string_equal(ivs_map_reason(&map, 0, 1, reason), "other region: another host");
    ivs_map_destroy(&map);
}

/* Ids must be dense and numbered by first appearance, whatever the order of nodes. */
static void test_ids_by_first_appearance(void **state)
{
    static const int node_of[] = { 2, 0, 1, 2 };
    struct ivs_map map;
    int ids[4];

    (void) state;
    assert_int_equal(ivs_map_create(&map, node_of, 4, 3), 0);
    assert_int_equal(ivs_map_merged_ids(&map, ids), 3);
    assert_int_equal(ids[0], 0);
    assert_int_equal(ids[1], 1);
    assert_int_equal(ids[2], 2);
    assert_int_equal(ids[3], 0);
    ivs_map_destroy(&map);
}

static void test_clone_is_remote(void **state)
{
    struct ivs_map map;

    (void) state;
    assert_int_equal(ivs_map_create(&map, two_each, 6, 3), 0);
    ready(&map, 0, 1, 0, 1);
    ready(&map, 1, 1, 5, 2);
    ready(&map, 2, 1, 5, 3);
    ivs_map_candidates(&map);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(map.nodes[i].host, -1);
    }
    assert_non_null(strstr(map.nodes[1].claim.reason, "claimed by two VMs"));
    assert_non_null(strstr(map.nodes[2].claim.reason, "claimed by two VMs"));
    assert_int_equal(map.nodes[0].claim.status, IVS_STATUS_READY);
    ivs_map_destroy(&map);
}

/* Two containers of one VM: same entry, same kernel. */
static void test_same_kernel_is_no_clone(void **state)
{
    struct ivs_map map;

    (void) state;
    assert_int_equal(ivs_map_create(&map, two_each, 6, 3), 0);
    ready(&map, 0, 1, 5, 7);
    ready(&map, 1, 1, 5, 7);
    ivs_map_candidates(&map);
    assert_int_equal(map.nodes[1].host, 0);
    ivs_map_destroy(&map);
}

/* Each field of the region's identity counts. */
static void test_other_identity_is_other_host(void **state)
{
    (void) state;
    for (int field = 0; field < 4; field++) {
        struct ivs_map map;
        assert_int_equal(ivs_map_create(&map, two_each, 6, 3), 0);
        ready(&map, 0, 1, 0, 1);
        ready(&map, 1, 1, 1, 2);
        map.nodes[1].claim.region_uuid[15] = field == 0;
        map.nodes[1].claim.generation += field == 1;
        map.nodes[1].claim.region_bytes += field == 2;
        map.nodes[1].claim.page_bytes += field == 3;
        ivs_map_candidates(&map);
        assert_int_equal(map.nodes[0].host, -1);
        assert_int_equal(map.nodes[1].host, -1);
        ivs_map_destroy(&map);
    }
}

/* The node whose nonces were not seen is out; the others stay together. */
static void test_copy_of_region_is_out(void **state)
{
    struct ivs_map map;
    struct ivs_offer offers[NODES];
    struct ivs_verdict verdicts[NODES];

    (void) state;
    assert_int_equal(ivs_map_create(&map, two_each, 6, 3), 0);
    for (int i = 0; i < 3; i++) {
        ready(&map, i, 1, (uint32_t) i, (uint8_t) i);
    }
    ivs_map_candidates(&map);
    all_joined(offers, verdicts);
    ivs_seen_set(&verdicts[0], 1, false);
    ivs_map_prove(&map, offers, verdicts);
    assert_int_equal(map.nodes[0].host, 0);
    assert_int_equal(map.nodes[1].host, -1);
    assert_int_equal(map.nodes[2].host, 0);
    assert_non_null(strstr(map.nodes[1].claim.reason, "copy"));
    ivs_map_destroy(&map);
}

static void check_all_alone(void (*spoil)(struct ivs_offer *, struct ivs_verdict *),
                            const char *reason)
{
    struct ivs_map map;
    struct ivs_offer offers[NODES];
    struct ivs_verdict verdicts[NODES];

    assert_int_equal(ivs_map_create(&map, two_each, 4, 2), 0);
    ready(&map, 0, 1, 0, 1);
    ready(&map, 1, 1, 1, 2);
    ivs_map_candidates(&map);
    assert_int_equal(map.nodes[1].host, 0);
    all_joined(offers, verdicts);
    spoil(offers, verdicts);
    ivs_map_prove(&map, offers, verdicts);
    assert_int_equal(map.nodes[0].host, -1);
    assert_int_equal(map.nodes[1].host, -1);
    assert_non_null(strstr(map.nodes[1].claim.reason, reason));
    ivs_map_destroy(&map);
}

static void spoil_offer(struct ivs_offer *offers, struct ivs_verdict *verdicts)
{
    (void) verdicts;
    offers[0].ok = 0;
    ivs_reason_set(offers[0].reason, "too small");
}

static void spoil_first(struct ivs_offer *offers, struct ivs_verdict *verdicts)
{
    (void) offers;
    verdicts[0].ok = 0;
    ivs_reason_set(verdicts[0].reason, "first could not join");
}

static void spoil_second(struct ivs_offer *offers, struct ivs_verdict *verdicts)
{
    (void) offers;
    verdicts[1].ok = 0;
    ivs_reason_set(verdicts[1].reason, "second could not join");
}

static void spoil_sight(struct ivs_offer *offers, struct ivs_verdict *verdicts)
{
    (void) offers;
    ivs_seen_set(&verdicts[1], 0, false);
}

static void test_refusals(void **state)
{
    (void) state;
    check_all_alone(spoil_offer, "too small");
    check_all_alone(spoil_first, "first could not join");
    check_all_alone(spoil_second, "second could not join");
    check_all_alone(spoil_sight, "copy");
}

static void test_bad_maps_are_refused(void **state)
{
    static const int bad[] = { 0, 3 };
    struct ivs_map map;

    (void) state;
    assert_int_equal(ivs_map_create(&map, bad, 2, 2), -EINVAL);
    assert_int_equal(ivs_map_create(&map, bad, 0, 1), -EINVAL);
    assert_int_equal(ivs_map_create(&map, two_each, 2, 3), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_region_is_one_host),
        cmocka_unit_test(test_ids_by_first_appearance),
        cmocka_unit_test(test_clone_is_remote),
        cmocka_unit_test(test_same_kernel_is_no_clone),
        cmocka_unit_test(test_other_identity_is_other_host),
        cmocka_unit_test(test_copy_of_region_is_out),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bad_maps_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
