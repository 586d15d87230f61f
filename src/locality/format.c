/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Making a region: lay out the extents, write everything, the magic last.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality_impl.h"
#include "crc32c.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define PAGE UINT64_C(4096)
#define DEFAULT_VMS 64
#define DEFAULT_JOBS 64
#define DEFAULT_LEASE_MS 10000
#define DEFAULT_CHUNKS_MAX (UINT64_C(1) << 18)

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) / align * align;
}

static int refuse(struct ivl_diag *diag, const char *remedy, const char *what, uint64_t value)
{
    return ivl_fail(diag, -EINVAL, "region format", remedy, "%s %llu", what,
                    (unsigned long long) value);
}

/* The request with its defaults filled in, or the reason why it cannot be met. */
static int complete_format(struct ivl_format *fmt, struct ivl_diag *diag)
{
    fmt->vms = fmt->vms ? fmt->vms : DEFAULT_VMS;
    fmt->jobs = fmt->jobs ? fmt->jobs : DEFAULT_JOBS;
    fmt->lease_ms = fmt->lease_ms ? fmt->lease_ms : DEFAULT_LEASE_MS;
    if (fmt->region_bytes < IVL_REGION_MIN_BYTES || fmt->region_bytes > IVL_REGION_MAX_BYTES ||
        fmt->region_bytes % PAGE) {
        return refuse(diag, "choose 1 MiB to 64 TiB, a multiple of 4096", "region size",
                      fmt->region_bytes);
    }
    if (fmt->vms > IVL_VMS_MAX) {
        return refuse(diag, "choose 1 to 1024", "number of VMs", fmt->vms);
    }
    if (fmt->jobs > IVL_JOBS_MAX) {
        return refuse(diag, "choose 1 to 4096", "number of jobs", fmt->jobs);
    }
    if (fmt->lease_ms < 1000 || fmt->lease_ms > 600000) {
        return refuse(diag, "choose 1000 to 600000 ms", "lease", fmt->lease_ms);
    }
    if (fmt->chunk_bytes == 0) {
        fmt->chunk_bytes = IVL_CHUNK_MIN_BYTES;
        while (fmt->region_bytes / fmt->chunk_bytes > DEFAULT_CHUNKS_MAX) {
            fmt->chunk_bytes *= 2;
        }
    }
    if (fmt->chunk_bytes < IVL_CHUNK_MIN_BYTES || fmt->chunk_bytes > IVL_CHUNK_MAX_BYTES ||
        (fmt->chunk_bytes & (fmt->chunk_bytes - 1))) {
        return refuse(diag, "choose a power of two from 4096 to 1 GiB", "chunk size",
                      fmt->chunk_bytes);
    }
    return 0;
}

/* As many chunks as fit behind the descriptors' start, with the descriptors themselves. */
static int lay_heap(const struct ivl_format *fmt, struct ivl_abi_super *super,
                    struct ivl_diag *diag)
{
    const uint64_t start = super->chunks.offset, chunk = fmt->chunk_bytes;
    const uint64_t desc = sizeof(struct ivl_abi_chunk);
    uint64_t n = start < fmt->region_bytes ? (fmt->region_bytes - start) / (chunk + desc) : 0;

    /* aligning the heap costs less than two chunks, so this loop is short */
    while (n && align_up(start + n * desc, chunk) + n * chunk > fmt->region_bytes) {
        n--;
    }
    if (n == 0) {
        return refuse(diag, "choose a larger region, smaller chunks, or fewer VMs and jobs",
                      "no room for a single chunk of bytes:", chunk);
    }
    if (n > IVL_CHUNKS_MAX) {
        return refuse(diag, "choose larger chunks (at most 2^24 of them)", "number of chunks", n);
    }
    super->chunks.count = (uint32_t) n;
    super->heap_offset = align_up(start + n * desc, chunk);
    return 0;
}

