/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The superblock: the input as it is, and again with magic, version and checksum made right, so
 * that the checks behind them are reached. What is accepted lies within the backing.
 */
#include "fuzz.h"
#include "crc32c.h"

#define BACKING (UINT64_C(1) << 30)

static _Alignas(4096) uint8_t page[4096];

struct span {
    uint64_t start, end;
};

static struct span span(uint64_t start, uint64_t count, uint64_t each)
{
    require(start <= BACKING && count <= BACKING && each <= BACKING);
    return (struct span){ start, start + count * each };
}

static void check_accepted(const struct ivl_geometry *geo)
{
    require(geo->chunk_bytes >= 4096 && geo->chunk_bytes == 1u << geo->chunk_shift);
    const struct span spans[] = {
        { 0, 4096 },
        span(geo->table_off, geo->table_count, 512),
        span(geo->jobs_off, geo->jobs_count, 256),
        span(geo->chunks_off, geo->chunk_count, 32),
        span(geo->heap_off, geo->chunk_count, geo->chunk_bytes),
    };
    require(geo->region_bytes <= BACKING);
    for (int i = 0; i < 5; i++) {
        require(spans[i].start < spans[i].end && spans[i].end <= geo->region_bytes);
        require(spans[i].start % 4096 == 0);
        for (int k = 0; k < i; k++) {
            require(spans[i].end <= spans[k].start || spans[k].end <= spans[i].start);
        }
    }
}

static void fetch(void)
{
    struct ivl_geometry geo;
    struct ivl_diag diag;
    int rc = ivl_super_fetch(page, BACKING, "fuzz", &geo, &diag);
    fuzz_check_diag(rc, &diag);
    if (rc == 0) {
        check_accepted(&geo);
    }
    require(ivl_super_fetch(page, 4095, "fuzz", &geo, &diag) != 0);
    (void) ivl_super_generation(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ivl_abi_super *super = (struct ivl_abi_super *) (void *) page;
    memset(page, 0, sizeof(page));
    memcpy(page, data, size < sizeof(page) ? size : sizeof(page));
    fetch();
    memcpy(super->magic, IVL_ABI_MAGIC, sizeof(super->magic));
    super->version_major = IVL_ABI_MAJOR;
    super->checksum = ivl_crc32c(page, IVL_ABI_SUPER_SEALED);
    fetch();
    return 0;
}
