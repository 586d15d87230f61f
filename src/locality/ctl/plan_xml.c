/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl plan: domain XML from a template. What has to be a VM's own is replaced: name, CPUs and
 * their pinning, NUMA node, region, VF. UUID, MAC addresses and vsock CIDs are taken out, libvirt
 * makes new ones. "@VM@" anywhere in the template becomes the name.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan.h"

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"
#define PLACEHOLDER "@VM@"
#define SHM_DIR "/dev/shm/"

struct plan_template {
    xmlDoc *doc;
};

static const xmlChar *x(const char *text)
{
    return (const xmlChar *) text;
}

/* ---- tree ------------------------------------------------------------------------------------- */

static bool is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *) node->name, name) == 0;
}

static xmlNode *child(const xmlNode *parent, const char *name)
{
    xmlNode *node = parent ? parent->children : NULL;
    while (node && !is(node, name)) {
        node = node->next;
    }
    return node;
}

static void drop_children(xmlNode *parent, const char *name)
{
    xmlNode *node;
    while ((node = child(parent, name))) {
        xmlUnlinkNode(node);
        xmlFreeNode(node);
    }
}

static xmlNode *add(xmlNode *parent, const char *name)
{
    return xmlNewChild(parent, NULL, x(name), NULL);
}

/* The child of that name: made anew, or as it is. */
static xmlNode *fresh(xmlNode *parent, const char *name)
{
    drop_children(parent, name);
    return add(parent, name);
}

static xmlNode *ensure(xmlNode *parent, const char *name)
{
    xmlNode *node = child(parent, name);
    return node ? node : add(parent, name);
}

static void set(xmlNode *node, const char *name, const char *value)
{
    xmlSetProp(node, x(name), x(value));
}

static void set_number(xmlNode *node, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    set(node, name, text);
}

/* ---- the template ----------------------------------------------------------------------------- */

struct plan_template *plan_template_read(const char *path)
{
    const int flags =
        XML_PARSE_NONET | XML_PARSE_NOBLANKS | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    struct plan_template *t = calloc(1, sizeof(*t));
    if (t && access(path, R_OK)) {
        ctl_complain(path, strerror(errno), "name the XML of a domain, as virsh dumpxml prints it");
        free(t);
        return NULL;
    }
    xmlDoc *doc = t ? xmlReadFile(path, NULL, flags) : NULL;
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    if (!root || !is(root, "domain") || !child(root, "name") || doc->intSubset) {
        ctl_complain(path, "not the XML of a domain with a name",
                     "name a file as virsh dumpxml prints it");
        xmlFreeDoc(doc);
        free(t);
        return NULL;
    }
    t->doc = doc;
    return t;
}

void plan_template_free(struct plan_template *t)
{
    if (t) {
        xmlFreeDoc(t->doc);
        free(t);
    }
}

bool plan_name(const struct plan_template *t, const struct plan_vm *vm,
               char name[IVL_VM_NAME_BYTES])
{
    xmlChar *base = xmlNodeGetContent(child(xmlDocGetRootElement(t->doc), "name"));
    int n =
        base ? snprintf(name, IVL_VM_NAME_BYTES, "%s-n%u-%u", (char *) base, vm->node, vm->number)
             : -1;
    bool ok = n > 0 && n < IVL_VM_NAME_BYTES && !strpbrk(name, "/ \n\t");
    xmlFree(base);
    return ok;
}

uint64_t plan_memory(const struct plan_template *t)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = { { "b", 0 },  { "bytes", 0 }, { "KiB", 10 }, { "k", 10 },   { "MiB", 20 },
                  { "M", 20 }, { "GiB", 30 },  { "G", 30 },   { "TiB", 40 }, { "T", 40 } };
    xmlNode *memory = child(xmlDocGetRootElement(t->doc), "memory");
    xmlChar *text = memory ? xmlNodeGetContent(memory) : NULL;
    xmlChar *unit = memory ? xmlGetProp(memory, x("unit")) : NULL;
    uint64_t value = 0, bytes = 0;
    if (text && sscanf((char *) text, "%" SCNu64, &value) == 1) {
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
            if (strcmp(unit ? (char *) unit : "KiB", units[i].unit) == 0 &&
                value <= UINT64_MAX >> units[i].shift) {
                bytes = value << units[i].shift;
            }
        }
    }
    xmlFree(text);
    xmlFree(unit);
    return bytes;
}

/* ---- "@VM@" ----------------------------------------------------------------------------------- */

/* The text with the name in place of each placeholder, to be freed; NULL: there is none. */
static char *substitute(const char *text, const char *name)
{
    char *out = NULL;
    size_t size = 0;
    const char *at = strstr(text, PLACEHOLDER);
    FILE *f = at ? open_memstream(&out, &size) : NULL;
    if (!f) {
        return NULL;
    }
    for (; at; at = strstr(text, PLACEHOLDER)) {
        fprintf(f, "%.*s%s", (int) (at - text), text, name);
        text = at + strlen(PLACEHOLDER);
    }
    fputs(text, f);
    fclose(f);
    return out;
}

