/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The windows' lock in CH4's terms: a mutex that lies in the region is a lock between VMs, any
 * other is left to MPL.
 */
#include "ivshmem_win.h"

IVL_STATIC_ASSERT(sizeof(ivs_lock_t) <= sizeof(MPL_proc_mutex_t), "the lock fits its place");

void MPIDI_IVSHMEM_mutex_create(MPL_proc_mutex_t *mutex, int *err)
{
    if (!MPIDI_IVSHMEMI_in_region(mutex)) {
        MPL_proc_mutex_create(mutex, err);
        return;
    }
    ivs_lock_init((ivs_lock_t *) mutex);
    *err = MPL_SUCCESS;
}

void MPIDI_IVSHMEM_mutex_destroy(MPL_proc_mutex_t *mutex, int *err)
{
    if (!MPIDI_IVSHMEMI_in_region(mutex)) {
        MPL_proc_mutex_destroy(mutex, err);
        return;
    }
    *err = MPL_SUCCESS;
}

void MPIDI_IVSHMEM_mutex_lock(MPL_proc_mutex_t *mutex, int *err)
{
    struct ivs_waiter who;
    int rc;

    if (!MPIDI_IVSHMEMI_in_region(mutex)) {
        MPL_proc_mutex_lock(mutex, err);
        return;
    }
    who = MPIDI_IVSHMEMI_waiter();
    rc = MPIDI_IVSHMEMI_lock_own_part((ivs_lock_t *) mutex, &who);
    *err = rc == 0 ? MPL_SUCCESS : -rc;
}

void MPIDI_IVSHMEM_mutex_unlock(MPL_proc_mutex_t *mutex, int *err)
{
    int rc;

    if (!MPIDI_IVSHMEMI_in_region(mutex)) {
        MPL_proc_mutex_unlock(mutex, err);
        return;
    }
    rc = ivs_lock_drop((ivs_lock_t *) mutex, MPIDI_IVSHMEMI_global.member);
    *err = rc == 0 ? MPL_SUCCESS : -rc;
}
