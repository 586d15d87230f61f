#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# quickstart's command line: bad input is one clear line and status 2, before anything is done.
set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/lib/tap.sh
. "$top/test/lib/tap.sh"

refused()
{
    local out status=0

    out=$("$top/quickstart" "$1" 2>&1 </dev/null) || status=$?
    printf '%s\n' "$out"
    [ "$status" -eq 2 ] && [ "$(wc -l <<<"$out")" -eq 1 ] && [[ $out == quickstart:* ]]
}

options_documented()
{
    local option

    for option in check --build-only --native --mpich-source --netmod --prefix --jobs --help; do
        "$top/quickstart" --help | grep -qE -- "^  $option([ =]|\$)" || { printf '%s\n' "$option"; return 1; }
    done
}

for arg in --netmod=tcp --jobs=0 --jobs=x --prefix= --mpich-source= --nonsense deploy --mpich-source=/nonexistent/x; do
    tap_check "$arg is refused" refused "$arg"
done
tap_check 'every option is in --help' options_documented
tap_done
