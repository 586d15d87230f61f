/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The member table of a job: one line per rank of the host, written by that rank alone. Reads
 * return values to compare, never positions, so they need no further check. `members_off` and
 * `index < members` must have passed ivl_job_check().
 */
#ifndef IVS_MEMBER_H_INCLUDED
#define IVS_MEMBER_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "locality.h"

struct ivs_members {
    const struct ivl_region *region;
    uint64_t offset;
    uint32_t count;
};

/* Fills this member's line and makes it visible. */
void ivs_member_join(const struct ivs_members *members, uint32_t index, uint32_t vm_slot,
                     uint64_t nonce);

/* Says that this member has ended in order. */
void ivs_member_leave(const struct ivs_members *members, uint32_t index);

bool ivs_member_has_nonce(const struct ivs_members *members, uint32_t index, uint64_t nonce);
uint64_t ivs_member_heartbeat(const struct ivs_members *members, uint32_t index);
bool ivs_member_is_joined(const struct ivs_members *members, uint32_t index);

/* True when no member is still at work (those that never joined do not count): the last one to
 * leave ends the job. */
bool ivs_members_all_left(const struct ivs_members *members);

#endif /* IVS_MEMBER_H_INCLUDED */
