/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * One ring, producer and consumer in one thread: what is sent arrives, the invariants R1 to R4 of
 * ivs_ring.h hold, and no content of the ring leads outside of it. The ring lies between guard
 * pages, once at the front and once at the back.
 */
#include "ivs_test.h"

static struct guarded memory;

static struct pair {
    struct ivs_ring *ring;
    struct ivs_out out;
    struct ivs_in in;
} pair;

/* Positions at which something wraps before a lap or two are over. */
static const uint32_t starts[] = {
    0,                              /* new */
    5,                              /* in the middle */
    65535 * IVS_RING_SLOTS - 17,    /* the lap's tag becomes 0, then 1 */
    0u - 17,                        /* the positions wrap */
    (1u << 31) - 17,                /* and their signs */
    65536 * IVS_RING_SLOTS * 7 - 1, /* the tag, later */
};
#define STARTS (sizeof(starts) / sizeof(starts[0]))

/* The ring as it is when `at` slots have been sent and read, in records of one slot. */
static void start_at(uint32_t at)
{
    static const struct ivs_head old = { .kind = KIND, .bytes = 1 };

    memset(pair.ring, 0, sizeof(*pair.ring));
    for (uint32_t i = 1; at != 0 && i <= IVS_RING_SLOTS; i++) {
        uint32_t p = at - i;
        ivl_sh64_store_relaxed(&pair.ring->slots[p % IVS_RING_SLOTS].head, ivs_head_pack(p, &old));
    }
    ivl_sh64_store_relaxed(&pair.ring->credit, at);
    pair.out = (struct ivs_out){ .ring = pair.ring, .head = at, .acked = at };
    pair.in = (struct ivs_in){ .ring = pair.ring, .tail = at, .returned = at };
}

static uint64_t head_word(uint32_t at)
{
    return ivl_sh64_load_relaxed(&pair.ring->slots[at % IVS_RING_SLOTS].head);
}

static uint64_t credit_word(void)
{
    return ivl_sh64_load_relaxed(&pair.ring->credit);
}

/* R1: the last lap's slots have its tags; none of those to come has the tag it will have. */
static void check_tags(uint32_t begun_at)
{
    uint32_t sent = pair.out.head - begun_at;

    for (uint32_t i = 1; i <= IVS_RING_SLOTS && i <= sent; i++) {
        assert_int_equal(head_word(pair.out.head - i) & 0xffff, ivs_lap_tag(pair.out.head - i));
    }
    for (uint32_t i = 0; i < IVS_RING_SLOTS; i++) {
        assert_int_not_equal(head_word(pair.out.head + i) & 0xffff, ivs_lap_tag(pair.out.head + i));
    }
}

/* ---- records ------------------------------------------------------------------------------ */

static int send_bytes(const void *data, uint32_t bytes, uint32_t aux)
{
    const struct ivs_head head = {
        .kind = KIND, .flags = bytes & 0xff, .bytes = bytes, .aux = aux & 0xffff
    };
    int rc = ivs_out_begin(&pair.out, ivs_record_slots(bytes));

    if (rc == 0) {
        ivs_out_write(&pair.out, 0, data, bytes);
        ivs_out_publish(&pair.out, &head, ivs_record_slots(bytes));
    }
    return rc;
}

static int send_pattern(uint32_t bytes, uint32_t number)
{
    unsigned char data[IVS_RECORD_BYTES];

    pattern_fill(data, bytes, number);
    return send_bytes(data, bytes, number);
}

/* The next record's head, padding stepped over; false if there is none. */
static bool next_head(struct ivs_head *head)
{
    for (int i = 0; i < 2; i++) {
        uint64_t word = ivs_in_peek(&pair.in);
        if (word == 0) {
            return false;
        }
        int rc = ivs_in_head(&pair.in, word, head);
        if (rc == 0) {
            return true;
        }
        assert_int_equal(rc, -EAGAIN);
    }
    fail_msg("padding twice");
    return false;
}

static bool receive_pattern(uint32_t bytes, uint32_t number)
{
    unsigned char want[IVS_RECORD_BYTES], got[IVS_RECORD_BYTES];
    struct ivs_head head;

    if (!next_head(&head)) {
        return false;
    }
    assert_int_equal(head.kind, KIND);
    assert_int_equal(head.flags, bytes & 0xff);
    assert_int_equal(head.bytes, bytes);
    assert_int_equal(head.aux, number & 0xffff);
    pattern_fill(want, bytes, number);
    ivs_in_read(&pair.in, 0, got, bytes);
    assert_memory_equal(got, want, bytes);
    ivs_in_done(&pair.in, ivs_record_slots(bytes), false);
    return true;
}

