/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The daemon's UNIX socket. Nothing here waits for a client: what does not keep up is closed.
 */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "listen.h"
#include "log.h"
#include "protocol.h"

#define CLIENTS_MAX 32
#define CLIENTS_PER_USER 8
#define IDLE_MS 10000    /* for the rest of a request, for room for an answer */
#define PENDING_MS 90000 /* for an answer of libvirt's */
#define GROUPS_MAX 1024
#define LISTENER UINT64_MAX

struct client {
    int fd; /* -1: not in use */
    struct ivd_caller caller;
    bool pending; /* a request is being worked on */
    uint64_t deadline_ms;
    size_t in_bytes;
    char *out; /* answer, or what is left of it */
    size_t out_bytes, out_done;
    char in[IVD_REQUEST_MAX_BYTES + 1];
};

struct ivd_server {
    int fd, epoll;
    gid_t group;
    ivd_server_fn fn;
    void *arg;
    uint64_t tickets;
    uint64_t now_ms;
    char path[sizeof(((struct sockaddr_un *) 0)->sun_path)];
    struct client clients[CLIENTS_MAX];
};

/* ---- life ------------------------------------------------------------------------------------ */

static int epoll_change(struct ivd_server *s, int op, int fd, uint32_t events, uint64_t number)
{
    struct epoll_event event = { .events = events, .data.u64 = number };
    return epoll_ctl(s->epoll, op, fd, &event);
}

int ivd_server_create(const char *path, gid_t group, ivd_server_fn fn, void *arg,
                      struct ivd_server **server, struct ivl_diag *diag)
{
    struct ivd_server *s = calloc(1, sizeof(*s));
    if (!s) {
        return ivl_fail(diag, -ENOMEM, path, "free some memory", "out of memory");
    }
    s->group = group;
    s->fn = fn;
    s->arg = arg;
    snprintf(s->path, sizeof(s->path), "%s", path);
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        s->clients[i].fd = -1;
    }
    s->fd = ivd_listen(path, group, CLIENTS_MAX, diag);
    if (s->fd < 0) {
        int rc = s->fd;
        free(s);
        return rc;
    }
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll < 0 || epoll_change(s, EPOLL_CTL_ADD, s->fd, EPOLLIN, LISTENER)) {
        int rc =
            ivl_fail(diag, -errno, path, "allow more open files", "epoll: %s", ivd_error(errno).s);
        ivd_server_destroy(s);
        return rc;
    }
    *server = s;
    return 0;
}

static void drop(struct client *c)
{
    close(c->fd); /* leaves the epoll set by itself */
    free(c->out);
    c->out = NULL;
    c->fd = -1;
}

void ivd_server_destroy(struct ivd_server *s)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        if (s->clients[i].fd >= 0) {
            drop(&s->clients[i]);
        }
    }
    unlink(s->path);
    close(s->fd);
    if (s->epoll >= 0) {
        close(s->epoll);
    }
    free(s);
}

int ivd_server_fd(const struct ivd_server *s)
{
    return s->epoll;
}

/* ---- who may speak -------------------------------------------------------------------------- */

static bool in_group(int fd, gid_t primary, gid_t group)
{
    gid_t groups[GROUPS_MAX];
    socklen_t bytes = sizeof(groups);
    if (group == (gid_t) -1) {
        return false;
    }
    if (primary == group) {
        return true;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes)) {
        return false; /* in more groups than anybody should be */
    }
    for (size_t i = 0; i < bytes / sizeof(groups[0]); i++) {
        if (groups[i] == group) {
            return true;
        }
    }
    return false;
}

/* The mode of the socket keeps others out already; this holds if it was changed, too. */
static bool allowed(const struct ivd_server *s, int fd, struct ivd_caller *caller)
{
    struct ucred peer;
    socklen_t bytes = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes)) {
        return false;
    }
    caller->uid = peer.uid;
    caller->pid = peer.pid;
    return peer.uid == 0 || peer.uid == geteuid() || in_group(fd, peer.gid, s->group);
}

static struct client *free_client(struct ivd_server *s, uid_t uid)
{
    struct client *found = NULL;
    unsigned same = 0;
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        if (s->clients[i].fd < 0) {
            found = &s->clients[i];
        } else {
            same += s->clients[i].caller.uid == uid;
        }
    }
    return same < CLIENTS_PER_USER ? found : NULL;
}

