/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The copy routine at any length and alignment: all bytes arrive, none besides is touched. Source
 * and destination end at a page that may not be read or written, or begin behind one.
 */
#include "ivs_test.h"
#include "core/ivs_copy.h"

#define LONGEST 70000u

static struct guarded from, to;
static unsigned char want[LONGEST];

static enum {
    PLAIN,
    OUT, /* for another processor: as it comes */
    FAR  /* past the caches */
} way;

static void check_copy(unsigned char *dst, const unsigned char *src, uint32_t bytes)
{
    static struct ivs_distance distance;

    memset(dst, 0, bytes);
    if (way == PLAIN) {
        ivs_copy(dst, src, bytes);
    } else {
        distance.far = way == FAR ? 1 : distance.far;
        ivs_copy_out(&distance, dst, src, bytes);
    }
    assert_memory_equal(dst, src, bytes);
}

/* Both ends of the memory, shifted by `src_at` and `dst_at` bytes; what lies in between stays. */
static void check_places(uint32_t bytes, uint32_t src_at, uint32_t dst_at)
{
    unsigned char *src = guarded_front(&from), *dst = guarded_front(&to);
    uint32_t room = (uint32_t) from.bytes - bytes;

    dst[dst_at + bytes] = 0xee;
    check_copy(dst + dst_at, src + src_at, bytes);
    assert_int_equal(dst[dst_at + bytes], 0xee);
    dst[room - dst_at - 1] = 0xee;
    check_copy(dst + room - dst_at, src + room - src_at, bytes);
    assert_int_equal(dst[room - dst_at - 1], 0xee);
}

static void check_lengths(void)
{
    static const uint32_t shifts[] = { 0, 1, 7, 31, 32, 33, 63, 64, 65 };
    const size_t n = sizeof(shifts) / sizeof(shifts[0]);

    for (uint32_t bytes = 0; bytes < LONGEST - 200; bytes += bytes < 1200 ? 1 : bytes / 7) {
        for (size_t i = 0; i < n * n; i++) {
            check_places(bytes, shifts[i / n], shifts[i % n]);
        }
    }
}

static void test_before_init(void **state)
{
    (void) state;
    assert_string_equal(ivs_copy_name(), "memcpy");
    way = PLAIN;
    check_lengths();
    way = OUT;
    check_lengths();
}

static void test_after_init(void **state)
{
    (void) state;
    ivs_copy_init();
    print_message("# %s\n", ivs_copy_name());
    way = PLAIN;
    check_lengths();
}

static void test_out(void **state)
{
    (void) state;
    way = OUT;
    check_lengths();
}

static void test_out_far(void **state)
{
    (void) state;
    if (strcmp(ivs_copy_name(), "memcpy") == 0) {
        skip();
    }
    way = FAR;
    check_lengths();
}

static int make_memory(void **state)
{
    const uint64_t bytes = (LONGEST + TEST_PAGE - 1) / TEST_PAGE * TEST_PAGE;

    (void) state;
    guarded_make(&from, bytes);
    guarded_make(&to, bytes);
    pattern_fill(want, LONGEST, 1);
    memcpy(guarded_front(&from), want, LONGEST);
    memcpy((unsigned char *) guarded_front(&from) + bytes - LONGEST, want, LONGEST);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_init),
        cmocka_unit_test(test_after_init),
        cmocka_unit_test(test_out),
        cmocka_unit_test(test_out_far),
    };

    return cmocka_run_group_tests_name("copy", tests, make_memory, NULL);
}
