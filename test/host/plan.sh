#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# ivshmemctl plan: VMs of a made-up host of two NUMA nodes, each with a PF and two VFs.
. "$(dirname "$0")/host.sh"

if grep -q 'built without' <("$ctl" plan "$dir" 2>&1); then
    printf '1..0 # SKIP built without hwloc or libxml2\n'
    exit 0
fi

template=$host_top/test/host/template.xml
topology=$dir/host.xml
# hwloc without libxml reads what lstopo writes, without comments
sed '/^<!--/,/-->$/d' "$host_top/test/host/host.xml" >"$topology"
root=$dir/root files=$dir/files
mkdir "$files"
for pf in 41 81; do
    for function in 0 2 3; do
        mkdir -p "$root/sys/bus/pci/devices/0000:$pf:00.$function"
        [ "$function" -eq 0 ] || ln -s ../0000:$pf:00.0 "$root/sys/bus/pci/devices/0000:$pf:00.$function/physfn"
    done
done
export IVSHMEMCTL_SYSROOT=$root

# The PCI library that hwloc loads does not free all it takes.
export LSAN_OPTIONS=detect_leaks=0

plan()
{
    "$ctl" plan --output "$files" --topology "$topology" "$@"
}

# says WANTED ARGUMENT...
says()
{
    local want=$1
    shift
    diff <(printf '%s\n' "$want") <(plan "$@" 2>&1 | sed "s|$files|OUT|; s|$dir|DIR|")
}

