/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Messages that are too long to be sent without asking: all kinds of sends and receives, between
 * all ranks, every byte checked. Inside one VM the receiver may read them out of the sender's
 * memory (MPIR_CVAR_IVSHMEM_CMA); a sender that makes no MPI calls shows whether it does. A receiver
 * that makes none shows whether the sender writes where they go.
 * Options: see check.h; -max is the largest message. Last of all, -shmem, -shmem=send or
 * -shmem=receive: both buffers in the region, if there is one, or only one of them.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "check.h"
#include <sys/uio.h>
#include <unistd.h>

#define TAG 7
#define MANY 300 /* messages at once; more than a rank exposes */
#define MANY_BYTES 70000

static const int sizes[] = { 65537, 131072, 262145, 1048579 };

#define SIZES ((int) (sizeof(sizes) / sizeof(sizes[0])))

/* One message each way of a step: to the rank `shift` above, from the one as far below. */
struct step {
    MPI_Comm comm;
    int to, from, bytes;
    uint32_t key;
    uint8_t *out, *in;
};

static uint32_t key_of(int from, int to, int bytes)
{
    return (uint32_t) (from * 131 + to * 17 + bytes);
}

static void arm(struct step *step, int shift, int bytes)
{
    step->to = (check.rank + shift) % check.size;
    step->from = (check.rank + check.size - shift) % check.size;
    step->bytes = bytes;
    step->key = key_of(step->from, check.rank, bytes);
    payload_fill(step->out, (size_t) bytes, key_of(check.rank, step->to, bytes));
    memset(step->in, 0x55, (size_t) bytes + 1);
}

static void verify(const struct step *step, const char *how, const MPI_Status *status)
{
    long wrong = payload_wrong(step->in, (size_t) step->bytes, step->key);
    int count;

    MPI_Get_count(status, MPI_BYTE, &count);
    CHECK(count == step->bytes && status->MPI_SOURCE == step->from && status->MPI_TAG == TAG,
          "%s: %d bytes from %d with tag %d, not %d from %d", how, count, status->MPI_SOURCE,
          status->MPI_TAG, step->bytes, step->from);
    CHECK(wrong < 0, "%s: byte %ld of %d from rank %d is wrong", how, wrong, count, step->from);
    CHECK(step->in[step->bytes] == 0x55, "%s: written behind the end", how);
}

/* ---- ways to send and to receive -------------------------------------------------------------- */

static void posted(struct step *step, int source)
{
    MPI_Request requests[2];
    MPI_Status status[2];

    check_at("posted", step->bytes);
    MPI_Irecv(step->in, step->bytes + 1, MPI_BYTE, source, TAG, step->comm, &requests[0]);
    MPI_Barrier(step->comm);
    MPI_Isend(step->out, step->bytes, MPI_BYTE, step->to, TAG, step->comm, &requests[1]);
    MPI_Waitall(2, requests, status);
    verify(step, source == MPI_ANY_SOURCE ? "posted, any source" : "posted", &status[0]);
}

static void unexpected(struct step *step, int source)
{
    MPI_Request request;
    MPI_Status status;

    check_at("unexpected", step->bytes);
    MPI_Isend(step->out, step->bytes, MPI_BYTE, step->to, TAG, step->comm, &request);
    MPI_Barrier(step->comm);
    MPI_Recv(step->in, step->bytes + 1, MPI_BYTE, source, MPI_ANY_TAG, step->comm, &status);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    verify(step, source == MPI_ANY_SOURCE ? "unexpected, any source" : "unexpected", &status);
}

static void synchronous(struct step *step, int source)
{
    MPI_Request request;
    MPI_Status status;

    check_at("synchronous", step->bytes);
    MPI_Issend(step->out, step->bytes, MPI_BYTE, step->to, TAG, step->comm, &request);
    MPI_Recv(step->in, step->bytes, MPI_BYTE, source, TAG, step->comm, &status);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    verify(step, "ssend", &status);
}

static void matched_probe(struct step *step, int source)
{
    MPI_Request request;
    MPI_Message message;
    MPI_Status status;

    check_at("matched probe", step->bytes);
    MPI_Isend(step->out, step->bytes, MPI_BYTE, step->to, TAG, step->comm, &request);
    MPI_Mprobe(source, TAG, step->comm, &message, &status);
    MPI_Mrecv(step->in, step->bytes, MPI_BYTE, &message, &status);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    verify(step, "mrecv", &status);
}

