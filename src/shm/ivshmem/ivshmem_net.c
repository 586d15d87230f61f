/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The netmod's device: asks the netmod to choose, with what the locality table says of this VM,
 * and brings the ranks' choices together for the report.
 */
#include <mpidimpl.h>
#include "ivshmem_impl.h"
#include "core/ivs_report.h"

#ifdef HAVE_CH4_NETMOD_UCX
#include "../../netmod/ucx/ucx_ivshmem_device.h"

#define ROUND 'n'

MPL_COMPILE_TIME_ASSERT(MPIDI_UCX_DEVICE_TEXT_BYTES <= IVS_NOTE_BYTES);

static struct ivs_note *notes; /* of the first ranks, at rank 0; NULL: of none */
static int note_count;

static uint32_t local_rank(const int *node_of)
{
    uint32_t before = 0;

    for (int i = 0; i < MPIR_Process.rank; i++) {
        before += node_of[i] == node_of[MPIR_Process.rank];
    }
    return before;
}

/* The entry is read anew: should it have gone bad meanwhile, the table says nothing. */
static uint32_t table_vfs(struct ivl_vm *vm)
{
    if (!MPIDI_IVSHMEMI_global.in_table ||
        ivl_table_read(MPIDI_IVSHMEMI_global.region, MPIDI_IVSHMEMI_global.vm_slot, vm, NULL) !=
            0) {
        return 0;
    }
    return vm->vm.vf_count;
}

static int collect(const struct ivs_note *own)
{
    char text[IVS_TEXT_BYTES];
    int mpi_errno;

    ivs_note_encode(own, text);
    mpi_errno = MPIDI_IVSHMEMI_exchange_put(ROUND, MPIR_Process.rank, text);
    MPIR_ERR_CHECK(mpi_errno);
    mpi_errno = MPIR_pmi_barrier();
    MPIR_ERR_CHECK(mpi_errno);
    if (MPIR_Process.rank != 0) {
        goto fn_exit;
    }
    notes = MPL_calloc(MPIR_Process.size, sizeof(*notes), MPL_MEM_OTHER);
    MPIR_ERR_CHKANDJUMP(notes == NULL, mpi_errno, MPI_ERR_OTHER, "**ivshmem_nomem");
    note_count = MPIR_Process.size;
    for (int rank = 0; rank < MPIR_Process.size; rank++) {
        mpi_errno = MPIDI_IVSHMEMI_exchange_get(ROUND, rank, rank, text);
        MPIR_ERR_CHECK(mpi_errno);
        MPIR_ERR_CHKANDJUMP1(ivs_note_decode(text, &notes[rank]) != 0, mpi_errno, MPI_ERR_OTHER,
                             "**ivshmem_message", "**ivshmem_message %d", rank);
    }
fn_exit:
    return mpi_errno;
fn_fail:
    goto fn_exit;
}

/* Rank 0's own, in a job that has exchanged nothing. */
static void keep_own(const struct ivs_note *own)
{
    notes = MPL_malloc(sizeof(*notes), MPL_MEM_OTHER);
    if (notes != NULL) {
        *notes = *own;
        note_count = 1;
    }
}

int MPIDI_IVSHMEMI_net_choose(const int *node_of, bool together)
{
    struct ivs_note note = { 0 };
    struct ivl_vm vm;
    uint32_t vfs = table_vfs(&vm);
    int mpi_errno;

    mpi_errno = MPIDI_UCX_choose_device(vm.vm.vfs, vfs, local_rank(node_of), note.text);
    MPIR_ERR_CHECK(mpi_errno);
    if (together) {
        mpi_errno = collect(&note);
    } else if (MPIR_Process.rank == 0 && MPIR_CVAR_IVSHMEM_REPORT > 0) {
        keep_own(&note);
    }
fn_fail:
    return mpi_errno;
}

void MPIDI_IVSHMEMI_net_report(FILE *out)
{
    if (notes != NULL) {
        ivs_verbs_report_write(out, &MPIDI_IVSHMEMI_global.map, notes, note_count,
                               MPIR_CVAR_IVSHMEM_REPORT > 1);
    }
    MPL_free(notes);
    notes = NULL;
}

#else

int MPIDI_IVSHMEMI_net_choose(const int *node_of, bool together)
{
    return MPI_SUCCESS;
}

void MPIDI_IVSHMEMI_net_report(FILE *out)
{
}

#endif
