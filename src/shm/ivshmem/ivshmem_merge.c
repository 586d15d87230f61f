/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Who shares memory with whom: the rounds of messages that end in a merged node map.
 *
 *   a  every rank claims a region and a VM        -> its node's first rank
 *   b  every node's first rank, for its node      -> all
 *   c  each candidate host's first rank offers a job in the region -> that host
 *      (ranks join: they write their nonces)
 *   d  barrier: the nonces are there; ranks look for each other's
 *   e  every rank says what it saw                -> its node's first rank
 *   f  every node's first rank, for its node      -> all
 *
 * Invariant: all ranks take part in the same barriers and decide from what was published, never
 * from what they alone know; so the result is the same everywhere. Rounds c to f are left out
 * on all ranks alike when no two nodes name the same region.
 */
#include "ivshmem_impl.h"

MPIDI_IVSHMEMI_global_t MPIDI_IVSHMEMI_global;

static int bad_message(int rank)
{
    int mpi_errno = MPI_SUCCESS;

    MPIR_ERR_SET1(mpi_errno, MPI_ERR_OTHER, "**ivshmem_message", "**ivshmem_message %d", rank);
    return mpi_errno;
}

static int get_claim(char round, int id, int rank, struct ivs_claim *claim)
{
    char text[IVS_TEXT_BYTES];
    int mpi_errno = MPIDI_IVSHMEMI_exchange_get(round, id, rank, text);

    if (mpi_errno == MPI_SUCCESS && ivs_claim_decode(text, claim) != 0) {
        mpi_errno = bad_message(rank);
    }
    return mpi_errno;
}

static int get_verdict(char round, int id, int rank, struct ivs_verdict *verdict)
{
    char text[IVS_TEXT_BYTES];
    int mpi_errno = MPIDI_IVSHMEMI_exchange_get(round, id, rank, text);

    if (mpi_errno == MPI_SUCCESS && ivs_verdict_decode(text, verdict) != 0) {
        mpi_errno = bad_message(rank);
    }
    return mpi_errno;
}

static int put_claim(char round, int id, const struct ivs_claim *claim)
{
    char text[IVS_TEXT_BYTES];

    ivs_claim_encode(claim, text);
    return MPIDI_IVSHMEMI_exchange_put(round, id, text);
}

static int put_verdict(char round, int id, const struct ivs_verdict *verdict)
{
    char text[IVS_TEXT_BYTES];

    ivs_verdict_encode(verdict, text);
    return MPIDI_IVSHMEMI_exchange_put(round, id, text);
}

static bool is_root(int node)
{
    return MPIDI_IVSHMEMI_global.map.nodes[node].root == MPIR_Process.rank;
}

/* Round b, sending half: the node's first rank folds its ranks' claims and publishes them. */
static int publish_node_claim(int node)
{
    const struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;
    struct ivs_claim folded, one;
    int mpi_errno;

    mpi_errno = get_claim('a', MPIR_Process.rank, MPIR_Process.rank, &folded);
    MPIR_ERR_CHECK(mpi_errno);
    for (int rank = MPIR_Process.rank + 1; rank < map->size; rank++) {
        if (map->node_of[rank] == node) {
            mpi_errno = get_claim('a', rank, rank, &one);
            MPIR_ERR_CHECK(mpi_errno);
            ivs_claim_join(&folded, &one, rank);
        }
    }
    mpi_errno = put_claim('b', node, &folded);
fn_fail:
    return mpi_errno;
}

/* Ranks that do an operation in different ways would wait for each other for ever. */
static int check_rules(const struct ivs_map *map)
{
    const struct ivs_claim *first = &map->nodes[0].claim;
    int mpi_errno = MPI_SUCCESS;

    for (int i = 0; i < map->node_count; i++) {
        const struct ivs_claim *claim = &map->nodes[i].claim;
        MPIR_ERR_CHKANDJUMP2(claim->coll_mixed != 0 || claim->coll_sum != first->coll_sum,
                             mpi_errno, MPI_ERR_OTHER, "**ivshmem_colltables",
                             "**ivshmem_colltables %s %s",
                             claim->coll_mixed != 0 ? claim->vm_name : first->vm_name,
                             claim->vm_name);
    }
fn_fail:
    return mpi_errno;
}

