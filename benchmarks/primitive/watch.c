/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A thread beside the one that measures: it beats for the job, whose lease may be shorter than a
 * repetition, and sees the partner end. It sleeps nearly always, and waits in no call on the
 * connection, so that it adds nothing to the way of a packet.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "primitive.h"

#define LOOK_US 100000
#define LOOKS_PER_BEAT 5

enum state {
    STATE_GOOD,
    STATE_PARTNER_ENDED,
    STATE_JOB_LOST
};

static struct {
    pthread_t thread;
    bool started;
    atomic_bool stop;
    atomic_int state;
    int sock;
    unsigned timeout_s;
    bool (*beat)(void *context);
    void *context;
} watch;

double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static enum state look(unsigned looks)
{
    struct pollfd seen = { .fd = watch.sock, .events = POLLRDHUP };

    if (poll(&seen, 1, 0) > 0) {
        return STATE_PARTNER_ENDED;
    }
    if (watch.beat != NULL && looks % LOOKS_PER_BEAT == 0 && !watch.beat(watch.context)) {
        return STATE_JOB_LOST;
    }
    return STATE_GOOD;
}

static void *look_on(void *unused)
{
    (void) unused;
    for (unsigned looks = 0; !atomic_load(&watch.stop); looks++) {
        enum state state = look(looks);
        if (state != STATE_GOOD) {
            atomic_store(&watch.state, state);
            return NULL;
        }
        usleep(LOOK_US);
    }
    return NULL;
}

void watch_start(int sock, unsigned timeout_s, bool (*beat)(void *context), void *context)
{
    watch.sock = sock;
    watch.timeout_s = timeout_s;
    watch.beat = beat;
    watch.context = context;
    if (pthread_create(&watch.thread, NULL, look_on, NULL) != 0) {
        die("threads", "cannot start one: see ulimit -u");
    }
    watch.started = true;
}

void watch_stop(void)
{
    if (watch.started) {
        atomic_store(&watch.stop, true);
        pthread_join(watch.thread, NULL);
        watch.started = false;
    }
}

void wait_slowly(struct wait *wait)
{
    double now = now_s();

    switch ((enum state) atomic_load(&watch.state)) {
        case STATE_PARTNER_ENDED:
            die("partner", "it has ended, or its machine is out of reach: see what it printed");
        case STATE_JOB_LOST:
            die("region", "the job was ended by somebody else, or the region was made anew: "
                          "look at ivshmemctl show");
        case STATE_GOOD:
            break;
    }
    if (wait->deadline == 0) {
        wait->deadline = now + watch.timeout_s;
    } else if (now > wait->deadline) {
        die("partner", "silent for %u s: see what it is doing, or raise --timeout",
            watch.timeout_s);
    }
    sched_yield(); /* where two processes have one processor, the other one goes on */
}
