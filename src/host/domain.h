/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the daemon takes from the XML of a libvirt domain.
 */
#ifndef IVD_DOMAIN_H_INCLUDED
#define IVD_DOMAIN_H_INCLUDED

#include "host_config.h"
#include "table.h"

#define IVD_DOMAIN_PATHS_MAX 8
#define IVD_DOMAIN_XML_MAX_BYTES (4u << 20)

struct ivd_domain {
    struct ivd_vm vm; /* without a flaw */
    uint32_t path_count;
    char paths[IVD_DOMAIN_PATHS_MAX]
              [IVD_PATH_BYTES]; /* files of memory that it shares, and doorbells */
    bool more_paths;            /* there are more: what else it has is not known */
};

/* A domain that runs, but that libvirt does not describe, has only its UUID and run: what was known
 * of it stays. */
static inline bool ivd_domain_unknown(const struct ivd_domain *domain)
{
    return !domain->vm.vm.name[0];
}

/* libvirt's name of a domain as one that the table takes: what it does not is '_' there. */
static inline void ivd_domain_name(const char *text, char name[IVL_VM_NAME_BYTES])
{
    size_t n = 0;
    for (; *text && n < IVL_VM_NAME_BYTES - 1; text++) {
        name[n++] = *text <= ' ' || *text > '~' || *text == '/' ? '_' : *text;
    }
    name[n] = '\0';
}

/* Whether it has the region. */
static inline bool ivd_domain_has(const struct ivd_domain *domain,
                                  const struct ivd_region_conf *region)
{
    bool has = false;
    for (uint32_t i = 0; i < domain->path_count; i++) {
        has = has || ivd_path_is_region(domain->paths[i], region);
    }
    return has;
}

/* Reads a domain's XML: name, UUID, MAC addresses, vsock CID, asset tag, pinning, NUMA nodes, VFs,
 * and the files of its shmem devices (/dev/shm/NAME) and memory backends. sysroot is where /sys is
 * looked for ("" but in tests). What does not fit the table (a ninth MAC address, CPU 300) is left
 * out. -EINVAL: not the XML of a domain. */
int ivd_domain_parse(const char *xml, size_t length, const char *sysroot, struct ivd_domain *domain,
                     struct ivl_diag *diag);

/* How a domain has a region. */
enum ivd_presence {
    IVD_PRESENT_NOT,
    IVD_PRESENT_NEVER,      /* not, and it must not: see ivd_domain_presence() */
    IVD_PRESENT_SHMEM,      /* as a shmem device, which can be unplugged */
    IVD_PRESENT_COMMANDLINE /* by an argument of QEMU's, which holds as long as QEMU runs */
};

/* Finds out; a negative value: -EINVAL, not the XML of a domain, or -ENOMEM. With
 * IVD_PRESENT_SHMEM *shmem is the element as text, to be freed, else NULL. IVD_PRESENT_NEVER: QEMU
 * emulates the domain, and it can have no second vCPU; then its atomic operations are plain loads
 * and stores (QEMU, docs/devel/multi-thread-tcg: "parallel" code), and not atomic for other VMs. */
int ivd_domain_presence(const char *xml, size_t length, const struct ivd_region_conf *region,
                        char **shmem);

/* A <shmem> element for the region, to be freed: of model ivshmem-doorbell if it has a doorbell.
 * NULL: libvirt can only plug in files right in /dev/shm, and doorbells. */
char *ivd_shmem_make(const struct ivd_region_conf *region);

/* "0-3,^2,8" as libvirt has it: sets bits, as far as there are any. False: not such a list; the
 * bits are left alone. */
bool ivd_cpuset_parse(const char *text, uint64_t *words, unsigned bits);

/* The value of "mem-path" in an -object argument of QEMU's, in either of its forms; false: none. */
bool ivd_object_path(const char *argument, char path[IVD_PATH_BYTES]);

/* Node GUID of the VF at a host PCI address ("0000:05:00.1"), from its PF's sysfs. False: the device
 * is no VF; *guid is 0 if the PF does not tell. */
bool ivd_vf_guid(const char *sysroot, const char *address, uint64_t *guid);

#endif /* IVD_DOMAIN_H_INCLUDED */
