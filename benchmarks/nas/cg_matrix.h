/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The sparse matrix of CG: the sum of weighted outer products of random vectors, and a diagonal.
 */
#ifndef CG_MATRIX_H_INCLUDED
#define CG_MATRIX_H_INCLUDED

struct cg_shape {
    int n;           /* rows and columns */
    int nonzeros;    /* of each random vector, besides its own index */
    double diagonal; /* what is added to each element of it */
};

/* Rows and columns of a block, each from the first up to one before the end. */
struct cg_block {
    int row, row_end, column, column_end;
};

/* By rows; indices are relative to the block. */
struct cg_matrix {
    int rows, columns;
    int *start; /* rows + 1 */
    int *column;
    double *value;
};

void cg_matrix_make(struct cg_matrix *matrix, const struct cg_shape *shape,
                    const struct cg_block *block);
void cg_matrix_free(struct cg_matrix *matrix);

/* y = A x */
void cg_matrix_times(const struct cg_matrix *matrix, const double *x, double *y);

#endif