/* Rounds a and b. */
static int exchange_claims(int node)
{
    struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;
    struct ivs_claim claim;
    int mpi_errno;

    MPIDI_IVSHMEMI_claim_make(node, &claim);
    claim.coll_sum = MPIDI_IVSHMEMI_coll_sum();
    claim.report = (uint16_t) MPIR_CVAR_IVSHMEM_REPORT;
    mpi_errno = put_claim('a', MPIR_Process.rank, &claim);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = MPIR_pmi_barrier();
    MPIR_ERR_CHECK(mpi_errno);
    if (is_root(node)) {
        mpi_errno = publish_node_claim(node);
        MPIR_ERR_CHECK(mpi_errno);
    }
    mpi_errno = MPIR_pmi_barrier();
    MPIR_ERR_CHECK(mpi_errno);
    for (int i = 0; i < map->node_count; i++) {
        mpi_errno = get_claim('b', i, map->nodes[i].root, &map->nodes[i].claim);
        MPIR_ERR_CHECK(mpi_errno);
    }
    mpi_errno = check_rules(map);
fn_fail:
    return mpi_errno;
}

/* Round c: a candidate host's first rank makes the job; every rank then joins it. */
static int exchange_offer(int node, struct ivs_verdict *verdict)
{
    const struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;
    int host = map->nodes[node].host;
    char text[IVS_TEXT_BYTES];
    struct ivs_offer offer;
    int mpi_errno = MPI_SUCCESS;

    if (host == node && is_root(node)) {
        MPIDI_IVSHMEMI_offer_make(host, &offer);
        ivs_offer_encode(&offer, text);
        mpi_errno = MPIDI_IVSHMEMI_exchange_put('c', host, text);
        MPIR_ERR_CHECK(mpi_errno);
    }
    mpi_errno = MPIR_pmi_barrier();
    MPIR_ERR_CHECK(mpi_errno);
    memset(verdict, 0, sizeof(*verdict));
    if (host >= 0) {
        mpi_errno = MPIDI_IVSHMEMI_exchange_get('c', host, map->nodes[host].root, text);
        MPIR_ERR_CHECK(mpi_errno);
        if (ivs_offer_decode(text, &offer) != 0) {
            mpi_errno = bad_message(map->nodes[host].root);
            MPIR_ERR_CHECK(mpi_errno);
        }
        MPIDI_IVSHMEMI_join(host, &offer, verdict);
    }
fn_fail:
    return mpi_errno;
}

/* Round f, sending half. */
static int publish_node_verdict(int node)
{
    const struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;
    struct ivs_verdict folded, one;
    int mpi_errno;

    mpi_errno = get_verdict('e', MPIR_Process.rank, MPIR_Process.rank, &folded);
    MPIR_ERR_CHECK(mpi_errno);
    for (int rank = MPIR_Process.rank + 1; rank < map->size; rank++) {
        if (map->node_of[rank] == node) {
            mpi_errno = get_verdict('e', rank, rank, &one);
            MPIR_ERR_CHECK(mpi_errno);
            ivs_verdict_join(&folded, &one);
        }
    }
    mpi_errno = put_verdict('f', node, &folded);
fn_fail:
    return mpi_errno;
}

/* Rounds d to f. verdicts[node_count]. */
static int exchange_verdicts(int node, struct ivs_verdict *own, struct ivs_verdict *verdicts)
{
    const struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;
    int mpi_errno = MPIR_pmi_barrier();

    MPIR_ERR_CHECK(mpi_errno);
    if (map->nodes[node].host >= 0) {
        MPIDI_IVSHMEMI_look(map->nodes[node].host, own);
    }
    mpi_errno = put_verdict('e', MPIR_Process.rank, own);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = MPIR_pmi_barrier();
    MPIR_ERR_CHECK(mpi_errno);
    if (is_root(node)) {
        mpi_errno = publish_node_verdict(node);
        MPIR_ERR_CHECK(mpi_errno);
    }
    mpi_errno = MPIR_pmi_barrier();
    MPIR_ERR_CHECK(mpi_errno);
    for (int i = 0; i < map->node_count; i++) {
        mpi_errno = get_verdict('f', i, map->nodes[i].root, &verdicts[i]);
        MPIR_ERR_CHECK(mpi_errno);
    }
fn_fail:
    return mpi_errno;
}

