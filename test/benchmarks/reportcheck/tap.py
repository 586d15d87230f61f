# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Runs the tests of a script and prints TAP."""


def main(names):
    """names: globals() of the script. The exit status."""
    tests = [(name, test) for name, test in names.items() if name.startswith("test_")]
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {name}")
        except Exception as error:  # pylint: disable=broad-except # whatever it is, it failed
            failed += 1
            print(f"not ok {number} - {name}\n# {type(error).__name__}: {error}")
    print(f"1..{len(tests)}")
    return 1 if failed else 0


def raises(kind, word, call, *args):
    try:
        call(*args)
    except kind as error:
        assert word in str(error), f"'{error}' does not say '{word}'"
        return
    raise AssertionError(f"no {kind.__name__}")
