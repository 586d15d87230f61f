/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemd: owns the regions of a host, fills their tables, and answers ivshmemctl.
 */
#include <errno.h>
#include <poll.h>
#include <popt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "fault.h"
#include "log.h"
#include "notify.h"
#include "owner.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown version"
#endif
#ifndef IVD_CONFIG_PATH
#define IVD_CONFIG_PATH "/etc/ivshmemd.conf"
#endif
#define STEP_MS 1000 /* between looks at clients that are silent */

static struct {
    char *config;
    int check, print, help, version;
} opt;

/* clang-format off */
static const struct poptOption options[] = {
    { "config", 'c', POPT_ARG_STRING, &opt.config, 0,
      "the configuration (" IVD_CONFIG_PATH ")", "FILE" },
    { "check", 0, POPT_ARG_NONE, &opt.check, 0, "only check the configuration", NULL },
    { "print-config", 0, POPT_ARG_NONE, &opt.print, 0,
      "print a sample configuration, with every key", NULL },
    { "help", 'h', POPT_ARG_NONE, &opt.help, 0, "show this help", NULL },
    { "version", 'V', POPT_ARG_NONE, &opt.version, 0, "show the version", NULL },
    POPT_TABLEEND
};
/* clang-format on */

static struct ivd_daemon daemon_state;

static const char *config_path(void)
{
    return opt.config ? opt.config : IVD_CONFIG_PATH;
}

/* ---- serving -------------------------------------------------------------------------------- */

/* All threads leave these to the main one, which reads them from a descriptor. */
static int block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void reload(void)
{
    struct ivd_config config;
    struct ivl_diag diag;
    ivd_notify("RELOADING=1");
    if (ivd_config_read(config_path(), &config, &diag)) {
        ivd_log_diag(IVD_ERROR, &diag);
        ivd_config_fini(&config);
    } else {
        ivd_daemon_reload(&daemon_state, &config);
        ivd_log(IVD_INFO, "configuration: read anew");
    }
    ivd_notify("READY=1");
}

/* False: it is time to end. */
static bool take_signals(int fd)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof(info)) == (ssize_t) sizeof(info)) {
        if (info.ssi_signo != SIGHUP) {
            return false;
        }
        reload();
    }
    return true;
}

static void serve(int signals)
{
    struct ivd_daemon *d = &daemon_state;
    struct pollfd fds[3 + IVD_REGIONS_MAX] = {
        { .fd = signals, .events = POLLIN },
        { .fd = d->server ? ivd_server_fd(d->server) : -1, .events = POLLIN },
        { .fd = d->source ? ivd_source_fd(d->source) : -1, .events = POLLIN },
    };
    for (unsigned i = 0; i < IVD_REGIONS_MAX; i++) {
        fds[3 + i].fd = d->doorbells[i] ? ivd_doorbell_fd(d->doorbells[i]) : -1;
        fds[3 + i].events = POLLIN;
    }
    ivd_notify("READY=1");
    while (take_signals(signals)) {
        ivd_notify("WATCHDOG=1");
        poll(fds, 3 + IVD_REGIONS_MAX, STEP_MS);
        if (d->source) {
            ivd_daemon_listen(d);
        }
        if (d->server) {
            ivd_server_step(d->server, ivd_now_ms());
        }
        ivd_daemon_ring(d, ivd_now_ms());
    }
    ivd_notify("STOPPING=1");
}

/* Doorbells take many descriptors. */
static void allow_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int run(void)
{
    struct ivl_diag diag;
    int signals = block_signals();
    ivd_fault_init();
    allow_files();
    umask(0022); /* every file is made with a mode of its own */
    int rc = ivd_daemon_start(&daemon_state, &diag);
    if (rc) {
        ivd_log_diag(IVD_ERROR, &diag);
    } else {
        serve(signals);
    }
    ivd_daemon_stop(&daemon_state);
    close(signals);
    return rc ? 1 : 0;
}

/* ---- the command line ----------------------------------------------------------------------- */

/* What --check finds beyond the text itself. */
static int check_names(const struct ivd_config *config, struct ivl_diag *diag)
{
    uid_t uid;
    gid_t gid;
    if (!ivd_find_group(config->socket_group, &gid)) {
        return ivl_fail(diag, -EINVAL, "socket-group", "make it, or correct the key",
                        "no such group: %s", config->socket_group);
    }
    for (uint32_t i = 0; i < config->region_count; i++) {
        const struct ivd_region_conf *region = &config->regions[i];
        if (!ivd_find_user(region->owner, &uid) || !ivd_find_group(region->group, &gid)) {
            return ivl_fail(diag, -EINVAL, region->name, "correct the keys owner and group",
                            "no such user or group");
        }
    }
    return 0;
}

static int read_config(void)
{
    struct ivl_diag diag;
    int rc = ivd_config_read(config_path(), &daemon_state.config, &diag);
    if (rc == 0 && opt.check) {
        rc = check_names(&daemon_state.config, &diag);
    }
    if (rc) {
        ivd_log_diag(IVD_ERROR, &diag);
        ivd_config_fini(&daemon_state.config);
        return 2;
    }
    if (opt.check) {
        printf("%s: %u regions, %u VMs\n", config_path(), daemon_state.config.region_count,
               daemon_state.config.vm_count);
        ivd_config_fini(&daemon_state.config);
        return 0;
    }
    return run();
}

static int parse(poptContext popt)
{
    int err = poptGetNextOpt(popt);
    const char *extra = err < -1 ? NULL : poptPeekArg(popt);
    if (err < -1 || extra) {
        ivd_log(IVD_ERROR, "%s: %s: see ivshmemd --help",
                extra ? extra : poptBadOption(popt, POPT_BADOPTION_NOALIAS),
                extra ? "one operand too many" : poptStrerror(err));
        return 2;
    }
    if (opt.help) {
        poptSetOtherOptionHelp(popt, "[OPTION...]");
        poptPrintHelp(popt, stdout, 0);
    } else if (opt.version) {
        printf("ivshmemd " PACKAGE_VERSION ", region ABI %d.%d\n", IVL_ABI_MAJOR, IVL_ABI_MINOR);
    } else if (opt.print) {
        ivd_config_print_sample(stdout);
    } else {
        return read_config();
    }
    return 0;
}

int main(int argc, char **argv)
{
    poptContext popt =
        poptGetContext("ivshmemd", argc, (const char **) (uintptr_t) argv, options, 0);
    int status = parse(popt);
    poptFreeContext(popt);
    if (fflush(stdout) || ferror(stdout)) {
        perror("ivshmemd: standard output");
        status = 1;
    }
    return status;
}
