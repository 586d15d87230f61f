/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * rexec: frames, and the command line of both sides. See rexec.h.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rexec.h"

static bool send_all(int sock, const void *data, size_t bytes, int flags)
{
    const char *from = data;

    while (bytes > 0) {
        ssize_t sent = send(sock, from, bytes, MSG_NOSIGNAL | flags);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        from += sent;
        bytes -= (size_t) sent;
    }
    return true;
}

bool rexec_send(int sock, enum rexec_type type, const void *data, size_t bytes)
{
    struct rexec_header header = { type, (uint32_t) bytes };

    return send_all(sock, &header, sizeof(header), bytes > 0 ? MSG_MORE : 0) &&
           send_all(sock, data, bytes, 0);
}

static bool receive_all(int sock, void *data, size_t bytes)
{
    return bytes == 0 || recv(sock, data, bytes, MSG_WAITALL) == (ssize_t) bytes;
}

bool rexec_receive(int sock, struct rexec_header *header, char *data)
{
    return receive_all(sock, header, sizeof(*header)) && header->bytes <= REXEC_FRAME_MAX &&
           receive_all(sock, data, header->bytes);
}

bool rexec_flush(int fd, struct rexec_pending *pending)
{
    while (pending->begin < pending->end) {
        ssize_t written = write(fd, pending->data + pending->begin, pending->end - pending->begin);
        if (written < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        pending->begin += (size_t) written;
    }
    return true;
}

void rexec_keep_alive(int sock)
{
    int on = 1, idle = 10, interval = 5, count = 4, timeout_ms = 30000;

    setsockopt(sock, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(sock, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(sock, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    setsockopt(sock, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
    setsockopt(sock, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* "a b c", as ssh does: the other side's shell takes it apart. */
static char *join(char *const words[])
{
    static char command[REXEC_FRAME_MAX];
    size_t length = 0;

    for (int i = 0; words[i] != NULL; i++) {
        int added = snprintf(command + length, sizeof(command) - length, "%s%s", i > 0 ? " " : "",
                             words[i]);
        if (added < 0 || (size_t) added >= sizeof(command) - length) {
            return NULL;
        }
        length += (size_t) added;
    }
    return command;
}

static int usage(void)
{
    fprintf(stderr, "usage: rexec [-n] [-t CONNECT_SECONDS] HOST COMMAND...\n"
                    "       rexec -l\n");
    return 2;
}

int main(int argc, char **argv)
{
    bool serve = false, with_input = true;
    int option, seconds = 10;
    char *command;

    signal(SIGPIPE, SIG_IGN);
    while ((option = getopt(argc, argv, "+lnt:")) != -1) {
        switch (option) {
            case 'l':
                serve = true;
                break;
            case 'n':
                with_input = false;
                break;
            case 't':
                seconds = atoi(optarg);
                break;
            default:
                return usage();
        }
    }
    if (serve) {
        return rexec_serve(REXEC_PORT);
    }
    if (argc - optind < 2) {
        return usage();
    }
    command = join(argv + optind + 1);
    if (command == NULL) {
        fprintf(stderr, "rexec: command: longer than %d bytes: put it in a file\n",
                REXEC_FRAME_MAX);
        return 2;
    }
    return rexec_client(argv[optind], seconds, with_input, command);
}