static void substitute_attributes(xmlNode *node, const char *name)
{
    for (xmlAttr *attr = node->properties; attr; attr = attr->next) {
        xmlChar *value = xmlNodeGetContent((xmlNode *) attr);
        char *replaced = value ? substitute((char *) value, name) : NULL;
        if (replaced) {
            xmlSetNsProp(node, attr->ns, attr->name, x(replaced));
        }
        free(replaced);
        xmlFree(value);
    }
}

/* In order of the document, without recursion: a template may be deep. */
static xmlNode *walk(xmlNode *node, const xmlNode *root)
{
    if (node->children && node->type == XML_ELEMENT_NODE) {
        return node->children;
    }
    while (node != root && !node->next) {
        node = node->parent;
    }
    return node == root ? NULL : node->next;
}

static void substitute_all(xmlNode *root, const char *name)
{
    for (xmlNode *node = root; node; node = walk(node, root)) {
        char *text = node->type == XML_TEXT_NODE && node->content
                         ? substitute((char *) node->content, name)
                         : NULL;
        if (text) {
            xmlChar *encoded = xmlEncodeSpecialChars(node->doc, x(text));
            xmlNodeSetContent(node, encoded);
            xmlFree(encoded);
        }
        free(text);
        if (node->type == XML_ELEMENT_NODE) {
            substitute_attributes(node, name);
        }
    }
}

/* ---- what is a VM's own ----------------------------------------------------------------------- */

/* vCPUs that the VM may have. An emulated one needs two, or QEMU makes its atomic operations plain
 * ones, which are not atomic for other VMs; the second stays unplugged. */
static unsigned vcpus_max(const xmlNode *root, const struct plan_vm *vm)
{
    xmlChar *type = xmlGetProp(root, x("type"));
    bool lone = type && strcmp((char *) type, "qemu") == 0 && vm->cpu_count == 1;
    xmlFree(type);
    return lone ? 2 : vm->cpu_count;
}

static void put_cpus(xmlNode *root, const struct plan_vm *vm)
{
    char text[24];
    unsigned max = vcpus_max(root, vm);
    xmlNode *vcpu = fresh(root, "vcpu");
    xmlNode *tune = fresh(root, "cputune");
    xmlNode *topology = fresh(ensure(root, "cpu"), "topology");
    FILE *f;
    char *all = NULL;
    size_t size;
    snprintf(text, sizeof(text), "%u", max);
    set(vcpu, "placement", "static");
    if (max > vm->cpu_count) {
        set_number(vcpu, "current", vm->cpu_count);
    }
    xmlNodeSetContent(vcpu, x(text));
    f = open_memstream(&all, &size);
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        xmlNode *pin = add(tune, "vcpupin");
        set_number(pin, "vcpu", i);
        set_number(pin, "cpuset", vm->cpus[i]);
        if (f) {
            fprintf(f, "%s%u", i ? "," : "", vm->cpus[i]);
        }
    }
    if (f) {
        fclose(f);
        set(add(tune, "emulatorpin"), "cpuset", all);
    }
    free(all);
    set(topology, "sockets", "1");
    set_number(topology, "dies", 1);
    set_number(topology, "cores", max / vm->threads);
    set_number(topology, "threads", vm->threads);
    drop_children(child(root, "cpu"), "numa"); /* one node of the host, one in the guest */
    drop_children(root, "vcpus");
}

static void put_memory(xmlNode *root, const struct plan_vm *vm, uint64_t page_bytes)
{
    xmlNode *memory = add(fresh(root, "numatune"), "memory");
    set(memory, "mode", "strict");
    set_number(memory, "nodeset", vm->node);
    if (page_bytes) {
        xmlNode *page = add(fresh(ensure(root, "memoryBacking"), "hugepages"), "page");
        set_number(page, "size", page_bytes / 1024);
        set(page, "unit", "KiB");
    }
}

/* What libvirt's shmem takes: a file right in /dev/shm. */
static bool is_shm_name(const char *path)
{
    size_t length = strlen(SHM_DIR);
    return strncmp(path, SHM_DIR, length) == 0 && path[length] && !strchr(path + length, '/');
}

static void put_shmem(xmlNode *devices, const struct plan_device *device)
{
    const char *name = device->path + strlen(SHM_DIR);
    xmlNode *next;
    for (xmlNode *node = devices->children; node; node = next) {
        xmlChar *has = is(node, "shmem") ? xmlGetProp(node, x("name")) : NULL;
        next = node->next;
        if (has && strcmp((char *) has, name) == 0) {
            xmlUnlinkNode(node);
            xmlFreeNode(node);
        }
        xmlFree(has);
    }
    xmlNode *shmem = add(devices, "shmem");
    char text[24];
    set(shmem, "name", name);
    set(shmem, "role", "peer");
    set(add(shmem, "model"), "type", "ivshmem-plain");
    snprintf(text, sizeof(text), "%" PRIu64, device->bytes);
    set(xmlNewChild(shmem, NULL, x("size"), x(text)), "unit", "B");
}

