# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=sh
#
# The root directory of a (fake) VM: the host's, with private places to write. Runs in busybox's
# shell in guests, in bash in namespaces.

private_dirs='tmp var/tmp run dev/shm'

# assemble_private SOURCE ROOT KEEP...: ROOT, which shows SOURCE, gets empty private directories; the
# absolute paths KEEP stay visible if they are below one of those. /proc, /sys and /dev are the
# caller's to mount before.
assemble_private()
{
    source=$1 root=$2
    shift 2

    for dir in $private_dirs; do
        mkdir -p "$root/$dir"
        mount -t tmpfs -o mode=1777 tmpfs "$root/$dir"
    done
    for path; do
        for dir in $private_dirs; do
            case $path in
                "/$dir"/*) mkdir -p "$root$path" && mount -o bind "$source$path" "$root$path" ;;
            esac
        done
    done
}
