/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * MPI's predefined operations and types as the vector loops know them. Thread-safe.
 */
#ifndef IVSHMEM_LOOP_H_INCLUDED
#define IVSHMEM_LOOP_H_INCLUDED

#include <mpiimpl.h>
#include "core/ivs_reduce.h"

/* Integers that processors compute with: no logical, no Fortran types. */
bool MPIDI_IVSHMEMI_is_integer(MPI_Datatype type);

/* For aligned elements; NULL: use MPICH's function. */
ivs_reduce_fn MPIDI_IVSHMEMI_loop_find(MPI_Op op, MPI_Datatype type);

#endif /* IVSHMEM_LOOP_H_INCLUDED */