static void test_every_length(void **state)
{
    (void) state;
    for (size_t s = 0; s < STARTS; s++) {
        start_at(starts[s]);
        for (uint32_t bytes = 0; bytes <= IVS_RECORD_BYTES; bytes++) {
            assert_int_equal(ivs_in_peek(&pair.in), 0);
            assert_int_equal(send_pattern(bytes, bytes * 77), 0);
            check_tags(starts[s]);
            assert_true(receive_pattern(bytes, bytes * 77));
        }
    }
}

/* Pieces of a record, written and read from any byte on. */
static void test_pieces(void **state)
{
    static const uint32_t cuts[] = { 0, 1, 119, 120, 121, 239, 240, 241, 500, 840, 959, 960 };
    const size_t n = sizeof(cuts) / sizeof(cuts[0]);
    unsigned char want[IVS_RECORD_BYTES], got[IVS_RECORD_BYTES];
    const struct ivs_head head = { .kind = KIND, .bytes = IVS_RECORD_BYTES };

    (void) state;
    start_at(starts[1]);
    for (size_t a = 0; a < n; a++) {
        for (size_t b = a; b < n; b++) {
            uint32_t bytes = cuts[b] - cuts[a];
            struct ivs_head seen;
            pattern_fill(want, sizeof(want), a * n + b);
            assert_int_equal(ivs_out_begin(&pair.out, IVS_RECORD_SLOTS), 0);
            ivs_out_write(&pair.out, cuts[b], want + cuts[b], IVS_RECORD_BYTES - cuts[b]);
            ivs_out_write(&pair.out, cuts[a], want + cuts[a], bytes);
            ivs_out_write(&pair.out, 0, want, cuts[a]);
            ivs_out_publish(&pair.out, &head, IVS_RECORD_SLOTS);
            assert_true(next_head(&seen));
            ivs_in_read(&pair.in, cuts[a], got, bytes);
            assert_memory_equal(got, want + cuts[a], bytes);
            ivs_in_read(&pair.in, 0, got, sizeof(got));
            assert_memory_equal(got, want, sizeof(got));
            ivs_in_done(&pair.in, IVS_RECORD_SLOTS, false);
        }
    }
}

/* ---- laps cut short ----------------------------------------------------------------------- */

/* Laps since a slot's head was stored, seen from the lap of `at`. */
static uint32_t age_of_head(uint32_t at)
{
    return (ivs_lap_tag(at) - head_word(at)) & 0xffff;
}

/* One message at a time: half a ring is enough. Long before a tag comes again all of it is used. */
static void test_short_laps(void **state)
{
    uint32_t oldest = 0;
    bool whole = false;

    (void) state;
    start_at(starts[2]);
    for (uint32_t number = 0; number < 70000 * (IVS_HALF_SLOTS + 1); number++) {
        ivs_out_cut_lap(&pair.out);
        whole |= number > IVS_RING_SLOTS && pair.out.head % IVS_RING_SLOTS == IVS_RING_SLOTS - 1;
        if (pair.out.head % IVS_RING_SLOTS == 0) {
            for (uint32_t i = 0; i < IVS_RING_SLOTS; i++) {
                uint32_t age = age_of_head(pair.out.head + i);
                oldest = age > oldest ? age : oldest;
                assert_int_not_equal(age, 0);
            }
        }
        assert_int_equal(send_pattern(8, number), 0);
        assert_true(receive_pattern(8, number));
    }
    assert_true(whole);
    assert_in_range(oldest, 1 << 15, (1 << 15) + 1);
}

/* A consumer that is behind gets the whole ring. */
static void test_no_short_laps(void **state)
{
    (void) state;
    for (size_t s = 0; s < STARTS; s++) {
        uint32_t sent = 0;
        start_at(starts[s]);
        do {
            ivs_out_cut_lap(&pair.out);
        } while (send_pattern(8, sent) == 0 && ++sent);
        assert_in_range(sent, IVS_HALF_SLOTS, IVS_RING_SLOTS);
        for (uint32_t i = 0; i < sent; i++) {
            assert_true(receive_pattern(8, i));
        }
        assert_int_equal(ivs_in_peek(&pair.in), 0);
    }
}

/* Credit that cannot be right changes nothing. */
static void test_short_lap_hostile(void **state)
{
    (void) state;
    start_at(IVS_HALF_SLOTS);
    ivl_sh64_store_relaxed(&pair.ring->credit, IVS_HALF_SLOTS + 1);
    ivs_out_cut_lap(&pair.out);
    assert_int_equal(pair.out.head, IVS_HALF_SLOTS);
    assert_int_equal(ivs_in_peek(&pair.in), 0);
}

