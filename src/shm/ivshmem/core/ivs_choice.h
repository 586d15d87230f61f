/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Which of two ways a message takes: the one that measured faster. Both are tried in turn until
 * each has some samples; then the one with the lower median is taken, and the other now and
 * again, in case the machine's load has changed. Tries are runs of several messages: after the first
 * of them the caches hold what this way leaves there, not what the other one left (4 MiB out of the
 * region: 45 GB/s, the first after others below 28). A median, because a single message may find its
 * peer asleep or its pages missing. Pure; not thread-safe.
 */
#ifndef IVS_CHOICE_H_INCLUDED
#define IVS_CHOICE_H_INCLUDED

#include <stdint.h>

#define IVS_CHOICE_SAMPLES 5    /* the latest of each way count */
#define IVS_CHOICE_FIRST 3      /* so many of each before one is preferred */
#define IVS_CHOICE_RUN 8u       /* messages of a try */
#define IVS_CHOICE_PERIOD 1024u /* from one try of the other way to the next */

enum ivs_way {
    IVS_TWO_COPIES, /* through the transport */
    IVS_ONE_COPY    /* from the sender's memory to the receiver's */
};

/* Zeros: nothing is known. */
struct ivs_choice {
    uint64_t samples[2][IVS_CHOICE_SAMPLES]; /* time per byte */
    uint64_t median[2];
    uint32_t count[2];
    uint32_t messages;
    enum ivs_way tried; /* in the run that is going on */
};

/* The way for the next message. */
enum ivs_way ivs_choice_next(struct ivs_choice *choice);

/* That a message of bytes (not 0) bytes took ns nanoseconds on this way. */
void ivs_choice_note(struct ivs_choice *choice, enum ivs_way way, uint64_t bytes, uint64_t ns);

/* ---- sizes: each power of two chooses for itself --------------------------------------------- */

#define IVS_CHOICE_CLASSES 12u /* up to 128 KiB, up to 256 KiB, ...; the last takes the rest */

uint32_t ivs_choice_class(uint64_t bytes);

#endif /* IVS_CHOICE_H_INCLUDED */
