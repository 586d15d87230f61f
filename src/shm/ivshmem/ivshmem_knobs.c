/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The knobs: MPICH control variables of the ivshmem module and their check. doc/knobs.md is
 * generated from this block by build-aux/knobs.
 */
#include "ivshmem_impl.h"
#include "core/ivs_shape.h"
#include <stdlib.h>
#include <unistd.h>

/*
=== BEGIN_MPI_T_CVAR_INFO_BLOCK ===

categories:
    - name        : IVSHMEM
      description : cvars that control inter-VM shared memory

cvars:
    - name        : MPIR_CVAR_IVSHMEM_ENABLE
      category    : IVSHMEM
      type        : int
      default     : 1
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_BASIC
      scope       : MPI_T_SCOPE_LOCAL
      description : >-
        1: use the inter-VM region where co-residency is proved. 0: this rank, and with it all
        ranks of its VM, reaches other VMs over the netmod. Range 0..1.

    - name        : MPIR_CVAR_IVSHMEM_URI
      category    : IVSHMEM
      type        : string
      default     : "auto"
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_BASIC
      scope       : MPI_T_SCOPE_LOCAL
      description : >-
        Where the region is. auto: the PCI device, if there is one; pci:auto; pci:DDDD:BB:DD.F
        with an optional ?map=driver, ?map=wc or ?map=uc (default: the first that can be
        mapped); file:PATH; dax:/dev/daxX.Y. %h stands for the number of the fake host (see
        MPIR_CVAR_IVSHMEM_CLIQUES_PER_HOST).

    - name        : MPIR_CVAR_IVSHMEM_VM
      category    : IVSHMEM
      type        : string
      default     : ""
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_BASIC
      scope       : MPI_T_SCOPE_LOCAL
      description : >-
        Which entry of the locality table this VM is. Empty: found by UUID, asset tag, vsock
        CID or MAC address. Else the name or slot of an entry (for containers), or "clique":
        the number of the fake VM (see MPIR_CVAR_NUM_CLIQUES), for tests on one machine.

    - name        : MPIR_CVAR_IVSHMEM_CLIQUES_PER_HOST
      category    : IVSHMEM
      type        : int
      default     : 0
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_DETAIL
      scope       : MPI_T_SCOPE_ALL_EQ
      description : >-
        Test mode: with MPIR_CVAR_IVSHMEM_VM=clique, this many fake VMs make one fake host; the
        slot is the fake VM's number in its host. 0: all are on one host. Range 0..1024.

    - name        : MPIR_CVAR_IVSHMEM_REPORT
      category    : IVSHMEM
      type        : int
      default     : 0
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_BASIC
      scope       : MPI_T_SCOPE_ALL_EQ
      description : >-
        1: rank 0 prints to standard error which channel each pair of VMs uses and why, and a rank
        whose MPI_Alloc_mem found no room in the region says so at the end. 2: the
        same for each rank too. 0: nothing. Range 0..2.

    - name        : MPIR_CVAR_IVSHMEM_SHARED_SCOPE
      category    : IVSHMEM
      type        : string
      default     : "host"
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_BASIC
      scope       : MPI_T_SCOPE_ALL_EQ
      description : >-
        What MPI_COMM_TYPE_SHARED groups. host: the ranks of all co-resident VMs, who can share
        windows; vm: the ranks of one VM, for programs that take it to mean a common file
        system, device or process space.

    - name        : MPIR_CVAR_IVSHMEM_ARENA_PERCENT
      category    : IVSHMEM
      type        : int
      default     : 50
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_DETAIL
      scope       : MPI_T_SCOPE_LOCAL
      description : >-
        Share of the region's free memory, in percent, that a job may take at start for its
        messages; it is content with fewer cells. Range 1..95.

    - name        : MPIR_CVAR_IVSHMEM_CELLS
      category    : IVSHMEM
      type        : int
      default     : 0
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_DETAIL
      scope       : MPI_T_SCOPE_ALL_EQ
      description : >-
        Buffers per rank for messages on the host that are longer than a record (952 bytes). 0:
        up to 128, for all ranks of the host 12 MiB, but at least 8 each. A small region gets
        fewer. Range 0..1024; 1 counts as 2.

    - name        : MPIR_CVAR_IVSHMEM_CELL_BYTES
      category    : IVSHMEM
      type        : int
      default     : 16384
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_DETAIL
      scope       : MPI_T_SCOPE_ALL_EQ
      description : >-
        Size of such a buffer, in bytes: the piece in which long messages travel. Multiple of
        64. Range 1024..1048576.

    - name        : MPIR_CVAR_IVSHMEM_RINGS
      category    : IVSHMEM
      type        : int
      default     : 64
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_DETAIL
      scope       : MPI_T_SCOPE_ALL_EQ
      description : >-
        Peers on the host to whom a rank can have a ring (8 KiB) at the same time. A rank that
        talks to more moves rings from one to another. All rings of a host take no more than 18 MiB:
        a small region and a host with more than 47 ranks get fewer. Range 1..64.

    - name        : MPIR_CVAR_IVSHMEM_HEARTBEAT_MS
      category    : IVSHMEM
      type        : int
      default     : 250
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_DETAIL
      scope       : MPI_T_SCOPE_ALL_EQ
      description : >-
        How often a rank shows that it is alive and looks at the others, in milliseconds. A rank
        silent for the region's lease (see ivshmemctl create --lease) is taken for dead. Must be
        at most a quarter of the lease. Range 10..60000.

    - name        : MPIR_CVAR_IVSHMEM_CMA
      category    : IVSHMEM
      type        : int
      default     : 1
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_DETAIL
      scope       : MPI_T_SCOPE_LOCAL
      description : >-
        Whether contiguous messages of more than 64 KiB between ranks of one VM are copied once,
        by the kernel, from the sender's memory to the receiver's (cross memory attach). 0: never.
        1: for the sizes where that measures faster. 2: always, if the kernel permits it; for
        tests. Messages from or to memory that lies in the region (MPI_Alloc_mem, windows) are
        copied once too, where that measures faster, and always with 2. Range 0..2.

    - name        : MPIR_CVAR_IVSHMEM_ALLOC_MEM_KIB
      category    : IVSHMEM
      type        : int
      default     : 64
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_BASIC
      scope       : MPI_T_SCOPE_LOCAL
      description : >-
        MPI_Alloc_mem of at least so many KiB takes memory from the region, if the job has one and
        it is mapped as ordinary memory (at least 1000 MB/s when it was opened); the info key
        mpich_buf_type with the value shmem asks for it at any size and speed. 0: only then. Range
        0..1073741824.

    - name        : MPIR_CVAR_IVSHMEM_COLL
      category    : IVSHMEM
      type        : int
      default     : 1
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_BASIC
      scope       : MPI_T_SCOPE_ALL_EQ
      description : >-
        1: collective operations among ranks of one host go through shared memory of their
        communicator, up to MPIR_CVAR_COLL_SHM_LIMIT_PER_NODE in all; blocking ones from the fourth
        on, non-blocking ones after these. 0: MPICH's algorithms, by messages. Range 0..1.

    - name        : MPIR_CVAR_IVSHMEM_COLL_ALGORITHMS
      category    : IVSHMEM
      type        : string
      default     : ""
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_BASIC
      scope       : MPI_T_SCOPE_ALL_EQ
      description : >-
        Algorithms of collective operations, as in "allreduce=slices,bcast=!shared": the one named,
        or (!) any other. mpich: messages, as MPICH sends them; shared: shared memory; slices
        (allreduce, reduce): shared memory, each rank reduces a part; tree (barrier, bcast,
        allreduce, reduce): shared memory, by way of one rank of each NUMA node or VM; hosts
        (barrier, bcast, reduce, allreduce, allgather, alltoall): over several hosts, in two levels;
        leaders (bcast, allreduce, allgather, alltoall): the same with several ranks of each host
        that send. The same on all ranks.

    - name        : MPIR_CVAR_IVSHMEM_COLL_TABLE
      category    : IVSHMEM
      type        : string
      default     : ""
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_BASIC
      scope       : MPI_T_SCOPE_ALL_EQ
      description : >-
        A JSON file, as ivshmem-tune writes it: an object with "rules" for the same, an array of
        objects with "operation", "algorithm", upper bounds "ranks", "vms", "bytes" (none: any), and
        "never": true to forbid, and with "settings", an object of variables and numbers:
        MPIR_CVAR_IVSHMEM_CELLS, _CELL_BYTES, _RINGS, _CMA, _ALLOC_MEM_KIB and _COLL, unless they are
        in the environment. The first rule that fits counts, then the built-in ones, where the
        algorithm "built-in" leads at once. The rules alone will do. The same on all ranks.

    - name        : MPIR_CVAR_IVSHMEM_COLL_ORDERED
      category    : IVSHMEM
      type        : int
      default     : 0
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_BASIC
      scope       : MPI_T_SCOPE_ALL_EQ
      description : >-
        1: blocking reductions combine the ranks' data in an order that depends on the number of
        ranks only, by messages: the same program rounds alike wherever its ranks run, more slowly.
        0: the fastest way; the result is the same on all ranks and in every run with the same
        placement. Range 0..1.

    - name        : MPIR_CVAR_IVSHMEM_NET_DEVICE
      category    : IVSHMEM
      type        : string
      default     : "auto"
      class       : none
      verbosity   : MPI_T_VERBOSITY_USER_BASIC
      scope       : MPI_T_SCOPE_LOCAL
      description : >-
        The verbs device that UCX uses (ch4:ucx). auto: of each network that this VM has ports in,
        the port that is best and nearest, and of RoCE a GID of v2 and IPv4 or a global address;
        UCX_NET_DEVICES and UCX_IB_GID_INDEX are left as they are if they are set. none: left to
        UCX. A device's name, with or without a port, as mlx5_1 or mlx5_1:1: that one; who shares no
        verbs network with it is reached by what else UCX has, as TCP.

=== END_MPI_T_CVAR_INFO_BLOCK ===
*/

