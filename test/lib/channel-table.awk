# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# Reads the channel report, then the lines of benchmarks/demo/channels; prints a table with the
# channel of each pair. With -v want=CHANNEL: only the names of the pairs that use it.

# Is name in this comma-separated list?
function has(list, name,    names, n, i) {
    n = split(list, names, ",")
    for (i = 1; i <= n; i++) if (names[i] == name) return 1
    return 0
}

function channel_of(a, b,    i) {
    for (i = 1; i <= count; i++) {
        if (has(left[i], a) && has(right[i], b) || has(left[i], b) && has(right[i], a))
            return channel[i]
    }
    return "unknown"
}

function add(a, b, c) {
    sub(/:$/, "", a)
    sub(/:$/, "", b)
    count++
    left[count] = a
    right[count] = b
    channel[count] = c
}

/^\[ivshmem\] within /    { add($3, $3, $4) }
/^\[ivshmem\] [^ ]+ <-> / { add($2, $4, $5) }

$1 == "pair" {
    used = channel_of($4, $5)
    if (want == "")
        printf "%-12s  %-8s  %17s us  %15s MB/s\n", $4 " <-> " $5, used, $6, $7
    else if (want == used)
        print $4, $5
}