/* Any lengths, any depth, over many laps. */
static void test_laps(void **state)
{
    static uint32_t bytes[256];
    uint64_t seed = 42;

    (void) state;
    for (size_t s = 0; s < STARTS; s++) {
        uint32_t sent = 0, received = 0, full = 0;
        start_at(starts[s]);
        while (received < 20000) {
            for (uint32_t burst = rnd(&seed, 40); burst > 0; burst--) {
                bytes[sent % 256] =
                    rnd(&seed, rnd(&seed, 3) ? IVS_BODY_BYTES : IVS_RECORD_BYTES + 1);
                if (send_pattern(bytes[sent % 256], sent) != 0) {
                    full++;
                    break;
                }
                check_tags(starts[s]);
                sent++;
            }
            for (uint32_t burst = rnd(&seed, 40); burst > 0 && received < sent; burst--) {
                assert_true(receive_pattern(bytes[received % 256], received));
                received++;
            }
            assert_true(sent - received <= IVS_RING_SLOTS);
        }
        assert_true(full > 50);
    }
}

/* R1: payload that consists of the head words which the consumer waits for. */
static void test_payload_like_heads(void **state)
{
    uint64_t words[IVS_RECORD_BYTES / 8];

    (void) state;
    start_at(0);
    for (uint32_t number = 0; number < 5000; number++) {
        uint32_t bytes = 8 * (number * 7 % (IVS_RECORD_BYTES / 8 + 1));
        for (uint32_t i = 0; i < IVS_RECORD_BYTES / 8; i++) {
            const struct ivs_head fake = { .kind = KIND, .bytes = i % 2 ? 8 : IVS_RECORD_BYTES };
            words[i] = ivs_head_pack(pair.out.head + i % 3 * IVS_RING_SLOTS, &fake);
        }
        assert_int_equal(send_bytes(words, bytes, number), 0);
        check_tags(0);
        struct ivs_head head;
        assert_true(next_head(&head));
        assert_int_equal(head.bytes, bytes);
        assert_int_equal(head.aux, number & 0xffff);
        ivs_in_done(&pair.in, ivs_record_slots(bytes), false);
        assert_int_equal(ivs_in_peek(&pair.in), 0);
    }
}

/* ---- credit ------------------------------------------------------------------------------- */

static void test_credit_is_lazy(void **state)
{
    (void) state;
    for (size_t s = 0; s < STARTS; s++) {
        start_at(starts[s]);
        for (uint32_t i = 1; i <= 4 * IVS_RING_SLOTS; i++) {
            assert_int_equal(send_pattern(8, i), 0);
            assert_true(receive_pattern(8, i));
            assert_int_equal(credit_word(),
                             (uint32_t) (starts[s] + i / IVS_CREDIT_SLOTS * IVS_CREDIT_SLOTS));
        }
    }
}

static void test_credit_at_once(void **state)
{
    (void) state;
    start_at(starts[3]);
    for (uint32_t i = 1; i <= IVS_RING_SLOTS; i++) {
        assert_int_equal(send_pattern(8, i), 0);
        ivs_in_done(&pair.in, 1, true);
        assert_int_equal(credit_word(), (uint32_t) (starts[3] + i));
    }
}

static void fill_up(uint32_t slots)
{
    uint32_t sent = 0;

    while (send_pattern(slots * IVS_BODY_BYTES, sent) == 0) {
        sent++;
        assert_true(sent <= IVS_RING_SLOTS);
    }
    assert_true(sent > 0);
    for (uint32_t i = 0; i < sent; i++) {
        assert_true(receive_pattern(slots * IVS_BODY_BYTES, i));
    }
}

/* R3: whatever filled the ring, from wherever, when all of it has been read there is room for
 * any record, even though credit may have been kept back. */
static void test_full_ring_drains(void **state)
{
    (void) state;
    for (uint32_t at = IVS_RING_SLOTS; at < 2 * IVS_RING_SLOTS; at++) {
        for (uint32_t kept = 0; kept < IVS_CREDIT_SLOTS; kept++) {
            for (uint32_t first = 1; first <= IVS_RECORD_SLOTS; first++) {
                for (uint32_t then = 1; then <= IVS_RECORD_SLOTS; then++) {
                    start_at(at);
                    pair.in.returned = pair.out.acked = at - kept;
                    ivl_sh64_store_relaxed(&pair.ring->credit, at - kept);
                    fill_up(first);
                    assert_int_equal(send_pattern(then * IVS_BODY_BYTES, 1), 0);
                }
            }
        }
    }
}

