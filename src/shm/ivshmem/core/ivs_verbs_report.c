/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The report's lines on verbs devices: of each VM one for each choice that some of its ranks made.
 */
#include <string.h>

#include "ivs_report.h"

/* Whether two ranks share a line. */
static bool is_alike(const struct ivs_map *map, const struct ivs_note *notes, int a, int b)
{
    return (map->node_count == 0 || map->node_of[a] == map->node_of[b]) &&
           strcmp(notes[a].text, notes[b].text) == 0;
}

static bool is_first(const struct ivs_map *map, const struct ivs_note *notes, int rank)
{
    for (int i = 0; i < rank; i++) {
        if (is_alike(map, notes, i, rank)) {
            return false;
        }
    }
    return true;
}

/* "0-3,8". */
static void write_ranks(FILE *out, const struct ivs_map *map, const struct ivs_note *notes,
                        int size, int first)
{
    const char *comma = "";

    for (int rank = first; rank < size; rank++) {
        int last = rank;
        if (!is_alike(map, notes, first, rank)) {
            continue;
        }
        while (last + 1 < size && is_alike(map, notes, first, last + 1)) {
            last++;
        }
        fprintf(out, last > rank ? "%s%d-%d" : "%s%d", comma, rank, last);
        comma = ",";
        rank = last;
    }
}

void ivs_verbs_report_write(FILE *out, const struct ivs_map *map, const struct ivs_note *notes,
                            int size, bool by_rank)
{
    for (int rank = 0; rank < size; rank++) {
        if (by_rank) {
            fprintf(out, "[ivshmem] rank %d: verbs: %s\n", rank, notes[rank].text);
        } else if (is_first(map, notes, rank)) {
            fprintf(out, "[ivshmem] verbs of ");
            if (map->node_count > 0) {
                fprintf(out, "%s, ", map->nodes[map->node_of[rank]].claim.vm_name);
            }
            fprintf(out, "ranks ");
            write_ranks(out, map, notes, size, rank);
            fprintf(out, ": %s\n", notes[rank].text);
        }
    }
}
