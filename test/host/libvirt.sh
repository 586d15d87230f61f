#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# ivshmemd with VMs from libvirt, by its test driver, which makes domains of a file: no VM runs.
. "$(dirname "$0")/host.sh"

region=/dev/shm/ivshmemd-test-$$
clean_region()
{
    rm -f "$region" "$region.2"
    host_clean
}
trap clean_region EXIT
write_conf()
{
    cat >"$conf" <<END
[daemon]
socket = $dir/socket
state-directory = $dir/state
heartbeat = 100
libvirt = $1
[region mpi]
path = $region
size = 1M
lease = 1
[region foreign]
path = $dir/foreign
size = 1M
[vm static]
region = mpi
mac = 52:54:00:00:00:09
END
}
write_node()
{
    cat >"$dir/node.xml" <<END
<node>
  <domain type='test'>
    <name>vm 1</name>
    <uuid>01234567-89ab-cdef-0123-456789abcdef</uuid>
    <memory>65536</memory>
    <os><type>hvm</type></os>
    <devices>
      <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface>
      <shmem name='${region#/dev/shm/}'><model type='ivshmem-plain'/><size unit='M'>1</size></shmem>
    </devices>
  </domain>
  <domain type='test'>
    <name>other</name>
    <memory>65536</memory>
    <os><type>hvm</type></os>
    <devices>
      <shmem name='another'><model type='ivshmem-plain'/><size unit='M'>1</size></shmem>
    </devices>
  </domain>
</node>
END
}
vms()
{
    json "$region" "[(v['name'], v['state']) for v in d['vms']] == $1"
}

: >"$dir/foreign"
write_node
write_conf "test://$dir/node.xml"
"$daemon" --config "$conf" >"$dir/out" 2>&1 &
pid=$!
eventually grep -qE 'libvirt|^ivshmemd: region' "$dir/out" >/dev/null
if grep -q 'built without libvirt' "$dir/out"; then
    printf '1..0 # SKIP built without libvirt\n'
    exit 0
fi
stop
if grep -q 'no connection driver' "$dir/out"; then
    printf '1..0 # SKIP this libvirt has no test driver\n'
    exit 0
fi
rm -f "$region"

starts 'it starts'
tap_check 'the domain that has the region is in its table, and no other' \
    eventually vms "[('static', 'active'), ('vm_1', 'active')]"
tap_check 'with what its XML says' json "$region" "d['vms'][1]['macs'] == ['52:54:00:00:00:01'] and
    d['vms'][1]['uuid'] == '01234567-89ab-cdef-0123-456789abcdef'"
tap_check 'status tells of libvirt' status "d['libvirt'] == 'connected'"

ctl_says()
{
    local want=$1 words=$2 status=0
    shift 2

    "$ctl" "$@" --socket="$dir/socket" >"$dir/o" 2>&1 || status=$?
    cat "$dir/o"
    [ "$status" -eq "$want" ] && grep -qF -- "$words" "$dir/o"
}
tap_check 'ivshmemctl status' ctl_says 1 "region mpi: $region, 1 MiB, served" status
tap_check 'ivshmemctl status lists VMs' ctl_says 1 'vm_1: uuid 01234567-89ab-cdef-0123-456789abcdef' status
tap_check 'ivshmemctl status --json' ctl_says 1 '"libvirt": "connected"' status --json
tap_check 'attach what is attached' ctl_says 0 'vm 1: region mpi already attached' attach mpi 'vm 1'
tap_check 'attach by UUID' ctl_says 0 'already attached' attach mpi 01234567-89ab-cdef-0123-456789abcdef
tap_check 'several regions, none named' ctl_says 1 'there are several' attach 'vm 1'
tap_check 'attach of a region that was refused' \
    ctl_says 1 'foreign: the region is not served: refused at start' attach foreign other
