# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# Test clusters: commands that real guests (test/vm) and namespaces (test/native) have in common.
# The sourcing script sets top and kind, and defines:
#   machine_check               dies with one clear line if something it needs is missing
#   machine_start N             starts VM number N as a child of the supervisor, its pid in $!
#   machine_freeze PID SIGNAL   stops (STOP) or continues (CONT) a VM
#   machine_environment         exports what MPI needs in the VMs, unless the caller has set it
#
# Everything a cluster has hangs on one process, the supervisor: it owns the network, mount and
# host name namespaces of the "hosts", and every VM is its child and dies with it. Nothing is
# visible outside but the state directory.

name=${CLUSTER_NAME:-$kind}
state=${CLUSTER_STATE:-${TMPDIR:-/tmp}/mpi-cluster-$(id -u)-$name} # set for the supervisor
cache=${CLUSTER_CACHE:-${BUILD:-$top/_build}/cluster}
prefix=${MPI_PREFIX:-${PREFIX:-$top/_install}}
ctl=${IVSHMEMCTL:-$prefix/bin/ivshmemctl}
rexec=$cache/rexec

# shellcheck source=test/lib/supervise.sh
. "$top/test/lib/supervise.sh"

die()
{
    printf 'cluster: %s\n' "$*" >&2
    exit 1
}

cluster_usage()
{
    cat <<END
usage: test/$kind/cluster COMMAND ...

  up [OPTION...]       starts VMs and the network between them
      --hosts=N,...        VMs on each host (default 2,1): vm1, vm2 on host A, vm3 on host B
      --region-size=SIZE   the region that the VMs of a host share (default 128M)
      --blank              regions of zeros instead of formatted ones
      --huge               regions in huge pages of 2 MB, of which there must be enough
      --mem=SIZE           memory of a guest (default 512M; namespaces have the machine's)
      --cpus=N             processors of a guest (default 1)
      --boot-timeout=S     seconds to wait for all VMs (default 300)
      --owner=PID          goes down by itself when this process has ended
      --qemu=WORDS         more options for QEMU (guests only); %n is the number of the VM
  down                 ends it all
  run [-n] VM WORD...  runs a command in a VM, like ssh; -n: no input
  mpiexec ARG...       Hydra's mpiexec over all VMs, or those of -hosts
  exec WORD...         runs a command beside the VMs, on their network
  region HOST          path of the region of host A, B, ...
  share                path of a directory that all VMs can write
  kill VM              pulls the plug
  pause VM, resume VM  stops its processors
  status               a line for each VM
  console VM           what it has printed since its start

Environment: CLUSTER_NAME tells several clusters apart (default $kind); MPI_PREFIX is the MPI to
use (default _install); IVSHMEMCTL is the tool that makes regions (default: of MPI_PREFIX).
END
}

usage_error()
{
    printf 'cluster: %s\n' "$*" >&2
    exit 2
}

# ---- up -----------------------------------------------------------------------------------------

parse_up()
{
    kernel='' vmlinux=''
    hosts=2,1 region_size=128M blank=0 huge=0 mem=512M cpus=1 boot_timeout=300 owner=0 qemu_options=
    while [ $# -gt 0 ]; do
        case $1 in
            --hosts | --region-size | --mem | --cpus | --boot-timeout | --owner | --qemu)
                [ $# -gt 1 ] || usage_error "$1: needs a value"
                set -- "$1=$2" "${@:3}" ;;
        esac
        case $1 in
            --hosts=*) hosts=${1#*=} ;;
            --region-size=*) region_size=${1#*=} ;;
            --blank) blank=1 ;;
            --huge) huge=1 ;;
            --mem=*) mem=${1#*=} ;;
            --cpus=*) cpus=${1#*=} ;;
            --boot-timeout=*) boot_timeout=${1#*=} ;;
            --owner=*) owner=${1#*=} ;;
            --qemu=*) qemu_options=${1#*=} ;;
            *) usage_error "$1: unknown option: see --help" ;;
        esac
        shift
    done
    check_up_options
}

check_up_options()
{
    local number

    [[ $hosts =~ ^[1-9][0-9]*(,[1-9][0-9]*)*$ ]] ||
        usage_error "--hosts: '$hosts': give the number of VMs of each host, such as 2,1"
    for number in "$cpus" "$boot_timeout" "$owner"; do
        [[ $number =~ ^[0-9]+$ ]] || usage_error "'$number' is no number"
    done
    region_bytes=$(numfmt --from=iec -- "$region_size" 2>/dev/null) ||
        usage_error "--region-size: '$region_size' is no size: give one such as 128M"
    if [ "$region_bytes" -lt 1048576 ] || [ $((region_bytes & (region_bytes - 1))) -ne 0 ]; then
        usage_error "--region-size: '$region_size': a PCI BAR needs a power of two, 1M or more"
    fi
    place_vms
    if [ "${#host_of[@]}" -gt 100 ]; then usage_error "--hosts: $hosts: more than 100 VMs"; fi
}

