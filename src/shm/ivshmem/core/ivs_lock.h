/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A lock between VMs: test-and-test-and-set with back-off, in one 64-bit word of the region. No
 * queue of waiters: a waiter whose vCPU is preempted holds up nobody.
 */
#ifndef IVS_LOCK_H_INCLUDED
#define IVS_LOCK_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "shared_word.h"

/* Word: 0 = free, else the holder's member index + 1. */
typedef struct {
    ivl_sh64_t word;
} ivs_lock_t;

void ivs_lock_init(ivs_lock_t *lock);

/* Takes the lock as member `self`. Every so often asks alive(holder) whether to go on waiting.
 * 0; -EOWNERDEAD the holder has died; -EBADMSG the word names no member (corrupt); -EDEADLK
 * self holds it already. `members` bounds valid holders. */
int ivs_lock_take(ivs_lock_t *lock, uint32_t self, uint32_t members, bool (*alive)(uint32_t));

/* 0; -EPERM self does not hold it. */
int ivs_lock_drop(ivs_lock_t *lock, uint32_t self);

#endif /* IVS_LOCK_H_INCLUDED */
