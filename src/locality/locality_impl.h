/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the files of the locality library share with each other and with their tests.
 */
#ifndef LOCALITY_IMPL_H_INCLUDED
#define LOCALITY_IMPL_H_INCLUDED

#include "locality.h"
#include "shared_word.h"

/* ---- region ------------------------------------------------------------------------------- */

/* Where the allocator looks first; private, relaxed, may be out of date. */
struct ivl_alloc_hints {
    ivl_sh64_t arena_tag;  /* job the arena bounds belong to, 0 = none */
    ivl_sh32_t arena_lo;   /* first chunk of that job's arena */
    ivl_sh32_t arena_hi;   /* behind the last */
    ivl_sh32_t arena_next; /* where the last search in the arena ended */
    ivl_sh32_t heap_next;  /* where the last search in the heap ended */
};

/* Every struct ivl_region lies in one of these. */
struct ivl_region_impl {
    struct ivl_region pub;
    int fd; /* of the backing; -1 = memory of the caller's (tests) */
    struct ivl_alloc_hints hints;
};

static inline struct ivl_region_impl *ivl_impl(const struct ivl_region *region)
{
    return (struct ivl_region_impl *) (uintptr_t) region; /* pub is the first member */
}

/* What a backend hands over: a mapping not yet checked. */
struct ivl_mapping {
    void *base;
    uint64_t bytes;
    int fd;
    enum ivl_backend backend;
    bool writable;
    bool raw;   /* no superblock is expected: geo stays zero */
    bool pages; /* as in struct ivl_region */
    char uri[256];
    char path[256];
    int no_driver;
    struct ivl_diag no_driver_why;
};

#define IVL_OPEN_RAW 0x80000000u /* for ivl_region_create_at() only */

/* Backends: open `spec` (the URI behind its scheme). */
int ivl_file_open(const char *spec, unsigned flags, struct ivl_region **region,
                  struct ivl_diag *diag);
int ivl_pci_open(const char *spec, unsigned flags, struct ivl_region **region,
                 struct ivl_diag *diag);
int ivl_dax_open(const char *spec, unsigned flags, struct ivl_region **region,
                 struct ivl_diag *diag);

/* Opens and maps the node of the guest driver of a PCI device; map->writable is set. Errors:
 * -ENODEV no driver is bound, another: why it cannot be used. */
int ivl_driver_map(const char *device, struct ivl_mapping *map, struct ivl_diag *diag);

/* Whether the device behind an open node is still there, with so many bytes. -ESTALE, -EMSGSIZE */
int ivl_driver_check(int fd, const char *path, uint64_t bytes, struct ivl_diag *diag);

/* Maps map->fd; map->bytes, path and writable are set. On failure the fd is closed. */
int ivl_mapping_map(struct ivl_mapping *map, struct ivl_diag *diag);

/* Checks the superblock and makes the region. Takes the mapping over, on failure too. */
int ivl_region_adopt(const struct ivl_mapping *map, struct ivl_region **region,
                     struct ivl_diag *diag);

/* A failed open(2) or mmap(2) of path, with the owner and mode or the lockdown as the remedy. */
int ivl_fail_access(struct ivl_diag *diag, int err, const char *path, const char *call);

/* 0, or -EROFS when the region was opened read-only. */
int ivl_region_need_writable(const struct ivl_region *region, struct ivl_diag *diag);

/* Size and existence of the backing, without touching the mapping. 0, -EMSGSIZE, -ESTALE. */
int ivl_region_check_backing(const struct ivl_region *region, struct ivl_diag *diag);

/* Prefix of /sys, /proc and /dev paths; "" but in tests. */
extern const char *ivl_sysroot;

/* Reads a small text file below ivl_sysroot or `root` without its trailing blanks; -errno. */
int ivl_text_read(const char *root, const char *path, char *text, size_t size);

/* Generation of the sealed superblock at base, 0 if there is none. */
uint64_t ivl_super_generation(const void *base);

/* ---- arrays: the index has been checked by the caller -------------------------------------- */

static inline struct ivl_abi_super *ivl_super_at(const struct ivl_region *region)
{
    return (struct ivl_abi_super *) (void *) region->base;
}

