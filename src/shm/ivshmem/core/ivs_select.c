/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Selection of algorithms: see ivs_select.h.
 */
#include <errno.h>
#include <string.h>

#include "crc32c.h"
#include "ivs_select.h"

static const char *const operation_names[IVS_OPERATIONS] = {
    [IVS_BARRIER] = "barrier",
    [IVS_BCAST] = "bcast",
    [IVS_ALLGATHER] = "allgather",
    [IVS_ALLGATHERV] = "allgatherv",
    [IVS_GATHER] = "gather",
    [IVS_GATHERV] = "gatherv",
    [IVS_SCATTER] = "scatter",
    [IVS_SCATTERV] = "scatterv",
    [IVS_ALLTOALL] = "alltoall",
    [IVS_ALLTOALLV] = "alltoallv",
    [IVS_ALLTOALLW] = "alltoallw",
    [IVS_ALLREDUCE] = "allreduce",
    [IVS_REDUCE] = "reduce",
    [IVS_REDUCE_SCATTER] = "reduce_scatter",
    [IVS_REDUCE_SCATTER_BLOCK] = "reduce_scatter_block",
    [IVS_SCAN] = "scan",
    [IVS_EXSCAN] = "exscan",
};

static const char *const algorithm_names[IVS_ALGORITHMS] = {
    [IVS_MPICH] = "mpich", [IVS_SHARED] = "shared", [IVS_SLICES] = "slices",
    [IVS_TREE] = "tree",   [IVS_HOSTS] = "hosts",   [IVS_LEADERS] = "leaders",
};

#define ANY UINT32_MAX
#define ALL UINT64_MAX

/* Measured on the reference machine: doc/performance.md. */
static const struct ivs_rule built_in[] = {
    { IVS_ALLREDUCE, IVS_SHARED, false, 2, ANY, ALL },
    { IVS_ALLREDUCE, IVS_SHARED, false, ANY, ANY, 4096 },
    { IVS_ALLREDUCE, IVS_SLICES, false, ANY, ANY, ALL },
    { IVS_REDUCE, IVS_SHARED, false, 2, ANY, ALL },
    { IVS_REDUCE, IVS_SHARED, false, ANY, ANY, 4096 },
    { IVS_REDUCE, IVS_SLICES, false, ANY, ANY, ALL },
    { IVS_BCAST, IVS_HOSTS, false, ANY, ANY, 512 << 10 },
    { IVS_BCAST, IVS_LEADERS, false, ANY, ANY, ALL },
    { IVS_ALLREDUCE, IVS_HOSTS, false, ANY, ANY, 512 << 10 },
    { IVS_ALLREDUCE, IVS_LEADERS, false, ANY, ANY, ALL },
    { IVS_ALLGATHER, IVS_HOSTS, false, ANY, ANY, 64 << 10 },
    { IVS_ALLGATHER, IVS_LEADERS, false, ANY, ANY, ALL },
    { IVS_ALLTOALL, IVS_LEADERS, false, ANY, ANY, 512 << 10 },
    { IVS_ALLTOALL, IVS_SHARED, false, ANY, ANY, ALL },
    { IVS_ALLTOALL, IVS_MPICH, false, ANY, ANY, ALL },
    { IVS_OPERATIONS, IVS_SHARED, false, ANY, ANY, ALL },
    { IVS_OPERATIONS, IVS_HOSTS, false, ANY, ANY, ALL },
};

const char *ivs_operation_name(enum ivs_operation operation)
{
    return operation_names[operation];
}

const char *ivs_algorithm_name(enum ivs_algorithm algorithm)
{
    return algorithm_names[algorithm];
}

static unsigned find(const char *const *names, unsigned count, const char *name, size_t length)
{
    unsigned i = 0;

    while (i < count && (strlen(names[i]) != length || memcmp(names[i], name, length) != 0)) {
        i++;
    }
    return i;
}

enum ivs_operation ivs_operation_find(const char *name, size_t length)
{
    return (enum ivs_operation) find(operation_names, IVS_OPERATIONS, name, length);
}

enum ivs_algorithm ivs_algorithm_find(const char *name, size_t length)
{
    return (enum ivs_algorithm) find(algorithm_names, IVS_ALGORITHMS, name, length);
}

static bool has_hosts(enum ivs_operation operation)
{
    return operation == IVS_BARRIER || operation == IVS_BCAST || operation == IVS_REDUCE ||
           operation == IVS_ALLREDUCE || operation == IVS_ALLGATHER || operation == IVS_ALLTOALL;
}

