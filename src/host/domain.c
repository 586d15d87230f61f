/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A libvirt domain's XML to an entry of the table. Host administrators write it, but names and tags
 * in it may be a tenant's choice: each is checked as any other input.
 */
#include "domain.h"

#include <errno.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#include "parse.h"

#define SHM_DIR "/dev/shm/" /* where libvirt looks for shmem's names */

struct text {
    char s[256];
};

/* ---- tree ----------------------------------------------------------------------------------- */

static bool is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *) node->name, name) == 0;
}

static const xmlNode *next(const xmlNode *node, const char *name)
{
    while (node && !is(node, name)) {
        node = node->next;
    }
    return node;
}

static const xmlNode *child(const xmlNode *parent, const char *name)
{
    return parent ? next(parent->children, name) : NULL;
}

/* The attribute's value; empty if there is none, or too long a one. */
static struct text attribute(const xmlNode *node, const char *name)
{
    struct text text = { "" };
    xmlChar *value = node ? xmlGetProp(node, (const xmlChar *) name) : NULL;
    if (value && strlen((char *) value) < sizeof(text.s)) {
        snprintf(text.s, sizeof(text.s), "%s", (char *) value);
    }
    xmlFree(value);
    return text;
}

static struct text content(const xmlNode *node)
{
    struct text text = { "" };
    xmlChar *value = node ? xmlNodeGetContent(node) : NULL;
    if (value && strlen((char *) value) < sizeof(text.s)) {
        snprintf(text.s, sizeof(text.s), "%s", (char *) value);
    }
    xmlFree(value);
    return text;
}

/* ---- who it is ------------------------------------------------------------------------------ */

