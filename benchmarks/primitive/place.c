/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Memory that both processes have, got as an MPI job gets it: a job in the region's directory and a
 * block in it, so that nothing else in the region is disturbed. What the partner says about it is
 * checked once, here; the tests only compare the values that they read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "primitive.h"

#define MEMBERS 2

/* What the first process tells the second one. */
struct offer {
    uint8_t region_uuid[IVL_UUID_BYTES];
    uint64_t generation;
    uint64_t job_epoch;
    uint64_t members_off;
    uint64_t block_offset;
    uint32_t job_slot;
    uint32_t block_generation;
};

struct place {
    struct ivl_region *region;
    struct ivl_job job;
    struct ivl_block block;
    uint64_t members_off;
    uint32_t member;
    bool joined; /* there is something to give back */
};

/* The slot of this VM in the table; on a host, which is in none, nobody's. */
static uint32_t own_vm(const struct ivl_region *region)
{
    struct ivl_vmid id;
    struct ivl_vm vm;

    ivl_vmid_probe("", &id);
    return ivl_vmid_match(region, &id, &vm, NULL, NULL) == 0 ? vm.slot : UINT32_MAX;
}

static void make(struct place *place, size_t bytes)
{
    struct ivl_diag diag;

    if (ivl_job_create(place->region, own_vm(place->region), MEMBERS, NULL, &place->job,
                       &place->members_off, &diag) != 0) {
        die_diag(&diag);
    }
    place->joined = true;
    if (ivl_block_alloc(place->region, &place->job, bytes, &place->block, &diag) != 0) {
        die_diag(&diag);
    }
}

static void offer(const struct place *place, int sock)
{
    struct offer offer = { .generation = place->region->geo.generation,
                           .job_epoch = place->job.epoch,
                           .members_off = place->members_off,
                           .block_offset = place->block.offset,
                           .job_slot = place->job.slot,
                           .block_generation = place->block.generation };

    memcpy(offer.region_uuid, place->region->geo.region_uuid, sizeof(offer.region_uuid));
    meet_send(sock, &offer, sizeof(offer));
}

static void join(struct place *place, int sock, size_t bytes)
{
    const struct ivl_geometry *geo = &place->region->geo;
    struct offer offer;
    struct ivl_diag diag;

    meet_receive(sock, &offer, sizeof(offer));
    if (memcmp(offer.region_uuid, geo->region_uuid, sizeof(offer.region_uuid)) != 0 ||
        offer.generation != geo->generation) {
        die(place->region->uri, "not the region of the partner: both must be on one host, and "
                                "name the same one");
    }
    place->job = (struct ivl_job){ .slot = offer.job_slot, .epoch = offer.job_epoch };
    place->members_off = offer.members_off;
    if (ivl_job_check(place->region, &place->job, place->members_off, MEMBERS, &diag) != 0 ||
        ivl_block_attach(place->region, &place->job, offer.block_offset, offer.block_generation,
                         bytes, &place->block, &diag) != 0) {
        die_diag(&diag);
    }
    place->joined = true;
}

void place_open(struct place **opened, const char *uri, bool first, int sock, size_t bytes)
{
    struct place *place = calloc(1, sizeof(*place));
    struct ivl_diag diag;

    if (place == NULL) {
        die("memory", "none left: see ulimit -v");
    }
    if (ivl_region_open(uri, 0, &place->region, &diag) != 0) {
        die_diag(&diag);
    }
    place->member = first ? 0 : 1;
    *opened = place;
    if (first) {
        make(place, bytes);
        offer(place, sock);
    } else {
        join(place, sock, bytes);
    }
}

void *place_memory(const struct place *place)
{
    return ivl_block_addr(place->region, &place->block);
}

const struct ivl_region *place_region(const struct place *place)
{
    return place->region;
}

bool place_beat(void *context)
{
    const struct place *place = context;

    return ivl_job_beat(place->region, &place->job, place->members_off, place->member) == 0;
}

/* Ended while the partner still writes to it, the block could be another job's by then: it is left
 * to the lease. */
void place_close(struct place *place, bool parted)
{
    if (place->joined && place->member == 0 && parted) {
        ivl_job_end(place->region, &place->job);
    } else if (place->joined && place->member != 0) {
        ivl_block_release(place->region, &place->job, &place->block, NULL);
    }
    ivl_region_close(place->region);
    free(place);
}
