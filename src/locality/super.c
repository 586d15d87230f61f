/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Reading the superblock: one copy of the sealed part, then every field is checked before the
 * private geometry is filled. Order: magic, version, seal, features, sizes, extents.
 */
#include "locality_impl.h"
#include "crc32c.h"

#include <errno.h>
#include <string.h>

#define REMEDY_CREATE "make the region on the host: ivshmemctl create"
#define REMEDY_CORRUPT "the superblock is damaged: make the region anew with ivshmemctl create"
#define REMEDY_VERSION "use tools and library of the same release on the host and in the guests"

/* A stretch of the region. */
struct span {
    const char *name;
    uint64_t offset;
    uint64_t count;
    uint64_t elem_bytes;
    uint64_t count_max;
    uint64_t elem_want;
    uint64_t align;
};

static bool all_bytes(const uint8_t *p, size_t n, uint8_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != value) {
            return false;
        }
    }
    return true;
}

/* [super R] pairs with [super A] in ivl_region_format: the magic is the first word of the copy
 * and is loaded with acquire, so a reader that sees it sees the fields behind it. */
static void fetch_sealed(const void *buf, struct ivl_abi_super *super)
{
    memset(super, 0, sizeof(*super));
    ivl_words_load_acquire(super, buf, IVL_ABI_SUPER_SEALED + sizeof(super->checksum));
}

static int check_magic(const struct ivl_abi_super *super, const char *where, struct ivl_diag *diag)
{
    if (memcmp(super->magic, IVL_ABI_MAGIC, sizeof(super->magic)) == 0) {
        return 0;
    }
    if (all_bytes(super->magic, sizeof(super->magic), 0)) {
        return ivl_fail(diag, -EBADMSG, where, REMEDY_CREATE, "no region here yet (blank memory)");
    }
    if (all_bytes(super->magic, sizeof(super->magic), 0xff)) {
        return ivl_fail(diag, -EBADMSG, where,
                        "enable the device's memory, as root: echo 1 > enable",
                        "all bits set where the magic should be, as of a disabled device");
    }
    return ivl_fail(diag, -EBADMSG, where, REMEDY_CREATE, "wrong magic: not a region of ours");
}

static int check_gate(const struct ivl_abi_super *super, const char *where, struct ivl_diag *diag)
{
    int rc = check_magic(super, where, diag);
    if (rc) {
        return rc;
    }
    if (super->version_major != IVL_ABI_MAJOR) {
        return ivl_fail(diag, -EPROTO, where, REMEDY_VERSION, "ABI version %u, expected %u",
                        super->version_major, IVL_ABI_MAJOR);
    }
    uint32_t sum = ivl_crc32c(super, IVL_ABI_SUPER_SEALED);
    if (super->checksum != sum) {
        return ivl_fail(diag, -EBADMSG, where, REMEDY_CORRUPT, "checksum %08x, expected %08x",
                        super->checksum, sum);
    }
    uint64_t unknown = super->features_incompat & ~IVL_FEATURES_INCOMPAT_KNOWN;
    if (unknown) {
        return ivl_fail(diag, -EPROTO, where, REMEDY_VERSION,
                        "features %#llx that this release does not know",
                        (unsigned long long) unknown);
    }
    return 0;
}

static int bad_field(const char *where, const char *field, uint64_t value, struct ivl_diag *diag)
{
    return ivl_fail(diag, -EBADMSG, where, REMEDY_CORRUPT, "%s is %llu, out of range", field,
                    (unsigned long long) value);
}

static int check_sizes(const struct ivl_abi_super *super, uint64_t backing_bytes, const char *where,
                       struct ivl_diag *diag)
{
    uint32_t chunk = super->chunk_bytes;
    if (super->super_bytes != sizeof(*super)) {
        return bad_field(where, "super_bytes", super->super_bytes, diag);
    }
    if (super->region_bytes < IVL_REGION_MIN_BYTES || super->region_bytes > IVL_REGION_MAX_BYTES) {
        return bad_field(where, "region_bytes", super->region_bytes, diag);
    }
    if (chunk < IVL_CHUNK_MIN_BYTES || chunk > IVL_CHUNK_MAX_BYTES || (chunk & (chunk - 1))) {
        return bad_field(where, "chunk_bytes", chunk, diag);
    }
    if (super->lease_ms < 1000 || super->lease_ms > 600000) {
        return bad_field(where, "lease_ms", super->lease_ms, diag);
    }
    if (super->generation == 0) {
        return bad_field(where, "generation", super->generation, diag);
    }
    if (ivl_uuid_is_zero(super->region_uuid)) {
        return ivl_fail(diag, -EBADMSG, where, REMEDY_CORRUPT, "region_uuid is zero");
    }
    if (super->region_bytes > backing_bytes) {
        return ivl_fail(diag, -EMSGSIZE, where,
                        "give the device or file its full size, or make the region anew",
                        "%llu bytes here, but the superblock says %llu",
                        (unsigned long long) backing_bytes,
                        (unsigned long long) super->region_bytes);
    }
    return 0;
}

