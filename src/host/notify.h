/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Telling systemd how we are: the protocol of sd_notify(3), without its library.
 */
#ifndef IVD_NOTIFY_H_INCLUDED
#define IVD_NOTIFY_H_INCLUDED

/* Sends lines such as "READY=1" to the socket in NOTIFY_SOCKET; nothing if there is none. */
void ivd_notify(const char *text);

#endif /* IVD_NOTIFY_H_INCLUDED */
