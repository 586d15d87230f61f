/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Reading the configuration. Whatever is wrong is refused with file and line.
 */
#include "host_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_BYTES 512
#define VMS_MAX (IVD_REGIONS_MAX * 64)

struct reader {
    struct ivd_config_reader at;
    enum ivd_section section;
    bool in_section;
    uint64_t seen; /* keys of this section, by number in ivd_keys */
    const char *name;
    unsigned line;
    struct ivl_diag *diag;
};

static int refuse_line(const struct reader *r, unsigned line, const char *remedy, const char *what,
                       const char *object)
{
    char where[IVD_PATH_BYTES + 16];
    snprintf(where, sizeof(where), "%s:%u", r->name, line);
    return ivl_fail(r->diag, -EINVAL, where, remedy, "%s%.100s", what, object);
}

static int refuse(const struct reader *r, const char *remedy, const char *what, const char *object)
{
    return refuse_line(r, r->line, remedy, what, object);
}

/* ---- sections ------------------------------------------------------------------------------- */

static bool region_name_ok(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length < IVD_NAME_BYTES && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               length;
}

static int begin_region(struct reader *r, const char *name)
{
    struct ivd_config *config = r->at.config;
    if (!region_name_ok(name)) {
        return refuse(r, "use 1 to 31 letters, digits, '.', '_' and '-'",
                      "bad name of a region: ", name);
    }
    if (ivd_config_region(config, name)) {
        return refuse(r, "give each region one section", "a second section for region ", name);
    }
    if (config->region_count == IVD_REGIONS_MAX) {
        return refuse(r, "run a second daemon", "more than 64 regions", "");
    }
    struct ivd_region_conf *region = &config->regions[config->region_count++];
    *region = (struct ivd_region_conf){ .mode = 0600, .vectors = 2, .line = r->line };
    memcpy(region->name, name, strlen(name) + 1);
    r->at.region = region;
    return 0;
}

static int begin_vm(struct reader *r, const char *name)
{
    struct ivd_config *config = r->at.config;
    struct ivd_vm_conf *vms = config->vms;
    if (strlen(name) >= IVL_VM_NAME_BYTES || strpbrk(name, " \t/") || !*name) {
        return refuse(r, "use 1 to 63 characters without blanks and '/'",
                      "bad name of a VM: ", name);
    }
    if (config->vm_count == VMS_MAX) {
        return refuse(r, "let the daemon ask libvirt", "too many VMs", "");
    }
    if ((config->vm_count & (config->vm_count - 1)) == 0) { /* full: 0, 1, 2, 4, ... */
        size_t room = config->vm_count ? 2 * (size_t) config->vm_count : 1;
        vms = realloc(config->vms, room * sizeof(*vms));
        if (!vms) {
            return ivl_fail(r->diag, -ENOMEM, r->name, "free some memory", "out of memory");
        }
        config->vms = vms;
    }
    r->at.vm = &vms[config->vm_count++];
    *r->at.vm = (struct ivd_vm_conf){ .line = r->line };
    memcpy(r->at.vm->vm.name, name, strlen(name) + 1);
    return 0;
}

/* "[daemon]", "[region NAME]", "[vm NAME]"; text is behind the bracket. */
static int begin_section(struct reader *r, char *text)
{
    char *end = strchr(text, ']');
    if (!end || end[1]) {
        return refuse(r, "write [daemon], [region NAME] or [vm NAME]",
                      "a section without its end: [", text);
    }
    *end = '\0';
    r->seen = 0;
    r->in_section = true;
    r->at.region = NULL;
    r->at.vm = NULL;
    if (strcmp(text, "daemon") == 0) {
        r->section = IVD_SECTION_DAEMON;
        return 0;
    }
    if (strncmp(text, "region ", 7) == 0) {
        r->section = IVD_SECTION_REGION;
        return begin_region(r, text + 7 + strspn(text + 7, " \t"));
    }
    if (strncmp(text, "vm ", 3) == 0) {
        r->section = IVD_SECTION_VM;
        return begin_vm(r, text + 3 + strspn(text + 3, " \t"));
    }
    return refuse(r, "write [daemon], [region NAME] or [vm NAME]", "unknown section: ", text);
}

/* ---- keys ----------------------------------------------------------------------------------- */

