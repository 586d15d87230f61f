/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Stress test of wildcard receives with local and remote senders at once. In each round one
 * rank receives what all others send: eager and rendezvous sizes, three communicators, plain
 * and strided datatypes; received blocking, non-blocking, persistent, after a probe of any
 * kind, or after a cancel that came too late. Order per (source, communicator, tag), content,
 * status and untouched memory around the data are checked. Every fourth round truncates
 * instead. Options: see check.h.
 */
#include "anysrc_plan.h"

#define PENDING_MAX 8
#define TAG_NEVER 999 /* nobody sends it */
#define TAG_SHORT 100 /* truncation: too long for its receive */
#define TAG_AFTER 101
#define CANARY 0xee
/* The strided datatype: BLOCK bytes of data at every STRIDE bytes. */
#define BLOCK 12
#define STRIDE 20

enum method {
    RECV,
    IRECV,
    PERSISTENT,
    PROBE,
    IPROBE,
    MPROBE,
    IMPROBE,
    CANCEL,
    NEVER,
    METHODS
};

struct receive {
    struct wish wish;
    enum method method;
    bool strided;
    uint8_t *buf;
    size_t span; /* bytes of buf */
    MPI_Request request;
    MPI_Status status;
    bool pending, cancelled;
};

static MPI_Comm comms[COMMS];
static MPI_Datatype strided_type;
static struct receive *receives; /* in the order of posting */
static int receive_count;
static long cancels, late_cancels;

/* ---- communicators and datatypes -------------------------------------------------------------- */

/* The third communicator has the ranks in reverse: rank in comm <-> rank in the world. */
static int translate(int comm, int rank)
{
    return comm == 2 ? check.size - 1 - rank : rank;
}

static void set_up(void)
{
    MPI_Datatype block;

    comms[0] = MPI_COMM_WORLD;
    MPI_Comm_dup(MPI_COMM_WORLD, &comms[1]);
    MPI_Comm_split(MPI_COMM_WORLD, 0, -check.rank, &comms[2]);
    for (int i = 0; i < COMMS; i++) {
        MPI_Comm_set_errhandler(comms[i], MPI_ERRORS_RETURN);
    }
    MPI_Type_contiguous(BLOCK, MPI_BYTE, &block);
    MPI_Type_create_resized(block, 0, STRIDE, &strided_type);
    MPI_Type_commit(&strided_type);
    MPI_Type_free(&block);
}

static void tear_down(void)
{
    MPI_Type_free(&strided_type);
    MPI_Comm_free(&comms[1]);
    MPI_Comm_free(&comms[2]);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
}

static int blocks_of(size_t bytes)
{
    return (int) ((bytes + BLOCK - 1) / BLOCK);
}

static size_t span_of(size_t bytes, bool strided)
{
    return strided ? (size_t) blocks_of(bytes) * STRIDE : bytes;
}

/* Where byte i of the data lies in the buffer. */
static size_t place_of(size_t i, bool strided)
{
    return strided ? i / BLOCK * STRIDE + i % BLOCK : i;
}

/* ---- sender ----------------------------------------------------------------------------------- */

struct sending {
    MPI_Request request;
    uint8_t *buf;
    bool persistent;
};

/* A strided message is a whole number of blocks. */
static size_t message_bytes(const struct message *message)
{
    size_t bytes = (size_t) message->bytes;

    return message->strided ? (size_t) blocks_of(bytes) * BLOCK : bytes;
}

static void start_send(const struct plan *plan, const struct message *message,
                       struct sending *sending)
{
    size_t bytes = message_bytes(message);
    MPI_Datatype type = message->strided ? strided_type : MPI_BYTE;
    int count = message->strided ? blocks_of(bytes) : (int) bytes;
    int root = translate(message->comm, plan->root);
    MPI_Comm comm = comms[message->comm];

