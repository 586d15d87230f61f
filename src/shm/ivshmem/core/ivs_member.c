/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Access to the member table. Invariant: each line has one writer, its member.
 */
#include "ivs_member.h"
#include "shared_word.h"

static struct ivl_abi_member *line(const struct ivs_members *members, uint32_t index)
{
    return (struct ivl_abi_member *) (members->region->base + members->offset) + index;
}

void ivs_member_join(const struct ivs_members *members, uint32_t index, uint32_t vm_slot,
                     uint64_t nonce)
{
    struct ivl_abi_member *own = line(members, index);

    /* relaxed: published by the state below */
    ivl_sh32_store_relaxed(&own->vm_slot, vm_slot);
    ivl_sh64_store_relaxed(&own->heartbeat, 1);
    ivl_sh64_store_relaxed(&own->nonce, nonce);
    /* [member R] pairs with [member A] in ivs_member_has_nonce: nonce before state */
    ivl_sh32_store_release(&own->state, IVL_MEMBER_JOINED);
}

void ivs_member_leave(const struct ivs_members *members, uint32_t index)
{
    /* [left R] pairs with [left A] in ivs_members_all_left: this member's last use of the
     * region comes before the job is swept */
    ivl_sh32_store_release(&line(members, index)->state, IVL_MEMBER_LEFT);
}

bool ivs_member_has_nonce(const struct ivs_members *members, uint32_t index, uint64_t nonce)
{
    struct ivl_abi_member *other = line(members, index);

    /* [member A] pairs with [member R] in ivs_member_join */
    return ivl_sh32_load_acquire(&other->state) == IVL_MEMBER_JOINED &&
           ivl_sh64_load_relaxed(&other->nonce) == nonce;
}

/* relaxed: only changes matter, no data hangs on it */
uint64_t ivs_member_heartbeat(const struct ivs_members *members, uint32_t index)
{
    return ivl_sh64_load_relaxed(&line(members, index)->heartbeat);
}

bool ivs_member_is_joined(const struct ivs_members *members, uint32_t index)
{
    /* relaxed: a late answer is as good */
    return ivl_sh32_load_relaxed(&line(members, index)->state) == IVL_MEMBER_JOINED;
}

bool ivs_members_all_left(const struct ivs_members *members)
{
    for (uint32_t i = 0; i < members->count; i++) {
        /* [left A] pairs with [left R] in ivs_member_leave */
        if (ivl_sh32_load_acquire(&line(members, i)->state) == IVL_MEMBER_JOINED) {
            return false;
        }
    }
    return true;
}
