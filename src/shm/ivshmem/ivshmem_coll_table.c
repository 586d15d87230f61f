/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Rules for the selection of algorithms, from MPIR_CVAR_IVSHMEM_COLL_ALGORITHMS and then from the JSON
 * file of MPIR_CVAR_IVSHMEM_COLL_TABLE (core/ivs_table.h); and which algorithms calls have got, for the
 * report.
 */
#include "ivshmem_coll_impl.h"

static struct ivs_rules rules;

const struct ivs_rules *MPIDI_IVSHMEMI_rules(void)
{
    return &rules;
}

uint32_t MPIDI_IVSHMEMI_coll_sum(void)
{
    const uint32_t switches = (MPIR_CVAR_IVSHMEM_COLL != 0) | (MPIR_CVAR_IVSHMEM_COLL_ORDERED != 0)
                                                                  << 1;

    return ivs_rules_sum(MPIDI_IVSHMEMI_rules()) * 4 + switches;
}

int MPIDI_IVSHMEMI_rules_load(struct ivs_setting *settings, size_t count)
{
    const char *text = MPIR_CVAR_IVSHMEM_COLL_ALGORITHMS;
    const char *path = MPIR_CVAR_IVSHMEM_COLL_TABLE;
    char wrong[sizeof(struct ivl_diag)];
    struct ivl_diag diag;
    int mpi_errno = MPI_SUCCESS;
    size_t at;

    memset(&rules, 0, sizeof(rules));
    MPIR_ERR_CHKANDJUMP1(ivs_rules_parse(&rules, text, &at) != 0, mpi_errno, MPI_ERR_ARG,
                         "**ivshmem_algorithms", "**ivshmem_algorithms %s", text + at);
    if (path[0] != '\0' && ivs_table_read(path, &rules, settings, count, &diag) != 0) {
        ivl_diag_format(&diag, wrong, sizeof(wrong));
        MPIR_ERR_SET1(mpi_errno, MPI_ERR_ARG, "**ivshmem_table", "**ivshmem_table %s", wrong);
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
