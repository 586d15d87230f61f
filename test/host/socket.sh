#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# ivshmemd's socket: who may speak, how much and for how long.
. "$(dirname "$0")/host.sh"

cat >"$conf" <<END
[daemon]
socket = $dir/socket
state-directory = $dir/state
socket-group = 54321
[region a]
path = $dir/a
size = 1M
END

group_is()
{
    [ "$(id -u)" -eq 0 ] || { echo 'needs root, to give the socket to a group'; return 77; }
    [ "$(stat -c '%a %g' "$dir/socket")" = '660 54321' ]
}
[ "$(id -u)" -eq 0 ] || sed -i '/socket-group/d' "$conf"
starts 'it starts'
tap_check 'the socket has its mode and group' group_is

# raw BYTES SECONDS: a python expression; what comes back until the daemon closes, as repr.
raw()
{
    timeout "$2" python3 - "$dir/socket" "$1" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(eval(sys.argv[2]))
except BrokenPipeError:
    pass
out = b''
while True:
    try:
        part = s.recv(65536)
    except ConnectionResetError:
        break
    if not part:
        break
    out += part
print(repr(out))
END
}

closed_without_word()
{
    [ "$(raw "$1" 20)" = "b''" ]
}

two_at_once()
{
    python3 - "$dir/socket" <<'END'
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b'{"command":"status"}\nnonsense\n{"command":"status"}\n')
f = s.makefile()
got = [json.loads(f.readline())['ok'] for i in range(3)]
assert got == [True, False, True], got
END
}

many_clients()
{
    python3 - "$dir/socket" <<'END'
import json, socket, sys
def client():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(sys.argv[1])
    return s
crowd = [client() for i in range(8)]
ninth = client()
assert b'too many clients' in ninth.recv(4096)
for s in crowd:
    s.sendall(b'{"command":"status"}\n')
assert all(json.loads(s.makefile().readline())['ok'] for s in crowd)
END
}

no_reader()
{
    python3 - "$dir/socket" <<'END'
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.setblocking(False)
sent, until = 0, time.time() + 20
try:
    while time.time() < until:  # never reads an answer
        try:
            sent += s.send(b'{"command":"status"}\n' * 50)
        except BlockingIOError:
            time.sleep(0.05)
except (BrokenPipeError, ConnectionResetError):
    sys.exit(0)
sys.exit('was never closed, took %d bytes' % sent)
END
}

tap_check 'a request and its answer' ask '{"command":"status"}' 'd["ok"]'
tap_check 'several requests at once' two_at_once
tap_check 'nonsense gets an answer' ask 'x' 'not d["ok"] and d["where"] == "request" and d["remedy"]'
tap_check 'a request that names no region there is' \
    ask '{"command":"attach","domain":"x","region":"b"}' 'd["what"] == "no such region"'
tap_check 'attaching without libvirt' \
    ask '{"command":"attach","domain":"x"}' 'd["what"] == "the daemon does not use libvirt"'
tap_check 'a line without end is cut off' closed_without_word "b'x' * 5000"
tap_check 'binary noise' grep -q '"ok":false' <(raw "bytes(range(256)) + b'\\n' + b'x' * 5000" 20)
tap_check 'one user has 8 clients at most' many_clients
tap_check 'a client that says nothing is cut off' closed_without_word "b''"
tap_check 'a client that says half a word is cut off' closed_without_word "b'{'"
tap_check 'a client that never reads is cut off' no_reader
tap_check 'the daemon is there for others' ask '{"command":"status"}' 'd["ok"]'

# ---- other users ----------------------------------------------------------------------------------

ask_as()
{
    local user=$1
    shift
    [ "$(id -u)" -eq 0 ] || { echo 'needs root, to become another user'; return 77; }
    setpriv --reuid=65534 --regid=65534 "$user" bash -c "$(declare -f ask); dir=$dir; ask \"\$@\"" - "$@"
}
kept_out()
{
    local out status=0

    out=$(ask_as --clear-groups '{"command":"status"}' 2>&1) || status=$?
    printf '%s\n' "$out"
    [ "$status" -eq 77 ] && return 77
    [ "$status" -ne 0 ] && grep -q 'Permission denied' <<<"$out"
}
tap_check 'another user is kept out by the mode' kept_out
chmod 666 "$dir/socket"
tap_check 'and by who it is, were the mode changed' \
    ask_as --clear-groups '{"command":"status"}' 'not d["ok"] and "may not command" in d["what"]'
chmod 660 "$dir/socket"
tap_check 'a member of the group is served' ask_as --groups=54321 '{"command":"status"}' 'd["ok"]'
region_is_closed()
{
    as_nobody --groups=54321 "$ctl" show "$dir/a" >"$dir/out" 2>&1
    case $? in
        77) cat "$dir/out"; return 77 ;;
        0) return 1 ;;
    esac
    grep -q 'Permission denied' "$dir/out"
}
tap_check 'but cannot open the region' region_is_closed

# ---- start and end --------------------------------------------------------------------------------

stop KILL
tap_check 'killed: the socket stays' test -S "$dir/socket"
starts 'and is replaced at the next start'
sed "s|$dir/a|$dir/b|; s|region a|region b|" "$conf" >"$dir/conf2"
in_use()
{
    conf=$dir/conf2 fails 1 "$dir/socket: another daemon listens there"
}
tap_check 'a socket that another daemon listens on' in_use
stop
echo text >"$dir/socket"
tap_check 'a file that is no socket' fails 1 "$dir/socket: exists and is not a socket"
tap_check 'is left alone' grep -qx text "$dir/socket"

rm "$dir/socket"
notified()
{
    python3 - "$dir/notify" "$daemon" "$conf" <<'END'
import os, signal, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(20)
p = subprocess.Popen([sys.argv[2], '--config', sys.argv[3]], env={**os.environ, 'NOTIFY_SOCKET': sys.argv[1]})
def until(text):
    while s.recv(100).decode() != text:
        pass
until('READY=1')
until('WATCHDOG=1')
p.send_signal(signal.SIGHUP)
until('RELOADING=1')
until('READY=1')
p.terminate()
until('STOPPING=1')
sys.exit(p.wait(20))
END
}
tap_check 'systemd is told' notified
host_done