    sending->buf = check_alloc(span_of(bytes, message->strided));
    sending->request = MPI_REQUEST_NULL;
    sending->persistent = false;
    for (size_t i = 0; i < bytes; i++) {
        sending->buf[place_of(i, message->strided)] = payload_byte(message->key, i);
    }
    switch (message->how % 4) {
        case 0:
            if (plan->one_stream) {
                MPI_Send(sending->buf, count, type, root, message->tag, comm);
                break;
            }
            /* fallthrough */
        case 1:
            MPI_Isend(sending->buf, count, type, root, message->tag, comm, &sending->request);
            break;
        case 2:
            MPI_Issend(sending->buf, count, type, root, message->tag, comm, &sending->request);
            break;
        default:
            MPI_Send_init(sending->buf, count, type, root, message->tag, comm, &sending->request);
            MPI_Start(&sending->request);
            sending->persistent = true;
    }
}

static void send_all(const struct plan *plan)
{
    struct sending sendings[MESSAGES_MAX];
    int count = 0;

    for (int i = 0; i < plan->count; i++) {
        if (plan->messages[i].src == check.rank) {
            start_send(plan, &plan->messages[i], &sendings[count++]);
        }
    }
    for (int i = 0; i < count; i++) {
        MPI_Wait(&sendings[i].request, MPI_STATUS_IGNORE);
        if (sendings[i].persistent) {
            MPI_Request_free(&sendings[i].request);
        }
        free(sendings[i].buf);
    }
}

/* ---- receiver --------------------------------------------------------------------------------- */

static struct receive *new_receive(struct wish wish, enum method method, bool strided)
{
    struct receive *receive = &receives[receive_count++];

    memset(receive, 0, sizeof(*receive));
    receive->wish = wish;
    receive->method = method;
    receive->strided = strided;
    receive->span = span_of((size_t) check.max_bytes + BLOCK, strided);
    receive->buf = check_alloc(receive->span);
    memset(receive->buf, CANARY, receive->span);
    receive->request = MPI_REQUEST_NULL;
    return receive;
}

static int wish_source(const struct receive *receive)
{
    int src = receive->wish.src;

    return src == MPI_ANY_SOURCE ? MPI_ANY_SOURCE : translate(receive->wish.comm, src);
}

/* The receive calls' count and type. */
static int count_of(const struct receive *receive)
{
    return receive->strided ? (int) (receive->span / STRIDE) : (int) receive->span;
}

static MPI_Datatype type_of(const struct receive *receive)
{
    return receive->strided ? strided_type : MPI_BYTE;
}

static void receive_now(struct receive *receive, int source, int tag)
{
    MPI_Recv(receive->buf, count_of(receive), type_of(receive), source, tag,
             comms[receive->wish.comm], &receive->status);
}

static void receive_probed(struct receive *receive)
{
    MPI_Comm comm = comms[receive->wish.comm];
    int source = wish_source(receive), tag = receive->wish.tag, found = 0;
    MPI_Status seen;

    if (receive->method == PROBE) {
        MPI_Probe(source, tag, comm, &seen);
    }
    while (receive->method == IPROBE && !found) {
        MPI_Iprobe(source, tag, comm, &found, &seen);
    }
    receive_now(receive, seen.MPI_SOURCE, seen.MPI_TAG);
}

static void receive_matched(struct receive *receive)
{
    MPI_Comm comm = comms[receive->wish.comm];
    int source = wish_source(receive), tag = receive->wish.tag, found = 0;
    MPI_Message message;
    MPI_Status seen;

    if (receive->method == MPROBE) {
        MPI_Mprobe(source, tag, comm, &message, &seen);
        MPI_Mrecv(receive->buf, count_of(receive), type_of(receive), &message, &receive->status);
        return;
    }
    while (!found) {
        MPI_Improbe(source, tag, comm, &found, &message, &seen);
    }
    MPI_Imrecv(receive->buf, count_of(receive), type_of(receive), &message, &receive->request);
    MPI_Wait(&receive->request, &receive->status);
}

static void post(struct receive *receive)
{
    MPI_Comm comm = comms[receive->wish.comm];
    int source = wish_source(receive), tag = receive->wish.tag;

    receive->pending = true;
    if (receive->method == PERSISTENT) {
        MPI_Recv_init(receive->buf, count_of(receive), type_of(receive), source, tag, comm,
                      &receive->request);
        MPI_Start(&receive->request);
    } else {
        MPI_Irecv(receive->buf, count_of(receive), type_of(receive), source, tag, comm,
                  &receive->request);
    }
}