valid()
{
    local f

    command -v virt-xml-validate >/dev/null || { echo 'virt-xml-validate is not installed'; return 77; }
    for f in "$files"/*.xml; do virt-xml-validate "$f" domain || return; done
}

# has FILE XPATH VALUE
has()
{
    local got

    command -v xmllint >/dev/null || { echo 'xmllint is not installed'; return 77; }
    got=$(xmllint --xpath "string($2)" "$files/$1.xml") || return
    printf '%s\n' "$got"
    [ "$got" = "$3" ]
}

tap_check 'one VM on each node' says "mpi-n0-0: NUMA node 0, CPUs 0,1,2,3,4,5,6,7, VF 0000:41:00.2: OUT/mpi-n0-0.xml
mpi-n1-0: NUMA node 1, CPUs 8,9,10,11,12,13,14,15, VF 0000:81:00.2: OUT/mpi-n1-0.xml" "$template"
tap_check 'valid for libvirt' valid
# a second node of memory on each package, as with HBM
two_memories()
{
    diff <(printf 'mpi-n0-0: NUMA node 0, CPUs 0,1,2,3, no VF: OUT/mpi-n0-0.xml\nmpi-n2-0: NUMA node 2, CPUs 4,5,6,7, no VF: OUT/mpi-n2-0.xml\n') \
        <("$ctl" plan --output "$files" --force --topology 'pack:2 [numa] [numa] core:4 pu:1' "$template" 2>&1 |
            sed "s|$files|OUT|")
}
tap_check 'no CPU is dealt out twice' two_memories
rm -f "$files"/mpi-n2-0.xml
plan --force "$template" >/dev/null 2>&1
tap_check 'no region, no device' has mpi-n0-0 'count(//shmem)' 0
tap_check 'files that are there are kept' says \
    'ivshmemctl: OUT/mpi-n0-0.xml: File exists: choose another --output, or use --force' "$template"

"$ctl" create "$dir/region" --size 16M >/dev/null
tap_check 'three VMs on each node, one core left over, VFs as far as they go' says \
    "mpi-n0-0: NUMA node 0, CPUs 0,1, VF 0000:41:00.2: OUT/mpi-n0-0.xml
mpi-n0-1: NUMA node 0, CPUs 2,3, VF 0000:41:00.3: OUT/mpi-n0-1.xml
mpi-n0-2: NUMA node 0, CPUs 4,5, no VF: OUT/mpi-n0-2.xml
mpi-n1-0: NUMA node 1, CPUs 8,9, VF 0000:81:00.2: OUT/mpi-n1-0.xml
mpi-n1-1: NUMA node 1, CPUs 10,11, VF 0000:81:00.3: OUT/mpi-n1-1.xml
mpi-n1-2: NUMA node 1, CPUs 12,13, no VF: OUT/mpi-n1-2.xml" \
    --force -n 3 --region=/dev/shm/mpi --size=16M --hugepages=2M "$template"
tap_check 'valid, too' valid
tap_check 'vCPUs' has mpi-n1-1 //vcpu 2
tap_check 'pinning' has mpi-n1-1 '//vcpupin[@vcpu="1"]/@cpuset' 11
tap_check 'of QEMU as well' has mpi-n1-1 //emulatorpin/@cpuset 10,11
tap_check 'threads of a core are seen as such' has mpi-n1-1 //cpu/topology/@threads 2
tap_check 'NUMA node' has mpi-n1-1 //numatune/memory/@nodeset 1
tap_check 'huge pages' has mpi-n1-1 //memoryBacking/hugepages/page/@size 2048
tap_check 'region' has mpi-n1-1 '//shmem[@name="mpi"]/size' 16777216
tap_check 'VF' has mpi-n1-1 //hostdev/source/address/@bus 0x81
tap_check '@VM@ is the name' has mpi-n1-1 //disk/source/@file '/var/lib/images/mpi-n1-1 & co.qcow2'
tap_check 'no UUID of the template' has mpi-n1-1 'count(//uuid)' 0
tap_check 'no MAC address of it' has mpi-n1-1 'count(//mac)' 0
tap_check 'no vsock CID of it' has mpi-n1-1 //vsock/cid/@auto yes
tap_check 'all else is the template'"'"'s' has mpi-n1-1 //memory 4
tap_check 'as many vCPUs as can be' has mpi-n1-1 'count(//vcpu/@current)' 0

emulated()
{
    sed "s/type='kvm'/type='qemu'/" "$template" >"$dir/emulated.xml"
    "$ctl" plan --output "$files" --force --no-vf --topology 'numa:1(memory=16GB) core:2 pu:1' -n 2 \
        "$dir/emulated.xml"
}
tap_check 'emulated VMs with a CPU each' emulated
tap_check 'have one vCPU' has mpi-n0-1 //vcpu/@current 1
tap_check 'of two that they may have' has mpi-n0-1 //vcpu 2
tap_check 'which fits their topology' has mpi-n0-1 //cpu/topology/@cores 2
tap_check 'and is valid' valid

rm "$files"/*
plan --no-vf --reserve=2 --region="$dir/region" "$template" >/dev/null
tap_check 'reserved cores' has mpi-n0-0 //emulatorpin/@cpuset 4,5,6,7
tap_check 'no VF wanted' has mpi-n0-0 'count(//hostdev)' 0
tap_check 'a region that is no name in /dev/shm goes to QEMU directly' has mpi-n0-0 'count(//shmem)' 0
tap_check 'with the size of its file' grep -q 'size&quot;:16777216' "$files/mpi-n0-0.xml"
tap_check 'by its path' grep -qF "mem-path&quot;:&quot;$dir/region&quot;" "$files/mpi-n0-0.xml"
tap_check 'valid as well' valid

# ---- refused --------------------------------------------------------------------------------------

refused()
{
    local want=$1 words=$2 status=0
    shift 2

    "$ctl" plan --output "$files" "$@" >"$dir/o" 2>"$dir/e" || status=$?
    cat "$dir/o" "$dir/e"
    [ "$status" -eq "$want" ] && [ ! -s "$dir/o" ] && [ "$(wc -l <"$dir/e")" -eq 1 ] &&
        grep -qF -- "$words" "$dir/e"
}
rm "$files"/*
t=(--topology "$topology")
tap_check 'more VMs than cores' refused 1 'NUMA node 0: has 4 cores, 0 of them reserved: too few for 5 VMs' \
    "${t[@]}" -n 5 "$template"
tap_check 'more memory than a node has' refused 1 'NUMA node 0: has 14.9 GiB, too little for 4 VMs of 4 GiB' \
    "${t[@]}" -n 4 "$template"
tap_check 'no template' refused 2 'plan: operand missing' "${t[@]}"
tap_check 'a template that is not there' refused 1 'No such file' "${t[@]}" "$dir/none"
echo text >"$dir/text"
tap_check 'a template that is not XML' refused 1 'not the XML of a domain' "${t[@]}" "$dir/text"
tap_check 'a template that is something else' refused 1 'not the XML of a domain with a name' "${t[@]}" "$topology"
tap_check 'a topology that is none' refused 1 'cannot read this topology' --topology "$template" "$template"
tap_check 'a synthetic one that is none' refused 1 'cannot read this topology' --topology foo "$template"
tap_check 'no VMs' refused 2 "--vms-per-numa: bad value '0'" "${t[@]}" -n 0 "$template"
tap_check 'a size that is no power of two' refused 2 "--size: bad value '3M'" "${t[@]}" -s 3M "$template"
tap_check 'a region that VMs cannot share' refused 2 'pci:auto: is not a file that VMs can share' \
    "${t[@]}" --region=pci:auto "$template"
tap_check 'a region that is not there' refused 1 "$dir/none" "${t[@]}" --region="$dir/none" "$template"
tap_check 'no such folder' refused 1 'No such file' "${t[@]}" --output "$dir/none" "$template"
tap_check 'nothing was written' test -z "$(ls "$files")"
tap_check 'a synthetic host' plan --force --topology 'numa:1(memory=16GB) core:2 pu:1' "$template"
small_template()
{
    sed 's/<memory.*memory>/<memory>1024<\/memory>/' "$template" >"$dir/small.xml"
    "$ctl" plan --output "$files" --force --no-vf "$dir/small.xml"
}
tap_check 'this host' small_template
host_done
