#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# Slurm's prolog, epilog and task prolog by themselves, with the environment that slurmd gives them.
# With Slurm: test/native/slurm.
. "$(dirname "$0")/host.sh"

jobs=$PWD/test/cli/jobs
mkdir "$dir/slurm"
cp "$host_top"/contrib/slurm/{prolog,epilog,task-prolog,ivshmem-slurm.conf} contrib/slurm/common.sh "$dir/slurm"
regions=$dir/regions
user=$(id -u)
if [ "$user" -eq 0 ]; then user=12345; fi
unset "${!SLURM@}"

# configure LINE...: the configuration, with what all of them here need.
configure()
{
    printf '%s\n' "directory = $regions" "ivshmemctl = $ctl" "$@" >"$conf"
}

# run STATUS SCRIPT [NAME=VALUE...]: what it prints is in $dir/out.
run()
{
    local want=$1 script=$2 status=0
    shift 2

    env SLURM_JOB_ID=77 SLURM_JOB_UID="$user" SLURM_JOB_GID="$(id -g)" SLURMD_NODENAME=node1 "$@" \
        timeout 60 "$dir/slurm/$script" --config="$conf" >"$dir/out" 2>&1 || status=$?
    cat "$dir/out"
    [ "$status" -eq "$want" ] || { echo "exit status $status"; return 1; }
}

# says WORDS STATUS SCRIPT [NAME=VALUE...]: one line, with these words.
says()
{
    local words=$1
    shift

    run "$@" && [ "$(wc -l <"$dir/out")" -eq 1 ] && grep -qF -- "$words" "$dir/out"
}

silent()
{
    run 0 "$@" && [ ! -s "$dir/out" ]
}

as_user()
{
    if [ "$(id -u)" -eq 0 ]; then setpriv --reuid="$user" --regid="$(id -g)" --clear-groups "$@"; else "$@"; fi
}

nothing_left()
{
    [ -z "$(ls -A "$regions" 2>/dev/null)" ] || { ls -lA "$regions"; return 1; }
}

# ---- configuration ------------------------------------------------------------------------------

# refused WORDS LINE...: for a configuration of these lines.
refused()
{
    local words=$1
    shift

    printf '%s\n' "$@" >"$conf"
    says "$words" 2 prolog && says "$words" 2 epilog && says "$words" 0 task-prolog
}

checked()
{
    [ -z "$("$dir/slurm/$1" --check --config="$host_top/contrib/slurm/ivshmem-slurm.conf" 2>&1)" ]
}

tap_check 'the sample is a good configuration' checked prolog
tap_check 'unknown key' refused "$conf:2: unknown key: sizes" 'node = host' 'sizes = 1M'
tap_check 'bad size' refused "$conf:2: size: '1X': expected a size" 'node = host' 'size = 1X'
tap_check 'bad number of entries' refused "vms: '1025': expected 1 to 1024" 'vms = 1025'
tap_check 'a path that leads astray' refused 'directory:' 'directory = /dev/../etc'
tap_check 'no path' refused 'directory:' 'directory = here'
tap_check 'bad region' refused 'region:' 'region = /dev/sda'
tap_check 'no such kind of node' refused "node: 'cloud': expected host or vm" 'node = cloud'
tap_check 'a key twice' refused 'size: given twice' 'size = 1M' 'size = 2M'
tap_check 'no key' refused 'write KEY = VALUE' 'nonsense'
tap_check 'no node' refused 'node: not given' '# nothing'
tap_check 'a host without size' refused 'size: not given' 'node = host'
rm "$conf"
tap_check 'no configuration' says 'cannot read it' 2 prolog
tap_check 'unknown option' test "$("$dir/slurm/prolog" --what 2>&1)" = \
    'ivshmem prolog: --what: unknown option: see --help'

# ---- a host -------------------------------------------------------------------------------------

region_is_made()
{
    [ "$(stat -c '%u %a %s' "$regions/job-77")" = "$user 600 1048576" ] &&
        json "$regions/job-77" '[v["name"] for v in d["vms"]] == ["node1-0", "node1-1"]' &&
        [ "$(ls -A "$regions")" = job-77 ]
}

