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

#include "log.h"
#include "tenant.h"

static int fail_libvirt(struct ivl_diag *diag, virDomainPtr domain, const char *call)
{
    char what[160]; /* the next call forgets it */
    snprintf(what, sizeof(what), "%s", virGetLastErrorMessage());
    return ivl_fail(diag, -EIO, virDomainGetName(domain), "see the log of libvirtd", "%s: %s", call,
                    what);
}

/* To be freed; NULL and a finding. */
static char *read_xml(virDomainPtr domain, bool config, struct ivl_diag *diag)
{
    char *xml = virDomainGetXMLDesc(domain, config ? VIR_DOMAIN_XML_INACTIVE : 0);
    if (!xml) {
        (void) fail_libvirt(diag, domain, "cannot read its XML");
    }
    return xml;
}

/* How the domain has the region (enum ivd_presence), with its <shmem> element; or an error. */
static int find_region(virDomainPtr domain, const struct ivd_region_conf *region, bool config,
                       char **shmem, struct ivl_diag *diag)
{
    char *xml = read_xml(domain, config, diag);
    *shmem = NULL;
    if (!xml) {
        return -EIO;
    }
    int rc = ivd_domain_presence(xml, strlen(xml), region, shmem);
    free(xml);
    return rc < 0 ? ivl_fail(diag, rc, virDomainGetName(domain), "see virsh dumpxml",
                             "its XML cannot be understood")
                  : rc;
}

static unsigned flags_of(bool config)
{
    return config ? VIR_DOMAIN_AFFECT_CONFIG : VIR_DOMAIN_AFFECT_LIVE;
}

/* ---- one of the two: DONE, NOTHING to do, WAITING for the guest, or an error ------------------ */

enum done {
    NOTHING,
    DONE,
    WAITING
};

/* Whether the domain may have the region, beside what it has. */
static int check_tenant(virDomainPtr domain, const struct ivd_config *all,
                        const struct ivd_region_conf *region, bool config, struct ivl_diag *diag)
{
    struct ivd_domain has;
    const struct ivd_region_conf *other;
    char *xml = read_xml(domain, config, diag);
    if (!xml) {
        return -EIO;
    }
    int rc = ivd_domain_parse(xml, strlen(xml), "", &has, diag);
    free(xml);
    if (rc) {
        return rc;
    }
    if (!ivd_tenant_allows(region, has.vm.vm.name)) {
        return ivl_fail(diag, -EPERM, virDomainGetName(domain),
                        "choose another region, or change its key domains",
                        "region %s is not for it", region->name);
    }
    if (has.more_paths) {
        return ivl_fail(diag, -E2BIG, virDomainGetName(domain), "take some off",
                        "has over %d files of shared memory: one may be another region",
                        IVD_DOMAIN_PATHS_MAX);
    }
    other = ivd_tenant_other(all, &has, region);
    return other ? ivl_fail(diag, -EEXIST, virDomainGetName(domain), "detach that one first",
                            "has region %s: two would join their VMs", other->name)
                 : 0;
}

static int attach(virDomainPtr domain, const struct ivd_config *all,
                  const struct ivd_region_conf *region, bool config, struct ivl_diag *diag)
{
    char *shmem;
    int rc = check_tenant(domain, all, region, config, diag);
    if (rc) {
        return rc;
    }
    rc = find_region(domain, region, config, &shmem, diag);
    free(shmem);
    if (rc == IVD_PRESENT_NEVER) {
        return ivl_fail(diag, -EINVAL, virDomainGetName(domain),
                        "let it have two: <vcpu current='1'>2</vcpu>",
                        "is emulated with one vCPU: its atomics are none for other VMs");
    }
    if (rc != IVD_PRESENT_NOT) {
        return rc < 0 ? rc : NOTHING;
    }
    shmem = ivd_shmem_make(region);
    if (!shmem) {
        return ivl_fail(diag, -EINVAL, region->path, "give it a doorbell, or use ivshmemctl plan",
                        "libvirt can plug in files of /dev/shm, and doorbells");
    }
    rc = virDomainAttachDeviceFlags(domain, shmem, flags_of(config));
    free(shmem);
    return rc ? fail_libvirt(diag, domain, "attach") : DONE;
}

static int detach(virDomainPtr domain, const struct ivd_region_conf *region, bool config,
                  struct ivl_diag *diag)
{
    char *shmem;
    int rc = find_region(domain, region, config, &shmem, diag);
    if (rc == IVD_PRESENT_COMMANDLINE) {
        return ivl_fail(diag, -EBUSY, virDomainGetName(domain), "edit the domain and restart it",
                        "the region comes from QEMU's command line");
    }
    if (rc != IVD_PRESENT_SHMEM) {
        return rc < 0 ? rc : NOTHING;
    }
    rc = virDomainDetachDeviceFlags(domain, shmem, flags_of(config));
    free(shmem);
    return rc ? fail_libvirt(diag, domain, "detach") : config ? DONE : WAITING;
}

