#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# trs2tap.sh OBJECT_DIR [VARIABLE=VALUE...]: runs "make check" there and prints the results that
# automake's test driver recorded as one TAP stream.
set -uo pipefail

# shellcheck source=test/lib/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
cd "$1" || exit 1
shift

find . -name '*.trs' -delete
make -j "${JOBS:-2}" check "$@" 2>&1 | sed 's/^/# /'
status=${PIPESTATUS[0]}
while IFS=: read -r file result name; do
    file=${file#./}
    case $result in
        PASS) tap_ok "${file%.trs}: $name" ;;
        SKIP | XFAIL) tap_skip "${file%.trs}: ${name%%#*}" "${name#*# }" ;;
        *) tap_not_ok "${file%.trs}: $result: $name" ;;
    esac
done < <(find . -name '*.trs' -print0 | LC_ALL=C sort -z |
    xargs -0 -r sed -nE 's/^:test-result: ([A-Z]+) ?/\1:/; T; F; p' | paste -d: - -)
if [ "$status" -ne 0 ]; then tap_check 'make check succeeds' false; fi
tap_done
