/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * libvirt as the source of VMs: a thread with libvirt's default event loop. Any event only says that
 * the running domains should be looked at again; the list is made anew and handed over whole.
 */
#include "source.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "plug.h"

#define ORDERS_MAX 16
#define LET_GO_MS 20000 /* for a guest to let go of a device */
#define STOP_S 3        /* for the thread to end */
#define SLOW_MS 10000   /* to connect: then it is said */
#define EVENTS 3
#define TICK_MS 500         /* the loop returns as often, at least */
#define RETRY_MS 2000       /* between tries to connect */
#define LOOK_AGAIN_MS 60000 /* without an event */
#define KEEPALIVE_S 5
#define KEEPALIVE_COUNT 3

struct order {
    uint64_t ticket;
    struct ivd_request request;
    struct ivd_region_conf region;
};

/* A device that the guest has not let go of yet. */
struct waiting {
    struct order order;
    struct ivd_source_result result; /* if it does */
    uint64_t until_ms;
};

struct ivd_source {
    const struct ivd_config *config;
    const char *uri;
    pthread_t thread;
    int to_main, to_thread; /* eventfds */
    int timer, watch;

    pthread_mutex_t lock; /* guards these */
    bool stop, connected, said_slow;
    uint64_t connecting_ms;   /* since when; 0: not */
    struct ivd_domain *fresh; /* a list that the main thread has not taken yet */
    uint32_t fresh_count;
    struct order orders[ORDERS_MAX];
    struct ivd_source_result results[ORDERS_MAX];
    unsigned order_count, result_count, under_way;

    /* the thread's own */
    virConnectPtr conn;
    int events[EVENTS];
    bool closed, closes, dirty, again, said_down;
    uint64_t tried_ms, looked_ms;
    struct waiting waiting[ORDERS_MAX];
    unsigned waiting_count;
    struct ivd_revoked revoked;
    uint8_t (*unknown)[IVL_UUID_BYTES]; /* domains that libvirt did not describe last time */
    uint32_t unknown_count;
};

static void poke(int fd)
{
    uint64_t one = 1;
    ssize_t ignored = write(fd, &one, sizeof(one));
    (void) ignored;
}

static void drain(int fd)
{
    uint64_t n;
    ssize_t ignored = read(fd, &n, sizeof(n));
    (void) ignored;
}

/* ---- callbacks of the event loop -------------------------------------------------------------- */

static void on_tick(int timer, void *arg)
{
    (void) timer;
    (void) arg;
}

static void on_poke(int watch, int fd, int events, void *arg)
{
    (void) watch;
    (void) events;
    (void) arg;
    drain(fd);
}

static void on_close(virConnectPtr conn, int reason, void *arg)
{
    struct ivd_source *s = arg;
    (void) conn;
    (void) reason;
    s->closed = true;
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail, void *arg)
{
    struct ivd_source *s = arg;
    (void) conn;
    (void) domain;
    (void) event;
    (void) detail;
    s->dirty = true;
    return 0;
}

static void on_device(virConnectPtr conn, virDomainPtr domain, const char *alias, void *arg)
{
    struct ivd_source *s = arg;
    (void) conn;
    (void) domain;
    (void) alias;
    s->dirty = true;
}

/* libvirt would print to standard error by itself. */
static void on_error(void *arg, virErrorPtr error)
{
    (void) arg;
    (void) error;
}

/* ---- the connection --------------------------------------------------------------------------- */

static void set_connected(struct ivd_source *s, bool connected)
{
    pthread_mutex_lock(&s->lock);
    s->connected = connected;
    pthread_mutex_unlock(&s->lock);
}

static void set_connecting(struct ivd_source *s, uint64_t since_ms)
{
    pthread_mutex_lock(&s->lock);
    s->connecting_ms = since_ms;
    s->said_slow = false;
    pthread_mutex_unlock(&s->lock);
}

static bool subscribe(struct ivd_source *s)
{
    virConnectDomainEventGenericCallback device = VIR_DOMAIN_EVENT_CALLBACK(on_device);
    const struct {
        int id;
        virConnectDomainEventGenericCallback call;
    } events[EVENTS] = {
        { VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle) },
        { VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, device },
        { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, device },
    };
    /* the test driver and the like cannot keep alive, which is no harm */
    (void) virConnectSetKeepAlive(s->conn, KEEPALIVE_S, KEEPALIVE_COUNT);
    s->closes = virConnectRegisterCloseCallback(s->conn, on_close, s, NULL) == 0;
    for (int i = 0; i < EVENTS; i++) {
        s->events[i] =
            virConnectDomainEventRegisterAny(s->conn, NULL, events[i].id, events[i].call, s, NULL);
    }
    return s->events[0] >= 0;
}