static int set_key(struct reader *r, const char *name, const char *value)
{
    for (unsigned i = 0; i < ivd_key_count; i++) {
        const struct ivd_key *key = &ivd_keys[i];
        if (key->section != r->section || strcmp(key->name, name) != 0) {
            continue;
        }
        if (!key->many && (r->seen >> i & 1)) {
            return refuse(r, "leave one out", "twice in this section: ", name);
        }
        r->seen |= UINT64_C(1) << i;
        char what[80];
        snprintf(what, sizeof(what), "%.40s: bad value: ", name);
        const char *remedy = key->set(&r->at, value);
        return remedy ? refuse(r, remedy, what, value) : 0;
    }
    return refuse(r, "see ivshmemd.conf in the documentation, or ivshmemd --print-config",
                  "unknown key in this section: ", name);
}

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length && strchr(" \t\r", text[length - 1])) {
        text[--length] = '\0';
    }
    return text;
}

static int read_line(struct reader *r, char *text)
{
    text = trim(text);
    if (!*text || *text == '#') {
        return 0;
    }
    if (*text == '[') {
        return begin_section(r, text + 1);
    }
    char *equals = strchr(text, '=');
    if (!equals) {
        return refuse(r, "write KEY = VALUE, or # before a comment",
                      "not a key with a value: ", text);
    }
    if (!r->in_section) {
        return refuse(r, "begin with [daemon], [region NAME] or [vm NAME]",
                      "outside a section: ", text);
    }
    *equals = '\0';
    return set_key(r, trim(text), trim(equals + 1));
}

/* ---- the whole ------------------------------------------------------------------------------ */

static bool same_path(const char *a, const char *b)
{
    return *a && strcmp(a, b) == 0;
}

/* Paths that one region has alone; and its doorbell is for QEMU, not for all of the daemon's group. */
static int check_shared(const struct reader *r, const struct ivd_region_conf *region,
                        uint32_t before)
{
    const struct ivd_config *config = r->at.config;
    if (region->doorbell[0] && (!region->group[0] || region->mode != 0660)) {
        return refuse_line(r, region->line, "give it mode = 0660 and a group that QEMU is in",
                           "a doorbell that QEMU cannot open: region ", region->name);
    }
    if (same_path(region->doorbell, config->socket) || same_path(region->path, config->socket) ||
        same_path(region->doorbell, region->path)) {
        return refuse_line(r, region->line, "give each its own",
                           "path, doorbell and the daemon's socket are not all different: region ",
                           region->name);
    }
    for (uint32_t k = 0; k < before; k++) {
        const struct ivd_region_conf *other = &config->regions[k];
        if (same_path(other->path, region->path)) {
            return refuse_line(r, region->line, "give each region its own",
                               "another region has the same path: ", region->path);
        }
        if (same_path(other->doorbell, region->doorbell) ||
            same_path(other->doorbell, region->path) || same_path(other->path, region->doorbell)) {
            return refuse_line(r, region->line, "give each region its own",
                               "another region has the same doorbell: ", region->doorbell);
        }
    }
    return 0;
}