/* All ranks need each candidate host's offer (its reason, if refused). */
static int collect_offers(struct ivs_offer *offers)
{
    const struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;
    char text[IVS_TEXT_BYTES];
    int mpi_errno = MPI_SUCCESS;

    for (int i = 0; i < map->node_count; i++) {
        if (map->nodes[i].host == i) {
            mpi_errno = MPIDI_IVSHMEMI_exchange_get('c', i, map->nodes[i].root, text);
            MPIR_ERR_CHECK(mpi_errno);
            if (ivs_offer_decode(text, &offers[i]) != 0) {
                mpi_errno = bad_message(map->nodes[i].root);
                MPIR_ERR_CHECK(mpi_errno);
            }
        }
    }
fn_fail:
    return mpi_errno;
}

static bool any_candidate(const struct ivs_map *map)
{
    for (int i = 0; i < map->node_count; i++) {
        if (map->nodes[i].host >= 0) {
            return true;
        }
    }
    return false;
}

static int prove(int node)
{
    struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;
    size_t count = (size_t) map->node_count;
    struct ivs_offer *offers = MPL_calloc(count, sizeof(*offers), MPL_MEM_OTHER);
    struct ivs_verdict *verdicts = MPL_calloc(count, sizeof(*verdicts), MPL_MEM_OTHER);
    struct ivs_verdict own;
    int mpi_errno = MPI_SUCCESS;

    MPIR_ERR_CHKANDJUMP(offers == NULL || verdicts == NULL, mpi_errno, MPI_ERR_OTHER,
                        "**ivshmem_nomem");
    mpi_errno = exchange_offer(node, &own);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = collect_offers(offers);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = exchange_verdicts(node, &own, verdicts);
    MPIR_ERR_CHECK(mpi_errno);
    ivs_map_prove(map, offers, verdicts);

fn_exit:
    MPL_free(offers);
    MPL_free(verdicts);
    return mpi_errno;
fn_fail:
    goto fn_exit;
}

/* Runs when MPI_Finalize has let go of all segments. */
static int end_of_mpi(void *unused ATTRIBUTE((unused)))
{
    MPIDI_IVSHMEMI_mem_report();
    MPIDI_IVSHMEMI_coll_report();
    MPIDI_IVSHMEMI_beat_stop();
    MPIDI_IVSHMEMI_fault_unwatch();
    MPIDI_IVSHMEMI_seg_disable();
    MPIDI_IVSHMEMI_leave();
    ivl_region_close(MPIDI_IVSHMEMI_global.region);
    ivs_map_destroy(&MPIDI_IVSHMEMI_global.map);
    memset(&MPIDI_IVSHMEMI_global, 0, sizeof(MPIDI_IVSHMEMI_global));
    return MPI_SUCCESS;
}

/* One decision switches the merged map, the segments and the heartbeat. The symmetric heap
 * wants fixed addresses, which the region does not give: all ranks of the job stop trying. */
static int act(int node)
{
    MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;

    global->any_merged = any_candidate(&global->map);
    global->merged = global->map.nodes[node].host >= 0;
    if (global->any_merged) {
        MPIR_CVAR_SHM_SYMHEAP_RETRY = 0;
    }
    if (!global->merged) {
        MPIDI_IVSHMEMI_leave();
        return MPI_SUCCESS;
    }
    MPIR_CVAR_COLL_SHM_LIMIT_PER_NODE =
        MPL_MIN(MPIR_CVAR_COLL_SHM_LIMIT_PER_NODE, (int) global->coll_kib);
    MPIDI_IVSHMEMI_seg_enable();
    MPIDI_IVSHMEMI_fault_watch();
    return MPIDI_IVSHMEMI_beat_start();
}

/* MPICH's collective operations over shared buffers trust what they read there, and ours stand in for
 * them. Who asks for them by name gets them. */
