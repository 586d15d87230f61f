/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The server of ivshmem-doorbell devices. A message is a number of 8 bytes, little-endian, perhaps
 * with a descriptor: the version 0; the client's id; -1 with the memory; then, for each other client
 * and for itself at the end, its id once for each vector, with that vector's eventfd; later an id
 * with descriptors for one that came, and without for one that went.
 *
 * Nothing here waits for a client: messages are queued, and who does not take them is dropped. An id
 * is not used again before all others were, in a later daemon neither: VMs that know each other from
 * before a restart must not take a new one for an old one.
 */
#include "doorbell.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listen.h"
#include "log.h"

#define VERSION 0
#define MEMORY (-1)
#define QUEUE_MAX 2048
#define STALL_MS 30000
#define LISTENER UINT64_MAX

enum kind {
    PLAIN, /* no descriptor */
    WITH_MEMORY,
    WITH_EVENT /* of the client in slot `of`, if it is the one of that serial still */
};

struct message {
    int64_t value;
    enum kind kind;
    unsigned of, vector;
    uint64_t serial;
};

struct peer {
    int fd; /* -1: not in use */
    uint16_t id;
    uint64_t serial;     /* tells two clients of one slot apart */
    uint64_t stalled_ms; /* since when its queue has not moved */
    int events[IVD_VECTORS_MAX];
    unsigned head, count;
    struct message queue[QUEUE_MAX];
};

struct ivd_doorbell {
    struct ivd_doorbell_conf conf;
    char path[200], state[300];
    int fd, epoll, memory;
    uint16_t next_id;
    uint64_t serials, now_ms;
    struct peer *peers[IVD_DOORBELL_CLIENTS_MAX];
};

static int watch(struct ivd_doorbell *d, int op, int fd, uint32_t events, uint64_t number)
{
    struct epoll_event event = { .events = events, .data.u64 = number };
    return epoll_ctl(d->epoll, op, fd, &event);
}

/* ---- ids -------------------------------------------------------------------------------------- */

static void load_id(struct ivd_doorbell *d)
{
    int fd = open(d->state, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) {
        if (read(fd, &d->next_id, sizeof(d->next_id)) != (ssize_t) sizeof(d->next_id)) {
            d->next_id = 0;
        }
        close(fd);
    }
}