static int check_regions(const struct reader *r)
{
    const struct ivd_config *config = r->at.config;
    if (config->region_count == 0) {
        return refuse(r, "add [region NAME] with path and size", "no region", "");
    }
    for (uint32_t i = 0; i < config->region_count; i++) {
        const struct ivd_region_conf *region = &config->regions[i];
        if (!region->path[0] || !region->format.region_bytes) {
            return refuse_line(r, region->line, "give it both",
                               "a region without path or size: ", region->name);
        }
        int rc = check_shared(r, region, i);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static int check_vm(const struct reader *r, uint32_t index)
{
    const struct ivd_config *config = r->at.config;
    struct ivd_vm_conf *vm = &config->vms[index];
    char clash[100];
    if (!vm->region[0] && config->region_count == 1) {
        memcpy(vm->region, config->regions[0].name, sizeof(vm->region));
    }
    if (!ivd_config_region(config, vm->region)) {
        return refuse_line(r, vm->line, "name one of the [region NAME] sections: region = NAME",
                           "its region is unknown: VM ", vm->vm.name);
    }
    const char *flaw = ivl_vm_flaw(&vm->vm);
    if (flaw) {
        return refuse_line(r, vm->line, "correct it", "the VM has ", flaw);
    }
    for (uint32_t k = 0; k < index; k++) {
        if (strcmp(config->vms[k].region, vm->region) == 0 &&
            ivl_vm_clash(&config->vms[k].vm, &vm->vm, clash, sizeof(clash))) {
            return refuse_line(r, vm->line, "give each VM its own", "another VM has the same ",
                               clash);
        }
    }
    return 0;
}

static int check_all(struct reader *r)
{
    int rc = check_regions(r);
    for (uint32_t i = 0; rc == 0 && i < r->at.config->vm_count; i++) {
        rc = check_vm(r, i);
    }
    return rc;
}

static void set_defaults(struct ivd_config *config)
{
    *config = (struct ivd_config){ .socket = "/run/ivshmemd/socket",
                                   .state_dir = "/run/ivshmemd",
                                   .heartbeat_ms = 1000 };
}

int ivd_config_parse(const char *text, size_t length, const char *name, struct ivd_config *config,
                     struct ivl_diag *diag)
{
    struct reader r = { .at = { .config = config }, .name = name, .diag = diag };
    char line[LINE_BYTES];
    int rc = 0;
    set_defaults(config);
    for (const char *end = text + length; rc == 0 && text < end; text++) {
        const char *stop = memchr(text, '\n', (size_t) (end - text));
        size_t n = (size_t) ((stop ? stop : end) - text);
        r.line++;
        if (n >= sizeof(line) || memchr(text, '\0', n)) {
            return refuse(&r, "write shorter lines of text", "longer than 511 bytes, or not text",
                          "");
        }
        memcpy(line, text, n);
        line[n] = '\0';
        rc = read_line(&r, line);
        text += n;
    }
    return rc ? rc : check_all(&r);
}

int ivd_config_read(const char *path, struct ivd_config *config, struct ivl_diag *diag)
{
    struct stat st;
    set_defaults(config);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st)) {
        int rc = ivl_fail(diag, -errno, path, "name the configuration: ivshmemd --config=FILE",
                          "cannot read it: %s", strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    char *text = malloc(IVD_CONFIG_MAX_BYTES);
    ssize_t got = -1;
    if (S_ISREG(st.st_mode) && st.st_size < (off_t) IVD_CONFIG_MAX_BYTES && text) {
        got = read(fd, text, IVD_CONFIG_MAX_BYTES); /* of a file this size, all at once */
    }
    close(fd);
    int rc = got < 0 ? ivl_fail(diag, -EINVAL, path, "name a text file of less than 1 MiB",
                                "not a configuration")
                     : ivd_config_parse(text, (size_t) got, path, config, diag);
    free(text);
    return rc;
}

void ivd_config_fini(struct ivd_config *config)
{
    free(config->vms);
    config->vms = NULL;
    config->vm_count = 0;
}

const struct ivd_region_conf *ivd_config_region(const struct ivd_config *config, const char *name)
{
    for (uint32_t i = 0; i < config->region_count; i++) {
        if (strcmp(config->regions[i].name, name) == 0) {
            return &config->regions[i];
        }
    }
    return NULL;
}

bool ivd_path_is_region(const char *path, const struct ivd_region_conf *region)
{
    return strcmp(path, region->path) == 0 ||
           (region->doorbell[0] && strcmp(path, region->doorbell) == 0);
}

static bool same_region(const struct ivd_region_conf *a, const struct ivd_region_conf *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->path, b->path) == 0 &&
           a->format.region_bytes == b->format.region_bytes && a->format.vms == b->format.vms &&
           a->format.jobs == b->format.jobs && a->format.chunk_bytes == b->format.chunk_bytes &&
           a->format.lease_ms == b->format.lease_ms && a->mode == b->mode &&
           strcmp(a->owner, b->owner) == 0 && strcmp(a->group, b->group) == 0 &&
           strcmp(a->label, b->label) == 0 && strcmp(a->domains, b->domains) == 0 &&
           a->numa_mask == b->numa_mask && a->numa_policy == b->numa_policy &&
           a->adopt == b->adopt && strcmp(a->doorbell, b->doorbell) == 0 &&
           a->vectors == b->vectors;
}

bool ivd_config_same_host(const struct ivd_config *a, const struct ivd_config *b)
{
    if (strcmp(a->socket, b->socket) || strcmp(a->socket_group, b->socket_group) ||
        strcmp(a->state_dir, b->state_dir) || strcmp(a->libvirt, b->libvirt) ||
        a->heartbeat_ms != b->heartbeat_ms || a->region_count != b->region_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->region_count; i++) {
        if (!same_region(&a->regions[i], &b->regions[i])) {
            return false;
        }
    }
    return true;
}
