#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# ivshmemctl add-vm, remove-vm, show --vm: identities, slots, double entries, bad values.
. "$(dirname "$0")/cli.sh"

r=$dir/region
"$ctl" create "$r" --size 1M --vms 6 >/dev/null || exit 1

golden 'add with all there is' add-vm "$r" vm1 --uuid 01234567-89ab-cdef-0123-456789abcdef \
    --mac 52:54:00:00:00:01 --mac=52:54:00:00:01:01 --cid 7 --asset-tag 'rack 3' --numa 0,2-3 --cpus 0-7,255 \
    --vf 05:00.1,00:02:C9:03:00:00:12:34 --vf 0001:06:1f.7 --slot 2
golden 'add with a MAC address, region by option' add-vm --region "$r" vm2 --mac 52:54:00:00:00:02
golden 'add without an identity' add-vm "$r" bare
IVSHMEM_REGION=$r golden 'show one by name, region from the environment' show --vm vm1
golden 'show one by slot' show "$r" --vm 0
golden 'show one that is not there' show "$r" --vm vm9
golden 'show all' show "$r"

same_as_table()
{
    "$ctl" show "$r" --json --vm vm1 | python3 -c '
import json, subprocess, sys
one = json.load(sys.stdin)
assert one.pop("schema") == 1
d = json.loads(subprocess.check_output([sys.argv[1], "show", "--json", sys.argv[2]]))
assert one in d["vms"], (one, d["vms"])
assert one["uuid"] == "01234567-89ab-cdef-0123-456789abcdef"
assert one["macs"] == ["52:54:00:00:00:01", "52:54:00:00:01:01"]
assert one["vsock_cid"] == 7 and one["asset_tag"] == "rack 3"
assert one["numa"] == [0, 2, 3] and one["cpus"] == [*range(8), 255]
assert one["vfs"] == [{"address": "0000:05:00.1", "node_guid": "0002c90300001234"},
                      {"address": "0001:06:1f.7", "node_guid": None}]' "$ctl" "$r"
}
tap_check 'JSON of one VM' same_as_table

# ---- refused -------------------------------------------------------------------------------------

golden 'same name' add-vm "$r" vm1
golden 'same UUID' add-vm "$r" new --uuid 0123456789ABCDEF0123456789ABCDEF
golden 'same MAC address' add-vm "$r" new --mac 52:54:00:00:01:01
golden 'same CID' add-vm "$r" new --cid 7
golden 'same asset tag' add-vm "$r" new --asset-tag 'rack 3'
golden 'slot in use' add-vm "$r" new --slot 2
golden 'slot outside the table' add-vm "$r" new --slot 6
golden 'no name' add-vm "$r"
golden 'two names' add-vm "$r" new new2
long=$(printf '%064d' 1)
for name in 'a b' 'a/b' '' "$long" $'a\nb'; do
    golden "name '${name//$'\n'/\\n}'" add-vm --region "$r" "$name"
done
for option in slot=x slot=1024 slot=-1 uuid=0123 uuid= mac=52:54:00:00:00 mac=52:54:00:00:00:zz mac= \
    mac=00:00:00:00:00:00 mac=01:00:5e:00:00:01 cid=2 cid=4294967295 cid=x asset-tag= "asset-tag=$long" $'asset-tag=a\tb' \
    numa=64 numa=3-2 numa= 'numa=1,' numa=0x1 cpus=256 cpus=a vf=05:00 vf=05:20.0 vf=05:00.8 'vf=05:00.0,' 'vf=05:00.0,12' \
    vf=-5:00.0 'vf= 5:00.0' vf=; do
    golden "bad ${option//$'\t'/\\t}" add-vm "$r" new "--$option"
done
macs=()
for i in 1 2 3 4 5 6 7 8 9; do macs+=(--mac "52:54:00:00:02:0$i"); done
golden 'nine MAC addresses' add-vm "$r" new "${macs[@]}"
golden 'five VFs' add-vm "$r" new --vf 1:00.0 --vf 2:00.0 --vf 03:00.0 --vf 04:00.0 --vf 05:00.0
tap_check 'what was refused left no trace' json "$r" 'len(d["vms"]) == 3'
golden 'eight MAC addresses' add-vm "$r" eight "${macs[@]:0:16}"

# ---- --self, on a made-up machine ----------------------------------------------------------------

root=$dir/root
mkdir -p "$root/sys/class/net/eth0/device" "$root/sys/class/net/br0" "$root/sys/class/dmi/id"
echo 52:54:00:aa:00:01 >"$root/sys/class/net/eth0/address"
echo 52:54:00:aa:00:02 >"$root/sys/class/net/br0/address"
echo 'Some Vendor' >"$root/sys/class/dmi/id/chassis_asset_tag"
echo 11111111-2222-3333-4444-555555555555 >"$root/sys/class/dmi/id/product_uuid"
echo 42 >"$root/vsock_cid"
export IVSHMEMCTL_SYSROOT=$root
golden 'self' add-vm "$r" --self me
tap_check 'self has what was seen, but no asset tag' json "$r" '[
    (v["macs"], v["vsock_cid"], v["asset_tag"], v["uuid"]) for v in d["vms"] if v["name"] == "me"] == [
    (["52:54:00:aa:00:01", "52:54:00:aa:00:02"], 42, None, "11111111-2222-3333-4444-555555555555")]'
golden 'self twice' add-vm "$r" --self me2
rm -r "$root/sys/class/net" "$root/vsock_cid"
golden 'self, options come first' add-vm "$r" --self me3 --uuid 11111111-2222-3333-4444-666666666666
tap_check 'the asset tag is used when a user sees nothing else' json "$r" '[
    v["asset_tag"] for v in d["vms"] if v["name"] == "me3"] == ["Some Vendor"]'
unset IVSHMEMCTL_SYSROOT
golden 'table full' add-vm "$r" more

# ---- removing ------------------------------------------------------------------------------------

golden 'remove by name' remove-vm "$r" me
golden 'remove by slot' remove-vm "$r" 2
golden 'remove again' remove-vm "$r" vm1
golden 'remove a free slot' remove-vm "$r" 2
golden 'remove outside the table' remove-vm "$r" 6
golden 'remove nothing' remove-vm "$r"
golden 'the lowest free slot is taken' add-vm "$r" again

"$jobs" "file:$r" 1 4096 0 >/dev/null
golden 'remove a VM that a job names' remove-vm "$r" vm2
golden 'it is gone, its slot is kept' show "$r" --vm 0
tap_check 'and shown as gone' json "$r" '[v["state"] for v in d["vms"] if v["slot"] == 0] == ["gone"]'

table=$(offset "$r" table)
poke "$r" $((table + 3 * 512 + 8)) 01000000ffffffff
golden 'a damaged entry is shown' show "$r"
golden 'and can be removed' remove-vm "$r" 3

cli_done
