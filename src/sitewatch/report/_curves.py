"""Curves of one structure through time: how much of it stands, and how bright its footprint is."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sitewatch.report._days import date_axis, day_number, day_numbers, time_numbers
from sitewatch.report._series import Series
from sitewatch.report._style import (
    COMPLETION_COLOUR,
    INK,
    MUTED,
    ONSET_COLOUR,
    PAPER,
    PHASE_COLOURS,
    PREPARATION_COLOUR,
    RULE,
    TRACK_COLOURS,
    drawable,
)
from sitewatch.structure import PHASES, Structure

WIDTH_IN = 5.4
LEGEND_COLUMNS = 2
STRIP_IN = 0.26
FEWEST_JOINED = 3
LENGTH_IN = 1.15
# A phase is named beside the strip where its chance exceeds this at some image.
LEAST_SHOWN = 0.05


def structure_curves(structure: Structure, series: Sequence[Series], colours: Mapping[str, str]) -> Figure:
    """Growth with its band of two standard deviations over backscatter by polarisation, on one time axis; of linear
    works, the length built as well.

    Parameters
    ----------
    structure
        Its growth, onset, completion and preparation are drawn.
    series
        Backscatter of the footprint (solid) and of its surroundings (thin), a panel a polarisation.
    colours
        Track key to colour.
    """
    names = list(dict.fromkeys(s.polarisation for s in series))
    strip = [STRIP_IN] if has_strip(structure) else []
    lengths = [LENGTH_IN] if structure.length_growth else []
    heights = [1.5, *lengths, *strip] + [1.15] * len(names)
    marks = _marks(structure, series, colours)
    legend_in, bottom_in, gap_in = 0.14 + 0.165 * math.ceil(len(marks) / LEGEND_COLUMNS), 0.4, 0.16
    full_h = legend_in + sum(heights) + gap_in * (len(heights) - 1) + bottom_in
    figure = Figure(figsize=(WIDTH_IN, full_h), facecolor=PAPER)
    top = full_h - legend_in
    panels: list[Axes] = []
    for height in heights:
        panels.append(figure.add_axes((0.115, (top - height) / full_h, 0.875, height / full_h)))
        top -= height + gap_in
    rest = iter(panels)
    _growth(next(rest), structure)
    if lengths:
        _length(next(rest), structure)
    phased = next(rest) if strip else None
    if phased is not None:
        _phases(phased, structure)
    for axes, name in zip(rest, names, strict=True):
        _backscatter(axes, [s for s in series if s.polarisation == name], colours, name)
    limits = _time_limits(structure, series)
    for axes in panels:
        if axes is not phased:
            _shade(axes, structure)
        _dress(axes, limits, last=axes is panels[-1])
    _legend(figure, marks, (full_h - 0.04) / full_h)
    return figure


def _growth(axes: Axes, structure: Structure) -> None:
    """A line a track; points for images of tracks of one or two, which were judged within themselves."""
    for track in dict.fromkeys(p.track for p in structure.growth):
        points = sorted((p for p in structure.growth if p.track == track), key=lambda p: p.date)
        days = day_numbers([p.date for p in points])
        fraction = 100 * np.array([p.fraction for p in points])
        spread = 200 * np.array([p.sd if np.isfinite(p.sd) else 0.0 for p in points])
        low, high = np.clip(fraction - spread, 0, 100), np.clip(fraction + spread, 0, 100)
        if len(points) < FEWEST_JOINED:
            # Single images say little each: a point with its band, and no line to lead the eye.
            axes.errorbar(
                days, fraction, [fraction - low, high - fraction], color=MUTED, fmt="o", markersize=2.4, linewidth=0.8
            )
            continue
        axes.fill_between(days, low, high, color=MUTED, alpha=0.3, linewidth=0)
        # The track that gave the outline leads.
        leads = track in structure.tracks[:1] or len(structure.tracks) < 2
        axes.plot(
            days, fraction, color=INK, linewidth=1.4 if leads else 0.8, marker="o", markersize=2.4 if leads else 1.4
        )
    axes.set(ylim=(-4, 104), yticks=[0, 25, 50, 75, 100])
    axes.set_ylabel("removed, %" if structure.kind == "demolition" else "built, %", fontsize=8.5, color=INK)


def _length(axes: Axes, structure: Structure) -> None:
    """Length of a linear work by date, metres."""
    days = day_numbers([p.date for p in structure.length_growth])
    length = np.array([p.length_m for p in structure.length_growth])
    spread = 2 * np.array([p.length_m_sd for p in structure.length_growth])
    top = float((length + spread).max())
    axes.fill_between(days, np.maximum(length - spread, 0), length + spread, color=MUTED, alpha=0.3, linewidth=0)
    axes.plot(days, length, color=INK, linewidth=1.4, marker="o", markersize=2.4)
    axes.set_ylim(-0.04 * top, 1.04 * top)
    axes.locator_params(axis="y", nbins=4)
    axes.set_ylabel("length built, m", fontsize=8.5, color=INK)


def has_strip(structure: Structure) -> bool:
    """Whether a strip of phases is drawn: of two images or more, and not of what was taken down."""
    return len(structure.phases) > 1 and structure.kind != "demolition"


def _phases(axes: Axes, structure: Structure) -> None:
    """Chances of the phases, stacked."""
    days = day_numbers([p.date for p in structure.phases])
    chances = np.array([p.probabilities for p in structure.phases]).T
    axes.stackplot(days, chances, colors=PHASE_COLOURS, linewidth=0)
    axes.set(ylim=(0, 1), yticks=[])
    axes.set_ylabel("phase", fontsize=8.5, color=INK)


def _backscatter(axes: Axes, series: Sequence[Series], colours: Mapping[str, str], name: str) -> None:
    for s in series:
        days = time_numbers(s.times)
        colour = colours.get(s.track, TRACK_COLOURS[0])
        axes.plot(days, s.surroundings_db, color=colour, linewidth=0.7, alpha=0.45)
        axes.plot(days, s.footprint_db, color=colour, linewidth=1.1, marker="o", markersize=2.0)
    axes.set_ylabel(f"{drawable(name)}, dB", fontsize=8.5, color=INK, parse_math=False)


def _shade(axes: Axes, structure: Structure) -> None:
    for interval, colour in ((structure.onset, ONSET_COLOUR), (structure.completion, COMPLETION_COLOUR)):
        if interval is not None:
            axes.axvspan(
                day_number(interval.earliest), day_number(interval.latest), color=colour, alpha=0.35, linewidth=0
            )
    if structure.preparation_first_seen:
        axes.axvline(
            day_number(structure.preparation_first_seen), color=PREPARATION_COLOUR, linewidth=1.2, linestyle="--"
        )


def _time_limits(structure: Structure, series: Sequence[Series]) -> tuple[float, float]:
    days = [day_number(p.date) for p in structure.growth]
    days += [float(d) for s in series for d in time_numbers(s.times)]
    for interval in (structure.onset, structure.completion):
        days += [day_number(d) for d in (interval.earliest, interval.latest)] if interval else []
    if not days:
        days = [day_number(dt.date(2000, 1, 1))]
    pad = max(0.015 * (max(days) - min(days)), 1.0)
    return min(days) - pad, max(days) + pad


def _dress(axes: Axes, limits: tuple[float, float], *, last: bool) -> None:
    axes.set_xlim(*limits)
    date_axis(axes)
    axes.tick_params(labelsize=8, color=MUTED, labelcolor=MUTED, length=3, width=0.6, labelbottom=last)
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_facecolor(PAPER)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), color=MUTED, linewidth=0.6)


def _marks(structure: Structure, series: Sequence[Series], colours: Mapping[str, str]) -> list[Any]:
    built = "removed" if structure.kind == "demolition" else "built"
    marks: list[Any] = [Line2D([], [], color=INK, linewidth=1.4, label=f"{built}, ±2 sd")]
    if structure.onset:
        marks.append(Patch(color=ONSET_COLOUR, alpha=0.5, label="begun within"))
    if structure.completion:
        marks.append(Patch(color=COMPLETION_COLOUR, alpha=0.5, label="finished within"))
    if structure.preparation_first_seen:
        marks.append(Line2D([], [], color=PREPARATION_COLOUR, linestyle="--", label="site preparation first seen"))
    if has_strip(structure):
        shown = np.array([p.probabilities for p in structure.phases]).max(axis=0) > LEAST_SHOWN
        pairs = zip(PHASES, PHASE_COLOURS, shown, strict=True)
        marks += [Patch(color=colour, label=phase.lower()) for phase, colour, there in pairs if there]
    for track, label in {s.track: s.track_label for s in series}.items():
        colour = colours.get(track, TRACK_COLOURS[0])
        marks.append(Line2D([], [], color=colour, marker="o", markersize=3, label=drawable(label[:40])))
    if series:
        marks.append(Line2D([], [], color=MUTED, linewidth=0.7, label="thin: its surroundings"))
    return marks


def _legend(figure: Figure, marks: Sequence[Any], top: float) -> None:
    legend = figure.legend(
        handles=list(marks),
        loc="upper left",
        bbox_to_anchor=(0.095, top),
        ncols=LEGEND_COLUMNS,
        fontsize=7.5,
        frameon=False,
        handlelength=1.6,
        columnspacing=1.4,
        borderpad=0.0,
        labelspacing=0.4,
        borderaxespad=0.0,
        labelcolor=INK,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
