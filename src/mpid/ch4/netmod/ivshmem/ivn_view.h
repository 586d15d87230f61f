/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Between ivn_choice.c, which fills it, and ivn_text.c, which says why: how each port was seen.
 */
#ifndef IVN_VIEW_H_INCLUDED
#define IVN_VIEW_H_INCLUDED

#include <stddef.h>

#include "ivn_choice.h"

#define IVN_PORT_TEXT_BYTES (IVN_NAME_BYTES + 12)

/* Lower is better. */
enum ivn_kind {
    IVN_KIND_TABLE,
    IVN_KIND_HARDWARE,
    IVN_KIND_HOST_VF,
    IVN_KIND_SOFTWARE
};

/* How a kept port was found among those of its network. */
struct ivn_pick {
    int ports;   /* of the network */
    int of_kind; /* of the kind kept */
    int equal;   /* and as near */
    bool left;   /* all of the kind are kept: UCX chooses */
    bool rails;  /* all as near are kept: UCX uses several */
};

struct ivn_view {
    const struct ivn_port *ports;
    int count;
    int active; /* ports with a GID here */
    enum ivn_kind kind[IVN_PORTS_MAX];
    const struct ivn_gid *gid[IVN_PORTS_MAX]; /* NULL: cannot be used */
    bool done[IVN_PORTS_MAX];                 /* its network has its choice */
    struct ivn_pick pick[IVN_PORTS_MAX];      /* as choice->kept */
};

/* Whether the port is the VF that an entry of the table names. */
bool ivn_is_vf(const struct ivn_port *port, const struct ivl_abi_vf *vf);

/* "mlx5_0:1". */
void ivn_port_format(const struct ivn_port *port, char text[IVN_PORT_TEXT_BYTES]);

/* All ports with their state: "mlx5_0:1 active, mlx5_1:1 down". */
void ivn_ports_format(const struct ivn_view *view, char *text, size_t size);

/* Fills choice->text. */
void ivn_text_write(const struct ivn_request *request, const struct ivn_view *view,
                    struct ivn_choice *choice);

#endif /* IVN_VIEW_H_INCLUDED */
