/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * primitive: what it costs to hand something over to another process, without MPI: on one host, on
 * a host and in a virtual machine, in two virtual machines. See --help. benchmarks/primitive/run
 * runs it in all of these places.
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "primitive.h"

#define WARM_UP 1000
#define CHECKED 100
#define MAGIC "IVSPRIM1"

struct hello {
    uint8_t magic[8];
    struct plan plan;
};

/* Whether a process can run the verbs test, and why not. */
struct ability {
    uint32_t able;
    char why[WHY_BYTES];
};

static struct {
    struct options options;
    bool first;
    int sock;
    struct place *place;
    struct player *player;
    struct verbs *verbs;
} self = { .sock = -1 };

/* At exit, in order or not. Nobody writes to the block when the job is ended. */
static void leave(void)
{
    watch_stop();
    if (self.verbs != NULL) {
        verbs_close(self.verbs);
    }
    if (self.player != NULL) {
        shared_close(self.player);
    }
    if (self.place != NULL && !self.first) {
        place_close(self.place, false);
    }
    bool parted = self.sock < 0 || meet_part(self.sock);
    if (self.place != NULL && self.first) {
        place_close(self.place, parted);
    }
    if (self.sock >= 0) {
        close(self.sock);
    }
}

static void bind_self(int cpu)
{
    cpu_set_t set;

    if (cpu < 0) {
        return;
    }
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) {
        die("--cpu", "cannot bind to processor %d: %s: see taskset -p", cpu, strerror(errno));
    }
}

/* ---- agreement ---------------------------------------------------------------------------- */

static void agree(void)
{
    struct hello hello = { .magic = MAGIC, .plan = self.options.plan };

    if (self.first) {
        meet_send(self.sock, &hello, sizeof(hello));
        return;
    }
    meet_receive(self.sock, &hello, sizeof(hello));
    if (memcmp(hello.magic, MAGIC, sizeof(hello.magic)) != 0 || !plan_is_valid(&hello.plan)) {
        die("partner", "it is not this program, or another version of it");
    }
    self.options.plan = hello.plan;
    if ((hello.plan.tests & TESTS_SHARED) != 0 && self.options.region == NULL) {
        die("--region", "the partner asks for tests in shared memory: name the region, such as "
                        "pci:auto");
    }
}

static bool beat(void *place)
{
    return place == NULL || place_beat(place);
}

static void enter_region(void)
{
    if ((self.options.plan.tests & TESTS_SHARED) != 0) {
        place_open(&self.place, self.options.region, self.first, self.sock, shared_bytes());
        self.player = shared_open(place_memory(self.place), self.first);
    }
    watch_start(self.sock, self.options.timeout_s, beat, self.place);
    meet_barrier(self.sock);
}

static void skip(enum test test, const char *whose, const char *why)
{
    self.options.plan.tests &= ~(1u << test);
    if (!self.first) {
        return;
    }
    if (self.options.json) {
        printf("{\"test\":\"%s\",\"skipped\":\"%s: %s\"}\n", test_names[test], whose, why);
    } else {
        printf("# %s: skipped: %s: %s\n", test_names[test], whose, why);
    }
}

/* What the partner sends is printed: nothing but plain characters, none of JSON's special ones. */
static void clean(char text[WHY_BYTES])
{
    text[WHY_BYTES - 1] = '\0';
    for (char *c = text; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\') {
            *c = '?';
        }
    }
}

static void enter_verbs(void)
{
    struct ability ours = { 0 }, theirs;

    if ((self.options.plan.tests & 1u << TEST_VERBS) == 0) {
        return;
    }
    self.verbs = verbs_open(&self.options, ours.why);
    ours.able = self.verbs != NULL;
    meet_swap(self.sock, &ours, &theirs, sizeof(theirs));
    clean(ours.why);
    clean(theirs.why);
    if (ours.able == 0) {
        skip(TEST_VERBS, "this process", ours.why);
    } else if (theirs.able == 0) {
        skip(TEST_VERBS, "partner", theirs.why);
    } else {
        verbs_join(self.verbs, self.sock);
    }
}

