/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Sessions that begin, communicate and end while another one stays, which keeps MPI itself
 * alive: starting MPI anew after the last session fails in MPICH 4.0.2 with any device. No
 * option but -rounds (see check.h), for MPI_Init is never called.
 */
#include "check.h"
#include <unistd.h>

#define BYTES 200000

static void ring(MPI_Comm comm, int rank, int size, int round)
{
    int right = (rank + 1) % size, left = (rank + size - 1) % size;
    uint8_t *out = check_alloc(BYTES), *in = check_alloc(BYTES);

    for (int bytes = 0; bytes <= BYTES; bytes = bytes * 5 + 8) {
        payload_fill(out, (size_t) bytes, (uint32_t) (round + rank));
        MPI_Sendrecv(out, bytes, MPI_BYTE, right, 0, in, bytes, MPI_BYTE, left, 0, comm,
                     MPI_STATUS_IGNORE);
        CHECK(payload_wrong(in, (size_t) bytes, (uint32_t) (round + left)) < 0,
              "wrong data in %d bytes from rank %d", bytes, left);
    }
    free(out);
    free(in);
}

static void run_session(int round)
{
    MPI_Session session;
    MPI_Group group;
    MPI_Comm comm;
    int rank, size, sum;

    MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &session);
    MPI_Group_from_session_pset(session, "mpi://WORLD", &group);
    MPI_Comm_create_from_group(group, "mpich-ivshmem.sessions", MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL,
                               &comm);
    MPI_Group_free(&group);
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    check.rank = rank;
    ring(comm, rank, size, round);
    for (int i = 0; i < 6; i++) {
        MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, comm);
        CHECK(sum == size * (size - 1) / 2, "sum of ranks is %d", sum);
    }
    MPI_Comm_free(&comm);
    MPI_Session_finalize(&session);
}

int main(int argc, char **argv)
{
    int rounds = argc == 3 && strcmp(argv[1], "-rounds") == 0 ? atoi(argv[2]) : 3;
    MPI_Session lasting;

    alarm(100);
    MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &lasting);
    for (int round = 0; round < rounds; round++) {
        check_at("session", round);
        run_session(round);
    }
    MPI_Session_finalize(&lasting);
    if (check.rank == 0) {
        printf(" No Errors\n");
    }
    return 0;
}
