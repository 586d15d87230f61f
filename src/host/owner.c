/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Users and groups, by name or number.
 */
#include "owner.h"

#include <grp.h>
#include <pwd.h>
#include <stdint.h>

#include "parse.h"

bool ivd_find_user(const char *name, uid_t *uid)
{
    uint64_t n = 0;
    if (!*name) {
        return true;
    }
    const struct passwd *user = getpwnam(name);
    if (!user && !parse_number(name, UINT32_MAX - 1, &n)) {
        return false;
    }
    *uid = user ? user->pw_uid : (uid_t) n;
    return true;
}

bool ivd_find_group(const char *name, gid_t *gid)
{
    uint64_t n = 0;
    if (!*name) {
        return true;
    }
    const struct group *group = getgrnam(name);
    if (!group && !parse_number(name, UINT32_MAX - 1, &n)) {
        return false;
    }
    *gid = group ? group->gr_gid : (gid_t) n;
    return true;
}