static int check_span(const struct span *span, uint64_t region_bytes, const char *where,
                      struct ivl_diag *diag)
{
    if (span->elem_bytes != span->elem_want || span->count == 0 || span->count > span->count_max) {
        return ivl_fail(diag, -EBADMSG, where, REMEDY_CORRUPT,
                        "%s: %llu elements of %llu bytes, expected 1 to %llu of %llu", span->name,
                        (unsigned long long) span->count, (unsigned long long) span->elem_bytes,
                        (unsigned long long) span->count_max, (unsigned long long) span->elem_want);
    }
    uint64_t bytes = span->count * span->elem_bytes; /* at most 2^24 * 2^30 */
    if (span->offset % span->align || span->offset > region_bytes ||
        bytes > region_bytes - span->offset) {
        return ivl_fail(diag, -EBADMSG, where, REMEDY_CORRUPT,
                        "%s at %llu, %llu bytes: misaligned or outside the region", span->name,
                        (unsigned long long) span->offset, (unsigned long long) bytes);
    }
    return 0;
}

/* Both have passed check_span, so the sums do not overflow. */
static bool spans_overlap(const struct span *a, const struct span *b)
{
    return a->offset < b->offset + b->count * b->elem_bytes &&
           b->offset < a->offset + a->count * a->elem_bytes;
}

static int check_layout(const struct ivl_abi_super *super, const char *where, struct ivl_diag *diag)
{
    const struct ivl_abi_extent *t = &super->table, *j = &super->jobs, *c = &super->chunks;
    const uint64_t page = 4096, chunk = super->chunk_bytes;
    const struct span spans[] = {
        { "superblock", 0, 1, page, 1, page, page },
        { "table", t->offset, t->count, t->elem_bytes, IVL_VMS_MAX,
          sizeof(struct ivl_abi_table_entry), page },
        { "jobs", j->offset, j->count, j->elem_bytes, IVL_JOBS_MAX, sizeof(struct ivl_abi_job),
          page },
        { "chunks", c->offset, c->count, c->elem_bytes, IVL_CHUNKS_MAX,
          sizeof(struct ivl_abi_chunk), page },
        { "heap", super->heap_offset, c->count, chunk, IVL_CHUNKS_MAX, chunk, chunk },
    };
    const size_t n = sizeof(spans) / sizeof(spans[0]);

    for (size_t i = 0; i < n; i++) {
        int rc = check_span(&spans[i], super->region_bytes, where, diag);
        if (rc) {
            return rc;
        }
        for (size_t k = 0; k < i; k++) {
            if (spans_overlap(&spans[i], &spans[k])) {
                return ivl_fail(diag, -EBADMSG, where, REMEDY_CORRUPT, "%s and %s overlap",
                                spans[k].name, spans[i].name);
            }
        }
    }
    return 0;
}

static void fill_geometry(const struct ivl_abi_super *super, struct ivl_geometry *geo)
{
    memset(geo, 0, sizeof(*geo));
    geo->region_bytes = super->region_bytes;
    geo->table_off = super->table.offset;
    geo->jobs_off = super->jobs.offset;
    geo->chunks_off = super->chunks.offset;
    geo->heap_off = super->heap_offset;
    geo->table_count = super->table.count;
    geo->jobs_count = super->jobs.count;
    geo->chunk_count = super->chunks.count;
    geo->chunk_bytes = super->chunk_bytes;
    geo->chunk_shift = (uint32_t) __builtin_ctz(super->chunk_bytes);
    geo->lease_ms = super->lease_ms;
    geo->generation = super->generation;
    geo->version_minor = super->version_minor;
    memcpy(geo->region_uuid, super->region_uuid, IVL_UUID_BYTES);
    memcpy(geo->host_uuid, super->host_uuid, IVL_UUID_BYTES);
    memcpy(geo->host_boot_id, super->host_boot_id, IVL_UUID_BYTES);
}

int ivl_super_fetch(const void *buf, uint64_t backing_bytes, const char *where,
                    struct ivl_geometry *geo, struct ivl_diag *diag)
{
    struct ivl_abi_super super;
    if (backing_bytes < sizeof(super)) {
        return ivl_fail(diag, -EMSGSIZE, where, REMEDY_CREATE,
                        "%llu bytes, too small for a superblock",
                        (unsigned long long) backing_bytes);
    }
    fetch_sealed(buf, &super);
    int rc = check_gate(&super, where, diag);
    if (rc == 0) {
        rc = check_sizes(&super, backing_bytes, where, diag);
    }
    if (rc == 0) {
        rc = check_layout(&super, where, diag);
    }
    if (rc == 0) {
        fill_geometry(&super, geo);
    }
    return rc;
}

uint64_t ivl_super_generation(const void *base)
{
    struct ivl_abi_super super;
    fetch_sealed(base, &super);
    return check_gate(&super, "", NULL) == 0 ? super.generation : 0;
}
