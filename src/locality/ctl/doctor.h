/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl doctor: what its checks share. A check looks at one thing and adds findings.
 */
#ifndef CTL_DOCTOR_H_INCLUDED
#define CTL_DOCTOR_H_INCLUDED

#include "ctl.h"

enum level {
    LEVEL_OK,
    LEVEL_WARN, /* works, but not as well as it could, or not for long */
    LEVEL_FAIL  /* the channel will not be used */
};

struct finding {
    enum level level;
    const char *check; /* a constant: part of the JSON schema */
    char detail[400];
    char remedy[400]; /* empty: none */
};

#define FINDINGS_MAX 64

struct doctor {
    const char *uri;
    uint32_t ranks;            /* to plan for */
    bool host;                 /* we are not one of the VMs */
    bool driver;               /* the guest driver gives a device that we may use */
    struct ivl_region *region; /* once it is open */
    struct finding findings[FINDINGS_MAX];
    size_t count;
    void (*tell)(const struct finding *finding); /* as they come; NULL: not */
};

void doctor_add(struct doctor *doctor, enum level level, const char *check, const char *remedy,
                const char *detail_fmt, ...) __attribute__((format(printf, 5, 6)));
void doctor_add_diag(struct doctor *doctor, enum level level, const char *check,
                     const struct ivl_diag *diag);

/* First line of a small file below ctl_sysroot; false if it cannot be read. */
bool doctor_read_line(const char *path, char *text, size_t size);

/* Checks of the machine. False: do not try to open the region. */
void doctor_check_settings(struct doctor *doctor);
bool doctor_check_access(struct doctor *doctor);

/* Opens the region; then the checks of what is in it. */
bool doctor_check_region(struct doctor *doctor);
void doctor_check_speed(struct doctor *doctor);
void doctor_check_pages(struct doctor *doctor);
void doctor_check_vm(struct doctor *doctor);
void doctor_check_table(struct doctor *doctor);
void doctor_check_daemon(struct doctor *doctor);
void doctor_check_room(struct doctor *doctor);
void doctor_check_jobs(struct doctor *doctor);

#endif /* CTL_DOCTOR_H_INCLUDED */
