# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# What the tests of the host's daemon share. Source it from a script that ends in host_done. Runs in
# the build folder, where the programs are.

set -uo pipefail
host_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=test/lib/tap.sh
. "$host_top/test/lib/tap.sh"

dir=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/host-test.XXXXXX")
chmod 755 "$dir"
mkdir "$dir/state"
# copies that any user can run
cp "${IVSHMEMCTL:-./ivshmemctl}" "$dir/ivshmemctl"
cp "${IVSHMEMD:-./ivshmemd}" "$dir/ivshmemd"
chmod 755 "$dir/ivshmemctl" "$dir/ivshmemd"
# shellcheck disable=SC2034 # for the scripts
ctl=$dir/ivshmemctl jobs=$PWD/test/cli/jobs conf=$dir/conf log=$dir/log
daemon=$dir/ivshmemd
pid='' others=()
daemon_as=() # command that runs it as somebody else

host_clean()
{
    local p

    for p in $pid "${others[@]}"; do kill -KILL "$p" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$dir"
}
trap host_clean EXIT
unset IVSHMEM_REGION NOTIFY_SOCKET JOURNAL_STREAM "${!MPIR_CVAR_IVSHMEM@}"
export LC_ALL=C
umask 022

# within SECONDS COMMAND...: it succeeds by then, else prints what it printed last.
within()
{
    local end=$((SECONDS + $1)) out
    shift

    until out=$("$@" 2>&1); do
        if [ "$SECONDS" -ge "$end" ]; then
            printf '%s\n' "$out"
            return 1
        fi
        sleep 0.1
    done
}

eventually()
{
    within 20 "$@"
}

# start: the daemon, on $conf, until it answers. Not in a subshell, so not in tap_check.
start()
{
    "${daemon_as[@]}" "$daemon" --config "$conf" >>"$log" 2>&1 &
    pid=$!
    eventually ask '{"command":"status"}' >/dev/null || { cat "$log"; return 1; }
}

# starts NAME: a test that it does.
starts()
{
    if start >"$dir/start" 2>&1; then
        tap_ok "$1"
    else
        tap_not_ok "$1"
        sed 's/^/# /' "$dir/start"
    fi
}

# stop [SIGNAL]: leaves its exit status in $status.
stop()
{
    status=0
    kill "-${1:-TERM}" "$pid" || return
    { wait "$pid"; } 2>/dev/null || status=$?
    pid=''
}

# ask LINE [PYTHON-EXPRESSION]: sends it; the answer d fulfils the expression.
ask()
{
    python3 - "$dir/socket" "$1" "${2:-True}" <<'END'
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1])
    try:
        s.sendall(sys.argv[2].encode() + b'\n')
    except BrokenPipeError:
        pass  # turned away, with a word
    line = s.makefile().readline()
except OSError as e:
    sys.exit(str(e))
d = json.loads(line or '{}')
if not eval(sys.argv[3]):
    print(line)
    sys.exit(1)
END
}

# status EXPRESSION: over d, the answer to status, and r, its regions by name.
status()
{
    ask '{"command":"status"}' "(lambda r: $1)({x['name']: x for x in d['regions']})"
}

# json REGION EXPRESSION: over d, what show --json prints of the file.
json()
{
    { "$ctl" show --json "$1" 2>/dev/null || true; } | python3 -c "
import json, sys
d = json.load(sys.stdin)
if not ($2):
    print(json.dumps(d, indent=1))
    sys.exit(1)"
}

# said WORDS: the daemon's log has a line with them.
said()
{
    grep -qF -- "$1" "$log" || { cat "$log"; return 1; }
}

# fails STATUS WORDS: the daemon ends with that status and these words, at once.
fails()
{
    local status=0

    timeout 20 "${daemon_as[@]}" "$daemon" --config "$conf" >"$dir/out" 2>&1 || status=$?
    cat "$dir/out"
    [ "$status" -eq "$1" ] && grep -qF -- "$2" "$dir/out" &&
        ! grep -vqE '^ivshmemd: .+: .+' "$dir/out"
}

# noise FILE OFFSET BYTES: what a guest may write.
noise()
{
    dd if=/dev/urandom of="$1" bs=4096 seek=$(($2 / 4096)) count=$(($3 / 4096)) conv=notrunc status=none
}

as_nobody()
{
    if [ "$(id -u)" -ne 0 ]; then
        echo 'needs root, to become another user'
        return 77
    fi
    setpriv --reuid=65534 --regid=65534 "$@"
}

host_done()
{
    tap_done
    [ "$tap_failed" -eq 0 ]
}
