/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Text forms of identities: MAC addresses and UUIDs; small text files.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "locality_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Two hex digits; -1 if they are not. Does not read past a terminator. */
static int hex_byte(const char *text)
{
    int high = hex_digit(text[0]);
    int low = high < 0 ? -1 : hex_digit(text[1]);
    return low < 0 ? -1 : high << 4 | low;
}

int ivl_mac_parse(const char *text, uint8_t mac[6])
{
    uint8_t out[6];
    for (int i = 0; i < 6; i++) {
        int byte = hex_byte(text);
        if (byte < 0 || text[2] != (i < 5 ? ':' : '\0')) {
            return -EINVAL;
        }
        out[i] = (uint8_t) byte;
        text += 3;
    }
    memcpy(mac, out, sizeof(out));
    return 0;
}

int ivl_uuid_parse(const char *text, uint8_t uuid[IVL_UUID_BYTES])
{
    uint8_t out[IVL_UUID_BYTES];
    const bool dashes = strlen(text) == 36;
    for (int i = 0; i < IVL_UUID_BYTES; i++) {
        if (dashes && (i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-') {
            return -EINVAL;
        }
        int byte = hex_byte(text);
        if (byte < 0) {
            return -EINVAL;
        }
        out[i] = (uint8_t) byte;
        text += 2;
    }
    if (*text) {
        return -EINVAL;
    }
    memcpy(uuid, out, sizeof(out));
    return 0;
}

void ivl_uuid_format(const uint8_t uuid[IVL_UUID_BYTES], char text[37])
{
    for (int i = 0; i < IVL_UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *text++ = '-';
        }
        snprintf(text, 3, "%02x", uuid[i]);
        text += 2;
    }
}

void ivl_mac_format(const uint8_t mac[6], char text[18])
{
    snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
             mac[5]);
}

bool ivl_uuid_is_zero(const uint8_t uuid[IVL_UUID_BYTES])
{
    static const uint8_t zero[IVL_UUID_BYTES];
    return memcmp(uuid, zero, sizeof(zero)) == 0;
}

bool ivl_mac_is_zero(const uint8_t mac[6])
{
    static const uint8_t zero[6];
    return memcmp(mac, zero, sizeof(zero)) == 0;
}

int ivl_text_read(const char *root, const char *path, char *text, size_t size)
{
    char full[512];
    if ((size_t) snprintf(full, sizeof(full), "%s%s", root, path) >= sizeof(full)) {
        return -ENAMETOOLONG;
    }
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return -errno;
    }
    ssize_t got = read(fd, text, size - 1);
    int rc = got < 0 ? -errno : 0;
    close(fd);
    if (rc) {
        return rc;
    }
    while (got > 0 && (unsigned char) text[got - 1] <= ' ') {
        got--;
    }
    text[got] = '\0';
    return 0;
}
