/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Vector copy loops: unaligned loads, aligned stores, four vectors a turn.
 */
#include <stdint.h>

#include "ivs_copy.h"

static void (*routine)(unsigned char *, const unsigned char *, size_t);
static const char *routine_name = "memcpy";

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

void ivs_copy_init(void)
{
    if (__builtin_cpu_supports("avx512f")) {
        routine = copy_avx512;
        routine_name = "avx512";
    } else if (__builtin_cpu_supports("avx2")) {
        routine = copy_avx2;
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