static void persistent(struct step *step, int source)
{
    MPI_Request requests[2];
    MPI_Status status[2];

    check_at("persistent", step->bytes);
    MPI_Recv_init(step->in, step->bytes, MPI_BYTE, source, TAG, step->comm, &requests[0]);
    MPI_Send_init(step->out, step->bytes, MPI_BYTE, step->to, TAG, step->comm, &requests[1]);
    for (int i = 0; i < 2; i++) {
        memset(step->in, 0x55, (size_t) step->bytes);
        MPI_Startall(2, requests);
        MPI_Waitall(2, requests, status);
        verify(step, "persistent", &status[0]);
    }
    MPI_Request_free(&requests[0]);
    MPI_Request_free(&requests[1]);
}

/* A receive that was taken back does not get the message. */
static void cancelled(struct step *step, int source)
{
    MPI_Request requests[2];
    MPI_Status status;
    int is_cancelled;

    check_at("cancelled", step->bytes);
    MPI_Irecv(step->out, step->bytes, MPI_BYTE, source, TAG, step->comm, &requests[0]);
    MPI_Cancel(&requests[0]);
    MPI_Wait(&requests[0], &status);
    MPI_Test_cancelled(&status, &is_cancelled);
    CHECK(is_cancelled, "a receive without a message could not be cancelled");
    MPI_Barrier(step->comm);
    MPI_Isend(step->out, step->bytes, MPI_BYTE, step->to, TAG, step->comm, &requests[1]);
    MPI_Recv(step->in, step->bytes, MPI_BYTE, source, TAG, step->comm, &status);
    MPI_Wait(&requests[1], MPI_STATUS_IGNORE);
    verify(step, "after cancel", &status);
}

/* Contiguous on one side only: the bytes are the same. */
static void strided(struct step *step, int source)
{
    MPI_Request request;
    MPI_Datatype halves;
    MPI_Status status;
    int displacements[2] = { step->bytes / 2, 0 }, lengths[2] = { 0, step->bytes / 2 };

    check_at("strided", step->bytes);
    lengths[0] = step->bytes - lengths[1];
    MPI_Type_indexed(2, lengths, displacements, MPI_BYTE, &halves);
    MPI_Type_commit(&halves);
    for (int side = 0; side < 2; side++) {
        MPI_Isend(step->out, side == 0 ? 1 : step->bytes, side == 0 ? halves : MPI_BYTE, step->to,
                  TAG, step->comm, &request);
        MPI_Recv(step->in, side == 0 ? step->bytes : 1, side == 0 ? MPI_BYTE : halves, source, TAG,
                 step->comm, &status);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        memcpy(step->out, step->in, (size_t) step->bytes); /* goes on to the next rank */
    }
    MPI_Type_free(&halves);
}

/* Too long for its buffer: an error, nothing behind the end, and the next message is right. */
static void truncated(struct step *step, int source)
{
    MPI_Request request;
    MPI_Status status;
    int rc, class;

    check_at("truncated", step->bytes);
    MPI_Isend(step->out, step->bytes, MPI_BYTE, step->to, TAG, step->comm, &request);
    rc = MPI_Recv(step->in, step->bytes - 1000, MPI_BYTE, source, TAG, step->comm, &status);
    MPI_Error_class(rc, &class);
    CHECK(class == MPI_ERR_TRUNCATE, "a message too long: error class %d", class);
    CHECK(step->in[step->bytes - 1000] == 0x55, "a message too long: written behind the end");
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    posted(step, source);
}

static void one_way(struct step *step, int bytes, void (*way)(struct step *, int), bool any)
{
    for (int shift = 0; shift < check.size; shift++) {
        arm(step, shift, bytes);
        way(step, any ? MPI_ANY_SOURCE : step->from);
        MPI_Barrier(step->comm); /* the next step's message must not be taken for this one's */
    }
}

static void all_ways(struct step *step)
{
    static void (*const ways[])(struct step *, int) = { posted,     unexpected, synchronous,
                                                        persistent, cancelled,  matched_probe,
                                                        strided,    truncated };

    for (int i = 0; i < SIZES && sizes[i] <= check.max_bytes; i++) {
        for (size_t way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
            one_way(step, sizes[i], ways[way], false);
        }
        one_way(step, sizes[i], posted, true);
        one_way(step, sizes[i], unexpected, true);
        one_way(step, sizes[i], matched_probe, true);
    }
}