static void finish(struct receive *receive)
{
    int cancelled;

    MPI_Wait(&receive->request, &receive->status);
    MPI_Test_cancelled(&receive->status, &cancelled);
    receive->cancelled = cancelled != 0;
    receive->pending = false;
    if (receive->method == PERSISTENT) {
        MPI_Request_free(&receive->request);
    }
}

/* A receive that is cancelled at once: either it is gone, or it has matched and must complete
 * like any other. Gone: its message is received in another way. */
static void receive_cancelled(struct receive *receive)
{
    post(receive);
    MPI_Cancel(&receive->request);
    finish(receive);
    if (receive->cancelled) {
        struct receive *again = new_receive(receive->wish, RECV, receive->strided);
        cancels++;
        receive_now(again, wish_source(again), again->wish.tag);
    } else {
        late_cancels++;
    }
}

static void run_receive(struct receive *receive)
{
    switch (receive->method) {
        case RECV:
            receive_now(receive, wish_source(receive), receive->wish.tag);
            break;
        case PROBE:
        case IPROBE:
            receive_probed(receive);
            break;
        case MPROBE:
        case IMPROBE:
            receive_matched(receive);
            break;
        case CANCEL:
            receive_cancelled(receive);
            break;
        default:
            post(receive);
    }
}

/* Completes what is pending, from the last posted back or from the first on. */
static void finish_pending(bool backwards)
{
    for (int i = 0; i < receive_count; i++) {
        struct receive *receive = &receives[backwards ? receive_count - 1 - i : i];
        if (receive->pending && receive->method == NEVER) {
            MPI_Cancel(&receive->request);
            finish(receive);
            CHECK(receive->cancelled, "a receive for a tag that nobody sends was not cancelled");
        } else if (receive->pending) {
            finish(receive);
        }
    }
}

/* ---- check ------------------------------------------------------------------------------------ */

/* The bytes that belong to the data hold the payload, all others the canary. */
static void check_content(const struct receive *receive, const struct message *message)
{
    size_t bytes = message_bytes(message), next = 0;

    for (size_t i = 0; i < receive->span; i++) {
        if (next < bytes && place_of(next, receive->strided) == i) {
            CHECK(receive->buf[i] == payload_byte(message->key, next),
                  "message of %zu bytes, tag %d, from rank %d: byte %zu is wrong", bytes,
                  message->tag, message->src, next);
            next++;
        } else {
            CHECK(receive->buf[i] == CANARY,
                  "message of %zu bytes from rank %d: byte %zu beside the data was written", bytes,
                  message->src, i);
        }
    }
}

static void check_receive(struct plan *plan, const struct receive *receive)
{
    int src = translate(receive->wish.comm, receive->status.MPI_SOURCE), got;
    struct message *message = plan_take(plan, receive->wish, src);

    CHECK(message != NULL, "method %d: nothing to take from rank %d, comm %d, tag %d",
          receive->method, src, receive->wish.comm, receive->status.MPI_TAG);
    MPI_Get_elements(&receive->status, MPI_BYTE, &got);
    CHECK(receive->status.MPI_TAG == message->tag && (size_t) got == message_bytes(message),
          "method %d: out of order or wrong status from rank %d, comm %d: tag %d, %d bytes; "
          "want tag %d, %zu bytes",
          receive->method, src, receive->wish.comm, receive->status.MPI_TAG, got, message->tag,
          message_bytes(message));
    check_content(receive, message);
}

static void check_all(struct plan *plan)
{
    for (int i = 0; i < receive_count; i++) {
        if (!receives[i].cancelled) {
            check_receive(plan, &receives[i]);
        }
        free(receives[i].buf);
    }
    for (int i = 0; i < plan->count; i++) {
        CHECK(plan->messages[i].taken, "message %d of the plan was not received", i);
    }
}

/* ---- rounds ----------------------------------------------------------------------------------- */

static void shuffle(int *order, int count, struct rng *rng)
{
    for (int i = 0; i < count; i++) {
        int other = i + (int) rng_below(rng, (uint32_t) (count - i));
        int swapped = order[i];
        order[i] = order[other];
        order[other] = swapped;
    }
}

