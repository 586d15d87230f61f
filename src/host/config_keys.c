/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The keys of the configuration: what each means, and what it takes.
 */
#include "host_config.h"

#include <string.h>

#include "parse.h"

static bool copy_text(char *to, size_t size, const char *value)
{
    size_t length = strlen(value);
    if (length == 0 || length >= size) {
        return false;
    }
    memcpy(to, value, length + 1);
    return true;
}

/* One way only to write a path, so that equal ones are seen. */
static bool copy_path(char *to, size_t size, const char *value)
{
    size_t length = strlen(value);
    for (const char *p = value; *p; p++) {
        size_t name = strcspn(p + (*p == '/'), "/");
        if (*p == '/' && (name == 0 || (name <= 2 && strspn(p + 1, ".") == name))) {
            return false;
        }
    }
    return length > 1 && value[0] == '/' && copy_text(to, size, value);
}

static bool take_u32(const char *value, uint32_t low, uint32_t high, uint32_t *to)
{
    uint64_t n;
    if (!parse_number(value, high, &n) || n < low) {
        return false;
    }
    *to = (uint32_t) n;
    return true;
}

/* ---- [daemon] ------------------------------------------------------------------------------- */

static const char *set_socket(struct ivd_config_reader *r, const char *value)
{
    if (strcmp(value, "none") == 0) {
        r->config->socket[0] = '\0';
        return NULL;
    }
    return copy_path(r->config->socket, sizeof(r->config->socket), value)
               ? NULL
               : "write an absolute path of at most 99 bytes, without //, /. and /.., or none";
}

static const char *set_socket_group(struct ivd_config_reader *r, const char *value)
{
    return copy_text(r->config->socket_group, sizeof(r->config->socket_group), value)
               ? NULL
               : "write the name or number of a group";
}

static const char *set_state_dir(struct ivd_config_reader *r, const char *value)
{
    return copy_path(r->config->state_dir, sizeof(r->config->state_dir), value)
               ? NULL
               : "write an absolute path, without //, /. and /..";
}

static const char *set_libvirt(struct ivd_config_reader *r, const char *value)
{
    if (strcmp(value, "none") == 0) {
        r->config->libvirt[0] = '\0';
        return NULL;
    }
    return strchr(value, ':') && copy_text(r->config->libvirt, sizeof(r->config->libvirt), value)
               ? NULL
               : "write a URI such as qemu:///system, or none";
}

static const char *set_heartbeat(struct ivd_config_reader *r, const char *value)
{
    return take_u32(value, 100, 60000, &r->config->heartbeat_ms)
               ? NULL
               : "choose 100 to 60000 milliseconds";
}

/* ---- [region] ------------------------------------------------------------------------------- */

static const char *set_path(struct ivd_config_reader *r, const char *value)
{
    return copy_path(r->region->path, sizeof(r->region->path), value)
               ? NULL
               : "write an absolute path on /dev/shm or hugetlbfs, without //, /. and /..";
}

static const char *set_size(struct ivd_config_reader *r, const char *value)
{
    uint64_t n;
    bool ok = parse_size(value, &n) && n >= IVL_REGION_MIN_BYTES && n <= IVL_REGION_MAX_BYTES &&
              (n & (n - 1)) == 0;
    if (ok) {
        r->region->format.region_bytes = n;
    }
    return ok ? NULL : "choose a power of two from 1M to 64T, such as 1G";
}

static const char *set_mode(struct ivd_config_reader *r, const char *value)
{
    unsigned mode;
    bool ok = parse_mode(value, &mode) && (mode & 0600) == 0600 && (mode & 0117) == 0;
    if (ok) {
        r->region->mode = mode;
    }
    return ok ? NULL : "choose 0600, 0640 or 0660: others must not open a region";
}

static const char *set_owner(struct ivd_config_reader *r, const char *value)
{
    return copy_text(r->region->owner, sizeof(r->region->owner), value)
               ? NULL
               : "write the name or number of a user";
}

static const char *set_group(struct ivd_config_reader *r, const char *value)
{
    return copy_text(r->region->group, sizeof(r->region->group), value)
               ? NULL
               : "write the name or number of a group";
}

static const char *set_label(struct ivd_config_reader *r, const char *value)
{
    return !strpbrk(value, " \t") && strchr(value, ':') &&
                   copy_text(r->region->label, sizeof(r->region->label), value)
               ? NULL
               : "write a context as \"ls -Z\" shows it, such as "
                 "system_u:object_r:svirt_image_t:s0:c1,c2";
}

static const char *set_domains(struct ivd_config_reader *r, const char *value)
{
    return copy_text(r->region->domains, sizeof(r->region->domains), value)
               ? NULL
               : "write patterns of names with blanks between them, up to 199 characters";
}

static const char *set_vms(struct ivd_config_reader *r, const char *value)
{
    return take_u32(value, 1, IVL_VMS_MAX, &r->region->format.vms) ? NULL : "choose 1 to 1024";
}

static const char *set_jobs(struct ivd_config_reader *r, const char *value)
{
    return take_u32(value, 1, IVL_JOBS_MAX, &r->region->format.jobs) ? NULL : "choose 1 to 4096";
}

