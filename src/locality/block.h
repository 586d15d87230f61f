/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the job directory needs of the allocator beyond locality.h.
 */
#ifndef BLOCK_H_INCLUDED
#define BLOCK_H_INCLUDED

#include "locality_impl.h"

/* Allocates for a job in the given state (its creator needs a block before it is active). */
int ivl_block_make(struct ivl_region *region, const struct ivl_job *job, uint64_t job_state,
                   uint64_t bytes, struct ivl_block *block, struct ivl_diag *diag);

/* Whether a live block of the owner `tag` starts at offset and has at least min_bytes bytes. */
bool ivl_block_is_at(const struct ivl_region *region, uint64_t tag, uint64_t offset,
                     uint64_t min_bytes);

#endif /* BLOCK_H_INCLUDED */