/* ---- buffers in the region -------------------------------------------------------------------- */

static struct {
    bool send, receive;
} shmem; /* which are to be there */

static bool region; /* there is one: ranks of one VM only have no need of it */

static uint8_t *alloc_buffer(size_t bytes, bool there)
{
    uint8_t *memory;
    MPI_Info info;

    if (!there) {
        return check_alloc(bytes);
    }
    MPI_Info_create(&info);
    MPI_Info_set(info, "mpich_buf_type", "shmem");
    MPI_Alloc_mem((MPI_Aint) bytes, info, &memory);
    MPI_Info_free(&info);
    return memory;
}

static void free_buffer(uint8_t *memory, bool there)
{
    if (there) {
        MPI_Free_mem(memory);
    } else {
        free(memory);
    }
}

/* A message to `at` in the room, with a type that begins `skip` bytes behind its address. */
static void receive_inside(struct step *step, uint8_t *room, size_t room_bytes, size_t at, int skip)
{
    MPI_Aint displacement = skip;
    MPI_Datatype type;
    MPI_Request request;
    long wrong;

    memset(room, 0x55, room_bytes);
    MPI_Type_create_hindexed(1, &step->bytes, &displacement, MPI_BYTE, &type);
    MPI_Type_commit(&type);
    MPI_Irecv(room + at - skip, 1, type, step->from, TAG, step->comm, &request);
    MPI_Type_free(&type);
    MPI_Ssend(step->out, step->bytes, MPI_BYTE, step->to, TAG, step->comm);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    wrong = payload_wrong(room + at, (size_t) step->bytes, step->key);
    CHECK(wrong < 0, "%d bytes to %zu of %zu: byte %ld is wrong", step->bytes, at, room_bytes,
          wrong);
    for (size_t i = 0; i < room_bytes; i++) {
        CHECK(room[i] == 0x55 || (i >= at && i - at < (size_t) step->bytes),
              "%d bytes to %zu of %zu: written to %zu", step->bytes, at, room_bytes, i);
    }
}

/* At the begin of a block, inside, and up to its end. */
static void inside_block(struct step *step)
{
    const int bytes = sizes[1] + 1;
    const size_t room_bytes = 2 * (size_t) bytes + 4321;
    uint8_t *room = alloc_buffer(room_bytes, true);

    arm(step, 1, bytes);
    for (int skip = 0; skip <= 333; skip += 333) {
        receive_inside(step, room, room_bytes, (size_t) skip, skip);
        receive_inside(step, room, room_bytes, 1001, skip);
        receive_inside(step, room, room_bytes, room_bytes - (size_t) bytes, skip);
    }
    MPI_Free_mem(room);
}

/* ---- many at once ----------------------------------------------------------------------------- */

/* In a communicator that is freed, and of sends that are given up, while they are under way. */
static void many(struct step *step, bool late)
{
    MPI_Request *requests = check_alloc(MANY * sizeof(MPI_Request));
    uint8_t *room = alloc_buffer((size_t) MANY * MANY_BYTES, shmem.receive);
    MPI_Request send;
    MPI_Comm comm;

    MPI_Comm_dup(step->comm, &comm);
    arm(step, 1, MANY_BYTES);
    for (int i = 0; i < 2 * MANY; i++) {
        if ((i < MANY) == late) {
            MPI_Isend(step->out, MANY_BYTES, MPI_BYTE, step->to, i % MANY, comm, &send);
            MPI_Request_free(&send);
        } else {
            MPI_Irecv(room + (size_t) (i % MANY) * MANY_BYTES, MANY_BYTES, MPI_BYTE, step->from,
                      i % MANY, comm, &requests[i % MANY]);
        }
    }
    MPI_Comm_free(&comm);
    MPI_Waitall(MANY, requests, MPI_STATUSES_IGNORE);
    for (int i = 0; i < MANY; i++) {
        long wrong = payload_wrong(room + (size_t) i * MANY_BYTES, MANY_BYTES, step->key);
        CHECK(wrong < 0, "message %d of many: byte %ld is wrong", i, wrong);
    }
    MPI_Barrier(step->comm); /* the buffer is free when all have got theirs */
    free_buffer(room, shmem.receive);
    free(requests);
}

