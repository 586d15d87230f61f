! SPDX-License-Identifier: BSD-3-Clause
! Copyright (c) 2026 The mpich-ivshmem authors
!
! Compiled with the distribution's mpifort.mpich, run on our library.
program abi
    use mpi
    implicit none
    integer :: rank, total, ranks, ierr

    call MPI_Init(ierr)
    call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
    call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
    call MPI_Allreduce(rank, total, 1, MPI_INTEGER, MPI_SUM, MPI_COMM_WORLD, ierr)
    if (rank == 0) print '(a,i0,a,i0)', 'fortran ranks ', ranks, ' sum ', total
    call MPI_Finalize(ierr)
end program abi
