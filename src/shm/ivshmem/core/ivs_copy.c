/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Vector copy loops: unaligned loads, aligned stores, four vectors a turn.
 */
#include <stdint.h>

#include "ivs_copy.h"

static void (*routine)(unsigned char *, const unsigned char *, size_t);
static void (*stream)(unsigned char *, const unsigned char *, size_t);
static const char *routine_name = "memcpy";

#define SLOW_PER_BYTE 0.4 /* ticks: under some 6 GB/s; from memory it is 10 and more */
#define SLOW_MOST 2       /* in a row: one alone may have been interrupted */
#define FAR_COPIES 64     /* until it is tried again */
#define NEAR_COPIES 15

#if defined(__x86_64__)
#include <immintrin.h>

/* Bytes to the next multiple of `align` at or after dst, at most align - 1. */
static size_t to_alignment(const unsigned char *dst, size_t align)
{
    return -(uintptr_t) dst % align;
}

__attribute__((target("avx512f"))) static void copy_avx512(unsigned char *dst,
                                                           const unsigned char *src, size_t bytes)
{
    const size_t width = 64;
    size_t skip = to_alignment(dst, width);
    size_t at = skip;

    _mm512_storeu_si512(dst, _mm512_loadu_si512(src)); /* up to the first aligned vector */
    for (; at + 4 * width <= bytes; at += 4 * width) {
        __m512i a = _mm512_loadu_si512(src + at);
        __m512i b = _mm512_loadu_si512(src + at + width);
        __m512i c = _mm512_loadu_si512(src + at + 2 * width);
        __m512i d = _mm512_loadu_si512(src + at + 3 * width);
        _mm512_store_si512(dst + at, a);
        _mm512_store_si512(dst + at + width, b);
        _mm512_store_si512(dst + at + 2 * width, c);
        _mm512_store_si512(dst + at + 3 * width, d);
    }
    for (; at + width <= bytes; at += width) {
        _mm512_store_si512(dst + at, _mm512_loadu_si512(src + at));
    }
    /* the last vector may overlap what is done */
    _mm512_storeu_si512(dst + bytes - width, _mm512_loadu_si512(src + bytes - width));
}

__attribute__((target("avx2"))) static void copy_avx2(unsigned char *dst, const unsigned char *src,
                                                      size_t bytes)
{
    const size_t width = 32;
    size_t at = to_alignment(dst, width);

    _mm256_storeu_si256((__m256i *) dst, _mm256_loadu_si256((const __m256i *) src));
    for (; at + 4 * width <= bytes; at += 4 * width) {
        const __m256i *from = (const __m256i *) (src + at);
        __m256i *to = (__m256i *) (dst + at);
        __m256i a = _mm256_loadu_si256(from);
        __m256i b = _mm256_loadu_si256(from + 1);
        __m256i c = _mm256_loadu_si256(from + 2);
        __m256i d = _mm256_loadu_si256(from + 3);
        _mm256_store_si256(to, a);
        _mm256_store_si256(to + 1, b);
        _mm256_store_si256(to + 2, c);
        _mm256_store_si256(to + 3, d);
    }
    for (; at + width <= bytes; at += width) {
        _mm256_store_si256((__m256i *) (dst + at),
                           _mm256_loadu_si256((const __m256i *) (src + at)));
    }
    _mm256_storeu_si256((__m256i *) (dst + bytes - width),
                        _mm256_loadu_si256((const __m256i *) (src + bytes - width)));
}

/* Past the caches. The fence: such stores are not ordered by the ones that publish them. */
__attribute__((target("avx512f"))) static void stream_avx512(unsigned char *dst,
                                                             const unsigned char *src, size_t bytes)
{
    const size_t width = 64;
    size_t at = to_alignment(dst, width);

    _mm512_storeu_si512(dst, _mm512_loadu_si512(src));
    for (; at + 2 * width <= bytes; at += 2 * width) {
        __m512i a = _mm512_loadu_si512(src + at);
        __m512i b = _mm512_loadu_si512(src + at + width);
        _mm512_stream_si512((__m512i *) (dst + at), a);
        _mm512_stream_si512((__m512i *) (dst + at + width), b);
    }
    if (at < bytes) {
        if (at + width < bytes) {
            _mm512_storeu_si512(dst + at, _mm512_loadu_si512(src + at));
        }
        _mm512_storeu_si512(dst + bytes - width, _mm512_loadu_si512(src + bytes - width));
    }
    _mm_sfence();
}

__attribute__((target("avx2"))) static void stream_avx2(unsigned char *dst,
                                                        const unsigned char *src, size_t bytes)
{
    const size_t width = 32;
    size_t at = to_alignment(dst, width);

    _mm256_storeu_si256((__m256i *) dst, _mm256_loadu_si256((const __m256i *) src));
    for (; at + 2 * width <= bytes; at += 2 * width) {
        const __m256i *from = (const __m256i *) (src + at);
        __m256i *to = (__m256i *) (dst + at);
        __m256i a = _mm256_loadu_si256(from);
        __m256i b = _mm256_loadu_si256(from + 1);
        _mm256_stream_si256(to, a);
        _mm256_stream_si256(to + 1, b);
    }
    if (at < bytes) {
        if (at + width < bytes) {
            _mm256_storeu_si256((__m256i *) (dst + at),
                                _mm256_loadu_si256((const __m256i *) (src + at)));
        }
        _mm256_storeu_si256((__m256i *) (dst + bytes - width),
                            _mm256_loadu_si256((const __m256i *) (src + bytes - width)));
    }
    _mm_sfence();
}

void ivs_copy_init(void)
{
    if (__builtin_cpu_supports("avx512f")) {
        routine = copy_avx512;
        stream = stream_avx512;
        routine_name = "avx512";
    } else if (__builtin_cpu_supports("avx2")) {
        routine = copy_avx2;
        stream = stream_avx2;
        routine_name = "avx2";
    }
}
#else
void ivs_copy_init(void)
{
}
#endif

const char *ivs_copy_name(void)
{
    return routine_name;
}

void ivs_copy_long(void *dst, const void *src, size_t bytes)
{
    if (routine != NULL && bytes >= IVS_COPY_SHORT) {
        routine((unsigned char *) dst, (const unsigned char *) src, bytes);
    } else {
        memcpy(dst, src, bytes);
    }
}

#if defined(__x86_64__)
static uint64_t ticks(void)
{
    return __rdtsc();
}
#else
static uint64_t ticks(void)
{
    return 0;
}
#endif

void ivs_copy_out_long(struct ivs_distance *distance, void *dst, const void *src, size_t bytes)
{
    uint64_t begin;

    if (distance->far > 0) {
        distance->far--;
        stream((unsigned char *) dst, (const unsigned char *) src, bytes);
        return;
    }
    if (distance->near > 0 || stream == NULL) {
        distance->near = (uint16_t) (distance->near > 0 ? distance->near - 1 : 0);
        ivs_copy_long(dst, src, bytes);
        return;
    }
    begin = ticks();
    ivs_copy_long(dst, src, bytes);
    if ((double) (ticks() - begin) < SLOW_PER_BYTE * (double) bytes) {
        distance->slow = 0;
        distance->near = NEAR_COPIES;
    } else if (++distance->slow >= SLOW_MOST) {
        distance->slow = SLOW_MOST - 1; /* the next try is enough */
        distance->far = FAR_COPIES;
    }
}
