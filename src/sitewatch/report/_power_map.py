"""Could it have been seen? A map of the smallest structure that the images would have shown."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.colors import ListedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from sitewatch.atomic import replacing
from sitewatch.phrases import metres_words
from sitewatch.report._choice import main_stack
from sitewatch.report._frame import whole_window
from sitewatch.report._furniture import Sheet, new_sheet, write, write_lines
from sitewatch.report._maps import MARGINS_IN, MAX_HEIGHT_IN, TICK_LABELS_IN, WIDTH_IN, coordinate_ticks, width_in
from sitewatch.report._outlines import draw_outline
from sitewatch.report._pairs import standard_foot
from sitewatch.report._picture import Picture, polarisations, read_picture
from sitewatch.report._style import GREY_MAP, MUTED, NO_DATA_COLOUR, stretch_db
from sitewatch.report._wording import percent_words
from sitewatch.scenes._scene import LeftOut
from sitewatch.site import Site
from sitewatch.sought import Detectable, Sought
from sitewatch.words import upper_first

MOST_CLASSES = 5
MAP_PIXELS = 1300
# Dark red, which cividis has not: here nothing would have been seen.
NEVER_COLOUR = "#7a0f1f"
# The radar image shows through.
OPACITY = 0.72
_STEPS = (1, 1.5, 2, 3, 5, 7)


@dataclasses.dataclass(frozen=True)
class PowerMap:
    """Smallest sizes of one kind of structure, place by place, by the track that sees best.

    Attributes
    ----------
    sought
        The kind, its surface and the contrast assumed.
    area_m2, length_m
        (y, x); NaN off the kind's surface, outside the site and without data, inf where none tried would do.
    """

    sought: Sought
    area_m2: NDArray[np.floating]
    length_m: NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class PowerReport:
    """All that the page about a site's power is written from.

    Attributes
    ----------
    site
        The place.
    stacks
        One a track, all on one grid; the one with the most images is the maps' background.
    maps
        One a kind.
    detectable
        The best of all tracks, kind by kind, then each track's own where there are several.
    images, probability, alpha
        Images since a structure was built, the chance with which it must be found, and that of any false detection.
    fewest_pixels
        Nothing smaller counts as found.
    notes, left_out
        What was assumed, and images not used.
    version, made, command
        By which sitewatch, when (UTC), and how.
    """

    site: Site
    stacks: Sequence[xr.Dataset]
    maps: Sequence[PowerMap]
    detectable: Sequence[Detectable]
    images: int
    probability: float
    alpha: float
    fewest_pixels: int
    notes: Sequence[str] = ()
    left_out: Sequence[LeftOut] = ()
    version: str = ""
    made: dt.datetime | None = None
    command: str = ""


def power_figure(report: PowerReport, one: PowerMap) -> Figure:
    """Map of the smallest length of one kind, in metres, on the site's radar image.

    Where the kind isn't built (land for a pier) the image itself shows; what has no data is grey-blue.
    """
    stack = main_stack(report.stacks)
    if stack is None:
        raise ValueError("there is no image to draw the map on")
    count = stack.sizes["time"]
    picture = read_picture(
        stack, polarisations(stack)[0], range(max(count - 9, 0), count), whole_window(stack), max_pixels=MAP_PIXELS
    )
    limits = size_classes(one.length_m)
    sheet = new_sheet(
        picture.frame, width_in=WIDTH_IN, max_height_in=MAX_HEIGHT_IN, head_in=0.46, foot_in=1.42, margins_in=MARGINS_IN
    )
    colours = _colours(len(limits) - 1)
    extent = picture.frame.extent
    black, white = stretch_db(picture.db)
    sheet.picture.imshow(picture.db, extent=extent, cmap=GREY_MAP, vmin=black, vmax=white, aspect="auto")
    classes = _classes(one.length_m, limits)
    shown = np.ma.masked_less(classes, 0)
    sheet.picture.imshow(
        shown, extent=extent, cmap=ListedColormap([*colours, NEVER_COLOUR]), vmin=-0.5, vmax=len(colours) + 0.5,
        aspect="auto", interpolation="nearest", alpha=OPACITY,
    )  # fmt: skip
    never = np.isinf(one.length_m)
    coordinate_ticks(sheet)
    draw_outline(
        sheet.picture, picture.frame, report.site.area, color="#ffffff", linewidth=0.7, linestyle=(0, (6, 4)), alpha=0.7
    )
    _head(sheet, report, one)
    _foot(sheet, picture, one, limits, colours, never=bool(never.any()))
    return sheet.figure


def size_classes(length_m: NDArray[np.floating]) -> list[float]:
    """Limits in metres of at most five classes that hold every finite length; empty where there is none."""
    finite = length_m[np.isfinite(length_m)]
    if not finite.size:
        return []
    low, high = float(finite.min()), float(finite.max())
    exponents = range(int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 2)
    round_values = np.array([step * 10.0**e for e in exponents for step in _STEPS])
    first = int(np.searchsorted(round_values, low * (1 + 1e-9), side="right")) - 1
    last = int(np.searchsorted(round_values, high * (1 + 1e-9), side="right"))
    stride = -(-(last - first) // MOST_CLASSES)
    kept = list(range(first, last, stride))
    return [float(round_values[i]) for i in (*kept, kept[-1] + stride)]


def lengths_words(shortest_m: float, longest_m: float) -> str:
    """``30 m``, or ``30 to 210 m``."""
    low, high = metres_words(shortest_m), metres_words(longest_m)
    return high if low == high else f"{low.removesuffix(' m')} to {high}"


def _classes(length_m: NDArray[np.floating], limits: Sequence[float]) -> NDArray[np.int_]:
    """(y, x) class of each length; the number of classes where none tried would do, -1 where there is no length."""
    count = max(len(limits) - 1, 1)
    classes = np.clip(np.searchsorted(limits, length_m, side="right") - 1, 0, count - 1)
    return np.where(np.isnan(length_m), -1, np.where(np.isinf(length_m), count, classes))


def write_power_png(path: str | os.PathLike[str], report: PowerReport, one: PowerMap, *, dpi: int = 150) -> Path:
    """Write the map of one kind as a PNG; it appears whole or not at all."""
    target = Path(path)
    with replacing(target) as temporary:
        power_figure(report, one).savefig(temporary, format="png", dpi=dpi)
    return target


def _colours(count: int) -> list[str]:
    """From yellow, where small things show, to dark blue."""
    return [to_hex(c) for c in colormaps["cividis"](np.linspace(0.95, 0.05, count))] if count > 1 else ["#e0c64a"]


def _head(sheet: Sheet, report: PowerReport, one: PowerMap) -> None:
    title = f"Smallest {one.sought.kind} on {one.sought.surface} that would have been found"
    write(sheet.head, 0, sheet.head_in - 0.13, title, fontsize=10, fontweight="bold")
    tracks = len(report.stacks)
    words = f"{one.sought.size_words}, found with a chance of {percent_words(report.probability)}"
    words += f" once {report.images} images show it"
    words += f"; by the best of {tracks} tracks" if tracks > 1 else ""
    write_lines(sheet.head, 0, sheet.head_in - 0.23, upper_first(words), width_in=sheet.width_in, lines=1, fontsize=8)


def _foot(
    sheet: Sheet, picture: Picture, one: PowerMap, limits: Sequence[float], colours: Sequence[str], *, never: bool
) -> None:
    top = sheet.foot_in - TICK_LABELS_IN
    standard_foot(sheet, picture, top_in=top)
    finite = one.length_m[np.isfinite(one.length_m)]
    # a single class says what it holds
    spans = (
        list(itertools.pairwise(limits)) if len(limits) > 2 else [(finite.min(), finite.max())] if finite.size else []
    )
    keys = [(colour, lengths_words(low, high)) for colour, (low, high) in zip(colours, spans, strict=False)]
    if never:
        keys.append((NEVER_COLOUR, "none of the sizes tried"))
    keys.append((NO_DATA_COLOUR, "no data"))
    x, y = 0.0, top - 0.82
    for colour, meaning in keys:
        text = write(sheet.foot, x + 0.24, y, meaning, fontsize=8)
        if x and x + 0.24 + width_in(text) > sheet.width_in:
            x, y = 0.0, y - 0.2
            text.set_position((x + 0.24, y))
        alpha = 1.0 if colour == NO_DATA_COLOUR else OPACITY
        sheet.foot.add_patch(
            Rectangle((x, y - 0.065), 0.18, 0.13, facecolor=colour, edgecolor=MUTED, linewidth=0.5, alpha=alpha)
        )
        x += 0.24 + width_in(text) + 0.2
    elsewhere = f"radar image: not {one.sought.surface}, or outside the site (dashed)"
    write(sheet.foot, 0, y - 0.2, upper_first(elsewhere), fontsize=7.5, color=MUTED)
