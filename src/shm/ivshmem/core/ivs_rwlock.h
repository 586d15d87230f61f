/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A lock between VMs that several may share: the lock of one target of a window (MPI-4.0,
 * section 12.5.3). One 64-bit word of the region, changed by compare-and-swap only. Nobody
 * queues: a waiter whose vCPU is preempted holds up nobody. Who has waited long reserves the
 * lock: all others then leave it to it, so that nobody waits for ever.
 *
 * The caller waits: a try that fails says so, and the caller drives whatever else must go on
 * before it tries again.
 */
#ifndef IVS_RWLOCK_H_INCLUDED
#define IVS_RWLOCK_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "shared_word.h"

#define IVS_RWLOCK_MEMBERS 65534u   /* members have indices below it */
#define IVS_RWLOCK_RESERVE_AFTER 32 /* failed tries */

/* Word: bits 0-15 the holder's member index + 1 if it holds it alone, 16-31 number of those who
 * share it, 32-47 index + 1 of the member it is reserved for, 48-63 zero. */
typedef struct {
    ivl_sh64_t word;
} ivs_rwlock_t;

void ivs_rwlock_init(ivs_rwlock_t *lock);

/* Tries once to take the lock as member `self`, alone or shared. *tries: how often this wait has
 * tried, 0 at first; counted here. Members are below `members`.
 * 0 taken; -EAGAIN somebody is in the way; -EBADMSG the word is nonsense; -EDEADLK self holds it
 * alone already. */
int ivs_rwlock_try(ivs_rwlock_t *lock, uint32_t self, uint32_t members, bool alone,
                   uint32_t *tries);

/* Gives up a wait: a reservation for self is taken back. */
void ivs_rwlock_forget(ivs_rwlock_t *lock, uint32_t self);

/* 0; -EPERM the word does not say that self holds it so; -EBADMSG it does not come to rest. */
int ivs_rwlock_drop(ivs_rwlock_t *lock, uint32_t self, bool alone);

/* Who holds it alone: member index, or -1. For messages. */
int ivs_rwlock_holder(const ivs_rwlock_t *lock);

#endif /* IVS_RWLOCK_H_INCLUDED */
