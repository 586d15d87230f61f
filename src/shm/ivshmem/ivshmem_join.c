/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The steps of the merge that touch the region: making the host's job, joining it, looking for
 * the others' nonces, leaving. A failure becomes the reason in the message sent; the decision
 * is taken later, by all ranks, from the messages.
 */
#include "ivshmem_impl.h"
#include "core/ivs_member.h"

#define COLL_PERCENT 25 /* of what is free, for collective operations at most */

static bool joined;

static struct ivs_members members_of(void)
{
    struct ivs_members members = { MPIDI_IVSHMEMI_global.region, MPIDI_IVSHMEMI_global.members_off,
                                   MPIDI_IVSHMEMI_global.members };
    return members;
}

static void refuse(struct ivs_offer *offer, const struct ivl_diag *diag)
{
    offer->ok = 0;
    ivs_reason_set(offer->reason, "%.60s: %.80s", diag->where, diag->what);
}

/* Chooses cells and collective buffers for the room there is. */
static bool plan(uint32_t ranks, uint64_t free_bytes, struct ivs_offer *offer)
{
    const uint32_t chunk = MPIDI_IVSHMEMI_global.region->geo.chunk_bytes;
    const uint32_t world = (uint32_t) MPIR_Process.size;
    uint64_t budget = free_bytes / 100 * (uint64_t) MPIR_CVAR_IVSHMEM_ARENA_PERCENT;
    uint64_t coll = free_bytes / 100 * COLL_PERCENT;
    struct ivs_queues most = MPIDI_IVSHMEMI_wanted_queues(ranks);
    struct ivs_queues queues;

    if (!ivs_size_fit(ranks, world, chunk, budget, &most, &queues)) {
        uint64_t need = ivs_size_need(ranks, world, chunk, &ivs_queues_least);
        ivs_reason_set(offer->reason,
                       "region too small: %u ranks need %llu KiB, %llu KiB may be used (%d %% of "
                       "what is free)",
                       ranks, (unsigned long long) need >> 10, (unsigned long long) budget >> 10,
                       MPIR_CVAR_IVSHMEM_ARENA_PERCENT);
        return false;
    }
    offer->cells = queues.cells;
    offer->cell_bytes = queues.cell_bytes;
    offer->rings = queues.rings;
    offer->coll_kib = (uint32_t) MPL_MIN(coll >> 10, 1 << 20);
    return true;
}

static int reserve(const struct ivl_job *job, uint32_t ranks, const struct ivs_offer *offer,
                   struct ivl_diag *diag)
{
    struct ivl_region *region = MPIDI_IVSHMEMI_global.region;
    struct ivs_queues queues = { offer->cells, offer->cell_bytes, offer->rings };

    return ivl_arena_reserve(region, job,
                             ivs_size_need(ranks, (uint32_t) MPIR_Process.size,
                                           region->geo.chunk_bytes, &queues),
                             diag);
}

void MPIDI_IVSHMEMI_offer_make(int host, struct ivs_offer *offer)
{
    struct ivl_region *region = MPIDI_IVSHMEMI_global.region;
    uint32_t ranks = (uint32_t) ivs_map_host_ranks(&MPIDI_IVSHMEMI_global.map, host);
    struct ivl_usage usage;
    struct ivl_job job;
    struct ivl_diag diag;

    memset(offer, 0, sizeof(*offer));
    ivl_usage_read(region, &usage);
    if (!plan(ranks, usage.free_bytes, offer)) {
        return;
    }
    if (ivl_job_create(region, MPIDI_IVSHMEMI_global.vm_slot, ranks, NULL, &job,
                       &offer->members_off, &diag) != 0) {
        refuse(offer, &diag);
        return;
    }
    if (reserve(&job, ranks, offer, &diag) != 0) {
        refuse(offer, &diag);
        ivl_job_end(region, &job);
        return;
    }
    offer->ok = 1;
    offer->job_slot = job.slot;
    offer->job_epoch = job.epoch;
    offer->members = ranks;
}

static bool fits_host(int host, const struct ivs_offer *offer, struct ivs_verdict *verdict)
{
    if ((int) offer->members == ivs_map_host_ranks(&MPIDI_IVSHMEMI_global.map, host) &&
        ivs_map_host_nodes(&MPIDI_IVSHMEMI_global.map, host) <= IVS_NODES_MAX) {
        return true;
    }
    ivs_reason_set(verdict->reason, "the offered job is not for this host");
    return false;
}

void MPIDI_IVSHMEMI_join(int host, const struct ivs_offer *offer, struct ivs_verdict *verdict)
{
    MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;
    const struct ivs_map *map = &global->map;
    const struct ivs_claim *claim = &map->nodes[map->node_of[MPIR_Process.rank]].claim;
    struct ivs_members members;
    struct ivl_diag diag;

    if (offer->ok != 1) {
        ivs_reason_set(verdict->reason, "%s", offer->reason);
        return;
    }
    if (!fits_host(host, offer, verdict)) {
        return;
    }
    global->job.slot = offer->job_slot;
    global->job.epoch = offer->job_epoch;
    global->members_off = offer->members_off;
    global->members = offer->members;
    global->member = ivs_map_member(map, MPIR_Process.rank);
    global->queues.cells = offer->cells;
    global->queues.cell_bytes = offer->cell_bytes;
    global->queues.rings = offer->rings;
    if (ivl_job_check(global->region, &global->job, global->members_off, global->members, &diag)) {
        ivs_reason_set(verdict->reason,
                       "the host's job is not in the region mapped here (a copy of it?): %.60s",
                       diag.what);
        return;
    }
    global->coll_kib = offer->coll_kib;
    members = members_of();
    ivs_member_join(&members, global->member, global->vm_slot,
                    ivs_nonce(claim->nonce, (uint32_t) MPIR_Process.rank));
    joined = true;
    verdict->ok = 1;
}

static void assume_all_seen(int host, struct ivs_verdict *verdict)
{
    const struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;

    for (int node = 0; node < map->node_count; node++) {
        if (map->nodes[node].host == host) {
            ivs_seen_set(verdict, map->nodes[node].index, true);
        }
    }
}

/* A node is seen when the nonces of all its ranks are. */
void MPIDI_IVSHMEMI_look(int host, struct ivs_verdict *verdict)
{
    const struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;
    struct ivs_members members = members_of();
    uint32_t line = 0;

    if (!joined) {
        return;
    }
    assume_all_seen(host, verdict);
    for (int rank = 0; rank < map->size; rank++) {
        const struct ivs_node *node = &map->nodes[map->node_of[rank]];
        if (node->host == host) {
            uint64_t nonce = ivs_nonce(node->claim.nonce, (uint32_t) rank);
            if (!ivs_member_has_nonce(&members, line++, nonce)) {
                ivs_seen_set(verdict, node->index, false);
            }
        }
    }
}

/* The member that finds all others gone ends the job; should two find so at once, the slot's
 * compare-and-swap lets one of them do it. */
void MPIDI_IVSHMEMI_leave(void)
{
    struct ivs_members members = members_of();

    if (!joined) {
        return;
    }
    joined = false;
    ivs_member_leave(&members, MPIDI_IVSHMEMI_global.member);
    if (ivs_members_all_left(&members)) {
        ivl_job_end(MPIDI_IVSHMEMI_global.region, &MPIDI_IVSHMEMI_global.job);
    }
}