bool ivs_has_algorithm(enum ivs_operation operation, enum ivs_algorithm algorithm, bool many_hosts)
{
    switch (algorithm) {
        case IVS_MPICH:
            return true;
        case IVS_SHARED:
            return !many_hosts;
        case IVS_SLICES:
            return !many_hosts && (operation == IVS_ALLREDUCE || operation == IVS_REDUCE);
        case IVS_TREE:
            return !many_hosts && (operation == IVS_BARRIER || operation == IVS_BCAST ||
                                   operation == IVS_ALLREDUCE || operation == IVS_REDUCE);
        case IVS_HOSTS:
            return many_hosts && has_hosts(operation);
        case IVS_LEADERS:
            return many_hosts && has_hosts(operation) && operation != IVS_BARRIER &&
                   operation != IVS_REDUCE;
        default:
            return false;
    }
}

int ivs_rules_add(struct ivs_rules *rules, const struct ivs_rule *rule)
{
    if (rules->count == IVS_RULES_MAX) {
        return -ENOSPC;
    }
    rules->rules[rules->count++] = *rule;
    return 0;
}

/* One "operation=algorithm" of `length` bytes. */
static int parse_one(struct ivs_rules *rules, const char *text, size_t length)
{
    struct ivs_rule rule = { .ranks = ANY, .vms = ANY, .bytes = ALL };
    const char *equals = memchr(text, '=', length);
    const char *algorithm;

    if (equals == NULL) {
        return -EINVAL;
    }
    algorithm = equals + 1;
    if (algorithm < text + length && *algorithm == '!') {
        rule.never = true;
        algorithm++;
    }
    rule.operation = ivs_operation_find(text, (size_t) (equals - text));
    rule.algorithm = ivs_algorithm_find(algorithm, (size_t) (text + length - algorithm));
    if (rule.operation == IVS_OPERATIONS || rule.algorithm == IVS_ALGORITHMS ||
        !(ivs_has_algorithm(rule.operation, rule.algorithm, false) ||
          ivs_has_algorithm(rule.operation, rule.algorithm, true))) {
        return -EINVAL;
    }
    return ivs_rules_add(rules, &rule);
}

int ivs_rules_parse(struct ivs_rules *rules, const char *text, size_t *at)
{
    int rc = 0;

    for (*at = 0; rc == 0 && text[*at] != '\0';) {
        size_t length = strcspn(text + *at, ",");

        rc = parse_one(rules, text + *at, length);
        if (rc == 0) {
            *at += length + (text[*at + length] == ',' ? 1 : 0);
        }
    }
    return rc;
}

static bool fits(const struct ivs_rule *rule, const struct ivs_call *call)
{
    return (rule->operation == IVS_OPERATIONS || rule->operation == call->operation) &&
           call->ranks <= rule->ranks && call->vms <= rule->vms && call->bytes <= rule->bytes &&
           (rule->algorithm == IVS_BUILT_IN ||
            ivs_has_algorithm(call->operation, rule->algorithm, call->many_hosts));
}

enum ivs_algorithm ivs_select(const struct ivs_rules *rules, const struct ivs_call *call)
{
    bool forbidden[IVS_ALGORITHMS] = { false };
    const unsigned built = sizeof(built_in) / sizeof(built_in[0]);

    for (unsigned i = 0; i < rules->count + built; i++) {
        const struct ivs_rule *rule =
            i < rules->count ? &rules->rules[i] : &built_in[i - rules->count];

        if (!fits(rule, call)) {
            continue;
        }
        if (rule->algorithm == IVS_BUILT_IN) {
            i = rules->count - 1;
        } else if (rule->never) {
            forbidden[rule->algorithm] = true;
        } else if (!forbidden[rule->algorithm]) {
            return rule->algorithm;
        }
    }
    return IVS_MPICH;
}

uint32_t ivs_rules_sum(const struct ivs_rules *rules)
{
    uint32_t sum = rules->count;

    for (unsigned i = 0; i < rules->count; i++) { /* field by field: padding is anything */
        const struct ivs_rule *rule = &rules->rules[i];
        const uint64_t words[] = { rule->operation, rule->algorithm, rule->never,
                                   rule->ranks,     rule->vms,       rule->bytes };

        sum = sum * 31 + ivl_crc32c(words, sizeof(words));
    }
    return sum;
}
