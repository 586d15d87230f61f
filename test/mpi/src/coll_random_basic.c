/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Numbers of the predefined types (see coll_random.h).
 */
#include "coll_random.h"
#include <complex.h>
#include <float.h>
#include <stddef.h>
#include <wchar.h>

#define LONG_DOUBLE_BYTES (LDBL_MANT_DIG == 64 ? 10 : (int) sizeof(long double))
#define INTEGER_OPS (HAS_ORDER | HAS_ARITHMETIC | HAS_LOGIC | HAS_BITS)
#define ADDRESS_OPS (HAS_ORDER | HAS_ARITHMETIC | HAS_BITS)

#define PLAIN(mpi, c, kind, has)                                   \
    {                                                              \
#mpi, mpi, kind, sizeof(c), 0, sizeof(c), _Alignof(c), has \
    }
#define COMPLEX(mpi, c)                                                                           \
    {                                                                                             \
#mpi, mpi, KIND_COMPLEX, sizeof(c), sizeof(c), 2 * sizeof(c), _Alignof(c), HAS_ARITHMETIC \
    }
#define PAIR(mpi, c, kind)                                                           \
    {                                                                                \
#mpi, mpi, kind, sizeof(((struct c *) 0)->value), offsetof(struct c, index), \
            sizeof(struct c), _Alignof(struct c), HAS_LOCATION                       \
    }

struct short_int {
    short value;
    int index;
};
struct int_int {
    int value;
    int index;
};
struct long_int {
    long value;
    int index;
};
struct float_int {
    float value;
    int index;
};
struct double_int {
    double value;
    int index;
};
struct long_double_int {
    long double value;
    int index;
};

const struct basic basics[] = {
    PLAIN(MPI_INT, int, KIND_SIGNED, INTEGER_OPS),
    PLAIN(MPI_DOUBLE, double, KIND_REAL, HAS_ORDER | HAS_ARITHMETIC),
    PLAIN(MPI_FLOAT, float, KIND_REAL, HAS_ORDER | HAS_ARITHMETIC),
    PLAIN(MPI_LONG_DOUBLE, long double, KIND_REAL, HAS_ORDER | HAS_ARITHMETIC),
    PLAIN(MPI_BYTE, unsigned char, KIND_UNSIGNED, HAS_BITS),
    PLAIN(MPI_CHAR, char, KIND_UNSIGNED, 0),
    PLAIN(MPI_SIGNED_CHAR, signed char, KIND_SIGNED, INTEGER_OPS),
    PLAIN(MPI_UNSIGNED_CHAR, unsigned char, KIND_UNSIGNED, INTEGER_OPS),
    PLAIN(MPI_WCHAR, wchar_t, KIND_SIGNED, 0),
    PLAIN(MPI_SHORT, short, KIND_SIGNED, INTEGER_OPS),
    PLAIN(MPI_UNSIGNED_SHORT, unsigned short, KIND_UNSIGNED, INTEGER_OPS),
    PLAIN(MPI_UNSIGNED, unsigned, KIND_UNSIGNED, INTEGER_OPS),
    PLAIN(MPI_LONG, long, KIND_SIGNED, INTEGER_OPS),
    PLAIN(MPI_UNSIGNED_LONG, unsigned long, KIND_UNSIGNED, INTEGER_OPS),
    PLAIN(MPI_LONG_LONG, long long, KIND_SIGNED, INTEGER_OPS),
    PLAIN(MPI_UNSIGNED_LONG_LONG, unsigned long long, KIND_UNSIGNED, INTEGER_OPS),
    PLAIN(MPI_INT8_T, int8_t, KIND_SIGNED, INTEGER_OPS),
    PLAIN(MPI_INT16_T, int16_t, KIND_SIGNED, INTEGER_OPS),
    PLAIN(MPI_INT32_T, int32_t, KIND_SIGNED, INTEGER_OPS),
    PLAIN(MPI_INT64_T, int64_t, KIND_SIGNED, INTEGER_OPS),
    PLAIN(MPI_UINT8_T, uint8_t, KIND_UNSIGNED, INTEGER_OPS),
    PLAIN(MPI_UINT16_T, uint16_t, KIND_UNSIGNED, INTEGER_OPS),
    PLAIN(MPI_UINT32_T, uint32_t, KIND_UNSIGNED, INTEGER_OPS),
    PLAIN(MPI_UINT64_T, uint64_t, KIND_UNSIGNED, INTEGER_OPS),
    PLAIN(MPI_AINT, MPI_Aint, KIND_SIGNED, ADDRESS_OPS),
    PLAIN(MPI_OFFSET, MPI_Offset, KIND_SIGNED, ADDRESS_OPS),
    PLAIN(MPI_COUNT, MPI_Count, KIND_SIGNED, ADDRESS_OPS),
    PLAIN(MPI_C_BOOL, bool, KIND_LOGICAL, HAS_LOGIC),
    COMPLEX(MPI_C_FLOAT_COMPLEX, float),
    COMPLEX(MPI_C_DOUBLE_COMPLEX, double),
    COMPLEX(MPI_C_LONG_DOUBLE_COMPLEX, long double),
    PAIR(MPI_SHORT_INT, short_int, KIND_INTEGER_PAIR),
    PAIR(MPI_2INT, int_int, KIND_INTEGER_PAIR),
    PAIR(MPI_LONG_INT, long_int, KIND_INTEGER_PAIR),
    PAIR(MPI_FLOAT_INT, float_int, KIND_REAL_PAIR),
    PAIR(MPI_DOUBLE_INT, double_int, KIND_REAL_PAIR),
    PAIR(MPI_LONG_DOUBLE_INT, long_double_int, KIND_REAL_PAIR),
};
const int basics_count = sizeof(basics) / sizeof(basics[0]);