static void receive_all(struct plan *plan, struct rng *rng)
{
    int *order = check_alloc((size_t) plan->count * sizeof(int)), pending = 0;

    for (int i = 0; i < plan->count; i++) {
        order[i] = i;
    }
    shuffle(order, plan->count, rng);
    receives = check_alloc((size_t) plan->count * 3 * sizeof(*receives));
    receive_count = 0;
    for (int i = 0; i < plan->count; i++) {
        struct wish wish = plan_wish(plan, order[i]);
        struct wish never = { wish.comm, MPI_ANY_SOURCE, TAG_NEVER };
        enum method method = (enum method) rng_below(rng, METHODS);
        if (method == NEVER) {
            run_receive(new_receive(never, NEVER, rng_below(rng, 2) == 0));
            method = IRECV;
        }
        run_receive(new_receive(wish, method, rng_below(rng, 3) == 0));
        if (++pending == PENDING_MAX) {
            finish_pending(rng_below(rng, 2) == 0);
            pending = 0;
        }
    }
    finish_pending(rng_below(rng, 2) == 0);
    check_all(plan);
    free(receives);
    free(order);
}

static void run_round(int round)
{
    struct plan plan;
    struct rng rng = rng_for((uint64_t) round, 3);

    plan_draw(round, &plan);
    if (check.rank == plan.root) {
        receive_all(&plan, &rng);
    } else {
        send_all(&plan);
    }
    plan_free(&plan);
}

/* Receives the first half of a message: an error that says so, and not one byte too many. */
static void receive_short(int bytes, bool matched)
{
    int half = bytes / 2, error, class;
    uint8_t *buf = check_alloc((size_t) bytes);
    MPI_Message message;
    MPI_Status status;

    memset(buf, CANARY, (size_t) bytes);
    if (matched) {
        MPI_Mprobe(MPI_ANY_SOURCE, TAG_SHORT, comms[1], &message, &status);
        error = MPI_Mrecv(buf, half, MPI_BYTE, &message, &status);
    } else {
        error = MPI_Recv(buf, half, MPI_BYTE, MPI_ANY_SOURCE, TAG_SHORT, comms[1], &status);
    }
    CHECK(error != MPI_SUCCESS, "message of %d bytes fitted in %d", bytes, half);
    MPI_Error_class(error, &class);
    CHECK(class == MPI_ERR_TRUNCATE, "error class %d instead of MPI_ERR_TRUNCATE", class);
    for (int i = half; i < bytes; i++) {
        CHECK(buf[i] == CANARY, "truncated message: byte %d beyond the buffer was written", i);
    }
    free(buf);
}

/* Every sender sends one message too long for its receive and one that fits. */
static void run_truncation(int round)
{
    struct rng rng = rng_for((uint64_t) round, 4);
    int root = round % check.size, bytes = 2 + (int) rng_below(&rng, 100000);
    uint8_t *buf = check_alloc((size_t) bytes);

    payload_fill(buf, (size_t) bytes, (uint32_t) round);
    for (int i = 0; check.rank == root && i < check.size - 1; i++) {
        receive_short(bytes, rng_below(&rng, 2) == 0);
    }
    for (int i = 0; check.rank == root && i < check.size - 1; i++) {
        memset(buf, CANARY, (size_t) bytes);
        MPI_Recv(buf, bytes, MPI_BYTE, MPI_ANY_SOURCE, TAG_AFTER, comms[1], MPI_STATUS_IGNORE);
        CHECK(payload_wrong(buf, (size_t) bytes, (uint32_t) round) < 0,
              "wrong data after a truncated message of %d bytes", bytes);
    }
    if (check.rank != root) {
        MPI_Send(buf, bytes, MPI_BYTE, root, TAG_SHORT, comms[1]);
        MPI_Send(buf, bytes, MPI_BYTE, root, TAG_AFTER, comms[1]);
    }
    free(buf);
}

int main(int argc, char **argv)
{
    check_start(&argc, &argv, 40, 400000);
    CHECK(check.size >= 2, "needs at least 2 ranks");
    set_up();
    for (int round = 0; round < check.rounds; round++) {
        check_at("round", round);
        if (round % 4 == 3) {
            run_truncation(round);
        } else {
            run_round(round);
        }
        MPI_Barrier(MPI_COMM_WORLD);
    }
    printf("# rank %d: %ld receives cancelled, %ld cancelled too late\n", check.rank, cancels,
           late_cancels);
    tear_down();
    return check_end();
}
