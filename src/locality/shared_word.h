/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Access to the words of a shared region. Nothing else names their member; a load copies the
 * word once, so that what was checked is what is used. Names carry the memory order.
 */
#ifndef SHARED_WORD_H_INCLUDED
#define SHARED_WORD_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "locality_abi.h"

IVL_STATIC_ASSERT(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the region is little-endian");
IVL_STATIC_ASSERT(__atomic_always_lock_free(8, 0), "64-bit atomics must be free of locks");

static inline uint32_t ivl_sh32_load_relaxed(const ivl_sh32_t *word)
{
    return __atomic_load_n(&word->shared_, __ATOMIC_RELAXED);
}

static inline uint32_t ivl_sh32_load_acquire(const ivl_sh32_t *word)
{
    return __atomic_load_n(&word->shared_, __ATOMIC_ACQUIRE);
}

static inline void ivl_sh32_store_relaxed(ivl_sh32_t *word, uint32_t value)
{
    __atomic_store_n(&word->shared_, value, __ATOMIC_RELAXED);
}

static inline void ivl_sh32_store_release(ivl_sh32_t *word, uint32_t value)
{
    __atomic_store_n(&word->shared_, value, __ATOMIC_RELEASE);
}

/* Compare-and-swap, acq_rel; on failure *expected gets the value found (acquire). */
static inline bool ivl_sh32_cas(ivl_sh32_t *word, uint32_t *expected, uint32_t desired)
{
    return __atomic_compare_exchange_n(&word->shared_, expected, desired, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

static inline uint32_t ivl_sh32_fetch_add_relaxed(ivl_sh32_t *word, uint32_t value)
{
    return __atomic_fetch_add(&word->shared_, value, __ATOMIC_RELAXED);
}

static inline uint64_t ivl_sh64_load_relaxed(const ivl_sh64_t *word)
{
    return __atomic_load_n(&word->shared_, __ATOMIC_RELAXED);
}

static inline uint64_t ivl_sh64_load_acquire(const ivl_sh64_t *word)
{
    return __atomic_load_n(&word->shared_, __ATOMIC_ACQUIRE);
}

static inline void ivl_sh64_store_relaxed(ivl_sh64_t *word, uint64_t value)
{
    __atomic_store_n(&word->shared_, value, __ATOMIC_RELAXED);
}

static inline void ivl_sh64_store_release(ivl_sh64_t *word, uint64_t value)
{
    __atomic_store_n(&word->shared_, value, __ATOMIC_RELEASE);
}

/* Compare-and-swap, acq_rel; on failure *expected gets the value found (acquire). */
static inline bool ivl_sh64_cas(ivl_sh64_t *word, uint64_t *expected, uint64_t desired)
{
    return __atomic_compare_exchange_n(&word->shared_, expected, desired, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

static inline uint64_t ivl_sh64_fetch_add_relaxed(ivl_sh64_t *word, uint64_t value)
{
    return __atomic_fetch_add(&word->shared_, value, __ATOMIC_RELAXED);
}

static inline uint64_t ivl_sh64_exchange(ivl_sh64_t *word, uint64_t value)
{
    return __atomic_exchange_n(&word->shared_, value, __ATOMIC_ACQ_REL);
}

static inline uint64_t ivl_sh64_fetch_or(ivl_sh64_t *word, uint64_t bits)
{
    return __atomic_fetch_or(&word->shared_, bits, __ATOMIC_ACQ_REL);
}

/* Sequentially consistent, where two words must be in one order for all: doc/memory-order.md. */
static inline uint64_t ivl_sh64_load_seqcst(const ivl_sh64_t *word)
{
    return __atomic_load_n(&word->shared_, __ATOMIC_SEQ_CST);
}

static inline uint64_t ivl_sh64_exchange_seqcst(ivl_sh64_t *word, uint64_t value)
{
    return __atomic_exchange_n(&word->shared_, value, __ATOMIC_SEQ_CST);
}

static inline uint64_t ivl_sh64_fetch_add_seqcst(ivl_sh64_t *word, uint64_t value)
{
    return __atomic_fetch_add(&word->shared_, value, __ATOMIC_SEQ_CST);
}

/* Records that are not made of shared words (a table entry's body, a job key, the sealed
 * superblock) are copied as 64-bit words in ascending order. Both sides are 8-byte aligned and
 * bytes is a multiple of 8. The order on each word makes a sequence lock around the copy work
 * without fences: see doc/memory-order.md. */
typedef uint64_t __attribute__((may_alias)) ivl_word_t;

static inline void ivl_words_load_acquire(void *dst, const void *src, size_t bytes)
{
    ivl_word_t *to = (ivl_word_t *) dst;
    const ivl_word_t *from = (const ivl_word_t *) src;
    for (size_t i = 0; i < bytes / sizeof(*to); i++) {
        to[i] = __atomic_load_n(&from[i], __ATOMIC_ACQUIRE);
    }
}

static inline void ivl_words_store_release(void *dst, const void *src, size_t bytes)
{
    ivl_word_t *to = (ivl_word_t *) dst;
    const ivl_word_t *from = (const ivl_word_t *) src;
    for (size_t i = 0; i < bytes / sizeof(*to); i++) {
        __atomic_store_n(&to[i], from[i], __ATOMIC_RELEASE);
    }
}

#endif /* SHARED_WORD_H_INCLUDED */