/* ---- is the one copy made? -------------------------------------------------------------------- */

/* The knob, or -1 if this MPI has none. MPI_T stays open: MPICH 4.0.2 frees its strings with the
 * last MPI_T_finalize() though MPI itself still reads them. */
static int knob(void)
{
    MPI_T_cvar_handle handle;
    int index, provided, count, value = -1;

    MPI_T_init_thread(MPI_THREAD_SINGLE, &provided);
    if (MPI_T_cvar_get_index("MPIR_CVAR_IVSHMEM_CMA", &index) == MPI_SUCCESS &&
        MPI_T_cvar_handle_alloc(index, NULL, &handle, &count) == MPI_SUCCESS) {
        MPI_T_cvar_read(handle, &value);
        MPI_T_cvar_handle_free(&handle);
    }
    return value;
}

/* Fake VMs are dealt round robin. */
static bool in_one_vm(int a, int b)
{
    const char *cliques = getenv("MPIR_CVAR_NUM_CLIQUES");
    int vms = cliques != NULL ? atoi(cliques) : 1;

    return vms < 2 || a % vms == b % vms;
}

/* Whether the kernel lets rank `to` read what rank `from` has; said by `to` to `from`. */
static int is_readable(int from, int to)
{
    static uint64_t mark;
    uint64_t where[2] = { (uint64_t) getpid(), (uint64_t) (uintptr_t) &mark }, copy = 0;
    struct iovec local = { &copy, sizeof(copy) }, remote;
    int readable = 0;

    mark = check.seed ^ (uint64_t) from;
    if (check.rank == from) {
        MPI_Send(where, 2, MPI_UINT64_T, to, TAG, MPI_COMM_WORLD);
        MPI_Recv(&readable, 1, MPI_INT, to, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        MPI_Recv(where, 2, MPI_UINT64_T, from, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        remote = (struct iovec){ (void *) (uintptr_t) where[1], sizeof(copy) };
        readable = process_vm_readv((pid_t) where[0], &local, 1, &remote, 1, 0) == sizeof(copy) &&
                   copy == (check.seed ^ (uint64_t) from);
        MPI_Send(&readable, 1, MPI_INT, from, TAG, MPI_COMM_WORLD);
    }
    return readable;
}

/* Rank `from` sends and then makes no MPI call until the message is there, or time is up. */
static void send_passively(struct step *step, int to, volatile int *there, int expected)
{
    const int patience = expected ? 20000 : 30; /* ms */
    MPI_Request request;
    int waited;

    *there = 0;
    payload_fill(step->out, 1 << 20, key_of(check.rank, to, 1));
    MPI_Isend(step->out, 1 << 20, MPI_BYTE, to, TAG, MPI_COMM_WORLD, &request);
    for (waited = 0; waited < patience && !*there; waited++) {
        usleep(1000);
    }
    CHECK(*there == expected, "rank %d %s without help from the sender", to,
          expected ? "did not get its message" : "got its message");
    MPI_Wait(&request, MPI_STATUS_IGNORE);
}

static void receive_passively(struct step *step, int from, volatile int *there)
{
    MPI_Status status;

    *step = (struct step){ step->comm, 0,       from, 1 << 20, key_of(from, check.rank, 1),
                           step->out,  step->in };
    memset(step->in, 0x55, (1 << 20) + 1);
    MPI_Recv(step->in, 1 << 20, MPI_BYTE, from, TAG, MPI_COMM_WORLD, &status);
    *there = 1;
    verify(step, "of a passive sender", &status);
}

/* Rank `from` sends, and goes on when the receiver has left MPI. */
static void send_to_passive(struct step *step, int to, volatile int *left)
{
    MPI_Request request;

    *left = 0;
    payload_fill(step->out, 1 << 20, key_of(check.rank, to, 2));
    MPI_Isend(step->out, 1 << 20, MPI_BYTE, to, TAG, MPI_COMM_WORLD, &request);
    MPI_Send(NULL, 0, MPI_BYTE, to, TAG + 1, MPI_COMM_WORLD);
    while (!*left) {
        usleep(1000);
    }
    MPI_Wait(&request, MPI_STATUS_IGNORE);
}

/* Rank `to` knows of the message, and then makes no MPI call until it is there, or time is up. */
static void wait_passively(struct step *step, int from, volatile int *left, int expected)
{
    const int patience = expected ? 20000 : 30; /* ms */
    const uint32_t key = key_of(from, check.rank, 2);
    MPI_Request request;
    long wrong;

    memset(step->in, 0x55, 1 << 20);
    MPI_Irecv(step->in, 1 << 20, MPI_BYTE, from, TAG, MPI_COMM_WORLD, &request);
    MPI_Recv(NULL, 0, MPI_BYTE, from, TAG + 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    *left = 1;
    for (int waited = 0; waited < patience; waited++) {
        wrong = payload_wrong(step->in, 1 << 20, key);
        if (wrong < 0) {
            break;
        }
        usleep(1000);
    }
    CHECK((wrong < 0) == expected, "rank %d %s in a receiver that makes no calls", from,
          expected ? "did not put its message" : "put its message");
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    wrong = payload_wrong(step->in, 1 << 20, key);
    CHECK(wrong < 0, "to a passive receiver: byte %ld is wrong", wrong);
}

/* Both, first without help of the sender, then without help of the receiver. */
static void passive_pair(struct step *step, int from, int to, int cma, int *there)
{
    int read = cma == 2 && (is_readable(from, to) && in_one_vm(from, to));

    read |= cma == 2 && region && shmem.send;
    if (check.rank == from) {
        send_passively(step, to, there, read);
        send_to_passive(step, to, there);
    } else {
        receive_passively(step, from, there);
        wait_passively(step, from, there, read || (cma == 2 && region && shmem.receive));
    }
}

/* Ranks `from` and `to` are numbers in the host's communicator too if all are on one host. */
static void passive_pairs(struct step *step)
{
    const bool in_region = region && (shmem.send || shmem.receive);
    int cma = knob(), host_size, *there;
    MPI_Comm host;
    MPI_Win flags;

    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
    MPI_Comm_size(host, &host_size);
    MPI_Win_allocate_shared(check.rank == 0 ? sizeof(int) : 0, 1, MPI_INFO_NULL, host, &there,
                            &flags);
    if (host_size == check.size && (cma == 2 || (cma == 0 && !in_region))) {
        MPI_Aint bytes;
        int unit;
        MPI_Win_shared_query(flags, 0, &bytes, &unit, &there);
        for (int i = 0; i < check.size * check.size; i++) {
            int from = i / check.size, to = i % check.size;
            check_at("passive pair", i);
            if (from != to && (check.rank == from || check.rank == to)) {
                passive_pair(step, from, to, cma, there);
            }
            MPI_Barrier(MPI_COMM_WORLD);
        }
    }
    MPI_Win_free(&flags);
    MPI_Comm_free(&host);
}

/* Takes our own option from the end of the line. */
static void read_shmem(int *argc, char **argv)
{
    const char *last = argv[*argc - 1];
    const bool both = strcmp(last, "-shmem") == 0;

    shmem.send = both || strcmp(last, "-shmem=send") == 0;
    shmem.receive = both || strcmp(last, "-shmem=receive") == 0;
    *argc -= shmem.send || shmem.receive;
    region = getenv("MPIR_CVAR_IVSHMEM_URI") != NULL && getenv("MPIR_CVAR_NUM_CLIQUES") != NULL;
}

int main(int argc, char **argv)
{
    const size_t room = (size_t) sizes[SIZES - 1] + 1;
    struct step step;

    read_shmem(&argc, argv);
    check_start(&argc, &argv, 1, sizes[SIZES - 1]);
    MPI_Comm_dup(MPI_COMM_WORLD, &step.comm);
    MPI_Comm_set_errhandler(step.comm, MPI_ERRORS_RETURN);
    step.out = alloc_buffer(room, shmem.send);
    step.in = alloc_buffer(room, shmem.receive);
    for (int round = 0; round < check.rounds; round++) {
        all_ways(&step);
        check_at("many", round);
        many(&step, false);
        many(&step, true);
        check_at("edges of blocks", round);
        inside_block(&step);
    }
    passive_pairs(&step);
    MPI_Comm_free(&step.comm);
    free_buffer(step.out, shmem.send);
    free_buffer(step.in, shmem.receive);
    return check_end();
}