static bool printable(const char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

/* The asset tag reaches the guest only if the domain shows its sysinfo. */
static void take_asset_tag(const xmlNode *root, struct ivl_abi_vm *vm)
{
    struct text mode = attribute(child(child(root, "os"), "smbios"), "mode");
    if (strcmp(mode.s, "sysinfo") != 0) {
        return;
    }
    for (const xmlNode *info = child(root, "sysinfo"); info; info = next(info->next, "sysinfo")) {
        const xmlNode *entry = child(child(info, "chassis"), "entry");
        for (; entry; entry = next(entry->next, "entry")) {
            struct text tag = content(entry);
            if (strcmp(attribute(entry, "name").s, "asset") == 0 && printable(tag.s) &&
                strlen(tag.s) < IVL_VM_TAG_BYTES) {
                snprintf(vm->asset_tag, sizeof(vm->asset_tag), "%.*s", IVL_VM_TAG_BYTES - 1, tag.s);
            }
        }
    }
}

static void take_mac(const xmlNode *interface, struct ivl_abi_vm *vm)
{
    uint8_t mac[6];
    static const uint8_t zero[6];
    struct text text = attribute(child(interface, "mac"), "address");
    if (vm->mac_count < IVL_VM_MACS_MAX && ivl_mac_parse(text.s, mac) == 0 && !(mac[0] & 1) &&
        memcmp(mac, zero, sizeof(mac)) != 0) {
        memcpy(vm->macs[vm->mac_count++], mac, sizeof(mac));
    }
}

static void take_cid(const xmlNode *vsock, struct ivl_abi_vm *vm)
{
    uint64_t cid;
    struct text text = attribute(child(vsock, "cid"), "address");
    if (parse_number(text.s, UINT32_MAX - 1, &cid) && cid >= 3) {
        vm->vsock_cid = (uint32_t) cid;
    }
}

/* ---- where it is ---------------------------------------------------------------------------- */

static void take_cpus(const xmlNode *root, struct ivl_abi_vm *vm)
{
    const xmlNode *pin = child(child(root, "cputune"), "vcpupin");
    if (!pin) {
        struct text all = attribute(child(root, "vcpu"), "cpuset");
        (void) ivd_cpuset_parse(all.s, vm->cpu_mask, IVL_VM_CPUMASK_WORDS * 64);
        return;
    }
    for (; pin; pin = next(pin->next, "vcpupin")) {
        struct text set = attribute(pin, "cpuset");
        (void) ivd_cpuset_parse(set.s, vm->cpu_mask, IVL_VM_CPUMASK_WORDS * 64);
    }
}

static void take_numa(const xmlNode *root, struct ivl_abi_vm *vm)
{
    const xmlNode *tune = child(root, "numatune");
    const xmlNode *node = child(tune, "memnode");
    (void) ivd_cpuset_parse(attribute(child(tune, "memory"), "nodeset").s, &vm->numa_mask, 64);
    for (; node; node = next(node->next, "memnode")) {
        (void) ivd_cpuset_parse(attribute(node, "nodeset").s, &vm->numa_mask, 64);
    }
}

/* ---- virtual functions ---------------------------------------------------------------------- */

/* libvirt writes "0x0000"; decimal numbers are allowed as well. */
static bool take_part(const xmlNode *address, const char *name, unsigned max, unsigned *value)
{
    struct text text = attribute(address, name);
    int end = 0;
    unsigned n = 0;
    if (!text.s[0]) {
        return strcmp(name, "domain") == 0 || strcmp(name, "function") == 0; /* 0 then */
    }
    bool hex = text.s[0] == '0' && text.s[1] == 'x';
    const char *digits = text.s + (hex ? 2 : 0);
    if (strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != strlen(digits) ||
        sscanf(digits, hex ? "%8x%n" : "%8u%n", &n, &end) != 1 || digits[end] || n > max) {
        return false;
    }
    *value = n;
    return true;
}

struct pci {
    unsigned domain, bus, slot, function;
};

static bool take_pci(const xmlNode *address, struct pci *pci)
{
    *pci = (struct pci){ 0 };
    return address && take_part(address, "domain", 0xffff, &pci->domain) &&
           take_part(address, "bus", 0xff, &pci->bus) &&
           take_part(address, "slot", 31, &pci->slot) &&
           take_part(address, "function", 7, &pci->function);
}

/* <hostdev type='pci'> and <interface type='hostdev'> alike. */
static void take_vf(const xmlNode *device, const char *sysroot, struct ivl_abi_vm *vm)
{
    struct pci host, guest;
    uint64_t guid = 0;
    char address[40];
    if (vm->vf_count == IVL_VM_VFS_MAX ||
        !take_pci(child(child(device, "source"), "address"), &host) ||
        !take_pci(child(device, "address"), &guest)) {
        return;
    }
    snprintf(address, sizeof(address), "%04x:%02x:%02x.%x", host.domain, host.bus, host.slot,
             host.function);
    if (ivd_vf_guid(sysroot, address, &guid) || is(device, "interface")) {
        vm->vfs[vm->vf_count++] = (struct ivl_abi_vf){ .pci_domain = guest.domain,
                                                       .pci_bus = (uint8_t) guest.bus,
                                                       .pci_device = (uint8_t) guest.slot,
                                                       .pci_function = (uint8_t) guest.function,
                                                       .node_guid = guid };
    }
}

/* ---- shared memory -------------------------------------------------------------------------- */

static void add_path(struct ivd_domain *domain, const char *path)
{
    if (domain->path_count == IVD_DOMAIN_PATHS_MAX) {
        domain->more_paths = true;
    } else if (strlen(path) < IVD_PATH_BYTES) { /* a longer one is no region's */
        snprintf(domain->paths[domain->path_count++], IVD_PATH_BYTES, "%s", path);
    }
}

/* The server's socket, else the file. */
static bool shmem_path(const xmlNode *shmem, char path[IVD_PATH_BYTES])
{
    struct text name = attribute(shmem, "name");
    struct text server = attribute(child(shmem, "server"), "path");
    if (server.s[0]) {
        return (size_t) snprintf(path, IVD_PATH_BYTES, "%s", server.s) < IVD_PATH_BYTES;
    }
    return name.s[0] && !strchr(name.s, '/') &&
           (size_t) snprintf(path, IVD_PATH_BYTES, SHM_DIR "%s", name.s) < IVD_PATH_BYTES;
}

static void take_shmem(const xmlNode *shmem, struct ivd_domain *domain)
{
    char path[IVD_PATH_BYTES];
    if (shmem_path(shmem, path)) {
        add_path(domain, path);
    }
}

static void take_commandline(const xmlNode *line, struct ivd_domain *domain)
{
    char path[IVD_PATH_BYTES];
    bool object = false;
    for (const xmlNode *arg = child(line, "arg"); arg; arg = next(arg->next, "arg")) {
        xmlChar *value = xmlGetProp(arg, (const xmlChar *) "value");
        if (value && object && ivd_object_path((char *) value, path)) {
            add_path(domain, path);
        }
        object = value && strcmp((char *) value, "-object") == 0;
        xmlFree(value);
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void take_device(const xmlNode *device, const char *sysroot, struct ivd_domain *domain)
{
    struct ivl_abi_vm *vm = &domain->vm.vm;
    struct text type = attribute(device, "type");
    if (is(device, "interface")) {
        take_mac(device, vm);
        if (strcmp(type.s, "hostdev") == 0) {
            take_vf(device, sysroot, vm);
        }
    } else if (is(device, "hostdev") && strcmp(type.s, "pci") == 0) {
        take_vf(device, sysroot, vm);
    } else if (is(device, "vsock")) {
        take_cid(device, vm);
    } else if (is(device, "shmem")) {
        take_shmem(device, domain);
    }
}

static int take_domain(const xmlNode *root, const char *sysroot, struct ivd_domain *domain,
                       struct ivl_diag *diag)
{
    struct ivl_abi_vm *vm = &domain->vm.vm;
    ivd_domain_name(content(child(root, "name")).s, vm->name);
    (void) ivl_uuid_parse(content(child(root, "uuid")).s, vm->uuid);
    take_asset_tag(root, vm);
    take_cpus(root, vm);
    take_numa(root, vm);
    for (const xmlNode *devices = child(root, "devices"); devices;
         devices = next(devices->next, "devices")) {
        for (const xmlNode *device = devices->children; device; device = device->next) {
            take_device(device, sysroot, domain);
        }
    }
    take_commandline(child(root, "commandline"), domain);
    const char *flaw = ivl_vm_flaw(vm);
    return flaw ? ivl_fail(diag, -EINVAL, "domain XML", "correct it", "the domain has %s", flaw)
                : 0;
}

/* No network, no external files, no entities: libvirt writes none, none is needed. */
static xmlDoc *read_domain(const char *xml, size_t length)
{
    const int flags = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    xmlDoc *doc = length <= IVD_DOMAIN_XML_MAX_BYTES
                      ? xmlReadMemory(xml, (int) length, "domain.xml", NULL, flags)
                      : NULL;
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    if (!root || !is(root, "domain") || doc->intSubset) {
        xmlFreeDoc(doc);
        return NULL;
    }
    return doc;
}

int ivd_domain_parse(const char *xml, size_t length, const char *sysroot, struct ivd_domain *domain,
                     struct ivl_diag *diag)
{
    struct ivd_domain copy;
    memset(&copy, 0, sizeof(copy));
    xmlDoc *doc = read_domain(xml, length);
    if (!doc) {
        return ivl_fail(diag, -EINVAL, "domain XML", "write <domain>...</domain>",
                        "not the XML of a domain");
    }
    int rc = take_domain(xmlDocGetRootElement(doc), sysroot, &copy, diag);
    xmlFreeDoc(doc);
    if (rc == 0) {
        *domain = copy;
    }
    return rc;
}

/* ---- shmem elements ------------------------------------------------------------------------- */

static char *dump(xmlDoc *doc, const xmlNode *node)
{
    char *text = NULL;
    xmlBuffer *buffer = xmlBufferCreate();
    xmlNode *copy = buffer ? xmlCopyNode((xmlNode *) (uintptr_t) node, 1) : NULL;
    if (copy && xmlNodeDump(buffer, doc, copy, 0, 0) > 0) {
        text = strdup((const char *) xmlBufferContent(buffer));
    }
    xmlFreeNode(copy);
    xmlBufferFree(buffer);
    return text;
}

static const xmlNode *find_shmem(const xmlNode *root, const struct ivd_region_conf *region)
{
    char path[IVD_PATH_BYTES];
    const xmlNode *shmem = child(child(root, "devices"), "shmem");
    while (shmem && !(shmem_path(shmem, path) && ivd_path_is_region(path, region))) {
        shmem = next(shmem->next, "shmem");
    }
    return shmem;
}

static bool on_commandline(const xmlNode *root, const struct ivd_region_conf *region)
{
    struct ivd_domain domain = { .path_count = 0 };
    take_commandline(child(root, "commandline"), &domain);
    return ivd_domain_has(&domain, region);
}

/* <vcpu> is the number that it may have; one that is hot-plugged later counts. */
static bool is_lone_emulation(const xmlNode *root)
{
    uint64_t vcpus = 1;
    struct text text = content(child(root, "vcpu"));
    text.s[strcspn(text.s, " \n\t")] = '\0';
    return strcmp(attribute(root, "type").s, "qemu") == 0 &&
           (!text.s[0] || (parse_number(text.s, UINT32_MAX, &vcpus) && vcpus == 1));
}

int ivd_domain_presence(const char *xml, size_t length, const struct ivd_region_conf *region,
                        char **shmem)
{
    xmlDoc *doc = read_domain(xml, length);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *found = root ? find_shmem(root, region) : NULL;
    int rc = !root                          ? -EINVAL
             : found                        ? IVD_PRESENT_SHMEM
             : on_commandline(root, region) ? IVD_PRESENT_COMMANDLINE
             : is_lone_emulation(root)      ? IVD_PRESENT_NEVER
                                            : IVD_PRESENT_NOT;
    *shmem = found ? dump(doc, found) : NULL;
    xmlFreeDoc(doc);
    return found && !*shmem ? -ENOMEM : rc;
}

/* Paths that would need quoting in XML are not worth it. */
static bool is_plain(const char *text)
{
    return *text && !strpbrk(text, "<>&'\"");
}

char *ivd_shmem_make(const struct ivd_region_conf *region)
{
    char *text = NULL;
    int n = -1;
    const char *name = region->path + strlen(SHM_DIR);
    if (region->doorbell[0] && is_plain(region->doorbell)) {
        n = asprintf(&text,
                     "<shmem name='%s'><model type='ivshmem-doorbell'/><server path='%s'/>"
                     "<msi vectors='%u'/></shmem>",
                     region->name, region->doorbell, region->vectors);
    } else if (strncmp(region->path, SHM_DIR, strlen(SHM_DIR)) == 0 && is_plain(name) &&
               !strchr(name, '/')) {
        n = asprintf(&text,
                     "<shmem name='%s' role='peer'><model type='ivshmem-plain'/>"
                     "<size unit='B'>%" PRIu64 "</size></shmem>",
                     name, region->format.region_bytes);
    }
    return n < 0 ? NULL : text;
}
