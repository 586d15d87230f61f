/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The calling side of rexec.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rexec.h"

static bool connect_within(int sock, const struct addrinfo *address, int seconds)
{
    struct pollfd poll_fd = { sock, POLLOUT, 0 };
    int error = 0;
    socklen_t size = sizeof(error);

    if (connect(sock, address->ai_addr, address->ai_addrlen) == 0) {
        return true;
    }
    if (errno != EINPROGRESS) {
        return false;
    }
    if (poll(&poll_fd, 1, seconds * 1000) != 1) {
        errno = ETIMEDOUT;
        return false;
    }
    getsockopt(sock, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    return error == 0;
}

static int open_connection(const char *host, int seconds)
{
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    struct addrinfo *address;
    char port[8];
    int sock, error;

    snprintf(port, sizeof(port), "%d", REXEC_PORT);
    error = getaddrinfo(host, port, &hints, &address);
    if (error != 0) {
        fprintf(stderr, "rexec: %s: %s\n", host, gai_strerror(error));
        return -1;
    }
    sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock >= 0 && !connect_within(sock, address, seconds)) {
        fprintf(stderr, "rexec: %s: cannot connect: %s\n", host, strerror(errno));
        close(sock);
        sock = -1;
    }
    freeaddrinfo(address);
    return sock;
}

static bool set_blocking(int sock)
{
    rexec_keep_alive(sock);
    return fcntl(sock, F_SETFL, 0) == 0;
}

static void write_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t written = write(fd, data, bytes);
        if (written < 0 && errno != EINTR) {
            return; /* our reader is gone; the command's status still counts */
        }
        if (written > 0) {
            data += written;
            bytes -= (size_t) written;
        }
    }
}

/* Sends without waiting, so that output is taken in meanwhile: else both sides could wait. */
static bool send_pending(int sock, struct rexec_pending *pending)
{
    while (pending->begin < pending->end) {
        ssize_t sent = send(sock, pending->data + pending->begin, pending->end - pending->begin,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        pending->begin += (size_t) sent;
    }
    return true;
}

/* One read of our input becomes one frame. False at its end. */
static bool take_input(struct rexec_pending *pending)
{
    struct rexec_header header = { REXEC_INPUT, 0 };
    ssize_t bytes = read(STDIN_FILENO, pending->data + sizeof(header), REXEC_FRAME_MAX);

    if (bytes < 0 && (errno == EINTR || errno == EAGAIN)) {
        return true;
    }
    header.bytes = bytes > 0 ? (uint32_t) bytes : 0;
    memcpy(pending->data, &header, sizeof(header));
    pending->begin = 0;
    pending->end = sizeof(header) + header.bytes;
    return bytes > 0;
}

/* Handles one frame from the server. Returns the status once it has come, else -1. */
static int take_frame(int sock, const char *host)
{
    static char data[REXEC_FRAME_MAX];
    struct rexec_header header;
    uint32_t status;

    if (!rexec_receive(sock, &header, data)) {
        fprintf(stderr, "rexec: %s: connection lost\n", host);
        return REXEC_LOST;
    }
    if (header.type == REXEC_STATUS && header.bytes == sizeof(status)) {
        memcpy(&status, data, sizeof(status));
        return (int) (status & 0xff);
    }
    write_all(header.type == REXEC_ERRORS ? STDERR_FILENO : STDOUT_FILENO, data, header.bytes);
    return -1;
}

static int converse(int sock, const char *host, bool with_input)
{
    static struct rexec_pending pending;
    int status = -1;

    if (!with_input && !rexec_send(sock, REXEC_INPUT, NULL, 0)) {
        return take_frame(sock, host);
    }
    while (status < 0) {
        bool full = pending.begin < pending.end;
        struct pollfd fds[2] = { { sock, (short) (full ? POLLIN | POLLOUT : POLLIN), 0 },
                                 { with_input && !full ? STDIN_FILENO : -1, POLLIN, 0 } };
        if (poll(fds, 2, -1) < 0) {
            continue;
        }
        if (fds[1].revents != 0) {
            with_input = take_input(&pending);
        }
        if (pending.begin < pending.end) {
            send_pending(sock, &pending); /* a lost connection shows on the reading side */
        }
        if ((fds[0].revents & ~POLLOUT) != 0) {
            status = take_frame(sock, host);
        }
    }
    return status;
}

int rexec_client(const char *host, int connect_seconds, bool with_input, const char *command)
{
    int status = REXEC_LOST;
    int sock = open_connection(host, connect_seconds);

    if (sock < 0) {
        return REXEC_LOST;
    }
    if (set_blocking(sock) && rexec_send(sock, REXEC_COMMAND, command, strlen(command))) {
        status = converse(sock, host, with_input);
    } else {
        fprintf(stderr, "rexec: %s: connection lost\n", host);
    }
    close(sock);
    return status;
}