made()
{
    silent prolog "$@" && region_is_made
}

keeps_others_out()
{
    as_nobody --clear-groups true || return
    ! as_nobody --clear-groups "$ctl" show "$regions/job-77" 2>"$dir/out" && grep -qi 'permission' "$dir/out"
}

told()
{
    SLURM_JOB_ID=77 as_user "$dir/slurm/task-prolog" --config="$conf" >"$dir/out" 2>&1 &&
        diff "$dir/out" <(echo "export MPIR_CVAR_IVSHMEM_URI=file:$regions/job-77
export MPIR_CVAR_IVSHMEM_VM=0")
}

told_by_user()
{
    [ -z "$(MPIR_CVAR_IVSHMEM_URI=auto MPIR_CVAR_IVSHMEM_VM=3 SLURM_JOB_ID=77 \
        as_user "$dir/slurm/task-prolog" --config="$conf" 2>&1)" ]
}

# What an earlier run left there, and half of one.
replaced()
{
    local before

    before=$(stat -c %i "$regions/job-77")
    chmod 666 "$regions/job-77" && head -c 4096 /dev/zero >"$regions/.new-77" || return
    says 'was left there' 0 prolog && region_is_made && [ "$(stat -c %i "$regions/job-77")" != "$before" ]
}

two_jobs()
{
    silent prolog SLURM_JOB_ID=78 && silent epilog SLURM_JOB_ID=78 && [ "$(ls -A "$regions")" = job-77 ]
}

# Of four prologs at once, each finds no folder, or one that another has just made.
race()
{
    local job tries=5 pids=() status=0

    while [ $((tries--)) -gt 0 ]; do
        rm -rf "$regions"
        for job in 81 82 83 84; do
            env SLURM_JOB_ID=$job SLURM_JOB_UID="$user" "$dir/slurm/prolog" --config="$conf" &
            pids+=($!)
        done
        wait "${pids[@]}" || status=1
        for job in 81 82 83 84; do
            if [ ! -f "$regions/job-$job" ]; then ls -lA "$regions"; status=1; fi
        done
    done
    rm -rf "$regions"
    return "$status"
}

removed()
{
    silent epilog && nothing_left
}

configure 'node = host' 'size = 1M' 'vms = 2'
tap_check 'prolog: the region, its owner, its entries' made
tap_check 'and the folder' test "$(stat -c %a "$regions")" = 711
tap_check 'the user can use it' as_user "$ctl" show "$regions/job-77"
tap_check 'another user cannot' keeps_others_out
tap_check 'task prolog: where it is' told
tap_check 'task prolog: the user knows better' told_by_user
tap_check 'task prolog: not for another user' silent task-prolog SLURM_JOB_ID=76
tap_check 'a region that is there is made anew' replaced
tap_check 'another job has another one' two_jobs
tap_check 'epilog removes it' removed
tap_check 'a second epilog' removed
tap_check 'task prolog after it' silent task-prolog
tap_check 'a user without a group' made SLURM_JOB_GID=
tap_check 'epilog again' removed
tap_check 'four jobs start at once' race

for id in '' 0 -1 abc 1x ../77 '7 7' 99999999999; do
    tap_check "bad job id '$id': prolog" says 'SLURM_JOB_ID:' 2 prolog SLURM_JOB_ID="$id"
    tap_check "bad job id '$id': epilog" says 'SLURM_JOB_ID:' 2 epilog SLURM_JOB_ID="$id"
done
tap_check 'bad user' says 'SLURM_JOB_UID:' 2 prolog SLURM_JOB_UID=root
tap_check 'no user' says 'SLURM_JOB_UID:' 2 prolog SLURM_JOB_UID=
tap_check 'and nothing was made' nothing_left

# without_region WORDS: the job goes on without; or not, if it must have one.
without_region()
{
    local common=('node = host' "size = ${size:-1M}")

    configure "${common[@]}"
    says "$1" 0 prolog || return
    configure "${common[@]}" 'required = yes'
    says "$1" 1 prolog && [ ! -e "$regions/job-77" ] && [ ! -e "$regions/.new-77" ]
}

# planted COMMAND...: with what that puts in the folder's place.
planted()
{
    rm -rf "$regions"
    "$@" || return
    without_region "$regions: " && says 'its region stays' 1 epilog
}

no_permission()
{
    as_nobody --clear-groups true || return
    rm -rf "$regions"
    configure 'node = host' 'size = 1M'
    as_nobody --clear-groups env SLURM_JOB_ID=77 SLURM_JOB_UID=65534 "$dir/slurm/prolog" --config="$conf" >"$dir/out" 2>&1
    cat "$dir/out"
    grep -q 'no region: .*slurmd has to be root' "$dir/out"
}

other_owner()
{
    mkdir -m 711 "$regions" && chown 65534 "$regions"
}

size=64T tap_check 'no room: a reason' without_region 'cannot'
tap_check 'the folder is open to all' planted mkdir -m 1777 "$regions"
tap_check 'the folder is a link' planted ln -s "$dir" "$regions"
tap_check 'the folder is a file' planted touch "$regions"
if [ "$(id -u)" -eq 0 ]; then
    tap_check 'the folder is another user'\''s' planted other_owner
else
    tap_skip 'the folder is another user'\''s' 'wants root'
fi
tap_check 'not root' no_permission
rm -rf "$regions"
configure 'node = host' 'size = 1M'
tap_check 'epilog without the folder' silent epilog
chmod 000 "$ctl"
tap_check 'ivshmemctl cannot be run' without_region "$ctl"
chmod 755 "$ctl"

# ---- a VM ---------------------------------------------------------------------------------------

device=$dir/device
configure_vm()
{
    printf '%s\n' 'node = vm' "region = file:$device" "ivshmemctl = $ctl" "$@" >"$conf"
}

vm_without_region()
{
    configure_vm
    says "$1" 0 prolog || return
    configure_vm 'required = yes'
    says "$1" 1 prolog
}

# dead_job: a job that leaves memory in the region.
dead_job()
{
    "$jobs" "file:$device" 1 100000 0 >/dev/null && json "$device" 'not d["heap"]["all_free"]'
}

reclaims()
{
    dead_job && silent epilog && json "$device" 'd["heap"]["all_free"] and d["jobs"] == []'
}

told_device()
{
    run 0 task-prolog && [ "$(cat "$dir/out")" = "export MPIR_CVAR_IVSHMEM_URI=file:$device" ]
}

"$ctl" create "$device" --size=1M --lease=2 --mode=0666 >/dev/null
tap_check 'a VM without an entry' vm_without_region 'FAIL'
tap_check 'this machine has an address, so that it can be found' "$ctl" add-vm "$device" vm1 --self
configure_vm
tap_check 'a VM that is as it should be' silent prolog SLURM_JOB_ID=5
chmod 600 "$device"
if [ "$(id -u)" -eq 0 ]; then
    tap_check 'the user must not open the device' vm_without_region 'ermission'
else
    tap_skip 'the user must not open the device' 'wants root'
fi
configure_vm
tap_check 'task prolog: the device' told_device
tap_check 'epilog frees what a dead job left' reclaims
tap_check 'a second epilog has nothing to do' silent epilog

# living: a job of somebody else, for a minute.
"$jobs" "file:$device" 1 100000 60 >"$dir/living" 2>&1 &
others+=($!)
eventually grep -q slot "$dir/living"
tap_check 'a living job is left alone' silent epilog
tap_check 'it has its memory' json "$device" 'len(d["jobs"]) == 1 and not d["heap"]["all_free"]'
configure_vm 'seconds = 1'
"$jobs" "file:$device" 1 100000 0 >/dev/null
tap_check 'a call has a bound' says 'no end within 1 s' 0 epilog
{ kill "${others[0]}"; wait "${others[0]}"; } 2>/dev/null
others=()
rm "$device"
tap_check 'no region: prolog' vm_without_region 'o such file'
configure_vm
tap_check 'no region: epilog' says 'nothing reclaimed' 0 epilog
configure_vm 'required = yes'
tap_check 'no region where one is required: epilog' says 'nothing reclaimed' 1 epilog
host_done
