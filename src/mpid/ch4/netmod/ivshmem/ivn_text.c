/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The reason of a choice, for the channel report: "mlx5_1:1 (VF of the table, RoCE v2, GID 3:
 * 10.0.0.1), the nearest of 2; mlx5_2:1 is down".
 */
#include "ivn_gid.h"
#include "ivn_view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
    char *at;
    size_t left;
};

/* What does not fit is cut. */
__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text->at, text->left, format, args);
    va_end(args);
    if (length > 0) {
        size_t used = (size_t) length < text->left ? (size_t) length : text->left - 1;
        text->at += used;
        text->left -= used;
    }
}

void ivn_port_format(const struct ivn_port *port, char text[IVN_PORT_TEXT_BYTES])
{
    snprintf(text, IVN_PORT_TEXT_BYTES, "%s:%u", port->device, port->number);
}

/* ---- what is not used ------------------------------------------------------------------------- */

static void add_state(struct text *text, const struct ivn_view *view, int i)
{
    const struct ivn_port *port = &view->ports[i];

    if (port->state == IVN_CLOSED) {
        add(text, "%s: %s", port->device, strerror(port->error));
        return;
    }
    add(text, "%s:%u ", port->device, port->number);
    if (port->state == IVN_DOWN) {
        add(text, "is down");
    } else if (port->state == IVN_FOREIGN) {
        add(text, "is neither InfiniBand nor RoCE");
    } else if (view->gid[i] == NULL) {
        add(text, "has no GID that can be used");
    } else {
        add(text, "is active");
    }
}

void ivn_ports_format(const struct ivn_view *view, char *text, size_t size)
{
    struct text out = { text, size };

    text[0] = '\0';
    for (int i = 0; i < view->count; i++) {
        add(&out, i > 0 ? ", " : "");
        add_state(&out, view, i);
    }
    if (view->count == 0) {
        add(&out, "there is no verbs device");
    }
}

static void add_unusable(struct text *text, const struct ivn_view *view)
{
    for (int i = 0; i < view->count; i++) {
        if (view->gid[i] == NULL) {
            add(text, "; ");
            add_state(text, view, i);
        }
    }
}

/* The table may name what was taken away, or what never was. */
static void add_missing_vfs(struct text *text, const struct ivn_request *request,
                            const struct ivn_view *view)
{
    for (uint32_t k = 0; k < request->vf_count; k++) {
        const struct ivl_abi_vf *vf = &request->vfs[k];
        int i = 0;

        while (i < view->count && !ivn_is_vf(&view->ports[i], vf)) {
            i++;
        }
        if (i == view->count) {
            add(text, "; VF %04x:%02x:%02x.%u of the table is not here", vf->pci_domain,
                vf->pci_bus, vf->pci_device, vf->pci_function);
        }
    }
}

/* ---- what is ---------------------------------------------------------------------------------- */

static const char *kind_text(const struct ivn_view *view, int i)
{
    const struct ivn_port *port = &view->ports[i];

    if (view->kind[i] == IVN_KIND_TABLE) {
        return "VF of the table, ";
    }
    if (view->kind[i] == IVN_KIND_SOFTWARE) {
        return "software, ";
    }
    return port->has_physfn || (port->has_pci && ivn_is_vf_model(port->vendor, port->model))
               ? "VF, "
               : "";
}

static void add_gid(struct text *text, const struct ivn_request *request,
                    const struct ivn_choice *choice, const struct ivn_port *port,
                    const struct ivn_gid *gid)
{
    char address[IVN_GID_TEXT_BYTES];

    if (port->layer == IVN_INFINIBAND) {
        return;
    }
    ivn_gid_format(gid, address);
    if (request->user_gid >= 0) {
        add(text, ", GID %d: %s, set by UCX_IB_GID_INDEX", request->user_gid, address);
    } else if (choice->gid_index >= 0) {
        add(text, ", GID %d: %s", choice->gid_index, address);
    } else {
        add(text, ", GID left to UCX");
    }
}

static void add_port(struct text *text, const struct ivn_request *request,
                     const struct ivn_view *view, const struct ivn_choice *choice)
{
    const int i = choice->kept[0];
    const struct ivn_port *port = &view->ports[i];
    const char *layer = view->gid[i]->v2 ? "RoCE v2" : "RoCE v1";

    add(text, "%s:%u (%s%s", port->device, port->number, kind_text(view, i),
        port->layer == IVN_INFINIBAND ? "InfiniBand" : layer);
    add_gid(text, request, choice, port, view->gid[i]);
    add(text, "), ");
}

static void add_why(struct text *text, const struct ivn_request *request,
                    const struct ivn_view *view)
{
    const struct ivn_pick *pick = &view->pick[0];

    if (request->user_devices != NULL) {
        add(text, "set by UCX_NET_DEVICES");
    } else if (strcmp(request->device, "auto") != 0) {
        add(text, "set by MPIR_CVAR_IVSHMEM_NET_DEVICE");
    } else if (pick->ports == 1) {
        add(text, view->active == 1 ? "the only port" : "the only port of its network");
    } else if (pick->left) {
        add(text, "one of %d that UCX chooses among", pick->of_kind);
    } else if (pick->rails) {
        add(text, "one of %d equally near, all kept for UCX's rails", pick->equal);
    } else if (pick->equal > 1) {
        add(text, "one of %d equally near", pick->equal);
    } else if (pick->of_kind > 1) {
        add(text, "the nearest of %d", pick->of_kind);
    } else {
        add(text, "the best of %d by kind", pick->ports);
    }
}

static void add_others(struct text *text, const struct ivn_view *view,
                       const struct ivn_choice *choice)
{
    for (int i = 1; i < choice->kept_count; i++) {
        const struct ivn_port *port = &view->ports[choice->kept[i]];

        add(text, "%s%s:%u", i == 1 ? "; also " : ", ", port->device, port->number);
    }
}

static void add_none(struct text *text, const struct ivn_request *request,
                     const struct ivn_view *view)
{
    if (view->count == 0) {
        add(text, "no verbs device");
    } else if (request->user_devices != NULL && view->active > 0) {
        add(text, "no verbs port in UCX_NET_DEVICES");
    } else {
        add(text, "no verbs port that can be used");
    }
}

void ivn_text_write(const struct ivn_request *request, const struct ivn_view *view,
                    struct ivn_choice *choice)
{
    struct text text = { choice->text, sizeof(choice->text) };

    if (choice->kept_count == 0) {
        add_none(&text, request, view);
    } else {
        add_port(&text, request, view, choice);
        add_why(&text, request, view);
        add_others(&text, view, choice);
    }
    add_unusable(&text, view);
    add_missing_vfs(&text, request, view);
}
