# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# Building our own library, tools and tests, beside MPICH. Source it after step.sh.

: "${top:?}" "${build:?}" "${prefix:?}" "${jobs:?}"
own_obj=$build/own

own_configure_needed()
{
    [ ! -e "$own_obj/config.status" ] || [ ! -x "$top/configure" ] ||
        ! stamp_is own "$prefix $top $(cat "$top/configure.ac" "$top/VERSION" | hash_stdin)"
}

run_own_configure()
{
    (cd "$top" && ./autogen.sh) &&
        mkdir -p "$own_obj" && cd "$own_obj" && "$top/configure" --prefix="$prefix"
}

own_build()
{
    if [ ! -f "$top/configure.ac" ]; then return; fi
    if own_configure_needed; then
        step 'configure tools' 'read the log; it names what is missing' run_own_configure
        stamp_set own "$prefix $top $(cat "$top/configure.ac" "$top/VERSION" | hash_stdin)"
    fi
    step 'make tools' 'correct the error above and run again' make -C "$own_obj" -j "$jobs" install
}