static void save_id(const struct ivd_doorbell *d)
{
    int fd = open(d->state, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || write(fd, &d->next_id, sizeof(d->next_id)) != (ssize_t) sizeof(d->next_id)) {
        ivd_log(IVD_WARNING, "%s: cannot be written: %s", d->state, ivd_error(errno).s);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static bool id_used(const struct ivd_doorbell *d, uint16_t id)
{
    for (unsigned i = 0; i < IVD_DOORBELL_CLIENTS_MAX; i++) {
        if (d->peers[i] && d->peers[i]->id == id) {
            return true;
        }
    }
    return false;
}

static uint16_t take_id(struct ivd_doorbell *d)
{
    while (id_used(d, d->next_id)) {
        d->next_id++;
    }
    uint16_t id = d->next_id++;
    save_id(d); /* before anybody hears of it */
    return id;
}

/* ---- messages --------------------------------------------------------------------------------- */

/* The descriptor that goes with the message; -1: none, -2: its owner has gone, leave it out. */
static int descriptor_of(const struct ivd_doorbell *d, const struct message *m)
{
    if (m->kind == PLAIN) {
        return -1;
    }
    if (m->kind == WITH_MEMORY) {
        return d->memory;
    }
    const struct peer *of = d->peers[m->of];
    return of && of->serial == m->serial ? of->events[m->vector] : -2;
}

/* 0, or -errno. */
static int send_message(int fd, int64_t value, int with)
{
    uint64_t word = htole64((uint64_t) value);
    struct iovec iov = { .iov_base = &word, .iov_len = sizeof(word) };
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (with >= 0) {
        memset(&control, 0, sizeof(control));
        msg.msg_control = &control;
        msg.msg_controllen = sizeof(control.room);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &with, sizeof(int));
    }
    ssize_t n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n == (ssize_t) sizeof(word) ? 0 : n < 0 ? -errno : -EPIPE;
}

/* Sends what the client takes now. False: drop it. */
static bool flush(struct ivd_doorbell *d, unsigned slot)
{
    struct peer *p = d->peers[slot];
    while (p->count) {
        const struct message *m = &p->queue[p->head];
        int with = descriptor_of(d, m);
        int rc = with == -2 ? 0 : send_message(p->fd, m->value, with);
        if (rc == -EAGAIN || rc == -EINTR || rc == -ETOOMANYREFS) {
            return watch(d, EPOLL_CTL_MOD, p->fd, EPOLLIN | EPOLLOUT, slot) == 0;
        }
        if (rc) {
            return false;
        }
        p->head = (p->head + 1) % QUEUE_MAX;
        p->count--;
        p->stalled_ms = d->now_ms;
    }
    return watch(d, EPOLL_CTL_MOD, p->fd, EPOLLIN, slot) == 0;
}

/* A client whose queue is full has not read for a thousand messages: its end is seen at the next
 * step. */
static void queue(struct ivd_doorbell *d, struct peer *p, const struct message *m)
{
    if (p->count == 0) {
        p->stalled_ms = d->now_ms;
    }
    if (p->count == QUEUE_MAX) {
        shutdown(p->fd, SHUT_RDWR);
        return;
    }
    p->queue[(p->head + p->count++) % QUEUE_MAX] = *m;
}

/* Tells `to` of the client in slot `of`: its id with each of its vectors. */
static void introduce(struct ivd_doorbell *d, struct peer *to, unsigned of)
{
    for (unsigned i = 0; i < d->conf.vectors; i++) {
        const struct message m = { .value = d->peers[of]->id,
                                   .kind = WITH_EVENT,
                                   .of = of,
                                   .vector = i,
                                   .serial = d->peers[of]->serial };
        queue(d, to, &m);
    }
}

/* ---- clients ---------------------------------------------------------------------------------- */

static void free_peer(struct ivd_doorbell *d, struct peer *p)
{
    for (unsigned i = 0; i < d->conf.vectors; i++) {
        if (p->events[i] >= 0) {
            close(p->events[i]);
        }
    }
    close(p->fd); /* leaves the epoll set by itself */
    free(p);
}

/* Takes a client out and tells the others. */
static void drop(struct ivd_doorbell *d, unsigned slot)
{
    struct peer *p = d->peers[slot];
    const struct message gone = { .value = p->id, .kind = PLAIN };
    d->peers[slot] = NULL;
    ivd_log(IVD_INFO, "region %s: doorbell client %u went", d->conf.name, p->id);
    free_peer(d, p);
    for (unsigned i = 0; i < IVD_DOORBELL_CLIENTS_MAX; i++) {
        if (d->peers[i]) {
            queue(d, d->peers[i], &gone);
        }
    }
}

static void flush_all(struct ivd_doorbell *d)
{
    for (unsigned i = 0; i < IVD_DOORBELL_CLIENTS_MAX; i++) {
        if (d->peers[i] && d->peers[i]->count && !flush(d, i)) {
            shutdown(d->peers[i]->fd, SHUT_RDWR); /* dropped at the next step */
            d->peers[i]->count = 0;
        }
    }
}

static struct peer *new_peer(struct ivd_doorbell *d, int fd)
{
    struct peer *p = calloc(1, sizeof(*p));
    bool ok = p != NULL;
    if (!p) {
        close(fd);
        return NULL;
    }
    p->fd = fd;
    for (unsigned i = 0; i < d->conf.vectors; i++) {
        p->events[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        ok = ok && p->events[i] >= 0;
    }
    if (!ok) {
        ivd_log(IVD_ERROR, "region %s: doorbell: no more descriptors: allow more open files",
                d->conf.name);
        free_peer(d, p);
        return NULL;
    }
    p->serial = ++d->serials;
    p->stalled_ms = d->now_ms;
    return p;
}

static void greet(struct ivd_doorbell *d, unsigned slot)
{
    struct peer *p = d->peers[slot];
    const struct message version = { .value = VERSION }, id = { .value = p->id };
    const struct message memory = { .value = MEMORY, .kind = WITH_MEMORY };
    queue(d, p, &version);
    queue(d, p, &id);
    queue(d, p, &memory);
    for (unsigned i = 0; i < IVD_DOORBELL_CLIENTS_MAX; i++) {
        if (d->peers[i] && i != slot) {
            introduce(d, p, i);
            introduce(d, d->peers[i], slot);
        }
    }
    introduce(d, p, slot); /* itself, at the end */
}

static void accept_one(struct ivd_doorbell *d, int fd)
{
    unsigned slot = 0;
    while (slot < IVD_DOORBELL_CLIENTS_MAX && d->peers[slot]) {
        slot++;
    }
    if (slot == IVD_DOORBELL_CLIENTS_MAX) {
        ivd_log(IVD_WARNING, "region %s: doorbell: more than %u clients: one is refused",
                d->conf.name, IVD_DOORBELL_CLIENTS_MAX);
        close(fd);
        return;
    }
    struct peer *p = new_peer(d, fd);
    if (!p) {
        return;
    }
    if (watch(d, EPOLL_CTL_ADD, fd, EPOLLIN, slot)) {
        free_peer(d, p);
        return;
    }
    p->id = take_id(d);
    d->peers[slot] = p;
    ivd_log(IVD_INFO, "region %s: doorbell client %u came", d->conf.name, p->id);
    greet(d, slot);
}

/* ---- steps ------------------------------------------------------------------------------------ */

static void accept_all(struct ivd_doorbell *d)
{
    for (unsigned i = 0; i < IVD_DOORBELL_CLIENTS_MAX; i++) { /* the rest at the next step */
        int fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        accept_one(d, fd);
    }
}

/* The protocol goes one way: a client that says something, or nothing more, is dropped. */
static void serve_client(struct ivd_doorbell *d, unsigned slot, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
        drop(d, slot);
    }
}

void ivd_doorbell_step(struct ivd_doorbell *d, uint64_t now_ms)
{
    struct epoll_event events[IVD_DOORBELL_CLIENTS_MAX + 1];
    d->now_ms = now_ms;
    int n = epoll_wait(d->epoll, events, IVD_DOORBELL_CLIENTS_MAX + 1, 0);
    bool come = false;
    for (int i = 0; i < n; i++) {
        if (events[i].data.u64 == LISTENER) {
            come = true; /* behind the others, whose slots are as they were */
        } else if (d->peers[events[i].data.u64]) {
            serve_client(d, (unsigned) events[i].data.u64, events[i].events);
        }
    }
    if (come) {
        accept_all(d);
    }
    for (unsigned i = 0; i < IVD_DOORBELL_CLIENTS_MAX; i++) {
        if (d->peers[i] && d->peers[i]->count && now_ms - d->peers[i]->stalled_ms > STALL_MS) {
            drop(d, i);
        }
    }
    flush_all(d);
}

/* ---- life ------------------------------------------------------------------------------------- */

/* A description of the file for the clients, who share it: its lock and position are not ours. */
static int reopen(int fd)
{
    char path[40];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_RDWR | O_CLOEXEC);
}

