/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Mappings whose file shrank.
 */
#include "fault.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host_config.h"

static struct {
    _Atomic uintptr_t base; /* 0: not in use; written last */
    atomic_size_t bytes;
    atomic_bool lost;
} mappings[IVD_REGIONS_MAX];

/* Only what is async-signal-safe: atomics, and mmap, a plain system call. */
static void on_sigbus(int number, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t) info->si_addr;
    (void) context;
    for (unsigned i = 0; i < IVD_REGIONS_MAX; i++) {
        uintptr_t base = atomic_load(&mappings[i].base);
        size_t bytes = atomic_load(&mappings[i].bytes);
        if (base && at >= base && at - base < bytes) {
            void *fresh = mmap((void *) base, bytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
            atomic_store(&mappings[i].lost, true);
            if (fresh != MAP_FAILED) {
                return;
            }
        }
    }
    signal(number, SIG_DFL); /* not one of ours: the access is tried again, and ends the process */
}

void ivd_fault_init(void)
{
    struct sigaction action = { .sa_flags = SA_SIGINFO };
    action.sa_sigaction = on_sigbus;
    sigaction(SIGBUS, &action, NULL);
}

unsigned ivd_fault_watch(void *base, size_t bytes)
{
    unsigned i = 0;
    while (i < IVD_REGIONS_MAX - 1 && atomic_load(&mappings[i].base)) {
        i++;
    }
    atomic_store(&mappings[i].lost, false);
    atomic_store(&mappings[i].bytes, bytes);
    atomic_store(&mappings[i].base, (uintptr_t) base);
    return i;
}

bool ivd_fault_lost(unsigned number)
{
    return atomic_load(&mappings[number].lost);
}

void ivd_fault_forget(unsigned number)
{
    atomic_store(&mappings[number].base, 0);
}
