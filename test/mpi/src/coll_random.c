/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Collectives with random operations, types, counts, roots and communicators, against
 * what each rank works out alone from the seed. Nothing is communicated but the calls under test,
 * and at the end of each batch of cases which was the first to fail.
 *
 *   --cases N        so many cases (300)
 *   --seed S         of all that is drawn (the time)
 *   --max-bytes B    largest block (400000)
 *   --only OP        one collective, such as allgatherv
 *   --first N        does only the communicators of the cases before this one
 *   --limit S        seconds for a batch of 100 cases (100)
 *   --waiting W      0: blocking calls; 1: non-blocking ones; 2: the same with another one under way;
 *                    3: blocking ones with a non-blocking one under way
 *   --strict 1       also what MPICH 4.0.2 itself does wrong: see call_lenient
 *
 * The first failure is told in one line, and the exit status is 1.
 */
#include "coll_random.h"
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#define BATCH 100
#define BATCH_TAG 78
#define OPERATIONS_MAX 32

static struct operation operations[OPERATIONS_MAX];
static int operations_count;
static long calls_made[OPERATIONS_MAX]; /* counted by the first rank of each communicator */
static const char *only;                /* or all */
bool call_lenient;

static struct failure {
    long number; /* of the case; LONG_MAX: none */
    char text[600];
} failure = { .number = INT64_MAX };

void call_failed(const struct call *call, const char *format, ...)
{
    char what[300];
    va_list args;

    if (failure.number != INT64_MAX) {
        return;
    }
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    failure.number = call->number;
    snprintf(failure.text, sizeof(failure.text),
             "case %ld, seed %llu: %s of %s, root %d, comm size %d, %s: rank %d: %s", call->number,
             (unsigned long long) check.seed, call->name, call->text, call->root, call->size,
             call->in_place ? "IN_PLACE" : "not in place", call->rank, what);
}

uint64_t call_stream(const struct call *call, int from, int to)
{
    struct rng rng = { call->stream + (uint64_t) (from * RANKS_MAX + to) };

    return rng_next(&rng);
}

/* ---- one case ---------------------------------------------------------------------------------- */

/* The smaller of two numbers of digits, so that long blocks are rare. */
static size_t draw_power(struct rng *rng, size_t bytes)
{
    uint32_t digits = 0, one, other;

    while ((size_t) 2 << digits <= bytes) {
        digits++;
    }
    one = rng_below(rng, digits + 1);
    other = rng_below(rng, digits + 1);
    return (size_t) 1 << (one < other ? one : other);
}

size_t draw_bytes(struct rng *rng, size_t bytes)
{
    size_t power = draw_power(rng, bytes), drawn;

    switch (rng_below(rng, 8)) {
        case 0:
            drawn = 0;
            break;
        case 1:
        case 2:
            drawn = 1 + rng_below(rng, 64);
            break;
        case 3:
        case 4:
            drawn = power + rng_below(rng, (uint32_t) power);
            break;
        default:
            drawn = power + rng_below(rng, 3) * 8 - 8 + rng_below(rng, 3) - 1;
            drawn = drawn > 2 * power ? 1 : drawn; /* below zero */
    }
    return drawn < bytes ? drawn : bytes;
}

/* MPICH 4.0.2 crashes on large counts. */
static bool fails_in_place(const struct call *call)
{
    return call_lenient && strcmp(call->name, "reduce") == 0 && call->root != 0;
}

static bool has_many_blocks(const char *name)
{
    return strncmp(name, "all", 3) == 0 || strstr(name, "gather") != NULL ||
           strstr(name, "scatter") != NULL;
}

/* Some ranks come late. */
static void dawdle(struct rng *rng)
{
    if (one_in(rng, 16)) {
        usleep(rng_below(rng, 400));
    }
}

static int draw_operation(struct rng *rng)
{
    for (int i = 0; only != NULL && i < operations_count; i++) {
        if (strcmp(only, operations[i].name) == 0) {
            return i;
        }
    }
    return (int) rng_below(rng, (uint32_t) operations_count);
}

