/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Options and errors of the applications (see app.h). Calls PMPI only: none of it is timed.
 */
#include <mpi.h>
#include "app.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program = "application";

static int rank_here(void)
{
    int rank;

    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

_Noreturn static void end(int status)
{
    fflush(NULL);
    PMPI_Finalize();
    exit(status);
}

static void print_line(const char *format, va_list arguments)
{
    char line[400];

    vsnprintf(line, sizeof(line), format, arguments);
    fprintf(stderr, "%s: %s\n", program, line);
}

_Noreturn void app_option_refuse(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (rank_here() == 0) {
        print_line(format, arguments);
    }
    va_end(arguments);
    end(2);
}

_Noreturn void app_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_line(format, arguments);
    va_end(arguments);
    PMPI_Abort(MPI_COMM_WORLD, 1);
    exit(1);
}

void *app_allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count > 0 ? count : 1, bytes);

    if (memory == NULL) {
        app_fail("no memory for %zu times %zu bytes: give a smaller problem or more ranks", count,
                 bytes);
    }
    return memory;
}

/* ---- command line ----------------------------------------------------------------------------- */

/* The index of text among the words, or -1. */
static long find_word(const char *words, const char *text)
{
    size_t length = strlen(text), word;
    long index = 0;

    for (const char *at = words; *at != '\0'; at += word, index++) {
        at += strspn(at, " ");
        word = strcspn(at, " ");
        if (word > 0 && word == length && memcmp(at, text, length) == 0) {
            return index;
        }
    }
    return -1;
}

static void take_word(struct app_option *option, const char *text)
{
    option->value = find_word(option->words, text);
    if (option->value < 0) {
        app_option_refuse("--%s: %s: give one of: %s", option->name, text, option->words);
    }
}

static void take_number(struct app_option *option, const char *text)
{
    char *rest;

    errno = 0;
    option->value = strtol(text, &rest, 10);
    if (rest == text || *rest != '\0' || errno != 0 || option->value < option->low ||
        option->value > option->high) {
        app_option_refuse("--%s: %s: give a whole number from %ld to %ld", option->name, text,
                          option->low, option->high);
    }
}

/* The value in --OPTION=VALUE; NULL if this is another option. */
static const char *value_of(const char *argument, const char *option)
{
    size_t length = strlen(option);

    if (strncmp(argument, "--", 2) != 0 || strncmp(argument + 2, option, length) != 0 ||
        argument[2 + length] != '=') {
        return NULL;
    }
    return argument + length + 3;
}

static void take(struct app_option *options, int count, const char *argument)
{
    for (int i = 0; i < count; i++) {
        const char *value = value_of(argument, options[i].name);

        if (value == NULL) {
            continue;
        }
        if (options[i].words != NULL) {
            take_word(&options[i], value);
        } else {
            take_number(&options[i], value);
        }
        return;
    }
    app_option_refuse("%s: unknown, or its value is missing: see --help", argument);
}

bool app_option_given(const char *option, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (value_of(argv[i], option) != NULL) {
            return true;
        }
    }
    return false;
}

/* A number as such, a word by its index. */
static void print_value(const struct app_option *option, long value)
{
    const char *word = option->words;

    if (word == NULL) {
        printf("%ld", value);
        return;
    }
    for (; value > 0; value--) {
        word += strcspn(word, " ");
        word += strspn(word, " ");
    }
    printf("%.*s", (int) strcspn(word, " "), word);
}

static void print_option(const struct app_option *option)
{
    printf("  --%s=%s%*s %s", option->name, option->words != NULL ? "WORD" : "N",
           (int) (option->words != NULL ? 14 : 17) - (int) strlen(option->name), "", option->help);
    if (option->words != NULL) {
        printf(": one of %s", option->words);
    } else {
        printf(", %ld to %ld", option->low, option->high);
    }
    printf(" (");
    print_value(option, option->value);
    printf("; quick ");
    print_value(option, option->quick);
    printf(")\n");
}

static void print_help(const char *title, const struct app_option *options, int count)
{
    printf("usage: %s [OPTION...]    (under mpiexec)\n\n%s.\n\n", program, title);
    for (int i = 0; i < count; i++) {
        print_option(&options[i]);
    }
    printf("  --quick               a small problem, for a test\n"
           "  --help                this text\n");
}

static bool given(const char *option, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], option) == 0) {
            return true;
        }
    }
    return false;
}

void app_option_read(const char *name, const char *title, struct app_option *options, int count,
                     int argc, char **argv)
{
    program = name;
    if (given("--help", argc, argv)) {
        if (rank_here() == 0) {
            print_help(title, options, count);
        }
        end(0);
    }
    if (given("--quick", argc, argv)) {
        for (int i = 0; i < count; i++) {
            options[i].value = options[i].quick;
        }
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") != 0) {
            take(options, count, argv[i]);
        }
    }
}
