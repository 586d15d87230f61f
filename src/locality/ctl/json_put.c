/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Building and printing JSON with short names for what json-c calls.
 */
#include "json_put.h"

#include <stdio.h>

#include "locality.h"

void json_put(struct json_object *to, const char *key, struct json_object *value)
{
    if (key) {
        json_object_object_add(to, key, value);
    } else {
        json_object_array_add(to, value);
    }
}

void json_put_text(struct json_object *to, const char *key, const char *text)
{
    json_put(to, key, text ? json_object_new_string(text) : NULL);
}

void json_put_number(struct json_object *to, const char *key, uint64_t value)
{
    json_put(to, key, json_object_new_uint64(value));
}

void json_put_flag(struct json_object *to, const char *key, bool value)
{
    json_put(to, key, json_object_new_boolean(value));
}

void json_put_uuid(struct json_object *to, const char *key, const uint8_t uuid[16])
{
    char text[37];
    ivl_uuid_format(uuid, text);
    json_put_text(to, key, ivl_uuid_is_zero(uuid) ? NULL : text);
}

void json_print(struct json_object *object)
{
    puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                    JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}
