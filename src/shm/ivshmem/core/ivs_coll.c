/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Area and steps: see ivs_coll.h.
 */
#include <errno.h>
#include <string.h>

#include "ivs_coll.h"
#include "ivs_copy.h"

#define LINE 64u
#define LEFT UINT64_MAX     /* a number: the member has left */
#define LOOKS 200           /* to begin with */
#define TELL_AFTER 8u       /* steps without a cell that done may lag behind */
#define DONE_AT 0u          /* parts of a member's part */
#define LINES_AT (2 * LINE) /* done's neighbour line would be fetched with it */
#define CELLS_AT (LINES_AT + IVS_COLL_LINES * IVS_COLL_LINE_BYTES)

_Static_assert(TELL_AFTER < IVS_COLL_LINES, "C4");

static size_t part_bytes(const struct ivs_coll_shape *shape)
{
    return CELLS_AT + (size_t) shape->cells * shape->cell_bytes;
}

size_t ivs_coll_bytes(uint32_t members, const struct ivs_coll_shape *shape)
{
    return members * part_bytes(shape);
}

void ivs_coll_init(struct ivs_coll *coll, void *area, uint32_t members, uint32_t self,
                   const struct ivs_coll_shape *shape, int (*wait)(void *), void *context)
{
    memset(coll, 0, sizeof(*coll));
    coll->area = (unsigned char *) area;
    coll->stride = part_bytes(shape);
    coll->members = members;
    coll->self = self;
    coll->shape = *shape;
    coll->looks = LOOKS;
    coll->wait = wait;
    coll->context = context;
}

static ivl_sh64_t *done_of(const struct ivs_coll *coll, uint32_t member)
{
    return (ivl_sh64_t *) (coll->area + member * coll->stride + DONE_AT);
}

static struct ivs_coll_line *line_of(const struct ivs_coll *coll, const struct ivs_step *step,
                                     uint32_t member)
{
    return (struct ivs_coll_line *) (coll->area + member * coll->stride + step->line);
}

struct ivs_step ivs_coll_begin(struct ivs_coll *coll, size_t bytes)
{
    struct ivs_step step = { .number = coll->steps++ };

    step.need = step.number < IVS_COLL_LINES ? 0 : step.number + 1 - IVS_COLL_LINES;
    step.line = LINES_AT + (step.number % IVS_COLL_LINES) * IVS_COLL_LINE_BYTES;
    step.payload = step.line + offsetof(struct ivs_coll_line, payload);
    if (bytes > IVS_COLL_INLINE) {
        uint32_t cell = (uint32_t) (coll->cells_used++ % coll->shape.cells);

        step.payload = CELLS_AT + cell * (size_t) coll->shape.cell_bytes;
        step.need = coll->used[cell] > step.need ? coll->used[cell] : step.need;
        coll->used[cell] = step.number + 1;
    }
    return step;
}

int ivs_coll_room(struct ivs_coll *coll, const struct ivs_step *step)
{
    uint64_t least = UINT64_MAX;

    if (coll->all_done >= step->need) {
        return 0;
    }
    for (uint32_t j = 0; j < coll->members; j++) {
        uint64_t done = UINT64_MAX;

        /* [coll C] pairs with [coll D] in ivs_coll_end: their reads of the payload before our stores.
         * A member that claims too much only spoils what it reads itself. */
        while (j != coll->self && (done = ivl_sh64_load_acquire(done_of(coll, j))) < step->need) {
            int rc = coll->wait(coll->context);
            if (rc != 0) {
                return rc;
            }
        }
        least = done < least ? done : least;
    }
    coll->all_done = least;
    return 0;
}

void ivs_coll_publish(const struct ivs_coll *coll, const struct ivs_step *step)
{
    struct ivs_coll_line *line = line_of(coll, step, coll->self);

    ivl_sh64_store_relaxed(&line->call, coll->call); /* published with the number */
    /* [coll A] pairs with [coll B] in ivs_coll_await: payload and call before number (C2) */
    ivl_sh64_store_release(&line->number, step->number + 1);
}

int ivs_coll_put(struct ivs_coll *coll, const struct ivs_step *step, const void *from, size_t bytes)
{
    int rc = ivs_coll_room(coll, step);

    if (rc == 0) {
        ivs_copy_out(&coll->distance, ivs_coll_mine(coll, step), from, bytes);
        ivs_coll_publish(coll, step);
    }
    return rc;
}

void ivs_coll_leave(struct ivs_coll *coll)
{
    for (uint64_t i = 0; i < IVS_COLL_LINES; i++) {
        const struct ivs_step step = { .line = LINES_AT + i * IVS_COLL_LINE_BYTES };

        ivl_sh64_store_relaxed(&line_of(coll, &step, coll->self)->number, LEFT);
    }
    /* nobody waits for room here; that there is some says nothing about the lines, so relaxed */
    ivl_sh64_store_relaxed(done_of(coll, coll->self), LEFT);
}

int ivs_coll_await(const struct ivs_coll *coll, const struct ivs_step *step, uint32_t member)
{
    const struct ivs_coll_line *line = line_of(coll, step, member);

    for (;;) {
        int rc;

        for (uint32_t i = 0; i < coll->looks; i++) {
            /* [coll B] pairs with [coll A] in ivs_coll_publish */
            uint64_t found = ivl_sh64_load_acquire(&line->number);
            if (found == step->number + 1) {
                return ivl_sh64_load_relaxed(&line->call) == coll->call ? 0 : -EPROTO;
            }
            if (found == LEFT) {
                return -ECONNRESET;
            }
            if (found > step->number) {
                return -EBADMSG; /* it cannot go on before we are done with this one */
            }
        }
        rc = coll->wait(coll->context);
        if (rc != 0) {
            return rc;
        }
    }
}

void ivs_coll_end(struct ivs_coll *coll, const struct ivs_step *step)
{
    uint64_t ended = step->number + 1;

    if (ended - coll->told >= TELL_AFTER || step->payload >= CELLS_AT) {
        /* [coll D] pairs with [coll C] in ivs_coll_room */
        ivl_sh64_store_release(done_of(coll, coll->self), ended);
        coll->told = ended;
    }
}

size_t ivs_coll_share(const struct ivs_coll *coll, size_t bytes, uint32_t shares, size_t unit)
{
    size_t most;

    if (bytes <= IVS_COLL_INLINE / shares) {
        return bytes;
    }
    most = coll->shape.cell_bytes / shares;
    most -= most % unit;
    return bytes < most ? bytes : most;
}
