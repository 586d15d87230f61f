/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the two processes share in the region.
 */
#ifndef AREA_H_INCLUDED
#define AREA_H_INCLUDED

#include "bakery.h"

#define DATA_BYTES 1000

/* Zero at the beginning. */
struct area {
    struct line raw;
    struct line integer;
    struct semaphore turn[2]; /* whose turn it is: process 1 gives turn[0] */
    uint8_t data[DATA_BYTES];
};

#endif /* AREA_H_INCLUDED */