/* R2: no byte of what has not been read yet changes, however often the producer tries. */
static void test_no_overwrite(void **state)
{
    struct ivs_ring copy;

    (void) state;
    for (uint32_t slots = 1; slots <= IVS_RECORD_SLOTS; slots++) {
        start_at(starts[3]);
        while (send_pattern(slots * IVS_BODY_BYTES, slots) == 0) {
        }
        memcpy(&copy, pair.ring, sizeof(copy));
        for (int i = 0; i < 3; i++) {
            assert_int_equal(send_pattern(slots * IVS_BODY_BYTES, slots), -EAGAIN);
        }
        assert_memory_equal(&copy, pair.ring, sizeof(copy));
    }
}

/* ---- a hostile other side ----------------------------------------------------------------- */

static void put_word(uint32_t at, uint64_t word)
{
    ivl_sh64_store_relaxed(&pair.ring->slots[at % IVS_RING_SLOTS].head, word);
}

/* Every length at every place: what is accepted can be read, the rest is refused. */
static void test_hostile_length(void **state)
{
    unsigned char data[IVS_RECORD_BYTES];

    (void) state;
    for (uint32_t at = 0; at < IVS_RING_SLOTS; at++) {
        uint32_t left = IVS_RING_SLOTS - at;
        for (uint32_t bytes = 0; bytes <= 0xffff; bytes++) {
            const struct ivs_head bad = { .kind = KIND, .bytes = bytes };
            struct ivs_head head;
            pair.in = (struct ivs_in){ .ring = pair.ring, .tail = at };
            put_word(at, ivs_head_pack(at, &bad));
            bool fits = bytes <= IVS_RECORD_BYTES && bytes <= left * IVS_BODY_BYTES;
            assert_int_equal(ivs_in_head(&pair.in, ivs_in_peek(&pair.in), &head),
                             fits ? 0 : -EBADMSG);
            assert_int_equal(pair.in.tail, at);
            if (fits) {
                ivs_in_read(&pair.in, 0, data, head.bytes);
            }
        }
    }
}

static void test_hostile_tag(void **state)
{
    (void) state;
    for (size_t s = 0; s < STARTS; s++) {
        start_at(starts[s]);
        for (uint32_t tag = 0; tag <= 0xffff; tag++) {
            put_word(starts[s], UINT64_C(0xffffffffffff0000) | tag);
            assert_int_equal(ivs_in_peek(&pair.in) != 0, tag == ivs_lap_tag(starts[s]));
        }
    }
}

/* Padding, wherever it stands and whatever else its word says, ends at the lap's end. */
static void test_hostile_padding(void **state)
{
    (void) state;
    for (uint32_t at = 0; at < IVS_RING_SLOTS; at++) {
        const struct ivs_head pad = {
            .kind = IVS_KIND_PAD, .flags = 255, .bytes = 0xffff, .aux = 0xffff
        };
        struct ivs_head head;
        start_at(at);
        put_word(at, ivs_head_pack(at, &pad));
        assert_int_equal(ivs_in_head(&pair.in, ivs_in_peek(&pair.in), &head), -EAGAIN);
        assert_int_equal(pair.in.tail, IVS_RING_SLOTS);
        put_word(0, ivs_head_pack(at, &pad)); /* the old lap's: not once more */
        assert_int_equal(ivs_in_peek(&pair.in), 0);
    }
}

/* A consumer that takes what it finds in a ring of noise goes nowhere else and comes to an end. */
static void test_hostile_noise(void **state)
{
    unsigned char data[IVS_RECORD_BYTES];
    uint64_t seed = 7;

    (void) state;
    for (int round = 0; round < 20000; round++) {
        start_at(starts[(size_t) round % STARTS]);
        for (uint32_t i = 0; i < IVS_RING_SLOTS; i++) {
            uint32_t p = pair.in.tail + i;
            uint64_t bytes = rnd(&seed, 16) ? rnd(&seed, 1200) : rnd(&seed, 65536);
            uint64_t kind = rnd(&seed, 8) ? rnd(&seed, 256) : IVS_KIND_PAD;
            put_word(p, ivs_lap_tag(p) | kind << 16 | bytes << 32);
        }
        for (uint32_t i = 0; i < 2 * IVS_RING_SLOTS; i++) {
            struct ivs_head head;
            uint64_t word = ivs_in_peek(&pair.in);
            int rc = word ? ivs_in_head(&pair.in, word, &head) : -EBADMSG;
            if (rc == -EBADMSG) {
                break;
            }
            if (rc == 0) {
                ivs_in_read(&pair.in, 0, data, head.bytes);
                ivs_in_done(&pair.in, ivs_record_slots(head.bytes), false);
            }
            assert_true(i < IVS_RING_SLOTS); /* each slot once */
        }
    }
}

