/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the benchmarks of one-sided communication share: a window of MPI_Win_allocate(), or
 * MPI_Win_create_dynamic() for those programs that take the option, with a
 * part on each rank that measures, in an epoch of MPI_Win_lock_all() unless said otherwise. The
 * first rank of a pair is the origin, the second the target, which only waits.
 */
#ifndef RMA_H_INCLUDED
#define RMA_H_INCLUDED

#include <mpi.h>
#include "bench.h"
#include <stdbool.h>
#include <stdint.h>

extern MPI_Win rma_win;
extern char *rma_base; /* of this rank's part */

/* Where a rank's part begins: 0, or its address in a dynamic window. */
MPI_Aint rma_start(int rank);

/* For struct bench_program. Collective. */
void rma_prepare(size_t bytes); /* a part of so many bytes, 64 at least, all zero */
void rma_finish(void);
void rma_prepare_unlocked(size_t bytes); /* no epoch */
void rma_finish_unlocked(void);

/* Between the accesses of one rank and those of another. */
void rma_meet(void);

/* Megabytes per second of windows of operations. */
double rma_mbps(size_t bytes, int iterations, double seconds);

/* The origins put to, and get from, their peers: so many windows of accesses, each flushed. */
void rma_put(size_t bytes, int windows, int window);
void rma_get(size_t bytes, int windows, int window);
void rma_verify_put(size_t bytes);
void rma_verify_get(size_t bytes);

/* The number that this rank's part begins with. */
int64_t *rma_counter(void);

/* This rank adds one to a rank's counter, so many times, flushing each. */
void rma_count(int rank, int times);

/* The counter is set on all ranks, the ranks work on it, and it must hold what is expected on the
 * rank that checks. */
void rma_verify_counter(int64_t before, void (*work)(void), bool checks, int64_t expected);

#endif
