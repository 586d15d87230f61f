# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The results of a run: a file of JSON Lines, a "sample" for each value and then a "job" for each job.

A job counts as done only when its own line is there, which is written after its samples; what an
interrupted run left of a job is dropped when the run is resumed, and so is every job that was
skipped. Those and the ones that failed are tried again, but that a job failed once stays on record."""
import datetime
import json
import math
import os

# What both kinds of record say of the job. benchmarks/README.md describes each field.
JOB_FIELDS = ("experiment", "suite", "program", "parameters", "place", "vms", "ranks",
              "ranks_per_vm", "channel", "variant", "round")


ANEW = "measure anew, without --resume and with another --output"


class ResultsError(Exception):
    """ "what: problem: remedy"."""


def now():
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def key(record):
    return tuple(record[name] for name in JOB_FIELDS)


def _is_record(found):
    """Whether it says of which job it is, and of a job how it ended."""
    return isinstance(found, dict) and found.get("record") in ("sample", "job") and \
        all(isinstance(found.get(name), (str, int)) for name in JOB_FIELDS) and \
        (found["record"] == "sample" or isinstance(found.get("status"), str))


def parse(text, path):
    """The records of a file's whole lines. A last line without an end was being written."""
    found = []
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            record = json.loads(line)
        except ValueError:
            raise ResultsError(f"{path}:{number}: is no JSON: remove the line") from None
        if not _is_record(record):
            raise ResultsError(f"{path}:{number}: is no record of benchmarks/run: remove the line")
        found.append(record)
    return found


def read(path):
    """The records of a file."""
    with open(path, "rb") as file:
        content = file.read()
    try:
        return parse(content.decode("utf-8"), path)
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise ResultsError(f"{path}:{number}: is no UTF-8: remove the line") from None


def read_machine(path):
    """machine.json, as describe.describe() makes it; what arithmetic is done with are numbers."""
    try:
        with open(path, encoding="utf-8") as text:
            about = json.load(text)
    except FileNotFoundError:
        raise ResultsError(f"{path}: is not there, so nobody knows what the results were measured on: "
                           f"{ANEW}") from None
    except ValueError:
        raise ResultsError(f"{path}: is no JSON: {ANEW}") from None
    if not isinstance(about, dict):
        raise ResultsError(f"{path}: is no object: {ANEW}")
    for name in ("cores", "load_at_start"):
        value = about.get(name, 0)
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ResultsError(f"{path}: {name}: is no number: {ANEW}")
    return about


def write_machine(path, about):
    replace(path, json.dumps(about, indent=2) + "\n")


def replace(path, text):
    """In one step, so that an interruption here loses nothing."""
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.write(text)
    os.replace(path + ".new", path)


def good(records):
    """The keys of jobs that ended well."""
    return {key(r) for r in records if r["record"] == "job" and r["status"] == "ok"}


def finished(records):
    """Those of jobs that ended well, and that others failed: what a resumed run keeps."""
    well = good(records)
    return [r for r in records if key(r) in well or r.get("status") == "failed"]


class Results:
    """Appends to the file; knows which jobs are done."""

    def __init__(self, path, resume):
        self.path = path
        kept = self._read() if resume else []
        self.done = good(kept)
        self.counts = {"ok": len(self.done), "failed": 0, "skipped": 0}
        replace(path, "".join(json.dumps(r) + "\n" for r in kept))
        self.file = open(path, "a", encoding="utf-8")

    def _read(self):
        if not os.path.exists(self.path):
            return []
        return finished(read(self.path))

    def add(self, about, status, reason="", samples=(), **more):
        """about: {JOB_FIELDS: value}; samples: [{size, metric, unit, value, better, verified}];
        more: command, cluster, seconds."""
        self.add_all([(about, status, reason, samples, more)])

    def add_all(self, jobs):
        """Several in one step, which an interruption does not part. jobs: as of add(), more as a dict."""
        lines = [line for job in jobs for line in self._lines(*job)]
        self.file.write("".join(json.dumps(line) + "\n" for line in lines))
        self.file.flush()
        os.fsync(self.file.fileno())
        for about, status, *_ in jobs:
            self.counts[status] += 1
            if status == "ok":
                self.done.add(tuple(about[name] for name in JOB_FIELDS))

    @staticmethod
    def _lines(about, status, reason, samples, more):
        time = now()
        more = {"command": "", "cluster": "", **more}
        ran = {name: more[name] for name in ("command", "cluster")}
        lines = [{"record": "sample", **about, **sample, **ran, "time": time}
                 for sample in samples]
        lines.append({"record": "job", **about, "status": status, "reason": reason,
                      "samples": len(lines), **more, "time": time})
        return lines

    def close(self):
        self.file.close()
