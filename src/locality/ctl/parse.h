/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Text of option values to numbers.
 */
#ifndef CTL_PARSE_H_INCLUDED
#define CTL_PARSE_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "locality_abi.h"

/* All of these are false, and leave the result alone, unless the whole text is understood. */

/* Decimal, 0..max. */
bool parse_number(const char *text, uint64_t max, uint64_t *value);

/* Bytes: a decimal number, then nothing or K, M, G, T (powers of 1024; KiB and so on also). */
bool parse_size(const char *text, uint64_t *bytes);

/* Octal file mode, 0..0777. */
bool parse_mode(const char *text, unsigned *mode);

/* "0,2-5": sets bits in words[0 .. bits/64). */
bool parse_mask(const char *text, uint64_t *words, unsigned bits);

/* "0000:05:00.1" or "05:00.1", perhaps with ",GUID": 16 hex digits, perhaps with colons. */
bool parse_vf(const char *text, struct ivl_abi_vf *vf);

#endif /* CTL_PARSE_H_INCLUDED */