extern char **environ;

enum knob {
    ENABLE,
    CLIQUES_PER_HOST,
    REPORT,
    ARENA_PERCENT,
    HEARTBEAT_MS,
    CELLS,
    CELL_BYTES,
    RINGS,
    CMA,
    ALLOC_MEM_KIB,
    COLL,
    COLL_ORDERED,
    NUMBERS
};

#define KNOB(name, low, high, in_file) \
    [name] = { "MPIR_CVAR_IVSHMEM_" #name, low, high, in_file, false, 0 }

/* Knobs that are numbers, and what the file of MPIR_CVAR_IVSHMEM_COLL_TABLE says of them. */
static struct ivs_setting numbers[NUMBERS] = {
    KNOB(ENABLE, 0, 1, false),
    KNOB(CLIQUES_PER_HOST, 0, IVS_NODES_MAX, false),
    KNOB(REPORT, 0, 2, false),
    KNOB(ARENA_PERCENT, 1, 95, false),
    KNOB(HEARTBEAT_MS, 10, 60000, false),
    KNOB(CELLS, 0, IVS_CELLS_MAX, true),
    KNOB(CELL_BYTES, IVS_CELL_BYTES_MIN, IVS_CELL_BYTES_MAX, true),
    KNOB(RINGS, 1, IVS_RINGS_MAX, true),
    KNOB(CMA, 0, 2, true),
    KNOB(ALLOC_MEM_KIB, 0, 1 << 30, true),
    KNOB(COLL, 0, 1, true),
    KNOB(COLL_ORDERED, 0, 1, false),
};

static int *const variables[NUMBERS] = {
    [ENABLE] = &MPIR_CVAR_IVSHMEM_ENABLE,
    [CLIQUES_PER_HOST] = &MPIR_CVAR_IVSHMEM_CLIQUES_PER_HOST,
    [REPORT] = &MPIR_CVAR_IVSHMEM_REPORT,
    [ARENA_PERCENT] = &MPIR_CVAR_IVSHMEM_ARENA_PERCENT,
    [HEARTBEAT_MS] = &MPIR_CVAR_IVSHMEM_HEARTBEAT_MS,
    [CELLS] = &MPIR_CVAR_IVSHMEM_CELLS,
    [CELL_BYTES] = &MPIR_CVAR_IVSHMEM_CELL_BYTES,
    [RINGS] = &MPIR_CVAR_IVSHMEM_RINGS,
    [CMA] = &MPIR_CVAR_IVSHMEM_CMA,
    [ALLOC_MEM_KIB] = &MPIR_CVAR_IVSHMEM_ALLOC_MEM_KIB,
    [COLL] = &MPIR_CVAR_IVSHMEM_COLL,
    [COLL_ORDERED] = &MPIR_CVAR_IVSHMEM_COLL_ORDERED,
};

/* The others. */
static const char *const texts[] = {
    "MPIR_CVAR_IVSHMEM_URI",          "MPIR_CVAR_IVSHMEM_VM",
    "MPIR_CVAR_IVSHMEM_SHARED_SCOPE", "MPIR_CVAR_IVSHMEM_COLL_ALGORITHMS",
    "MPIR_CVAR_IVSHMEM_COLL_TABLE",   "MPIR_CVAR_IVSHMEM_NET_DEVICE",
};

#define KNOWN_COUNT (NUMBERS + sizeof(texts) / sizeof(texts[0]))

static const char *known(size_t i)
{
    return i < NUMBERS ? numbers[i].name : texts[i - NUMBERS];
}

/* Length of the common beginning: the nearest known name is the one that agrees longest. */
static size_t common_length(const char *a, const char *b)
{
    size_t n = 0;

    while (a[n] != '\0' && a[n] == b[n]) {
        n++;
    }
    return n;
}

static void warn_unknown(const char *name, size_t length)
{
    size_t best = 0;

    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (strlen(known(i)) == length && strncmp(known(i), name, length) == 0) {
            return;
        }
        if (common_length(known(i), name) > common_length(known(best), name)) {
            best = i;
        }
    }
    fprintf(stderr, "[ivshmem] %.*s: no such knob: did you mean %s?\n", (int) length, name,
            known(best));
}

