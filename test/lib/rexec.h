/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * rexec: what ssh would do between the machines of a test cluster, without accounts and keys.
 * Whoever reaches the port may run anything; it is meant for a network that exists only in a
 * namespace of the test's own.
 *
 * One connection is one command. Both sides send frames:
 *   client: COMMAND once, then INPUT (empty: end of input)
 *   server: OUTPUT, ERRORS, at last STATUS (4 bytes, as a shell has it in $?)
 * When the client goes away, everything the command has started is killed; so it is when the
 * command ends.
 */
#ifndef REXEC_H_INCLUDED
#define REXEC_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REXEC_PORT 2222
#define REXEC_FRAME_MAX 65536 /* payload; a command is one frame */
#define REXEC_LOST 255        /* status when the other side cannot be reached */

enum rexec_type {
    REXEC_COMMAND = 'c',
    REXEC_INPUT = 'i',
    REXEC_OUTPUT = 'o',
    REXEC_ERRORS = 'e',
    REXEC_STATUS = 's'
};

/* Both ends of a connection are little-endian: they run on one machine. */
struct rexec_header {
    uint32_t type;
    uint32_t bytes;
};

/* Bytes on their way to a descriptor that may be full. */
struct rexec_pending {
    char data[sizeof(struct rexec_header) + REXEC_FRAME_MAX];
    size_t begin, end;
};

/* Sends one frame, waiting as long as it takes. False: the connection is gone. */
bool rexec_send(int sock, enum rexec_type type, const void *data, size_t bytes);

/* Receives one frame, its payload to data[REXEC_FRAME_MAX]. False: end or nonsense. */
bool rexec_receive(int sock, struct rexec_header *header, char *data);

/* Writes what fits without waiting. False: nobody reads there any more. */
bool rexec_flush(int fd, struct rexec_pending *pending);

/* Finds out within about 30 s that the other machine is dead. */
void rexec_keep_alive(int sock);

int rexec_serve(int port);
int rexec_client(const char *host, int connect_seconds, bool with_input, const char *command);

#endif