/* ---- both ------------------------------------------------------------------------------------- */

static int plug_one(virDomainPtr domain, const struct ivd_config *all,
                    const struct ivd_request *request, const struct ivd_region_conf *region,
                    bool config, struct ivl_diag *diag)
{
    return request->command == IVD_ATTACH ? attach(domain, all, region, config, diag)
                                          : detach(domain, region, config, diag);
}

/* Whether the running domain, its configuration or both are meant. */
static int choose(virDomainPtr domain, const struct ivd_request *request, bool *active,
                  struct ivl_diag *diag)
{
    const char *name = virDomainGetName(domain);
    int runs = virDomainIsActive(domain);
    int persists = virDomainIsPersistent(domain);
    if (runs < 0 || persists < 0) {
        return fail_libvirt(diag, domain, "cannot see its state");
    }
    *active = runs == 1;
    if (request->persistent && !persists) {
        return ivl_fail(diag, -EINVAL, name, "leave --persistent out, or define it with virsh",
                        "is transient: it has no configuration");
    }
    return runs || request->persistent
               ? 0
               : ivl_fail(diag, -ENOENT, name, "start it, or say --persistent", "is not running");
}

/* The half that was done is said with the failure of the other. */
static int fail_half(struct ivl_diag *diag, int rc)
{
    char what[sizeof(diag->what)];
    memcpy(what, diag->what, sizeof(what));
    snprintf(diag->what, sizeof(diag->what),
             "%.110s (its configuration was changed, for its next "
             "start)",
             what);
    return rc;
}

/* What is ordered back is so from now on, whatever the guest does about it. */
static void revoke(virDomainPtr domain, const struct ivd_request *request,
                   const struct ivd_region_conf *region, struct ivd_revoked *revoked)
{
    struct ivd_revocation item = { .run = (uint64_t) virDomainGetID(domain) + 1,
                                   .region = *region };
    if (virDomainGetUUID(domain, item.uuid)) {
        return;
    }
    if (request->command == IVD_ATTACH) {
        ivd_revoked_remove(revoked, &item);
    } else if (!ivd_revoked_add(revoked, &item)) {
        ivd_log(IVD_ERROR, "domain %s: out of memory: it may keep its entry until it lets go",
                virDomainGetName(domain));
    }
}

static int plug_both(virDomainPtr domain, const struct ivd_config *all,
                     const struct ivd_request *request, const struct ivd_region_conf *region,
                     struct ivd_revoked *revoked, char *text, size_t size, struct ivl_diag *diag)
{
    bool active = false;
    int live_done = NOTHING, config_done = NOTHING, rc = choose(domain, request, &active, diag);
    if (rc == 0 && request->persistent) {
        rc = config_done = plug_one(domain, all, request, region, true, diag);
    }
    if (rc >= 0 && active) {
        revoke(domain, request, region, revoked);
        rc = live_done = plug_one(domain, all, request, region, false, diag);
    }
    if (rc < 0) {
        return config_done == DONE ? fail_half(diag, rc) : rc;
    }
    const char *what = request->command == IVD_ATTACH ? "attached" : "detached";
    snprintf(text, size, "%s: region %s %s%s%s%s", virDomainGetName(domain), region->name,
             live_done || config_done ? "" : "already ", what, live_done ? ", running" : "",
             config_done ? ", in its configuration" : "");
    return live_done == WAITING;
}

static virDomainPtr look_up(virConnectPtr conn, const char *name, struct ivl_diag *diag)
{
    virDomainPtr domain = virDomainLookupByName(conn, name);
    if (!domain) {
        domain = virDomainLookupByUUIDString(conn, name);
    }
    if (!domain) {
        (void) ivl_fail(diag, -ENOENT, name, "see virsh list --all",
                        "libvirt has no domain of that name or UUID");
    }
    return domain;
}

int ivd_plug(virConnectPtr conn, const struct ivd_config *all, const struct ivd_request *request,
             const struct ivd_region_conf *region, struct ivd_revoked *revoked, char *text,
             size_t size, struct ivl_diag *diag)
{
    virDomainPtr domain = look_up(conn, request->domain, diag);
    int rc = domain ? plug_both(domain, all, request, region, revoked, text, size, diag) : -ENOENT;
    if (domain) {
        virDomainFree(domain);
    }
    return rc;
}

int ivd_plug_gone(virConnectPtr conn, const struct ivd_request *request,
                  const struct ivd_region_conf *region, struct ivl_diag *diag)
{
    char *shmem = NULL;
    virDomainPtr domain = look_up(conn, request->domain, diag);
    if (!domain) {
        return -ENOENT;
    }
    int rc = virDomainIsActive(domain) == 0 ? IVD_PRESENT_NOT /* it went as a whole */
                                            : find_region(domain, region, false, &shmem, diag);
    free(shmem);
    virDomainFree(domain);
    return rc < 0 ? rc : rc == IVD_PRESENT_NOT || rc == IVD_PRESENT_NEVER;
}
