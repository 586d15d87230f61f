/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Compiled with the distribution's mpicc.mpich, run on our library: moves data among all ranks
 * and names, from its own memory map, the library that did it.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_libraries(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512], last[512] = "";

    if (!maps)
        return;
    while (fgets(line, sizeof(line), maps)) {
        char *path = strchr(line, '/');

        if (!path || !strstr(path, "/libmpi") || strcmp(path, last) == 0)
            continue;
        printf("library %s", path);
        strcpy(last, path);
    }
    fclose(maps);
}

int main(int argc, char **argv)
{
    int rank, size, sum = -1, bad = 0, i;
    int *all;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    all = calloc((size_t) size, sizeof(*all));
    if (!all)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Allgather(&rank, 1, MPI_INT, all, 1, MPI_INT, MPI_COMM_WORLD);
    for (i = 0; i < size; i++)
        bad += all[i] != i;
    MPI_Allreduce(&bad, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) {
        print_libraries();
        printf("%d ranks, %d wrong\n", size, sum);
    }
    free(all);
    MPI_Finalize();
    return sum != 0;
}