# host_of[N] is the letter of the host of vmN (host_of[0] is unused).
place_vms()
{
    local count counts letter=65 i

    host_of=(-)
    IFS=, read -r -a counts <<<"$hosts"
    for count in "${counts[@]}"; do
        for ((i = 0; i < count && ${#host_of[@]} <= 100; i++)); do
            # shellcheck disable=SC2059 # the format is the character
            host_of+=("$(printf "\\x$(printf %x "$letter")")")
        done
        letter=$((letter + 1))
    done
}

build_rexec()
{
    local source=$top/test/lib

    mkdir -p "$cache"
    if [ "$rexec" -nt "$source/rexec.c" ] && [ "$rexec" -nt "$source/rexec.h" ] &&
        [ "$rexec" -nt "$source/rexec_client.c" ] && [ "$rexec" -nt "$source/rexec_serve.c" ]; then
        return
    fi
    "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -o "$rexec.$$" "$source"/rexec*.c ||
        die "$source/rexec.c: does not compile: see above"
    mv "$rexec.$$" "$rexec"
}

make_state()
{
    if [ -d "$state" ] && ! supervisor_alive; then rm -rf -- "$state"; fi
    mkdir -m 700 -- "$state" 2>/dev/null ||
        die "cluster '$name' is up already: take it down, or set CLUSTER_NAME to another name"
    mkdir -- "$state/share" "$state/regions" "$state/root"
    declare -p hosts host_of region_bytes blank huge mem cpus owner qemu_options prefix ctl cache rexec kernel vmlinux |
        sed 's/^declare /declare -g /' >"$state/config"
    write_names
}

# /etc/hosts of all VMs, and Hydra's host file.
write_names()
{
    local n

    {
        printf '127.0.0.1 localhost\n%s mpihost\n' "$(address 254)"
        for ((n = 1; n < ${#host_of[@]}; n++)); do printf '%s vm%d\n' "$(address "$n")" "$n"; done
    } >"$state/share/hosts"
    for ((n = 1; n < ${#host_of[@]}; n++)); do printf 'vm%d\n' "$n"; done >"$state/hostfile"
}

namespace_options()
{
    if [ "$(id -u)" -ne 0 ]; then printf '%s\n' "$@"; fi
}

start_supervisor()
{
    local user

    mapfile -t user < <(namespace_options --map-root-user)
    CLUSTER_STATE=$state CLUSTER_UP_PID=$$ setsid unshare "${user[@]}" --net --mount --uts -- \
        "$BASH" "$0" --supervise </dev/null >"$state/supervisor.log" 2>&1 &
    printf '%d\n' "$!" >"$state/supervisor.pid"
}

# Shows why VM $1 (0: the supervisor) did not come up, ends the cluster, and this script.
up_failed()
{
    local n=$1 log

    for log in "$state/supervisor.log" "$state/vm$n.log" "$state/vm$n.console"; do
        if [ -s "$log" ]; then
            printf -- '---- last lines of %s\n' "${log##*/}" >&2
            tail -n 25 -- "$log" | tr -d '\r' >&2
        fi
    done
    shift
    die "$*"
}

# Waits until the supervisor has started VM $1, and its agent answers.
await_vm()
{
    local n=$1 deadline=$2

    until [ -e "$state/vm$n.pid" ] && in_cluster "$rexec" -n -t 1 "vm$n" true 2>/dev/null; do
        supervisor_alive || up_failed 0 "supervisor: ended: the reason is above"
        if [ -e "$state/vm$n.pid" ] && ! vm_alive "$n"; then
            up_failed "$n" "vm$n: ended while starting: the reason is above"
        fi
        [ "$SECONDS" -lt "$deadline" ] ||
            up_failed "$n" "vm$n: not up after $boot_timeout s: see above, or give --boot-timeout"
        sleep 0.2
    done
}

cluster_up()
{
    local n deadline

    parse_up "$@"
    machine_check
    if [ "$blank" -eq 0 ] && [ ! -x "$ctl" ]; then
        die "$ctl: not found: run ./quickstart, set IVSHMEMCTL, or give --blank"
    fi
    build_rexec
    SECONDS=0
    make_state
    trap 'cluster_down' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    start_supervisor
    deadline=$boot_timeout
    for ((n = 1; n < ${#host_of[@]}; n++)); do await_vm "$n" "$deadline"; done
    : >"$state/ready"
    trap - EXIT INT TERM
    printf 'cluster %s: %d VMs on hosts %s up after %d s\n' "$name" $((${#host_of[@]} - 1)) "$hosts" \
        "$SECONDS"
}

# ---- commands on a cluster that is up -----------------------------------------------------------

supervisor_alive()
{
    local pid

    pid=$(cat -- "$state/supervisor.pid" 2>/dev/null) && kill -0 "$pid" 2>/dev/null
}

# Is the process of vmN running (and not a zombie that the supervisor has yet to reap)?
vm_alive()
{
    local stat

    stat=$(cat "/proc/$(cat "$state/vm$1.pid")/stat" 2>/dev/null) && [[ ${stat##*) } != Z* ]]
}

need_cluster()
{
    supervisor_alive || die "cluster '$name' is not up: test/$kind/cluster up"
    # shellcheck source=/dev/null # written by make_state
    . "$state/config"
}

# Sets number to that of the VM named $1.
need_vm()
{
    number=${1#vm}
    if [[ $1 != vm[1-9]* ]] || [ ! -e "$state/$1.pid" ]; then
        die "${1:-VM}: no such VM: there are vm1 to vm$((${#host_of[@]} - 1))"
    fi
}

in_cluster()
{
    local user

    mapfile -t user < <(namespace_options --user --preserve-credentials)
    nsenter -t "$(cat "$state/supervisor.pid")" "${user[@]}" --net --mount --uts \
        --wdns="$PWD" -- "$@"
}

# As in_cluster, but signals reach the command itself.
exec_in_cluster()
{
    local user

    mapfile -t user < <(namespace_options --user --preserve-credentials)
    exec nsenter -t "$(cat "$state/supervisor.pid")" "${user[@]}" --net --mount --uts \
        --wdns="$PWD" -- "$@"
}

cluster_run()
{
    local option=() vm word words=()

    if [ "${1-}" = -n ]; then option=(-n); shift; fi
    [ $# -ge 2 ] || usage_error "run: needs a VM and a command"
    vm=$1
    need_vm "$vm"
    shift
    for word; do words+=("'${word//\'/\'\\\'\'}'"); done
    exec_in_cluster "$rexec" "${option[@]}" "$vm" "${words[@]}"
}

cluster_mpiexec()
{
    local mpiexec=$prefix/bin/mpiexec.hydra

    prefix=${MPI_PREFIX:-${PREFIX:-$prefix}}
    mpiexec=$prefix/bin/mpiexec.hydra
    [ -x "$mpiexec" ] || die "$mpiexec: not found: run ./quickstart, or set MPI_PREFIX"
    if [ "$prefix" != /usr ]; then
        export LD_LIBRARY_PATH=$prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    fi
    export HYDRA_LAUNCHER=rsh HYDRA_LAUNCHER_EXEC=$rexec HYDRA_HOST_FILE=$state/hostfile
    unset TMPDIR # the VMs have /tmp
    machine_environment
    exec_in_cluster "$mpiexec" "$@"
}

cluster_region()
{
    local regions

    regions=/proc/$(cat "$state/supervisor.pid")/root$state/regions
    [ -f "$regions/${1-}" ] || die "region: '${1-}': no such host: hosts are A, B, ..."
    printf '%s\n' "$regions/$1"
}

cluster_status()
{
    local n

    for ((n = 1; n < ${#host_of[@]}; n++)); do
        printf 'vm%d host %s %s %s\n' "$n" "${host_of[n]}" "$(address "$n")" \
            "$(if vm_alive "$n"; then echo up; else echo down; fi)"
    done
}

cluster_kill()
{
    need_vm "${1-}"
    kill -KILL "$(cat "$state/vm$number.pid")" 2>/dev/null || die "vm$number: not running"
}

cluster_freeze()
{
    need_vm "${2-}"
    vm_alive "$number" || die "vm$number: not running"
    machine_freeze "$(cat "$state/vm$number.pid")" "$1"
}

# ---- down ---------------------------------------------------------------------------------------

# Waits up to $1 seconds for the process $2 to go.
await_end()
{
    local tries=$(($1 * 10))

    while kill -0 "$2" 2>/dev/null; do
        if [ $((tries--)) -le 0 ]; then return 1; fi
        sleep 0.1
    done
}

cluster_down()
{
    local pid

    if pid=$(cat -- "$state/supervisor.pid" 2>/dev/null) && kill -TERM "$pid" 2>/dev/null; then
        await_end 15 "$pid" || kill -KILL "$pid"
    fi
    rm -rf -- "$state"
}

cluster_main()
{
    local command=${1-}

    if [ $# -gt 0 ]; then shift; fi
    case $command in
        up) cluster_up "$@"; return ;;
        down) cluster_down; return ;;
        --supervise) supervise; return ;;
        --help | help) cluster_usage; return ;;
        run | mpiexec | exec | region | share | kill | pause | resume | status | console) ;;
        *) usage_error "'$command': unknown command: see --help" ;;
    esac
    need_cluster
    case $command in
        run) cluster_run "$@" ;;
        mpiexec) cluster_mpiexec "$@" ;;
        exec) exec_in_cluster "$@" ;;
        region) cluster_region "$@" ;;
        share) printf '%s\n' "$state/share" ;;
        kill) cluster_kill "$@" ;;
        pause) cluster_freeze STOP "$@" ;;
        resume) cluster_freeze CONT "$@" ;;
        status) cluster_status ;;
        console) need_vm "${1-}"; cat -- "$state/vm$number.console" ;;
    esac
}
