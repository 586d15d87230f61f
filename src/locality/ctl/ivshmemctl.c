/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * ivshmemctl: makes, shows, checks and cleans regions, on the host and in guests.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown version"
#endif

const char *ctl_sysroot = "";

static const struct ctl_command *const commands[] = {
    &ctl_create, &ctl_add_vm,        &ctl_remove_vm, &ctl_show,   &ctl_doctor,
    &ctl_gc,     &ctl_daemon_status, &ctl_attach,    &ctl_detach, &ctl_plan,
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static struct {
    char *region;
    int help, version;
} opt;

/* clang-format off */
static const struct poptOption common_options[] = {
    { "region", 'r', POPT_ARG_STRING, &opt.region, 0, "the region, in place of the operand",
      "URI" },
    { "help", 'h', POPT_ARG_NONE, &opt.help, 0, "show this help", NULL },
    POPT_TABLEEND
};

static const struct poptOption global_options[] = {
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) common_options, 0, NULL, NULL },
    { "version", 'V', POPT_ARG_NONE, &opt.version, 0, "show the version", NULL },
    POPT_TABLEEND
};
/* clang-format on */

/* ---- help ----------------------------------------------------------------------------------- */

static const char usual_regions[] = CTL_REGIONS " Default: $IVSHMEM_REGION, else\n"
                                                "$MPIR_CVAR_IVSHMEM_URI, else pci:auto.";

static enum ctl_status print_global_help(poptContext popt)
{
    poptSetOtherOptionHelp(popt, "[--region=URI] COMMAND ...");
    poptPrintHelp(popt, stdout, 0);
    puts("\nCommands (" CTL_NAME " COMMAND --help says more):");
    for (size_t i = 0; i < COMMANDS; i++) {
        printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
    }
    printf("\n%s\n", usual_regions);
    return CTL_OK;
}

static enum ctl_status print_command_help(poptContext popt, const struct ctl_command *command)
{
    char usage[80];
    snprintf(usage, sizeof(usage), "[OPTION...] %s", command->operands);
    poptSetOtherOptionHelp(popt, usage);
    poptPrintHelp(popt, stdout, 0);
    printf("\n" CTL_NAME " %s: %s\n", command->name, command->summary);
    printf("\n%s\n", command->regions ? command->regions : usual_regions);
    return CTL_OK;
}

/* ---- parsing -------------------------------------------------------------------------------- */

static enum ctl_status fail_popt(poptContext popt, int err, const char *command)
{
    char remedy[80];
    snprintf(remedy, sizeof(remedy), "see %s --help", command);
    ctl_complain(poptBadOption(popt, POPT_BADOPTION_NOALIAS), poptStrerror(err), remedy);
    return CTL_USAGE;
}

static const char *default_region(void)
{
    static const char *const names[] = { "IVSHMEM_REGION", "MPIR_CVAR_IVSHMEM_URI" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value && *value) {
            return value;
        }
    }
    return "pci:auto";
}

static enum ctl_status check_count(const struct ctl_command *command, const struct ctl_line *line)
{
    bool few = line->count < command->operands_min;
    if (few || line->count > command->operands_max) {
        char remedy[80];
        snprintf(remedy, sizeof(remedy), "see " CTL_NAME " %s --help", command->name);
        ctl_complain(few ? command->name : line->args[command->operands_max],
                     few ? "operand missing" : "one operand too many", remedy);
        return CTL_USAGE;
    }
    return CTL_OK;
}

/* The first operand is the region if it looks like one, or if there is one too many. */
static enum ctl_status run_command(const struct ctl_command *command, const char *const *args,
                                   int count)
{
    const char *named = opt.region;
    if (!named && count > 0 && !command->own_operands &&
        (ctl_is_region(args[0]) || count == command->operands_max + 1)) {
        named = *args++;
        count--;
    }
    char *uri = ctl_region_uri(named ? named : default_region());
    const struct ctl_line line = { uri, named != NULL, args, count };
    enum ctl_status status = uri ? check_count(command, &line) : CTL_FINDING;
    if (status == CTL_OK) {
        status = command->run(&line);
    }
    free(uri);
    return status;
}

static int count_words(const char *const *words)
{
    int n = 0;
    while (words && words[n]) {
        n++;
    }
    return n;
}

static enum ctl_status parse_command(const struct ctl_command *command, int argc, const char **argv)
{
    const struct poptOption options[] = {
        { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) command->options, 0, NULL, NULL },
        { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) common_options, 0, NULL, NULL },
        POPT_TABLEEND
    };
    char name[40];
    const char *word = argv[0]; /* belongs to the outer context, which will free it */
    snprintf(name, sizeof(name), CTL_NAME " %s", command->name);
    argv[0] = name;
    poptContext popt = poptGetContext(CTL_NAME, argc, argv, options, 0);
    int err = poptGetNextOpt(popt);
    enum ctl_status status;
    if (err < -1) {
        status = fail_popt(popt, err, name);
    } else if (opt.help) {
        status = print_command_help(popt, command);
    } else {
        const char *const *args = (const char *const *) poptGetArgs(popt);
        status = run_command(command, args, count_words(args));
    }
    poptFreeContext(popt);
    argv[0] = word;
    return status;
}

static enum ctl_status find_command(int argc, const char **argv)
{
    for (size_t i = 0; i < COMMANDS && argc > 0; i++) {
        if (strcmp(commands[i]->name, argv[0]) == 0) {
            return parse_command(commands[i], argc, argv);
        }
    }
    ctl_complain(argc ? argv[0] : "command line", argc ? "no such command" : "no command",
                 "see " CTL_NAME " --help");
    return CTL_USAGE;
}

static enum ctl_status parse_global(poptContext popt)
{
    int err = poptGetNextOpt(popt);
    if (err < -1) {
        return fail_popt(popt, err, CTL_NAME);
    }
    if (opt.help) {
        return print_global_help(popt);
    }
    if (opt.version) {
        printf(CTL_NAME " " PACKAGE_VERSION ", region ABI %d.%d\n", IVL_ABI_MAJOR, IVL_ABI_MINOR);
        return CTL_OK;
    }
    const char **rest = poptGetArgs(popt);
    return find_command(count_words((const char *const *) rest), rest);
}

/* A page of the mapping is not there. */
static void die_of_sigbus(int signal)
{
    static const char text[] = CTL_NAME ": region: it shrank, or its device went away, while in "
                                        "use: make it anew, or restart the VM\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void) ignored;
    (void) signal;
    _exit(CTL_FINDING);
}

int main(int argc, char **argv)
{
    const struct sigaction on_sigbus = { .sa_handler = die_of_sigbus };
    const char *sysroot = getenv("IVSHMEMCTL_SYSROOT");
    if (sysroot) {
        ctl_sysroot = sysroot;
        ivl_sysroot_set(sysroot);
    }
    sigaction(SIGBUS, &on_sigbus, NULL);
    poptContext popt = poptGetContext(CTL_NAME, argc, (const char **) (uintptr_t) argv,
                                      global_options, POPT_CONTEXT_POSIXMEHARDER);
    enum ctl_status status = parse_global(popt);
    poptFreeContext(popt);
    if (fflush(stdout) || ferror(stdout)) {
        perror(CTL_NAME ": standard output");
        status = CTL_FINDING;
    }
    return (int) status;
}