static bool is_q35(const xmlNode *root)
{
    xmlChar *machine = NULL;
    xmlNode *type = child(child(root, "os"), "type");
    bool q35 =
        type && (machine = xmlGetProp(type, x("machine"))) && strstr((char *) machine, "q35");
    xmlFree(machine);
    return q35;
}

/* Other files go to QEMU past libvirt, at a slot of the root bus
 * that libvirt does not give away by itself. */
static void put_commandline(xmlNode *root, const struct plan_device *device)
{
    xmlNs *ns = xmlSearchNsByHref(root->doc, root, x(QEMU_NAMESPACE));
    char object[600], pci[200];
    const char *const args[] = { "-object", object, "-device", pci };
    ns = ns ? ns : xmlNewNs(root, x(QEMU_NAMESPACE), x("qemu"));
    xmlNode *line = child(root, "commandline");
    line = line ? line : xmlNewChild(root, ns, x("commandline"), NULL);
    snprintf(object, sizeof(object),
             "{\"qom-type\":\"memory-backend-file\",\"id\":\"mpi-region\",\"mem-path\":\"%s\","
             "\"size\":%" PRIu64 ",\"share\":true}",
             device->path, device->bytes);
    snprintf(pci, sizeof(pci),
             "{\"driver\":\"ivshmem-plain\",\"id\":\"mpi-region0\",\"memdev\":\"mpi-region\","
             "\"bus\":\"%s\",\"addr\":\"0x13\"}",
             is_q35(root) ? "pcie.0" : "pci.0");
    for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
        set(xmlNewChild(line, ns, x("arg"), NULL), "value", args[i]);
    }
}

static void put_vf(xmlNode *devices, const char *vf)
{
    unsigned domain, bus, slot, function;
    char text[16];
    if (sscanf(vf, "%4x:%2x:%2x.%1x", &domain, &bus, &slot, &function) != 4) {
        return; /* none */
    }
    xmlNode *host = add(devices, "hostdev");
    xmlNode *address = add(add(host, "source"), "address");
    set(host, "mode", "subsystem");
    set(host, "type", "pci");
    set(host, "managed", "yes");
    const struct {
        const char *name;
        unsigned value, digits;
    } parts[] = {
        { "domain", domain, 4 }, { "bus", bus, 2 }, { "slot", slot, 2 }, { "function", function, 1 }
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        snprintf(text, sizeof(text), "0x%0*x", (int) parts[i].digits, parts[i].value);
        set(address, parts[i].name, text);
    }
}

static void drop_identities(xmlNode *devices)
{
    for (xmlNode *node = devices->children; node; node = node->next) {
        if (is(node, "interface")) {
            drop_children(node, "mac");
        } else if (is(node, "vsock")) {
            set(fresh(node, "cid"), "auto", "yes");
        }
    }
}

static void fill(xmlNode *root, const struct plan_vm *vm, const struct plan_device *device,
                 const char *name)
{
    xmlNode *devices = ensure(root, "devices");
    drop_children(root, "uuid");
    xmlUnsetProp(root, x("id"));
    xmlNodeSetContent(child(root, "name"), x(name));
    substitute_all(root, name);
    put_cpus(root, vm);
    put_memory(root, vm, device->page_bytes);
    drop_identities(devices);
    if (device->path && is_shm_name(device->path)) {
        put_shmem(devices, device);
    } else if (device->path) {
        put_commandline(root, device);
    }
    put_vf(devices, vm->vf);
}

/* ---- writing ---------------------------------------------------------------------------------- */

static enum ctl_status write_doc(xmlDoc *doc, const char *path, bool force)
{
    xmlChar *text = NULL;
    int size = 0;
    xmlDocDumpFormatMemory(doc, &text, &size, 1);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL), 0644);
    bool ok = text && fd >= 0 && write(fd, text, (size_t) size) == size;
    int err = errno;
    if (fd >= 0 && close(fd)) {
        ok = false;
    }
    xmlFree(text);
    if (!ok) {
        ctl_complain(path, strerror(err),
                     err == EEXIST ? "choose another --output, or use --force"
                                   : "check the folder of --output");
    }
    return ok ? CTL_OK : CTL_FINDING;
}

enum ctl_status plan_write(const struct plan_template *t, const struct plan_vm *vm,
                           const struct plan_device *device, const char *path, bool force)
{
    char name[IVL_VM_NAME_BYTES];
    xmlDoc *doc = xmlCopyDoc(t->doc, 1);
    enum ctl_status status = CTL_FINDING;
    if (!doc) {
        ctl_complain(path, "out of memory", "free some memory");
    } else if (!plan_name(t, vm, name)) {
        ctl_complain(path, "the template's name is too long, or has blanks or '/'", "rename it");
    } else {
        fill(xmlDocGetRootElement(doc), vm, device, name);
        status = write_doc(doc, path, force);
    }
    xmlFreeDoc(doc);
    return status;
}