/* A callback holds the connection, which would stay open otherwise. */
static void unsubscribe(struct ivd_source *s)
{
    if (s->closes) {
        (void) virConnectUnregisterCloseCallback(s->conn, on_close);
    }
    s->closes = false;
    for (int i = 0; i < EVENTS; i++) {
        if (s->events[i] >= 0) {
            (void) virConnectDomainEventDeregisterAny(s->conn, s->events[i]);
        }
        s->events[i] = -1;
    }
}

static void disconnect(struct ivd_source *s)
{
    if (s->conn) {
        unsubscribe(s);
        if (virConnectClose(s->conn) > 0) {
            ivd_log(IVD_WARNING, "libvirt %s: the connection is still in use", s->uri);
        }
        s->conn = NULL;
    }
    s->closed = false;
    set_connected(s, false);
}

static void say_down(struct ivd_source *s, const char *what)
{
    if (!s->said_down) {
        ivd_log(IVD_WARNING, "libvirt %s: %s: VMs stay as they were; trying again", s->uri, what);
        s->said_down = true;
    }
}

static void connect_libvirt(struct ivd_source *s)
{
    if (s->tried_ms && ivd_now_ms() - s->tried_ms < RETRY_MS) {
        return;
    }
    s->tried_ms = ivd_now_ms();
    set_connecting(s, s->tried_ms);
    s->conn = virConnectOpen(s->uri);
    set_connecting(s, 0);
    if (!s->conn || !subscribe(s)) {
        say_down(s, virGetLastErrorMessage());
        disconnect(s);
        return;
    }
    ivd_log(IVD_INFO, "libvirt %s: connected", s->uri);
    s->said_down = false;
    s->dirty = true;
    set_connected(s, true);
}

/* ---- looking at the domains ------------------------------------------------------------------- */

