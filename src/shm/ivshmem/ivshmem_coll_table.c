/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Rules for the selection of algorithms, from MPIR_CVAR_IVSHMEM_COLL_ALGORITHMS and then from the JSON
 * file of MPIR_CVAR_IVSHMEM_COLL_TABLE; and which algorithms calls have got, for the report.
 *
 * The file is an array of objects: "operation" and "algorithm" are names, "ranks", "vms" and "bytes"
 * upper bounds (none: any), "never": true forbids instead.
 */
#include "ivshmem_coll_impl.h"
#include <json.h>

static struct ivs_rules rules;

const struct ivs_rules *MPIDI_IVSHMEMI_rules(void)
{
    return &rules;
}

/* ---- file ---- */

static bool read_bound(struct json_object *value, uint64_t *bound)
{
    int64_t number = json_object_get_int64(value);

    *bound = (uint64_t) number;
    return json_object_is_type(value, json_type_int) && number >= 0;
}

/* One member of a rule. */
static bool read_member(struct ivs_rule *rule, const char *key, struct json_object *value)
{
    const char *text = json_object_get_string(value);
    uint64_t bound;

    if (strcmp(key, "operation") == 0) {
        rule->operation = ivs_operation_find(text, strlen(text));
        return rule->operation != IVS_OPERATIONS;
    }
    if (strcmp(key, "algorithm") == 0) {
        rule->algorithm = ivs_algorithm_find(text, strlen(text));
        return rule->algorithm != IVS_ALGORITHMS;
    }
    if (strcmp(key, "never") == 0) {
        rule->never = json_object_get_boolean(value);
        return json_object_is_type(value, json_type_boolean);
    }
    if (!read_bound(value, &bound)) {
        return false;
    }
    if (strcmp(key, "bytes") == 0) {
        rule->bytes = bound;
    } else if (strcmp(key, "ranks") == 0) {
        rule->ranks = (uint32_t) MPL_MIN(bound, UINT32_MAX);
    } else if (strcmp(key, "vms") == 0) {
        rule->vms = (uint32_t) MPL_MIN(bound, UINT32_MAX);
    } else {
        return false;
    }
    return true;
}

/* NULL, or what is wrong with the rule: one of its names, or "rule". */
static const char *read_rule(struct json_object *object)
{
    struct ivs_rule rule = { IVS_OPERATIONS, IVS_ALGORITHMS, false,
                             UINT32_MAX,     UINT32_MAX,     UINT64_MAX };

    if (!json_object_is_type(object, json_type_object)) {
        return "rule";
    }
    json_object_object_foreach(object, key, value)
    {
        if (value == NULL || !read_member(&rule, key, value)) {
            return key;
        }
    }
    if (rule.operation == IVS_OPERATIONS) {
        return "operation";
    }
    if (!ivs_has_algorithm(rule.operation, rule.algorithm, false) &&
        !ivs_has_algorithm(rule.operation, rule.algorithm, true)) {
        return "algorithm";
    }
    return ivs_rules_add(&rules, &rule) == 0 ? NULL : "rule (too many)";
}

static int load_file(const char *path)
{
    struct json_object *table = json_object_from_file(path);
    int mpi_errno = MPI_SUCCESS;

    MPIR_ERR_CHKANDJUMP1(!json_object_is_type(table, json_type_array), mpi_errno, MPI_ERR_ARG,
                         "**ivshmem_table", "**ivshmem_table %s", path);
    for (size_t i = 0; i < (size_t) json_object_array_length(table); i++) {
        const char *wrong = read_rule(json_object_array_get_idx(table, i));

        MPIR_ERR_CHKANDJUMP3(wrong != NULL, mpi_errno, MPI_ERR_ARG, "**ivshmem_rule",
                             "**ivshmem_rule %s %d %s", path, (int) i, wrong);
    }
fn_fail:
    json_object_put(table);
    return mpi_errno;
}

int MPIDI_IVSHMEMI_rules_load(void)
{
    const char *text = MPIR_CVAR_IVSHMEM_COLL_ALGORITHMS;
    const char *path = MPIR_CVAR_IVSHMEM_COLL_TABLE;
    int mpi_errno = MPI_SUCCESS;
    size_t at;

    memset(&rules, 0, sizeof(rules));
    MPIR_ERR_CHKANDJUMP1(ivs_rules_parse(&rules, text, &at) != 0, mpi_errno, MPI_ERR_ARG,
                         "**ivshmem_algorithms", "**ivshmem_algorithms %s", text + at);
    if (path[0] != '\0') {
        mpi_errno = load_file(path);
    }
fn_fail:
    return mpi_errno;
}

/* ---- report ---- */

/* Classes of sizes: up to so many bytes. */
static const MPI_Aint class_bytes[] = { 0, 64, 1024, 16384, 262144, PTRDIFF_MAX };
static const char *const class_names[] = { "no bytes",     "up to 64 bytes", "up to 1 KiB",
                                           "up to 16 KiB", "up to 256 KiB",  "more than 256 KiB" };

#define CLASSES ((int) (sizeof(class_bytes) / sizeof(class_bytes[0])))

/* Non-blocking ones, then blocking ones. */
static uint64_t calls[2][IVS_OPERATIONS][CLASSES][IVS_ALGORITHMS];

void MPIDI_IVSHMEMI_coll_count(enum ivs_operation operation, MPI_Aint bytes,
                               enum ivs_algorithm algorithm, bool blocking)
{
    int size_class = 0;

    while (bytes > class_bytes[size_class]) {
        size_class++;
    }
    calls[blocking][operation][size_class][algorithm]++;
}

static void report_one(int blocking, int operation, int size_class, int algorithm)
{
    const uint64_t count = calls[blocking][operation][size_class][algorithm];

    if (count > 0) {
        fprintf(stderr, "[ivshmem] rank %d: %s%s, %s: %s, %llu calls\n", MPIR_Process.rank,
                blocking ? "" : "non-blocking ", ivs_operation_name((enum ivs_operation) operation),
                size_class == 0 && operation != IVS_BARRIER ? "none or each its own"
                                                            : class_names[size_class],
                ivs_algorithm_name((enum ivs_algorithm) algorithm), (unsigned long long) count);
    }
}

void MPIDI_IVSHMEMI_coll_report(void)
{
    if (MPIR_CVAR_IVSHMEM_REPORT == 0 || (MPIR_CVAR_IVSHMEM_REPORT == 1 && MPIR_Process.rank > 0)) {
        return;
    }
    for (int i = 0; i < 2 * IVS_OPERATIONS * CLASSES * IVS_ALGORITHMS; i++) {
        const int each = CLASSES * IVS_ALGORITHMS; /* numbers of an operation */

        report_one(1 - i / (IVS_OPERATIONS * each), i / each % IVS_OPERATIONS,
                   i / IVS_ALGORITHMS % CLASSES, i % IVS_ALGORITHMS);
    }
    memset(calls, 0, sizeof(calls));
}
