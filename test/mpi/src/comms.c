/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Communicators: all kinds of MPI_Comm_split_type give the ranks of a group the same group;
 * many communicators at once, each with enough collectives to get its shared buffers. Options:
 * see check.h; -rounds is the number of communicators alive at once.
 */
#include "check.h"

#define COLLECTIVES 8 /* the shared buffers come with the fifth */

/* All members of the communicator, and nobody else, name the same first member. */
static void check_group(MPI_Comm comm, const char *what)
{
    int *first_of = check_alloc((size_t) check.size * sizeof(int));
    int first = check.rank, size, members = 0;

    MPI_Comm_size(comm, &size);
    MPI_Bcast(&first, 1, MPI_INT, 0, comm);
    MPI_Allgather(&first, 1, MPI_INT, first_of, 1, MPI_INT, MPI_COMM_WORLD);
    for (int rank = 0; rank < check.size; rank++) {
        members += first_of[rank] == first;
    }
    CHECK(members == size, "%s: %d members, but %d ranks in its group", what, size, members);
    free(first_of);
}

static void check_split(int type, const char *what, MPI_Info info)
{
    MPI_Comm comm;

    check_at(what, 0);
    MPI_Comm_split_type(MPI_COMM_WORLD, type, 0, info, &comm);
    /* without a group a rank still takes part in the collectives on the world */
    if (comm == MPI_COMM_NULL) {
        MPI_Comm_dup(MPI_COMM_SELF, &comm);
    }
    check_group(comm, what);
    MPI_Comm_free(&comm);
}

static void test_splits(void)
{
    MPI_Info info;

    check_split(MPI_COMM_TYPE_SHARED, "shared", MPI_INFO_NULL);
    MPI_Info_create(&info);
    MPI_Info_set(info, "mpi_hw_resource_type", "mpi_shared_memory");
    check_split(MPI_COMM_TYPE_HW_GUIDED, "guided, shared memory", info);
    MPI_Info_set(info, "mpi_hw_resource_type", "package");
    check_split(MPI_COMM_TYPE_HW_GUIDED, "guided, package", info);
    MPI_Info_set(info, "mpi_hw_resource_type", "core");
    check_split(MPI_COMM_TYPE_HW_GUIDED, "guided, core", info);
    MPI_Info_free(&info);
    check_split(MPI_COMM_TYPE_HW_UNGUIDED, "unguided", MPI_INFO_NULL);
}

static void use(MPI_Comm comm, int salt)
{
    for (int i = 0; i < COLLECTIVES; i++) {
        int value = salt + i, total, size;

        MPI_Comm_size(comm, &size);
        MPI_Allreduce(&value, &total, 1, MPI_INT, MPI_SUM, comm);
        CHECK(total == size * (salt + i), "communicator %d: sum is %d", salt, total);
        MPI_Bcast(&total, 1, MPI_INT, i % size, comm);
    }
}

static void test_many(int count)
{
    MPI_Comm *comms = check_alloc((size_t) count * sizeof(MPI_Comm));

    for (int i = 0; i < count; i++) {
        check_at("communicator", i);
        if (i % 2 == 0) {
            MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]);
        } else {
            MPI_Comm_split(MPI_COMM_WORLD, (check.rank + i / 2) % 2, check.rank, &comms[i]);
        }
        use(comms[i], i);
    }
    for (int i = 0; i < count; i++) {
        MPI_Comm_free(&comms[(i * 7) % count]); /* another order; count is no multiple of 7 */
    }
    free(comms);
}

int main(int argc, char **argv)
{
    check_start(&argc, &argv, 10, 0);
    CHECK(check.rounds % 7 != 0, "-rounds must not be a multiple of 7");
    test_splits();
    for (int i = 0; i < 2; i++) {
        test_many(check.rounds);
    }
    return check_end();
}
