# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# TAP for shell tests. Source it; call tap_check for each test and tap_done at the end.

tap_number=0
tap_failed=0

tap_ok()
{
    tap_number=$((tap_number + 1))
    printf 'ok %d - %s\n' "$tap_number" "$1"
}

tap_not_ok()
{
    tap_number=$((tap_number + 1))
    tap_failed=$((tap_failed + 1))
    printf 'not ok %d - %s\n' "$tap_number" "$1"
}

tap_skip()
{
    tap_number=$((tap_number + 1))
    printf 'ok %d - %s # SKIP %s\n' "$tap_number" "$1" "$2"
}

# tap_check NAME COMMAND...: ok if the command succeeds, skipped if it exits with 77 (the last line
# it prints is the reason); its output is shown as comment if it fails.
tap_check()
{
    local name=$1 out status=0
    shift

    out=$("$@" 2>&1) || status=$?
    case $status in
        0) tap_ok "$name" ;;
        77) tap_skip "$name" "$(tail -n 1 <<<"$out")" ;;
        *)
            tap_not_ok "$name"
            printf '%s\n' "$out" | sed 's/^/# /'
            ;;
    esac
}

tap_done()
{
    printf '1..%d\n' "$tap_number"
}