/* ---- measurement -------------------------------------------------------------------------- */

static void run(enum test test, uint64_t iterations)
{
    if (test == TEST_TCP) {
        tcp_run(self.sock, self.first, iterations);
    } else if (test == TEST_VERBS) {
        verbs_run(self.verbs, self.first, iterations);
    } else {
        shared_run(self.player, test, iterations);
    }
}

static uint64_t iterations_of(enum test test)
{
    return (TESTS_SHARED & 1u << test) != 0 ? self.options.plan.iterations
                                            : self.options.plan.messages;
}

/* Microseconds one way. */
static double repetition(enum test test, uint64_t iterations)
{
    meet_barrier(self.sock);
    double start = now_s();
    run(test, iterations);
    return (now_s() - start) * 1e6 / (2.0 * (double) iterations);
}

static double mean_of(const double *samples, unsigned count)
{
    double sum = 0;

    for (unsigned i = 0; i < count; i++) {
        sum += samples[i];
    }
    return sum / count;
}

/* Of a sample; 0 if there is only one. */
static double deviation_of(const double *samples, unsigned count, double mean)
{
    double sum = 0;

    for (unsigned i = 0; i < count; i++) {
        sum += (samples[i] - mean) * (samples[i] - mean);
    }
    return count > 1 ? sqrt(sum / (count - 1)) : 0;
}

static void print(enum test test, uint64_t iterations, const double *samples, unsigned count)
{
    double mean = mean_of(samples, count), deviation = deviation_of(samples, count, mean);

    if (!self.options.json) {
        printf("%-10s %14.4f %14.4f\n", test_names[test], mean, deviation);
        fflush(stdout);
        return;
    }
    printf("{\"test\":\"%s\",\"repetitions\":%u,\"iterations\":%llu,\"mean_us\":%.6f,"
           "\"sd_us\":%.6f,\"samples_us\":[",
           test_names[test], count, (unsigned long long) iterations, mean, deviation);
    for (unsigned i = 0; i < count; i++) {
        printf("%s%.6f", i > 0 ? "," : "", samples[i]);
    }
    puts("]}");
    fflush(stdout);
}

static void measure(enum test test)
{
    static double samples[REPETITIONS_MAX];
    uint64_t iterations = iterations_of(test);
    unsigned repetitions = self.options.plan.repetitions;

    if (test == TEST_SYNC1K) {
        shared_check(self.player, CHECKED);
    }
    repetition(test, iterations < WARM_UP ? iterations : WARM_UP);
    for (unsigned i = 0; i < repetitions; i++) {
        samples[i] = repetition(test, iterations);
    }
    if (test == TEST_SYNC1K) {
        shared_check(self.player, CHECKED);
    }
    if (self.first) {
        print(test, iterations, samples, repetitions);
    }
}

static void print_head(void)
{
    const struct plan *plan = &self.options.plan;

    if (!self.first || self.options.json) {
        return;
    }
    if (self.place != NULL) {
        printf("# region %s (%s)\n", place_region(self.place)->uri, place_region(self.place)->path);
    }
    printf("# microseconds one way; %u repetitions of %llu iterations, %llu of tcp and verbs\n",
           plan->repetitions, (unsigned long long) plan->iterations,
           (unsigned long long) plan->messages);
    printf("%-10s %14s %14s\n", "# test", "mean", "deviation");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    options_parse(argc, argv, &self.options);
    self.first = self.options.listen != NULL;
    bind_self(self.options.cpu);
    atexit(leave);
    self.sock = meet(&self.options);
    agree();
    enter_region();
    print_head();
    enter_verbs();
    for (int test = 0; test < TEST_COUNT; test++) {
        if ((self.options.plan.tests & 1u << test) != 0) {
            measure((enum test) test);
        }
    }
    meet_barrier(self.sock);
    return 0;
}