int ivd_doorbell_create(const struct ivd_doorbell_conf *conf, struct ivd_doorbell **doorbell,
                        struct ivl_diag *diag)
{
    struct ivd_doorbell *d = calloc(1, sizeof(*d));
    if (!d) {
        return ivl_fail(diag, -ENOMEM, conf->path, "free some memory", "out of memory");
    }
    d->conf = *conf;
    snprintf(d->path, sizeof(d->path), "%s", conf->path);
    snprintf(d->state, sizeof(d->state), "%s", conf->state);
    load_id(d);
    d->memory = d->epoll = -1;
    d->fd = ivd_listen(conf->path, conf->group, IVD_DOORBELL_CLIENTS_MAX, diag);
    if (d->fd < 0) {
        int rc = d->fd;
        free(d);
        return rc;
    }
    d->memory = reopen(conf->memory);
    d->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (d->memory < 0 || d->epoll < 0 || watch(d, EPOLL_CTL_ADD, d->fd, EPOLLIN, LISTENER)) {
        int rc = ivl_fail(diag, -errno, conf->path, "allow more open files", "cannot set it up: %s",
                          ivd_error(errno).s);
        ivd_doorbell_destroy(d);
        return rc;
    }
    *doorbell = d;
    return 0;
}

void ivd_doorbell_destroy(struct ivd_doorbell *d)
{
    for (unsigned i = 0; i < IVD_DOORBELL_CLIENTS_MAX; i++) {
        if (d->peers[i]) {
            free_peer(d, d->peers[i]);
        }
    }
    unlink(d->path);
    close(d->fd);
    if (d->epoll >= 0) {
        close(d->epoll);
    }
    if (d->memory >= 0) {
        close(d->memory);
    }
    free(d);
}

int ivd_doorbell_fd(const struct ivd_doorbell *d)
{
    return d->epoll;
}

unsigned ivd_doorbell_clients(const struct ivd_doorbell *d)
{
    unsigned n = 0;
    for (unsigned i = 0; i < IVD_DOORBELL_CLIENTS_MAX; i++) {
        n += d->peers[i] != NULL;
    }
    return n;
}
