# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Runs the tests of a script and prints TAP."""


def main(names, only=()):
    """names: globals() of the script; only: names of tests, if not all are wanted. The exit status."""
    tests = [(name, test) for name, test in names.items() if name.startswith("test_")]
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        if only and name not in only:
            print(f"ok {number} - {name} # SKIP not asked for")
            continue
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Exception as error:  # pylint: disable=broad-except # whatever it is, it failed
            failed += 1
            text = f"{type(error).__name__}: {error}".replace("\n", "\n# ")
            print(f"not ok {number} - {name}\n# {text}", flush=True)
    print(f"1..{len(tests)}")
    return 1 if failed else 0


def raises(kind, word, call, *args):
    try:
        call(*args)
    except kind as error:
        assert word in str(error), f"'{error}' does not say '{word}'"
        return
    raise AssertionError(f"no {kind.__name__}")
