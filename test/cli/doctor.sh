#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# ivshmemctl doctor on a made-up machine: each finding, its remedy, the exit status.
. "$(dirname "$0")/cli.sh"

export IVSHMEMCTL_SYSROOT=$dir/root
root=$dir/root
devices=$root/sys/bus/pci/devices
card=$devices/0000:00:04.0
bar=$card/resource2_wc

# device ADDRESS: an ivshmem device, without memory yet.
device()
{
    mkdir -p "$devices/$1"
    echo 0x1af4 >"$devices/$1/vendor"
    echo 0x1110 >"$devices/$1/device"
    echo 1 >"$devices/$1/enable"
}

doctor()
{
    golden "$1" doctor --ranks 2 "${@:2}"
}

mkdir -p "$root/sys/class/net/eth0/device" "$devices"
echo 52:54:00:00:00:01 >"$root/sys/class/net/eth0/address"

# ---- the device ----------------------------------------------------------------------------------

doctor 'no device'
device 0000:00:04.0
doctor 'a device without memory'
truncate -s 2M "$bar"
doctor 'a device with blank memory'
"$ctl" create --in-place --vms 4 --jobs 4 "$bar" >/dev/null
doctor 'an empty table'
"$ctl" add-vm "$bar" vm1 --mac 52:54:00:00:00:01 >/dev/null
doctor 'one VM only'
"$ctl" add-vm "$bar" vm2 --mac 52:54:00:00:00:02 >/dev/null
doctor 'all well'
doctor 'all well, device by address' pci:0000:00:04.0
mkdir -p "$card/ivshmem/ivshmem0" "$root/dev"
echo 1:3 >"$card/ivshmem/ivshmem0/dev"
ln -s /dev/null "$root/dev/ivshmem0"
doctor 'a guest driver of no use'
doctor 'the guest driver only' 'pci:auto?map=driver'
doctor 'without the guest driver' 'pci:auto?map=wc'
rm -r "$card/ivshmem" "$dir/root/dev"
doctor 'a kind of mapping it has not' 'pci:0000:00:04.0?map=uc'
doctor 'the host' --host "$bar"
device 0000:00:05.0
cp "$bar" "$devices/0000:00:05.0/resource2"
doctor 'two regions'
rm "$devices/0000:00:05.0/resource2"
doctor 'two devices, one without memory'
rm -r "$devices/0000:00:05.0"
mkdir -p "$root/sys/kernel/security"
echo 'none [integrity] confidentiality' >"$root/sys/kernel/security/lockdown"
doctor 'lockdown'
echo '[none] integrity confidentiality' >"$root/sys/kernel/security/lockdown"
doctor 'no lockdown'
"$ctl" create --in-place --force --size 1M --vms 4 "$bar" >/dev/null
"$ctl" add-vm "$bar" vm1 --mac 52:54:00:00:00:01 >/dev/null
"$ctl" add-vm "$bar" vm2 --mac 52:54:00:00:00:02 >/dev/null
doctor 'not all of the device in use'

no_permission()
{
    as_nobody true || return
    chmod 600 "$bar"
    as_nobody "$ctl" doctor --ranks 2 >"$dir/out" 2>&1
    [ $? -eq 1 ] && mask <"$dir/out" | diff -u - /dev/fd/3 3<<'END'
ok    device: 0000:00:04.0 is an ivshmem device with 2 MiB
FAIL  permission: DIR/root/sys/bus/pci/devices/0000:00:04.0/resource2_wc is not open to user 65534 (owner USER, group GROUP, mode 0600): as root, at each start (udev rule): chgrp GROUP DIR/root/sys/bus/pci/devices/0000:00:04.0/resource2_wc; chmod 0660 on it; and put user 65534 in GROUP
END
}
tap_check 'no permission' no_permission

# ---- who am I ------------------------------------------------------------------------------------

