/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The connection of the two processes: how they find each other, and how they notice that one of
 * them has ended. The kernel closes it with the process; keep-alive packets tell of a machine that
 * is no more.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "primitive.h"

#define PART_MS 3000
#define RETRY_US 50000

static unsigned timeout;  /* s */
static bool machine_gone; /* nothing more is heard of it: whether the partner lives is not known */

/* "HOST:PORT" or "PORT": the addresses; the caller frees them. */
static struct addrinfo *resolve(const char *text, bool passive)
{
    struct addrinfo hints = { .ai_family = AF_INET,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = passive ? AI_PASSIVE : 0 };
    struct addrinfo *list = NULL;
    char host[256];
    const char *colon = strrchr(text, ':'), *port = colon != NULL ? colon + 1 : text;
    size_t length = colon != NULL ? (size_t) (colon - text) : 0;

    if (length >= sizeof(host) || *port == '\0') {
        die(text, "not an address: give HOST:PORT");
    }
    memcpy(host, text, length);
    host[length] = '\0';
    int rc = getaddrinfo(length > 0 ? host : NULL, port, &hints, &list);
    if (rc != 0) {
        die(text, "%s: give HOST:PORT", gai_strerror(rc));
    }
    return list;
}

static void prepare(int sock)
{
    const int on = 1, idle = 5, interval = 2, count = 3;
    const struct timeval limit = { .tv_sec = (time_t) timeout };

    setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(sock, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(sock, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(sock, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    setsockopt(sock, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

static int open_listener(const char *text)
{
    struct addrinfo *list = resolve(text, true);
    struct sockaddr_in bound;
    socklen_t bytes = sizeof(bound);
    const int on = 1;
    int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (sock < 0 || bind(sock, list->ai_addr, list->ai_addrlen) != 0 || listen(sock, 1) != 0 ||
        getsockname(sock, (struct sockaddr *) &bound, &bytes) != 0) {
        die(text, "cannot listen there: %s: give another address or port", strerror(errno));
    }
    freeaddrinfo(list);
    printf("# listening on port %d\n", ntohs(bound.sin_port));
    fflush(stdout);
    return sock;
}

static int accept_one(const char *text)
{
    int listener = open_listener(text);
    struct pollfd ready = { .fd = listener, .events = POLLIN };

    if (poll(&ready, 1, (int) timeout * 1000) <= 0) {
        die(text, "nobody connected within %u s: start the partner, or raise --timeout", timeout);
    }
    int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (sock < 0) {
        die(text, "cannot accept: %s", strerror(errno));
    }
    close(listener);
    return sock;
}

/* The kernel by itself would ask a machine that says nothing for two minutes. */
static bool connect_within(int sock, const struct addrinfo *to, double seconds)
{
    const long us = seconds > 1e-6 ? (long) (seconds * 1e6) : 1; /* 0 would be no limit */
    const struct timeval limit = { .tv_sec = us / 1000000, .tv_usec = us % 1000000 };

    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(sock, to->ai_addr, to->ai_addrlen) == 0) {
        return true;
    }
    errno = errno == EINPROGRESS ? ETIMEDOUT : errno;
    return false;
}

static int connect_to(const char *text)
{
    struct addrinfo *list = resolve(text, false);
    double deadline = now_s() + timeout;

    for (;;) {
        int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (sock >= 0 && connect_within(sock, list, deadline - now_s())) {
            freeaddrinfo(list);
            return sock;
        }
        int cause = errno;
        if (sock >= 0) {
            close(sock);
        }
        if (now_s() >= deadline) {
            die(text, "no connection within %u s: %s: start the partner first, or raise --timeout",
                timeout, strerror(cause));
        }
        usleep(RETRY_US);
    }
}

int meet(const struct options *options)
{
    timeout = options->timeout_s;
    int sock = options->listen != NULL ? accept_one(options->listen) : connect_to(options->connect);
    prepare(sock);
    return sock;
}

static _Noreturn void lost(ssize_t done)
{
    if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        die("partner", "silent for %u s: see what it is doing, or raise --timeout", timeout);
    }
    if (done == 0 || errno == ECONNRESET || errno == EPIPE) {
        die("partner", "it has ended: see what it printed");
    }
    machine_gone = true;
    die("partner", "connection lost: %s: look at its machine and the network", strerror(errno));
}

void meet_send(int sock, const void *data, size_t bytes)
{
    const char *from = data;

    while (bytes > 0) {
        ssize_t done = send(sock, from, bytes, MSG_NOSIGNAL);
        if (done > 0) {
            from += done;
            bytes -= (size_t) done;
        } else if (done == 0 || errno != EINTR) {
            lost(done);
        }
    }
}

void meet_receive(int sock, void *data, size_t bytes)
{
    char *to = data;

    while (bytes > 0) {
        ssize_t done = recv(sock, to, bytes, 0);
        if (done > 0) {
            to += done;
            bytes -= (size_t) done;
        } else if (done == 0 || errno != EINTR) {
            lost(done);
        }
    }
}

void meet_swap(int sock, const void *ours, void *theirs, size_t bytes)
{
    meet_send(sock, ours, bytes);
    meet_receive(sock, theirs, bytes);
}

void meet_barrier(int sock)
{
    static uint32_t count;
    uint32_t theirs;

    count++;
    meet_swap(sock, &count, &theirs, sizeof(count));
    if (theirs != count) {
        die("partner", "at step %u while this process is at %u: use the same program", theirs,
            count);
    }
}

bool meet_part(int sock)
{
    char rest[256];
    double deadline = now_s() + PART_MS / 1e3;

    shutdown(sock, SHUT_WR);
    while (!machine_gone && now_s() < deadline) {
        struct pollfd ready = { .fd = sock, .events = POLLIN };
        ssize_t done;
        if (poll(&ready, 1, 100) <= 0) {
            continue;
        }
        done = recv(sock, rest, sizeof(rest), MSG_DONTWAIT);
        if (done == 0 || (done < 0 && errno != EAGAIN && errno != EINTR)) {
            return done == 0 || errno == ECONNRESET || errno == EPIPE;
        }
    }
    return false;
}
