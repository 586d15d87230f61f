/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * CRC-32C, bit by bit: half a kilobyte is summed when a region is opened, speed is of no matter.
 */
#include "crc32c.h"

#define POLYNOMIAL_REFLECTED UINT32_C(0x82f63b78)

uint32_t ivl_crc32c(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL_REFLECTED : 0);
        }
    }
    return ~crc;
}
