/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Between the choice of a verbs device and UCX's configuration (see ucx_ivshmem_device.h).
 */
#include "mpidimpl.h"
#include "ucx_impl.h"
#include "ucx_ivshmem.h"
#include "ucx_ivshmem_device.h"

#ifdef HAVE_IVSHMEM_VERBS
#include <unistd.h>
#include "../ivshmem/ivn_near.h"
#include "../ivshmem/ivn_probe.h"
#include "../ivshmem/ivn_sysfs.h"
#include "../ivshmem/ivn_ucx.h"

MPL_COMPILE_TIME_ASSERT(IVN_TEXT_BYTES <= MPIDI_UCX_DEVICE_TEXT_BYTES);

#define GID_INDEX "UCX_IB_GID_INDEX"

/* What UCX will be told. */
static struct {
    char *devices; /* NULL: nothing */
    int gid_index; /* -1: nothing */
    char *before;  /* the index's variable as it was; NULL: not set */
} told = { NULL, -1, NULL };

static void forget(void)
{
    MPL_external_free(told.devices);
    MPL_free(told.before);
    told.devices = told.before = NULL;
    told.gid_index = -1;
}

/* Distances, if they matter. Without them all devices count as equally near: a remark on that, or "". */
static const char *measure(struct ivn_port *ports, int count)
{
    if (!ivn_has_several(ports, count)) {
        return "";
    }
#ifdef HAVE_HWLOC
    return ivn_near("", ports, count) ? "" : "; distances unknown: no topology from hwloc";
#else
    return "; distances unknown: built without hwloc";
#endif
}

static void add_to(char *text, const char *more)
{
    size_t used = strlen(text);

    snprintf(text + used, MPIDI_UCX_DEVICE_TEXT_BYTES - used, "%s", more);
}

/* Takes over what was chosen, as far as UCX can be told of it. */
static void take(const struct ivn_port *ports, const struct ivn_choice *choice, char *text)
{
    snprintf(text, MPIDI_UCX_DEVICE_TEXT_BYTES, "%s", choice->text);
    if (choice->limits) {
        told.devices = ivn_ucx_device_list(ports, choice);
        if (told.devices == NULL) {
            add_to(text, "; left to UCX, which does not list its other networks");
            return;
        }
    }
    told.gid_index = choice->gid_index;
}

static int choose(struct ivn_request *request, char *text)
{
    int mpi_errno = MPI_SUCCESS;
    struct ivn_port *ports = NULL;
    struct ivn_choice choice;
    struct ivl_diag diag;
    const char *remark;
    char line[600];

    if (ivn_probe(&ports, &request->port_count) != 0) {
        MPIR_ERR_SETANDJUMP(mpi_errno, MPI_ERR_OTHER, "**ivshmem_nomem");
    }
    remark = measure(ports, request->port_count);
    request->ports = ports;
    if (ivn_choose(request, &choice, &diag) != 0) {
        ivl_diag_format(&diag, line, sizeof(line));
        MPIR_ERR_SETANDJUMP1(mpi_errno, MPI_ERR_ARG, "**ivshmem_device", "**ivshmem_device %s",
                             line);
    }
    take(ports, &choice, text);
    add_to(text, remark);
fn_exit:
    MPL_external_free(ports);
    return mpi_errno;
fn_fail:
    goto fn_exit;
}

int MPIDI_UCX_choose_device(const struct ivl_abi_vf *vfs, uint32_t vf_count, uint32_t local_rank,
                            char text[MPIDI_UCX_DEVICE_TEXT_BYTES])
{
    struct ivn_ucx_settings settings;
    struct ivn_request request = { .vfs = vfs, .vf_count = vf_count, .local_rank = local_rank };

    forget();
    if (strcmp(MPIR_CVAR_IVSHMEM_NET_DEVICE, "none") == 0) {
        snprintf(text, MPIDI_UCX_DEVICE_TEXT_BYTES,
                 "left to UCX by MPIR_CVAR_IVSHMEM_NET_DEVICE=none");
        return MPI_SUCCESS;
    }
    ivn_ucx_settings_read(&settings);
    if (!ivn_tls_has_verbs(settings.tls)) {
        snprintf(text, MPIDI_UCX_DEVICE_TEXT_BYTES, "none of the transports in UCX_TLS=%.200s",
                 settings.tls);
        return MPI_SUCCESS;
    }
    request.local_shm = ivn_tls_has_shm(settings.tls) && ivn_sysfs_is_uncontained();
    request.device = MPIR_CVAR_IVSHMEM_NET_DEVICE;
    request.user_devices = settings.devices[0] != '\0' ? settings.devices : NULL;
    request.user_gid = settings.gid_index;
    request.user_rails = ivn_env_has_rails(environ);
    request.user_subnets = ivn_env_has_subnets(environ);
    return choose(&request, text);
}

/* The index belongs to UCX's transport layer. It goes by the environment, which has it only while
 * UCX starts; if that fails, so does MPI_Init, and it stays. */
void MPIDI_UCX_tell_device(ucp_config_t *config)
{
    char index[16];
    ucs_status_t status = UCS_OK;

    if (told.devices != NULL) {
        status = ucp_config_modify(config, "NET_DEVICES", told.devices);
    }
    if (status != UCS_OK) {
        fprintf(stderr, "[ivshmem] rank %d: UCX does not take NET_DEVICES=%s: %s\n",
                MPIR_Process.rank, told.devices, ucs_status_string(status));
    }
    if (told.gid_index >= 0) {
        snprintf(index, sizeof(index), "%d", told.gid_index);
        told.before = getenv(GID_INDEX) != NULL ? MPL_strdup(getenv(GID_INDEX)) : NULL;
        setenv(GID_INDEX, index, 1);
    }
}

void MPIDI_UCX_device_told(void)
{
    if (told.before != NULL) {
        setenv(GID_INDEX, told.before, 1);
    } else if (told.gid_index >= 0) {
        unsetenv(GID_INDEX);
    }
    forget();
}

#else

int MPIDI_UCX_choose_device(const struct ivl_abi_vf *vfs, uint32_t vf_count, uint32_t local_rank,
                            char text[MPIDI_UCX_DEVICE_TEXT_BYTES])
{
    snprintf(text, MPIDI_UCX_DEVICE_TEXT_BYTES, "left to UCX: built without libibverbs");
    return MPI_SUCCESS;
}

void MPIDI_UCX_tell_device(ucp_config_t *config)
{
}

void MPIDI_UCX_device_told(void)
{
}

#endif
