/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The choice among ports (see ivn_choice.h). What it found on the way is kept in struct ivn_view,
 * from which ivn_text.c says why.
 */
#include "ivn_choice.h"
#include "ivn_gid.h"
#include "ivn_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- devices ---------------------------------------------------------------------------------- */

static int compare_ports(const void *a, const void *b)
{
    const struct ivn_port *pa = a, *pb = b;
    int order = strcmp(pa->device, pb->device);

    return order != 0 ? order : (pa->number > pb->number) - (pa->number < pb->number);
}

void ivn_ports_sort(struct ivn_port *ports, int count)
{
    qsort(ports, (size_t) count, sizeof(*ports), compare_ports);
}

bool ivn_has_several(const struct ivn_port *ports, int count)
{
    int active = 0;

    for (int i = 0; i < count; i++) {
        active += ports[i].state == IVN_ACTIVE;
    }
    return active > 1;
}

bool ivn_is_vf_model(uint32_t vendor, uint32_t model)
{
    /* ConnectX-3, -4, -4 Lx, -5, -5 Ex, -6, and later ones together */
    static const uint16_t models[] = { 0x1004, 0x1014, 0x1016, 0x1018, 0x101a, 0x101c, 0x101e };

    for (size_t i = 0; vendor == 0x15b3 && i < sizeof(models) / sizeof(models[0]); i++) {
        if (models[i] == model) {
            return true;
        }
    }
    return false;
}

/* A GUID decides where both are known: a VF can have moved to another address. */
bool ivn_is_vf(const struct ivn_port *port, const struct ivl_abi_vf *vf)
{
    if (port->node_guid != 0 && vf->node_guid != 0) {
        return port->node_guid == vf->node_guid;
    }
    return port->has_pci && port->pci.domain == vf->pci_domain && port->pci.bus == vf->pci_bus &&
           port->pci.device == vf->pci_device && port->pci.function == vf->pci_function;
}

static enum ivn_kind kind_of(const struct ivn_request *request, const struct ivn_port *port)
{
    for (uint32_t i = 0; i < request->vf_count; i++) {
        if (ivn_is_vf(port, &request->vfs[i])) {
            return IVN_KIND_TABLE;
        }
    }
    if (port->is_software) {
        return IVN_KIND_SOFTWARE;
    }
    return port->has_physfn ? IVN_KIND_HOST_VF : IVN_KIND_HARDWARE;
}

/* ---- settings --------------------------------------------------------------------------------- */

