/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The table of rules and settings: what it says is taken, and what is wrong is named with its line.
 * With a file as its argument, the program says what the file holds, for tests of who writes one.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/ivs_table.h"

/* As in ivshmem_knobs.c: one that a file may set, one with bounds, one that it may not. */
static const struct ivs_setting known[] = {
    { "MPIR_CVAR_IVSHMEM_CELLS", 0, 1024, true, false, 0 },
    { "MPIR_CVAR_IVSHMEM_CELL_BYTES", 1024, 1 << 20, true, false, 0 },
    { "MPIR_CVAR_IVSHMEM_CMA", 0, 2, true, false, 0 },
    { "MPIR_CVAR_IVSHMEM_REPORT", 0, 2, false, false, 0 },
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

static struct ivs_rules rules;
static struct ivs_setting settings[KNOWN];
static struct ivl_diag diag;

static int read_file(const char *path)
{
    memset(&rules, 0, sizeof(rules));
    memset(&diag, 0, sizeof(diag));
    memcpy(settings, known, sizeof(settings));
    return ivs_table_read(path, &rules, settings, KNOWN, &diag);
}

static int read_text(const char *text)
{
    char path[] = "/tmp/test_ivs_table.XXXXXX";
    int fd = mkstemp(path);
    int rc;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    rc = read_file(path);
    unlink(path);
    return rc;
}

static void array_of_rules(void **state)
{
    (void) state;
    assert_int_equal(read_text(
                         "[{\"operation\": \"bcast\", \"algorithm\": \"mpich\", \"bytes\": 10,"
                         " \"ranks\": 4, \"vms\": 2},\n"
                         " {\"operation\": \"scan\", \"algorithm\": \"shared\","
                         " \"never\": true}]\n\n"),
                     0);
    assert_int_equal(rules.count, 2);
    assert_int_equal(rules.rules[0].operation, IVS_BCAST);
    assert_int_equal(rules.rules[0].algorithm, IVS_MPICH);
    assert_int_equal(rules.rules[0].ranks, 4);
    assert_int_equal(rules.rules[0].vms, 2);
    assert_int_equal(rules.rules[0].bytes, 10);
    assert_true(rules.rules[1].never);
    assert_true(rules.rules[1].bytes == UINT64_MAX && rules.rules[1].ranks == UINT32_MAX);
}

static void object_with_settings(void **state)
{
    (void) state;
    assert_int_equal(read_text("{\"about\": \"a { [ \\\" text\",\n\"settings\": {"
                               "\"MPIR_CVAR_IVSHMEM_CELLS\": 32, \"MPIR_CVAR_IVSHMEM_CMA\": 0},"
                               "\"rules\": [{\"operation\": \"bcast\", \"algorithm\": \"tree\"}]}"),
                     0);
    assert_int_equal(rules.count, 1);
    assert_true(settings[0].given && settings[0].value == 32);
    assert_false(settings[1].given);
    assert_true(settings[2].given && settings[2].value == 0);
    assert_int_equal(read_text("{}"), 0);
    assert_int_equal(rules.count, 0);
}

/* A rule for up to 64 bytes that leaves them alone, then one up to 1024: what the file is for. */
static void built_in_shields(void **state)
{
    struct ivs_call call = { IVS_BCAST, false, 4, 4, 64 };

    (void) state;
    assert_int_equal(read_text(
                         "[{\"operation\": \"bcast\", \"algorithm\": \"built-in\", \"bytes\": 64},"
                         "{\"operation\": \"bcast\", \"algorithm\": \"mpich\", \"bytes\": 1024}]"),
                     0);
    assert_int_equal(ivs_select(&rules, &call), IVS_SHARED);
    call.bytes = 65;
    assert_int_equal(ivs_select(&rules, &call), IVS_MPICH);
    call.bytes = 1025;
    assert_int_equal(ivs_select(&rules, &call), IVS_SHARED);
    assert_int_equal(read_text("[{\"operation\": \"bcast\", \"algorithm\": \"shared\","
                               " \"never\": true},\n"
                               "{\"operation\": \"bcast\", \"algorithm\": \"built-in\"}]"),
                     0);
    assert_int_equal(ivs_select(&rules, &call), IVS_MPICH); /* what is forbidden remains so */
}

static void bad_is_named(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *name;
    } bad[] = {
        { "{\n\"rules\": [\n}", 3, "table" },
        { "{\"settings\": {}", 1, "table" },
        { "{}\n{}", 2, "table" },
        { "", 1, "table" },
        { "17", 1, "table" },
        { "null", 1, "table" },
        { "{\n\n\"setting\": {}}", 3, "setting" },
        { "{\"rules\": {}}", 1, "rules" },
        { "{\"settings\":\n[]}", 1, "settings" },
        { "{\"about\": {}}", 1, "about" },
        { "{\"settings\": {\n\"MPIR_CVAR_IVSHMEM_SELLS\": 1}}", 2, "MPIR_CVAR_IVSHMEM_SELLS" },
        { "{\"settings\": {\n\"MPIR_CVAR_IVSHMEM_REPORT\": 1}}", 2, "MPIR_CVAR_IVSHMEM_REPORT" },
        { "{\"settings\": {\n\n\"MPIR_CVAR_IVSHMEM_CELLS\": 1025}}", 3, "MPIR_CVAR_IVSHMEM_CELLS" },
        { "{\"settings\": {\"MPIR_CVAR_IVSHMEM_CELLS\": -1}}", 1, "MPIR_CVAR_IVSHMEM_CELLS" },
        { "{\"settings\": {\"MPIR_CVAR_IVSHMEM_CELLS\": 1e3}}", 1, "MPIR_CVAR_IVSHMEM_CELLS" },
        { "{\"settings\": {\"MPIR_CVAR_IVSHMEM_CELLS\": \"8\"}}", 1, "MPIR_CVAR_IVSHMEM_CELLS" },
        { "{\"settings\": {\"MPIR_CVAR_IVSHMEM_CELLS\": null}}", 1, "MPIR_CVAR_IVSHMEM_CELLS" },
        { "{\"settings\": {\"MPIR_CVAR_IVSHMEM_CELLS\": {\"a\": 1}}}", 1,
          "MPIR_CVAR_IVSHMEM_CELLS" },
        { "[{\"operation\": \"bcast\"}]", 1, "algorithm" },
        { "[{\"algorithm\": \"mpich\"}]", 1, "operation" },
        { "[{\"operation\": \"sort\", \"algorithm\": \"mpich\"}]", 1, "operation" },
        { "[{\"operation\": 5, \"algorithm\": \"mpich\"}]", 1, "operation" },
        { "[{\"operation\": \"bcast\", \"algorithm\": \"mpich\"},\n{\"operation\": \"bcast\",\n"
          "\"algorithm\": \"slices\"}]",
          3, "algorithm" },
        { "[{\"operation\": \"bcast\", \"algorithm\": \"built-in\", \"never\": true}]", 1,
          "algorithm" },
        { "[{\"operation\": \"bcast\", \"algorithm\": \"mpich\", \"bytes\": 1},\n"
          "{\"operation\": \"bcast\", \"algorithm\": \"mpich\", \"bytes\": -1}]",
          2, "bytes" },
        { "[{\"operation\": \"bcast\", \"algorithm\": \"mpich\", \"never\": 1}]", 1, "never" },
        { "[{\"operation\": \"bcast\", \"algorithm\": \"mpich\"},\n{},\n[]]", 2, "operation" },
        { "[{\"operation\": \"bcast\", \"algorithm\": \"mpich\"},\n[]]", 1, "rules" },
        { "{\"rules\": [{\"operation\": \"bcast\",\n\"algo\": \"mpich\"}]}", 2, "algo" },
    };
    char line[32], name[64];

    (void) state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(line, sizeof(line), ": line %d", bad[i].line);
        snprintf(name, sizeof(name), "'%s'", bad[i].name);
        assert_int_equal(read_text(bad[i].text), -EINVAL);
        if (strstr(diag.where, line) == NULL || strncmp(diag.what, name, strlen(name)) != 0) {
            print_error("%s\n: %s: %s, not%s, %s\n", bad[i].text, diag.where, diag.what, line,
                        name);
            fail();
        }
    }
}

