#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# ivshmemctl create: sizes, owner and mode, an existing region, formatting in place; bad values.
. "$(dirname "$0")/cli.sh"

r=$dir/region

mode_is()
{
    [ "$(stat -c %a "$2")" = "$1" ] || { stat "$2"; return 1; }
}

holds_no_file()
{
    [ ! -e "$1" ]
}

golden 'default' create "$r" --size 1M
tap_check 'mode is 0600' mode_is 600 "$r"
tap_check 'file has its whole size' test "$(stat -c %s "$r")" -eq 1048576
tap_check 'no holes in the file' test "$(stat -c %b "$r")" -ge 2048
tap_check 'geometry' json "$r" 'd["region"]["bytes"] == 1 << 20 and d["region"]["vm_entries"] == 64
    and d["region"]["job_slots"] == 64 and d["region"]["lease_ms"] == 10000
    and d["heap"]["chunk_bytes"] == 4096 and d["region"]["generation"] == 1'

golden 'exists' create "$r" --size 1M
golden 'force' create --force --size 2048K "file:$r"
tap_check 'force continues the generation' json "$r" 'd["region"]["generation"] == 2'
tap_check 'force keeps the mode' mode_is 600 "$r"
golden 'all options' create "$r" -f --size=4M --vms=8 --jobs=4 --chunk=64K --lease=2 --mode=0664
tap_check 'mode is not subject to umask' mode_is 664 "$r"
tap_check 'options took effect' json "$r" 'd["region"]["vm_entries"] == 8
    and d["region"]["job_slots"] == 4 and d["heap"]["chunk_bytes"] == 65536
    and d["region"]["lease_ms"] == 2000'
golden 'not a power of two' create "$dir/odd" --size 1028K
cd "$dir" || exit 1
golden 'relative path' create relative --size 1m
golden 'region by option' create --region "$dir/option" --size 1MiB
golden 'region by option before the command' --region="$dir/option2" create --size 1M

owned_by_nobody()
{
    if [ "$(id -u)" -ne 0 ]; then echo 'needs root'; return 77; fi
    "$ctl" create "$dir/owned" --size 1M --owner nobody:65533 --mode 660 &&
        [ "$(stat -c '%U %g %a' "$dir/owned")" = 'nobody 65533 660' ]
}
tap_check 'owner' owned_by_nobody

file_system_full()
{
    if [ "$(id -u)" -ne 0 ] || ! unshare -m true; then echo 'needs root'; return 77; fi
    mkdir "$dir/full"
    # shellcheck disable=SC2016 # for the inner shell
    unshare -m bash -c 'mount -t tmpfs -o size=2m none "$1/full" || exit 77
        "$2" create "$1/full/r" --size 4M 2>"$1/err"
        [ $? -eq 1 ] && [ ! -e "$1/full/r" ]' - "$dir" "$ctl" || return
    grep -q 'cannot reserve 4194304 bytes' "$dir/err"
}
tap_check 'a full file system leaves nothing behind' file_system_full

# ---- in place ------------------------------------------------------------------------------------

truncate -s 3M "$dir/bar"
golden 'in place' create --in-place "$dir/bar"
golden 'in place: holds a region' create --in-place "$dir/bar"
golden 'in place: force, smaller' create --in-place --force "$dir/bar" --size 2M
golden 'in place: larger than it is' create --in-place --force "$dir/bar" --size 4M
golden 'in place: owner' create --in-place --force "$dir/bar" --owner 0
golden 'in place: not there' create --in-place "$dir/none"
golden 'in place: no device' create --in-place pci:ffff:ff:1f.7

# ---- bad values ----------------------------------------------------------------------------------

golden 'no region' create --size 1M
IVSHMEM_REGION=$r golden 'no region, in spite of the environment' create --in-place --force
golden 'two regions' create --region "$dir/x" "$dir/y" --size 1M
golden 'a device' create pci:auto --size 1M
golden 'no size' create "$dir/bad"
for size in 1X 0 -1M 1.5M '' 1Mb 99999999999999999999 65T; do
    golden "size '$size'" create "$dir/bad" "--size=$size"
done
golden 'size too small' create "$dir/bad" --size 512K
golden 'size not of pages' create "$dir/bad" --size 1048577
for option in vms=0 vms=1025 jobs=0 jobs=4097 jobs=x chunk=5000 chunk=2K chunk=2G lease=0 lease=601 lease=1.5 \
    mode=999 mode=01777 mode= owner=no-such-user owner=: owner=0:no-such-group; do
    golden "bad $option" create "$dir/bad" --size 1M "--$option"
done
golden 'no room for the tables' create "$dir/bad" --size 1M --vms 1024 --jobs 4096
golden 'no such directory' create "$dir/no/bad" --size 1M
golden 'a directory' create --force "$dir" --size 1M
mkfifo "$dir/fifo"
golden 'a pipe' create --force "$dir/fifo" --size 1M
ln -s "$r" "$dir/link"
golden 'a symbolic link' create --force "$dir/link" --size 1M
tap_check 'nothing is left of what was refused' holds_no_file "$dir/bad"

cli_done
