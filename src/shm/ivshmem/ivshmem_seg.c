/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Segments from the region: the back end of MPL's segment layer. A handle is
 * "iv:OFFSET:GENERATION" in hexadecimal. This process keeps a list of the blocks it holds a
 * reference to, because segments are given back by address. Invariant: a block is in the list
 * as often as this process has references to it.
 */
#include "ivshmem_impl.h"
#include "mpl_shm_backend.h"
#include <inttypes.h>
#include <pthread.h>

struct held {
    struct ivl_block block;
    struct held *next;
};

static struct held *held_list;
static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER; /* private memory */

static int hold(const struct ivl_block *block, void **addr)
{
    struct held *entry = MPL_malloc(sizeof(*entry), MPL_MEM_SHM);

    if (entry == NULL) {
        return MPL_ERR_SHM_NOMEM;
    }
    entry->block = *block;
    pthread_mutex_lock(&held_lock);
    entry->next = held_list;
    held_list = entry;
    pthread_mutex_unlock(&held_lock);
    *addr = ivl_block_addr(MPIDI_IVSHMEMI_global.region, block);
    return MPL_SUCCESS;
}

/* A reference that this process has just got: given back if it cannot be kept. */
static int hold_new(const struct ivl_block *block, void **addr)
{
    MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;
    int rc = hold(block, addr);

    if (rc != MPL_SUCCESS) {
        ivl_block_release(global->region, &global->job, block, NULL);
    }
    return rc;
}

static bool let_go(const void *addr, struct ivl_block *block)
{
    const struct ivl_region *region = MPIDI_IVSHMEMI_global.region;
    struct held **link = &held_list;
    struct held *entry;

    pthread_mutex_lock(&held_lock);
    while (*link != NULL && ivl_block_addr(region, &(*link)->block) != addr) {
        link = &(*link)->next;
    }
    entry = *link;
    if (entry != NULL) {
        *block = entry->block;
        *link = entry->next;
    }
    pthread_mutex_unlock(&held_lock);
    MPL_free(entry);
    return entry != NULL;
}

/* When the region is full, MPICH's own collectives fall back cleanly only if they do not try to
 * allocate: from now on this rank, as a root, does not. */
static int no_room(void)
{
    MPIR_CVAR_COLL_SHM_LIMIT_PER_NODE = 0;
    return MPL_ERR_SHM_NOMEM;
}

static int seg_create(intptr_t size, void **addr, char *handle, size_t handle_size)
{
    MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;
    struct ivl_block block;
    int rc;

    if (size < 1) {
        return MPL_ERR_SHM_INVAL;
    }
    if (ivl_block_alloc(global->region, &global->job, (uint64_t) size, &block, NULL) != 0) {
        return no_room();
    }
    rc = hold_new(&block, addr);
    if (rc != MPL_SUCCESS) {
        return rc;
    }
    snprintf(handle, handle_size, "iv:%" PRIx64 ":%" PRIx32, block.offset, block.generation);
    return MPL_SUCCESS;
}

/* The text was copied to private memory by the caller. */
static bool parse_handle(const char *handle, uint64_t *offset, uint32_t *generation)
{
    int end = -1;

    return sscanf(handle, "iv:%" SCNx64 ":%" SCNx32 "%n", offset, generation, &end) == 2 &&
           end >= 0 && handle[end] == '\0';
}

static int seg_attach(const char *handle, intptr_t size, void **addr)
{
    MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;
    struct ivl_block block;
    uint64_t offset;
    uint32_t generation;

    if (size < 0 || !parse_handle(handle, &offset, &generation)) {
        return MPL_ERR_SHM_INVAL;
    }
    if (addr == NULL) {
        return MPL_SUCCESS;
    }
    if (ivl_block_attach(global->region, &global->job, offset, generation, (uint64_t) size, &block,
                         NULL) != 0) {
        return MPL_ERR_SHM_INVAL;
    }
    return hold_new(&block, addr);
}

static int seg_detach(void *addr)
{
    MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;
    struct ivl_block block;

    if (!let_go(addr, &block) ||
        ivl_block_release(global->region, &global->job, &block, NULL) != 0) {
        return MPL_ERR_SHM_INTERN;
    }
    return MPL_SUCCESS;
}