r=$dir/region
"$ctl" create "$r" --size 16M --vms 4 --jobs 4 >/dev/null
"$ctl" add-vm "$r" vm1 --mac 52:54:00:00:00:01 >/dev/null
"$ctl" add-vm "$r" vm2 --mac 52:54:00:00:00:02 >/dev/null
doctor 'a file' "$r"
MPIR_CVAR_IVSHMEM_VM=vm2 doctor 'VM by its name' "$r"
MPIR_CVAR_IVSHMEM_VM=vm3 doctor 'VM by a wrong name' "$r"
MPIR_CVAR_IVSHMEM_VM=clique doctor 'fake VMs' "$r"
MPIR_CVAR_IVSHMEM_ENABLE=0 doctor 'switched off' "$r"
MPIR_CVAR_IVSHMEM_URI=auto doctor 'ranks look elsewhere' "$r"
MPIR_CVAR_IVSHMEM_URI=file:$r doctor 'region from the environment'
echo 52:54:00:00:00:09 >"$root/sys/class/net/eth0/address"
doctor 'no entry for this VM' "$r"
mkdir -p "$root/sys/class/dmi/id"
echo 11111111-2222-3333-4444-555555555555 >"$root/sys/class/dmi/id/product_uuid"
"$ctl" add-vm "$r" vm3 --mac 52:54:00:00:00:09 --uuid 11111111-2222-3333-4444-666666666666 >/dev/null
doctor 'a clone' "$r"
"$ctl" remove-vm "$r" vm3 >/dev/null
echo 52:54:00:00:00:01 >"$root/sys/class/net/eth0/address"

# ---- room ----------------------------------------------------------------------------------------

golden 'too many ranks' doctor "$r" --ranks 1000
golden 'many ranks' doctor "$r" -n 64
MPIR_CVAR_IVSHMEM_ARENA_PERCENT=10 golden 'many ranks, small share' doctor "$r" -n 64
for ranks in 0 x '' 65537 -1; do golden "bad ranks '$ranks'" doctor "$r" "--ranks=$ranks"; done
"$jobs" "file:$r" 3 5000000 0 >/dev/null
golden 'too full' doctor "$r" --ranks 32
"$ctl" gc "$r" --now all --yes >/dev/null

# ---- what lives in it ----------------------------------------------------------------------------

poke "$r" $(($(offset "$r" chunks) + 32 * 100)) 0100010000000000
poke "$r" $(($(offset "$r" chunks) + 32 * 101 + 8)) 0000000200000000
poke "$r" $(($(offset "$r" jobs) + 256)) 09
doctor 'orphans and damage' "$r"
"$ctl" create "$r" --force --size 16M --vms 4 --jobs 4 >/dev/null
"$ctl" add-vm "$r" vm1 --mac 52:54:00:00:00:01 >/dev/null
"$ctl" add-vm "$r" vm2 --mac 52:54:00:00:00:02 >/dev/null
poke "$r" 512 05
doctor 'the daemon died' "$r"

daemon_runs()
{
    local beat status

    (for ((i = 6; ; i++)); do poke "$r" 512 "$(printf %02x $((i % 256)))"; done) &
    beat=$!
    "$ctl" doctor --ranks 2 "$r" | grep -x 'ok    daemon: the host daemon runs'
    status=$?
    kill "$beat"
    wait "$beat" 2>/dev/null
    return "$status"
}
tap_check 'the daemon runs' daemon_runs

# ---- JSON ----------------------------------------------------------------------------------------

same_findings()
{
    MPIR_CVAR_IVSHMEM_VM=vm9 "$ctl" doctor --ranks 2 "$r" >"$dir/text"
    MPIR_CVAR_IVSHMEM_VM=vm9 "$ctl" doctor --ranks 2 --json "$r" >"$dir/json"
    [ $? -eq 1 ] && python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d.keys() == {"schema", "region", "ranks", "healthy", "findings"}, d.keys()
assert d["schema"] == 1 and d["ranks"] == 2 and d["region"] == "file:" + sys.argv[3]
assert d["healthy"] is False and [f["check"] for f in d["findings"] if f["level"] == "fail"] == ["vm"]
lines = open(sys.argv[2]).read().splitlines()
assert len(lines) == len(d["findings"]) > 5
for line, f in zip(lines, d["findings"]):
    assert f.keys() == {"level", "check", "detail", "remedy"}
    if f["check"] != "speed":
        level = f["level"].replace("fail", "FAIL").ljust(4)
        text = "%s  %s: %s%s" % (level, f["check"], f["detail"], ": " + f["remedy"] if f["remedy"] else "")
        assert text == line, (text, line)' "$dir/json" "$dir/text" "$r"
}
tap_check 'JSON has the same findings' same_findings

is_healthy()
{
    "$ctl" doctor --json --ranks 2 "$r" | python3 -c 'import json, sys; sys.exit(not json.load(sys.stdin)["healthy"])'
}
tap_check 'JSON, all well' is_healthy

cli_done
