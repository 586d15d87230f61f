/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A receiver in another VM whose buffer lies in the region answers with that buffer's place, for
 * the sender to copy the data there. Here the answer is changed, as any VM could, while it lies in
 * the ring. A place that is none of this job's is not written to, and the data arrives the ordinary
 * way; an answer to no message, or of other length, is an MPI error.
 * Options: see check.h; last of all, -fatal NAME: one of the changes that end the job, by name.
 * For two ranks in two VMs that share a region, and MPIR_CVAR_IVSHMEM_CMA=2.
 */
#include "check.h"
#include <unistd.h>

#define TAG 7
#define BYTES 150000
#define ROOM (3 * BYTES)
#define STEP 4096 /* from one place to the next; more than what MPI keeps before a buffer */

/* An answer, as words. */
enum {
    TICKET,
    ENTRY,
    REQUEST,
    LENGTH,
    BLOCK,
    FROM,
    GENERATION, /* and, in the high half, that there is a place */
    WORDS
};

struct change {
    const char *name;
    int word;
    uint64_t clear, add;
};

static const struct change harmless[] = {
    { "nothing", BLOCK, 0, 0 },
    { "another generation", GENERATION, 0, 1 },
    { "an older generation", GENERATION, UINT32_MAX, 0 },
    { "no place", GENERATION, ~(uint64_t) UINT32_MAX, 0 },
    { "no block there", BLOCK, UINT64_MAX, 0 },
    { "not a block's begin", BLOCK, 0, 64 },
    { "a block outside the region", BLOCK, UINT64_MAX, (uint64_t) 1 << 60 },
    { "behind the end", FROM, 0, UINT64_C(64) << 20 },
    { "an end that overflows", FROM, UINT64_MAX, UINT64_MAX - 100 },
};

static const struct change fatal[] = {
    { "length", LENGTH, 0, UINT64_MAX },
    { "longer", LENGTH, 0, 1 },
    { "ticket", TICKET, 0, 1 },
    { "entry", ENTRY, UINT32_MAX, 1000 },
    { "request", REQUEST, 0, UINT64_C(1) << 32 },
};

#define COUNT(array) (int) (sizeof(array) / sizeof((array)[0]))

static uint8_t *buffer;    /* ROOM bytes in the region */
static volatile int *left; /* 1: the receiver has answered and makes no MPI calls */

/* The region as this process sees it, from its begin to our own buffer: what MPI has made for itself
 * comes first. */
static uint64_t *region_begin(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long begin = 0, end;
    char line[512];

    CHECK(maps != NULL, "/proc/self/maps cannot be read");
    while (fgets(line, sizeof(line), maps) != NULL) {
        if (sscanf(line, "%lx-%lx", &begin, &end) == 2 && (unsigned long) buffer >= begin &&
            (unsigned long) buffer < end) {
            break;
        }
        begin = 0;
    }
    fclose(maps);
    return (uint64_t *) begin;
}

/* The answer that names a place `from` bytes behind the begin of a buffer. */
static volatile uint64_t *find_answer(uint64_t from)
{
    volatile uint64_t *words = region_begin(), *end = (uint64_t *) buffer, *found = NULL;

    CHECK(words != NULL, "the buffer of MPI_Alloc_mem is not mapped");
    for (; words + WORDS <= end; words++) {
        if (words[LENGTH] == BYTES && words[FROM] - from < STEP && words[GENERATION] >> 32 == 1) {
            CHECK(found == NULL, "two answers with one place");
            found = words;
        }
    }
    CHECK(found != NULL, "no answer with a place %lu in a buffer", (unsigned long) from);
    return found;
}

static int send_and_change(const struct change *change, int from)
{
    static uint8_t data[BYTES];
    volatile uint64_t *answer;
    MPI_Request request;

    *left = 0;
    payload_fill(data, BYTES, (uint32_t) from);
    MPI_Isend(data, BYTES, MPI_BYTE, 1, TAG, MPI_COMM_WORLD, &request);
    MPI_Send(NULL, 0, MPI_BYTE, 1, TAG + 1, MPI_COMM_WORLD);
    while (!*left) {
        usleep(1000);
    }
    answer = find_answer((uint64_t) from);
    answer[change->word] = (answer[change->word] & ~change->clear) + change->add;
    return MPI_Wait(&request, MPI_STATUS_IGNORE);
}

