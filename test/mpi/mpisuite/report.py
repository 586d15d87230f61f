# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Results: TAP for people and automake, TSV for comparison, JUnit for build servers."""
import os
import re
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from . import verdict

COLUMNS = ("layout", "test", "np", "result", "seconds", "reason")


@dataclass
class Result:
    layout: str
    test: object
    result: str
    seconds: float = 0.0
    reason: str = ""
    output: str = ""
    expected: str = ""  # reason from the expected-failures file

    @property
    def is_bad(self):
        failed = self.result in (verdict.FAIL, verdict.TIMEOUT)
        return failed and not self.expected

    @property
    def is_surprise(self):
        return self.result == verdict.PASS and bool(self.expected)


def _clean(text):
    return re.sub(r"[\t\r\n]+", " ", text)


def tsv_line(result):
    return "\t".join((result.layout, result.test.name, str(result.test.np), result.result,
                      f"{result.seconds:.1f}", _clean(result.reason)))


def write_tsv(path, lines, header):
    """Writes whole or not at all, so that a reader never sees half a table."""
    with open(path + ".new", "w", encoding="utf-8") as out:
        for text in header:
            out.write(f"# {text}\n")
        out.write("\t".join(COLUMNS) + "\n")
        for line in lines:
            out.write(line + "\n")
    os.replace(path + ".new", path)


def read_tsv(path):
    """{(layout, test, np): [columns]}; an absent file is empty."""
    rows = {}
    if not os.path.exists(path):
        return rows
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = line.rstrip("\n").split("\t")
            if line.startswith("#") or len(row) != len(COLUMNS) or row[0] == COLUMNS[0]:
                continue
            rows[(row[0], row[1], row[2])] = row
    return rows


def tap_line(number, result):
    ident = f"{result.layout}: {result.test.ident}".replace("#", r"\#")
    text = f"{number} - {ident}"
    if result.result == verdict.SKIP:
        return f"ok {text} # SKIP {_clean(result.reason)}"
    state = "ok" if result.result == verdict.PASS else "not ok"
    if result.expected:
        return f"{state} {text} # TODO {_clean(result.expected)}"
    return f"{state} {text} # time={result.seconds:.1f}"


def tap_details(result):
    lines = [f"#   {_clean(result.reason)}"] if result.reason else []
    return lines + [f"#   | {line}" for line in result.output.splitlines()[:20]]


def _junit_case(result):
    name = quoteattr(f"{result.test.ident}")
    head = f'<testcase classname="{result.layout}" name={name} time="{result.seconds:.1f}">'
    body = ""
    if result.is_bad:
        text = "".join(c for c in result.output if c.isprintable() or c in "\n\t")
        body = f"<failure message={quoteattr(_clean(result.reason))}>{escape(text)}</failure>"
    elif result.result != verdict.PASS:
        body = f"<skipped message={quoteattr(_clean(result.expected or result.reason))}/>"
    return f"  {head}{body}</testcase>"


def write_junit(path, results):
    bad = sum(r.is_bad for r in results)
    skipped = sum(r.result != verdict.PASS and not r.is_bad for r in results)
    with open(path, "w", encoding="utf-8") as out:
        out.write(f'<testsuite name="mpich" tests="{len(results)}" failures="{bad}" '
                  f'skipped="{skipped}">\n')
        for result in results:
            out.write(_junit_case(result) + "\n")
        out.write("</testsuite>\n")
