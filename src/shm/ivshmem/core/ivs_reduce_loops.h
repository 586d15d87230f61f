/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The loops of ivs_reduce.c for one kind of processor: included once for each, with LOOPS(name)
 * defined to make names, and TARGET as the attributes of functions for that processor.
 */
#define LOOP(name, type, expression)                                         \
    TARGET static void LOOPS(name)(void *to, const void *from, size_t count) \
    {                                                                        \
        type *restrict inout = (type *) to;                                  \
        const type *restrict in = (const type *) from;                       \
                                                                             \
        for (size_t i = 0; i < count; i++) {                                 \
            const type a = in[i], b = inout[i];                              \
            inout[i] = (type) (expression);                                  \
        }                                                                    \
    }

/* Sums, products and bits do not depend on the sign; unsigned arithmetic wraps. Narrow operands
 * are made unsigned int, whose product cannot overflow. */
#define INTEGER(bits, wide)                              \
    LOOP(sum##bits, uint##bits##_t, (wide) a + (wide) b) \
    LOOP(prod##bits, uint##bits##_t, (wide) a *(wide) b) \
    LOOP(band##bits, uint##bits##_t, a &b)               \
    LOOP(bor##bits, uint##bits##_t, a | b)               \
    LOOP(bxor##bits, uint##bits##_t, a ^ b)              \
    LOOP(mini##bits, int##bits##_t, a < b ? a : b)       \
    LOOP(maxi##bits, int##bits##_t, a > b ? a : b)       \
    LOOP(minu##bits, uint##bits##_t, a < b ? a : b)      \
    LOOP(maxu##bits, uint##bits##_t, a > b ? a : b)

#define FLOATING(name, type)             \
    LOOP(sum##name, type, a + b)         \
    LOOP(prod##name, type, a *b)         \
    LOOP(min##name, type, a < b ? a : b) \
    LOOP(max##name, type, a > b ? a : b)

INTEGER(8, unsigned)
INTEGER(16, unsigned)
INTEGER(32, uint32_t)
INTEGER(64, uint64_t)
FLOATING(f32, float)
FLOATING(f64, double)

#define FOR_ALL(op)                                                                             \
    {                                                                                           \
        LOOPS(op##8), LOOPS(op##8), LOOPS(op##16), LOOPS(op##16), LOOPS(op##32), LOOPS(op##32), \
            LOOPS(op##64), LOOPS(op##64), LOOPS(op##f32), LOOPS(op##f64)                        \
    }
#define FOR_EACH(op)                                                                       \
    {                                                                                      \
        LOOPS(op##i8), LOOPS(op##u8), LOOPS(op##i16), LOOPS(op##u16), LOOPS(op##i32),      \
            LOOPS(op##u32), LOOPS(op##i64), LOOPS(op##u64), LOOPS(op##f32), LOOPS(op##f64) \
    }
#define FOR_INTEGERS(op)                                                                        \
    {                                                                                           \
        LOOPS(op##8), LOOPS(op##8), LOOPS(op##16), LOOPS(op##16), LOOPS(op##32), LOOPS(op##32), \
            LOOPS(op##64), LOOPS(op##64), NULL, NULL                                            \
    }

static const ivs_reduce_fn LOOPS(table)[IVS_OPS][IVS_TYPES] = {
    [IVS_OP_SUM] = FOR_ALL(sum),        [IVS_OP_PROD] = FOR_ALL(prod),
    [IVS_OP_MIN] = FOR_EACH(min),       [IVS_OP_MAX] = FOR_EACH(max),
    [IVS_OP_BAND] = FOR_INTEGERS(band), [IVS_OP_BOR] = FOR_INTEGERS(bor),
    [IVS_OP_BXOR] = FOR_INTEGERS(bxor),
};

#undef LOOP
#undef INTEGER
#undef FLOATING
#undef FOR_ALL
#undef FOR_EACH
#undef FOR_INTEGERS