static int lay_out(const struct ivl_format *fmt, struct ivl_abi_super *super, struct ivl_diag *diag)
{
    super->region_bytes = fmt->region_bytes;
    super->chunk_bytes = fmt->chunk_bytes;
    super->lease_ms = fmt->lease_ms;
    super->table = (struct ivl_abi_extent){ PAGE, fmt->vms, sizeof(struct ivl_abi_table_entry) };
    super->jobs.offset = align_up(PAGE + fmt->vms * sizeof(struct ivl_abi_table_entry), PAGE);
    super->jobs.count = fmt->jobs;
    super->jobs.elem_bytes = sizeof(struct ivl_abi_job);
    super->chunks.offset =
        align_up(super->jobs.offset + fmt->jobs * sizeof(struct ivl_abi_job), PAGE);
    super->chunks.elem_bytes = sizeof(struct ivl_abi_chunk);
    return lay_heap(fmt, super, diag);
}

static int random_uuid(uint8_t uuid[IVL_UUID_BYTES], struct ivl_diag *diag)
{
    if (getrandom(uuid, IVL_UUID_BYTES, 0) != IVL_UUID_BYTES) {
        return ivl_fail(diag, -EIO, "getrandom", "", "no random numbers: %s", strerror(errno));
    }
    uuid[6] = (uint8_t) ((uuid[6] & 0x0f) | 0x40); /* version 4, RFC 4122 */
    uuid[8] = (uint8_t) ((uuid[8] & 0x3f) | 0x80);
    return 0;
}

static void read_host_id(const char *path, uint8_t uuid[IVL_UUID_BYTES])
{
    char text[64];
    if (ivl_text_read(ivl_sysroot, path, text, sizeof(text)) == 0) {
        (void) ivl_uuid_parse(text, uuid); /* left zero if it is not one */
    }
}

static int identify(struct ivl_abi_super *super, uint64_t old_generation, struct ivl_diag *diag)
{
    super->version_major = IVL_ABI_MAJOR;
    super->version_minor = IVL_ABI_MINOR;
    super->super_bytes = sizeof(*super);
    super->generation = old_generation == UINT64_MAX ? 1 : old_generation + 1;
    read_host_id("/sys/class/dmi/id/product_uuid", super->host_uuid);
    read_host_id("/proc/sys/kernel/random/boot_id", super->host_boot_id);
    return random_uuid(super->region_uuid, diag);
}

/* Job epochs do not start again at 1 in a later generation of the same backing: a process left
 * over from before must not find its old (slot, epoch) alive. */
static void start_epochs(uint8_t *base, const struct ivl_abi_super *super)
{
    uint64_t first = ((super->generation - 1) & 0xffffff) << 24;
    struct ivl_abi_job *jobs = (struct ivl_abi_job *) (void *) (base + super->jobs.offset);
    for (uint32_t i = 0; i < super->jobs.count; i++) {
        ivl_sh64_store_relaxed(&jobs[i].state, ivl_job_word(first, IVL_JOB_FREE));
    }
}

/* The magic goes first and comes back last. */
static void write_region(uint8_t *base, struct ivl_abi_super *super)
{
    const size_t magic = sizeof(super->magic);
    const uint64_t end = super->chunks.offset + super->chunks.count * sizeof(struct ivl_abi_chunk);
    uint64_t word;
    memcpy(super->magic, IVL_ABI_MAGIC, magic);
    super->checksum = ivl_crc32c(super, IVL_ABI_SUPER_SEALED);
    memcpy(&word, super->magic, magic);

    /* acq_rel: the stores below cannot move before it, so nobody sees the old magic over new
     * contents */
    ivl_sh64_exchange((ivl_sh64_t *) (void *) base, 0);
    memset(base + magic, 0, end - magic);
    start_epochs(base, super);
    ivl_words_store_release(base + magic, (const uint8_t *) super + magic,
                            IVL_ABI_SUPER_SEALED + sizeof(super->checksum) - magic);
    /* [super A] pairs with [super R] in fetch_sealed: everything above before the magic */
    ivl_sh64_store_release((ivl_sh64_t *) (void *) base, word);
}

int ivl_region_format(void *base, const struct ivl_format *fmt, struct ivl_diag *diag)
{
    struct ivl_format full = *fmt;
    struct ivl_abi_super super;
    memset(&super, 0, sizeof(super));
    int rc = complete_format(&full, diag);
    if (rc == 0) {
        rc = lay_out(&full, &super, diag);
    }
    if (rc == 0) {
        rc = identify(&super, ivl_super_generation(base), diag);
    }
    if (rc == 0) {
        write_region(base, &super);
    }
    return rc;
}
