/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * For libraries that are preloaded: the function that one of theirs hides.
 */
#ifndef REAL_H_INCLUDED
#define REAL_H_INCLUDED

#include <dlfcn.h>
#include <stdlib.h>

#define REAL(name) ((__typeof__(&name)) next(#name))

static inline void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL) {
        abort();
    }
    return found;
}

#endif
