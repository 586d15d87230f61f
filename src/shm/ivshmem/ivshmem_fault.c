/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A region whose file was cut, or whose device was unplugged, faults on access. That ends the
 * rank; here it is given a line that says why. Faults elsewhere go where they went before.
 */
#include "ivshmem_impl.h"
#include <signal.h>
#include <unistd.h>

static struct sigaction before;
static bool installed;

/* Async-signal-safe. Returns to the faulting access with the former disposition in place. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    static const char text[] = "[ivshmem] the region shrank or its device went away while in use: "
                               "this rank ends: keep the host's file as it was created\n";

    (void) context;
    if (MPIDI_IVSHMEMI_in_region(info->si_addr)) {
        ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);
        (void) written;
    }
    sigaction(number, &before, NULL);
}

void MPIDI_IVSHMEMI_fault_watch(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    installed = sigaction(SIGBUS, &action, &before) == 0;
}

/* An application's handler that came later is left alone. */
void MPIDI_IVSHMEMI_fault_unwatch(void)
{
    struct sigaction now;

    if (installed && sigaction(SIGBUS, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) &&
        now.sa_sigaction == on_fault) {
        sigaction(SIGBUS, &before, NULL);
    }
    installed = false;
}
