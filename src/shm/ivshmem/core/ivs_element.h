/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Elements of a window that several ranks change at once: 1, 2, 4 or 8 bytes, aligned to their
 * size, each changed by one processor atomic. Values travel in the low bytes of 64-bit words.
 *
 * Order: read-modify-writes are acquire-release, so that who sees a counter's new value sees what
 * was put before it was changed.
 */
#ifndef IVS_ELEMENT_H_INCLUDED
#define IVS_ELEMENT_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Whether elements of so many bytes at addr can be changed this way. */
static inline bool ivs_element_is_atomic(const void *addr, uint64_t bytes)
{
    return bytes <= 8 && bytes != 0 && (bytes & (bytes - 1)) == 0 &&
           ((uintptr_t) addr & (bytes - 1)) == 0;
}

/* From and to private memory of any alignment. */
static inline uint64_t ivs_element_get(const void *from, unsigned bytes)
{
    uint64_t value = 0;

    memcpy(&value, from, bytes);
    return value;
}

static inline void ivs_element_put(void *to, unsigned bytes, uint64_t value)
{
    memcpy(to, &value, bytes);
}

#define IVS_ELEMENT_SWITCH(bytes, use) \
    do {                               \
        switch (bytes) {               \
            case 1:                    \
                use(uint8_t);          \
                break;                 \
            case 2:                    \
                use(uint16_t);         \
                break;                 \
            case 4:                    \
                use(uint32_t);         \
                break;                 \
            default:                   \
                use(uint64_t);         \
                break;                 \
        }                              \
    } while (0)

static inline uint64_t ivs_element_load(const void *addr, unsigned bytes)
{
    uint64_t value = 0;

#define IVS_USE(type) value = __atomic_load_n((const type *) addr, __ATOMIC_ACQUIRE)
    IVS_ELEMENT_SWITCH(bytes, IVS_USE);
#undef IVS_USE
    return value;
}

static inline void ivs_element_store(void *addr, unsigned bytes, uint64_t value)
{
#define IVS_USE(type) __atomic_store_n((type *) addr, (type) value, __ATOMIC_RELEASE)
    IVS_ELEMENT_SWITCH(bytes, IVS_USE);
#undef IVS_USE
}

static inline uint64_t ivs_element_exchange(void *addr, unsigned bytes, uint64_t value)
{
    uint64_t old = 0;

#define IVS_USE(type) old = __atomic_exchange_n((type *) addr, (type) value, __ATOMIC_ACQ_REL)
    IVS_ELEMENT_SWITCH(bytes, IVS_USE);
#undef IVS_USE
    return old;
}

/* Integers of either sign: the sum's bits are the same. */
static inline uint64_t ivs_element_add(void *addr, unsigned bytes, uint64_t value)
{
    uint64_t old = 0;

#define IVS_USE(type) old = __atomic_fetch_add((type *) addr, (type) value, __ATOMIC_ACQ_REL)
    IVS_ELEMENT_SWITCH(bytes, IVS_USE);
#undef IVS_USE
    return old;
}

/* On failure *expected gets the value found. */
static inline bool ivs_element_cas(void *addr, unsigned bytes, uint64_t *expected, uint64_t desired)
{
    bool done = false;

#define IVS_USE(type)                                                                    \
    do {                                                                                 \
        type found = (type) *expected;                                                   \
        done = __atomic_compare_exchange_n((type *) addr, &found, (type) desired, false, \
                                           __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);          \
        *expected = found;                                                               \
    } while (0)
    IVS_ELEMENT_SWITCH(bytes, IVS_USE);
#undef IVS_USE
    return done;
}

#endif /* IVS_ELEMENT_H_INCLUDED */
