#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# ivshmemctl gc: dead jobs are reclaimed, living ones are not; orphans; ending jobs by hand.
. "$(dirname "$0")/cli.sh"

r=$dir/region
"$ctl" create "$r" --size 1M --vms 2 --jobs 4 --lease 3 >/dev/null || exit 1
"$ctl" add-vm "$r" vm1 --mac 52:54:00:00:00:01 >/dev/null
pids=()

# job BLOCKS SECONDS [end]: in the background, until it has its slot.
job()
{
    : >"$dir/slot"
    "$jobs" "file:$r" "$1" 100000 "${@:2}" >"$dir/slot" 2>/dev/null &
    pids+=($!)
    eventually grep -q slot "$dir/slot" || exit 1
}

end_jobs()
{
    kill "${pids[@]}" 2>/dev/null
    wait "${pids[@]}" 2>/dev/null
    pids=()
}
trap 'end_jobs; rm -rf "$dir"' EXIT

golden 'nothing to do' gc "$r"
job 1 0
golden 'a dead job' gc "$r"
tap_check 'all is free' json "$r" 'd["heap"]["all_free"] and d["jobs"] == []'

end_jobs

job 2 60
living=${pids[0]}
golden 'a living job is left alone' gc "$r"
job 1 0
golden 'a dead one beside a living one' gc "$r"
tap_check 'the living one has its memory' json "$r" '[(j["slot"], j["chunks"]) for j in d["jobs"]] == [(0, 51)]'
{ kill -KILL "$living"; wait "$living"; } 2>/dev/null
golden 'a killed one' gc "$r"
end_jobs

# ---- by hand -------------------------------------------------------------------------------------

job 1 60
job 1 60
golden 'now, without yes' gc "$r" --now 0
golden 'now, wrong slot' gc "$r" --now 3 --yes
golden 'now, no slot at all' gc "$r" --now x --yes
golden 'now, outside the directory' gc "$r" --now 4096 --yes
golden 'now and wait' gc "$r" --now 0 --wait --yes
golden 'yes alone' gc "$r" --yes
tap_check 'nothing happened yet' json "$r" 'len(d["jobs"]) == 2'
golden 'now' gc "$r" --now 0 --yes
tap_check 'the other is still there' json "$r" '[j["slot"] for j in d["jobs"]] == [1]'
golden 'now all' gc "$r" --now all --yes
golden 'now all, when there is none' gc "$r" --now all --yes
tap_check 'all is free' json "$r" 'd["heap"]["all_free"] and d["jobs"] == []'
end_jobs

# ---- waiting -------------------------------------------------------------------------------------

job 1 3 end
golden 'wait for a living job to end' gc "$r" --wait
end_jobs

progress()
{
    if ! command -v script >/dev/null; then echo 'no script(1)'; return 77; fi
    script -qec "'$ctl' gc '$r'" /dev/null </dev/null | tr '\r' '\n' | grep 'watching 1 job, [0-9]* s of 3 s'
}
job 1 0
tap_check 'progress on a terminal' progress

# ---- damage --------------------------------------------------------------------------------------

poke "$r" $(($(offset "$r" chunks) + 32 * 100)) 0100010000000000
poke "$r" $(($(offset "$r" chunks) + 32 * 101 + 8)) 0000000200000000
poke "$r" $(($(offset "$r" jobs) + 256)) 09
golden 'orphans, damage, a slot of nonsense' gc "$r"
tap_check 'all is free and whole' json "$r" 'd["heap"]["all_free"] and d["jobs"] == []
    and d["heap"]["damaged_chunks"] == 0'

# cut COMMAND...: does that to the region while gc watches it.
while_watching()
{
    local status=0

    job 1 60
    "$ctl" gc "$r" --wait >"$dir/out" 2>"$dir/err" &
    pids+=($!)
    eventually grep -q "$r" "/proc/${pids[-1]}/maps"
    sleep 0.5
    "$@"
    wait "${pids[-1]}" || status=$?
    cat "$dir/err"
    end_jobs
    [ "$status" -eq 1 ] && [ "$(wc -l <"$dir/err")" -eq 1 ] && grep -qE '^ivshmemctl: .+: .+: .+$' "$dir/err"
}

bus_error()
{
    kill -BUS "${pids[-1]}"
}
tap_check 'the region shrinks meanwhile' while_watching truncate -s 512K "$r"
"$ctl" create "$r" --force --size 1M --lease 3 >/dev/null
tap_check 'the region is made anew meanwhile' while_watching "$ctl" create --in-place --force "$r"
tap_check 'a page is not there any more' while_watching bus_error

cli_done
