# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# What the tests of the command-line tools share. Source it from a script that ends in cli_done.
# Runs in the build folder, where the tools are; UPDATE=1 writes the golden file anew.

set -uo pipefail
cli_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=test/lib/tap.sh
. "$cli_top/test/lib/tap.sh"

golden=$cli_top/test/cli/$(basename "$0" .sh).golden
dir=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/cli-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"

# A copy that any user can run.
cp "${IVSHMEMCTL:-./ivshmemctl}" "$dir/ivshmemctl"
chmod 755 "$dir/ivshmemctl"
ctl=$dir/ivshmemctl
# shellcheck disable=SC2034 # for the scripts
jobs=$PWD/test/cli/jobs

unset IVSHMEM_REGION "${!MPIR_CVAR_IVSHMEM@}"
export LC_ALL=C
umask 022

# What differs from run to run.
mask()
{
    sed -E -e "s|$dir|DIR|g" \
        -e 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/g' \
        -e 's/expected [0-9a-f]{8}:/expected SUM:/' \
        -e 's/"(host_uuid|host_boot_id)": .*,/"\1": ...,/' \
        -e 's/\(owner [^ ]+, group [^ ]+, /(owner USER, group GROUP, /' \
        -e 's/^(ok  |warn)  (speed|pages): .*/\2: .../'
}

# transcript ARGUMENT...: the command, what it prints ("! " before standard error), its status.
transcript()
{
    local status=0

    { printf '$ ivshmemctl'; [ $# -eq 0 ] || printf ' %q' "$@"; echo; } | mask
    "$ctl" "$@" >"$dir/out" 2>"$dir/err" || status=$?
    mask <"$dir/out"
    mask <"$dir/err" | sed 's/^/! /'
    printf '[%d]\n' "$status"
}

# golden NAME ARGUMENT...: the transcript is that in the golden file, below "# NAME".
golden()
{
    local name=$1
    shift

    transcript "$@" >"$dir/actual"
    if [ -n "${UPDATE:-}" ]; then
        if [ "$tap_number" -eq 0 ]; then : >"$golden"; fi
        { printf '# %s\n' "$name"; cat "$dir/actual"; } >>"$golden"
    fi
    name="# $name" awk '/^# /{ on = $0 == ENVIRON["name"]; next } on' "$golden" >"$dir/expected"
    tap_check "$name" diff -u "$dir/expected" "$dir/actual"
}

# one_line STATUS ARGUMENT...: nothing but "ivshmemctl: what: problem: remedy", and the status.
one_line()
{
    local want=$1 status=0
    shift

    timeout 60 "$ctl" "$@" >"$dir/out" 2>"$dir/err" || status=$?
    cat "$dir/out" "$dir/err"
    [ "$status" -eq "$want" ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" -eq 1 ] &&
        grep -qE '^ivshmemctl: .+: .+: .+$' "$dir/err"
}

# json REGION EXPRESSION: a python expression over d, what show --json prints, is true.
json()
{
    "$ctl" show --json "$1" | python3 -c "
import json, sys
d = json.load(sys.stdin)
if not ($2):
    print(json.dumps(d, indent=1))
    sys.exit(1)"
}

# poke FILE OFFSET HEX: overwrites bytes.
poke()
{
    python3 -c '
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2], 0))
    f.write(bytes.fromhex(sys.argv[3]))' "$@"
}

# offset FILE AREA: where the table, jobs, chunks or heap start.
offset()
{
    python3 -c '
import struct, sys
at = {"table": 96, "jobs": 112, "chunks": 128, "heap": 144}[sys.argv[2]]
with open(sys.argv[1], "rb") as f:
    f.seek(at)
    print(struct.unpack("<Q", f.read(8))[0])' "$@"
}

# eventually COMMAND...: it succeeds at last.
eventually()
{
    local i

    for ((i = 0; i < 100; i++)); do
        if "$@"; then return; fi
        sleep 0.1
    done
    return 1
}

# as_nobody COMMAND...: run as a user without rights; 77 if we cannot become one.
as_nobody()
{
    if [ "$(id -u)" -ne 0 ]; then
        echo 'needs root, to become another user'
        return 77
    fi
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

cli_done()
{
    tap_done
    [ "$tap_failed" -eq 0 ]
}