static inline struct ivl_abi_table_entry *ivl_entry_at(const struct ivl_region *region,
                                                       uint32_t slot)
{
    return (struct ivl_abi_table_entry *) (void *) (region->base + region->geo.table_off) + slot;
}

static inline struct ivl_abi_job *ivl_slot_at(const struct ivl_region *region, uint32_t slot)
{
    return (struct ivl_abi_job *) (void *) (region->base + region->geo.jobs_off) + slot;
}

static inline struct ivl_abi_chunk *ivl_chunk_at(const struct ivl_region *region, uint32_t index)
{
    return (struct ivl_abi_chunk *) (void *) (region->base + region->geo.chunks_off) + index;
}

static inline uint64_t ivl_heap_bytes(const struct ivl_geometry *geo)
{
    return (uint64_t) geo->chunk_count << geo->chunk_shift;
}

/* Whether [offset, offset + bytes) lies in the heap. */
static inline bool ivl_heap_has(const struct ivl_geometry *geo, uint64_t offset, uint64_t bytes)
{
    uint64_t heap = ivl_heap_bytes(geo);
    return offset >= geo->heap_off && offset - geo->heap_off <= heap &&
           bytes <= heap - (offset - geo->heap_off);
}

/* ---- locality table ------------------------------------------------------------------------ */

/* Writes an entry's body under its sequence word. The caller is the only writer. */
void ivl_entry_publish(struct ivl_abi_table_entry *entry, const struct ivl_abi_vm *vm);

bool ivl_mac_is_zero(const uint8_t mac[6]);

/* ---- jobs ---------------------------------------------------------------------------------- */

#define IVL_JOB_EPOCH_MAX ((UINT64_C(1) << 48) - 1)

static inline uint64_t ivl_job_word(uint64_t epoch, uint64_t state)
{
    return epoch << IVL_JOB_STATE_BITS | state;
}

static inline uint64_t ivl_job_word_epoch(uint64_t word)
{
    return word >> IVL_JOB_STATE_BITS;
}

static inline uint64_t ivl_job_word_state(uint64_t word)
{
    return word & ((1u << IVL_JOB_STATE_BITS) - 1);
}

static inline bool ivl_job_word_living(uint64_t word)
{
    uint64_t state = ivl_job_word_state(word);
    return state >= IVL_JOB_CLAIMED && state <= IVL_JOB_RECLAIMING;
}

/* The value of chunk.owner for a job. */
static inline uint64_t ivl_job_tag(const struct ivl_job *job)
{
    return job->epoch << 16 | (job->slot + 1);
}

/* Whether the slot says that this very job is in the state. Checks slot and epoch. */
bool ivl_job_is(const struct ivl_region *region, const struct ivl_job *job, uint64_t state);

/* Whether a chunk owner names a job that is claimed, active or being reclaimed. */
bool ivl_tag_is_living(const struct ivl_region *region, uint64_t tag);

/* Whether a living job names the VM slot, as its creator or in its member table. */
bool ivl_jobs_name_vm(const struct ivl_region *region, uint32_t vm_slot);

/* Sweeps the job's chunks and frees its slot, which says (epoch, RECLAIMING). Any number of
 * sweepers may do this at once. True if this one freed the slot. */
bool ivl_job_reclaim(struct ivl_region *region, const struct ivl_job *job);

/* Whether a member table of so many lines at members_off lies in the heap. */
bool ivl_members_fit(const struct ivl_geometry *geo, uint64_t members_off, uint64_t members);

/* ---- usage --------------------------------------------------------------------------------- */

/* "64.0 MiB heap, 3.0 MiB free, largest run 1.0 MiB, most held by job slot 3 (60.0 MiB)" */
void ivl_usage_explain(const struct ivl_region *region, char *text, size_t size);

/* ---- tests --------------------------------------------------------------------------------- */

/* A region over the caller's memory, page aligned; close does not unmap it. */
int ivl_region_over(void *base, uint64_t bytes, struct ivl_region **region, struct ivl_diag *diag);

#endif /* LOCALITY_IMPL_H_INCLUDED */
