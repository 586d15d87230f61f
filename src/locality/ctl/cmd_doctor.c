/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl doctor: says what is missing here for ranks to use the region.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "json_put.h"
#include "parse.h"

#define SCHEMA 1
#define RANKS_MAX 65536

static struct {
    char *ranks;
    int host, json;
} opt;

/* clang-format off */
static const struct poptOption options[] = {
    { "ranks", 'n', POPT_ARG_STRING, &opt.ranks, 0,
      "ranks that will run on this host, in all its VMs (the CPUs seen here)", "N" },
    { "host", 0, POPT_ARG_NONE, &opt.host, 0, "this is the host: it needs no entry of its own", NULL },
    { "json", 'j', POPT_ARG_NONE, &opt.json, 0, "write JSON, as the manual page describes", NULL },
    POPT_TABLEEND
};
/* clang-format on */

/* ---- findings ----------------------------------------------------------------------------- */

void doctor_add(struct doctor *doctor, enum level level, const char *check, const char *remedy,
                const char *detail_fmt, ...)
{
    struct finding *f = &doctor->findings[doctor->count];
    va_list args;
    if (doctor->count == FINDINGS_MAX) {
        return;
    }
    doctor->count++;
    f->level = level;
    f->check = check;
    snprintf(f->remedy, sizeof(f->remedy), "%s", remedy);
    va_start(args, detail_fmt);
    vsnprintf(f->detail, sizeof(f->detail), detail_fmt, args);
    va_end(args);
    if (doctor->tell) {
        doctor->tell(f);
    }
}

void doctor_add_diag(struct doctor *doctor, enum level level, const char *check,
                     const struct ivl_diag *diag)
{
    doctor_add(doctor, level, check, diag->remedy, "%s: %s", diag->where, diag->what);
}

static void print_finding(const struct finding *f)
{
    static const char *const levels[] = { "ok  ", "warn", "FAIL" };
    printf("%s  %s: %s%s%s\n", levels[f->level], f->check, f->detail, f->remedy[0] ? ": " : "",
           f->remedy);
    fflush(stdout);
}

static bool healthy(const struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->count; i++) {
        if (doctor->findings[i].level == LEVEL_FAIL) {
            return false;
        }
    }
    return true;
}

static void print_json(const struct doctor *doctor)
{
    static const char *const levels[] = { "ok", "warn", "fail" };
    struct json_object *o = json_object_new_object(), *list = json_object_new_array();
    json_put_number(o, "schema", SCHEMA);
    json_put_text(o, "region", doctor->uri);
    json_put_number(o, "ranks", doctor->ranks);
    json_put_flag(o, "healthy", healthy(doctor));
    for (size_t i = 0; i < doctor->count; i++) {
        const struct finding *f = &doctor->findings[i];
        struct json_object *item = json_object_new_object();
        json_put_text(item, "level", levels[f->level]);
        json_put_text(item, "check", f->check);
        json_put_text(item, "detail", f->detail);
        json_put_text(item, "remedy", f->remedy[0] ? f->remedy : NULL);
        json_put(list, NULL, item);
    }
    json_put(o, "findings", list);
    json_print(o);
}

/* ---- the command -------------------------------------------------------------------------- */

static void examine(struct doctor *doctor)
{
    doctor_check_settings(doctor);
    if (doctor_check_access(doctor) && doctor_check_region(doctor)) {
        doctor_check_speed(doctor);
        doctor_check_pages(doctor);
        doctor_check_vm(doctor);
        doctor_check_table(doctor);
        doctor_check_daemon(doctor);
        doctor_check_room(doctor);
        doctor_check_jobs(doctor);
        ivl_region_close(doctor->region);
    }
}

static enum ctl_status run(const struct ctl_line *line)
{
    static struct doctor doctor;
    uint64_t ranks = (uint64_t) sysconf(_SC_NPROCESSORS_ONLN);
    if (opt.ranks && (!parse_number(opt.ranks, RANKS_MAX, &ranks) || ranks == 0)) {
        return ctl_bad_value("--ranks", opt.ranks, "choose 1 to 65536");
    }
    doctor.uri = line->region;
    doctor.ranks = (uint32_t) ranks;
    doctor.host = opt.host;
    doctor.tell = opt.json ? NULL : print_finding;
    examine(&doctor);
    if (opt.json) {
        print_json(&doctor);
    }
    return healthy(&doctor) ? CTL_OK : CTL_FINDING;
}

const struct ctl_command ctl_doctor = {
    .name = "doctor",
    .operands = "[REGION]",
    .summary = "say what is missing here to use the region",
    .options = options,
    .run = run,
};
