/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Which verbs device this rank's UCX uses (see ../ivshmem/ivn_choice.h). What UCX is given names
 * all it may use of any network: the ports chosen, and everything that is not verbs. So peers with
 * no verbs network in common are reached as before.
 */
#ifndef UCX_IVSHMEM_DEVICE_H_INCLUDED
#define UCX_IVSHMEM_DEVICE_H_INCLUDED

#include <stdint.h>
#include "locality.h"

#define MPIDI_UCX_DEVICE_TEXT_BYTES 340

/* Chooses, before UCX is started; vfs are this VM's in the locality table. text says what was
 * chosen and why. An MPI error if MPIR_CVAR_IVSHMEM_NET_DEVICE names what cannot be used here. */
int MPIDI_UCX_choose_device(const struct ivl_abi_vf *vfs, uint32_t vf_count, uint32_t local_rank,
                            char text[MPIDI_UCX_DEVICE_TEXT_BYTES]);

#endif /* UCX_IVSHMEM_DEVICE_H_INCLUDED */
