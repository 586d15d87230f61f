# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# What the checks look at. Source it after setting root (the tree to check).

: "${root:?}"

# All files of the project, relative to root.
lint_files()
{
    if [ -e "$root/.git" ]; then
        (cd "$root" && git ls-files -co --exclude-standard)
    else
        (cd "$root" && find . \( -name '_*' -o -name config -o -name autom4te.cache \) -prune -o -type f -printf '%P\n')
    fi | while read -r file; do if [ -f "$root/$file" ]; then printf '%s\n' "$file"; fi; done | LC_ALL=C sort
}

# Shell scripts: by name, or by their first line.
lint_scripts()
{
    lint_files | while read -r file; do
        if [[ $file == *.sh ]] || head -n 1 "$root/$file" | grep -qaE '^#! ?/(usr/)?bin/(env )?(ba)?sh'; then
            printf '%s\n' "$file"
        fi
    done
}

# Code that must stand without MPICH: the library and the transport's core.
# The library, the tools, the transport core and the choice of devices, but what needs libraries that
# are not here.
lint_core_sources()
{
    local without='^$'

    pkg-config --exists libxml-2.0 hwloc || without='/plan_(host|xml)\.c$'
    pkg-config --exists json-c || without="$without|/ivs_table\.c$"
    pkg-config --exists hwloc || without="$without|/ivn_near\.c$"
    pkg-config --exists libibverbs || without="$without|/ivn_probe\.c$"
    pkg-config --exists ucx-uct || without="$without|/ivn_ucx\.c$"
    lint_files | grep -E '^src/(locality|shm/ivshmem/core|mpid/ch4/netmod/ivshmem)/.*\.c$' |
        grep -vE "$without" || true
}

# The host's daemon, but what needs a library that is not here.
lint_host_sources()
{
    local without='^$'

    pkg-config --exists libxml-2.0 || without='/domain[^/]*$'
    pkg-config --exists libxml-2.0 libvirt || without="$without|/source_libvirt|/plug"
    pkg-config --exists json-c popt || without=.
    lint_files | grep -E '^src/host/.*\.c$' | grep -vE "$without" || true
}

lint_host_flags()
{
    local library flags=(-Isrc/host -Isrc/locality -Isrc/locality/ctl)

    for library in json-c popt libxml-2.0 libvirt; do
        if pkg-config --exists "$library"; then flags+=("$(pkg-config --cflags "$library")"); fi
    done
    printf '%s\n' "${flags[*]}"
}
