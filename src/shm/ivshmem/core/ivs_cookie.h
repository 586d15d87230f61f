/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Names for objects of this process that a peer hands back in a later message: a number in place
 * of a pointer, so that what comes back can be checked. All of it is private memory.
 *
 * Invariant: a cookie yields its object to the peer it was made for, in the roles it was made for
 * and once in each; anything else yields nothing.
 *
 * Not thread-safe.
 */
#ifndef IVS_COOKIE_H_INCLUDED
#define IVS_COOKIE_H_INCLUDED

#include <stdint.h>

struct ivs_cookie;

struct ivs_cookies {
    struct ivs_cookie *entries;
    uint32_t room;
    uint32_t free; /* first of a list, or room */
    uint32_t made; /* in all, modulo 2^32: tells those apart that used the same entry */
};

/* Makes one for peer, good once for each bit of roles (1..255). 0: out of memory. */
uint64_t ivs_cookie_make(struct ivs_cookies *cookies, uint32_t peer, uint8_t roles, void *object);

/* What a peer's cookie stands for in that role (one bit), or NULL if it is not good for it. */
void *ivs_cookie_redeem(struct ivs_cookies *cookies, uint32_t peer, uint8_t role, uint64_t cookie);

/* The same, and the cookie is good for nothing more: for roles of which only one is played. */
void *ivs_cookie_redeem_last(struct ivs_cookies *cookies, uint32_t peer, uint8_t role,
                             uint64_t cookie);

/* Forgets all. A zeroed struct is an empty one. */
void ivs_cookies_clear(struct ivs_cookies *cookies);

#endif /* IVS_COOKIE_H_INCLUDED */