static void verify(const struct change *change, int from, const MPI_Status *status)
{
    long wrong = payload_wrong(buffer + from, BYTES, (uint32_t) from);
    int count;

    MPI_Get_count(status, MPI_BYTE, &count);
    CHECK(count == BYTES, "%s: %d bytes", change->name, count);
    CHECK(wrong < 0, "%s: byte %ld is wrong", change->name, wrong);
    for (int i = 0; i < ROOM; i++) {
        CHECK(buffer[i] == 0x55 || (i >= from && i < from + BYTES), "%s: written to %d not %d",
              change->name, i, from);
    }
}

static int answer_and_wait(const struct change *change, int from)
{
    MPI_Request request;
    MPI_Status status;
    int rc;

    memset(buffer, 0x55, ROOM);
    MPI_Irecv(buffer + from, BYTES, MPI_BYTE, 0, TAG, MPI_COMM_WORLD, &request);
    MPI_Recv(NULL, 0, MPI_BYTE, 0, TAG + 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    *left = 1;
    rc = MPI_Wait(&request, &status);
    if (rc == MPI_SUCCESS) {
        verify(change, from, &status);
    }
    return rc;
}

/* A place of its own for each, so that old answers in the ring are not taken for new ones. */
static int exchange(const struct change *change, int number)
{
    const int from = 1003 + STEP * number;

    check_at(change->name, number);
    return check.rank == 0 ? send_and_change(change, from) : answer_and_wait(change, from);
}

static void end(void)
{
    printf(" No Errors\n");
    fflush(stdout);
    usleep(200000); /* launchers lose the output of a rank that aborts at once */
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* The job's end is the rank's that sees the error; the other one waits for it. */
static void expect_error(const char *name, int rc)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length;

    CHECK(rc != MPI_SUCCESS, "%s: no error", name);
    MPI_Error_string(rc, text, &length);
    CHECK(strstr(text, check.rank == 0 ? "rank 1" : "rank 0") != NULL, "%s: the error is: %s", name,
          text);
    end();
}

static void run_fatal(const char *name)
{
    for (int i = 0; i < COUNT(fatal); i++) {
        if (strcmp(fatal[i].name, name) == 0) {
            int rc = exchange(&fatal[i], i);
            if (rc == MPI_SUCCESS && check.rank == 0) {
                rc = MPI_Recv(NULL, 0, MPI_BYTE, 1, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            }
            expect_error(name, rc);
        }
    }
    CHECK(false, "-fatal %s: no such change", name);
}

static void run_harmless(void)
{
    for (int i = 0; i < COUNT(harmless); i++) {
        int rc = exchange(&harmless[i], i);
        CHECK(rc == MPI_SUCCESS, "%s: an error", harmless[i].name);
        MPI_Barrier(MPI_COMM_WORLD);
    }
}

/* The other rank is in another VM, and both have the region: else there is no answer to change. */
static void set_up(MPI_Win *flags)
{
    const char *cliques = getenv("MPIR_CVAR_NUM_CLIQUES");
    MPI_Aint bytes;
    MPI_Comm host;
    MPI_Info info;
    int unit, host_size;
    void *flag;

    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
    MPI_Comm_size(host, &host_size);
    MPI_Win_allocate_shared(sizeof(int), 1, MPI_INFO_NULL, host, &flag, flags);
    MPI_Win_shared_query(*flags, 0, &bytes, &unit, &flag);
    left = flag;
    MPI_Comm_free(&host);
    MPI_Info_create(&info);
    MPI_Info_set(info, "mpich_buf_type", "shmem");
    MPI_Alloc_mem(ROOM, info, &buffer);
    MPI_Info_free(&info);
    CHECK(host_size == 2 && check.size == 2 && cliques != NULL && atoi(cliques) > 1 &&
              getenv("MPIR_CVAR_IVSHMEM_URI") != NULL,
          "wants two ranks, in two fake VMs with a region");
}

int main(int argc, char **argv)
{
    const char *name = NULL;
    MPI_Win flags;

    if (argc > 2 && strcmp(argv[argc - 2], "-fatal") == 0) {
        name = argv[argc - 1];
        argc -= 2;
    }
    check_start(&argc, &argv, 1, BYTES);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    set_up(&flags);
    if (name != NULL) {
        run_fatal(name);
    }
    run_harmless();
    MPI_Win_free(&flags);
    MPI_Free_mem(buffer);
    return check_end();
}
