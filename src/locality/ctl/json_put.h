/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Building and printing JSON with short names for what json-c calls.
 */
#ifndef CTL_JSON_PUT_H_INCLUDED
#define CTL_JSON_PUT_H_INCLUDED

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/* Add to an object, or to an array if key is NULL. */
void json_put(struct json_object *to, const char *key, struct json_object *value); /* taken over */
void json_put_text(struct json_object *to, const char *key, const char *text);     /* NULL: null */
void json_put_number(struct json_object *to, const char *key, uint64_t value);
void json_put_flag(struct json_object *to, const char *key, bool value);
void json_put_uuid(struct json_object *to, const char *key, const uint8_t uuid[16]); /* 0: null */

/* Prints and frees. */
void json_print(struct json_object *object);

#endif /* CTL_JSON_PUT_H_INCLUDED */
