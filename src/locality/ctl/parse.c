/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Text of option values to numbers.
 */
#include "parse.h"

#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits up to the first other character; NULL if there is none, or too large. */
static const char *take_number(const char *p, uint64_t max, uint64_t *value)
{
    uint64_t n = 0;
    if (!is_digit(*p)) {
        return NULL;
    }
    for (; is_digit(*p); p++) {
        unsigned digit = (unsigned) (*p - '0');
        if (digit > max || n > (max - digit) / 10) {
            return NULL;
        }
        n = n * 10 + digit;
    }
    *value = n;
    return p;
}

bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
    uint64_t n;
    const char *end = take_number(text, max, &n);
    if (!end || *end) {
        return false;
    }
    *value = n;
    return true;
}

bool parse_size(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    uint64_t n;
    const char *p = take_number(text, UINT64_MAX, &n);
    if (!p) {
        return false;
    }
    const char *unit = *p ? strchr(units, *p >= 'a' ? *p - 'a' + 'A' : *p) : NULL;
    unsigned shift = unit ? 10 * (unsigned) (unit - units + 1) : 0;
    p += unit != NULL;
    if (unit && strcmp(p, "iB") == 0) {
        p += 2;
    }
    if (*p || n > UINT64_MAX >> shift) {
        return false;
    }
    *bytes = n << shift;
    return true;
}

bool parse_mode(const char *text, unsigned *mode)
{
    unsigned value = 0;
    size_t len = strlen(text);
    if (len == 0 || len > 4) {
        return false;
    }
    for (; *text; text++) {
        if (*text < '0' || *text > '7') {
            return false;
        }
        value = value * 8 + (unsigned) (*text - '0');
    }
    if (value > 0777) {
        return false;
    }
    *mode = value;
    return true;
}

bool parse_mask(const char *text, uint64_t *words, unsigned bits)
{
    uint64_t mask[IVL_VM_CPUMASK_WORDS] = { 0 };
    for (const char *p = text;; p++) {
        uint64_t first, last;
        p = take_number(p, bits - 1, &first);
        last = first;
        if (p && *p == '-') {
            p = take_number(p + 1, bits - 1, &last);
        }
        if (!p || last < first || (*p && *p != ',')) {
            return false;
        }
        for (; first <= last; first++) {
            mask[first / 64] |= UINT64_C(1) << first % 64;
        }
        if (!*p) {
            break;
        }
    }
    memcpy(words, mask, bits / 8);
    return true;
}

static bool parse_guid(const char *text, uint64_t *guid)
{
    uint64_t value = 0;
    int digits = 0;
    for (; *text; text++) {
        const char *hex = "0123456789abcdef";
        const char *at = strchr(hex, *text >= 'A' && *text <= 'F' ? *text - 'A' + 'a' : *text);
        if (*text == ':' && digits % 2 == 0) {
            continue;
        }
        if (!at || ++digits > 16) {
            return false;
        }
        value = value << 4 | (uint64_t) (at - hex);
    }
    *guid = value;
    return digits == 16;
}

bool parse_vf(const char *text, struct ivl_abi_vf *vf)
{
    unsigned domain = 0, bus, device, function;
    int end = 0;
    if (strspn(text, "0123456789abcdefABCDEF:.") < strcspn(text, ",")) {
        return false; /* no signs or blanks for sscanf to skip */
    }
    if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) != 4) {
        domain = 0;
        if (sscanf(text, "%2x:%2x.%1x%n", &bus, &device, &function, &end) != 3) {
            return false;
        }
    }
    uint64_t guid = 0;
    bool tail_ok = !text[end] || (text[end] == ',' && parse_guid(text + end + 1, &guid));
    if (!tail_ok || device > 31 || function > 7) {
        return false;
    }
    *vf = (struct ivl_abi_vf){ .pci_domain = domain,
                               .pci_bus = (uint8_t) bus,
                               .pci_device = (uint8_t) device,
                               .pci_function = (uint8_t) function,
                               .node_guid = guid };
    return true;
}
