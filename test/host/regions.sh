#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# ivshmemd with VMs from its configuration: making, serving, recovering and refusing regions.
. "$(dirname "$0")/host.sh"

a=$dir/a b=$dir/b
write_conf()
{
    cat >"$conf" <<END
[daemon]
socket = $dir/socket
state-directory = $dir/state
heartbeat = 100
[region a]
path = $a
size = 2M
vms = 4
jobs = 4
lease = 1
mode = 0660
[region b]
path = $b
size = 1M
lease = 1
[vm vm1]
region = a
mac = 52:54:00:00:00:01
[vm vm2]
region = a
mac = 52:54:00:00:00:02
[vm other]
region = b
mac = 52:54:00:00:00:03
END
}
write_conf

vms()
{
    json "$1" "[(v['slot'], v['name'], v['state']) for v in d['vms']] == $2"
}

reserved()
{
    [ "$(stat -c '%s %b %a' "$a")" = '2097152 4096 660' ]
}

beats()
{
    local first

    first=$("$ctl" show --json "$a" | sed -n 's/.*"host_heartbeat": \([0-9]*\),/\1/p')
    eventually json "$a" "d['region']['host_heartbeat'] > $first"
}

starts 'it starts'
tap_check 'a region has its size, mode, and all its pages' reserved
tap_check 'the VMs are in its table' vms "$a" "[(0, 'vm1', 'active'), (1, 'vm2', 'active')]"
tap_check 'and no others' vms "$b" "[(0, 'other', 'active')]"
tap_check 'it beats' beats
tap_check 'status' status "r['a']['state'] == 'served' and len(r['a']['vms']) == 2 and
    r['a']['bytes'] == 2 << 20 and d['libvirt'] == 'none'"
sed "s|$dir/socket|$dir/socket2|" "$conf" >"$dir/conf2"
second_daemon()
{
    conf=$dir/conf2 fails 1 'a: another ivshmemd has this region'
}
tap_check 'a second daemon is refused' second_daemon

# ---- VMs come and go ------------------------------------------------------------------------------

reload()
{
    kill -HUP "$pid"
}
sed -i 's/^\[vm vm1\]/[vm new]/; s/00:01$/00:09/' "$conf"
reload
tap_check 'SIGHUP: VMs change, the others keep their slots' \
    eventually vms "$a" "[(0, 'new', 'active'), (1, 'vm2', 'active')]"
echo 'foo = 1' >>"$conf"
reload
tap_check 'SIGHUP: a bad configuration is said' eventually said 'unknown key in this section: foo'
tap_check 'and changes nothing' vms "$a" "[(0, 'new', 'active'), (1, 'vm2', 'active')]"
write_conf
sed -i 's/^lease = 1/lease = 2/' "$conf"
reload
tap_check 'SIGHUP: what takes a restart is said' eventually said 'restart the daemon for the rest'
write_conf
reload
eventually vms "$a" "[(0, 'vm1', 'active'), (1, 'vm2', 'active')]" >/dev/null

"$jobs" "file:$a" 1 4096 60 >"$dir/job" 2>&1 &
job=$!
others+=("$job")
eventually grep -q slot "$dir/job"
sed -i '/^\[vm vm1\]/,/^mac/d' "$conf"
reload
tap_check 'while a job runs, the entry of a VM that went is kept' \
    eventually vms "$a" "[(0, 'vm1', 'gone'), (1, 'vm2', 'active')]"
write_conf
sed -i 's/^\[vm vm1\]/[vm new]/' "$conf"
reload
tap_check 'and not given to another' \
    eventually vms "$a" "[(0, 'vm1', 'gone'), (1, 'vm2', 'active'), (2, 'new', 'active')]"

# ---- a job that cannot be read, and a table that cannot be written down -------------------------------

