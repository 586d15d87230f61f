/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The plan of a round of the wildcard stress test: which messages go to the receiver, in which
 * order each sender starts them, and how the receiver asks for them. All ranks draw the same
 * plan from the seed, so that the receiver can check order as well as content.
 */
#ifndef ANYSRC_PLAN_H_INCLUDED
#define ANYSRC_PLAN_H_INCLUDED

#include "check.h"

#define COMMS 3
#define TAGS 4
#define MESSAGES_MAX 12 /* of one sender */

/* How the receives of one communicator name their messages. Each way lets every receive find a
 * message whatever the order of arrival, so that nothing can deadlock. */
enum naming {
    NAME_NOTHING,
    NAME_TAG,
    NAME_TAG_AND_ODD_SOURCE,
    NAMINGS
};

struct message {
    int src; /* rank in MPI_COMM_WORLD */
    int comm, tag;
    int bytes;
    uint32_t key;
    bool strided; /* sent as a non-contiguous datatype */
    uint32_t how; /* random: way to send */
    bool taken;   /* by a receive that was checked */
};

struct plan {
    int root;
    bool one_stream; /* one communicator, all wildcards: blocking sends are safe */
    enum naming naming[COMMS];
    struct message *messages; /* by sender, each sender's in order */
    int count;
};

/* What a receive asks for; src and tag may be MPI_ANY_*. src is a rank in MPI_COMM_WORLD. */
struct wish {
    int comm, src, tag;
};

void plan_draw(int round, struct plan *plan);
void plan_free(struct plan *plan);

/* The wish of the receive that stands for message i; as many receives as messages. */
struct wish plan_wish(const struct plan *plan, int i);

/* Receives are checked in the order in which they were posted: the message that a receive got
 * must be the first one not yet taken of those its source sent and the wish allows. src: the
 * source it came from. */
struct message *plan_take(struct plan *plan, struct wish wish, int src);

#endif /* ANYSRC_PLAN_H_INCLUDED */
