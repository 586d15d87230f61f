/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The channel report, printed by rank 0 when the map is known. Written in one go, so that it is
 * not torn by other ranks' output.
 */
#include <mpidimpl.h>
#include "ivshmem_impl.h"
#include "core/ivs_report.h"

static void netmod_text(char *text, size_t size)
{
    const char *tls = getenv("UCX_TLS");
    const char *devices = getenv("UCX_NET_DEVICES");

    snprintf(text, size, "%s%s%s%s%s", MPIDI_NM_strings[0], tls ? " UCX_TLS=" : "", tls ? tls : "",
             devices ? " UCX_NET_DEVICES=" : "", devices ? devices : "");
}

static void write_single_node(FILE *out)
{
    fprintf(out, "[ivshmem] channels: %d ranks: %s\n", MPIR_Process.size,
            MPIR_CVAR_NOLOCAL ? "netmod (MPIR_CVAR_NOLOCAL)" : "one VM: shm");
}

void MPIDI_IVSHMEMI_report(void)
{
    const MPIDI_IVSHMEMI_global_t *global = &MPIDI_IVSHMEMI_global;
    char netmod[256];
    struct ivs_report report = { &global->map, netmod, { 0, 0, 0 }, MPIR_Process.rank };
    char *text = NULL;
    size_t size = 0;
    FILE *out;

    if (MPIR_CVAR_IVSHMEM_REPORT == 0 || MPIR_Process.rank != 0 ||
        (out = open_memstream(&text, &size)) == NULL) {
        return;
    }
    netmod_text(netmod, sizeof(netmod));
    if (global->merged) {
        report.queues = global->queues;
    }
    if (global->map.node_count == 0) {
        write_single_node(out);
    } else {
        ivs_report_write(out, &report, MPIR_CVAR_IVSHMEM_REPORT > 1);
    }
    MPIDI_IVSHMEMI_net_report(out);
    MPIDI_IVSHMEMI_cma_report(out);
    if (fclose(out) == 0) {
        fwrite(text, 1, size, stderr);
        fflush(stderr);
    }
    MPL_external_free(text);
}
