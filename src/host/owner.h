/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Users and groups, by name or number.
 */
#ifndef IVD_OWNER_H_INCLUDED
#define IVD_OWNER_H_INCLUDED

#include <stdbool.h>
#include <sys/types.h>

/* False: there is none of that name here. An empty name leaves the result alone. */
bool ivd_find_user(const char *name, uid_t *uid);
bool ivd_find_group(const char *name, gid_t *gid);

#endif /* IVD_OWNER_H_INCLUDED */
