/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Buffers that a process lets other processes of its kernel read, one message each. The table is
 * private memory of the process that exposes: others read it with process_vm_readv(), for which
 * they must know the process and the table's address from a trusted source. What travels with a
 * message, through memory that anybody may write, is a ticket: an entry and a number. A ticket
 * that was made up, or has been used, is found out on both sides.
 *
 * Invariant: a reader is given an address only from an entry that bears the ticket's number, the
 * reader's own name and the length that the message announced; and what it has read counts only
 * if the entry still says so afterwards.
 *
 * Not thread-safe.
 */
#ifndef IVS_EXPOSE_H_INCLUDED
#define IVS_EXPOSE_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define IVS_EXPOSED 256u /* messages at the same time */

struct ivs_ticket {
    uint64_t number;
    uint32_t entry;
    uint32_t peer; /* for those who receive tickets: from whom. Nothing here looks at it */
};

struct ivs_exposed {
    uint64_t number;  /* of the ticket; 0: nothing is exposed */
    uint64_t address; /* in the process that exposes */
    uint64_t bytes;
    uint64_t reader; /* who may read it */
};

struct ivs_expose {
    uint64_t nonce; /* tells this table from anything else that may lie at its address */
    struct ivs_exposed entries[IVS_EXPOSED];
    /* for the owner only */
    void *owners[IVS_EXPOSED];
    uint32_t free[IVS_EXPOSED];
    uint32_t free_count;
    uint64_t last_number;
};

/* nonce: random, not 0. */
void ivs_expose_init(struct ivs_expose *table, uint64_t nonce);

/* Exposes bytes at data to the reader; owner is for the release. false: the table is full. */
bool ivs_expose_take(struct ivs_expose *table, uint32_t reader, const void *data, uint64_t bytes,
                     void *owner, struct ivs_ticket *ticket);

/* Ends it, as the reader says. -EBADMSG: nothing is exposed to this reader under this ticket. */
int ivs_expose_release(struct ivs_expose *table, uint32_t reader, const struct ivs_ticket *ticket,
                       void **owner);

/* ---- the reader's side ------------------------------------------------------------------------ */

/* Another process's table. */
struct ivs_remote {
    pid_t pid;
    uint64_t table; /* address there */
    uint64_t nonce;
};

/* 0: the table can be read. -ESTALE: something else is there; -EPERM, -ESRCH, ... */
int ivs_remote_probe(const struct ivs_remote *remote);

/* Copies the entry that the ticket names. -EBADMSG: it does not expose `bytes` bytes to the reader
 * under this ticket; -ESRCH, ...: see process_vm_readv(2). */
int ivs_remote_find(const struct ivs_remote *remote, const struct ivs_ticket *ticket,
                    uint32_t reader, uint64_t bytes, struct ivs_exposed *found);

/* Copies all of the buffer that was found to dst. -EBADMSG: it was no longer exposed at the end;
 * else as above. After an error dst holds anything. */
int ivs_remote_read(const struct ivs_remote *remote, const struct ivs_ticket *ticket,
                    const struct ivs_exposed *found, void *dst);

#endif /* IVS_EXPOSE_H_INCLUDED */
