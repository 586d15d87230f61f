# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""What programs print, as samples: [{size, metric, unit, value, better, verified}]."""
import json
import re

from comparelib import run

# Of the applications' lines "key value": the times, in seconds.
TIMES = ("seconds", "computation_seconds", "communication_seconds", "communication_max_seconds")
WORDS = re.compile(r"^([a-z_]+) +(\S.*?)\s*$", re.MULTILINE)
NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|[-+]?\.\d+(?:[eE][-+]?\d+)?")


class ReadError(Exception):
    """What is wrong with an output."""


def better(unit):
    """Rates grow when things improve, times shrink. TEPS are edges per second, as Graph500 has them."""
    return "higher" if unit.endswith(("/s", "TEPS")) else "lower"


def sample(size, metric, unit, value, verified):
    return {"size": size, "metric": metric, "unit": unit, "value": value, "better": better(unit),
            "verified": verified}


def sizes(program, output):
    """Lines "SIZE VALUE": benchmarks that check their data and end with an error if they are wrong."""
    found = [sample(size, program.metric, program.unit, value, "yes")
             for size, value in run.parse(output)]
    if not found:
        raise ReadError("printed no result")
    for word in program.words:
        name, _, asked = word.partition("=")
        if name == "--sizes" and sorted(map(int, asked.split(","))) != sorted(one["size"] for one in found):
            raise ReadError(f"printed other sizes than it was asked for: {asked}")
    return found


def lines(_, output):
    """Lines "key value" of the applications. A result that is not verified is no result."""
    said = dict(WORDS.findall(output))
    verified = said.get("verified")
    if verified != "yes":
        raise ReadError("does not say whether its result is right" if verified is None else
                        "its result is wrong (verified %s)" % verified)
    found = [sample(None, name, "s", _number(name, said[name]), "yes")
             for name in TIMES if name in said]
    if not any(one["metric"] == "seconds" for one in found):
        raise ReadError("printed no line \"seconds\"")
    if "rate" in said:
        value, _, unit = said["rate"].partition(" ")
        found.append(sample(None, "rate", unit.strip() or "1/s", _number("rate", value), "yes"))
    return found


def _number(name, text):
    if not NUMBER.fullmatch(text):
        raise ReadError(f"{name}: {text}: is no number")
    return float(text)


def figure(program, output):
    """The number that a site's own expression finds, the last one if there are several. Without an
    expression there is none: the time of the job stands for it."""
    if program.figure is None:
        return []
    found = program.figure.findall(output)
    if not found:
        raise ReadError(f"nothing matches --figure '{program.figure.pattern}'")
    text = found[-1] if isinstance(found[-1], str) else found[-1][0]
    return [sample(None, "figure", program.unit, _number("--figure", text.strip()), "not checked")]


class Partly(list):
    """Samples, and why there are not more of them."""

    def __init__(self, samples, note):
        super().__init__(samples)
        self.note = note


def primitive(path):
    """The file that benchmarks/primitive/run wrote: mean and standard deviation of each test, or why
    it was left out. At least something must be there."""
    found, notes = [], []
    try:
        with open(path, encoding="utf-8") as lines_:
            for record in map(json.loads, lines_):
                if "skipped" in record:
                    notes.append(f"{record['test']}: {record['skipped']}")
                if "mean_us" in record:
                    for metric, name in ((record["test"], "mean_us"),
                                         (f"{record['test']}, standard deviation", "sd_us")):
                        found.append(sample(None, metric, "us", float(record[name]), "yes"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReadError(f"{path}: {error}") from None
    if not found:
        raise ReadError("; ".join([f"{path}: has no result", *notes]))
    return Partly(found, "; ".join(notes))
