#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# Regions that are not there, not ours, not allowed, damaged or hostile: one line, status 1 or 2,
# from each command; nothing crashes or hangs.
. "$(dirname "$0")/cli.sh"

commands=(show 'show --json' 'show --vm vm1' 'add-vm new' 'remove-vm vm1' gc 'gc --now all --yes')

# refused NAME STATUS REGION: golden with show; one line from all other commands.
refused()
{
    local name=$1 status=$2 region=$3 command

    golden "$name" show --region "$region"
    for command in "${commands[@]}"; do
        # shellcheck disable=SC2086 # several words
        tap_check "$name: $command" one_line "$status" $command --region "$region"
    done
    golden "$name: doctor" doctor --ranks 2 --region "$region"
}

# ---- the URI -------------------------------------------------------------------------------------

export IVSHMEMCTL_SYSROOT=$dir/root
devices=$dir/root/sys/bus/pci/devices
mkdir -p "$devices/0000:00:03.0"
echo 0x8086 >"$devices/0000:00:03.0/vendor"
echo 0x100e >"$devices/0000:00:03.0/device"

refused 'unknown scheme' 2 nfs:/region
refused 'no scheme' 2 region
refused 'no such file' 1 "$dir/none"
refused 'no path' 2 file:
refused 'no device' 1 pci:auto
refused 'malformed PCI address' 2 pci:04.0
refused 'no such PCI device' 1 pci:0000:00:09.0
refused 'another PCI device' 1 pci:0000:00:03.0
refused 'not a DAX path' 2 dax:/dev/null
refused 'no such DAX device' 1 dax:/dev/dax0.0
golden 'an empty region' show --region=
golden 'a line break in a path' show $'/a\nb'
refused 'a directory' 2 "$dir"
mkfifo "$dir/fifo"
refused 'a pipe' 2 "$dir/fifo"

# ---- the content ---------------------------------------------------------------------------------

# spoilt FILE OFFSET HEX: a region with other bytes there.
spoilt()
{
    rm -f "$1"
    "$ctl" create "$1" --size 1M --vms 4 --jobs 2 --lease 1 >/dev/null && poke "$@"
}

: >"$dir/empty"
refused 'empty file' 1 "$dir/empty"
truncate -s 1M "$dir/blank"
refused 'blank' 1 "$dir/blank"
spoilt "$dir/magic" 0 00112233
refused 'wrong magic' 1 "$dir/magic"
spoilt "$dir/version" 8 0200
refused 'wrong version' 1 "$dir/version"
spoilt "$dir/checksum" 508 00112233
refused 'wrong checksum' 1 "$dir/checksum"
spoilt "$dir/size" 508 ''
truncate -s 512K "$dir/size"
refused 'smaller than it says' 1 "$dir/size"

# ---- permission ----------------------------------------------------------------------------------

no_permission()
{
    local ctl_as_root=$ctl
    as_nobody true || return
    ctl=$dir/nobody
    printf '#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups %s "$@"\n' "$ctl_as_root" >"$ctl"
    chmod +x "$ctl"
}
secret=$dir/secret
spoilt "$secret" 0 ''
if no_permission >/dev/null; then
    refused 'no permission' 1 "$secret"
    ctl=$dir/ivshmemctl
else
    tap_skip 'no permission' 'needs root, to become another user'
fi

# ---- the table -----------------------------------------------------------------------------------

r=$dir/table
spoilt "$r" 0 ''
"$ctl" add-vm "$r" vm1 --mac 52:54:00:00:00:01 >/dev/null
"$ctl" add-vm "$r" vm2 --mac 52:54:00:00:00:02 >/dev/null
table=$(offset "$r" table)
poke "$r" $((table + 512 + 8 + 160)) 525400000001
golden 'two VMs with one MAC address' doctor --ranks 2 --host "$r"
poke "$r" $((table + 512)) 01
golden 'an entry whose writer died' doctor --ranks 2 --host "$r"
golden 'the writer died: show' show "$r"
golden 'the writer died: add takes the place' add-vm "$r" vm3 --mac 52:54:00:00:00:03

# It is gone while the doctor waits for the daemon, whose heartbeat stands still.
shrinks_meanwhile()
{
    local pid status=0

    poke "$r" 512 01
    "$ctl" doctor "$r" >"$dir/out" 2>"$dir/err" &
    pid=$!
    eventually grep -q ' table:' "$dir/out"
    truncate -s 0 "$r"
    wait "$pid" || status=$?
    cat "$dir/err"
    [ "$status" -eq 1 ] && grep -q '^ivshmemctl: region: .*: .' "$dir/err"
}
tap_check 'a region that shrinks while it is looked at' shrinks_meanwhile

# ---- hostile content -----------------------------------------------------------------------------

# All behind the superblock is noise, from one seed.
noise()
{
    python3 -c '
import random, sys
random.seed(int(sys.argv[2]))
with open(sys.argv[1], "r+b") as f:
    f.seek(4096)
    f.write(random.randbytes(int(sys.argv[3]) - 4096))' "$@"
}

# survives STATUSES COMMAND...: ends soon with one of the statuses.
survives()
{
    local allowed=$1 status=0
    shift

    timeout 60 "$ctl" "$@" >"$dir/out" 2>&1 || status=$?
    tail -n 3 "$dir/out"
    [[ $status =~ ^[$allowed]$ ]]
}

r=$dir/noise
for seed in 1 2 3; do
    spoilt "$r" 0 ''
    noise "$r" "$seed" "$(offset "$r" heap)"
    for command in 'show' 'show --json' 'show --vm 0' 'doctor' 'add-vm new' 'remove-vm 1' 'gc --now all --yes'; do
        # shellcheck disable=SC2086 # several words
        tap_check "noise $seed: $command" survives 01 $command --region "$r"
    done
    for slot in 0 1 2 3; do tap_check "noise $seed: remove $slot" survives 01 remove-vm "$r" "$slot"; done
    tap_check "noise $seed: gc" survives 0 gc "$r"
    tap_check "noise $seed: all is free and whole" json "$r" 'd["heap"]["all_free"] and d["jobs"] == [] and d["vms"] == []
        and d["heap"]["damaged_chunks"] == 0'
done

cli_done
