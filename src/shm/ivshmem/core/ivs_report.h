/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Text of the channel report. The format is stable: scripts read it (test/unit pins it).
 */
#ifndef IVS_REPORT_H_INCLUDED
#define IVS_REPORT_H_INCLUDED

#include "ivs_map.h"
#include "ivs_size.h"

struct ivs_report {
    const struct ivs_map *map; /* after ivs_map_merged_ids() */
    const char *netmod;        /* e.g. "ucx", with its settings if any */
    struct ivs_queues queues;  /* of the writer's host; cells 0: not on the region */
    int rank;                  /* the writer */
};

/* Writes the report, one line per fact, each starting with "[ivshmem] ". by_rank adds a line
 * per rank. */
void ivs_report_write(FILE *out, const struct ivs_report *report, bool by_rank);

/* The lines on verbs devices (ivs_verbs_report.c): notes[size] of all ranks, one line for ranks of a
 * VM that say the same, or for each rank. A map without nodes is one VM. */
void ivs_verbs_report_write(FILE *out, const struct ivs_map *map, const struct ivs_note *notes,
                            int size, bool by_rank);

#endif /* IVS_REPORT_H_INCLUDED */
