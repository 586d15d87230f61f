/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Element-wise operations: every operation on every type and many lengths, against one element at
 * a time, by the loops for each kind of processor that this one can be; what lies around the array
 * stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/ivs_reduce.c"

#define COUNT_MAX 300
#define GUARD 64
#define ROOM ((COUNT_MAX + 1) * 8 + 2 * GUARD)

static const size_t bytes_of[IVS_TYPES] = { 1, 1, 2, 2, 4, 4, 8, 8, 4, 8 };

static uint64_t seed = 1;

static uint64_t rnd(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 11 ^ seed << 23;
}

/* Small numbers and extreme ones; floating-point ones whose products are exact. */
static void fill(unsigned char *data, size_t count, enum ivs_type type)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = rnd() % 4 == 0 ? UINT64_C(1) << (8 * bytes_of[type] - 1) : rnd();
        float f = (float) ((int) (rnd() % 2001) - 1000);
        double d = (double) ((int) (rnd() % 2000001) - 1000000);

        if (type == IVS_TYPE_F32) {
            memcpy(data + 4 * i, &f, 4);
        } else if (type == IVS_TYPE_F64) {
            memcpy(data + 8 * i, &d, 8);
        } else {
            memcpy(data + bytes_of[type] * i, &bits, bytes_of[type]);
        }
    }
}

static uint64_t on_unsigned(enum ivs_op op, uint64_t a, uint64_t b)
{
    switch (op) {
        case IVS_OP_SUM:
            return a + b;
        case IVS_OP_PROD:
            return a * b;
        case IVS_OP_MIN:
            return a < b ? a : b;
        case IVS_OP_MAX:
            return a > b ? a : b;
        case IVS_OP_BAND:
            return a & b;
        case IVS_OP_BOR:
            return a | b;
        default:
            return a ^ b;
    }
}

static double on_double(enum ivs_op op, double a, double b)
{
    switch (op) {
        case IVS_OP_SUM:
            return a + b;
        case IVS_OP_PROD:
            return a * b;
        case IVS_OP_MIN:
            return a < b ? a : b;
        default:
            return a > b ? a : b;
    }
}

static int64_t extended(uint64_t value, size_t bytes)
{
    uint64_t sign = UINT64_C(1) << (8 * bytes - 1);

    return (int64_t) ((value ^ sign) - sign);
}

/* One element; little endian. */
static void expected(enum ivs_op op, enum ivs_type type, unsigned char *to,
                     const unsigned char *from)
{
    uint64_t a = 0, b = 0;

    memcpy(&a, from, bytes_of[type]);
    memcpy(&b, to, bytes_of[type]);
    if (type == IVS_TYPE_F64) {
        double x, y;
        memcpy(&x, from, 8);
        memcpy(&y, to, 8);
        x = on_double(op, x, y);
        memcpy(to, &x, 8);
        return;
    }
    if (type == IVS_TYPE_F32) {
        float x, y;
        memcpy(&x, from, 4);
        memcpy(&y, to, 4);
        x = (float) on_double(op, x, y);
        memcpy(to, &x, 4);
        return;
    }
    if ((op == IVS_OP_MIN || op == IVS_OP_MAX) && type % 2 == 0) {
        int64_t x = extended(a, bytes_of[type]), y = extended(b, bytes_of[type]);
        a = (op == IVS_OP_MIN) == (x < y) ? a : b;
    } else {
        a = on_unsigned(op, a, b);
    }
    memcpy(to, &a, bytes_of[type]);
}

static void check(ivs_reduce_fn loop, enum ivs_op op, enum ivs_type type, size_t count, size_t skip)
{
    _Alignas(64) unsigned char from[ROOM], to[ROOM], want[ROOM];
    const size_t bytes = bytes_of[type], at = GUARD + skip * bytes;

    memset(to, 0xa5, sizeof(to));
    fill(from + at, count, type);
    fill(to + at, count, type);
    memcpy(want, to, sizeof(to));
    for (size_t i = 0; i < count; i++) {
        expected(op, type, want + at + i * bytes, from + at + i * bytes);
    }
    loop(to + at, from + at, count);
    assert_memory_equal(to, want, sizeof(to));
}

/* Operations on bits are not for floating point. */
static bool is_defined(int op, int type)
{
    return op < IVS_OP_BAND || type < IVS_TYPE_F32;
}

static void check_table(const ivs_reduce_fn table[IVS_OPS][IVS_TYPES])
{
    for (int op = 0; op < IVS_OPS; op++) {
        for (int type = 0; type < IVS_TYPES; type++) {
            assert_int_equal(table[op][type] != NULL, is_defined(op, type));
            if (table[op][type] == NULL) {
                continue;
            }
            for (size_t count = 0; count < COUNT_MAX; count += count < 70 ? 1 : 23) {
                check(table[op][type], (enum ivs_op) op, (enum ivs_type) type, count, count % 2);
            }
        }
    }
}

static void test_plain(void **state)
{
    (void) state;
    check_table(plain_table);
}

static void test_avx2(void **state)
{
    (void) state;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        check_table(avx2_table);
        return;
    }
#endif
    skip();
}

static void test_avx512(void **state)
{
    (void) state;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq")) {
        check_table(avx512_table);
        return;
    }
#endif
    skip();
}

static void test_which(void **state)
{
    (void) state;
    for (int op = 0; op < IVS_OPS; op++) {
        for (int type = 0; type < IVS_TYPES; type++) {
            assert_int_equal(ivs_reduce_find((enum ivs_op) op, (enum ivs_type) type) != NULL,
                             is_defined(op, type));
        }
    }
    assert_null(ivs_reduce_find(IVS_OPS, IVS_TYPE_I8));
    assert_null(ivs_reduce_find(IVS_OP_SUM, IVS_TYPES));
    assert_null(ivs_reduce_find((enum ivs_op) - 1, (enum ivs_type) - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_avx2),
        cmocka_unit_test(test_avx512),
        cmocka_unit_test(test_which),
    };

    return cmocka_run_group_tests_name("reduce", tests, NULL, NULL);
}