tap_check 'which can be detached' ctl_says 0 'already detached' detach foreign other
tap_check 'detach what is not attached' ctl_says 0 'other: region mpi already detached' detach mpi other
tap_check 'a domain that is not there' ctl_says 1 'vm9: libvirt has no domain of that name or UUID' attach mpi vm9
tap_check 'a region that is not there' ctl_says 1 'no such region' attach nope 'vm 1'
tap_check 'what libvirt refuses is passed on' ctl_says 1 'ivshmemctl: other: attach: ' attach mpi other
tap_check 'detach that is refused, as by a guest' ctl_says 1 'ivshmemctl: vm 1: detach: ' detach mpi 'vm 1'
tap_check 'its entry goes all the same' eventually vms "[('static', 'active')]"
tap_check 'until it is attached again' ctl_says 0 'already attached' attach mpi 'vm 1'
tap_check 'and is back' eventually vms "[('static', 'active'), ('vm_1', 'active')]"

# ---- whose region it is ---------------------------------------------------------------------------

# again [PATTERNS]: the daemon anew; with PATTERNS, the first region is for such domains.
again()
{
    stop
    if [ $# -eq 1 ]; then sed -i "/^domains/d; 0,/^size = 1M/s//&\ndomains = $1/" "$conf"; fi
    start
}
again 'one vm_*'
tap_check 'a pattern that fits' eventually vms "[('static', 'active'), ('vm_1', 'active')]"
tap_check 'and one that does not' ctl_says 1 'other: region mpi is not for it' attach mpi other
again 'other'
tap_check 'a domain that is not meant is not entered' eventually vms "[('static', 'active')]"
tap_check 'which is said' said 'domain vm_1 has it, but its key domains does not name it'
tap_check 'nor attached' ctl_says 1 'vm 1: region mpi is not for it' attach mpi 'vm 1'
sed -i "/^domains/d; s|^path = .*foreign|path = $region.2|" "$conf"
again
eventually vms "[('static', 'active'), ('vm_1', 'active')]" >/dev/null
tap_check 'no second region beside one' ctl_says 1 'vm 1: has region mpi' attach foreign 'vm 1'
tap_check 'by its UUID either' \
    ctl_says 1 'has region mpi' attach foreign 01234567-89ab-cdef-0123-456789abcdef

stop KILL
write_conf 'test:///nonexistent/node.xml'
starts 'without libvirt: it starts'
tap_check 'the VMs stay as they were' vms "[('static', 'active'), ('vm_1', 'active')]"
tap_check 'it says what is wrong' eventually said 'VMs stay as they were; trying again'
tap_check 'and goes on trying' status "d['libvirt'] == 'not connected'"
tap_check 'attach says so' ctl_says 1 'the daemon is not connected to libvirt' attach mpi 'vm 1'
sed -i 's/^\[vm static\]/[vm static2]/; s/00:09/00:08/' "$conf"
kill -HUP "$pid"
tap_check 'VMs of the configuration come and go meanwhile' \
    eventually vms "[('static2', 'active'), ('vm_1', 'active')]"
stop
sed -i "/vm 1/s/vm 1/vm 2/" "$dir/node.xml"
write_conf "test://$dir/node.xml"
starts 'libvirt is back, a domain has another name'
tap_check 'it keeps its slot, as its UUID is the same; what is gone goes' \
    eventually json "$region" "[(v['slot'], v['name']) for v in d['vms']] == [(0, 'static'), (1, 'vm_2')]"
stop
tap_check 'SIGTERM ends it' test "$status" -eq 0
no_leak()
{
    ! said 'still in use'
}
tap_check 'the connection was closed' no_leak

# A libvirtd that accepts, and never answers.
python3 -c "
import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind('$dir/hang')
s.listen(5)
time.sleep(600)" &
others+=("$!")
eventually test -S "$dir/hang"
write_conf "qemu+unix:///system?socket=$dir/hang"
starts 'libvirtd hangs: it starts'
tap_check 'it says so' eventually said 'still connecting'
SECONDS=0
stop
tap_check 'SIGTERM ends it all the same' test "$status" -eq 0 -a "$SECONDS" -lt 10
tap_check 'no daemon' ctl_says 1 'is ivshmemd running? name its socket with --socket' status
host_done