static void prefer_own_collectives(void)
{
#define LEAVE_TO_US(operation)                                      \
    do {                                                            \
        if (MPIR_CVAR_##operation##_POSIX_INTRA_ALGORITHM ==        \
            MPIR_CVAR_##operation##_POSIX_INTRA_ALGORITHM_auto) {   \
            MPIR_CVAR_##operation##_POSIX_INTRA_ALGORITHM =         \
                MPIR_CVAR_##operation##_POSIX_INTRA_ALGORITHM_mpir; \
        }                                                           \
    } while (0)
    LEAVE_TO_US(BARRIER);
    LEAVE_TO_US(BCAST);
    LEAVE_TO_US(REDUCE);
    LEAVE_TO_US(ALLREDUCE);
#undef LEAVE_TO_US
}

static bool is_skipped(int size, int max_node_id)
{
    return size == 1 || max_node_id == 0 || MPIR_CVAR_NOLOCAL;
}

int MPIDI_IVSHMEM_merge_nodes(int *node_map, int size, int *max_node_id)
{
    struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;
    int node = node_map[MPIR_Process.rank];
    int mpi_errno;

    mpi_errno = MPIDI_IVSHMEMI_knobs_check();
    MPIR_ERR_CHECK(mpi_errno);
    prefer_own_collectives();
    MPIR_Add_finalize(end_of_mpi, NULL, MPIR_FINALIZE_CALLBACK_DEFAULT_PRIO);
    MPIDI_IVSHMEMI_exchange_begin();
    mpi_errno = MPIDI_IVSHMEMI_cma_publish(node_map, size);
    MPIR_ERR_CHECK(mpi_errno);
    if (is_skipped(size, *max_node_id)) {
        mpi_errno = MPIDI_IVSHMEMI_net_choose(node_map, false);
        MPIR_ERR_CHECK(mpi_errno);
        MPIDI_IVSHMEMI_report();
        goto fn_exit;
    }
    MPIR_ERR_CHKANDJUMP(ivs_map_create(map, node_map, size, *max_node_id + 1) != 0, mpi_errno,
                        MPI_ERR_OTHER, "**ivshmem_nomem");
    mpi_errno = exchange_claims(node);
    MPIR_ERR_CHECK(mpi_errno);
    ivs_map_candidates(map);
    if (any_candidate(map)) {
        mpi_errno = prove(node);
        MPIR_ERR_CHECK(mpi_errno);
    }
    mpi_errno = act(node);
    MPIR_ERR_CHECK(mpi_errno);
    *max_node_id = ivs_map_merged_ids(map, node_map) - 1;
    mpi_errno =
        MPIDI_IVSHMEMI_net_choose(map->node_of, map->nodes[map->node_of[0]].claim.report > 0);
    MPIR_ERR_CHECK(mpi_errno);
    MPIDI_IVSHMEMI_report();
fn_exit:
    return mpi_errno;
fn_fail:
    goto fn_exit;
}

bool MPIDI_IVSHMEM_nodes_merged(void)
{
    return MPIDI_IVSHMEMI_global.any_merged;
}

int MPIDI_IVSHMEM_split_color(int node_id)
{
    if (!MPIDI_IVSHMEMI_global.any_merged || strcmp(MPIR_CVAR_IVSHMEM_SHARED_SCOPE, "vm") != 0 ||
        node_id != MPIR_Process.node_map[MPIR_Process.rank]) {
        return node_id;
    }
    return MPIDI_IVSHMEMI_global.map.node_of[MPIR_Process.rank];
}

/* Object ids use 18 bits (mpir_hwtopo.c); a host has at most 1024 VMs. MPI_UNDEFINED and other
 * negative ids stay, and so does the root, which stands for "no such object: do not split". */
int MPIDI_IVSHMEM_split_gid(int gid)
{
    const struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;

    if (!MPIDI_IVSHMEMI_global.merged || gid < 0 || gid == MPIR_HWTOPO_GID_ROOT) {
        return gid;
    }
    return gid | (int) map->nodes[map->node_of[MPIR_Process.rank]].index << 18;
}
