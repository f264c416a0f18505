"""Maps of the whole site: the overview with every structure, and the red-cyan composite of before and after."""

from __future__ import annotations

import datetime as dt
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from shapely.geometry.base import BaseGeometry

from sitewatch.report._captions import as_date, dates_words
from sitewatch.report._days import day_number
from sitewatch.report._furniture import Sheet, new_sheet, write, write_lines
from sitewatch.report._labels import place_labels
from sitewatch.report._outlines import draw_outline, rings
from sitewatch.report._pairs import standard_foot
from sitewatch.report._picture import Picture
from sitewatch.report._style import (
    CANDIDATE_COLOUR,
    GREY_MAP,
    INK,
    MUTED,
    NO_DATA_COLOUR,
    ONSET_MAP,
    REJECTED_COLOUR,
    halo,
    stretch_db,
)
from sitewatch.site import SiteFeature
from sitewatch.structure import Structure
from sitewatch.words import span_words, upper_first

WIDTH_IN = 5.4
MAX_HEIGHT_IN = 6.6
MARGINS_IN = (0.34, 0.1)
MOST_LABELS = 40
MOST_WORDED_LABELS = 12
TICK_LABELS_IN = 0.22
MOST_LETTERS = 32


def overview_map(
    picture: Picture,
    structures: Sequence[Structure],
    labels: Mapping[str, str],
    area: BaseGeometry | None = None,
    facilities: Sequence[SiteFeature] = (),
) -> Figure:
    """Latest image of the site in grey with every structure outlined and numbered.

    Parameters
    ----------
    picture
        The whole site.
    structures
        Confirmed ones are drawn solid in the colour of their onset, candidates dashed, rejected ones dotted.
    labels
        Structure id to the number it carries in the dossier; rejected ones stay without.
    area
        Outline of the site, EPSG:4326.
    facilities
        Known ones are named and drawn with thin white dots; those without a place are left out.
    """
    dated = [s for s in structures if s.status == "confirmed" and s.onset]
    lines = _legend_lines(structures)
    foot = 0.95 + (0.26 if lines else 0) + (0.42 if len(_onsets(dated)) > 1 else 0)
    sheet = new_sheet(
        picture.frame, width_in=WIDTH_IN, max_height_in=MAX_HEIGHT_IN, head_in=0.28, foot_in=foot, margins_in=MARGINS_IN
    )
    black, white = stretch_db(picture.db)
    sheet.picture.imshow(picture.db, extent=picture.frame.extent, cmap=GREY_MAP, vmin=black, vmax=white, aspect="auto")
    coordinate_ticks(sheet)
    write_lines(sheet.head, 0, 0.24, upper_first(dates_words(picture)), width_in=sheet.width_in, lines=1, color=INK)
    frame = picture.frame
    if area is not None:
        draw_outline(sheet.picture, frame, area, color="#ffffff", linewidth=0.7, linestyle=(0, (6, 4)), alpha=0.7)
    colour_of = onset_colours(structures)
    for structure in sorted(structures, key=lambda s: ("rejected", "candidate", "confirmed").index(s.status)):
        draw_outline(
            sheet.picture, frame, structure.footprint, color=colour_of[structure.id], **_line_of(structure.status)
        )
    named = [s for s in structures if s.status != "rejected" and s.id in labels][:MOST_LABELS]
    words = {s.id: f"{labels[s.id]} {s.kind}" if len(named) <= MOST_WORDED_LABELS else labels[s.id] for s in named}
    anchors = [(words[s.id], frame.project(s.footprint), colour_of[s.id]) for s in named]
    view = shapely.box(frame.left, frame.bottom, frame.right, frame.top)
    anchors = [
        (text, shapely.intersection(shape, view), colour)
        for text, shape, colour in anchors
        if shapely.intersects(shape, view)
    ]
    known = _facilities(sheet, facilities, view)
    obstacles = [frame.project(s.footprint) for s in structures if s.status != "rejected"]
    place_labels(sheet.picture, picture, anchors + known, obstacles, fontsize=8)
    _lower_foot(sheet, picture, lines, dated)
    return sheet.figure


