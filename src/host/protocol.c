/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Requests and answers on the daemon's socket. A request has known keys of known types, no others.
 */
#include "protocol.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "json_put.h"

#define DEPTH_MAX 4

static int refuse(struct ivl_diag *diag, const char *remedy, const char *what, const char *object)
{
    return ivl_fail(diag, -EINVAL, "request", remedy, "%s%.60s", what, object);
}

static int take_text(struct json_object *value, const char *key, char *to, size_t size,
                     struct ivl_diag *diag)
{
    if (!json_object_is_type(value, json_type_string)) {
        return refuse(diag, "write a string", "not a string: ", key);
    }
    const char *text = json_object_get_string(value);
    size_t length = (size_t) json_object_get_string_len(value);
    if (length == 0 || length >= size || strlen(text) != length) {
        return refuse(diag, "write a shorter one, without control characters", "bad value of ",
                      key);
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char) text[i] < ' ' || text[i] == 0x7f) {
            return refuse(diag, "leave them out", "control characters in ", key);
        }
    }
    memcpy(to, text, length + 1);
    return 0;
}

static int take_command(struct json_object *value, struct ivd_request *request,
                        struct ivl_diag *diag)
{
    static const char *const names[] = { "status", "attach", "detach" };
    char text[16];
    int rc = take_text(value, "command", text, sizeof(text), diag);
    for (unsigned i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(text, names[i]) == 0) {
            request->command = (enum ivd_command) i;
            return 0;
        }
    }
    return rc ? rc : refuse(diag, "write status, attach or detach", "unknown command: ", text);
}

static int take_flag(struct json_object *value, const char *key, bool *to, struct ivl_diag *diag)
{
    if (!json_object_is_type(value, json_type_boolean)) {
        return refuse(diag, "write true or false", "neither true nor false: ", key);
    }
    *to = json_object_get_boolean(value);
    return 0;
}

static int take_member(struct ivd_request *request, const char *key, struct json_object *value,
                       struct ivl_diag *diag)
{
    if (strcmp(key, "command") == 0) {
        return take_command(value, request, diag);
    }
    if (strcmp(key, "domain") == 0) {
        return take_text(value, key, request->domain, sizeof(request->domain), diag);
    }
    if (strcmp(key, "region") == 0) {
        return take_text(value, key, request->region, sizeof(request->region), diag);
    }
    if (strcmp(key, "persistent") == 0) {
        return take_flag(value, key, &request->persistent, diag);
    }
    return refuse(diag, "see ivshmemd(8)", "unknown member: ", key);
}

static int take_object(struct json_object *object, struct ivd_request *request,
                       struct ivl_diag *diag)
{
    int rc = 0;
    if (!json_object_is_type(object, json_type_object)) {
        return refuse(diag, "write an object", "not an object", "");
    }
    if (!json_object_object_get_ex(object, "command", NULL)) {
        return refuse(diag, "see ivshmemd(8)", "no command", "");
    }
    json_object_object_foreach(object, key, value)
    {
        rc = rc ? rc : take_member(request, key, value, diag);
    }
    if (rc == 0 && request->command != IVD_STATUS && !request->domain[0]) {
        rc = refuse(diag, "name it", "no domain", "");
    }
    return rc;
}

int ivd_request_parse(const char *line, size_t length, struct ivd_request *request,
                      struct ivl_diag *diag)
{
    struct ivd_request copy = { .persistent = false };
    while (length && (line[length - 1] == ' ' || line[length - 1] == '\r')) {
        length--;
    }
    struct json_tokener *tokener =
        length <= IVD_REQUEST_MAX_BYTES ? json_tokener_new_ex(DEPTH_MAX) : NULL;
    if (!tokener) {
        return refuse(diag, "write at most 4096 bytes", "too long", "");
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *object = json_tokener_parse_ex(tokener, line, (int) length);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    bool whole = error == json_tokener_success && json_tokener_get_parse_end(tokener) == length;
    int rc = whole ? take_object(object, &copy, diag)
                   : refuse(diag, "write one JSON object on a line", "not JSON: ",
                            error == json_tokener_success ? "something behind it"
                                                          : json_tokener_error_desc(error));
    json_object_put(object);
    json_tokener_free(tokener);
    if (rc == 0) {
        *request = copy;
    }
    return rc;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* One line; the object is freed. */
static char *line_of(struct json_object *object)
{
    char *line = NULL;
    const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE);
    if (!text || asprintf(&line, "%s\n", text) < 0) {
        line = NULL;
    }
    json_object_put(object);
    return line;
}

char *ivd_answer_error(const struct ivl_diag *diag)
{
    struct json_object *o = json_object_new_object();
    json_put_flag(o, "ok", false);
    json_put_text(o, "where", diag->where);
    json_put_text(o, "what", diag->what);
    json_put_text(o, "remedy", diag->remedy);
    return line_of(o);
}

char *ivd_answer_object(struct json_object *object)
{
    json_put_flag(object, "ok", true);
    return line_of(object);
}

char *ivd_answer_text(const char *text)
{
    struct json_object *o = json_object_new_object();
    json_put_text(o, "text", text);
    return ivd_answer_object(o);
}
