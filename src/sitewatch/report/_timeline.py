"""The site's timeline: a bar for each structure from onset to completion, and every acquisition as a tick."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.markers import CARETRIGHTBASE

from sitewatch.report._days import date_axis, day_number, day_numbers
from sitewatch.report._events import KEY_LINE_IN, Event, draw_events, key_lines, levels_of, write_key
from sitewatch.report._style import FAMILIES, INK, MUTED, PAPER, RULE, TRACK_COLOURS, drawable
from sitewatch.structure import Structure

WIDTH_IN = 5.4
MOST_ROWS = 40
ROW_IN = 0.24
BAR_COLOURS = {"confirmed": "#0072b2", "candidate": "#56b4e9", "rejected": "#a3adb8"}


def site_timeline(
    structures: Sequence[Structure],
    labels: Mapping[str, str],
    acquisitions: Mapping[str, tuple[str, Sequence[dt.date]]],
    colours: Mapping[str, str],
    events: Sequence[Event] = (),
) -> Figure:
    """Bars from begun to finished with whiskers for the intervals, over the acquisitions of each track.

    Parameters
    ----------
    structures
        Those with an onset are drawn, the first 40 of them, in the order given.
    labels
        Structure id to the number it carries in the dossier.
    acquisitions
        Track key to its label and acquisition dates.
    colours
        Track key to colour.
    events
        What was reported about the site: a letter and a dashed line each, with a key below.
    """
    rows = [s for s in structures if s.onset is not None][:MOST_ROWS]
    days = [day_number(d) for _, dates in acquisitions.values() for d in dates]
    days += [day_number(d) for s in rows if s.onset for d in (s.onset.earliest, s.onset.latest)]
    last = max(days, default=1.0)  # of the images: bars of what still grows end there, whatever was reported since
    days += [day_number(d) for e in events for d in (e.begins, e.ends) if d]
    first, end = (min(days), max(days)) if days else (0.0, 1.0)
    pad = max(0.02 * (end - first), 1.0)
    count = len(rows) + len(acquisitions)
    levels = levels_of(events, (end - first + 2 * pad) / (0.745 * WIDTH_IN))
    above = max(levels, default=-1) + 1
    lines = key_lines(events)
    key_in = KEY_LINE_IN * len(lines) + (0.1 if lines else 0.0)
    top_in, bottom_in = 0.08, 0.36 + key_in
    high_in = ROW_IN * max(count + above, 1)
    full_h = top_in + bottom_in + high_in
    figure = Figure(figsize=(WIDTH_IN, full_h), facecolor=PAPER)
    axes = figure.add_axes((0.235, bottom_in / full_h, 0.745, high_in / full_h))
    for y, structure in enumerate(rows):
        _bar(axes, y, structure, last)
    for y, (key, (_, dates)) in enumerate(acquisitions.items(), start=len(rows)):
        colour = colours.get(key, TRACK_COLOURS[0])
        axes.vlines(day_numbers(dates), y - 0.32, y + 0.32, color=colour, linewidth=0.8)
    names = [f"{labels.get(s.id, '')}  {s.kind}".strip() for s in rows] + [_short(v[0]) for v in acquisitions.values()]
    axes.set_yticks(range(count), [drawable(n) for n in names], parse_math=False)
    for label in axes.get_yticklabels():
        label.set_fontfamily(FAMILIES)
    axes.set(ylim=(max(count, 1) - 0.5, -0.5 - above), xlim=(first - pad, end + pad))
    draw_events(axes, events, levels, max(count, 1) - 0.5)
    paper = figure.add_axes((0, 0, 1, key_in / full_h if lines else 0.001))
    paper.set(xlim=(0, WIDTH_IN), ylim=(0, max(key_in, 0.001)))
    paper.set_axis_off()
    write_key(paper, lines, 0.08, key_in)
    if rows and acquisitions:
        axes.axhline(len(rows) - 0.5, color=MUTED, linewidth=0.6)
    date_axis(axes)
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_facecolor(PAPER)
    axes.tick_params(axis="y", length=0, labelsize=8, labelcolor=INK)
    axes.tick_params(axis="x", labelsize=8, labelcolor=MUTED, color=MUTED, length=3, width=0.6)
    for side, spine in axes.spines.items():
        spine.set(visible=side == "bottom", color=MUTED, linewidth=0.6)
    return figure


def _bar(axes: Axes, y: int, structure: Structure, last: float) -> None:
    if structure.onset is None:
        return
    colour = BAR_COLOURS[structure.status]
    start = day_number(structure.onset.latest)
    end = day_number(structure.completion.earliest) if structure.completion else last
    axes.barh(y, max(end - start, 0.0), left=start, height=0.42, color=colour, linewidth=0)
    for interval in (structure.onset, structure.completion):
        if interval is not None:
            ends = [day_number(d) for d in (interval.earliest, interval.latest)]
            axes.plot(ends, [y, y], color=INK, linewidth=1.0, marker="|", markersize=6, markeredgewidth=1.0)
    if structure.completion is None:
        axes.plot([last], [y], marker=CARETRIGHTBASE, color=colour, markersize=7, clip_on=False, linestyle="none")
    if structure.preparation_first_seen:
        seen = day_number(structure.preparation_first_seen)
        axes.plot([seen], [y], marker="D", color="none", markeredgecolor=INK, markersize=4, linestyle="none")


def _short(label: str) -> str:
    """A track label that fits beside the bars; the full one stands in the page's tables."""
    parts = [p.strip() for p in label.split(",")]
    words = [{"ascending": "asc.", "descending": "desc."}.get(p, p) for p in parts]
    text = " ".join(words[1:]) if len(words) > 2 else ", ".join(words)
    return text if len(text) <= 22 else text[:21] + "…"
