/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The sparse matrix of CG (see cg_matrix.h). Every rank makes all random vectors, as their numbers
 * are one sequence, and keeps what falls into its block.
 */
#include <mpi.h>
#include "cg_matrix.h"
#include "app.h"
#include "nas_random.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CONDITION 0.1   /* the last weight, the first being 1 */
#define OWN_ELEMENT 0.5 /* of vector i at index i */

struct vectors {
    int width;  /* places for each of them */
    int *count; /* of elements */
    int *index;
    double *value;
};

static int *indices(const struct vectors *v, int i)
{
    return v->index + (size_t) i * (size_t) v->width;
}

static double *values(const struct vectors *v, int i)
{
    return v->value + (size_t) i * (size_t) v->width;
}

static int find(const int *index, int count, int wanted)
{
    int at = 0;

    while (at < count && index[at] != wanted) {
        at++;
    }
    return at;
}

/* Indices are drawn below a power of two; those that are out of range or there already are
 * passed over together with the value drawn before them. */
static void draw_vector(uint64_t *x, const struct cg_shape *shape, int range, int *index,
                        double *value)
{
    int count = 0;

    while (count < shape->nonzeros) {
        double element = random_next(x);
        int at = (int) (range * random_next(x));
        if (at < shape->n && find(index, count, at) == count) {
            index[count] = at;
            value[count++] = element;
        }
    }
}

static void draw_all(struct vectors *v, const struct cg_shape *shape)
{
    uint64_t x = RANDOM_SEED;
    int range = 1;

    while (range < shape->n) {
        range *= 2;
    }
    random_next(&x); /* the first number of the sequence is not used */
    for (int i = 0; i < shape->n; i++) {
        int *index = indices(v, i), own;
        draw_vector(&x, shape, range, index, values(v, i));
        own = find(index, shape->nonzeros, i);
        index[own] = i;
        values(v, i)[own] = OWN_ELEMENT;
        v->count[i] = own == shape->nonzeros ? own + 1 : shape->nonzeros;
    }
}

/* Places of elements in the matrix: first they are counted, then filled. */
struct filling {
    struct cg_matrix *matrix;
    const struct cg_block *block;
    int *next; /* place of each row; NULL when counting */
};

static void add(const struct filling *f, int row, int column, double value)
{
    const struct cg_block *b = f->block;

    if (column < b->column || column >= b->column_end) {
        return;
    }
    if (f->next == NULL) {
        f->matrix->start[row - b->row + 1]++;
    } else {
        int at = f->next[row - b->row]++;
        f->matrix->column[at] = column - b->column;
        f->matrix->value[at] = value;
    }
}

/* The outer product of vector i with itself. */
static void add_product(const struct filling *f, const struct vectors *v, int i, double weight)
{
    const int *index = indices(v, i);
    const double *value = values(v, i);

    for (int a = 0; a < v->count[i]; a++) {
        if (index[a] >= f->block->row && index[a] < f->block->row_end) {
            for (int b = 0; b < v->count[i]; b++) {
                add(f, index[a], index[b], weight * value[a] * value[b]);
            }
        }
    }
}

/* The weights fall from 1 in a geometric series. */
static void add_all(const struct filling *f, const struct vectors *v, const struct cg_shape *shape)
{
    const double ratio = pow(CONDITION, 1.0 / shape->n);
    double weight = 1;

    for (int i = 0; i < shape->n; i++) {
        add_product(f, v, i, weight);
        weight *= ratio;
    }
    for (int i = f->block->row; i < f->block->row_end; i++) {
        add(f, i, i, shape->diagonal);
    }
}

static void place_rows(struct filling *f)
{
    struct cg_matrix *m = f->matrix;

    for (int row = 0; row < m->rows; row++) {
        m->start[row + 1] += m->start[row];
    }
    m->column = app_allocate((size_t) m->start[m->rows], sizeof(int));
    m->value = app_allocate((size_t) m->start[m->rows], sizeof(double));
    f->next = app_allocate((size_t) m->rows, sizeof(int));
    memcpy(f->next, m->start, (size_t) m->rows * sizeof(int));
}

/* Adds up the elements of a row that have the same column; returns the place after the last. Of a
 * column, place is where it was put last: in this row if that is not before to. */
static int merge_row(struct cg_matrix *m, int from, int end, int to, int *place)
{
    int next = to;

    for (int at = from; at < end; at++) {
        int column = m->column[at];
        if (place[column] >= to) {
            m->value[place[column]] += m->value[at];
        } else {
            place[column] = next;
            m->column[next] = column;
            m->value[next++] = m->value[at];
        }
    }
    return next;
}

static void merge(struct cg_matrix *m)
{
    int *place = app_allocate((size_t) m->columns, sizeof(int));
    int from = 0, to = 0;

    for (int column = 0; column < m->columns; column++) {
        place[column] = -1;
    }
    for (int row = 0; row < m->rows; row++) {
        int end = m->start[row + 1];
        to = merge_row(m, from, end, to, place);
        m->start[row + 1] = to;
        from = end;
    }
    free(place);
}

void cg_matrix_make(struct cg_matrix *m, const struct cg_shape *shape, const struct cg_block *block)
{
    const size_t n = (size_t) shape->n, width = (size_t) shape->nonzeros + 1;
    struct vectors v = { (int) width, app_allocate(n, sizeof(int)),
                         app_allocate(n * width, sizeof(int)),
                         app_allocate(n * width, sizeof(double)) };
    struct filling filling = { m, block, NULL };

    *m = (struct cg_matrix){ .rows = block->row_end - block->row,
                             .columns = block->column_end - block->column };
    m->start = app_allocate((size_t) m->rows + 1, sizeof(int));
    draw_all(&v, shape);
    add_all(&filling, &v, shape);
    place_rows(&filling);
    add_all(&filling, &v, shape);
    merge(m);
    free(filling.next);
    free(v.count);
    free(v.index);
    free(v.value);
}

void cg_matrix_free(struct cg_matrix *m)
{
    free(m->start);
    free(m->column);
    free(m->value);
}

void cg_matrix_times(const struct cg_matrix *m, const double *x, double *y)
{
    for (int row = 0; row < m->rows; row++) {
        double sum = 0;
        for (int at = m->start[row]; at < m->start[row + 1]; at++) {
            sum += m->value[at] * x[m->column[at]];
        }
        y[row] = sum;
    }
}
