"""The construction-date map: each pixel in the colour of the image by which it was built, with outlines by date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import ndimage as ndi
from shapely.geometry.base import BaseGeometry

from sitewatch.report._captions import dates_words
from sitewatch.report._furniture import Sheet, new_sheet, write, write_lines
from sitewatch.report._labels import place_labels
from sitewatch.report._maps import MARGINS_IN, MAX_HEIGHT_IN, TICK_LABELS_IN, WIDTH_IN, coordinate_ticks
from sitewatch.report._pairs import standard_foot
from sitewatch.report._picture import Picture
from sitewatch.report._style import FAMILIES, GREY_MAP, INK, MUTED, ONSET_MAP, halo, stretch_db
from sitewatch.structure import Structure
from sitewatch.structures._pixels import EIGHT
from sitewatch.words import upper_first

# The image behind steps back, so that the colours of the dates stand out.
LIGHTER = 0.45
MOST_OUTLINES = 5
FEWEST_DATES = 3
FEWEST_PIXELS = 30
BAR_IN = 0.52
SPECK_PIXELS = 3


def grew(dates: xr.DataArray | None) -> bool:
    """Whether a map of its own shows more than one step: enough pixels, built by several dates."""
    if dates is None:
        return False
    known = dates.values[~np.isnat(dates.values)]
    return known.size >= FEWEST_PIXELS and np.unique(known).size >= FEWEST_DATES


def construction_map(
    picture: Picture,
    dated: Sequence[tuple[Structure, xr.DataArray]],
    labels: Mapping[str, str],
    *,
    outlines: bool = True,
) -> Figure:
    """Pixels of the structures coloured by when they were built, over the picture in light grey.

    Parameters
    ----------
    picture
        What lies behind; it decides what is shown.
    dated
        Structures with `sitewatch.structures.date_pixels` of each.
    labels
        Structure id to the number it carries in the dossier.
    outlines
        Draw the extent that stood at up to five dates, each with its date; of a site with many structures the
        numbers are written instead.
    """
    days = np.concatenate([_days(dates)[np.isfinite(_days(dates))] for _, dates in dated] or [np.zeros(0)])
    several = np.unique(days).size > 1
    sheet = new_sheet(
        picture.frame, width_in=WIDTH_IN, max_height_in=MAX_HEIGHT_IN, head_in=0.28,
        foot_in=0.95 + (BAR_IN if days.size else 0.0), margins_in=MARGINS_IN,
    )  # fmt: skip
    black, white = stretch_db(picture.db)
    frame, axes = picture.frame, sheet.picture
    axes.imshow(
        picture.db,
        extent=frame.extent,
        cmap=GREY_MAP,
        aspect="auto",
        vmin=black - LIGHTER * (white - black),
        vmax=white,
    )
    coordinate_ticks(sheet)
    write_lines(sheet.head, 0, 0.24, f"Behind: {dates_words(picture)}", width_in=sheet.width_in, lines=1, color=INK)
    norm = Normalize(days.min(), days.max()) if several else Normalize(0.0, 1.0, clip=True)
    for _, dates in dated:
        axes.imshow(
            np.ma.masked_invalid(_days(dates)), extent=_extent(dates), cmap=ONSET_MAP, norm=norm, aspect="auto",
            interpolation="nearest", zorder=2,
        )  # fmt: skip
    axes.set(xlim=(frame.left, frame.right), ylim=(frame.bottom, frame.top))
    if outlines:
        _outlines(axes, picture, dated)
    else:
        _numbers(axes, picture, dated, labels)
    top = sheet.foot_in - TICK_LABELS_IN
    standard_foot(sheet, picture, top_in=top)
    if days.size:
        _bar(sheet, norm, days, top - 1.02)
    return sheet.figure


def _days(dates: xr.DataArray) -> NDArray[np.float64]:
    """[y, x], days since 1970, NaN for none."""
    values = dates.values.astype("datetime64[D]")
    return np.where(np.isnat(values), np.nan, values.astype(np.int64).astype(np.float64))


def _extent(dates: xr.DataArray) -> tuple[float, float, float, float]:
    left, bottom, right, top = dates.odc.geobox.boundingbox
    return (left, right, bottom, top)


def outline_days(days: NDArray[np.float64]) -> list[float]:
    """Up to five of the dates by which parts were built, so that about as much was added between each two."""
    known = np.sort(days[np.isfinite(days)])
    distinct = np.unique(known)
    if distinct.size <= MOST_OUTLINES:
        return [float(day) for day in distinct]
    shares = np.searchsorted(known, distinct, side="right") / known.size
    wanted = np.linspace(shares[0], 1.0, MOST_OUTLINES)
    return sorted({float(distinct[int(np.argmin(np.abs(shares - share)))]) for share in wanted})


def _outlines(axes: Axes, picture: Picture, dated: Sequence[tuple[Structure, xr.DataArray]]) -> None:
    """What stood at each date, the last drawn thickest, with the dates beside."""
    anchors: list[tuple[str, BaseGeometry, str]] = []
    obstacles: list[BaseGeometry] = []
    for _, dates in dated:
        days = _days(dates)
        left, right, bottom, top = _extent(dates)
        rows, columns = days.shape
        xs = left + (np.arange(columns) + 0.5) * (right - left) / columns
        ys = top - (np.arange(rows) + 0.5) * (top - bottom) / rows
        chosen = outline_days(days)
        before = -np.inf
        for day in chosen:
            lines = axes.contour(
                xs, ys, _extent_by(days, day), levels=[0.5], colors=[INK], linewidths=0.9 if day == chosen[-1] else 0.6,
                zorder=3,
            )  # fmt: skip
            lines.set_path_effects(halo(1.8, "#ffffff"))
            y, x = np.nonzero((days > before) & (days <= day))
            # Beside what came since the outline before: that one's own label stands beside the rest.
            anchors.append((_iso(day), shapely.MultiPoint(np.stack([xs[x], ys[y]], axis=1)), "#ffffff"))
            before = day
        y, x = np.nonzero(np.isfinite(days))
        obstacles.append(shapely.MultiPoint(np.stack([xs[x], ys[y]], axis=1)).buffer(abs(xs[1] - xs[0])))
    place_labels(axes, picture, anchors, obstacles, fontsize=7.5)


def _extent_by(days: NDArray[np.float64], day: float) -> NDArray[np.float64]:
    """[y, x], 1 where it stood by a day, without specks and pinholes of a pixel or two."""
    there = np.nan_to_num(days, nan=np.inf) <= day
    for value in (False, True):
        parts, _ = ndi.label(there == value, EIGHT)
        there = np.where((np.bincount(parts.ravel())[parts] <= SPECK_PIXELS) & (parts > 0), not value, there)
    return there.astype(float)


def _iso(day: float) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=int(day))).isoformat()


def _numbers(
    axes: Axes, picture: Picture, dated: Sequence[tuple[Structure, xr.DataArray]], labels: Mapping[str, str]
) -> None:
    outlines = [(s, picture.frame.project(s.footprint)) for s, _ in dated if s.id in labels]
    anchors = [(labels[s.id], outline, "#ffffff") for s, outline in outlines]
    place_labels(axes, picture, anchors, [outline for _, outline in outlines], fontsize=8)


def _bar(sheet: Sheet, norm: Normalize, days: NDArray[np.float64], y: float) -> None:
    """Colour bar of the dates, with the first, the last and what fits between them."""
    width = min(3.6, sheet.width_in)
    full_w, full_h = sheet.figure.get_size_inches()
    left = sheet.foot.get_position().x0
    distinct = np.unique(days)
    write(sheet.foot, 0, y + 0.28, "First image by which it was built (UTC)", fontsize=8, color=MUTED)
    if distinct.size == 1:
        write(sheet.foot, 0, y + 0.1, f"All of it by {_iso(float(distinct[0]))}", fontsize=8)
        return
    axes = sheet.figure.add_axes((left, (y + 0.08) / full_h, width / full_w, 0.1 / full_h))
    bar = sheet.figure.colorbar(ScalarMappable(norm, ONSET_MAP), cax=axes, orientation="horizontal")
    ticks = _ticks(distinct)
    bar.set_ticks(ticks, labels=[_iso(day) for day in ticks])
    bar.outline.set(linewidth=0.5, edgecolor=MUTED)
    axes.tick_params(labelsize=7.5, labelcolor=MUTED, color=MUTED, length=2, pad=2)
    for label in axes.get_xticklabels():
        label.set_fontfamily(FAMILIES)
    axes.get_xticklabels()[0].set_horizontalalignment("left")
    axes.get_xticklabels()[-1].set_horizontalalignment("right")


def _ticks(distinct: NDArray[np.float64]) -> list[float]:
    """The first and last date, and the one nearest the middle where it keeps clear of both."""
    first, last = float(distinct[0]), float(distinct[-1])
    middle = float(distinct[int(np.argmin(np.abs(distinct - (first + last) / 2)))])
    clear = 0.3 * (last - first)
    return [first, middle, last] if min(middle - first, last - middle) > clear else [first, last]


def construction_caption(dated: Sequence[tuple[Structure, xr.DataArray]]) -> str:
    """What the map shows, in words."""
    one = len(dated) == 1
    what = "Each pixel in the colour of the first image by which it was more likely built than not"
    gone = upper_first("of what was removed, gone") if any(s.kind == "demolition" for s, _ in dated) else ""
    lines = "; the lines are the extent at the dates beside them" if one else "; the numbers are those of the tables"
    return (
        f"{what}{f' ({gone[0].lower()}{gone[1:]})' if gone else ''}{lines}. Single pixels may be an image or two off."
    )
