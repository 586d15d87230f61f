/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The table of exposed buffers and how others read it (see ivs_expose.h).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>

#include "ivs_expose.h"

#define PIECE (UINT64_C(4) << 20) /* read by one system call: signals get their turn */

void ivs_expose_init(struct ivs_expose *table, uint64_t nonce)
{
    memset(table, 0, sizeof(*table));
    for (uint32_t i = 0; i < IVS_EXPOSED; i++) {
        table->free[i] = IVS_EXPOSED - 1 - i;
    }
    table->free_count = IVS_EXPOSED;
    table->last_number = nonce;
    table->nonce = nonce;
}

/* Readers look from outside the program: the number must be in memory, not in a register, and the
 * other words before it. */
static void set_number(struct ivs_exposed *entry, uint64_t number)
{
    /* release: a reader that copies while we write takes no new words for those of an old number
     * (it looks again at the end) */
    __atomic_store_n(&entry->number, number, __ATOMIC_RELEASE);
}

bool ivs_expose_take(struct ivs_expose *table, uint32_t reader, const void *data, uint64_t bytes,
                     void *owner, struct ivs_ticket *ticket)
{
    struct ivs_exposed *entry;

    if (table->free_count == 0) {
        return false;
    }
    if (++table->last_number == 0) {
        table->last_number = 1;
    }
    *ticket = (struct ivs_ticket){ .number = table->last_number,
                                   .entry = table->free[--table->free_count] };
    entry = &table->entries[ticket->entry];
    entry->address = (uint64_t) (uintptr_t) data;
    entry->bytes = bytes;
    entry->reader = reader;
    table->owners[ticket->entry] = owner;
    set_number(entry, ticket->number);
    return true;
}

static bool bears(const struct ivs_exposed *entry, const struct ivs_ticket *ticket, uint32_t reader)
{
    return ticket->number != 0 && entry->number == ticket->number && entry->reader == reader;
}

int ivs_expose_release(struct ivs_expose *table, uint32_t reader, const struct ivs_ticket *ticket,
                       void **owner)
{
    if (ticket->entry >= IVS_EXPOSED || !bears(&table->entries[ticket->entry], ticket, reader)) {
        return -EBADMSG;
    }
    set_number(&table->entries[ticket->entry], 0);
    table->free[table->free_count++] = ticket->entry;
    *owner = table->owners[ticket->entry];
    return 0;
}

/* ---- the reader's side ------------------------------------------------------------------------ */

static struct iovec there(uint64_t address, uint64_t bytes)
{
    return (struct iovec){ (void *) (uintptr_t) address, (size_t) bytes };
}

/* All of it or an error. */
static int read_words(pid_t pid, uint64_t address, void *dst, size_t bytes)
{
    struct iovec local = { dst, bytes };
    struct iovec remote = there(address, bytes);
    ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);

    if (n < 0) {
        return -errno;
    }
    return (size_t) n == bytes ? 0 : -EFAULT;
}

int ivs_remote_probe(const struct ivs_remote *remote)
{
    uint64_t nonce = 0;
    int rc = read_words(remote->pid, remote->table + offsetof(struct ivs_expose, nonce), &nonce,
                        sizeof(nonce));

    if (rc == 0 && (nonce == 0 || nonce != remote->nonce)) {
        rc = -ESTALE;
    }
    return rc;
}

static uint64_t entry_address(const struct ivs_remote *remote, const struct ivs_ticket *ticket)
{
    return remote->table + offsetof(struct ivs_expose, entries) +
           ticket->entry * sizeof(struct ivs_exposed);
}

int ivs_remote_find(const struct ivs_remote *remote, const struct ivs_ticket *ticket,
                    uint32_t reader, uint64_t bytes, struct ivs_exposed *found)
{
    struct ivs_exposed entry;
    int rc;

    if (ticket->entry >= IVS_EXPOSED) {
        return -EBADMSG;
    }
    rc = read_words(remote->pid, entry_address(remote, ticket), &entry, sizeof(entry));
    if (rc != 0) {
        return rc;
    }
    if (!bears(&entry, ticket, reader) || entry.bytes != bytes) {
        return -EBADMSG;
    }
    *found = entry;
    return 0;
}

/* The last call reads the entry once more, after the data. */
int ivs_remote_read(const struct ivs_remote *remote, const struct ivs_ticket *ticket,
                    const struct ivs_exposed *found, void *dst)
{
    struct ivs_exposed after = { 0 };

    for (uint64_t done = 0;;) {
        uint64_t left = found->bytes - done;
        uint64_t piece = left < PIECE ? left : PIECE;
        struct iovec local[] = { { (char *) dst + done, piece }, { &after, sizeof(after) } };
        struct iovec from[] = { there(found->address + done, piece),
                                there(entry_address(remote, ticket), sizeof(after)) };
        unsigned long count = left == piece ? 2 : 1;
        ssize_t n = process_vm_readv(remote->pid, local, count, from, count, 0);

        if (n <= 0) {
            return n < 0 ? -errno : -EFAULT;
        }
        if ((uint64_t) n == piece + sizeof(after)) {
            return memcmp(&after, found, sizeof(after)) == 0 ? 0 : -EBADMSG;
        }
        if ((uint64_t) n > piece) {
            return -EFAULT; /* half an entry */
        }
        done += (uint64_t) n;
    }
}
