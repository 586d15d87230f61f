# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""What can be said of a report without a browser: is it well formed, does it need anything from
elsewhere, and does each of its numbers follow from the records it names?"""
import json
import re
import statistics
from dataclasses import dataclass, field
from html.parser import HTMLParser

from comparelib.output import number

EMPTY = {"meta", "link", "br", "hr", "img", "input"}
# Attributes by which a page would fetch something.
FETCHING = {"src", "srcset", "href", "data", "poster", "action", "background", "xlink:href"}
LOADING = {"script", "iframe", "object", "embed", "img", "base", "form", "audio", "video", "source"}


@dataclass
class Element:
    name: str
    attributes: dict
    children: list = field(default_factory=list)  # elements and texts

    def text(self):
        return "".join(c if isinstance(c, str) else c.text() for c in self.children)

    def all(self, *names):
        """Below this one, in their order."""
        for child in self.children:
            if isinstance(child, Element):
                if not names or child.name in names:
                    yield child
                yield from child.all(*names)


class Page(HTMLParser):
    """The tree of a page; problems names what is wrong with its form."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open, self.problems = [self.root], []
        self.feed(text)
        self.close()
        self.problems += [f"<{one.name}> is not closed" for one in self.open[1:]]

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        if len(set(names)) != len(names):
            self.problems.append(f"<{tag}>: an attribute twice")
        made = Element(tag, dict(attrs))
        self.open[-1].children.append(made)
        if tag not in EMPTY:
            self.open.append(made)

    def handle_endtag(self, tag):
        if len(self.open) < 2 or self.open[-1].name != tag:
            self.problems.append(f"line {self.getpos()[0]}: </{tag}> ends <{self.open[-1].name}>")
            return
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].children.append(data)


def fetches(page):
    """What the page would take from elsewhere, or run."""
    for one in page.root.all():
        if one.name in LOADING:
            yield f"<{one.name}>"
        for name, value in one.attributes.items():
            if name in FETCHING and not (value or "").startswith(("#", "data:,")):
                yield f"<{one.name} {name}={value}>"
            if name.startswith("on"):
                yield f"<{one.name} {name}>"
        if one.name == "style" and re.search(r"@import|url\(", one.text()):
            yield "a style sheet that fetches"


def ids(page):
    """Problems of links inside the page, and of ids."""
    found = [one.attributes["id"] for one in page.root.all() if "id" in one.attributes]
    yield from (f"id {name} twice" for name in set(found) if found.count(name) > 1)
    for one in page.root.all():
        wanted = [one.attributes["href"][1:]] if one.attributes.get("href", "").startswith("#") else []
        wanted += one.attributes.get("aria-labelledby", "").split()
        yield from (f"{name}: is nowhere" for name in wanted if name not in found)


def accessible(page):
    """Tables without caption or head, drawings without title, an image role or a text."""
    for one in page.root.all("table"):
        first = next(one.all(), None)
        if first is None or first.name != "caption" or not first.text().strip():
            yield "a table without a caption"
        if any(not cell.attributes.get("scope") for cell in one.all("th")):
            yield "a heading of a table without scope"
    for one in page.root.all("svg"):
        if one.attributes.get("aria-hidden") == "true":
            continue
        names = [child.name for child in one.children if isinstance(child, Element)][:2]
        if one.attributes.get("role") != "img" or names != ["title", "desc"]:
            yield "a drawing without role, title or description"
    html = next(page.root.all("html"), Element("", {}))
    if not html.attributes.get("lang") or not next(page.root.all("title")).text().strip():
        yield "no language, or no title"


def lines(one, name):
    return [int(word) for word in one.attributes[name].split(",")]


def record_values(path):
    """{number of the line: value} of the samples."""
    with open(path, encoding="utf-8") as text:
        found = {n: json.loads(line) for n, line in enumerate(text, 1)}
    return {n: r["value"] for n, r in found.items() if r["record"] == "sample"}


def head_text(cell):
    """Without the range below it."""
    return cell.text().removesuffix("".join(small.text() for small in cell.all("small")))


def untraced(page, values):
    """Numbers that do not follow from the records they name, and numbers that name none."""
    for cell in page.root.all("td"):
        kind, shown = cell.attributes.get("class", ""), head_text(cell)
        if kind == "number" and shown != number(statistics.median(
                values[n] for n in lines(cell, "data-lines"))):
            yield f"{shown} is not the median of lines {cell.attributes['data-lines']}"
        if kind == "gain" and re.fullmatch(r"[\d.e+-]+", shown):
            ours, other = (statistics.median(values[n] for n in lines(cell, name))
                           for name in ("data-lines", "data-over"))
            want = other / ours if cell.attributes["data-better"] == "lower" else ours / other
            if abs(float(shown) / want - 1) > 0.01:
                yield f"gain {shown} is not {want:.4g}"
        if not kind and re.fullmatch(r"\d+(\.\d+)?", shown.strip()) and not _of_machine(page, cell):
            yield f"{shown}: a number that names no record"
    for one in page.root.all("circle", "polygon", "rect"):
        if "data-lines" in one.attributes and abs(float(one.attributes["data-value"]) - statistics.median(
                values[n] for n in lines(one, "data-lines"))) > 1e-9:
            yield f"a mark at {one.attributes['data-value']} that is not its records'"


def _of_machine(page, cell):
    return any(other is cell for table in page.root.all("table")
               if table.attributes.get("class") == "machine" for other in table.all("td"))


def shown_lines(page):
    """The numbers of all records that stand behind a number in the tables."""
    return {n for cell in page.root.all("td") for name in ("data-lines", "data-over")
            if name in cell.attributes for n in lines(cell, name)}


def problems(html, values):
    """All of the above, one line each."""
    page = Page(html)
    found = [*page.problems, *fetches(page), *ids(page), *accessible(page), *untraced(page, values)]
    missing = set(values) - shown_lines(page)
    if missing:
        found.append(f"records {sorted(missing)[:5]} are not on the page")
    return found