def _facilities(
    sheet: Sheet, facilities: Sequence[SiteFeature], view: BaseGeometry
) -> list[tuple[str, BaseGeometry, str]]:
    """Draw the known facilities in view; what their labels say and where."""
    found = []
    for one in facilities:
        shape = None if one.geometry is None else shapely.intersection(sheet.frame.project(one.geometry), view)
        if shape is None or shape.is_empty:
            continue
        for line in rings(shape) or [shapely.get_coordinates(shape)]:
            marker = "o" if len(line) == 1 else ""
            sheet.picture.plot(
                line[:, 0], line[:, 1], color="#ffffff", linewidth=0.9, linestyle=(0, (1, 1.5)), marker=marker,
                markersize=3, path_effects=halo(1.8),
            )  # fmt: skip
        name = one.name or one.id
        found.append((textwrap.shorten(name, MOST_LETTERS, placeholder="…") or name[:MOST_LETTERS], shape, "#ffffff"))
    return found


def composite_map(before: Picture, after: Picture) -> Figure:
    """Before in red, after in green and blue: new brightness turns cyan, lost brightness red, the unchanged grey."""
    key_in = 0.3
    sheet = new_sheet(
        before.frame, width_in=WIDTH_IN, max_height_in=MAX_HEIGHT_IN, head_in=0.28 + key_in, foot_in=0.92,
        margins_in=MARGINS_IN,
    )  # fmt: skip
    black, white = stretch_db(before.db, after.db)
    red, cyan = (np.clip((p.db - black) / (white - black), 0, 1) for p in (before, after))
    rgb = np.stack([red, cyan, cyan], axis=-1)
    missing = ~np.isfinite(rgb).all(axis=-1)
    rgb[missing] = [int(NO_DATA_COLOUR[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    sheet.picture.imshow(rgb, extent=before.frame.extent, aspect="auto")
    coordinate_ticks(sheet)
    first, last = (span_words(as_date(p.times[0]), as_date(p.times[-1])) for p in (before, after))
    write_lines(
        sheet.head, 0, sheet.head_in - 0.04, f"Before: {first}. After: {last} (UTC)", width_in=sheet.width_in, lines=1,
        color=INK,
    )  # fmt: skip
    x = 0.0
    for colour, meaning in (("#00c8c8", "brighter after"), ("#d62020", "brighter before"), ("#808080", "unchanged")):
        sheet.head.add_patch(Rectangle((x, 0.1), 0.2, 0.14, facecolor=colour, edgecolor=MUTED, linewidth=0.5))
        text = write(sheet.head, x + 0.26, 0.165, meaning, fontsize=8.5)
        x += 0.26 + width_in(text) + 0.2
    standard_foot(sheet, after, top_in=sheet.foot_in - TICK_LABELS_IN)
    return sheet.figure


def coordinate_ticks(sheet: Sheet) -> None:
    """Longitude along the bottom edge and latitude along the left one, in degrees, at round values."""
    axes = sheet.picture
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    frame = sheet.frame
    xs, ys = np.linspace(left, right, 65), np.linspace(bottom, top, 65)
    lons = np.array([frame.lonlat(x, bottom)[0] for x in xs])
    lats = np.array([frame.lonlat(left, y)[1] for y in ys])
    if np.all(np.diff(lons) > 0):
        ticks, decimals = _round_values(lons[0], lons[-1])
        places = [(t, float(np.interp(t, lons, xs))) for t in ticks]
        places = [(t, x) for t, x in places if 0.06 < (x - left) / (right - left) < 0.94]
        axes.set_xticks([x for _, x in places], [_degrees(t, decimals, "E", "W") for t, _ in places])
    if np.all(np.diff(lats) > 0):
        ticks, decimals = _round_values(lats[0], lats[-1])
        places = [(t, float(np.interp(t, lats, ys))) for t in ticks]
        places = [(t, y) for t, y in places if 0.06 < (y - bottom) / (top - bottom) < 0.94]
        axes.set_yticks([y for _, y in places], [_degrees(t, decimals, "N", "S") for t, _ in places])
    axes.tick_params(labelsize=7.5, color=MUTED, labelcolor=MUTED, length=3, width=0.6, pad=2)
    for label in axes.get_yticklabels():
        label.set(rotation=90, va="center")
    axes.set(xlim=(left, right), ylim=(bottom, top))


def onset_colours(structures: Sequence[Structure]) -> dict[str, str]:
    """Structure id to its colour on the maps: by onset for confirmed ones, by status for the others."""
    norm = _onset_norm([s for s in structures if s.status == "confirmed" and s.onset])
    colours = {}
    for s in structures:
        if s.status == "confirmed":
            share = float(norm(day_number(s.onset.latest))) if s.onset else 0.5
            colours[s.id] = to_hex(ONSET_MAP(share))
        else:
            colours[s.id] = CANDIDATE_COLOUR if s.status == "candidate" else REJECTED_COLOUR
    return colours


def _line_of(status: str) -> dict[str, Any]:
    return {
        "confirmed": {"linewidth": 1.3, "linestyle": "-"},
        "candidate": {"linewidth": 1.0, "linestyle": (0, (4, 2))},
        "rejected": {"linewidth": 0.8, "linestyle": (0, (1, 1.6))},
    }[status]


def _legend_lines(structures: Sequence[Structure]) -> list[tuple[str, str]]:
    present = {s.status for s in structures}
    return [(s, s) for s in ("confirmed", "candidate", "rejected") if s in present]


def _onsets(dated: Sequence[Structure]) -> list[dt.date]:
    return sorted({s.onset.latest for s in dated if s.onset})


def _onset_norm(dated: Sequence[Structure]) -> Normalize:
    days = [day_number(d) for d in _onsets(dated)]
    return Normalize(days[0], days[-1]) if len(days) > 1 else Normalize(0.0, 1.0, clip=True)


def _lower_foot(sheet: Sheet, picture: Picture, lines: list[tuple[str, str]], dated: Sequence[Structure]) -> None:
    top = sheet.foot_in - TICK_LABELS_IN
    standard_foot(sheet, picture, top_in=top)
    y = top - 0.82
    x = 0.0
    onsets = _onsets(dated)
    for status, word in lines:
        colour = {"candidate": "#1287b8", "rejected": MUTED}.get(status, to_hex(ONSET_MAP(0.35)))
        sheet.foot.add_line(Line2D([x, x + 0.3], [y, y], color=colour, **_line_of(status)))
        words = f"{word}, colour by onset" if status == "confirmed" and len(onsets) > 1 else word
        text = write(sheet.foot, x + 0.36, y, words, fontsize=8)
        x += 0.36 + width_in(text) + 0.25
    if len(onsets) > 1:
        _onset_bar(sheet, dated, y - 0.3)


def _onset_bar(sheet: Sheet, dated: Sequence[Structure], y: float) -> None:
    """Colour bar of onsets: first date by which each was there."""
    onsets = _onsets(dated)
    width = min(2.4, sheet.width_in)
    full_w, full_h = sheet.figure.get_size_inches()
    left = sheet.foot.get_position().x0
    axes = sheet.figure.add_axes((left, (y + 0.02) / full_h, width / full_w, 0.09 / full_h))
    bar = sheet.figure.colorbar(ScalarMappable(_onset_norm(dated), ONSET_MAP), cax=axes, orientation="horizontal")
    ends = [day_number(d) for d in (onsets[0], onsets[-1])]
    bar.set_ticks(ends, labels=[d.isoformat() for d in (onsets[0], onsets[-1])])
    bar.outline.set(linewidth=0.5, edgecolor=MUTED)
    axes.tick_params(labelsize=7.5, labelcolor=MUTED, color=MUTED, length=2, pad=2)
    first, last = axes.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    write(sheet.foot, width + 0.12, y + 0.065, "first image that shows it", fontsize=7.5, color=MUTED)


def _round_values(low: float, high: float) -> tuple[list[float], int]:
    """Multiples of the largest round step that gives at least three of them, and the decimals they need."""
    exponent = math.floor(math.log10(high - low))
    for e in range(exponent, exponent - 3, -1):
        for n in (5, 2, 1):
            step = n * 10.0**e
            first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
            if last - first >= 2:
                return [i * step for i in range(first, last + 1)], max(0, -e)
    return [low, high], max(0, 2 - exponent)


def _degrees(value: float, decimals: int, positive: str, negative: str) -> str:
    return f"{abs(value):.{decimals}f}°{positive if value >= 0 else negative}"


def width_in(text: Any) -> float:
    """Width of drawn text in inches."""
    canvas = FigureCanvasAgg(text.figure)
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    return float(text.get_window_extent(renderer).width / text.figure.dpi)
