/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Small languages inside a domain's XML: lists of CPUs, and QEMU's -object arguments.
 */
#include "domain.h"

#include <json-c/json.h>
#include <string.h>

/* ---- lists of CPUs -------------------------------------------------------------------------- */

#define NUMBER_MAX 1000000

static const char *take_number(const char *p, uint32_t *value)
{
    uint32_t n = 0;
    if (*p < '0' || *p > '9') {
        return NULL;
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (uint32_t) (*p - '0');
        if (n > NUMBER_MAX) {
            return NULL;
        }
    }
    *value = n;
    return p;
}

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

bool ivd_cpuset_parse(const char *text, uint64_t *words, unsigned bits)
{
    uint64_t set[IVL_VM_CPUMASK_WORDS] = { 0 };
    const char *p = text;
    do {
        uint32_t first, last;
        p = skip_blanks(p);
        bool out = *p == '^';
        p = take_number(p + out, &first);
        last = first;
        if (p && *p == '-' && !out) {
            p = take_number(p + 1, &last);
        }
        if (!p || last < first) {
            return false;
        }
        for (uint32_t i = first; i <= last && i < bits; i++) {
            uint64_t bit = UINT64_C(1) << i % 64;
            set[i / 64] = out ? set[i / 64] & ~bit : set[i / 64] | bit;
        }
        p = skip_blanks(p);
    } while (*p++ == ',');
    if (p[-1]) {
        return false;
    }
    for (unsigned i = 0; i < bits / 64; i++) {
        words[i] |= set[i];
    }
    return true;
}

/* ---- -object -------------------------------------------------------------------------------- */

static bool json_path(const char *text, char path[IVD_PATH_BYTES])
{
    struct json_object *value, *object = json_tokener_parse(text);
    bool found = object && json_object_is_type(object, json_type_object) &&
                 json_object_object_get_ex(object, "mem-path", &value) &&
                 json_object_is_type(value, json_type_string) &&
                 json_object_get_string_len(value) < IVD_PATH_BYTES;
    if (found) {
        snprintf(path, IVD_PATH_BYTES, "%s", json_object_get_string(value));
    }
    json_object_put(object);
    return found;
}

/* "memory-backend-file,id=x,mem-path=/a": a comma in a value is written twice. */
static bool option_path(const char *text, char path[IVD_PATH_BYTES])
{
    const char *key = ",mem-path=";
    const char *p = strstr(text, key);
    size_t n = 0;
    if (!p) {
        return false;
    }
    for (p += strlen(key); *p && (*p != ',' || p[1] == ','); p += *p == ',' ? 2 : 1) {
        if (n + 1 == IVD_PATH_BYTES) {
            return false;
        }
        path[n++] = *p;
    }
    path[n] = '\0';
    return n > 0;
}

bool ivd_object_path(const char *argument, char path[IVD_PATH_BYTES])
{
    return argument[0] == '{' ? json_path(argument, path) : option_path(argument, path);
}