/* Whether a word of the list begins with one of the names. */
static bool has_word(const char *list, const char *const *names, size_t count)
{
    for (const char *word = list; *word != '\0'; word += strcspn(word, ","), word += *word == ',') {
        for (size_t i = 0; i < count; i++) {
            if (strncmp(word, names[i], strlen(names[i])) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool ivn_tls_has_verbs(const char *tls)
{
    static const char *const verbs[] = { "all", "ib", "rc", "ud", "dc" };

    return tls[0] == '\0' || tls[0] == '^' ||
           has_word(tls, verbs, sizeof(verbs) / sizeof(verbs[0]));
}

bool ivn_tls_has_shm(const char *tls)
{
    static const char *const shm[] = { "all", "sm", "shm", "mm", "sysv", "posix" };

    /* a list after ^ is of what is left out */
    return tls[0] == '\0' || (tls[0] != '^' && has_word(tls, shm, sizeof(shm) / sizeof(shm[0])));
}

/* The value of an entry NAME=VALUE, if the name is UCX's and ends so; else NULL. */
static const char *value_of(const char *entry, const char *ending)
{
    const size_t name = strcspn(entry, "="), length = strlen(ending);

    if (strncmp(entry, "UCX_", 4) != 0 || entry[name] == '\0' || name < 3 + length ||
        memcmp(entry + name - length, ending, length) != 0) {
        return NULL;
    }
    return entry + name + 1;
}

/* The variable's middle says for which transports, as in UCX_IB_ROCE_SUBNET_LIST. */
bool ivn_env_has_subnets(char *const environment[])
{
    for (int i = 0; environment[i] != NULL; i++) {
        const char *value = value_of(environment[i], "_ROCE_SUBNET_LIST");

        if (value != NULL && strcmp(value, "all") != 0) {
            return true;
        }
    }
    return false;
}

/* Lanes is the newer word. One rail is what each rank has anyway. */
bool ivn_env_has_rails(char *const environment[])
{
    static const char *const names[] = { "_MAX_RNDV_RAILS", "_MAX_EAGER_RAILS", "_MAX_RNDV_LANES",
                                         "_MAX_EAGER_LANES" };

    for (int i = 0; environment[i] != NULL; i++) {
        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
            const char *value = value_of(environment[i], names[k]);

            if (value != NULL && strcmp(value, "1") != 0) {
                return true;
            }
        }
    }
    return false;
}

/* Whether a name of so many characters, "mlx5_0" or "mlx5_0:1", is the port's. */
static bool is_named(const struct ivn_port *port, const char *name, size_t length)
{
    char full[IVN_PORT_TEXT_BYTES];

    ivn_port_format(port, full);
    return (strlen(port->device) == length && memcmp(port->device, name, length) == 0) ||
           (strlen(full) == length && memcmp(full, name, length) == 0);
}

static bool is_in_list(const struct ivn_port *port, const char *list)
{
    for (const char *word = list; *word != '\0'; word += strcspn(word, ","), word += *word == ',') {
        size_t length = strcspn(word, ",");

        if ((length == 3 && memcmp(word, "all", length) == 0) || is_named(port, word, length)) {
            return true;
        }
    }
    return false;
}

/* ---- choosing --------------------------------------------------------------------------------- */

static void keep(struct ivn_choice *choice, int port)
{
    choice->kept[choice->kept_count++] = port;
}

static bool is_alike(const struct ivn_view *view, int a, int b)
{
    return view->gid[a] != NULL && view->gid[b] != NULL &&
           ivn_gid_same_network(&view->ports[a], view->gid[a], &view->ports[b], view->gid[b]);
}

/* Negative: a is better. */
static int compare(const struct ivn_view *view, int a, int b)
{
    uint32_t da = view->ports[a].distance, db = view->ports[b].distance;

    if (view->kind[a] != view->kind[b]) {
        return (int) view->kind[a] - (int) view->kind[b];
    }
    return (da > db) - (da < db);
}

/* How many ports of the network of port `first` are of a kind. */
static int count_kind(const struct ivn_view *view, int first, enum ivn_kind kind)
{
    int count = 0;

    for (int i = first; i < view->count; i++) {
        count += (i == first || is_alike(view, first, i)) && view->kind[i] == kind;
    }
    return count;
}

/* Keeps all ports of a kind of the network of port `first`. */
static void keep_kind(struct ivn_view *view, int first, enum ivn_kind kind, struct ivn_pick pick,
                      struct ivn_choice *choice)
{
    pick.left = true;
    for (int i = first; i < view->count; i++) {
        if ((i == first || is_alike(view, first, i)) && view->kind[i] == kind) {
            view->pick[choice->kept_count] = pick;
            keep(choice, i);
        }
    }
}

/* Keeps all ports that are best and as near. */
static void keep_equal(struct ivn_view *view, const int *equal, struct ivn_pick pick,
                       struct ivn_choice *choice)
{
    pick.rails = true;
    for (int i = 0; i < pick.equal; i++) {
        view->pick[choice->kept_count] = pick;
        keep(choice, equal[i]);
    }
}

/* Whether ports of the network of port `first` may not reach each other, so that ranks with one
 * each might not: RoCE within this machine, InfiniBand that may be two fabrics. */
static bool is_doubtful(const struct ivn_request *request, const struct ivn_view *view, int first)
{
    const struct ivn_port *port = &view->ports[first];

    return port->layer == IVN_ROCE ? !request->local_shm
                                   : ivn_gid_is_default_subnet(port, view->gid[first]);
}

/* Chooses in the network of port `first`, which is the first one of it. */
static void choose_of_network(const struct ivn_request *request, struct ivn_view *view, int first,
                              struct ivn_choice *choice)
{
    int equal[IVN_PORTS_MAX] = { first };
    struct ivn_pick pick = { .ports = 1, .equal = 1 };

    for (int i = first + 1; i < view->count; i++) {
        int order;

        if (!is_alike(view, first, i)) {
            continue;
        }
        view->done[i] = true;
        pick.ports++;
        order = compare(view, i, equal[0]);
        if (order < 0) {
            pick.equal = 0;
        }
        if (order <= 0) {
            equal[pick.equal++] = i;
        }
    }
    pick.of_kind = count_kind(view, first, view->kind[equal[0]]);
    if (pick.of_kind > 1 && is_doubtful(request, view, first)) {
        keep_kind(view, first, view->kind[equal[0]], pick, choice);
        return;
    }
    if (request->user_rails && pick.equal > 1) {
        keep_equal(view, equal, pick, choice);
        return;
    }
    view->pick[choice->kept_count] = pick;
    keep(choice, equal[request->local_rank % (uint32_t) pick.equal]);
}

/* The best of the kept ports comes first: it is what the text begins with. */
static void put_best_first(struct ivn_view *view, struct ivn_choice *choice)
{
    for (int i = 1; i < choice->kept_count; i++) {
        if (compare(view, choice->kept[i], choice->kept[0]) < 0) {
            const int port = choice->kept[0];
            const struct ivn_pick pick = view->pick[0];

            choice->kept[0] = choice->kept[i];
            choice->kept[i] = port;
            view->pick[0] = view->pick[i];
            view->pick[i] = pick;
        }
    }
}

static void choose_by_network(const struct ivn_request *request, struct ivn_view *view,
                              struct ivn_choice *choice)
{
    for (int i = 0; i < view->count; i++) {
        if (view->gid[i] != NULL && !view->done[i]) {
            choose_of_network(request, view, i, choice);
        }
    }
    put_best_first(view, choice);
}

/* One index goes for all ports that UCX opens; InfiniBand is right without. */
static int common_gid(const struct ivn_view *view, const struct ivn_choice *choice)
{
    int index = -1, usable = 0;

    for (int i = 0; i < choice->kept_count; i++) {
        const int port = choice->kept[i];
        const int own = (int) view->gid[port]->index;

        if (view->ports[port].layer != IVN_ROCE || (i > 0 && own != index)) {
            return -1;
        }
        index = own;
        usable = usable + (ivn_gid_usable(&view->ports[port]) > 1);
    }
    return usable > 0 ? index : -1;
}

static bool is_kept(const struct ivn_choice *choice, int port)
{
    for (int i = 0; i < choice->kept_count; i++) {
        if (choice->kept[i] == port) {
            return true;
        }
    }
    return false;
}

/* Whether UCX, as the user has set it, might open an active port that is not among the kept ones. */
static bool has_others(const struct ivn_request *request, const struct ivn_view *view,
                       const struct ivn_choice *choice)
{
    const char *list = request->user_devices;

    for (int i = 0; i < view->count; i++) {
        const struct ivn_port *port = &view->ports[i];

        if (port->state == IVN_ACTIVE && !is_kept(choice, i) &&
            (list == NULL || list[0] == '^' || is_in_list(port, list))) {
            return true;
        }
    }
    return request->port_count > IVN_PORTS_MAX;
}

/* The index and the list of ports. UCX forces an index on every port it opens: there is none
 * without a list that names the ports it was chosen for. */
static void limit(const struct ivn_request *request, const struct ivn_view *view,
                  struct ivn_choice *choice)
{
    const bool others = has_others(request, view, choice);
    /* what was not looked at may be all that a peer has */
    const bool may_limit = request->user_devices == NULL && request->port_count <= IVN_PORTS_MAX;

    choice->gid_index =
        request->user_gid >= 0 || request->user_subnets ? -1 : common_gid(view, choice);
    if (others && !may_limit) {
        choice->gid_index = -1;
    }
    choice->limits =
        may_limit && (choice->kept_count < view->active || (others && choice->gid_index >= 0));
}

static int keep_named(const struct ivn_view *view, const char *name, struct ivn_choice *choice,
                      struct ivl_diag *diag)
{
    char here[160];

    for (int i = 0; i < view->count; i++) {
        if (view->gid[i] != NULL && is_named(&view->ports[i], name, strlen(name))) {
            keep(choice, i);
            return 0;
        }
    }
    ivn_ports_format(view, here, sizeof(here));
    return ivl_fail(diag, -ENODEV, "MPIR_CVAR_IVSHMEM_NET_DEVICE",
                    "name a port that is active, or use auto",
                    "'%.40s' is no verbs device that can be used here (%s)", name, here);
}

static void look(const struct ivn_request *request, struct ivn_view *view)
{
    memset(view, 0, sizeof(*view));
    view->ports = request->ports;
    view->count = request->port_count < IVN_PORTS_MAX ? request->port_count : IVN_PORTS_MAX;
    for (int i = 0; i < view->count; i++) {
        const struct ivn_port *port = &view->ports[i];

        view->kind[i] = kind_of(request, port);
        view->gid[i] = port->state == IVN_ACTIVE ? ivn_gid_best(port, request->user_gid) : NULL;
        view->active += view->gid[i] != NULL;
    }
}

int ivn_choose(const struct ivn_request *request, struct ivn_choice *choice, struct ivl_diag *diag)
{
    struct ivn_view view;
    int rc = 0;

    memset(choice, 0, sizeof(*choice));
    look(request, &view);
    if (request->user_devices != NULL) {
        for (int i = 0; i < view.count; i++) {
            if (view.gid[i] != NULL && is_in_list(&view.ports[i], request->user_devices)) {
                keep(choice, i);
            }
        }
    } else if (strcmp(request->device, "auto") == 0) {
        choose_by_network(request, &view, choice);
    } else {
        rc = keep_named(&view, request->device, choice, diag);
    }
    limit(request, &view, choice);
    ivn_text_write(request, &view, choice);
    return rc;
}