scribble_job()
{
    python3 - "$a" "$job" <<'END'
import os, signal, struct, sys, time
job = int(sys.argv[2])  # which must not see it, and end
with open(sys.argv[1], 'r+b', buffering=0) as f:
    f.seek(112)
    jobs, = struct.unpack('<Q', f.read(8))
    f.seek(jobs)
    old = f.read(1)
    f.seek(jobs)
    os.kill(job, signal.SIGSTOP)
    f.write(b'\xff')  # no state that there is
    time.sleep(0.4)
    f.seek(jobs)
    f.write(old)
    os.kill(job, signal.SIGCONT)
END
    vms "$a" "[(0, 'vm1', 'gone'), (1, 'vm2', 'active'), (2, 'new', 'active')]"
}
tap_check 'a job that is scribbled over counts as there' scribble_job
late="[(0, 'vm1', 'gone'), (1, 'vm2', 'active'), (2, 'new', 'active')]"
cannot_save()
{
    mkdir -p "$dir/state/a.state-new"
    printf '[vm late]\nregion = a\nmac = 52:54:00:00:00:0a\n' >>"$conf"
    reload
    eventually said 'VMs that are new are not entered until that is mended' && sleep 0.5 && vms "$a" "$late"
}
tap_check 'while the state cannot be written no VM is entered' cannot_save
tap_check 'which is said once' test "$(grep -c 'not entered until' "$log")" -eq 1
rmdir "$dir/state/a.state-new"
tap_check 'then it is' eventually vms "$a" "${late%]}, (3, 'late', 'active')]"
sed -i '/^\[vm late\]/,$d' "$conf"
reload
eventually vms "$a" "${late%]}, (3, 'late', 'gone')]" >/dev/null

# ---- killed under load ----------------------------------------------------------------------------

uuid=$("$ctl" show --json "$a" | sed -n 's/.*"uuid": \("[^"]*"\),/\1/p' | head -n 1)
job_lives()
{
    kill -0 "$job" && ! grep -q ended "$dir/job" && json "$a" "d['jobs'][0]['beating']"
}
for i in 1 2 3; do
    stop KILL
    starts "killed with -9, $i: it starts again"
done
tap_check 'the region is the same one' json "$a" "d['region']['uuid'] == $uuid"
tap_check 'its job runs on' job_lives
tap_check 'its table is the same, with the slot that is kept' \
    vms "$a" "${late%]}, (3, 'late', 'gone')]"
{ kill -KILL "$job"; wait "$job"; } 2>/dev/null
tap_check 'a killed job is reclaimed' eventually json "$a" "d['heap']['all_free'] and not d['jobs']"
tap_check 'and the slot is free then' eventually vms "$a" "[(1, 'vm2', 'active'), (2, 'new', 'active')]"
tap_check 'status counts it' status "r['a']['reclaimed_jobs'] == 1"

# ---- hostile guests -------------------------------------------------------------------------------

scribble()
{
    local i

    for ((i = 0; i < 20; i++)); do
        noise "$a" 0 65536 # superblock, table, job directory, descriptors
        sleep 0.07
    done
}
tap_check 'a guest writes over all of the metadata, again and again' scribble
tap_check 'the superblock and table are put back' \
    eventually vms "$a" "[(1, 'vm2', 'active'), (2, 'new', 'active')]"
tap_check 'the region is still the same' json "$a" "d['region']['uuid'] == $uuid"
tap_check 'the other region was left alone' vms "$b" "[(0, 'other', 'active')]"
tap_check 'status counts what was put back' status "r['a']['restored'] > 20 and r['b']['restored'] == 0"
tap_check 'the log says so, not once for each' test "$(grep -c "guests changed" "$log")" -eq 1
tap_check 'forged jobs are gone in the end' eventually json "$a" "not d['jobs'] and d['heap']['all_free']"

# restored REGION: how often the daemon has put something back.
restored()
{
    "$ctl" status --json --socket="$dir/socket" | python3 -c '
import json, sys
print({r["name"]: r["restored"] for r in json.load(sys.stdin)["regions"]}[sys.argv[1]])' "$1"
}

