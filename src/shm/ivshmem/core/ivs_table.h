/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The JSON file of MPIR_CVAR_IVSHMEM_COLL_TABLE: an array of rules for the selection of algorithms, or
 * an object with "rules", such an array, "settings", names of control variables with their values, and
 * "about", a text for people. A rule has "operation" and "algorithm", names, and any of "ranks", "vms"
 * and "bytes", upper bounds (none: any), and "never", true to forbid. The algorithm "built-in" leaves
 * what fits the rule to the built-in ones.
 */
#ifndef IVS_TABLE_H_INCLUDED
#define IVS_TABLE_H_INCLUDED

#include "ivs_select.h"
#include "locality.h"

/* A whole number that a program, its environment or the file may set. */
struct ivs_setting {
    const char *name;
    int low, high;
    bool in_file; /* the file may set it */
    bool given;   /* it has; value is in the range */
    int value;
};

/* Adds what the file says to *rules and settings. 0; -EINVAL or what reading the file came to, with *diag
 * naming file, line and cause; *rules and settings are then undefined. */
int ivs_table_read(const char *path, struct ivs_rules *rules, struct ivs_setting *settings,
                   size_t count, struct ivl_diag *diag);

#endif /* IVS_TABLE_H_INCLUDED */
