/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The daemon: brings regions, sources of VMs and clients together.
 */
#include "daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "notify.h"
#include "owner.h"
#include "state.h"
#include "tenant.h"

/* ---- VMs ------------------------------------------------------------------------------------ */

/* The VMs of one region: those of the configuration, then those of libvirt. */
static uint32_t list_vms(const struct ivd_daemon *d, const struct ivd_region_conf *conf,
                         struct ivd_vm *list)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->config.vm_count; i++) {
        if (strcmp(d->config.vms[i].region, conf->name) == 0) {
            list[n++] = (struct ivd_vm){ .vm = d->config.vms[i].vm };
        }
    }
    for (uint32_t i = 0; i < d->domain_count; i++) {
        if (ivd_domain_unknown(&d->domains[i]) ||
            ivd_tenant_enters(&d->config, &d->domains[i], conf)) {
            list[n++] = d->domains[i].vm;
        }
    }
    return n;
}

void ivd_daemon_refresh(struct ivd_daemon *d)
{
    bool complete = !d->source || d->domains_known;
    struct ivd_vm *list = calloc((size_t) d->config.vm_count + d->domain_count + 1, sizeof(*list));
    if (!list) {
        ivd_log(IVD_ERROR, "VMs: out of memory: the tables stay as they are");
        return;
    }
    for (uint32_t i = 0; i < d->config.region_count; i++) {
        if (d->regions[i]) {
            const struct ivd_vm_list all = { list, list_vms(d, &d->config.regions[i], list),
                                             complete };
            ivd_region_set_vms(d->regions[i], &all);
        }
    }
    free(list);
}

void ivd_daemon_reload(struct ivd_daemon *d, struct ivd_config *config)
{
    if (!ivd_config_same_host(&d->config, config)) {
        ivd_log(IVD_WARNING,
                "configuration: more than VMs changed: restart the daemon for the rest");
    }
    struct ivd_vm_conf *old = d->config.vms;
    d->config.vms = config->vms;
    d->config.vm_count = config->vm_count;
    config->vms = old;
    ivd_config_fini(config);
    ivd_daemon_refresh(d);
}

/* ---- libvirt -------------------------------------------------------------------------------- */

static void pass_result(struct ivd_daemon *d, const struct ivd_source_result *result)
{
    char *answer = result->rc ? ivd_answer_error(&result->diag) : ivd_answer_text(result->text);
    if (answer && d->server) {
        ivd_server_answer(d->server, result->ticket, answer);
    } else {
        free(answer);
    }
}

void ivd_daemon_listen(struct ivd_daemon *d)
{
    struct ivd_source_result result;
    uint32_t count = 0;
    struct ivd_domain *domains = ivd_source_take_domains(d->source, &count);
    if (domains) {
        ivd_tenant_complain(&d->config, domains, count, d->domains, d->domain_count);
        free(d->domains);
        d->domains = domains;
        d->domain_count = count;
        d->domains_known = true;
        ivd_daemon_refresh(d);
    }
    while (ivd_source_take_result(d->source, &result)) {
        pass_result(d, &result);
    }
}

/* ---- requests ------------------------------------------------------------------------------- */

/* The region of the request, or the only one. */
static const struct ivd_region_conf *choose_region(const struct ivd_daemon *d, const char *name,
                                                   struct ivl_diag *diag)
{
    const struct ivd_region_conf *conf = NULL;
    if (*name) {
        conf = ivd_config_region(&d->config, name);
    } else if (d->config.region_count == 1) {
        conf = &d->config.regions[0];
    }
    if (!conf) {
        ivl_fail(diag, -ENOENT, *name ? name : "region",
                 "see ivshmemctl status; name it with --region",
                 *name ? "no such region" : "there are several");
    }
    return conf;
}

/* A region that is not served is not there for a VM: QEMU would make a file in its place, or find
 * what somebody else put there. It can be detached still. */
static int check_served(const struct ivd_daemon *d, const struct ivd_region_conf *conf,
                        struct ivl_diag *diag)
{
    uint32_t i = (uint32_t) (conf - d->config.regions);
    struct ivd_region_status status = { .lost = true };
    if (d->regions[i]) {
        ivd_region_status(d->regions[i], &status);
    }
    if (status.lost) {
        return ivl_fail(diag, -ENODEV, conf->name, "see the daemon's log, and restart it",
                        "the region is not served: %s",
                        d->regions[i] ? "lost" : "refused at start");
    }
    if (conf->doorbell[0] && !d->doorbells[i]) {
        return ivl_fail(diag, -ENODEV, conf->name, "see the daemon's log, and restart it",
                        "its doorbell is not served");
    }
    return 0;
}

