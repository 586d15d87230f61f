# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""What the output and exit status of a run mean. The rules are those of MPICH's runtests: a
program says " No Errors" and nothing else, and exits with 0, unless its resultTest says more."""
import re

PASS, FAIL, TIMEOUT, SKIP = "pass", "fail", "timeout", "skip"

_GOOD = re.compile(r"\s*No [Ee]rrors\s*$")
_HARMLESS = re.compile(r"\s*Test Passed\s*$|.*FORTRAN STOP|\s*$")


def _strange_line(output):
    for line in output.splitlines():
        if not _GOOD.match(line) and not _HARMLESS.match(line):
            return line.strip()
    return None


def without_comments(output, *prefixes):
    """The output without remarks; those of our own programs, such as the seed, are "# ..."."""
    prefixes = prefixes or ("# ",)
    return "\n".join(line for line in output.splitlines() if not line.startswith(prefixes))


def _says_no_errors(output):
    return any(_GOOD.match(line) for line in output.splitlines())


def _judge_plain(status, output):
    strange = _strange_line(output)
    if strange is not None:
        return FAIL, f"unexpected output: {strange[:160]}"
    if not _says_no_errors(output):
        return FAIL, f"ended (status {status}) without saying No Errors"
    if status != 0:
        return FAIL, f"said No Errors but exited with status {status}"
    return PASS, ""


def _judge_nonzero(status, output, must_say_no_errors):
    if status == 0:
        return FAIL, "exited with status 0, but the test wants another"
    if must_say_no_errors and not _says_no_errors(output):
        return FAIL, f"ended (status {status}) without saying No Errors"
    return PASS, ""


def judge(result_test, status, output, timed_out):
    """Returns (PASS | FAIL | TIMEOUT, reason). TestErrFatal and TestStatus want the job to end
    with a status other than 0; a launcher's time-out is such an end only where the program is
    made to run into it (init/timeout), which the caller tells by timed_out=False."""
    if timed_out:
        return TIMEOUT, "time limit"
    if result_test in ("TestStatus", "TestErrFatal"):
        return _judge_nonzero(status, output, False)
    if result_test == "TestStatusNoErrors":
        return _judge_nonzero(status, output, True)
    return _judge_plain(status, output)