int MPIDI_IVSHMEMI_seg_alloc(uint64_t bytes, void **addr)
{
    MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;
    struct ivl_block block;

    if (MPL_shm_backend == NULL || bytes == 0 ||
        ivl_block_alloc(global->region, &global->job, bytes, &block, NULL) != 0) {
        return MPL_ERR_SHM_NOMEM;
    }
    return hold_new(&block, addr);
}

int MPIDI_IVSHMEMI_seg_free(void *addr)
{
    return seg_detach(addr);
}

bool MPIDI_IVSHMEMI_seg_place(const void *addr, uint64_t bytes, struct MPIDI_IVSHMEMI_place *place)
{
    const struct ivl_region *region = MPIDI_IVSHMEMI_global.region;

    memset(place, 0, sizeof(*place));
    if (!MPIDI_IVSHMEMI_in_region(addr)) {
        return false;
    }
    pthread_mutex_lock(&held_lock);
    for (const struct held *entry = held_list; entry != NULL; entry = entry->next) {
        uint64_t from = (uintptr_t) addr - (uintptr_t) ivl_block_addr(region, &entry->block);

        if (from <= entry->block.bytes && bytes <= entry->block.bytes - from) {
            place->block = entry->block.offset;
            place->from = from;
            place->generation = entry->block.generation;
            place->in_region = 1;
            break;
        }
    }
    pthread_mutex_unlock(&held_lock);
    return place->in_region != 0;
}

/* The blocks attached last: the next message is likely to lie in one of them. Without references, so
 * that they can be freed; no more than a hint. */
#define RECENT 4
static struct ivl_block recent[RECENT];

static bool attach_recent(const struct MPIDI_IVSHMEMI_place *place, uint64_t end,
                          struct ivl_block *block)
{
    MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;

    for (int i = 0; i < RECENT; i++) {
        if (recent[i].offset == place->block && recent[i].generation == place->generation &&
            end <= recent[i].bytes) {
            *block = recent[i];
            return ivl_block_attach_known(global->region, &global->job, block, NULL) == 0;
        }
    }
    return false;
}

static bool attach_new(const struct MPIDI_IVSHMEMI_place *place, uint64_t end,
                       struct ivl_block *block)
{
    MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;
    static unsigned turn;

    if (ivl_block_attach(global->region, &global->job, place->block, place->generation, end, block,
                         NULL) != 0) {
        return false;
    }
    recent[turn++ % RECENT] = *block;
    return true;
}

char *MPIDI_IVSHMEMI_place_attach(const struct MPIDI_IVSHMEMI_place *place, uint64_t bytes,
                                  struct ivl_block *block)
{
    MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;
    uint64_t end;

    if (!global->merged || place->in_region == 0 ||
        __builtin_add_overflow(place->from, bytes, &end) ||
        !(attach_recent(place, end, block) || attach_new(place, end, block))) {
        return NULL;
    }
    return (char *) ivl_block_addr(global->region, block) + place->from;
}

int MPIDI_IVSHMEMI_place_release(const struct ivl_block *block)
{
    MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;

    return ivl_block_release(global->region, &global->job, block, NULL) == 0 ? 0 : -EBADMSG;
}

static const MPL_shm_backend_t backend = { seg_create, seg_attach, seg_detach };

void MPIDI_IVSHMEMI_seg_enable(void)
{
    MPL_shm_backend = &backend;
}

/* What is still held (a program may leave windows open) goes with the job. */
void MPIDI_IVSHMEMI_seg_disable(void)
{
    MPL_shm_backend = NULL;
    memset(recent, 0, sizeof(recent));
    while (held_list != NULL) {
        struct held *entry = held_list;
        held_list = entry->next;
        MPL_free(entry);
    }
}

bool MPIDI_IVSHMEMI_in_region(const void *addr)
{
    const struct ivl_region *region = MPIDI_IVSHMEMI_global.region;

    return MPL_shm_backend != NULL && region != NULL &&
           (uintptr_t) addr - (uintptr_t) region->base < region->map_bytes;
}

bool MPIDI_IVSHMEM_is_unregistrable(const void *addr)
{
    return MPIDI_IVSHMEMI_in_region(addr) && !MPIDI_IVSHMEMI_global.region->pages;
}
