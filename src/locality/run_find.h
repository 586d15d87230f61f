/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Finding and claiming a run of chunks.
 */
#ifndef RUN_FIND_H_INCLUDED
#define RUN_FIND_H_INCLUDED

#include "chunk.h"

#define IVL_RUN_NONE UINT32_MAX

/* Claims n chunks in a row as BODY, from the job's arena or else from the heap. The first one's
 * index, or IVL_RUN_NONE. */
uint32_t ivl_run_for_block(const struct ivl_region *region, uint64_t tag, uint32_t n);

/* Claims n chunks in a row from the heap as RESERVED, for the job's arena. */
uint32_t ivl_run_for_arena(const struct ivl_region *region, uint64_t tag, uint32_t n);

/* Tells the next search of chunks that have become free in the job's arena or in the heap. */
void ivl_run_freed(const struct ivl_region *region, uint32_t first, bool arena);

#endif /* RUN_FIND_H_INCLUDED */
