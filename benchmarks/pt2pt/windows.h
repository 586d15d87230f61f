/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Windows of messages under way, for bandwidth and message rate.
 */
#ifndef WINDOWS_H_INCLUDED
#define WINDOWS_H_INCLUDED

#include "bench.h"

/* First rank to second: iterations windows of non-blocking messages, each window acknowledged. */
void windows_one_way(size_t bytes, int iterations);
void windows_verify_one_way(size_t bytes);

/* Both directions at once. */
void windows_both_ways(size_t bytes, int iterations);
void windows_verify_both_ways(size_t bytes);

#endif
