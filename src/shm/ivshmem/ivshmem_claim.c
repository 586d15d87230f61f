/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What this rank can say of itself: which region it maps and which VM it is in. Nothing here
 * fails: what stands in the way becomes the reason in the claim, for the channel report.
 */
#include "ivshmem_impl.h"
#include <sys/random.h>
#include <unistd.h>

#define MEASURE_BYTES (256 * 1024)

static bool is_clique_mode(void)
{
    return strcmp(MPIR_CVAR_IVSHMEM_VM, "clique") == 0;
}

static int cliques_per_host(void)
{
    return MPIR_CVAR_IVSHMEM_CLIQUES_PER_HOST > 0 ? MPIR_CVAR_IVSHMEM_CLIQUES_PER_HOST : INT_MAX;
}

static void set_reason(struct ivs_claim *claim, const struct ivl_diag *diag)
{
    claim->status = IVS_STATUS_NONE;
    ivs_reason_set(claim->reason, "%.60s: %.80s", diag->where, diag->what);
}

/* Puts the number of the fake host in place of %h. */
static void expand_uri(const char *uri, int node, char *out, size_t size)
{
    const char *mark = strstr(uri, "%h");

    if (strcmp(uri, "auto") == 0) {
        uri = "pci:auto";
    }
    if (mark == NULL) {
        snprintf(out, size, "%s", uri);
    } else {
        snprintf(out, size, "%.*s%d%s", (int) (mark - uri), uri, node / cliques_per_host(),
                 mark + 2);
    }
}

static bool open_region(int node, struct ivs_claim *claim)
{
    char uri[512];
    struct ivl_diag diag;

    expand_uri(MPIR_CVAR_IVSHMEM_URI, node, uri, sizeof(uri));
    if (ivl_region_open(uri, 0, &MPIDI_IVSHMEMI_global.region, &diag) != 0) {
        set_reason(claim, &diag);
        return false;
    }
    return true;
}

/* A heartbeat that is too slow for the lease would make living ranks look dead. */
static bool beats_fast_enough(struct ivs_claim *claim)
{
    uint32_t lease = MPIDI_IVSHMEMI_global.region->geo.lease_ms;

    if ((uint32_t) MPIR_CVAR_IVSHMEM_HEARTBEAT_MS <= lease / 4) {
        return true;
    }
    ivs_reason_set(claim->reason,
                   "MPIR_CVAR_IVSHMEM_HEARTBEAT_MS: %d is over a quarter of the "
                   "region's lease of %u ms",
                   MPIR_CVAR_IVSHMEM_HEARTBEAT_MS, lease);
    return false;
}

static int find_vm(int node, const struct ivl_vmid *id, struct ivl_vm *vm, struct ivl_diag *diag)
{
    const struct ivl_region *region = MPIDI_IVSHMEMI_global.region;

    if (is_clique_mode()) {
        char slot[16];
        snprintf(slot, sizeof(slot), "%d", node % cliques_per_host());
        return ivl_table_find(region, slot, vm, diag);
    }
    if (MPIR_CVAR_IVSHMEM_VM[0] != '\0') {
        return ivl_table_find(region, MPIR_CVAR_IVSHMEM_VM, vm, diag);
    }
    return ivl_vmid_match(region, id, vm, NULL, diag);
}

static bool fill_nonce(struct ivs_claim *claim)
{
    if (getrandom(&claim->nonce, sizeof(claim->nonce), 0) != sizeof(claim->nonce)) {
        ivs_reason_set(claim->reason, "no random numbers from the system: %s", strerror(errno));
        return false;
    }
    return true;
}

static void fill_place(const struct ivl_vmid *id, const struct ivl_vm *vm, struct ivs_claim *claim)
{
    const struct ivl_region *region = MPIDI_IVSHMEMI_global.region;

    claim->status = IVS_STATUS_READY;
    claim->vm_slot = vm->slot;
    claim->numa_mask = vm->vm.numa_mask;
    claim->vm_epoch = vm->vm.epoch;
    claim->generation = region->geo.generation;
    claim->region_bytes = region->geo.region_bytes;
    claim->page_bytes = (uint32_t) sysconf(_SC_PAGESIZE);
    memcpy(claim->region_uuid, region->geo.region_uuid, sizeof(claim->region_uuid));
    memcpy(claim->boot_id, id->boot_id, sizeof(claim->boot_id));
    snprintf(claim->vm_name, sizeof(claim->vm_name), "%s", vm->vm.name);
    ivs_reason_set(claim->reason, "%s%s at %.0f MB/s", region->uri,
                   region->backend == IVL_BACKEND_DRIVER ? " by driver" : "",
                   MPIDI_IVSHMEMI_global.read_mbps);
}

void MPIDI_IVSHMEMI_claim_make(int node, struct ivs_claim *claim)
{
    struct ivl_vmid id;
    struct ivl_vm vm;
    struct ivl_diag diag;

    memset(claim, 0, sizeof(*claim));
    claim->status = IVS_STATUS_NONE;
    if (gethostname(claim->vm_name, sizeof(claim->vm_name) - 1) != 0) {
        snprintf(claim->vm_name, sizeof(claim->vm_name), "node%d", node);
    }
    if (MPIR_CVAR_IVSHMEM_ENABLE == 0) {
        claim->status = IVS_STATUS_OFF;
        ivs_reason_set(claim->reason, "switched off by MPIR_CVAR_IVSHMEM_ENABLE=0");
        return;
    }
    if (!fill_nonce(claim) || !open_region(node, claim) || !beats_fast_enough(claim)) {
        return;
    }
    ivl_vmid_probe("", &id);
    if (find_vm(node, &id, &vm, &diag) != 0) {
        set_reason(claim, &diag);
        return;
    }
    MPIDI_IVSHMEMI_global.vm_slot = vm.slot;
    MPIDI_IVSHMEMI_global.in_table = true;
    MPIDI_IVSHMEMI_global.read_mbps =
        ivl_region_read_mbps(MPIDI_IVSHMEMI_global.region, MEASURE_BYTES);
    fill_place(&id, &vm, claim);
}