static bool was_unknown(const struct ivd_source *s, const uint8_t uuid[IVL_UUID_BYTES])
{
    for (uint32_t i = 0; i < s->unknown_count; i++) {
        if (memcmp(s->unknown[i], uuid, IVL_UUID_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* A domain that is not described must not look like one that went, nor hold up the others. */
static bool take_unknown(struct ivd_source *s, virDomainPtr domain, const char *why,
                         struct ivd_domain *to)
{
    memset(to, 0, sizeof(*to));
    if (virDomainGetUUID(domain, to->vm.vm.uuid)) {
        return false;
    }
    to->vm.run = (uint64_t) virDomainGetID(domain) + 1;
    s->closed = s->closed || virConnectIsAlive(s->conn) == 0;
    if (!s->closed && !was_unknown(s, to->vm.vm.uuid)) {
        ivd_log(IVD_WARNING, "domain %s: %s: it stays as it was, see virsh dumpxml",
                virDomainGetName(domain), why);
    }
    return true;
}

/* Whether it is to be handed over. */
static bool look_at(struct ivd_source *s, virDomainPtr domain, struct ivd_domain *to)
{
    struct ivl_diag diag;
    unsigned id = virDomainGetID(domain);
    char *xml = id == (unsigned) -1 ? NULL : virDomainGetXMLDesc(domain, 0);
    if (!xml) {
        snprintf(diag.what, sizeof(diag.what), "%s", virGetLastErrorMessage());
        if (id == (unsigned) -1 || virDomainIsActive(domain) == 0) {
            return false; /* stopped meanwhile */
        }
        s->again = true;
        return take_unknown(s, domain, diag.what, to);
    }
    int rc = ivd_domain_parse(xml, strlen(xml), "", to, &diag);
    free(xml);
    if (rc) {
        return take_unknown(s, domain, diag.what, to);
    }
    to->vm.run = (uint64_t) id + 1;
    return to->path_count > 0;
}

static void remember_unknown(struct ivd_source *s, const struct ivd_domain *list, uint32_t n)
{
    free(s->unknown);
    s->unknown = calloc((size_t) n + 1, sizeof(*s->unknown)); /* NULL: said once more */
    s->unknown_count = 0;
    for (uint32_t i = 0; s->unknown && i < n; i++) {
        if (ivd_domain_unknown(&list[i])) {
            memcpy(s->unknown[s->unknown_count++], list[i].vm.vm.uuid, IVL_UUID_BYTES);
        }
    }
}

static void hand_over(struct ivd_source *s, struct ivd_domain *list, uint32_t n)
{
    pthread_mutex_lock(&s->lock);
    free(s->fresh);
    s->fresh = list;
    s->fresh_count = n;
    pthread_mutex_unlock(&s->lock);
    poke(s->to_main);
}

static void look(struct ivd_source *s)
{
    virDomainPtr *domains = NULL;
    uint32_t kept = 0;
    s->dirty = s->again = false;
    s->looked_ms = ivd_now_ms();
    int n = virConnectListAllDomains(s->conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    if (n < 0) {
        say_down(s, virGetLastErrorMessage());
        s->closed = true;
        return;
    }
    struct ivd_domain *list = calloc((size_t) n + 1, sizeof(*list));
    for (int i = 0; i < n; i++) {
        kept += list && look_at(s, domains[i], &list[kept]);
        virDomainFree(domains[i]);
    }
    free(domains);
    if (!list || s->closed) {
        free(list);
        s->again = true;
        return;
    }
    remember_unknown(s, list, kept);
    ivd_revoked_apply(&s->revoked, list, kept);
    hand_over(s, list, kept);
}

static bool must_look(const struct ivd_source *s)
{
    uint64_t since = ivd_now_ms() - s->looked_ms;
    return s->conn && !s->closed &&
           (s->dirty || since > LOOK_AGAIN_MS || (s->again && since > RETRY_MS));
}

/* ---- orders ----------------------------------------------------------------------------------- */

static void finish(struct ivd_source *s, const struct ivd_source_result *result)
{
    s->dirty = true;
    pthread_mutex_lock(&s->lock);
    s->results[s->result_count++] = *result; /* room was kept when the order was taken */
    s->under_way--;
    pthread_mutex_unlock(&s->lock);
    poke(s->to_main);
}

static void carry_out(struct ivd_source *s, const struct order *order)
{
    struct ivd_source_result result = { .ticket = order->ticket };
    if (s->conn) {
        result.rc = ivd_plug(s->conn, s->config, &order->request, &order->region, &s->revoked,
                             result.text, sizeof(result.text), &result.diag);
    } else {
        result.rc = ivl_fail(&result.diag, -ENOTCONN, s->uri, "start libvirtd",
                             "the daemon is not connected to libvirt");
    }
    if (result.rc == 1) {
        s->dirty = true;
        s->waiting[s->waiting_count++] =
            (struct waiting){ *order, result, ivd_now_ms() + LET_GO_MS };
    } else {
        finish(s, &result);
    }
}

/* A guest lets go in its own time, which must not be that of others. */
static bool waits_on(struct ivd_source *s, struct waiting *w)
{
    struct ivd_source_result *result = &w->result;
    int rc =
        s->conn ? ivd_plug_gone(s->conn, &w->order.request, &w->order.region, &result->diag) : 0;
    if (rc == 0 && ivd_now_ms() < w->until_ms) {
        return true;
    }
    if (rc == 0) {
        rc =
            ivl_fail(&result->diag, -ETIMEDOUT, w->order.request.domain,
                     "is the guest up, with PCI hot-plug? it may still do so later",
                     "the guest has not let go of the device; it is out of the table all the same");
    }
    result->rc = rc < 0 ? rc : 0;
    finish(s, result);
    return false;
}

static void look_at_waiting(struct ivd_source *s)
{
    for (unsigned i = s->waiting_count; i-- > 0;) {
        if (!waits_on(s, &s->waiting[i])) {
            s->waiting[i] = s->waiting[--s->waiting_count];
        }
    }
}

static bool take_order(struct ivd_source *s, struct order *order)
{
    pthread_mutex_lock(&s->lock);
    bool any = s->order_count > 0;
    if (any) {
        *order = s->orders[0];
        s->order_count--;
        s->under_way++;
        memmove(&s->orders[0], &s->orders[1], s->order_count * sizeof(s->orders[0]));
        if (s->order_count) {
            poke(s->to_thread); /* one a turn, so that the table keeps up */
        }
    }
    pthread_mutex_unlock(&s->lock);
    return any;
}

/* ---- the thread ------------------------------------------------------------------------------- */

static bool stopped(struct ivd_source *s)
{
    pthread_mutex_lock(&s->lock);
    bool stop = s->stop;
    pthread_mutex_unlock(&s->lock);
    return stop;
}

static void *run(void *arg)
{
    struct ivd_source *s = arg;
    struct order order;
    while (!stopped(s)) {
        if (s->closed) {
            say_down(s, "the connection was closed");
            disconnect(s);
        }
        if (!s->conn) {
            connect_libvirt(s);
        }
        if (take_order(s, &order)) {
            carry_out(s, &order);
        }
        look_at_waiting(s);
        if (must_look(s)) {
            look(s);
        }
        if (virEventRunDefaultImpl() < 0) {
            poll(NULL, 0, TICK_MS);
        }
    }
    disconnect(s);
    return NULL;
}

/* ---- for the main thread ---------------------------------------------------------------------- */

static void destroy(struct ivd_source *s)
{
    if (s->timer >= 0) {
        virEventRemoveTimeout(s->timer);
    }
    if (s->watch >= 0) {
        virEventRemoveHandle(s->watch);
    }
    if (s->to_main >= 0) {
        close(s->to_main);
    }
    if (s->to_thread >= 0) {
        close(s->to_thread);
    }
    free(s->fresh);
    free(s->unknown);
    ivd_revoked_fini(&s->revoked);
    free(s);
}

static int set_up(struct ivd_source *s, struct ivl_diag *diag)
{
    s->timer = s->watch = -1;
    for (int i = 0; i < EVENTS; i++) {
        s->events[i] = -1;
    }
    s->to_main = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->to_thread = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    virSetErrorFunc(NULL, on_error);
    if (s->to_main < 0 || s->to_thread < 0 || pthread_mutex_init(&s->lock, NULL) ||
        virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
        return ivl_fail(diag, -EIO, s->uri, "allow more open files", "cannot set libvirt up");
    }
    s->timer = virEventAddTimeout(TICK_MS, on_tick, s, NULL);
    s->watch = virEventAddHandle(s->to_thread, VIR_EVENT_HANDLE_READABLE, on_poke, s, NULL);
    int err = s->timer < 0 || s->watch < 0 ? EIO : pthread_create(&s->thread, NULL, run, s);
    return err ? ivl_fail(diag, -err, s->uri, "allow more threads", "cannot start its thread: %s",
                          ivd_error(err).s)
               : 0;
}

int ivd_source_start(const struct ivd_config *config, struct ivd_source **source,
                     struct ivl_diag *diag)
{
    struct ivd_source *s = calloc(1, sizeof(*s));
    if (!s) {
        return ivl_fail(diag, -ENOMEM, config->libvirt, "free some memory", "out of memory");
    }
    s->config = config;
    s->uri = config->libvirt;
    int rc = set_up(s, diag);
    if (rc) {
        destroy(s);
        return rc;
    }
    *source = s;
    return 0;
}

/* A libvirtd that accepts and never answers keeps the thread in virConnectOpen() for ever. */
static bool ended(struct ivd_source *s)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_S;
    return pthread_timedjoin_np(s->thread, NULL, &until) == 0;
}

void ivd_source_stop(struct ivd_source *s)
{
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_mutex_unlock(&s->lock);
    poke(s->to_thread);
    if (ended(s)) {
        destroy(s);
    } else {
        ivd_log(IVD_WARNING, "libvirt %s: does not answer: its thread is left behind", s->uri);
    }
}

int ivd_source_fd(const struct ivd_source *s)
{
    return s->to_main;
}

struct ivd_domain *ivd_source_take_domains(struct ivd_source *s, uint32_t *count)
{
    drain(s->to_main);
    pthread_mutex_lock(&s->lock);
    if (s->connecting_ms && !s->said_slow && ivd_now_ms() - s->connecting_ms > SLOW_MS) {
        ivd_log(IVD_WARNING, "libvirt %s: still connecting: VMs stay as they were", s->uri);
        s->said_slow = true;
    }
    struct ivd_domain *list = s->fresh;
    *count = s->fresh_count;
    s->fresh = NULL;
    pthread_mutex_unlock(&s->lock);
    return list;
}

int ivd_source_order(struct ivd_source *s, uint64_t ticket, const struct ivd_request *request,
                     const struct ivd_region_conf *region, struct ivl_diag *diag)
{
    int rc = 0;
    pthread_mutex_lock(&s->lock);
    if (s->order_count + s->under_way + s->result_count >= ORDERS_MAX) {
        rc = ivl_fail(diag, -EAGAIN, request->domain, "try again", "too many orders are waiting");
    } else {
        s->orders[s->order_count++] =
            (struct order){ .ticket = ticket, .request = *request, .region = *region };
    }
    pthread_mutex_unlock(&s->lock);
    if (rc == 0) {
        poke(s->to_thread);
    }
    return rc;
}

bool ivd_source_take_result(struct ivd_source *s, struct ivd_source_result *result)
{
    pthread_mutex_lock(&s->lock);
    bool any = s->result_count > 0;
    if (any) {
        *result = s->results[0];
        s->result_count--;
        memmove(&s->results[0], &s->results[1], s->result_count * sizeof(s->results[0]));
    }
    pthread_mutex_unlock(&s->lock);
    return any;
}

bool ivd_source_connected(struct ivd_source *s)
{
    pthread_mutex_lock(&s->lock);
    bool connected = s->connected;
    pthread_mutex_unlock(&s->lock);
    return connected;
}
