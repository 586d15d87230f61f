#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# What the build's steps print when they succeed, fail and are killed.
set -uo pipefail

src=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/lib/tap.sh
. "$src/test/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# step_says STATUS TEXT COMMAND: a step of this command ends so and prints so.
step_says()
{
    local status=0

    (top=$work build=$work/build
        mkdir -p "$build"
        # shellcheck source=build-aux/step.sh
        . "$src/build-aux/step.sh"
        step 'a step' 'do this' bash -c "$3") >"$work/out" 2>&1 || status=$?
    cat "$work/out"
    [ "$status" -eq "$1" ] && grep -qF -- "$2" "$work/out"
}

tap_check 'success names step and log' step_says 0 '==> a step (log: build/log/a-step.log)' 'echo hidden'
tap_check 'output stays in the log' grep -qx hidden "$work/build/log/a-step.log"
tap_check 'failure shows the last lines' step_says 1 'the cause' 'echo the cause; exit 3'
tap_check 'failure says what to do' grep -q 'a step: failed: do this' "$work/out"
# shellcheck disable=SC2016 # the inner shell's process
tap_check 'a killed step is no failure of what it does' step_says 1 'ended by signal 15' 'kill $$'
tap_done