forge_vm()
{
    local before

    before=$(restored a) || return
    python3 - "$a" <<'END'
import struct, sys
with open(sys.argv[1], 'r+b') as f:  # the name of the VM in slot 1
    f.seek(96)
    table, = struct.unpack('<Q', f.read(8))
    f.seek(table + 512 + 8 + 32)
    f.write(b'fake\0')
END
    eventually status "r['a']['restored'] > $before" && vms "$a" "[(1, 'vm2', 'active'), (2, 'new', 'active')]"
}
tap_check 'a forged entry is put back' forge_vm
stop KILL
noise "$a" 0 65536
starts 'it starts over a region that was overwritten while it was away'
tap_check 'with what it knew' vms "$a" "[(1, 'vm2', 'active'), (2, 'new', 'active')]"
tap_check 'and says so' said 'guests changed the superblock while no daemon ran'

truncate -s 4096 "$a"
tap_check 'a file that was cut is lost' eventually status "r['a']['state'] == 'lost'"
tap_check 'the other region is served on' status "r['b']['state'] == 'served' and r['b']['heartbeat'] > 0"
tap_check 'and is said' said 'was cut to 4096 bytes: served no more'
mv "$b" "$dir/away"
tap_check 'a file that was removed is lost' eventually status "r['b']['state'] == 'lost'"
tap_check 'and is said' said "$b: the region's file was removed or replaced: served no more"
mv "$dir/away" "$b"
tap_check 'for good' status "r['b']['state'] == 'lost'"
stop
tap_check 'SIGTERM: exit status 0' test "$status" -eq 0
tap_check 'the socket is removed' test ! -e "$dir/socket"
tap_check 'the region stays' test -e "$b"

# ---- refused --------------------------------------------------------------------------------------

starts 'it starts without the one that was cut'
tap_check 'which is refused' status "r['a']['state'] == 'refused' and r['b']['state'] == 'served'"
tap_check 'with the reason' said 'has 4096 bytes, configured are 2097152'
stop
rm "$a"
sed -i '/^\[region b\]/,$d' "$conf"

truncate -s 2M "$a"
echo before >"$dir/before"
rm -f "$dir/state/"*
tap_check 'a file that it did not make' fails 1 "$a: exists, but was not made by this daemon"
tap_check 'is not touched' cmp "$a" <(head -c 2097152 /dev/zero)
rm "$a"
ln -s "$dir/before" "$a"
tap_check 'a symbolic link' fails 1 "$a: not a regular file of one name"
tap_check 'is not followed' grep -qx before "$dir/before"
rm "$a"
mkfifo "$a"
tap_check 'a FIFO' fails 1 "$a: not a regular file of one name"
rm "$a"
foreign_owner()
{
    as_nobody --clear-groups true || return
    truncate -s 2M "$a"
    chown 65534 "$a"
    fails 1 "$a: belongs to uid 65534, expected $(id -u): somebody else made it"
}
tap_check 'a file of another user' foreign_owner
rm -f "$a"
"$ctl" create "$a" --size 2M --vms 3 >/dev/null
"$ctl" add-vm "$a" stray >/dev/null
tap_check 'a region that ivshmemctl made' fails 1 'or set adopt = yes to take it over'
echo 'adopt = yes' >>"$conf"
starts 'unless it is to be adopted'
tap_check 'with a table of its own' vms "$a" '[]'
stop
sed -i '/^adopt/d' "$conf"
starts 'then it is known'
stop
mv "$a" "$dir/moved"
truncate -s 2M "$a"
tap_check 'another file in its place is not taken for it' \
    fails 1 "$a: exists, but was not made by this daemon"