static void expect_credit(uint32_t acked, uint32_t head, uint64_t word, bool valid)
{
    pair.out.acked = acked;
    pair.out.head = head;
    ivl_sh64_store_relaxed(&pair.ring->credit, word);
    assert_int_equal(ivs_out_refresh(&pair.out), valid ? 0 : -EBADMSG);
    assert_int_equal(pair.out.acked, valid ? (uint32_t) word : acked);
}

/* Credit behind the last one or ahead of what was sent is refused, and changes nothing. */
static void test_hostile_credit(void **state)
{
    uint64_t seed = 3;

    (void) state;
    for (size_t s = 0; s < STARTS; s++) {
        start_at(starts[s]);
        for (uint32_t used = 0; used <= IVS_RING_SLOTS; used++) {
            for (uint32_t i = 0; i < 100; i++) {
                uint32_t credit = starts[s] + i - 30;
                bool valid = i >= 30 && i - 30 <= used;
                expect_credit(starts[s], starts[s] + used, credit, valid);
                expect_credit(starts[s], starts[s] + used, IVS_ASLEEP | credit, valid);
            }
            for (uint32_t i = 0; i < 500; i++) {
                uint64_t word = (uint64_t) rnd(&seed, UINT32_MAX) << 32 | rnd(&seed, UINT32_MAX);
                expect_credit(starts[s], starts[s] + used, word,
                              (uint32_t) word - starts[s] <= used);
            }
        }
    }
}

static void test_hostile_credit_when_full(void **state)
{
    (void) state;
    for (size_t s = 0; s < STARTS; s++) {
        struct ivs_ring copy;
        start_at(starts[s]);
        while (send_pattern(8, 1) == 0) {
        }
        ivl_sh64_store_relaxed(&pair.ring->credit, pair.out.head + 1);
        memcpy(&copy, pair.ring, sizeof(copy));
        assert_int_equal(send_pattern(8, 1), -EBADMSG);
        ivl_sh64_store_relaxed(&pair.ring->credit, pair.out.acked - 1);
        assert_int_equal(send_pattern(8, 1), -EBADMSG);
        assert_memory_equal(copy.slots, pair.ring->slots, sizeof(copy.slots));
    }
}

/* The flag and the credit are one word and do not disturb each other. */
static void test_asleep(void **state)
{
    (void) state;
    start_at(starts[3]);
    assert_false(ivs_out_must_wake(&pair.out));
    pair.in.asleep = true;
    for (uint32_t i = 0; i < 2 * IVS_RING_SLOTS; i++) {
        assert_int_equal(send_pattern(8, i), 0);
        assert_true(receive_pattern(8, i));
        ivs_in_store_credit(&pair.in);
        assert_true(ivs_out_must_wake(&pair.out));
        assert_int_equal(ivs_out_refresh(&pair.out), 0);
        assert_int_equal(pair.out.acked, pair.out.head);
    }
    pair.in.asleep = false;
    ivs_in_store_credit(&pair.in);
    assert_false(ivs_out_must_wake(&pair.out));
}

static int make_ring(void **state)
{
    (void) state;
    guarded_make(&memory, sizeof(struct ivs_ring));
    return 0;
}

static int at_front(void **state)
{
    (void) state;
    pair.ring = guarded_front(&memory);
    return 0;
}

static int at_back(void **state)
{
    (void) state;
    pair.ring = guarded_back(&memory);
    return 0;
}

static int free_ring(void **state)
{
    (void) state;
    guarded_free(&memory);
    return 0;
}

#define both(test)                                         \
    { #test " at the front", test, at_front, NULL, NULL }, \
    {                                                      \
#test " at the back", test, at_back, NULL, NULL    \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        both(test_every_length),
        both(test_pieces),
        both(test_laps),
        both(test_short_laps),
        both(test_no_short_laps),
        both(test_short_lap_hostile),
        both(test_payload_like_heads),
        both(test_credit_is_lazy),
        both(test_credit_at_once),
        both(test_full_ring_drains),
        both(test_no_overwrite),
        both(test_hostile_length),
        both(test_hostile_tag),
        both(test_hostile_padding),
        both(test_hostile_noise),
        both(test_hostile_credit),
        both(test_hostile_credit_when_full),
        both(test_asleep),
    };

    return cmocka_run_group_tests_name("ring", tests, make_ring, free_ring);
}
