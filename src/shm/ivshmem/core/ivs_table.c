/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Reading the table: see ivs_table.h. The JSON library tells no lines, so the place of what is wrong is
 * looked for in the text.
 */
#include <errno.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ivs_table.h"

#define TEXT_MAX (1u << 20)
#define DEPTH_MAX 32 /* of the JSON library */
#define BUILT_IN "built-in"

static const char see[] = "see doc/knobs.md";

struct reading {
    const char *path;
    const char *text;
    struct ivs_rules *rules;
    struct ivs_setting *settings;
    size_t count;
    struct ivl_diag *diag;
};

/* ---- places ----------------------------------------------------------------------------------- */

static int line_of(const char *text, const char *place)
{
    int line = 1;

    for (; text < place; text++) {
        line += *text == '\n';
    }
    return line;
}

static const char *string_end(const char *quote)
{
    const char *c = quote + 1;

    while (*c != '\0' && *c != '"') {
        c += *c == '\\' && c[1] != '\0' ? 2 : 1;
    }
    return c;
}

/* Of a text that could be parsed: the first place of "key" at or after from, or from. */
static const char *find_key(const char *from, const char *key)
{
    const size_t length = strlen(key);

    for (const char *c = from; *c != '\0'; c++) {
        if (*c == '"') {
            const char *end = string_end(c);
            if ((size_t) (end - c) == length + 1 && memcmp(c + 1, key, length) == 0) {
                return c;
            }
            c = *end == '\0' ? end - 1 : end;
        }
    }
    return from;
}

/* The rule with this number: only rules are what lies in an array that is not in another. */
static const char *find_rule(const char *text, size_t number)
{
    char open[DEPTH_MAX + 1];
    size_t depth = 0;

    for (const char *c = text; *c != '\0' && depth < DEPTH_MAX; c++) {
        if (*c == '"') {
            c = string_end(c);
        } else if (*c == '{' || *c == '[') {
            if (*c == '{' && depth > 0 && depth <= 2 && open[depth - 1] == '[' && number-- == 0) {
                return c;
            }
            open[depth++] = *c;
        } else if ((*c == '}' || *c == ']') && depth > 0) {
            depth--;
        }
    }
    return text;
}

static int wrong(const struct reading *r, const char *place, const char *name, const char *what)
{
    char where[sizeof(r->diag->where)];

    snprintf(where, sizeof(where), "%s: line %d", r->path, line_of(r->text, place));
    return ivl_fail(r->diag, -EINVAL, where, see, "'%s': %s", name, what);
}

/* ---- rules ------------------------------------------------------------------------------------ */

static bool read_bound(struct json_object *value, uint64_t *bound)
{
    int64_t number = json_object_get_int64(value);

    *bound = (uint64_t) number;
    return json_object_is_type(value, json_type_int) && number >= 0;
}

static bool read_algorithm(struct ivs_rule *rule, const char *name)
{
    if (strcmp(name, BUILT_IN) == 0) {
        rule->algorithm = IVS_BUILT_IN;
        return true;
    }
    rule->algorithm = ivs_algorithm_find(name, strlen(name));
    return rule->algorithm != IVS_ALGORITHMS;
}

static uint32_t cut(uint64_t bound)
{
    return bound < UINT32_MAX ? (uint32_t) bound : UINT32_MAX;
}

static bool read_upper_bound(struct ivs_rule *rule, const char *key, struct json_object *value)
{
    uint64_t bound;

    if (!read_bound(value, &bound)) {
        return false;
    }
    if (strcmp(key, "bytes") == 0) {
        rule->bytes = bound;
    } else if (strcmp(key, "ranks") == 0) {
        rule->ranks = cut(bound);
    } else if (strcmp(key, "vms") == 0) {
        rule->vms = cut(bound);
    } else {
        return false;
    }
    return true;
}

/* One member of a rule. named: an algorithm has been. */
static bool read_member(struct ivs_rule *rule, bool *named, const char *key,
                        struct json_object *value)
{
    if (strcmp(key, "operation") == 0 || strcmp(key, "algorithm") == 0) {
        const char *text = json_object_get_string(value);
        if (!json_object_is_type(value, json_type_string)) {
            return false;
        }
        if (key[0] == 'a') {
            *named = true;
            return read_algorithm(rule, text);
        }
        rule->operation = ivs_operation_find(text, strlen(text));
        return rule->operation != IVS_OPERATIONS;
    }
    if (strcmp(key, "never") == 0) {
        rule->never = json_object_get_boolean(value);
        return json_object_is_type(value, json_type_boolean);
    }
    return read_upper_bound(rule, key, value);
}

static bool has_algorithm(const struct ivs_rule *rule)
{
    if (rule->algorithm == IVS_BUILT_IN) {
        return !rule->never;
    }
    return ivs_has_algorithm(rule->operation, rule->algorithm, false) ||
           ivs_has_algorithm(rule->operation, rule->algorithm, true);
}

static int read_rule(const struct reading *r, struct json_object *object, const char *place)
{
    static const char bad[] = "bad or missing";
    struct ivs_rule rule = {
        .operation = IVS_OPERATIONS, .ranks = UINT32_MAX, .vms = UINT32_MAX, .bytes = UINT64_MAX
    };
    bool named = false;

    json_object_object_foreach(object, key, value)
    {
        if (value == NULL || !read_member(&rule, &named, key, value)) {
            return wrong(r, find_key(place, key), key, bad);
        }
    }
    if (rule.operation == IVS_OPERATIONS) {
        return wrong(r, place, "operation", bad);
    }
    if (!named || !has_algorithm(&rule)) {
        return wrong(r, named ? find_key(place, "algorithm") : place, "algorithm", bad);
    }
    if (ivs_rules_add(r->rules, &rule) != 0) {
        return wrong(r, place, "rules", "too many");
    }
    return 0;
}

