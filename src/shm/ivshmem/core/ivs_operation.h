/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * MPI's collective operations, blocking or not, as the core names them.
 */
#ifndef IVS_OPERATION_H_INCLUDED
#define IVS_OPERATION_H_INCLUDED

enum ivs_operation {
    IVS_BARRIER,
    IVS_BCAST,
    IVS_ALLGATHER,
    IVS_ALLGATHERV,
    IVS_GATHER,
    IVS_GATHERV,
    IVS_SCATTER,
    IVS_SCATTERV,
    IVS_ALLTOALL,
    IVS_ALLTOALLV,
    IVS_ALLTOALLW,
    IVS_ALLREDUCE,
    IVS_REDUCE,
    IVS_REDUCE_SCATTER,
    IVS_REDUCE_SCATTER_BLOCK,
    IVS_SCAN,
    IVS_EXSCAN,
    IVS_OPERATIONS
};

#endif /* IVS_OPERATION_H_INCLUDED */
