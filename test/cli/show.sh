#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# ivshmemctl show: both views of a region that is empty, in use, damaged.
. "$(dirname "$0")/cli.sh"

r=$dir/region
"$ctl" create "$r" --size 1M --vms 2 --jobs 3 --lease 60 >/dev/null || exit 1

golden 'empty' show "$r"
golden 'empty, JSON' show --json "$r"
"$ctl" add-vm "$r" vm1 --mac 52:54:00:00:00:01 >/dev/null

IVSHMEMCTL_SYSROOT=$dir/none MPIR_CVAR_IVSHMEM_URI=auto golden 'MPIR_CVAR_IVSHMEM_URI=auto' show
IVSHMEMCTL_SYSROOT=$dir/none golden 'no region named' show

# ---- in use --------------------------------------------------------------------------------------

says_all_free()
{
    "$ctl" show "$r" | grep -qx 'all arenas free'
}

"$jobs" "file:$r" 2 100000 0 >/dev/null
golden 'a silent job' show "$r"
tap_check 'it holds chunks: one for the members, 25 for each block' json "$r" '[
    (j["state"], j["members"], j["blocks"], j["chunks"], j["bytes"], j["beating"], j["creator_vm"]) for j in d["jobs"]] == [
    ("active", 2, 3, 51, 51 * 4096, False, 0)]'
tap_check 'the sums are right' json "$r" 'd["heap"]["bytes"] == d["heap"]["chunks"] * 4096
    and d["heap"]["free_chunks"] == d["heap"]["chunks"] - 51
    and d["heap"]["free_bytes"] == d["heap"]["free_chunks"] * 4096 and not d["heap"]["all_free"]'
not_all_free()
{
    ! says_all_free
}
tap_check 'not all free' not_all_free

"$jobs" "file:$r" 0 0 30 >"$dir/slot" &
job=$!
eventually grep -q slot "$dir/slot" || exit 1
says_beating()
{
    "$ctl" show "$r" | grep -x ' *1  active, of vm1, 2 members, 4 KiB in 1 block, beating'
}
tap_check 'one that beats' eventually says_beating
tap_check 'beating, JSON' eventually json "$r" '[j["beating"] for j in d["jobs"]] == [False, True]'
kill "$job"
wait "$job" 2>/dev/null
"$ctl" gc "$r" --now all --yes >/dev/null
tap_check 'all free once more' says_all_free

# ---- the schema ----------------------------------------------------------------------------------

"$jobs" "file:$r" 1 1 0 >/dev/null
as_documented()
{
    "$ctl" show --json "$r" | python3 -c '
import json, sys
text, flag, number = str, bool, int
null = type(None)
schema = {"schema": number,
    "region": {"uri": text, "path": text, "backend": text, "abi": text, "bytes": number, "mapped_bytes": number,
               "uuid": text, "generation": number, "lease_ms": number, "host_uuid": (text, null),
               "host_boot_id": (text, null), "host_heartbeat": number, "vm_entries": number, "job_slots": number},
    "vms": [{"slot": number, "state": text, "name": text, "epoch": number, "uuid": (text, null), "macs": [text],
             "vsock_cid": (number, null), "asset_tag": (text, null), "vfs": list, "numa": list, "cpus": list}],
    "jobs": [{"slot": number, "state": text, "epoch": number, "key": text, "creator_vm": number, "members": number,
              "heartbeat": number, "beating": flag, "blocks": number, "chunks": number, "bytes": number}],
    "heap": {"bytes": number, "free_bytes": number, "largest_free_bytes": number, "chunk_bytes": number,
             "chunks": number, "free_chunks": number, "orphan_chunks": number, "damaged_chunks": number,
             "all_free": flag}}
def check(value, want, where):
    if isinstance(want, dict):
        assert isinstance(value, dict) and value.keys() == want.keys(), (where, value.keys(), want.keys())
        for key in want:
            check(value[key], want[key], where + "." + key)
    elif isinstance(want, list):
        assert isinstance(value, list) and value, (where, value)
        for item in value:
            check(item, want[0], where + "[]")
    else:
        assert isinstance(value, want) and (want is flag or not isinstance(value, bool)), (where, value)
check(json.load(sys.stdin), schema, "")'
}
tap_check 'members and types are those of the manual page' as_documented

# ---- damage --------------------------------------------------------------------------------------

poke "$r" $(($(offset "$r" table) + 8)) 07
poke "$r" $(($(offset "$r" jobs) + 256)) 09
poke "$r" $(($(offset "$r" chunks) + 32 * 100)) 0100010000000000
poke "$r" $(($(offset "$r" chunks) + 32 * 101 + 8)) 0000000200000000
golden 'damage' show "$r"
damage_in_json()
{
    "$ctl" show --json "$r" 2>/dev/null >"$dir/json"
    [ $? -eq 1 ] && python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["vms"] == [{"slot": 0, "state": "damaged", "problem": "holds an unknown state"}], d["vms"]
assert d["jobs"][1] == {"slot": 1, "state": "damaged", "problem": "state, epoch or member table out of range"}
assert d["heap"]["orphan_chunks"] == 1 and d["heap"]["damaged_chunks"] == 1, d["heap"]' "$dir/json"
}
tap_check 'damage, JSON' damage_in_json

cli_done
