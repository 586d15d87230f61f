/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Messages of the merge: round trip, refusal of malformed text, folding by node.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/ivs_record.h"

static struct ivs_claim sample_claim(void)
{
    struct ivs_claim claim;

    memset(&claim, 0, sizeof(claim));
    claim.status = IVS_STATUS_READY;
    claim.vm_slot = 3;
    claim.nonce = UINT64_C(0xfedcba9876543210);
    claim.page_bytes = 4096;
    snprintf(claim.vm_name, sizeof(claim.vm_name), "vm3");
    return claim;
}

static void test_claim_round_trip(void **state)
{
    char text[IVS_TEXT_BYTES];
    struct ivs_claim in = sample_claim();
    struct ivs_claim out;

    (void) state;
    ivs_claim_encode(&in, text);
    assert_int_equal(strlen(text), 2 * sizeof(in));
    assert_null(strpbrk(text, " =;\n"));
    assert_int_equal(ivs_claim_decode(text, &out), 0);
    in.magic = out.magic;
    assert_memory_equal(&in, &out, sizeof(in));
}

/* Every single wrong character, and every cut, is found. */
static void test_claim_sums(void **state)
{
    (void) state;
    struct ivs_claim node = sample_claim(), one = sample_claim();

    node.report = 1;
    ivs_claim_join(&node, &one, 1);
    assert_int_equal(node.coll_mixed, 0);
    one.coll_sum = 7;
    one.report = 2;
    node.status = IVS_STATUS_NONE; /* without a region as well */
    ivs_claim_join(&node, &one, 1);
    assert_int_equal(node.coll_mixed, 1);
    assert_int_equal(node.report, 1);
}

static void test_claim_bad_text(void **state)
{
    char text[IVS_TEXT_BYTES];
    struct ivs_claim in = sample_claim();
    struct ivs_claim out;

    (void) state;
    ivs_claim_encode(&in, text);
    for (size_t i = 0; i < 2 * sizeof(in); i++) {
        char kept = text[i];
        text[i] = 'G';
        assert_int_equal(ivs_claim_decode(text, &out), -EBADMSG);
        text[i] = '\0';
        assert_int_equal(ivs_claim_decode(text, &out), -EBADMSG);
        text[i] = kept;
    }
    text[2 * sizeof(in)] = '0';
    text[2 * sizeof(in) + 1] = '\0';
    assert_int_equal(ivs_claim_decode(text, &out), -EBADMSG);
}

static void expect_claim(const struct ivs_claim *claim, int expected)
{
    char text[IVS_TEXT_BYTES];
    struct ivs_claim out;

    ivs_claim_encode(claim, text);
    assert_int_equal(ivs_claim_decode(text, &out), expected);
}

static void test_claim_bad_fields(void **state)
{
    struct ivs_claim claim = sample_claim();

    (void) state;
    expect_claim(&claim, 0);
    claim.status = 0;
    expect_claim(&claim, -EBADMSG);
    claim.status = IVS_STATUS_NONE + 1;
    expect_claim(&claim, -EBADMSG);
    claim = sample_claim();
    claim.vm_name[1] = '\n';
    expect_claim(&claim, -EBADMSG);
    claim = sample_claim();
    memset(claim.vm_name, 'a', sizeof(claim.vm_name));
    expect_claim(&claim, -EBADMSG);
    claim = sample_claim();
    memset(claim.reason, 'a', sizeof(claim.reason));
    expect_claim(&claim, -EBADMSG);
}

/* A message of another kind is no claim. */
static void test_kinds_are_told_apart(void **state)
{
    char text[IVS_TEXT_BYTES];
    struct ivs_offer offer;
    struct ivs_verdict verdict;
    struct ivs_claim claim = sample_claim();

    (void) state;
    memset(&offer, 0, sizeof(offer));
    memset(&verdict, 0, sizeof(verdict));
    ivs_offer_encode(&offer, text);
    assert_int_equal(ivs_offer_decode(text, &offer), 0);
    assert_int_equal(ivs_claim_decode(text, &claim), -EBADMSG);
    assert_int_equal(ivs_verdict_decode(text, &verdict), -EBADMSG);
    ivs_verdict_encode(&verdict, text);
    assert_int_equal(ivs_verdict_decode(text, &verdict), 0);
    assert_int_equal(ivs_offer_decode(text, &offer), -EBADMSG);
}

static void expect_offer(uint32_t cells, uint32_t cell_bytes, uint32_t coll_kib, int expected)
{
    char text[IVS_TEXT_BYTES];
    struct ivs_offer offer;

    memset(&offer, 0, sizeof(offer));
    offer.ok = 1;
    offer.cells = cells;
    offer.cell_bytes = cell_bytes;
    offer.coll_kib = coll_kib;
    offer.rings = 64;
    ivs_offer_encode(&offer, text);
    assert_int_equal(ivs_offer_decode(text, &offer), expected);
}