static int read_rules(const struct reading *r, struct json_object *array)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < (size_t) json_object_array_length(array); i++) {
        struct json_object *object = json_object_array_get_idx(array, i);

        if (!json_object_is_type(object, json_type_object)) {
            return wrong(r, i > 0 ? find_rule(r->text, i - 1) : r->text, "rules",
                         "an element is no object");
        }
        rc = read_rule(r, object, find_rule(r->text, i));
    }
    return rc;
}

/* ---- settings --------------------------------------------------------------------------------- */

static int read_setting(const struct reading *r, const char *name, struct json_object *value,
                        const char *place)
{
    struct ivs_setting *setting = r->settings;
    const int64_t number = json_object_get_int64(value);
    char range[80];

    while (setting < r->settings + r->count && strcmp(setting->name, name) != 0) {
        setting++;
    }
    if (setting == r->settings + r->count || !setting->in_file) {
        return wrong(r, place, name, "no setting of a table");
    }
    if (!json_object_is_type(value, json_type_int) || number < setting->low ||
        number > setting->high) {
        snprintf(range, sizeof(range), "wants a whole number in %d..%d", setting->low,
                 setting->high);
        return wrong(r, place, name, range);
    }
    setting->given = true;
    setting->value = (int) number;
    return 0;
}

static int read_settings(const struct reading *r, struct json_object *object)
{
    const char *place = find_key(r->text, "settings");
    int rc = 0;

    json_object_object_foreach(object, key, value)
    {
        rc = read_setting(r, key, value, find_key(place, key));
        if (rc != 0) {
            break;
        }
    }
    return rc;
}

/* ---- file ------------------------------------------------------------------------------------- */

/* All members have the right types, so that nothing but rules looks like one to find_rule(). */
static int check_members(const struct reading *r, struct json_object *table)
{
    json_object_object_foreach(table, key, value)
    {
        const bool rules = strcmp(key, "rules") == 0;
        const bool settings = strcmp(key, "settings") == 0;

        if (!rules && !settings && strcmp(key, "about") != 0) {
            return wrong(r, find_key(r->text, key), key, "no member of a table");
        }
        if (!json_object_is_type(value, rules      ? json_type_array
                                        : settings ? json_type_object
                                                   : json_type_string)) {
            return wrong(r, find_key(r->text, key), key, "is of the wrong type");
        }
    }
    return 0;
}

static int read_table(const struct reading *r, struct json_object *table)
{
    struct json_object *rules = NULL, *settings = NULL;
    int rc;

    if (json_object_is_type(table, json_type_array)) {
        return read_rules(r, table);
    }
    if (!json_object_is_type(table, json_type_object)) {
        return wrong(r, r->text, "table", "neither an object nor an array of rules");
    }
    rc = check_members(r, table);
    if (rc == 0 && json_object_object_get_ex(table, "settings", &settings)) {
        rc = read_settings(r, settings);
    }
    if (rc == 0 && json_object_object_get_ex(table, "rules", &rules)) {
        rc = read_rules(r, rules);
    }
    return rc;
}

static int not_json(const struct reading *r, struct json_tokener *tokener)
{
    const enum json_tokener_error error = json_tokener_get_error(tokener);

    return wrong(r, r->text + json_tokener_get_parse_end(tokener), "table",
                 error == json_tokener_continue ? "is no JSON: it ends too early"
                                                : json_tokener_error_desc(error));
}

static int parse(const struct reading *r, size_t length)
{
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *table;
    int rc;

    if (tokener == NULL) {
        return ivl_fail(r->diag, -ENOMEM, r->path, "free some", "no memory to read it");
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    table = json_tokener_parse_ex(tokener, r->text, (int) length + 1);
    rc = json_tokener_get_error(tokener) == json_tokener_success ? read_table(r, table)
                                                                 : not_json(r, tokener);
    json_object_put(table);
    json_tokener_free(tokener);
    return rc;
}

/* The file with a NUL behind, without white space at its end, which strict JSON does not have. */
static int read_text(const char *path, char **text, size_t *length, struct ivl_diag *diag)
{
    FILE *file = fopen(path, "re");
    char *room = malloc(TEXT_MAX + 1);
    size_t got = 0;
    int rc = file == NULL ? -errno : room == NULL ? -ENOMEM : 0;

    if (rc == 0) {
        errno = 0;
        got = fread(room, 1, TEXT_MAX + 1, file);
        rc = ferror(file) ? (errno != 0 ? -errno : -EIO) : got > TEXT_MAX ? -EFBIG : 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    if (rc != 0) {
        free(room);
        return ivl_fail(diag, rc, path, see, "cannot be read: %s", strerror(-rc));
    }
    while (got > 0 && strchr(" \t\r\n", room[got - 1]) != NULL) {
        got--;
    }
    room[got] = '\0';
    *text = room;
    *length = got;
    return 0;
}

int ivs_table_read(const char *path, struct ivs_rules *rules, struct ivs_setting *settings,
                   size_t count, struct ivl_diag *diag)
{
    struct ivl_diag unread;
    struct reading r = { path, NULL, rules, settings, count, diag != NULL ? diag : &unread };
    size_t length = 0;
    char *text = NULL;
    int rc = read_text(path, &text, &length, r.diag);

    if (rc != 0) {
        return rc;
    }
    r.text = text;
    rc = parse(&r, length);
    free(text);
    return rc;
}
