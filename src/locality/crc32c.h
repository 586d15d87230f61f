/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * CRC-32C (Castagnoli), as in iSCSI (RFC 3720, appendix B.4).
 */
#ifndef CRC32C_H_INCLUDED
#define CRC32C_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

/* The check value: "123456789" gives 0xe3069283. */
uint32_t ivl_crc32c(const void *data, size_t bytes);

#endif /* CRC32C_H_INCLUDED */
