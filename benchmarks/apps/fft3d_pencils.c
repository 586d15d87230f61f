/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Pencils and their transpositions (see fft3d_pencils.h).
 */
#include <mpi.h>
#include "fft3d_pencils.h"
#include "app.h"
#include <limits.h>
#include <stdlib.h>

/* One side of a transposition. Element (f, o, l) is at f * fixed + o * other + l: l runs along the
 * lines, o along the axis whose lines are those of the other side, f along the third. */
struct side {
    size_t fixed, other;
};

struct transposition {
    const struct cut *cut;
    int fixed; /* places along the third axis */
    struct side from, to;
};

static const struct part *own(const struct cut *cut)
{
    return &cut->part[cut->mine];
}

static void create_cut(struct cut *cut, int n, int color, int key)
{
    MPI_Comm_split(MPI_COMM_WORLD, color, key, &cut->comm);
    MPI_Comm_size(cut->comm, &cut->ranks);
    MPI_Comm_rank(cut->comm, &cut->mine);
    cut->part = app_allocate((size_t) cut->ranks, sizeof(*cut->part));
    for (int i = 0; i < cut->ranks; i++) {
        int first = (int) ((long) n * i / cut->ranks);
        int end = (int) ((long) n * (i + 1) / cut->ranks);

        cut->part[i] = (struct part){ first, end - first };
    }
}

static void destroy_cut(struct cut *cut)
{
    MPI_Comm_free(&cut->comm);
    free(cut->part);
}

void pencils_create(struct pencils *p, int n, int rows, int columns)
{
    size_t most = (size_t) (rows > columns ? rows : columns);
    int rank;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    *p = (struct pencils){ .n = n };
    create_cut(&p->column, n, rank % columns, rank / columns);
    create_cut(&p->row, n, rank / columns, rank % columns);
    p->lines = own(&p->column)->count * own(&p->row)->count;
    p->elements = (size_t) p->lines * (size_t) n;
    if (p->elements > INT_MAX) {
        app_fail("--n: %d: over 2^31 numbers on one rank: give a smaller cube or more ranks", n);
    }
    p->data = app_allocate(p->elements, sizeof(*p->data));
    p->sent = app_allocate(p->elements, sizeof(*p->sent));
    p->received = app_allocate(p->elements, sizeof(*p->received));
    p->counts = app_allocate(most, sizeof(int));
    p->displs = app_allocate(most, sizeof(int));
}

void pencils_destroy(struct pencils *p)
{
    destroy_cut(&p->column);
    destroy_cut(&p->row);
    free(p->data);
    free(p->sent);
    free(p->received);
    free(p->counts);
    free(p->displs);
}

void pencils_place(const struct pencils *p, enum pencils_axis axis, size_t i, int place[3])
{
    const struct part *column = own(&p->column), *row = own(&p->row);
    int along = (int) (i % (size_t) p->n), line = (int) (i / (size_t) p->n);

    if (axis == PENCILS_X) {
        place[0] = along;
        place[1] = column->first + line % column->count;
        place[2] = row->first + line / column->count;
        return;
    }
    place[0] = column->first + line / row->count;
    place[1] = axis == PENCILS_Y ? along : row->first + line % row->count;
    place[2] = axis == PENCILS_Z ? along : row->first + line % row->count;
}

/* ---- transposition ---------------------------------------------------------------------------- */

/* For rank d: all third places, our lines, and of these the rank's part. */
static void pack(const struct pencils *p, const struct transposition *t)
{
    double complex *out = p->sent;

    for (int d = 0; d < t->cut->ranks; d++) {
        const struct part *part = &t->cut->part[d];

        for (int f = 0; f < t->fixed; f++) {
            for (int o = 0; o < own(t->cut)->count; o++) {
                const double complex *line =
                    p->data + (size_t) f * t->from.fixed + (size_t) o * t->from.other;

                for (int l = 0; l < part->count; l++) {
                    *out++ = line[part->first + l];
                }
            }
        }
    }
}

/* The lines that came are pieces across those that go into memory. */
static void unpack(struct pencils *p, const struct transposition *t)
{
    const double complex *in = p->received;

    for (int d = 0; d < t->cut->ranks; d++) {
        const struct part *part = &t->cut->part[d];

        for (int f = 0; f < t->fixed; f++) {
            for (int l = 0; l < part->count; l++) {
                double complex *place = p->data + (size_t) f * t->to.fixed + part->first + l;

                for (int o = 0; o < own(t->cut)->count; o++) {
                    place[(size_t) o * t->to.other] = *in++;
                }
            }
        }
    }
}

/* A piece for rank d has as many numbers as the one that comes from it. */
static void exchange(struct pencils *p, const struct transposition *t)
{
    int at = 0;

    for (int d = 0; d < t->cut->ranks; d++) {
        p->counts[d] = t->fixed * own(t->cut)->count * t->cut->part[d].count;
        p->displs[d] = at;
        at += p->counts[d];
    }
    MPI_Alltoallv(p->sent, p->counts, p->displs, MPI_C_DOUBLE_COMPLEX, p->received, p->counts,
                  p->displs, MPI_C_DOUBLE_COMPLEX, t->cut->comm);
}

void pencils_transpose(struct pencils *p, enum pencils_axis from, enum pencils_axis to)
{
    size_t n = (size_t) p->n, row = (size_t) own(&p->row)->count;
    size_t column = (size_t) own(&p->column)->count;
    bool first = from == PENCILS_X || to == PENCILS_X; /* x for y, or back */
    struct side x = { .fixed = column * n, .other = n };
    struct side y = { .fixed = first ? n : row * n, .other = first ? row * n : n };
    struct side z = { .fixed = row * n, .other = n };
    struct transposition t = {
        .cut = first ? &p->column : &p->row,
        .fixed = first ? own(&p->row)->count : own(&p->column)->count,
        .from = from == PENCILS_X   ? x
                : from == PENCILS_Y ? y
                                    : z,
        .to = to == PENCILS_X   ? x
              : to == PENCILS_Y ? y
                                : z,
    };

    pack(p, &t);
    exchange(p, &t);
    unpack(p, &t);
}
