/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A cookie is the entry's number (made) in the high half and its index + 1 in the low half.
 */
#include <stdlib.h>

#include "ivs_cookie.h"

#define ROOM_FIRST 64u

struct ivs_cookie {
    void *object;
    uint32_t peer;
    uint32_t made;
    uint32_t next_free;
    uint8_t roles; /* that are still open; 0: free */
};

static int grow(struct ivs_cookies *cookies)
{
    uint32_t room = cookies->room == 0 ? ROOM_FIRST : 2 * cookies->room;
    struct ivs_cookie *entries;

    if (room < cookies->room) {
        return -1;
    }
    entries = realloc(cookies->entries, room * sizeof(*entries));
    if (!entries) {
        return -1;
    }
    for (uint32_t i = cookies->room; i < room; i++) {
        entries[i] = (struct ivs_cookie){ .next_free = i + 1 };
    }
    cookies->entries = entries;
    cookies->free = cookies->room;
    cookies->room = room;
    return 0;
}

uint64_t ivs_cookie_make(struct ivs_cookies *cookies, uint32_t peer, uint8_t roles, void *object)
{
    uint32_t index;
    struct ivs_cookie *entry;

    if (cookies->free == cookies->room && grow(cookies) != 0) {
        return 0;
    }
    index = cookies->free;
    entry = &cookies->entries[index];
    cookies->free = entry->next_free;
    *entry = (struct ivs_cookie){
        .object = object, .peer = peer, .made = ++cookies->made, .roles = roles
    };
    return (uint64_t) entry->made << 32 | (index + 1);
}

/* What it stands for; its roles in `closed` end. */
static void *redeem(struct ivs_cookies *cookies, uint32_t peer, uint8_t role, uint8_t closed,
                    uint64_t cookie)
{
    uint32_t index = (uint32_t) cookie - 1;
    struct ivs_cookie *entry;

    if (index >= cookies->room) {
        return NULL;
    }
    entry = &cookies->entries[index];
    if (entry->made != (uint32_t) (cookie >> 32) || entry->peer != peer ||
        (entry->roles & role) == 0) {
        return NULL;
    }
    entry->roles &= (uint8_t) ~closed;
    if (entry->roles == 0) {
        entry->next_free = cookies->free;
        cookies->free = index;
    }
    return entry->object;
}

void *ivs_cookie_redeem(struct ivs_cookies *cookies, uint32_t peer, uint8_t role, uint64_t cookie)
{
    return redeem(cookies, peer, role, role, cookie);
}

void *ivs_cookie_redeem_last(struct ivs_cookies *cookies, uint32_t peer, uint8_t role,
                             uint64_t cookie)
{
    return redeem(cookies, peer, role, UINT8_MAX, cookie);
}

void ivs_cookies_clear(struct ivs_cookies *cookies)
{
    free(cookies->entries);
    *cookies = (struct ivs_cookies){ .entries = NULL };
}
