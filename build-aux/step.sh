# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# Progress, failure and stamp functions of the build scripts. Source it after setting
# top (the checkout) and build (its _build folder).

: "${top:?}" "${build:?}"
logs=$build/log
stamps=$build/stamp
mkdir -p "$logs" "$stamps"

die()
{
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Prints a dot a second and a half into a terminal, a line a minute into a file, while $1 lives.
step_heartbeat()
{
    local pid=$1 log=$2 waited=0

    while kill -0 "$pid" 2>/dev/null; do
        sleep 1
        waited=$((waited + 1))
        if [ -t 1 ]; then
            printf '\r    %4d s  %.70s\033[K' "$waited" "$(tail -n 1 "$log" | tr -cd ' -~')"
        elif [ $((waited % 60)) -eq 0 ]; then
            printf '    %4d s  still running\n' "$waited"
        fi
    done
    if [ -t 1 ]; then printf '\r\033[K'; fi
}

step_failed()
{
    local name=$1 log=$2 remedy=$3

    printf -- '---- last lines of %s\n' "$log" >&2
    tail -n 25 "$log" >&2
    printf '%s: %s: failed: %s\n' "${0##*/}" "$name" "$remedy" >&2
    exit 1
}

# step NAME REMEDY COMMAND...: runs the command with its output in a log, showing the time.
step()
{
    local name=$1 remedy=$2 log=$logs/${1// /-}.log start=$SECONDS status=0 pid
    shift 2

    printf '==> %s (log: %s)\n' "$name" "${log#"$top"/}"
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    trap 'kill "$pid" 2>/dev/null; exit 130' INT TERM
    step_heartbeat "$pid" "$log"
    wait "$pid" || status=$?
    if [ "$status" -gt 128 ]; then die "$name: ended by signal $((status - 128)): run again"; fi
    if [ "$status" -ne 0 ]; then step_failed "$name" "$log" "$remedy"; fi
    trap - INT TERM
    printf '    %4d s  %s: done\n' $((SECONDS - start)) "$name"
}

# A stamp holds the hash of what a step was made from; the step is due when the two differ.
stamp_is()
{
    [ "$(cat "$stamps/$1" 2>/dev/null)" = "$2" ]
}

stamp_set()
{
    printf '%s\n' "$2" >"$stamps/$1"
}

stamp_drop()
{
    rm -f "$stamps/$1"
}

hash_stdin()
{
    sha256sum | cut -d' ' -f1
}
