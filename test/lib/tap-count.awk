# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# Reads one TAP stream; prints "PASSED FAILED SKIPPED". Needs -v status=EXIT_STATUS of the producer
# and -v report=FILE for one line per failure and skip. A stream that breaks its own plan, or a
# producer that fails without naming a failed test, counts as a failure.

function note(kind, text) { printf "  %s: %s\n", kind, text >report }

function name_of(line) {
    sub(/^(not )?ok[ \t]*[0-9]*[ \t]*-?[ \t]*/, "", line)
    return line
}

/^1\.\.[0-9]+/ {
    planned = substr($1, 4) + 0
    have_plan = 1
    if (planned == 0 && toupper($0) ~ /# *SKIP/) { skipped++; counted_skip = 1; note("skipped", $0) }
    next
}
/^Bail out!/ { failed++; note("failed", $0); next }
/^(not )?ok([ \t]|$)/ {
    ran++
    if (toupper($0) ~ /# *(SKIP|TODO)/) { skipped++; note("skipped", name_of($0)) }
    else if ($1 == "ok") passed++
    else { failed++; note("failed", name_of($0)) }
}

END {
    if (have_plan && planned != ran) { failed++; note("failed", "planned " planned " tests, ran " ran + 0) }
    if (!have_plan) { failed++; note("failed", "no plan: the stage did not finish") }
    if (have_plan && planned == 0 && !counted_skip) { failed++; note("failed", "ran no test") }
    if (status != 0 && !failed) { failed++; note("failed", "exit status " status " without a failed test") }
    printf "%d %d %d\n", passed, failed, skipped
}