static void file_that_cannot_be_read(void **state)
{
    (void) state;
    assert_int_equal(read_file("/nonexistent/table"), -ENOENT);
    assert_string_equal(diag.where, "/nonexistent/table");
    assert_int_equal(read_file("/tmp"), -EISDIR);
}

static void too_many_rules(void **state)
{
    static const char rule[] = "{\"operation\": \"bcast\", \"algorithm\": \"mpich\"},\n";
    char *text = malloc(sizeof(rule) * (IVS_RULES_MAX + 2) + 8);
    char *end = text;

    (void) state;
    assert_non_null(text);
    *end++ = '[';
    for (int i = 0; i <= IVS_RULES_MAX; i++, end += sizeof(rule) - 1) {
        memcpy(end, rule, sizeof(rule));
    }
    memcpy(end - 2, "]", 2);
    assert_int_equal(read_text(text), -EINVAL);
    assert_non_null(strstr(diag.where, ": line 257"));
    free(text);
}

static int show(const char *path)
{
    char text[sizeof(diag)];

    if (read_file(path) != 0) {
        ivl_diag_format(&diag, text, sizeof(text));
        printf("%s\n", text);
        return 1;
    }
    for (size_t i = 0; i < KNOWN; i++) {
        if (settings[i].given) {
            printf("%s %d\n", settings[i].name, settings[i].value);
        }
    }
    for (unsigned i = 0; i < rules.count; i++) {
        const struct ivs_rule *rule = &rules.rules[i];
        printf("%s %s %u %u %llu\n", ivs_operation_name(rule->operation),
               rule->algorithm == IVS_BUILT_IN ? "built-in" : ivs_algorithm_name(rule->algorithm),
               rule->ranks, rule->vms, (unsigned long long) rule->bytes);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(array_of_rules),   cmocka_unit_test(object_with_settings),
        cmocka_unit_test(built_in_shields), cmocka_unit_test(bad_is_named),
        cmocka_unit_test(too_many_rules),   cmocka_unit_test(file_that_cannot_be_read),
    };

    return argc == 2 ? show(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