static const char *set_chunk(struct ivd_config_reader *r, const char *value)
{
    uint64_t n;
    bool ok = parse_size(value, &n) && n >= IVL_CHUNK_MIN_BYTES && n <= IVL_CHUNK_MAX_BYTES &&
              (n & (n - 1)) == 0;
    if (ok) {
        r->region->format.chunk_bytes = (uint32_t) n;
    }
    return ok ? NULL : "choose a power of two from 4K to 1G";
}

static const char *set_lease(struct ivd_config_reader *r, const char *value)
{
    uint32_t seconds;
    if (!take_u32(value, 1, 600, &seconds)) {
        return "choose 1 to 600 seconds";
    }
    r->region->format.lease_ms = seconds * 1000;
    return NULL;
}

static const char *set_region_numa(struct ivd_config_reader *r, const char *value)
{
    return parse_mask(value, &r->region->numa_mask, 64) ? NULL
                                                        : "write nodes from 0 to 63, such as 0,2-3";
}

static const char *set_numa_policy(struct ivd_config_reader *r, const char *value)
{
    bool bind = strcmp(value, "bind") == 0;
    if (!bind && strcmp(value, "interleave") != 0) {
        return "write bind or interleave";
    }
    r->region->numa_policy = bind ? IVD_NUMA_BIND : IVD_NUMA_INTERLEAVE;
    return NULL;
}

static const char *set_adopt(struct ivd_config_reader *r, const char *value)
{
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0) {
        return "write yes or no";
    }
    r->region->adopt = yes;
    return NULL;
}

static const char *set_doorbell(struct ivd_config_reader *r, const char *value)
{
    return copy_path(r->region->doorbell, sizeof(r->region->doorbell), value)
               ? NULL
               : "write an absolute path of at most 99 bytes, without //, /. and /..";
}

static const char *set_vectors(struct ivd_config_reader *r, const char *value)
{
    return take_u32(value, 1, 8, &r->region->vectors) ? NULL : "choose 1 to 8";
}

/* ---- [vm] ----------------------------------------------------------------------------------- */

static const char *set_vm_region(struct ivd_config_reader *r, const char *value)
{
    return copy_text(r->vm->region, sizeof(r->vm->region), value) ? NULL
                                                                  : "write the name of a region";
}

static const char *set_uuid(struct ivd_config_reader *r, const char *value)
{
    return ivl_uuid_parse(value, r->vm->vm.uuid) == 0 ? NULL : "write it as 8-4-4-4-12 hex digits";
}

static const char *set_mac(struct ivd_config_reader *r, const char *value)
{
    struct ivl_abi_vm *vm = &r->vm->vm;
    if (vm->mac_count == IVL_VM_MACS_MAX) {
        return "give at most 8";
    }
    if (ivl_mac_parse(value, vm->macs[vm->mac_count])) {
        return "write six bytes, such as 52:54:00:12:34:56";
    }
    vm->mac_count++;
    return NULL;
}

static const char *set_cid(struct ivd_config_reader *r, const char *value)
{
    return take_u32(value, 3, UINT32_MAX - 1, &r->vm->vm.vsock_cid) ? NULL
                                                                    : "choose 3 to 4294967294";
}

static const char *set_asset_tag(struct ivd_config_reader *r, const char *value)
{
    return copy_text(r->vm->vm.asset_tag, sizeof(r->vm->vm.asset_tag), value)
               ? NULL
               : "write 1 to 63 characters";
}

static const char *set_vm_numa(struct ivd_config_reader *r, const char *value)
{
    return parse_mask(value, &r->vm->vm.numa_mask, 64) ? NULL
                                                       : "write nodes from 0 to 63, such as 0,2-3";
}

static const char *set_cpus(struct ivd_config_reader *r, const char *value)
{
    return parse_mask(value, r->vm->vm.cpu_mask, IVL_VM_CPUMASK_WORDS * 64)
               ? NULL
               : "write CPUs from 0 to 255, such as 0-7,16-23";
}

static const char *set_vf(struct ivd_config_reader *r, const char *value)
{
    struct ivl_abi_vm *vm = &r->vm->vm;
    if (vm->vf_count == IVL_VM_VFS_MAX) {
        return "give at most 4";
    }
    if (!parse_vf(value, &vm->vfs[vm->vf_count])) {
        return "write such as 0000:05:00.1,0002c90300001234";
    }
    vm->vf_count++;
    return NULL;
}

/* ---- the table ------------------------------------------------------------------------------ */