static void run_case(long number)
{
    struct rng all = rng_for((uint64_t) number, 33), group_rng;
    const struct slot *slot = slots_draw(&all);
    int operation = draw_operation(&all), group = slot->group[check.rank];
    struct call call = { .number = number, .name = operations[operation].name, .comm = slot->comm };

    if (group < 0) {
        return;
    }
    group_rng = rng_for((uint64_t) number, 1000 + (uint64_t) group);
    call.rng = &group_rng;
    call.own = rng_for((uint64_t) number, 2000 + (uint64_t) check.rank);
    call.stream = rng_next(&group_rng);
    call.rank = slot->rank[check.rank];
    call.size = slot_size(slot, group);
    call.root = (int) rng_below(&group_rng, (uint32_t) call.size);
    call.bytes = (size_t) check.max_bytes;
    if (has_many_blocks(call.name)) {
        call.bytes /= (size_t) call.size;
    }
    call.derived = one_in(&group_rng, 2);
    call.in_place = one_in(&group_rng, 3) && !fails_in_place(&call);
    calls_made[operation] += call.rank == 0;
    dawdle(&call.own);
    operations[operation].run(&call);
}

/* ---- batches ------------------------------------------------------------------------------------ */

/* Point to point, so that a wrong collective cannot hide itself. Rank 0 finds the first case that
 * failed on any rank; the rank that it failed on says so. */
static bool batch_failed(void)
{
    struct {
        int64_t number, rank;
    } first = { failure.number, 0 }, next;

    if (check.rank > 0) {
        MPI_Send(&first.number, 1, MPI_INT64_T, 0, BATCH_TAG, MPI_COMM_WORLD);
        MPI_Recv(&first, 2, MPI_INT64_T, 0, BATCH_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    for (int i = 1; check.rank == 0 && i < check.size; i++) {
        next.rank = i;
        MPI_Recv(&next.number, 1, MPI_INT64_T, i, BATCH_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        first = next.number < first.number ? next : first;
    }
    for (int i = 1; check.rank == 0 && i < check.size; i++) {
        MPI_Send(&first, 2, MPI_INT64_T, i, BATCH_TAG, MPI_COMM_WORLD);
    }
    if (first.number != INT64_MAX && first.rank == check.rank) {
        fprintf(stderr, "%s\n", failure.text);
        fflush(stderr);
    }
    return first.number != INT64_MAX;
}

/* Only while all ranks wait for the last one. */
static bool run_cases(long first)
{
    for (long number = 0; number < check.rounds; number++) {
        check_at("case", number);
        slots_change(number);
        if (number >= first) {
            run_case(number);
        }
        if (number % BATCH == BATCH - 1 || number == check.rounds - 1) {
            alarm((unsigned) check.limit);
            if (batch_failed()) {
                return false;
            }
        }
    }
    return true;
}

/* How many calls of each kind were checked on all communicators. */
static void print_counts(void)
{
    long others[OPERATIONS_MAX];

    if (check.rank > 0) {
        MPI_Send(calls_made, OPERATIONS_MAX, MPI_LONG, 0, BATCH_TAG, MPI_COMM_WORLD);
        return;
    }
    for (int i = 1; i < check.size; i++) {
        MPI_Recv(others, OPERATIONS_MAX, MPI_LONG, i, BATCH_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        for (int k = 0; k < operations_count; k++) {
            calls_made[k] += others[k];
        }
    }
    printf("# %d cases:", check.rounds);
    for (int k = 0; k < operations_count; k++) {
        printf("%s %s %ld", k > 0 ? "," : "", operations[k].name, calls_made[k]);
    }
    printf("\n");
}

/* ---- start -------------------------------------------------------------------------------------- */

static void add_operations(const struct operation *some, int count)
{
    for (int i = 0; i < count; i++) {
        operations[operations_count++] = some[i];
    }
}

static bool is_operation(const char *name)
{
    for (int i = 0; i < operations_count; i++) {
        if (strcmp(operations[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    bool good;
    long first;

    check_start(&argc, &argv, 300, 400000);
    add_operations(moves, moves_count);
    add_operations(reductions, reductions_count);
    check.rounds = (int) check_option("--cases", check.rounds);
    check.max_bytes = (int) check_option("--max-bytes", check.max_bytes);
    first = check_option("--first", 0);
    call_lenient = check_option("--strict", 0) == 0;
    call_waiting = (enum waiting) check_option("--waiting", WAIT_INSIDE);
    only = check_word("--only");
    CHECK(check.size <= RANKS_MAX, "%d ranks: use at most %d", check.size, RANKS_MAX);
    CHECK(only == NULL || is_operation(only), "--only: %s: no such collective", only);
    slots_start();
    rules_start();
    good = run_cases(first);
    if (!good) {
        MPI_Finalize();
        return 1;
    }
    print_counts();
    rules_end();
    slots_end();
    return check_end();
}
