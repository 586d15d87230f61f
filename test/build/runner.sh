#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# test/run-all counts right: a stage that dies, stops early or hangs is a failure.
set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/lib/tap.sh
. "$top/test/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# stage BODY: makes it the only stage.
stage()
{
    rm -rf "$work/stages"
    mkdir -p "$work/stages"
    printf '#!/bin/bash\n# timeout: 2\n%s\n' "$1" >"$work/stages/10-x"
    chmod +x "$work/stages/10-x"
}

# totals STATUS LINE: run-all ends with this status and this last line.
totals()
{
    local status=0

    BUILD=$work/build STAGES_DIR=$work/stages "$top/test/run-all" >"$work/out" 2>&1 || status=$?
    cat "$work/out"
    [ "$status" -eq "$1" ] && [ "$(tail -n 1 "$work/out")" = "$2" ]
}

stage 'echo "ok 1 - a"; echo "ok 2 - b # SKIP no device"; echo 1..2'
tap_check 'passed and skipped' totals 0 '1 passed, 0 failed, 1 skipped'
tap_check 'the reason of a skip is shown' grep -q 'skipped: b # SKIP no device' "$work/out"
stage 'echo "ok 1 - a"; echo "not ok 2 - b"; echo 1..2'
tap_check 'failed' totals 1 '1 passed, 1 failed, 0 skipped'
stage 'echo "ok 1 - a"; exit 3'
tap_check 'no plan is a failure' totals 1 '1 passed, 1 failed, 0 skipped'
stage 'echo "1..3"; echo "ok 1 - a"'
tap_check 'fewer tests than planned is a failure' totals 1 '1 passed, 1 failed, 0 skipped'
stage 'echo "ok 1 - a"; echo 1..1; exit 1'
tap_check 'a status without a failed test is a failure' totals 1 '1 passed, 1 failed, 0 skipped'
stage 'echo "1..0"'
tap_check 'no test is a failure' totals 1 '0 passed, 1 failed, 0 skipped'
stage 'echo "1..0 # SKIP no qemu"'
tap_check 'a skipped stage alone is no success' totals 1 '0 passed, 0 failed, 1 skipped'
stage 'echo "ok 1 - a"; sleep 30; echo 1..1'
tap_check 'a hang is a failure' totals 1 '1 passed, 1 failed, 0 skipped'
stage 'echo "not ok 1 - a # TODO upstream"; echo "ok 2 - b"; echo 1..2'
tap_check 'an expected failure counts as skipped' totals 0 '1 passed, 0 failed, 1 skipped'
tap_done
