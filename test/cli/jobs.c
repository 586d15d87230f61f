/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A job for tests of the tools: jobs URI BLOCKS BYTES SECONDS [end]
 *
 * Claims a job of VM 0 with 2 members, allocates blocks, says "slot N", beats for so long. Then it
 * ends in order, or is just no more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "locality.h"

#define BEAT_MS 50

static int complain(const struct ivl_diag *diag)
{
    fprintf(stderr, "jobs: %s: %s: %s\n", diag->where, diag->what, diag->remedy);
    return 1;
}

static void beat(const struct ivl_region *region, const struct ivl_job *job, uint64_t members_off,
                 long ms)
{
    const struct timespec wait = { .tv_nsec = BEAT_MS * 1000000L };
    for (; ms > 0; ms -= BEAT_MS) {
        if (ivl_job_beat(region, job, members_off, 0)) {
            fprintf(stderr, "jobs: the job was ended\n");
            return;
        }
        nanosleep(&wait, NULL);
    }
}

static int run(struct ivl_region *region, char **argv)
{
    struct ivl_diag diag;
    struct ivl_job job;
    struct ivl_block block;
    uint64_t members_off;
    if (ivl_job_create(region, 0, 2, NULL, &job, &members_off, &diag)) {
        return complain(&diag);
    }
    for (long i = strtol(argv[2], NULL, 10); i > 0; i--) {
        if (ivl_block_alloc(region, &job, strtoull(argv[3], NULL, 10), &block, &diag)) {
            return complain(&diag);
        }
    }
    printf("slot %u\n", job.slot);
    fflush(stdout);
    beat(region, &job, members_off, strtol(argv[4], NULL, 10) * 1000);
    if (argv[5] && strcmp(argv[5], "end") == 0) {
        ivl_job_end(region, &job);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct ivl_region *region;
    struct ivl_diag diag;
    if (argc < 5) {
        fprintf(stderr, "usage: jobs URI BLOCKS BYTES SECONDS [end]\n");
        return 2;
    }
    if (ivl_region_open(argv[1], 0, &region, &diag)) {
        return complain(&diag);
    }
    int rc = run(region, argv);
    ivl_region_close(region);
    return rc;
}
