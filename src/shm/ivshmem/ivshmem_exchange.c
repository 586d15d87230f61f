/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Messages through the process manager. Each round is put, barrier, get; keys carry a sequence
 * number, because a process manager keeps keys when MPI is initialised again (sessions).
 */
#include "ivshmem_impl.h"

#define KEY_BYTES 40

static int sequence;

void MPIDI_IVSHMEMI_exchange_begin(void)
{
    sequence++;
}

static void make_key(char key[KEY_BYTES], char round, int id)
{
    snprintf(key, KEY_BYTES, "ivshmem-%d%c-%d", sequence, round, id);
}

int MPIDI_IVSHMEMI_exchange_put(char round, int id, const char *text)
{
    char key[KEY_BYTES];

    make_key(key, round, id);
    return MPIR_pmi_kvs_put(key, text);
}

int MPIDI_IVSHMEMI_exchange_get(char round, int id, int source, char text[IVS_TEXT_BYTES])
{
    char key[KEY_BYTES];
    int mpi_errno = MPI_SUCCESS;
    int size = MPL_MAX(MPIR_pmi_max_val_size(), IVS_TEXT_BYTES);
    char *value = MPL_calloc(1, (size_t) size + 1, MPL_MEM_OTHER);

    MPIR_ERR_CHKANDJUMP(value == NULL, mpi_errno, MPI_ERR_OTHER, "**ivshmem_nomem");
    make_key(key, round, id);
    mpi_errno = MPIR_pmi_kvs_get(source, key, value, size);
    MPIR_ERR_CHECK(mpi_errno);
    MPL_strncpy(text, value, IVS_TEXT_BYTES);

fn_exit:
    MPL_free(value);
    return mpi_errno;
fn_fail:
    goto fn_exit;
}