const struct basic *basic_named(const char *name)
{
    for (int i = 0; i < basics_count; i++) {
        if (strcmp(basics[i].name, name) == 0) {
            return &basics[i];
        }
    }
    check_failed(__FILE__, __LINE__, "%s: no such type", name);
}

static bool is_real(const struct basic *basic)
{
    return basic->kind == KIND_REAL || basic->kind == KIND_COMPLEX || basic->kind == KIND_REAL_PAIR;
}

static bool has_second(const struct basic *basic)
{
    return basic->kind >= KIND_COMPLEX;
}

/* ---- store and load --------------------------------------------------------------------------- */

static void store_integer(int64_t value, int bytes, uint8_t *at)
{
    uint8_t narrow8 = (uint8_t) value;
    uint16_t narrow16 = (uint16_t) value;
    uint32_t narrow32 = (uint32_t) value;

    switch (bytes) {
        case 1:
            memcpy(at, &narrow8, 1);
            break;
        case 2:
            memcpy(at, &narrow16, 2);
            break;
        case 4:
            memcpy(at, &narrow32, 4);
            break;
        default:
            memcpy(at, &value, 8);
    }
}

static int64_t load_integer(bool is_signed, int bytes, const uint8_t *at)
{
    uint64_t value = 0;
    uint16_t narrow16;
    uint32_t narrow32;

    switch (bytes) {
        case 1:
            return is_signed ? (int64_t) (int8_t) at[0] : (int64_t) at[0];
        case 2:
            memcpy(&narrow16, at, 2);
            return is_signed ? (int64_t) (int16_t) narrow16 : (int64_t) narrow16;
        case 4:
            memcpy(&narrow32, at, 4);
            return is_signed ? (int64_t) (int32_t) narrow32 : (int64_t) narrow32;
        default:
            memcpy(&value, at, 8);
            return (int64_t) value;
    }
}

static void store_real(int64_t value, int bytes, uint8_t *at)
{
    float f = (float) value;
    double d = (double) value;
    long double l = (long double) value;

    if (bytes == sizeof(f)) {
        memcpy(at, &f, sizeof(f));
    } else if (bytes == sizeof(d)) {
        memcpy(at, &d, sizeof(d));
    } else {
        memset(at, 0, sizeof(l));
        memcpy(at, &l, LONG_DOUBLE_BYTES);
    }
}

static int64_t load_real(int bytes, const uint8_t *at)
{
    float f;
    double d;
    long double l;

    if (bytes == sizeof(f)) {
        memcpy(&f, at, sizeof(f));
        return (int64_t) f;
    }
    if (bytes == sizeof(d)) {
        memcpy(&d, at, sizeof(d));
        return (int64_t) d;
    }
    memcpy(&l, at, sizeof(l));
    return (int64_t) l;
}

void basic_store(const struct basic *basic, struct cell cell, uint8_t *at)
{
    if (is_real(basic)) {
        store_real(cell.a, basic->part, at);
    } else {
        store_integer(cell.a, basic->part, at);
    }
    if (basic->kind == KIND_COMPLEX) {
        store_real(cell.b, basic->part, at + basic->second);
    } else if (has_second(basic)) {
        store_integer(cell.b, sizeof(int), at + basic->second);
    }
}

struct cell basic_load(const struct basic *basic, const uint8_t *at)
{
    bool is_signed = basic->kind == KIND_SIGNED || basic->kind == KIND_INTEGER_PAIR;
    struct cell cell = { 0, 0 };

    cell.a = is_real(basic) ? load_real(basic->part, at) : load_integer(is_signed, basic->part, at);
    if (basic->kind == KIND_COMPLEX) {
        cell.b = load_real(basic->part, at + basic->second);
    } else if (has_second(basic)) {
        cell.b = load_integer(true, sizeof(int), at + basic->second);
    }
    return cell;
}

/* Products of complex numbers have zeros of either sign. */
static void clean_zero(int bytes, uint8_t *at)
{
    if (load_real(bytes, at) == 0 &&
        (at[bytes < 16 ? bytes - 1 : LONG_DOUBLE_BYTES - 1] & 0x7f) == 0) {
        store_real(0, bytes, at);
    }
}

void basic_clean(const struct basic *basic, uint8_t *at)
{
    size_t tail = sizeof(long double) - (size_t) LONG_DOUBLE_BYTES;

    if (basic->kind == KIND_COMPLEX) {
        clean_zero(basic->part, at);
        clean_zero(basic->part, at + basic->second);
    }
    if (!is_real(basic) || basic->part != sizeof(long double) || basic->part == sizeof(double)) {
        return;
    }
    memset(at + LONG_DOUBLE_BYTES, 0, tail);
    if (basic->kind == KIND_COMPLEX) {
        memset(at + basic->second + LONG_DOUBLE_BYTES, 0, tail);
    }
}

/* ---- values ----------------------------------------------------------------------------------- */

struct cell basic_value(const struct basic *basic, uint64_t stream, size_t k)
{
    uint64_t z = stream + (k + 1) * UINT64_C(0x9e3779b97f4a7c15);
    struct cell cell;

    z = (z ^ (z >> 31)) * UINT64_C(0xbf58476d1ce4e5b9);
    z ^= z >> 29;
    cell.a = basic->kind == KIND_LOGICAL ? (int64_t) (z & 1) : (int64_t) z;
    if (is_real(basic)) {
        cell.a = (int64_t) (z >> 44) - (1 << 19); /* exact in a float */
    }
    cell.b = (int64_t) (z & 0xfffff);
    return cell;
}
