/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl status, attach, detach: what the host's daemon does for them.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "ctl.h"
#include "daemon_call.h"
#include "json_put.h"

static struct {
    char *socket;
    int json, persistent;
} opt;

#define SOCKET_OPTION                                             \
    {                                                             \
        "socket", 0, POPT_ARG_STRING, &opt.socket, 0,             \
            "the daemon's socket (" CTL_DAEMON_SOCKET ")", "PATH" \
    }

/* clang-format off */
static const struct poptOption status_options[] = {
    SOCKET_OPTION,
    { "json", 'j', POPT_ARG_NONE, &opt.json, 0, "print the daemon's answer, as ivshmemd(8) describes",
      NULL },
    POPT_TABLEEND
};

static const struct poptOption plug_options[] = {
    SOCKET_OPTION,
    { "persistent", 'p', POPT_ARG_NONE, &opt.persistent, 0,
      "also in the domain's configuration, for its next start", NULL },
    POPT_TABLEEND
};
/* clang-format on */

static const char *socket_path(void)
{
    return opt.socket ? opt.socket : CTL_DAEMON_SOCKET;
}

/* ---- status ----------------------------------------------------------------------------------- */

static void print_vms(struct json_object *region)
{
    size_t count;
    struct json_object *vms = daemon_array(region, "vms", &count);
    for (size_t i = 0; i < count; i++) {
        struct json_object *vm = json_object_array_get_idx(vms, i);
        printf("  %4" PRIu64 "  %s", daemon_number(vm, "slot"), daemon_text(vm, "name"));
        if (*daemon_text(vm, "uuid")) {
            printf(": uuid %s", daemon_text(vm, "uuid"));
        }
        printf("%s\n", *daemon_text(vm, "state") == 'g' ? " (gone)" : "");
    }
}

static void print_region(struct json_object *region)
{
    uint64_t restored = daemon_number(region, "restored");
    printf("region %s: %s, %s, %s\n", daemon_text(region, "name"), daemon_text(region, "path"),
           ctl_size_text(daemon_number(region, "bytes")).s, daemon_text(region, "state"));
    if (restored) {
        printf("  guests changed the host's part, put back: %" PRIu64 "\n", restored);
    }
    if (daemon_number(region, "reclaimed_jobs")) {
        printf("  dead jobs reclaimed: %" PRIu64 "\n", daemon_number(region, "reclaimed_jobs"));
    }
    print_vms(region);
}

/* A region that is not served is a finding. */
static enum ctl_status print_status(struct json_object *answer)
{
    size_t count;
    enum ctl_status status = CTL_OK;
    struct json_object *regions = daemon_array(answer, "regions", &count);
    if (opt.json) {
        json_print(json_object_get(answer));
    } else {
        printf("ivshmemd %s, process %" PRIu64 ", libvirt: %s\n", daemon_text(answer, "version"),
               daemon_number(answer, "pid"), daemon_text(answer, "libvirt"));
    }
    for (size_t i = 0; i < count; i++) {
        struct json_object *region = json_object_array_get_idx(regions, i);
        if (!opt.json) {
            print_region(region);
        }
        if (*daemon_text(region, "state") != 's') {
            ctl_complain(daemon_text(region, "name"), "the daemon does not serve it",
                         "see the log of ivshmemd");
            status = CTL_FINDING;
        }
    }
    return status;
}

static enum ctl_status run_status(const struct ctl_line *line)
{
    struct json_object *answer, *request;
    if (line->region_given) {
        ctl_complain(line->region, "status tells of all regions", "leave it out");
        return CTL_USAGE;
    }
    request = json_object_new_object();
    json_put_text(request, "command", "status");
    enum ctl_status status = daemon_call(socket_path(), request, &answer);
    if (status == CTL_OK) {
        status = print_status(answer);
        json_object_put(answer);
    }
    return status;
}

/* ---- attach, detach --------------------------------------------------------------------------- */

static enum ctl_status plug(const struct ctl_line *line, const char *command)
{
    struct json_object *answer, *request = json_object_new_object();
    json_put_text(request, "command", command);
    json_put_text(request, "domain", line->args[0]);
    json_put_flag(request, "persistent", opt.persistent);
    if (line->region_given) {
        json_put_text(request, "region", line->region);
    }
    enum ctl_status status = daemon_call(socket_path(), request, &answer);
    if (status == CTL_OK) {
        puts(daemon_text(answer, "text"));
        json_object_put(answer);
    }
    return status;
}

#define PLUG_REGIONS                                                                \
    "REGION is a name in the daemon's configuration. It may be left out if there\n" \
    "is only one."

static enum ctl_status run_attach(const struct ctl_line *line)
{
    return plug(line, "attach");
}

static enum ctl_status run_detach(const struct ctl_line *line)
{
    return plug(line, "detach");
}

const struct ctl_command ctl_daemon_status = {
    .name = "status",
    .operands = "",
    .summary = "ask the host's daemon for its regions and VMs",
    .regions = "It tells of all regions: --region is refused.",
    .options = status_options,
    .run = run_status,
};

const struct ctl_command ctl_attach = {
    .name = "attach",
    .operands = "[REGION] DOMAIN",
    .summary = "have the daemon plug a region into a libvirt domain",
    .regions = PLUG_REGIONS,
    .options = plug_options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_attach,
};

const struct ctl_command ctl_detach = {
    .name = "detach",
    .operands = "[REGION] DOMAIN",
    .summary = "have the daemon unplug a region from a libvirt domain",
    .regions = PLUG_REGIONS,
    .options = plug_options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_detach,
};