static void test_offer_ranges(void **state)
{
    (void) state;
    expect_offer(16, 16384, 1024, 0);
    expect_offer(1, 16384, 1024, -EBADMSG);
    expect_offer(1025, 16384, 1024, -EBADMSG);
    expect_offer(16, 1023, 1024, -EBADMSG);
    expect_offer(16, UINT32_MAX, 1024, -EBADMSG);
    expect_offer(16, 16383, 1024, -EBADMSG);
    expect_offer(16, 16384, UINT32_MAX, -EBADMSG);
}

static void test_claims_join(void **state)
{
    struct ivs_claim node = sample_claim();
    struct ivs_claim other = sample_claim();

    (void) state;
    ivs_claim_join(&node, &other, 1);
    assert_int_equal(node.status, IVS_STATUS_READY);
    other.vm_slot++;
    ivs_claim_join(&node, &other, 2);
    assert_int_equal(node.status, IVS_STATUS_NONE);
    assert_non_null(strstr(node.reason, "rank 2"));
    other.status = IVS_STATUS_OFF;
    ivs_claim_join(&node, &other, 3);
    assert_non_null(strstr(node.reason, "rank 2"));

    node = sample_claim();
    ivs_reason_set(other.reason, "no device");
    ivs_claim_join(&node, &other, 5);
    assert_int_equal(node.status, IVS_STATUS_OFF);
    assert_string_equal(node.reason, "rank 5: no device");
}

static void test_notes(void **state)
{
    char text[IVS_TEXT_BYTES];
    struct ivs_note in, out;

    (void) state;
    memset(&in, 'x', sizeof(in));
    in.text[0] = '\n';
    ivs_note_encode(&in, text);
    assert_int_equal(ivs_note_decode(text, &out), 0);
    assert_int_equal(strlen(out.text), IVS_NOTE_BYTES - 1);
    assert_int_equal(out.text[0], '?');
    text[2 * offsetof(struct ivs_note, text)] = '0';
    text[2 * offsetof(struct ivs_note, text) + 1] = 'a'; /* a line's end in a text */
    assert_int_equal(ivs_note_decode(text, &out), -EBADMSG);
    ivs_note_encode(&in, text);
    text[0] = text[0] == '0' ? '1' : '0';
    assert_int_equal(ivs_note_decode(text, &out), -EBADMSG);
    ivs_note_encode(&in, text);
    text[2 * sizeof(in) - 2] = '7'; /* not terminated */
    assert_int_equal(ivs_note_decode(text, &out), -EBADMSG);
    assert_int_equal(ivs_note_decode("", &out), -EBADMSG);
}

static void test_verdicts_join(void **state)
{
    struct ivs_verdict node = { .ok = 1 };
    struct ivs_verdict other = { .ok = 1 };

    (void) state;
    ivs_seen_set(&node, 0, true);
    ivs_seen_set(&node, 9, true);
    ivs_seen_set(&other, 9, true);
    ivs_verdict_join(&node, &other);
    assert_false(ivs_seen_get(&node, 0));
    assert_true(ivs_seen_get(&node, 9));
    assert_false(ivs_seen_get(&node, IVS_NODES_MAX));
    ivs_seen_set(&node, IVS_NODES_MAX, true);
    other.ok = 0;
    ivs_reason_set(other.reason, "why");
    ivs_verdict_join(&node, &other);
    assert_int_equal(node.ok, 0);
    assert_string_equal(node.reason, "why");
}

static void test_reason_is_cut_and_cleaned(void **state)
{
    char reason[IVS_REASON_BYTES];
    char text[2 * IVS_REASON_BYTES];

    (void) state;
    memset(text, 'x', sizeof(text));
    text[3] = '\n';
    text[sizeof(text) - 1] = '\0';
    ivs_reason_set(reason, "%s", text);
    assert_int_equal(strlen(reason), IVS_REASON_BYTES - 1);
    assert_int_equal(reason[3], '?');
}

static void test_nonces_differ(void **state)
{
    (void) state;
    for (uint32_t rank = 0; rank < 1000; rank++) {
        assert_true(ivs_nonce(1, rank) != ivs_nonce(1, rank + 1));
        assert_true(ivs_nonce(1, rank) != ivs_nonce(2, rank));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claim_round_trip),
        cmocka_unit_test(test_claim_sums),
        cmocka_unit_test(test_claim_bad_text),
        cmocka_unit_test(test_claim_bad_fields),
        cmocka_unit_test(test_kinds_are_told_apart),
        cmocka_unit_test(test_offer_ranges),
        cmocka_unit_test(test_claims_join),
        cmocka_unit_test(test_verdicts_join),
        cmocka_unit_test(test_reason_is_cut_and_cleaned),
        cmocka_unit_test(test_nonces_differ),
        cmocka_unit_test(test_notes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
