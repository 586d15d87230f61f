/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * What the sub-commands of ivshmemctl share. Each lives in a file cmd_*.c of its own; the main
 * program only finds the sub-command, parses its options and splits its operands.
 */
#ifndef CTL_H_INCLUDED
#define CTL_H_INCLUDED

#include <popt.h>
#include <stdbool.h>
#include <stdint.h>

#include "locality.h"

#define CTL_NAME "ivshmemctl"

/* Exit status. */
enum ctl_status {
    CTL_OK = 0,
    CTL_FINDING = 1,
    CTL_USAGE = 2
};

/* A command line, as a sub-command sees it. */
struct ctl_line {
    const char *region; /* URI: from --region, the first operand, the environment, or pci:auto */
    bool region_given;  /* by option or operand */
    const char *const *args; /* operands but the region */
    int count;
};

#define CTL_REGIONS                                                            \
    "REGION is a path (with a slash in front or file: before it), pci:auto,\n" \
    "pci:DDDD:BB:DD.F or dax:/dev/daxX.Y."

/* A sub-command. Its options write to variables of its file. */
struct ctl_command {
    const char *name;
    const char *operands;
    const char *summary;
    const char *regions; /* lines of --help: what REGION is; NULL: as for most commands */
    const struct poptOption *options;
    int operands_min, operands_max; /* without the region */
    bool own_operands;              /* the region is named by --region only */
    enum ctl_status (*run)(const struct ctl_line *line);
};

extern const struct ctl_command ctl_create, ctl_add_vm, ctl_remove_vm, ctl_show, ctl_doctor, ctl_gc,
    ctl_daemon_status, ctl_attach, ctl_detach, ctl_plan;

/* Directory that stands for / where this machine is looked at, from IVSHMEMCTL_SYSROOT, for tests;
 * "" on a real system. */
extern const char *ctl_sysroot;

/* ---- messages: one line on standard error --------------------------------------------------- */

/* "ivshmemctl: where: what: remedy" */
void ctl_complain(const char *where, const char *what, const char *remedy);

/* The same from the library; CTL_USAGE for -EINVAL, else CTL_FINDING. */
enum ctl_status ctl_fail(int err, const struct ivl_diag *diag);

/* A bad value of an option; CTL_USAGE. */
enum ctl_status ctl_bad_value(const char *option, const char *text, const char *remedy);

/* ---- region --------------------------------------------------------------------------------- */

/* Whether an operand looks like a region: a path that begins with /, ./ or ../, or a URI. */
bool ctl_is_region(const char *text);

/* The URI for what the user wrote; to be freed. NULL: out of memory, said. */
char *ctl_region_uri(const char *text);

/* Opens the region of the line; complains if that fails. */
enum ctl_status ctl_open(const struct ctl_line *line, unsigned flags, struct ivl_region **region);

struct ctl_name {
    char s[IVL_VM_NAME_BYTES];
};

/* Name of the VM in the slot, or words for it. */
struct ctl_name ctl_vm_name(const struct ivl_region *region, uint32_t slot);

/* ---- jobs ----------------------------------------------------------------------------------- */

struct ctl_job {
    uint32_t slot;
    int rc; /* 0, or why it cannot be read; then only slot and diag are of use */
    struct ivl_job_info info;
    struct ivl_diag diag;
    bool beating; /* its heartbeat moved while we watched */
};

struct ctl_jobs {
    struct ctl_job *list;
    uint32_t count;
};

/* All job slots that are not free; watches them for up to watch_ms for a heartbeat. False: out of
 * memory, said. */
bool ctl_jobs_read(const struct ivl_region *region, unsigned watch_ms, struct ctl_jobs *jobs);
void ctl_jobs_free(struct ctl_jobs *jobs);

const char *ctl_job_state_text(uint32_t state);
uint64_t ctl_job_bytes(const struct ivl_region *region, const struct ivl_job_info *info);

uint64_t ctl_now_ms(void); /* monotonic */
void ctl_sleep_ms(uint64_t ms);

/* ---- text ----------------------------------------------------------------------------------- */

struct ctl_text {
    char s[48];
};

struct ctl_text ctl_size_text(uint64_t bytes);                        /* "64 MiB", "63.5 MiB" */
struct ctl_text ctl_count_text(uint64_t count, const char *singular); /* "1 job", "2 jobs" */

#endif /* CTL_H_INCLUDED */
