/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What UCX is told already, and what it knows beside verbs. All is asked of UCX itself, so that it
 * is what UCX will do, be it set by environment or by file.
 */
#ifndef IVN_UCX_H_INCLUDED
#define IVN_UCX_H_INCLUDED

#include "ivn_choice.h"

#define IVN_SETTING_BYTES 1024

struct ivn_ucx_settings {
    char devices[IVN_SETTING_BYTES]; /* UCX_NET_DEVICES; "" = all, or cannot be told */
    char tls[IVN_SETTING_BYTES];     /* UCX_TLS; the same */
    int gid_index;                   /* UCX_IB_GID_INDEX; -1: UCX's own choice */
};

void ivn_ucx_settings_read(struct ivn_ucx_settings *settings);

/* A list for UCX_NET_DEVICES: the ports kept, and every network device that is not verbs. To be
 * freed. NULL: UCX does not tell, or the list is longer than it takes. */
char *ivn_ucx_device_list(const struct ivn_port *ports, const struct ivn_choice *choice);

#endif /* IVN_UCX_H_INCLUDED */