static void warn_unknown_all(void)
{
    static const char prefix[] = "MPIR_CVAR_IVSHMEM_";

    for (char **e = environ; e != NULL && *e != NULL; e++) {
        if (strncmp(*e, prefix, sizeof(prefix) - 1) == 0) {
            warn_unknown(*e, strcspn(*e, "="));
        }
    }
}

static int check_ranges(void)
{
    int mpi_errno = MPI_SUCCESS;

    for (int i = 0; i < NUMBERS; i++) {
        const struct ivs_setting *number = &numbers[i];

        MPIR_ERR_CHKANDJUMP4(*variables[i] < number->low || *variables[i] > number->high, mpi_errno,
                             MPI_ERR_ARG, "**ivshmem_knob", "**ivshmem_knob %s %d %d %d",
                             number->name, *variables[i], number->low, number->high);
    }
fn_fail:
    return mpi_errno;
}

/* MPICH takes a variable by three names. */
static bool is_in_environment(const char *name)
{
    static const char *const prefixes[] = { "MPIR_CVAR_", "MPIR_PARAM_", "MPICH_" };
    char other[64];

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        snprintf(other, sizeof(other), "%s%s", prefixes[i], name + strlen(prefixes[0]));
        if (getenv(other) != NULL) {
            return true;
        }
    }
    return false;
}

