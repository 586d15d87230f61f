/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Plugging a region into a libvirt domain, and unplugging it. The running domain and its
 * configuration are looked at and changed one after the other: either may have the region already.
 */
#include "plug.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LET_GO_TRIES 200
#define LET_GO_WAIT_NS 100000000 /* 100 ms: 20 s in all */

static int fail_libvirt(struct ivl_diag *diag, virDomainPtr domain, const char *call)
{
    char what[160]; /* the next call forgets it */
    snprintf(what, sizeof(what), "%s", virGetLastErrorMessage());
    return ivl_fail(diag, -EIO, virDomainGetName(domain), "see the log of libvirtd", "%s: %s", call,
                    what);
}

/* The <shmem> element that the domain has for the region, or NULL. */
static char *find_shmem(virDomainPtr domain, const struct ivd_region_conf *region, bool config)
{
    char *xml = virDomainGetXMLDesc(domain, config ? VIR_DOMAIN_XML_INACTIVE : 0);
    char *shmem = xml ? ivd_domain_shmem(xml, strlen(xml), region) : NULL;
    free(xml);
    return shmem;
}

static unsigned flags_of(bool config)
{
    return config ? VIR_DOMAIN_AFFECT_CONFIG : VIR_DOMAIN_AFFECT_LIVE;
}

/* ---- one of the two: 1 done, 0 nothing to do, or an error ------------------------------------ */

static int attach(virDomainPtr domain, const struct ivd_region_conf *region, bool config,
                  struct ivl_diag *diag)
{
    char *shmem = find_shmem(domain, region, config);
    if (shmem) {
        free(shmem);
        return 0;
    }
    shmem = ivd_shmem_make(region);
    if (!shmem) {
        return ivl_fail(diag, -EINVAL, region->path, "give it a doorbell, or use ivshmemctl plan",
                        "libvirt can plug in files of /dev/shm, and doorbells");
    }
    int rc = virDomainAttachDeviceFlags(domain, shmem, flags_of(config));
    free(shmem);
    return rc ? fail_libvirt(diag, domain, "attach") : 1;
}

/* A guest lets go in its own time. */
static int wait_gone(virDomainPtr domain, const struct ivd_region_conf *region,
                     struct ivl_diag *diag)
{
    const struct timespec wait = { .tv_nsec = LET_GO_WAIT_NS };
    for (int i = 0; i < LET_GO_TRIES; i++) {
        char *shmem = find_shmem(domain, region, false);
        if (!shmem) {
            return 1;
        }
        free(shmem);
        nanosleep(&wait, NULL);
    }
    return ivl_fail(diag, -ETIMEDOUT, virDomainGetName(domain),
                    "is the guest up, with PCI hot-plug? it may still do so later",
                    "the guest has not let go of the device");
}

static int detach(virDomainPtr domain, const struct ivd_region_conf *region, bool config,
                  struct ivl_diag *diag)
{
    char *shmem = find_shmem(domain, region, config);
    if (!shmem) {
        return 0;
    }
    int rc = virDomainDetachDeviceFlags(domain, shmem, flags_of(config));
    free(shmem);
    if (rc) {
        return fail_libvirt(diag, domain, "detach");
    }
    return config ? 1 : wait_gone(domain, region, diag);
}

/* ---- both ------------------------------------------------------------------------------------- */

static int plug_one(virDomainPtr domain, const struct ivd_request *request,
                    const struct ivd_region_conf *region, bool config, struct ivl_diag *diag)
{
    return request->command == IVD_ATTACH ? attach(domain, region, config, diag)
                                          : detach(domain, region, config, diag);
}

static int plug_both(virDomainPtr domain, const struct ivd_request *request,
                     const struct ivd_region_conf *region, char *text, size_t size,
                     struct ivl_diag *diag)
{
    const char *name = virDomainGetName(domain);
    bool active = virDomainIsActive(domain) == 1;
    bool config = request->persistent && virDomainIsPersistent(domain) == 1;
    int live_done = 0, config_done = 0;
    if (!active && !config) {
        return ivl_fail(diag, -ENOENT, name, "start it, or say --persistent", "is not running");
    }
    if (config) {
        config_done = plug_one(domain, request, region, true, diag);
    }
    if (config_done >= 0 && active) {
        live_done = plug_one(domain, request, region, false, diag);
    }
    if (config_done < 0 || live_done < 0) {
        return config_done < 0 ? config_done : live_done;
    }
    const char *what = request->command == IVD_ATTACH ? "attached" : "detached";
    snprintf(text, size, "%s: region %s %s%s%s%s", name, region->name,
             live_done || config_done ? "" : "already ", what, live_done ? ", running" : "",
             config_done ? ", in its configuration" : "");
    return 0;
}

int ivd_plug(virConnectPtr conn, const struct ivd_request *request,
             const struct ivd_region_conf *region, char *text, size_t size, struct ivl_diag *diag)
{
    virDomainPtr domain = virDomainLookupByName(conn, request->domain);
    if (!domain) {
        domain = virDomainLookupByUUIDString(conn, request->domain);
    }
    if (!domain) {
        return ivl_fail(diag, -ENOENT, request->domain, "see virsh list --all",
                        "libvirt has no domain of that name or UUID");
    }
    int rc = plug_both(domain, request, region, text, size, diag);
    virDomainFree(domain);
    return rc;
}
