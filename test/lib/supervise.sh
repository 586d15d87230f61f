# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
# shellcheck shell=bash
#
# The supervisor of a test cluster. It runs in namespaces of its own; see cluster.sh, which
# sources this.
# shellcheck disable=SC2154 # variables of cluster.sh

network=10.77.0.
mtu=9000

address()
{
    printf '%s%d\n' "$network" "$1"
}

mac()
{
    printf '52:54:00:77:00:%02x\n' "$1"
}

make_network()
{
    hostname mpihost
    mount --bind "$state/share/hosts" /etc/hosts
    ip link set lo up
    ip link add br0 type bridge
    ip link set br0 mtu "$mtu" up
    ip addr add "$(address 254)/24" dev br0
}

# make_port DEVICE: a network device of a VM joins the bridge.
make_port()
{
    ip link set "$1" mtu "$mtu" master br0 up
}

mount_regions()
{
    if [ "$huge" -eq 1 ]; then
        mount -t hugetlbfs -o pagesize=2M,mode=700 regions "$state/regions"
    else
        mount -t tmpfs -o mode=700 regions "$state/regions"
    fi
}

make_regions()
{
    local n letter

    mount_regions
    for ((n = 1; n < ${#host_of[@]}; n++)); do
        letter=${host_of[n]}
        if [ "$blank" -eq 1 ]; then
            truncate -s "$region_bytes" "$state/regions/$letter"
            continue
        fi
        if [ ! -e "$state/regions/$letter" ]; then
            "$ctl" create "$state/regions/$letter" --size "$region_bytes"
        fi
        "$ctl" add-vm "$state/regions/$letter" "vm$n" --mac "$(mac "$n")"
    done
}

# A VM's process dies with the supervisor, whatever ends that.
start_machines()
{
    local n

    for ((n = 1; n < ${#host_of[@]}; n++)); do
        machine_start "$n"
        printf '%d\n' "$!" >"$state/vm$n.pid.new"
        mv "$state/vm$n.pid.new" "$state/vm$n.pid"
    done
}

# Nobody is left who could take the cluster down?
abandoned()
{
    if [ ! -e "$state/ready" ] && ! kill -0 "$CLUSTER_UP_PID" 2>/dev/null; then return 0; fi
    [ "$owner" -ne 0 ] && ! kill -0 "$owner" 2>/dev/null
}

end_supervision()
{
    local pids

    mapfile -t pids < <(jobs -p)
    if [ "${#pids[@]}" -gt 0 ]; then kill -KILL "${pids[@]}" 2>/dev/null || true; fi
    wait
    umount "$state/regions" || true
    if abandoned; then rm -rf -- "$state"; fi
}

supervise()
{
    # shellcheck source=/dev/null # written by make_state
    . "$state/config"
    trap 'exit 0' TERM
    trap '' INT HUP
    trap end_supervision EXIT
    make_network
    make_regions
    start_machines
    while ! abandoned; do
        sleep 1 &
        wait "$!" || true
    done
}
