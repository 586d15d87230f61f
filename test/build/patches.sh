#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# check-patches accepts our patches and refuses each kind of violation.
set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/lib/tap.sh
. "$top/test/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fresh()
{
    rm -f "$work"/*
    printf -- '--- a/x.c\n+++ b/x.c\n@@ -2 +2 @@\n-a\n+b\n' >"$work/0001-x.patch"
    printf '0001-x.patch\n' >"$work/series"
    printf 'sum  x.c\n' >"$work/checksums"
}

refused()
{
    ! "$top/build-aux/check-patches" "$work" >"$work/out" && grep -qF -- "$1" "$work/out"
}

tap_check 'our patches keep the limits' "$top/build-aux/check-patches"
fresh; tap_check 'a good patch is accepted' "$top/build-aux/check-patches" "$work"
fresh; printf '@@ -8,2 +8,3 @@\n c\n+d\n e\n' >>"$work/0001-x.patch"
tap_check 'context is refused' refused '0001-x.patch:7: context line'
fresh; { printf '@@ -9,0 +10,149 @@\n'; yes + | head -n 149; } >>"$work/0001-x.patch"
tap_check '151 changed lines are refused' refused '151 changed lines'
fresh; : >"$work/series"; tap_check 'a patch missing in series is refused' refused 'series:'
fresh; printf '%s  %s\n' sum y.c >>"$work/checksums"
tap_check 'a checksum of an untouched file is refused' refused 'checksums:'
tap_done