tap_check 'and not touched' cmp "$a" <(head -c 2097152 /dev/zero)
mv "$dir/moved" "$a"
sed -i 's/^jobs = 4/jobs = 5/; s/^lease = 1/lease = 3/' "$conf"
starts 'keys that hold when a region is made'
tap_check 'are said if they changed: jobs' said 'region a: jobs = 5 has no effect, it was made with 64'
tap_check 'lease' said 'region a: lease = 3 has no effect, it was made with 10'
stop
sed -i 's/^jobs = 5/jobs = 4/; s/^lease = 3/lease = 1/' "$conf"
echo junk >"$dir/state/a.state"
tap_check 'a damaged state file' fails 1 'a.state: damaged, or of another release'
rm "$a" "$dir/state/a.state"
echo 'numa = 63' >>"$conf"
tap_check 'a NUMA node that is not there' fails 1 'a: this host has no NUMA node 63'
sed -i '$d' "$conf"
echo 'owner = no-such-user' >>"$conf"
tap_check 'an owner that is not there' fails 1 'a: no such user: no-such-user'
sed -i '$d' "$conf"
sed -i "s|^path = .*|path = $dir/none/a|" "$conf"
tap_check 'no such directory' fails 1 "$dir/none/a"
sed -i "s|^state-directory = .*|state-directory = $dir/none/state|" "$conf"
tap_check 'no place for the state directory' fails 1 "$dir/none/state: cannot make it"
mkdir -m 777 "$dir/open"
sed -i "s|^state-directory = .*|state-directory = $dir/open|" "$conf"
tap_check 'a state directory that others can write to' fails 1 "$dir/open: not a directory that only"
sed -i "s|^state-directory = .*|state-directory = $dir/made|; s|^path = .*|path = $dir/a|" "$conf"
starts 'a state directory is made'
tap_check 'that only the daemon can write to' test "$(stat -c %a "$dir/made")" = 755
stop
rm -r "$a" "$dir/made"
rm -rf "$dir/open"

# ---- without root ---------------------------------------------------------------------------------

without_root()
{
    local user=$dir/user status=0 other

    as_nobody --groups=54321 true || return
    mkdir "$user"
    chown 65534:65534 "$user"
    sed "s|^socket = .*|socket = $user/socket|; s|^state-dir.*|state-directory = $user/state|
        s|^path = .*|path = $user/a|" "$conf" >"$dir/conf2"
    echo 'group = 54321' >>"$dir/conf2"
    setpriv --reuid=65534 --regid=65534 --groups=54321 "$daemon" --config "$dir/conf2" >"$dir/out" 2>&1 &
    other=$!
    eventually test -S "$user/socket" || { cat "$dir/out"; return 1; }
    kill "$other"
    wait "$other" || status=$?
    cat "$dir/out"
    [ "$status" -eq 0 ] && [ "$(stat -c '%u %g %a' "$user/a")" = '65534 54321 660' ]
}
tap_check 'it needs no root, and gives the region to a group it is in' without_root
foreign_group()
{
    as_nobody --clear-groups true || return
    as_nobody --clear-groups timeout 20 "$daemon" --config "$dir/conf2" >"$dir/out" 2>&1
    grep -q "cannot set its owner and mode: Operation not permitted" "$dir/out" || { cat "$dir/out"; return 1; }
}
rm -f "$dir/user/a" "$dir/user/state/a.state"
tap_check 'a group that it is not in is refused' foreign_group
rm -rf "$dir/user"
tap_check 'nothing is left behind' test -z "$(find "$dir" -name '*ivshmemd-new*' -o -path "$dir/a")"

# ---- labels ---------------------------------------------------------------------------------------

cat >"$conf" <<END
[daemon]
socket = $dir/socket
state-directory = $dir/state2
heartbeat = 100
[region labelled]
path = $dir/labelled
size = 1M
label = user_u:object_r:mpi_t:s0:c1,c2
END
has_label()
{
    python3 -c "
import os, sys
sys.exit(os.getxattr('$dir/labelled', 'security.selinux') != b'user_u:object_r:mpi_t:s0:c1,c2\0')"
}
if [ "$(id -u)" -ne 0 ] || [ -d /sys/fs/selinux ]; then
    tap_skip 'a label' 'needs root, and a system without SELinux, where any label is good'
else
    starts 'a region with a label'
    tap_check 'its file has it' has_label
    stop
    python3 -c "import os; os.setxattr('$dir/labelled', 'security.selinux', b'other:a:b:s0\0')"
    starts 'started again'
    tap_check 'it has it again' has_label
    stop
fi
host_done