static int plug(struct ivd_daemon *d, const struct ivd_caller *caller,
                const struct ivd_request *request, struct ivl_diag *diag)
{
    const struct ivd_region_conf *conf = choose_region(d, request->region, diag);
    if (!conf) {
        return -ENOENT;
    }
    if (!d->source) {
        return ivl_fail(diag, -ENOTSUP, request->domain,
                        "set the key libvirt, such as qemu:///system",
                        "the daemon does not use libvirt");
    }
    int rc = request->command == IVD_ATTACH ? check_served(d, conf, diag) : 0;
    if (rc) {
        return rc;
    }
    ivd_log(IVD_INFO, "uid %u: %s region %s, domain %s%s", caller->uid,
            request->command == IVD_ATTACH ? "attach" : "detach", conf->name, request->domain,
            request->persistent ? ", persistent" : "");
    return ivd_source_order(d->source, caller->ticket, request, conf, diag);
}

static char *answer_request(void *arg, const struct ivd_caller *caller, const char *line,
                            size_t length)
{
    struct ivd_daemon *d = arg;
    struct ivd_request request;
    struct ivl_diag diag;
    int rc = ivd_request_parse(line, length, &request, &diag);
    if (rc == 0 && request.command == IVD_STATUS) {
        return ivd_daemon_status(d);
    }
    if (rc == 0) {
        rc = plug(d, caller, &request, &diag);
    }
    return rc ? ivd_answer_error(&diag) : NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

static int start_regions(struct ivd_daemon *d, struct ivl_diag *diag)
{
    uint32_t served = 0;
    for (uint32_t i = 0; i < d->config.region_count; i++) {
        const struct ivd_region_conf *conf = &d->config.regions[i];
        struct ivd_region_status status;
        if (ivd_region_start(conf, d->config.state_dir, d->config.heartbeat_ms, &d->regions[i],
                             diag)) {
            d->regions[i] = NULL;
            ivd_log_diag(IVD_ERROR, diag);
            continue;
        }
        ivd_region_status(d->regions[i], &status);
        ivd_log(IVD_INFO, "region %s: %s, %s", conf->name, conf->path,
                status.found ? "as it was left" : "made");
        served++;
    }
    return served ? 0
                  : ivl_fail(diag, -ENODEV, "regions", "correct what the lines above say",
                             "none can be served");
}

/* A doorbell that cannot be served is said; its region is served all the same. */
static void start_doorbell(struct ivd_daemon *d, uint32_t i)
{
    const struct ivd_region_conf *region = &d->config.regions[i];
    struct ivl_diag diag;
    char state[IVD_PATH_BYTES + IVD_NAME_BYTES + sizeof("/.doorbell")];
    struct ivd_doorbell_conf conf = { .name = region->name,
                                      .path = region->doorbell,
                                      .group = (gid_t) -1,
                                      .vectors = region->vectors,
                                      .state = state };
    if (!d->regions[i] || !region->doorbell[0]) {
        return;
    }
    snprintf(state, sizeof(state), "%s/%s.doorbell", d->config.state_dir, region->name);
    conf.memory = ivd_region_fd(d->regions[i]);
    (void) ivd_find_group(region->group, &conf.group); /* the region has it, so it is there */
    if (ivd_doorbell_create(&conf, &d->doorbells[i], &diag)) {
        d->doorbells[i] = NULL;
        ivd_log_diag(IVD_ERROR, &diag);
    }
}

static void start_doorbells(struct ivd_daemon *d)
{
    for (uint32_t i = 0; i < d->config.region_count; i++) {
        start_doorbell(d, i);
    }
}

void ivd_daemon_ring(struct ivd_daemon *d, uint64_t now_ms)
{
    for (uint32_t i = 0; i < d->config.region_count; i++) {
        if (d->doorbells[i]) {
            ivd_doorbell_step(d->doorbells[i], now_ms);
        }
    }
}

static int start_socket(struct ivd_daemon *d, struct ivl_diag *diag)
{
    gid_t group = (gid_t) -1;
    if (!d->config.socket[0]) {
        return 0;
    }
    if (!ivd_find_group(d->config.socket_group, &group)) {
        return ivl_fail(diag, -EINVAL, "socket-group", "make it with groupadd, or correct the key",
                        "no such group: %s", d->config.socket_group);
    }
    return ivd_server_create(d->config.socket, group, answer_request, d, &d->server, diag);
}

int ivd_daemon_start(struct ivd_daemon *d, struct ivl_diag *diag)
{
    int rc = ivd_state_dir(d->config.state_dir, diag);
    if (rc == 0) {
        rc = start_regions(d, diag);
    }
    if (rc == 0) {
        rc = start_socket(d, diag);
    }
    if (rc == 0 && d->config.libvirt[0]) {
        rc = ivd_source_start(&d->config, &d->source, diag);
    }
    if (rc == 0) {
        start_doorbells(d);
        ivd_daemon_refresh(d);
    }
    return rc;
}

void ivd_daemon_stop(struct ivd_daemon *d)
{
    if (d->server) {
        ivd_server_destroy(d->server);
    }
    if (d->source) {
        ivd_source_stop(d->source);
    }
    for (uint32_t i = 0; i < d->config.region_count; i++) {
        if (d->doorbells[i]) {
            ivd_doorbell_destroy(d->doorbells[i]);
        }
        if (d->regions[i]) {
            ivd_region_stop(d->regions[i]);
        }
    }
    free(d->domains);
    ivd_config_fini(&d->config);
}
