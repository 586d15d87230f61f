# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# What the MPI-level scripts share: regions, fake VMs, jobs. Source it with HERE set to test/mpi.
# Environment: TOP, BUILD, PREFIX as for the stages of test/run-all; all have defaults.

TOP=${TOP:-$(cd "$HERE/../.." && pwd)}
BUILD=${BUILD:-$TOP/_build}
PREFIX=${PREFIX:-$TOP/_install}
CTL=${CTL:-$PREFIX/bin/ivshmemctl}
programs=${PROGRAMS:-$BUILD/mpich-tests/src}
work=$(mktemp -d "/dev/shm/mpi-test.XXXXXX")
chmod 755 "$work" # other users' ranks look in
export LD_LIBRARY_PATH=$PREFIX/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
unset "${!MPIR_CVAR_@}"
# shellcheck source=test/lib/tap.sh
. "$TOP/test/lib/tap.sh"

clean_up()
{
    rm -rf "$work"
}
trap clean_up EXIT

# need PROGRAM...: builds these of our MPI programs, or gives up.
need()
{
    "$HERE/suite" --mpi "$PREFIX" --build "${programs%/src}" --build-own "$@" || {
        printf 'Bail out! the MPI programs do not build\n'
        exit 2
    }
}

# region PATH SIZE VMS [OPTION...]: makes a region with VMs vm0, vm1, ...
region()
{
    local path=$1 size=$2 vms=$3 i
    shift 3

    "$CTL" create "$path" --size "$size" "$@" >/dev/null || return
    for ((i = 0; i < vms; i++)); do
        "$CTL" add-vm "$path" "vm$i" >/dev/null || return
    done
}

# all_free PATH...: true if no job holds memory of the regions.
all_free()
{
    local path

    for path in "$@"; do
        "$CTL" show --json "$path" | python3 -c '
import json, sys
heap = json.load(sys.stdin)["heap"]
lost = heap["bytes"] - heap["free_bytes"]
if lost != 0:
    sys.exit(f"{sys.argv[1]}: {lost} bytes of the heap are not free")' "$path" || return
    done
}

# vms N: the following jobs run on N fake VMs with regions "$work/region" (all on one host).
vms()
{
    export MPIR_CVAR_NUM_CLIQUES=$1
    export MPIR_CVAR_IVSHMEM_VM=clique
    export MPIR_CVAR_IVSHMEM_URI=file:$work/region
    export MPIR_CVAR_IVSHMEM_REPORT=1
    export UCX_TLS=tcp,self # the network between VMs, not UCX's own shared memory
}

# job SECONDS NP COMMAND...: output and report in $work/out, exit status returned.
job()
{
    local limit=$1 np=$2
    shift 2

    MPIEXEC_TIMEOUT=$limit timeout -k 5 $((limit + 5)) \
        "$PREFIX/bin/mpiexec" -n "$np" "$@" >"$work/out" 2>&1
}
