/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Configuration of ivshmemd: a text of sections and "key = value" lines. One table of keys
 * (config_keys.c) serves the parser and the commented sample that --print-config writes.
 */
#ifndef IVD_CONFIG_H_INCLUDED
#define IVD_CONFIG_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "locality.h"

#define IVD_REGIONS_MAX 64
#define IVD_NAME_BYTES 32
#define IVD_PATH_BYTES 200
#define IVD_OWNER_BYTES 64
#define IVD_CONFIG_MAX_BYTES (1u << 20)

enum ivd_numa_policy {
    IVD_NUMA_BIND,
    IVD_NUMA_INTERLEAVE
};

struct ivd_region_conf {
    char name[IVD_NAME_BYTES];
    char path[IVD_PATH_BYTES];
    struct ivl_format format;
    unsigned mode;
    char owner[IVD_OWNER_BYTES]; /* name or number; empty: whoever runs the daemon */
    char group[IVD_OWNER_BYTES];
    char label[100];    /* SELinux context of the file; empty: what the system gives it */
    char domains[200];  /* patterns of names, with blanks between; empty: any */
    uint64_t numa_mask; /* 0: anywhere */
    enum ivd_numa_policy numa_policy;
    bool adopt;
    char doorbell[100]; /* socket of the doorbell server; empty: none */
    uint32_t vectors;
    unsigned line; /* of its section */
};

struct ivd_vm_conf {
    struct ivl_abi_vm vm;
    char region[IVD_NAME_BYTES];
    unsigned line;
};

struct ivd_config {
    char socket[100]; /* empty: none */
    char socket_group[IVD_OWNER_BYTES];
    char state_dir[IVD_PATH_BYTES];
    char libvirt[IVD_PATH_BYTES]; /* URI; empty: none */
    uint32_t heartbeat_ms;
    struct ivd_region_conf regions[IVD_REGIONS_MAX];
    uint32_t region_count;
    struct ivd_vm_conf *vms;
    uint32_t vm_count;
};

/* What is being read; for config_keys.c. */
struct ivd_config_reader {
    struct ivd_config *config;
    struct ivd_region_conf *region; /* whose section this is, or NULL */
    struct ivd_vm_conf *vm;
};

enum ivd_section {
    IVD_SECTION_DAEMON,
    IVD_SECTION_REGION,
    IVD_SECTION_VM
};

struct ivd_key {
    enum ivd_section section;
    const char *name;
    const char *sample; /* a value for the sample file; "#" before it: commented out */
    const char *help;   /* lines of the sample's comment */
    bool many;          /* may stand several times */
    /* NULL, or how to write the value. */
    const char *(*set)(struct ivd_config_reader *reader, const char *value);
};

extern const struct ivd_key ivd_keys[];
extern const unsigned ivd_key_count;

/* Reads the text, which is called `name` in findings ("FILE:LINE"). The caller frees *config with
 * ivd_config_fini(), after a failure too. -EINVAL; -ENOMEM. */
int ivd_config_parse(const char *text, size_t length, const char *name, struct ivd_config *config,
                     struct ivl_diag *diag);

/* The same from a file. Also -ENOENT and the like. */
int ivd_config_read(const char *path, struct ivd_config *config, struct ivl_diag *diag);

void ivd_config_fini(struct ivd_config *config);

/* Whether regions and the daemon's own keys are the same, so that a change of VMs is all there is. */
bool ivd_config_same_host(const struct ivd_config *a, const struct ivd_config *b);

/* The region of that name, or NULL. */
const struct ivd_region_conf *ivd_config_region(const struct ivd_config *config, const char *name);

/* Whether a path of a domain's is that of the region: its file, or its doorbell. */
bool ivd_path_is_region(const char *path, const struct ivd_region_conf *region);

void ivd_config_print_sample(FILE *out);

#endif /* IVD_CONFIG_H_INCLUDED */
