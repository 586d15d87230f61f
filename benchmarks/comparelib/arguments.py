# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Options that several programs take. Each ends the program by p.error() if it is wrong."""


def choose(p, option, wanted, known):
    """The known ones named in a list with commas; all without a list."""
    if wanted is None:
        return list(known.values())
    for name in wanted.split(","):
        if name not in known:
            p.error(f"{option}: {name}: unknown: use some of {','.join(known)}")
    return [known[name] for name in known if name in wanted.split(",")]


def choose_groups(p, option, wanted, known, every):
    """As choose(), where a name may stand for several; in the order of every."""
    chosen = [one for group in choose(p, option, wanted, known) for one in group]
    return [one for one in every if one in chosen]


def settings(p, items):
    """{NAME: VALUE} of the words after --set."""
    found = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not name or not equals:
            p.error(f"--set: {item}: is not NAME=VALUE")
        found[name] = value
    return found


def sizes(p, text):
    try:
        return tuple(int(word) for word in (text or "").split(",") if word)
    except ValueError:
        p.error(f"--sizes: {text}: is no list of numbers with commas")
        raise


def interval(p, option, text):
    """(low, high) of "LOW-HIGH"; None without a text."""
    if text is None:
        return None
    try:
        low, high = map(float, text.split("-"))
    except ValueError:
        p.error(f"{option}: {text}: is not LOW-HIGH, two numbers")
        raise
    if not 0 <= low <= high:
        p.error(f"{option}: {text}: the first number must not be above the second")
    return low, high
