# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Plots as SVG: curves on logarithmic axes, and bars of two parts. Kinds differ by colour, dashes and
marks, so that no colour is needed to tell them apart."""
import math

from .html import Raw, element, join

WIDTH, HEIGHT = 640, 380
LEFT, RIGHT, TOP, BOTTOM = 78, 16, 16, 56
MARKS = ("circle", "square", "triangle", "diamond")


def short(value):
    """Of an axis: 64, 1K, 1M or 0.1, 10, 1e+06."""
    if value >= 1024 and value == int(value) and int(value) & (int(value) - 1) == 0:
        for factor, letter in ((1 << 20, "M"), (1 << 10, "K")):
            if value >= factor:
                return f"{int(value) // factor}{letter}"
    return f"{value:g}"


class Axis:
    """From value to position; logarithmic, with ticks at powers of the base or at given values."""

    def __init__(self, values, begin, end, base=10, ticks=None):
        low, high = math.log(min(values), base), math.log(max(values), base)
        if ticks is None:
            low, high = math.floor(low + 1e-9), math.ceil(high - 1e-9)
            high = max(high, low + 1)
            step = max(1, math.ceil((high - low) / 8))
            ticks = [base ** n for n in range(low, high + 1, step)]
        elif high == low:
            low, high = low - 1, high + 1
        self.base, self.low, self.high = base, low, high
        self.begin, self.end, self.ticks = begin, end, ticks

    def at(self, value):
        part = (math.log(value, self.base) - self.low) / (self.high - self.low)
        return round(self.begin + part * (self.end - self.begin), 1)


def mark(kind, x, y, **attributes):
    title = element("title", attributes.pop("title"))
    if kind == "circle":
        return element("circle", title, cx=x, cy=y, r=4, **attributes)
    shapes = {"square": ((-4, -4), (4, -4), (4, 4), (-4, 4)),
              "triangle": ((0, -5), (5, 4), (-5, 4)), "diamond": ((0, -5), (5, 0), (0, 5), (-5, 0))}
    points = " ".join(f"{round(x + dx, 1)},{round(y + dy, 1)}" for dx, dy in shapes[kind])
    return element("polygon", title, points=points, **attributes)


def frame(number, title, description, height, children):
    return element("svg", element("title", title, id=f"plot-{number}-title"),
                   element("desc", description, id=f"plot-{number}-text"), *children,
                   viewBox=f"0 0 {WIDTH} {height}", role="img",
                   aria_labelledby=f"plot-{number}-title plot-{number}-text")


def _grid(x, y, x_label, y_label):
    parts = []
    for value in x.ticks:
        parts.append(element("line", x1=x.at(value), x2=x.at(value), y1=TOP, y2=HEIGHT - BOTTOM,
                             class_="grid"))
        parts.append(element("text", short(value), x=x.at(value), y=HEIGHT - BOTTOM + 18,
                             text_anchor="middle"))
    for value in y.ticks:
        parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y.at(value), y2=y.at(value),
                             class_="grid"))
        parts.append(element("text", short(value), x=LEFT - 8, y=y.at(value) + 4, text_anchor="end"))
    parts.append(element("text", x_label, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 12,
                         text_anchor="middle"))
    parts.append(element("text", y_label, x=0, y=0, text_anchor="middle",
                         transform=f"translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)"))
    return parts


def curves(number, title, labels, series):
    """series: [(name, [(x, y, lines)])], x and y above 0; labels: of both axes. None without points."""
    points = [point for _, found in series for point in found]
    if not points:
        return None
    xs = sorted({point[0] for point in points})
    x = Axis(xs, LEFT, WIDTH - RIGHT, 2, xs if len(xs) <= 8 else xs[::2])
    y = Axis([point[1] for point in points], HEIGHT - BOTTOM, TOP)
    parts = _grid(x, y, *labels)
    for i, (name, found) in enumerate(series):
        line = " ".join(f"{x.at(a)},{y.at(b)}" for a, b, _ in found)
        parts.append(element("polyline", points=line, class_=f"line series-{i % 4}"))
        parts += [mark(MARKS[i % 4], x.at(a), y.at(b), class_=f"mark series-{i % 4}",
                       data_lines=",".join(map(str, lines)), data_value=repr(b),
                       title=f"{name}: {a}: {b:.4g} {labels[1]}") for a, b, lines in found]
    text = f"{labels[1]} against {labels[0]}, both logarithmic: " + "; ".join(
        f"{name} from {min(b for _, b, _ in found):.4g} to {max(b for _, b, _ in found):.4g}"
        for name, found in series) + ". The values are in the tables."
    return frame(number, title, text, HEIGHT, parts)


def legend(names, dashes=True):
    """Of curves, or of the parts of bars."""
    def sample(i):
        if not dashes:
            return element("svg", element("rect", x=0, y=2, width=30, height=12, class_=f"bar part-{i}"),
                           viewBox="0 0 30 16", width=30, height=16, aria_hidden="true")
        return element("svg", element("polyline", points="0,8 30,8", class_=f"line series-{i % 4}"),
                       mark(MARKS[i % 4], 15, 8, class_=f"mark series-{i % 4}", title=names[i]),
                       viewBox="0 0 30 16", width=30, height=16, aria_hidden="true")
    return element("p", *(join([sample(i), f" {name}  "]) for i, name in enumerate(names)),
                   class_="legend")


def bars(number, title, description, rows, unit):
    """rows: [(group, label, [(value, lines) of each part])]; each group has its name above it and is
    scaled to its longest."""
    longest = {}
    for group, _, parts in rows:
        longest[group] = max(longest.get(group, 0), sum(value for value, _ in parts))
    left, step, y, drawn, last = 80, 20, 8, [], None
    for group, label, parts in rows:
        if group != last:
            y += 10 if last is not None else 0
            drawn.append(element("text", group, x=0, y=y + 12))
            y += step
        x = left
        name = f"{group}: {label}"
        drawn.append(element("text", label, x=left - 8, y=y + 12, text_anchor="end"))
        for i, (value, lines) in enumerate(parts):
            width = round(max(value, 0) / (longest[group] or 1) * (WIDTH - left - 90), 1)
            drawn.append(element("rect", element("title", f"{name}: {value:.4g} {unit}"), x=x, y=y,
                                 width=width, height=step - 5, class_=f"bar part-{i}",
                                 data_lines=",".join(map(str, lines)), data_value=repr(value)))
            x += width
        total = sum(value for value, _ in parts)
        drawn.append(element("text", f"{total:.3g} {unit}", x=round(x + 6, 1), y=y + 12))
        y, last = y + step, group
    return frame(number, title, description, y + 8, drawn) if rows else Raw("")
