# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""The report as one HTML page that needs nothing but itself."""
import os

from . import limits, plots, rows, text
from .html import Raw, element, join, void

STYLE = os.path.join(os.path.dirname(__file__), "style.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
PARTS = (("summary", "Region against network"), ("limits", "What these figures do not show"),
         ("plots", "Plots"), ("results", "All results"), ("missing", "Not measured"),
         ("machine", "The machine"), ("repeat", "To repeat it"))


def number_cell(found):
    """A cell with its spread; data-lines are the records that it is the median of."""
    if found is None:
        return element("td", "–", class_="none")
    median, spread = text.cell(found)
    return element("td", median, *([element("small", spread)] if spread else []), class_="number",
                   data_lines=",".join(map(str, found.lines)))


def gain_cell(row, ours="region", other="netmod"):
    """data-lines and data-over: the records of both medians."""
    found = row.gain(ours, other)
    value, spread = text.gain(found)
    if found is None:
        return element("td", "–", class_="none")
    good, bad = row.cells[ours], row.cells[other]
    return element("td", value, element("small", spread), class_="gain",
                   data_lines=",".join(map(str, good.lines)),
                   data_over=",".join(map(str, bad.lines)), data_better=row.better)


def table(caption, head, body, class_=None):
    """In a frame that scrolls by itself where it is too wide."""
    made = element("table", element("caption", caption),
                   element("thead", element("tr", *(element("th", name, scope="col")
                                                    for name in head))),
                   element("tbody", *body), class_=class_)
    return element("div", made, class_="wide", tabindex=0, role="region", aria_label=caption)


def section(name, *children):
    return element("section", element("h2", dict(PARTS)[name]), *children, id=name)


# ---- parts ----------------------------------------------------------------------------------------

def summary_row(one, tables, place, found):
    hit = one.find(tables, place)
    head = element("th", one.title, scope="row")
    if hit is None:
        return element("tr", head, element("td", place), element(
            "td", rows.why_missing(one, place, found), colspan=9, class_="reason"))
    row = hit[1]
    return element("tr", head, element("td", place), element("td", row.parameters),
                   element("td", text.size(row), class_="fact"),
                   element("td", row.vms, class_="fact"),
                   element("td", row.ranks, class_="fact"), element("td", row.unit),
                   *(number_cell(row.cells.get(name)) for name in ("region", "netmod", "native")),
                   gain_cell(row))


def summary(tables, found, places):
    head = ("what", "where", "options", "bytes", "VMs", "ranks", "unit", "region", "network", "one VM",
            "region better, times")
    body = [summary_row(one, tables, place, found) for place in places
            for one in rows.wanted(rows.most_vms(tables, place))]
    return section("summary", element(
        "p", "Medians over the rounds; below them the least and the greatest value. The last column is "
        "how many times better the region is than the network, verbs in guests and TCP on the host; "
        "below it the same for the worst and the best pair of rounds. Where these lie on both sides "
        "of 1, the run does not tell which is better."),
        table("The rows that studies of this kind report", head, body))


def results_row(row, columns, by_variant):
    cells = [element("th", row.program, scope="row"), element("td", row.parameters),
             element("td", row.metric), element("td", text.size(row), class_="fact")]
    if not by_variant:
        cells.append(element("td", row.vms, class_="fact"))
    cells += [element("td", row.ranks, class_="fact"), element("td", row.unit)]
    cells += [number_cell(row.cells.get(name)) for name in columns]
    if not by_variant:
        cells += [gain_cell(row), gain_cell(row, "region", "native")]
    cells += [element("td", text.rounds(row, columns), class_="fact"),
              element("td", text.verified(row))]
    return element("tr", *cells)


def results_table(made):
    place = made.experiment.rpartition("-")[2]
    head = ["program", "options", "metric", "bytes", *([] if made.by_variant else ["VMs"]), "ranks",
            "unit", *(text.column(name, place) for name in made.columns)]
    if not made.by_variant:
        head += ["region against network, times better", "region against one VM, times better"]
    head += ["rounds", "verified"]
    body = [results_row(row, made.columns, made.by_variant) for row in made.rows]
    return join([element("h3", text.experiment_title(made.experiment)),
                 table(f"{text.experiment_title(made.experiment)}: medians and range", head, body)])


def missing(left, about):
    if not left:
        return section("missing", element("p", "Nothing: all of the run has results." if "ended" in about
                                          else "Nothing is on record, but the run did not end."))
    body = [element("tr", element("th", name, scope="row"), element("td", what), element("td", status),
                    element("td", reason)) for name, what, status, reason in left]
    return section("missing", table("What has no result, or not in each round, and why",
                                    ("experiment", "what", "", "reason"), body))


def flat(about, prefix=""):
    for name, value in about.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}: ")
        elif isinstance(value, list):
            yield f"{prefix}{name}".replace("_", " "), ", ".join(map(str, value))
        else:
            yield f"{prefix}{name}".replace("_", " "), value


def machine(about):
    body = [element("tr", element("th", name, scope="row"), element("td", value))
            for name, value in flat({k: v for k, v in about.items() if k != "options"})]
    return section("machine", table("What the figures were taken on", ("what", "value"), body,
                                    "machine"))