/* A last word to somebody who is not served. */
static void turn_away(int fd, const char *what, const char *remedy)
{
    struct ivl_diag diag;
    ivl_fail(&diag, -EACCES, "ivshmemd", remedy, "%s", what);
    char *answer = ivd_answer_error(&diag);
    if (answer) {
        ssize_t ignored = send(fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
        (void) ignored;
        free(answer);
    }
    close(fd);
}

static void accept_one(struct ivd_server *s, int fd)
{
    struct ivd_caller caller = { .ticket = ++s->tickets };
    if (!allowed(s, fd, &caller)) {
        ivd_log(IVD_WARNING, "socket: uid %u may not command the daemon: refused", caller.uid);
        turn_away(fd, "you may not command this daemon", "be root, or in the group socket-group");
        return;
    }
    struct client *c = free_client(s, caller.uid);
    if (!c) {
        turn_away(fd, "too many clients", "try again later");
        return;
    }
    *c = (struct client){ .fd = fd, .caller = caller, .deadline_ms = s->now_ms + IDLE_MS };
    if (epoll_change(s, EPOLL_CTL_ADD, fd, EPOLLIN, (uint64_t) (c - s->clients))) {
        drop(c);
    }
}

static void accept_all(struct ivd_server *s)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++) { /* the rest at the next step */
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        accept_one(s, fd);
    }
}

/* ---- requests and answers ------------------------------------------------------------------- */

/* False: the client is gone. */
static bool write_out(struct ivd_server *s, struct client *c)
{
    while (c->out && c->out_done < c->out_bytes) {
        ssize_t n = send(c->fd, c->out + c->out_done, c->out_bytes - c->out_done, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return epoll_change(s, EPOLL_CTL_MOD, c->fd, EPOLLOUT, (uint64_t) (c - s->clients)) ==
                   0;
        }
        if (n < 0) {
            return false;
        }
        c->out_done += (size_t) n;
        c->deadline_ms = s->now_ms + IDLE_MS;
    }
    free(c->out);
    c->out = NULL;
    return epoll_change(s, EPOLL_CTL_MOD, c->fd, EPOLLIN, (uint64_t) (c - s->clients)) == 0;
}

static bool answer(struct ivd_server *s, struct client *c, char *text)
{
    c->pending = false;
    c->out = text;
    c->out_bytes = strlen(text);
    c->out_done = 0;
    c->deadline_ms = s->now_ms + IDLE_MS;
    return write_out(s, c);
}

/* Works on the first whole line, if nothing is under way: one request at a time. */
static bool take_line(struct ivd_server *s, struct client *c)
{
    while (!c->pending && !c->out) {
        char *end = memchr(c->in, '\n', c->in_bytes);
        if (!end) {
            return c->in_bytes < sizeof(c->in); /* full, and no end in sight */
        }
        size_t length = (size_t) (end - c->in);
        char *text = s->fn(s->arg, &c->caller, c->in, length);
        c->in_bytes -= length + 1;
        memmove(c->in, end + 1, c->in_bytes);
        if (!text) {
            c->pending = true;
            c->deadline_ms = s->now_ms + PENDING_MS;
            return epoll_change(s, EPOLL_CTL_MOD, c->fd, EPOLLRDHUP, (uint64_t) (c - s->clients)) ==
                   0;
        }
        if (!answer(s, c, text)) {
            return false;
        }
    }
    return true;
}

static bool read_in(struct ivd_server *s, struct client *c)
{
    ssize_t n = recv(c->fd, c->in + c->in_bytes, sizeof(c->in) - c->in_bytes, 0);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (n == 0) {
        return false;
    }
    c->in_bytes += (size_t) n;
    return take_line(s, c);
}

static void serve_client(struct ivd_server *s, struct client *c, uint32_t events)
{
    bool alive = !(events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) || (events & EPOLLIN);
    if (alive && (events & EPOLLOUT)) {
        alive = write_out(s, c) && take_line(s, c);
    } else if (alive && (events & EPOLLIN)) {
        alive = read_in(s, c);
    }
    if (!alive) {
        drop(c);
    }
}

void ivd_server_step(struct ivd_server *s, uint64_t now_ms)
{
    struct epoll_event events[CLIENTS_MAX + 1];
    s->now_ms = now_ms;
    int n = epoll_wait(s->epoll, events, CLIENTS_MAX + 1, 0);
    for (int i = 0; i < n; i++) {
        uint64_t number = events[i].data.u64;
        if (number == LISTENER) {
            accept_all(s);
        } else if (s->clients[number].fd >= 0) {
            serve_client(s, &s->clients[number], events[i].events);
        }
    }
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        if (s->clients[i].fd >= 0 && now_ms >= s->clients[i].deadline_ms) {
            drop(&s->clients[i]);
        }
    }
}

void ivd_server_answer(struct ivd_server *s, uint64_t ticket, char *text)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &s->clients[i];
        if (c->fd >= 0 && c->pending && c->caller.ticket == ticket) {
            if (!answer(s, c, text) || !take_line(s, c)) {
                drop(c);
            }
            return;
        }
    }
    free(text);
}
