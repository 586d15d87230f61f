/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The allocator: the input is the descriptors as a hostile VM left them, then a list of calls.
 * What is allocated lies in the heap and does not overlap; at the end everything can be freed.
 */
#include "fuzz.h"
#include "chunk.h"

#include <errno.h>

#define HELD_MAX 8
#define OPS_MAX 64

static struct ivl_job job;
static struct ivl_block held[HELD_MAX];
static bool scribbled; /* descriptors were changed under live blocks: overlap is possible */

static void check_block(const struct ivl_block *block, int self)
{
    require(ivl_heap_has(&fuzz_region->geo, block->offset, block->bytes));
    require(block->bytes > 0);
    for (int i = 0; i < HELD_MAX && !scribbled; i++) {
        if (i != self && held[i].bytes) {
            require(block->offset + block->bytes <= held[i].offset ||
                    held[i].offset + held[i].bytes <= block->offset);
        }
    }
}

static void op_alloc(int k, uint64_t bytes)
{
    struct ivl_diag diag;
    struct ivl_block block;
    int rc = ivl_block_alloc(fuzz_region, &job, bytes, &block, &diag);
    fuzz_check_diag(rc, &diag);
    if (rc == 0) {
        check_block(&block, held[k].bytes ? -1 : k);
        uint8_t *p = ivl_block_addr(fuzz_region, &block);
        require(p[0] == 0 && p[block.bytes - 1] == 0);
        p[0] = p[block.bytes - 1] = 0xee;
        if (held[k].bytes == 0) {
            held[k] = block;
        } else {
            rc = ivl_block_release(fuzz_region, &job, &block, &diag);
            require(rc == 0);
        }
    }
}

static void op_release(int k)
{
    struct ivl_diag diag;
    int rc = ivl_block_release(fuzz_region, &job, &held[k], &diag);
    fuzz_check_diag(rc, &diag);
    require(rc == 0 || scribbled || held[k].bytes == 0);
    held[k].bytes = 0;
}

/* By a name that is one, or by any other. */
static void op_attach(int k, uint8_t offset, uint8_t generation)
{
    struct ivl_diag diag;
    struct ivl_block block;
    uint64_t at =
        held[k].bytes ? held[k].offset : fuzz_region->geo.heap_off + ((uint64_t) offset << 16);
    uint32_t gen = held[k].bytes ? held[k].generation : generation;
    int rc = ivl_block_attach(fuzz_region, &job, at, gen, 1, &block, &diag);
    fuzz_check_diag(rc, &diag);
    if (rc == 0) {
        require(ivl_heap_has(&fuzz_region->geo, block.offset, block.bytes));
        require(ivl_block_release(fuzz_region, &job, &block, &diag) == 0);
    }
}

static void op_scribble(uint8_t chunk, uint8_t word, uint8_t value)
{
    uint64_t *words =
        (uint64_t *) (void *) ivl_chunk_at(fuzz_region, chunk % fuzz_region->geo.chunk_count);
    words[word % 4] ^= (uint64_t) value << (word / 4 % 8 * 8);
    scribbled = true;
}

static void run_op(const uint8_t **data, size_t *size)
{
    uint8_t op = fuzz_byte(data, size), a = fuzz_byte(data, size), b = fuzz_byte(data, size);
    int k = op / 8 % HELD_MAX;
    struct ivl_usage usage;
    switch (op % 8) {
        case 0:
        case 1:
            op_alloc(k, a == 255 ? b * 16384u
                                 : (a % 32u) << 12 | b); /* few large ones: zeroing is slow */
            break;
        case 2:
        case 3:
            op_release(k);
            break;
        case 4:
            op_attach(k, a, b);
            break;
        case 5:
            (void) ivl_arena_reserve(fuzz_region, &job, (uint64_t) a << 14, NULL);
            break;
        case 6:
            ivl_usage_read(fuzz_region, &usage);
            require(usage.free_chunks <= usage.chunks && usage.orphan_chunks <= usage.chunks);
            require(usage.largest_free_bytes <= usage.free_bytes);
            break;
        default:
            op_scribble(a, op / 8, b);
    }
}

static void finish(void)
{
    struct ivl_watch *watch;
    struct ivl_usage usage;
    require(ivl_job_end(fuzz_region, &job) == 0);
    require(ivl_watch_create(fuzz_region, &watch) == 0);
    require(ivl_watch_step(watch, 0, NULL, NULL) == 0);
    ivl_watch_destroy(watch);
    ivl_usage_read(fuzz_region, &usage);
    require(usage.free_chunks == usage.chunks && usage.corrupt_chunks == 0);
    require(usage.largest_free_bytes == usage.heap_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!fuzz_region) {
        fuzz_make(1, 2, 65536);
    }
    const struct ivl_geometry *geo = &fuzz_region->geo;
    fuzz_reset();
    memset(held, 0, sizeof(held));
    scribbled = false;
    job = (struct ivl_job){ .slot = 0, .epoch = 1 };
    ivl_sh64_store_release(&ivl_slot_at(fuzz_region, 0)->state, ivl_job_word(1, IVL_JOB_ACTIVE));
    fuzz_overlay(geo->chunks_off, geo->chunk_count * sizeof(struct ivl_abi_chunk), &data, &size);
    for (int i = 0; i < OPS_MAX && size; i++) {
        run_op(&data, &size);
    }
    finish();
    return 0;
}
