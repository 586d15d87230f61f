/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Communicators that come and go, several alive at once; each rank knows all groups of all of
 * them without asking (see coll_random.h).
 */
#include "coll_random.h"

#define SLOTS 6
#define CHANGE_EVERY 15 /* cases */

static struct slot slots[SLOTS]; /* the first is MPI_COMM_WORLD, the second MPI_COMM_SELF */

int slot_size(const struct slot *slot, int group)
{
    int size = 0;

    for (int i = 0; i < check.size; i++) {
        size += group >= 0 && slot->group[i] == group;
    }
    return size;
}

/* What the MPI says of the new communicator is what we worked out. */
static void verify(const struct slot *slot)
{
    int rank, size, group = slot->group[check.rank];

    CHECK((slot->comm == MPI_COMM_NULL) == (group < 0), "MPI_Comm_split: member or not?");
    if (group < 0) {
        return;
    }
    MPI_Comm_rank(slot->comm, &rank);
    MPI_Comm_size(slot->comm, &size);
    CHECK(rank == slot->rank[check.rank] && size == slot_size(slot, group),
          "communicator: rank %d of %d, not %d of %d", rank, size, slot->rank[check.rank],
          slot_size(slot, group));
}

/* ---- a split of the groups of a parent -------------------------------------------------------- */

struct split {
    int color[RANKS_MAX], key[RANKS_MAX];
};

static void draw_split(struct split *split, struct rng *rng)
{
    uint32_t colors = 1 + rng_below(rng, 3);
    bool ordered = one_in(rng, 4);

    for (int i = 0; i < check.size; i++) {
        split->color[i] = one_in(rng, 10) ? MPI_UNDEFINED : (int) rng_below(rng, colors);
        split->key[i] = ordered ? 0 : (int) rng_below(rng, 20);
    }
}

static bool same_group(const struct slot *parent, const struct split *split, int i, int j)
{
    return parent->group[i] == parent->group[j] && split->color[i] == split->color[j];
}

/* Group numbers are those of a member of MPI_COMM_WORLD: the lowest. */
static void work_out(struct slot *slot, const struct slot *parent, const struct split *split)
{
    for (int i = 0; i < check.size; i++) {
        slot->group[i] = -1;
        slot->rank[i] = 0;
        if (parent->group[i] < 0 || split->color[i] == MPI_UNDEFINED) {
            continue;
        }
        for (int j = 0; j < check.size; j++) {
            if (!same_group(parent, split, i, j)) {
                continue;
            }
            slot->group[i] = slot->group[i] < 0 ? j : slot->group[i];
            slot->rank[i] += split->key[j] < split->key[i] ||
                             (split->key[j] == split->key[i] && parent->rank[j] < parent->rank[i]);
        }
    }
}

/* ---- slots ------------------------------------------------------------------------------------- */

static void release(struct slot *slot)
{
    if (slot->made && slot->comm != MPI_COMM_NULL) {
        MPI_Comm_free(&slot->comm);
    }
}

/* A split or a duplicate of another slot's communicator, or of MPI_COMM_WORLD. */
static void renew(struct slot *slot, struct rng *rng)
{
    uint32_t from = one_in(rng, 2) ? 0 : rng_below(rng, SLOTS);
    const struct slot parent = slots[from];
    struct slot old = *slot;
    struct split split;

    *slot = parent;
    slot->made = true;
    slot->comm = MPI_COMM_NULL;
    if (one_in(rng, 4)) {
        if (parent.comm != MPI_COMM_NULL) {
            MPI_Comm_dup(parent.comm, &slot->comm);
        }
    } else {
        draw_split(&split, rng);
        work_out(slot, &parent, &split);
        if (parent.comm != MPI_COMM_NULL) {
            MPI_Comm_split(parent.comm, split.color[check.rank], split.key[check.rank],
                           &slot->comm);
        }
    }
    release(&old);
    verify(slot);
}

void slots_start(void)
{
    struct rng rng = rng_for(1, 31);

    for (int i = 0; i < check.size; i++) {
        slots[0].rank[i] = i;
        slots[1].group[i] = i;
    }
    slots[0].comm = MPI_COMM_WORLD;
    slots[1].comm = MPI_COMM_SELF;
    for (int s = 2; s < SLOTS; s++) {
        slots[s] = slots[0];
    }
    for (int s = 2; s < SLOTS; s++) {
        renew(&slots[s], &rng);
    }
}

void slots_change(long number)
{
    struct rng rng = rng_for((uint64_t) number, 32);

    if (one_in(&rng, CHANGE_EVERY)) {
        renew(&slots[2 + rng_below(&rng, SLOTS - 2)], &rng);
    }
}

/* MPI_COMM_SELF is rare, MPI_COMM_WORLD frequent. */
const struct slot *slots_draw(struct rng *rng)
{
    uint32_t s = rng_below(rng, SLOTS);

    return &slots[s == 1 && !one_in(rng, 4) ? 0 : s];
}

void slots_end(void)
{
    for (int s = 0; s < SLOTS; s++) {
        release(&slots[s]);
    }
}
