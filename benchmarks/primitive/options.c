/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The command line of primitive.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "primitive.h"

const char *const test_names[TEST_COUNT] = { "raw", "sync", "sync1k", "tcp", "verbs" };

static const char usage[] =
    "usage: primitive --listen [HOST:]PORT [OPTION...]\n"
    "       primitive --connect HOST:PORT [--region URI] [OPTION...]\n"
    "\n"
    "Two processes, on one machine or in two that share a region: what one hand-over costs, "
    "without\n"
    "MPI. The process that listens decides and prints, in microseconds one way, mean and standard\n"
    "deviation over the repetitions.\n"
    "\n"
    "  --listen [HOST:]PORT   the first process; port 0: a free one, which it prints\n"
    "  --connect HOST:PORT    the second process; tries until the first one is there\n"
    "  --region URI           file:PATH, pci:auto, ...: for raw, sync and sync1k\n"
    "  --tests NAME,...       raw, sync, sync1k, tcp, verbs (default: all; without a region: "
    "tcp,verbs)\n"
    "  --repetitions N        default 25\n"
    "  --iterations N         in each repetition, there and back; default 1000000\n"
    "  --messages N           the same of tcp and verbs; default: as --iterations\n"
    "  --cpu N                bind this process to processor N\n"
    "  --verbs-device NAME    default: the first one with an active port\n"
    "  --verbs-gid N          index of the local GID; default: RoCE v2 over IPv4 if there is one\n"
    "  --timeout SECONDS      of one wait for the partner; default 60\n"
    "  --json                 a line of JSON for each test, with the value of each repetition\n"
    "\n"
    "Of these the second process takes its partner's --tests, --repetitions, --iterations and\n"
    "--messages.\n";

static _Noreturn void wrong(const char *option, const char *value, const char *remedy)
{
    fprintf(stderr, "primitive: --%s: '%s': %s\n", option, value, remedy);
    exit(2);
}

static uint64_t number(const char *option, const char *text, uint64_t least, uint64_t most)
{
    char *end, remedy[80];

    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < least ||
        value > most) {
        snprintf(remedy, sizeof(remedy), "give a number from %llu to %llu",
                 (unsigned long long) least, (unsigned long long) most);
        wrong(option, text, remedy);
    }
    return value;
}

static uint32_t test_bit(const char *name, size_t length)
{
    for (int test = 0; test < TEST_COUNT; test++) {
        if (strlen(test_names[test]) == length && memcmp(test_names[test], name, length) == 0) {
            return 1u << test;
        }
    }
    return 0;
}

static uint32_t parse_tests(const char *text)
{
    uint32_t tests = 0;

    for (const char *name = text;; name++) {
        size_t length = strcspn(name, ",");
        uint32_t bit = test_bit(name, length);
        if (bit == 0) {
            wrong("tests", text, "names of raw, sync, sync1k, tcp and verbs, with commas");
        }
        tests |= bit;
        name += length;
        if (*name == '\0') {
            return tests;
        }
    }
}

static void take(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "listen") == 0) {
        options->listen = value;
    } else if (strcmp(name, "connect") == 0) {
        options->connect = value;
    } else if (strcmp(name, "region") == 0) {
        options->region = value;
    } else if (strcmp(name, "tests") == 0) {
        options->plan.tests = parse_tests(value);
    } else if (strcmp(name, "repetitions") == 0) {
        options->plan.repetitions = (uint32_t) number(name, value, 1, REPETITIONS_MAX);
    } else if (strcmp(name, "iterations") == 0) {
        options->plan.iterations = number(name, value, 1, ITERATIONS_MAX);
    } else if (strcmp(name, "messages") == 0) {
        options->plan.messages = number(name, value, 1, ITERATIONS_MAX);
    } else if (strcmp(name, "cpu") == 0) {
        options->cpu = (int) number(name, value, 0, CPU_SETSIZE - 1);
    } else if (strcmp(name, "verbs-device") == 0) {
        options->verbs_device = value;
    } else if (strcmp(name, "verbs-gid") == 0) {
        options->verbs_gid = (int) number(name, value, 0, 255);
    } else if (strcmp(name, "timeout") == 0) {
        options->timeout_s = (unsigned) number(name, value, 1, TIMEOUT_MAX);
    } else {
        options->json = true;
    }
}

static void complete(struct options *options)
{
    struct plan *plan = &options->plan;

    if ((options->listen == NULL) == (options->connect == NULL)) {
        fprintf(stderr, "primitive: one of --listen and --connect is needed: see --help\n");
        exit(2);
    }
    if (plan->tests == 0) {
        plan->tests = (1u << TEST_COUNT) - 1;
        if (options->region == NULL) {
            plan->tests &= ~TESTS_SHARED;
        }
    }
    if (plan->messages == 0) {
        plan->messages = plan->iterations;
    }
    if (options->listen != NULL && options->region == NULL && (plan->tests & TESTS_SHARED) != 0) {
        fprintf(stderr, "primitive: raw, sync and sync1k need --region, such as pci:auto\n");
        exit(2);
    }
}

bool plan_is_valid(const struct plan *plan)
{
    return plan->tests != 0 && plan->tests < 1u << TEST_COUNT && plan->repetitions >= 1 &&
           plan->repetitions <= REPETITIONS_MAX && plan->iterations >= 1 &&
           plan->iterations <= ITERATIONS_MAX && plan->messages >= 1 &&
           plan->messages <= ITERATIONS_MAX;
}

void options_parse(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        { "listen", required_argument, NULL, 1 },
        { "connect", required_argument, NULL, 1 },
        { "region", required_argument, NULL, 1 },
        { "tests", required_argument, NULL, 1 },
        { "repetitions", required_argument, NULL, 1 },
        { "iterations", required_argument, NULL, 1 },
        { "messages", required_argument, NULL, 1 },
        { "cpu", required_argument, NULL, 1 },
        { "verbs-device", required_argument, NULL, 1 },
        { "verbs-gid", required_argument, NULL, 1 },
        { "timeout", required_argument, NULL, 1 },
        { "json", no_argument, NULL, 1 },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int found, index = 0;

    *options = (struct options){ .plan = { .repetitions = 25, .iterations = 1000000 },
                                 .verbs_gid = -1,
                                 .cpu = -1,
                                 .timeout_s = 60 };
    while ((found = getopt_long(argc, argv, "", known, &index)) != -1) {
        if (found == 'h') {
            fputs(usage, stdout);
            exit(0);
        }
        if (found != 1) {
            exit(2); /* getopt has said what */
        }
        take(options, known[index].name, optarg);
    }
    if (optind < argc) {
        fprintf(stderr, "primitive: '%s': not an option: see --help\n", argv[optind]);
        exit(2);
    }
    complete(options);
}
