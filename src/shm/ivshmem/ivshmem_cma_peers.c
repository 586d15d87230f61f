/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Whose memory this process can read. A process and the address of its table are published
 * through the process manager, which is trusted, and never through the region; they are looked up
 * at a pair's first long message. Whether the kernel lets us read is found out by trying, once.
 */
#include "ivshmem_impl.h"
#include "ivshmem_cma.h"
#include <inttypes.h>
#include <sys/random.h>
#include <unistd.h>

#define ROUND 'x' /* of the exchange through the process manager */

struct peer {
    enum {
        UNKNOWN,
        READABLE,
        CLOSED
    } state;
    struct ivs_remote remote;
};

struct ivs_expose MPIDI_IVSHMEMI_exposed;

static struct peer *peers; /* by local rank; NULL: nothing can be read */
static bool lookups_ended;

/* ---- publishing ------------------------------------------------------------------------------- */

static int ranks_of_node(const int *node_map, int size, int node)
{
    int ranks = 0;

    for (int i = 0; i < size; i++) {
        ranks += node_map[i] == node;
    }
    return ranks;
}

int MPIDI_IVSHMEMI_cma_publish(const int *node_map, int size)
{
    char text[IVS_TEXT_BYTES];
    uint64_t nonce;

    lookups_ended = false;
    ivs_expose_init(&MPIDI_IVSHMEMI_exposed, 0);
    if (MPIR_CVAR_IVSHMEM_CMA == 0 || MPIR_CVAR_NOLOCAL ||
        ranks_of_node(node_map, size, node_map[MPIR_Process.rank]) < 2) {
        return MPI_SUCCESS;
    }
    if (getrandom(&nonce, sizeof(nonce), 0) == sizeof(nonce)) {
        ivs_expose_init(&MPIDI_IVSHMEMI_exposed, nonce);
    }
    snprintf(text, sizeof(text), "%ld,%" PRIx64 ",%" PRIx64, (long) getpid(),
             (uint64_t) (uintptr_t) &MPIDI_IVSHMEMI_exposed, MPIDI_IVSHMEMI_exposed.nonce);
    return MPIDI_IVSHMEMI_exchange_put(ROUND, MPIR_Process.rank, text);
}

void MPIDI_IVSHMEM_end_lookups(void)
{
    lookups_ended = true;
}

/* ---- peers ------------------------------------------------------------------------------------ */

bool MPIDI_IVSHMEMI_cma_is_near(uint32_t peer)
{
    const struct ivs_map *map = &MPIDI_IVSHMEMI_global.map;
    int rank = MPIR_Process.node_local_map[peer];

    return rank != MPIR_Process.rank &&
           (map->node_count == 0 || map->node_of[rank] == map->node_of[MPIR_Process.rank]);
}

void MPIDI_IVSHMEMI_cma_give_up(uint32_t peer, int code)
{
    peers[peer].state = CLOSED;
    if (MPIR_CVAR_IVSHMEM_REPORT > 0) {
        fprintf(stderr, "[ivshmem] rank %d: no CMA from rank %d: %s\n", MPIR_Process.rank,
                MPIR_Process.node_local_map[peer], strerror(-code));
    }
}

/* 0 or a negative errno. */
static int look_up(uint32_t peer, struct ivs_remote *remote)
{
    int rank = MPIR_Process.node_local_map[peer];
    char text[IVS_TEXT_BYTES];
    long pid;

    if (MPIDI_IVSHMEMI_exchange_get(ROUND, rank, rank, text) != MPI_SUCCESS ||
        sscanf(text, "%ld,%" SCNx64 ",%" SCNx64, &pid, &remote->table, &remote->nonce) != 3) {
        return -ENOENT;
    }
    remote->pid = (pid_t) pid;
    return ivs_remote_probe(remote);
}

const struct ivs_remote *MPIDI_IVSHMEMI_cma_remote(uint32_t peer)
{
    struct peer *p;
    int rc;

    if (peers == NULL || !MPIDI_IVSHMEMI_cma_is_near(peer)) {
        return NULL;
    }
    p = &peers[peer];
    if (p->state == UNKNOWN && !lookups_ended) {
        rc = look_up(peer, &p->remote);
        if (rc == 0) {
            p->state = READABLE;
        } else {
            MPIDI_IVSHMEMI_cma_give_up(peer, rc);
        }
    }
    return p->state == READABLE ? &p->remote : NULL;
}

int MPIDI_IVSHMEMI_cma_peers_init(void)
{
    int mpi_errno = MPI_SUCCESS;

    if (MPIDI_IVSHMEMI_exposed.nonce != 0) {
        peers = MPL_calloc(MPIR_Process.local_size, sizeof(*peers), MPL_MEM_SHM);
        MPIR_ERR_CHKANDJUMP(peers == NULL, mpi_errno, MPI_ERR_OTHER, "**nomem");
    }
fn_fail:
    return mpi_errno;
}

void MPIDI_IVSHMEMI_cma_peers_finalize(void)
{
    MPL_free(peers);
    peers = NULL;
    ivs_expose_init(&MPIDI_IVSHMEMI_exposed, 0);
}

/* ---- report ----------------------------------------------------------------------------------- */

/* The kernel's rule for reading other processes, where the Yama module is in use; -1: none. */
static int yama_scope(void)
{
    FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "r");
    int scope = -1;

    if (file != NULL) {
        if (fscanf(file, "%d", &scope) != 1) {
            scope = -1;
        }
        fclose(file);
    }
    return scope;
}

/* What can be known before the ranks know each other: whether this process may make the call at
 * all. Other reasons are told at a pair's first long message. */
void MPIDI_IVSHMEMI_cma_report(FILE *out)
{
    const struct ivs_remote self = { getpid(), (uint64_t) (uintptr_t) &MPIDI_IVSHMEMI_exposed,
                                     MPIDI_IVSHMEMI_exposed.nonce };
    int scope = yama_scope();
    int rc = 0;

    if (self.nonce == 0) {
        return;
    }
    rc = ivs_remote_probe(&self);
    fprintf(out, "[ivshmem] inside rank 0's VM, above %d KiB: ", WIRE_EAGER_MAX / 1024);
    if (rc != 0) {
        fprintf(out, "no CMA: %s\n", strerror(-rc));
    } else if (scope > 0 && geteuid() != 0) {
        fprintf(out, "no CMA: kernel.yama.ptrace_scope is %d\n", scope);
    } else {
        fprintf(out, "CMA%s\n", MPIR_CVAR_IVSHMEM_CMA == 1 ? " where it is faster" : "");
    }
}
