#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# The doorbell server, with clients that speak QEMU's protocol as it is documented.
. "$(dirname "$0")/host.sh"

cat >"$conf" <<END
[daemon]
socket = $dir/socket
state-directory = $dir/state
[region a]
path = $dir/a
size = 1M
mode = 0660
group = $(id -g)
doorbell = $dir/bell
vectors = 3
END

cat >"$dir/client.py" <<'END'
import array, mmap, os, select, socket, struct, sys, time

class Client:
    """A QEMU: what the server told it. events[id] is a list of descriptors."""
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(path)
        self.s.settimeout(20)
        assert self.message() == (0, None), 'version'
        self.id, fd = self.message()
        assert fd is None and 0 <= self.id < 65536
        minus, self.memory = self.message()
        assert minus == -1 and self.memory is not None
        self.events = {}
        while len(self.events.get(self.id, [])) < 3:
            self.step()

    def message(self):
        data, control, flags, _ = self.s.recvmsg(8, socket.CMSG_SPACE(4))
        assert len(data) == 8, 'closed'
        fds = array.array('i')
        for level, kind, part in control:
            assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
            fds.frombytes(part)
        assert len(fds) <= 1
        return struct.unpack('<q', data)[0], fds[0] if fds else None

    def step(self):
        who, fd = self.message()
        if fd is None:
            assert who in self.events and who != self.id, 'unknown client went'
            for event in self.events.pop(who):
                os.close(event)
        else:
            self.events.setdefault(who, []).append(fd)

    def until(self, condition):
        while not condition():
            self.step()

    def knows(self, *others):
        self.until(lambda: sorted(self.events) == sorted([self.id] + [o.id for o in others]) and
                   all(len(e) == 3 for e in self.events.values()))

    def ring(self, other, vector):
        os.write(self.events[other.id][vector], struct.pack('<Q', 1))

    def rung(self, vector):
        event = self.events[self.id][vector]
        if not select.select([event], [], [], 20)[0]:
            return False
        os.read(event, 8)
        return True

    def quiet(self):
        return not select.select(self.events[self.id], [], [], 0)[0]

    def close(self):
        self.s.close()
END

# clients PYTHON: with path and Client.
clients()
{
    PYTHONPATH=$dir timeout 100 python3 -c "
from client import *
path = '$dir/bell'
$1"
}

starts 'it starts'
tap_check 'the socket is its group'"'"'s' test "$(stat -c %a "$dir/bell")" = 660
tap_check 'one client: version, id, memory, its own vectors' clients 'Client(path).knows()'
tap_check 'the memory is the region' clients '
m = mmap.mmap(Client(path).memory, 1 << 20)
assert m[:8] == b"MPIIVSHM", m[:8]'
tap_check 'clients hear of each other, before and after' clients '
a = Client(path); b = Client(path); c = Client(path)
a.knows(b, c); b.knows(a, c); c.knows(a, b)
assert len({a.id, b.id, c.id}) == 3'
tap_check 'each vector rings with the one, and nowhere else' clients '
a = Client(path); b = Client(path); c = Client(path)
a.knows(b, c); b.knows(a, c)
for vector in range(3):
    a.ring(b, vector)
    assert b.rung(vector) and b.quiet() and a.quiet() and c.quiet()
b.ring(a, 1)
assert a.rung(1)'
tap_check 'a client that goes is told to the others' clients '
a = Client(path); b = Client(path); c = Client(path)
a.knows(b, c)
b.close()
a.knows(c); c.knows(a)'
tap_check 'ids are not used again at once' clients '
seen = set()
for i in range(20):
    c = Client(path)
    assert c.id not in seen
    seen.add(c.id)
    c.close()'
tap_check 'a client that says something is dropped, the others stay' clients '
a = Client(path); b = Client(path)
a.knows(b)
b.s.sendall(b"x" * 100)
a.knows()
Client(path).knows(a)'
tap_check 'a client that does not read holds nobody up' clients '
deaf = socket.socket(socket.AF_UNIX)
deaf.connect(path)
for i in range(30):
    a = Client(path); b = Client(path)
    a.until(lambda: b.id in a.events)
    a.close(); b.close()'
tap_check 'more clients than there is room for' clients '
import itertools
crowd = [Client(path) for i in range(60)]
crowd[0].until(lambda: len(crowd[0].events) >= 60)
more = [socket.socket(socket.AF_UNIX) for i in range(10)]
for s in more:
    s.settimeout(20)
    s.connect(path)
def closed(s):
    try:
        return s.recv(8) == b""
    except ConnectionResetError:
        return True
assert sum(closed(s) for s in more) >= 6
crowd[5].ring(crowd[59], 0) if crowd[59].id in crowd[5].events else crowd[59].ring(crowd[5], 0)'
tap_check 'status counts them' eventually status "r['a']['doorbell_clients'] == 0"

restart()
{
    clients "
import subprocess, signal
a = Client(path); b = Client(path)
a.knows(b); b.knows(a)
open('$dir/ready', 'w').close()
while not os.path.exists('$dir/again'):
    time.sleep(0.05)
a.ring(b, 2)
assert b.rung(2)
c = Client(path)
assert c.id not in (a.id, b.id) and list(c.events) == [c.id]
assert os.path.sameopenfile(a.memory, c.memory)
assert mmap.mmap(c.memory, 1 << 20)[:8] == b'MPIIVSHM'"
}
restart >"$dir/restart" 2>&1 &
client=$!
eventually test -e "$dir/ready" || cat "$dir/restart"
stop KILL
starts 'killed with -9, it starts again'
touch "$dir/again"
survived()
{
    wait "$client" || { cat "$dir/restart"; return 1; }
}
if survived; then
    tap_ok 'clients ring each other on; new ones have new ids and the same memory'
else
    tap_not_ok 'clients ring each other on; new ones have new ids and the same memory'
fi
stop
tap_check 'the socket is removed' test ! -e "$dir/bell"
echo text >"$dir/bell"
starts 'a socket that cannot be made'
tap_check 'is said' said "$dir/bell: exists and is not a socket"
tap_check 'and the region is served all the same' status "r['a']['state'] == 'served' and
    r['a']['doorbell_clients'] is None"
host_done