def repeat(tables, about):
    made = [element("p", "The whole run, then this page of its results:"),
            element("pre", f"{about.get('command', 'benchmarks/run')}\nbenchmarks/report RESULTS")]
    for one in tables:
        name, lines, up = one.experiment, [], ""
        for cluster, command in one.commands.values():
            if cluster not in ("", up):  # another one under the same name: the first has to go
                lines += [cluster.partition(" ")[0] + " down"] if up else []
                lines.append(cluster)
                up = cluster
            lines.append(command)
        made.append(element("details", element("summary", f"one job of each kind: {name}"),
                            element("pre", "\n".join([f"benchmarks/run --only {name}", "",
                                                      *lines]))))
    return section("repeat", *made)


# ---- plots ----------------------------------------------------------------------------------------

def size_plots(tables):
    """(title, labels, [(name, points)]) of each program that has several sizes."""
    for made in tables:
        programs = dict.fromkeys((row.program, row.parameters, row.vms, row.ranks) for row in made.rows)
        for program, parameters, vms, ranks in programs:
            chosen = [row for row in made.rows if (row.program, row.parameters, row.vms, row.ranks) ==
                      (program, parameters, vms, ranks) and row.size]
            if len({row.size for row in chosen}) < 2:
                continue
            series = [(text.column(name, chosen[0].place), [
                (row.size, row.cells[name].median, row.cells[name].lines) for row in chosen
                if name in row.cells and row.cells[name].median > 0]) for name in made.columns]
            words = [program, parameters, f"{vms} VMs" if not made.by_variant else "",
                     f"{ranks} ranks", chosen[0].place]
            yield (", ".join(filter(None, words)), ("bytes", chosen[0].unit),
                   [(name, points) for name, points in series if points])


def scaling_plots(tables):
    for made in tables:
        if "-scaling" not in made.experiment:
            continue
        for program in dict.fromkeys(row.program for row in made.rows):
            chosen = [row for row in made.rows if row.program == program and row.metric == "seconds"]
            series = []
            for name in made.columns:
                points = [(row.vms, cell.median, cell.lines) for row in chosen
                          for cell in [row.cells.get(name) or
                                       (row.cells.get("native") if row.vms == 1 else None)]
                          if cell and row.vms > 0 and cell.median > 0]
                if len(points) > 1:
                    series.append((text.column(name, chosen[0].place), points))
            if series:
                yield f"{text.experiment_title(made.experiment)}: {program}", ("VMs", "s"), series


def application_bars(made, number):
    parts = ("computation_seconds", "communication_seconds")
    split = {}
    for row in made.rows:
        for name, cell in row.cells.items():
            if row.metric in parts:
                group = ", ".join(filter(None, (row.program, row.parameters, f"{row.vms} VMs" if
                                                row.vms > 1 else "", f"{row.ranks} ranks")))
                key = (group, text.column(name))
                split.setdefault(key, {})[row.metric] = (cell.median, cell.lines)
    drawn = [(group, label.partition(" ")[0] if label != "one VM" else label,
              [found[part] for part in parts])
             for (group, label), found in split.items() if len(found) == 2]
    if not drawn:
        return None
    title = f"{text.experiment_title(made.experiment)}: time in computation and communication"
    return element("figure", element("figcaption", title), legend_of_bars(), plots.bars(
        number, title, "Mean of the ranks; each problem is scaled to its slowest channel. The values "
        "are in the tables.", drawn, "s"))


def legend_of_bars():
    return plots.legend(["computation", "communication"], dashes=False)


def all_plots(tables):
    figures = []
    for title, labels, series in [*size_plots(tables), *scaling_plots(tables)]:
        drawn = plots.curves(len(figures), title, labels, series)
        if drawn is not None:
            figures.append(element("figure", element("figcaption", title),
                                   plots.legend([name for name, _ in series]), drawn))
    for made in tables:
        if made.experiment.startswith("apps"):
            drawn = application_bars(made, len(figures))
            figures += [] if drawn is None else [drawn]
    if not figures:
        figures = [element("p", "None: no program has results for several sizes.")]
    return section("plots", element("div", *figures, class_="figures"))


# ---- the page -------------------------------------------------------------------------------------

def head(title):
    with open(STYLE, encoding="utf-8") as style:
        css = style.read()
    return element("head", void("meta", charset="utf-8"),
                   void("meta", http_equiv="Content-Security-Policy", content=POLICY),
                   void("meta", name="viewport", content="width=device-width, initial-scale=1"),
                   void("meta", name="color-scheme", content="light dark"),
                   void("link", rel="icon", href="data:,"),
                   element("title", title), element("style", Raw(css)))


def page(tables, found, left, about):
    places = [place for place in ("guests", "host") if any(r["place"] == place for r in found)]
    title = "mpich-ivshmem: what the region is worth"
    intro = element("p", f"Measured {str(about.get('date', ''))[:10]} on {about.get('cores', '?')} "
                    f"processors ({about.get('cpu', 'unknown')}), {about.get('memory_gb', '?')} GB, "
                    f"kernel {about.get('kernel', '?')}; source {about.get('source', '?')}. ",
                    "Programs ran over the region that VMs share, over the network between them, and "
                    "inside one VM, in turn; a dash is what was left out. Data and results were "
                    "checked, but for rows that say otherwise.")
    known = limits.known(tables, about)
    nav = element("nav", *(element("a", words, href=f"#{name}") for name, words in PARTS),
                  aria_label="Parts of this page")
    body = element(
        "body", element("header", element("h1", title), intro, nav),
        element("main", summary(tables, found, places),
                section("limits", element("ul", *(element("li", one) for one in known))),
                all_plots(tables), section("results", *(results_table(one) for one in tables)),
                missing(left, about), machine(about), repeat(tables, about)))
    return f"<!DOCTYPE html>\n{element('html', head(title), body, lang='en')}\n"