/* clang-format off */
const struct ivd_key ivd_keys[] = {
    { IVD_SECTION_DAEMON, "socket", "/run/ivshmemd/socket",
      "UNIX socket that ivshmemctl talks to, mode 0660. \"none\": no socket.",
      false, set_socket },
    { IVD_SECTION_DAEMON, "socket-group", "#ivshmem",
      "Its members may command the daemon, besides root and the daemon's own user.\n"
      "Default: nobody else.",
      false, set_socket_group },
    { IVD_SECTION_DAEMON, "state-directory", "/run/ivshmemd",
      "Where the daemon remembers its regions across restarts; made if its parent is there. Nobody\n"
      "else may write to it.",
      false, set_state_dir },
    { IVD_SECTION_DAEMON, "libvirt", "#qemu:///system",
      "libvirt to take VMs from: each domain that has a region as its shmem device, or names its\n"
      "path in a memory backend. \"none\" (the default): only the [vm] sections below.",
      false, set_libvirt },
    { IVD_SECTION_DAEMON, "heartbeat", "1000",
      "Milliseconds, 100 to 60000: how often the daemon beats, puts back what guests changed of\n"
      "its part of a region, and looks for dead jobs.",
      false, set_heartbeat },

    { IVD_SECTION_REGION, "path", "/dev/shm/mpi",
      "File of the region, on /dev/shm or hugetlbfs. For libvirt's shmem device it has to be\n"
      "/dev/shm/NAME. No two regions have the same.",
      false, set_path },
    { IVD_SECTION_REGION, "size", "1G",
      "Power of two from 1M; all of it is reserved at once.",
      false, set_size },
    { IVD_SECTION_REGION, "mode", "0660",
      "Permissions of the file: 0600 (the default), 0640 or 0660.",
      false, set_mode },
    { IVD_SECTION_REGION, "owner", "#root",
      "User that owns the file. Default: the daemon's own. Who owns it can remove it.",
      false, set_owner },
    { IVD_SECTION_REGION, "group", "kvm",
      "Group of the file: one that QEMU is in. Default: the daemon's own.",
      false, set_group },
    { IVD_SECTION_REGION, "label", "#system_u:object_r:svirt_image_t:s0:c1,c2",
      "SELinux context of the file, if policy lets the daemon set it. Default: the system's.",
      false, set_label },
    { IVD_SECTION_REGION, "domains", "#tenant1-* build?",
      "Names of the libvirt domains that may have the region, as patterns of the shell's. Others are\n"
      "not attached, nor entered in its table if they have it all the same. Default: any.",
      false, set_domains },
    { IVD_SECTION_REGION, "vms", "64",
      "Entries for VMs, 1 to 1024.",
      false, set_vms },
    { IVD_SECTION_REGION, "jobs", "64",
      "MPI jobs at a time, 1 to 4096.",
      false, set_jobs },
    { IVD_SECTION_REGION, "chunk", "#4K",
      "Unit of allocation, a power of two from 4K to 1G. Default: 4K, more above 1G.",
      false, set_chunk },
    { IVD_SECTION_REGION, "lease", "10",
      "Seconds, 1 to 600: a job without a sign of life for so long is dead.",
      false, set_lease },
    { IVD_SECTION_REGION, "numa", "#0",
      "Host NUMA nodes that the memory is taken from, such as 0,2-3. Default: anywhere.",
      false, set_region_numa },
    { IVD_SECTION_REGION, "numa-policy", "#bind",
      "bind (the default): from these nodes in their order; interleave: in turn.",
      false, set_numa_policy },
    { IVD_SECTION_REGION, "adopt", "no",
      "yes: take over a region that is there but was not made by this daemon, such as by\n"
      "ivshmemctl create. Its table is made anew.",
      false, set_adopt },
    { IVD_SECTION_REGION, "doorbell", "#/run/ivshmemd/mpi.doorbell",
      "UNIX socket for QEMU's ivshmem-doorbell devices, whose VMs can wake each other by interrupts;\n"
      "mode and group as the region's, which have to be mode = 0660 and group. A region on hugetlbfs\n"
      "can be plugged in this way only.",
      false, set_doorbell },
    { IVD_SECTION_REGION, "vectors", "#2",
      "Interrupts of such a device, 1 to 8; the same for all.",
      false, set_vectors },

    { IVD_SECTION_VM, "region", "mpi",
      "Region that it has. May be left out if there is only one.",
      false, set_vm_region },
    { IVD_SECTION_VM, "uuid", "#5b6b6c8e-4a0e-4d7c-9c38-2f1d0e6a7b10",
      "UUID of the VM. In the VM only root can read it.",
      false, set_uuid },
    { IVD_SECTION_VM, "mac", "52:54:00:00:00:01",
      "MAC address; up to 8 times.",
      true, set_mac },
    { IVD_SECTION_VM, "cid", "#3",
      "Context id of its vsock device, 3 or more.",
      false, set_cid },
    { IVD_SECTION_VM, "asset-tag", "#rack 3, slot 1",
      "Asset tag of its chassis (SMBIOS).",
      false, set_asset_tag },
    { IVD_SECTION_VM, "numa", "#0",
      "Host NUMA nodes of its memory, 0 to 63.",
      false, set_vm_numa },
    { IVD_SECTION_VM, "cpus", "#0-7",
      "Host CPUs that it is pinned to, 0 to 255.",
      false, set_cpus },
    { IVD_SECTION_VM, "vf", "#0000:05:00.1,0002c90300001234",
      "Virtual function that it has: PCI address in the guest, and node GUID; up to 4 times.",
      true, set_vf },
};
/* clang-format on */
const unsigned ivd_key_count = sizeof(ivd_keys) / sizeof(ivd_keys[0]);