/* What the file sets, the environment may have set otherwise: that was meant for this job. */
static int load_table(void)
{
    int mpi_errno;

    for (int i = 0; i < NUMBERS; i++) {
        numbers[i].given = false; /* MPI may have begun before */
    }
    mpi_errno = MPIDI_IVSHMEMI_rules_load(numbers, NUMBERS);
    MPIR_ERR_CHECK(mpi_errno);
    for (int i = 0; i < NUMBERS; i++) {
        if (numbers[i].given && !is_in_environment(numbers[i].name)) {
            *variables[i] = numbers[i].value;
        }
    }
fn_fail:
    return mpi_errno;
}

int MPIDI_IVSHMEMI_knobs_check(void)
{
    int mpi_errno;
    const char *scope = MPIR_CVAR_IVSHMEM_SHARED_SCOPE;

    if (MPIR_Process.rank == 0) {
        warn_unknown_all();
    }
    mpi_errno = check_ranges();
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = load_table();
    MPIR_ERR_CHECK(mpi_errno);
    MPIR_ERR_CHKANDJUMP1(strcmp(scope, "host") != 0 && strcmp(scope, "vm") != 0, mpi_errno,
                         MPI_ERR_ARG, "**ivshmem_scope", "**ivshmem_scope %s", scope);
fn_exit:
    return mpi_errno;
fn_fail:
    goto fn_exit;
}

struct ivs_queues MPIDI_IVSHMEMI_wanted_queues(uint32_t ranks)
{
    struct ivs_queues queues = { (uint32_t) MPIR_CVAR_IVSHMEM_CELLS,
                                 (uint32_t) MPIR_CVAR_IVSHMEM_CELL_BYTES / 64 * 64,
                                 (uint32_t) MPIR_CVAR_IVSHMEM_RINGS };

    if (queues.cells == 1) {
        queues.cells = 2;
    }
    ivs_size_usual(ranks, &queues);
    return queues;
}
