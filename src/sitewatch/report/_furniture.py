"""What makes a picture a map: the sheet it lies on, scale bar, north arrow, look arrow, credit line.

Furniture stands in a band under the picture and never on it: it can't hide a coastline or a ship there.
"""

from __future__ import annotations

import dataclasses
import math
import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from sitewatch.report._frame import Frame
from sitewatch.report._style import FAMILIES, INK, MUTED, PAPER, drawable

SCALE_BAR_ID = "scale-bar"
LOOK_WORDS = "radar looks"

# Sun-synchronous radar satellites fly at about 98.2 degrees of inclination and 14.6 orbits a day.
INCLINATION_DEG = 98.2
ORBITS_PER_DAY = 14.6
# Fly at other inclinations too, so that the orbit state doesn't give their heading.
NOT_SUN_SYNCHRONOUS = ("capella",)


@dataclasses.dataclass(frozen=True)
class Sheet:
    """A figure with one map: the picture's axes, and above and below it bands whose units are inches.

    Attributes
    ----------
    frame
        What the picture covers.
    figure, picture, head, foot
        The figure and its three axes.
    width_in
        Width of the picture, which the bands share.
    metres_per_inch
        Ground metres of one inch of paper, along x.
    """

    frame: Frame
    figure: Figure
    picture: Axes
    head: Axes
    foot: Axes
    width_in: float
    head_in: float
    foot_in: float
    metres_per_inch: float


def new_sheet(
    frame: Frame,
    *,
    width_in: float,
    max_height_in: float,
    head_in: float = 0.3,
    foot_in: float = 0.6,
    margins_in: tuple[float, float] = (0.06, 0.06),
) -> Sheet:
    """Lay out a map whose picture has the true shape of the ground.

    Parameters
    ----------
    frame
        What the picture covers.
    width_in, max_height_in
        The picture's greatest width and height; a tall picture gets narrower instead.
    head_in, foot_in
        Height of the bands above and below it.
    margins_in
        Free space left and right (for coordinate labels).
    """
    shape = frame.height_m / frame.width_m
    picture_w = min(width_in, max_height_in / shape)
    picture_h = picture_w * shape
    left, right = margins_in
    band_w = max(picture_w, min(width_in, 3.2))
    full_w, full_h = left + band_w + right, head_in + picture_h + foot_in
    figure = Figure(figsize=(full_w, full_h), facecolor=PAPER)

    def axes(x: float, y: float, w: float, h: float) -> Axes:
        return figure.add_axes((x / full_w, y / full_h, w / full_w, h / full_h))

    picture = axes(left, foot_in, picture_w, picture_h)
    picture.set(xlim=(frame.left, frame.right), ylim=(frame.bottom, frame.top), xticks=[], yticks=[])
    picture.set_autoscale_on(False)
    for spine in picture.spines.values():
        spine.set(color=MUTED, linewidth=0.6)
    head, foot = axes(left, foot_in + picture_h, band_w, head_in), axes(left, 0, band_w, foot_in)
    for band, height in ((head, head_in), (foot, foot_in)):
        band.set(xlim=(0, band_w), ylim=(0, height))
        band.set_axis_off()
    return Sheet(frame, figure, picture, head, foot, band_w, head_in, foot_in, frame.width_m / picture_w)


def write(axes: Axes, x: float, y: float, text: str, **style: Any) -> Any:
    """Put text on axes; letters the font lacks are replaced and ``$`` stays a dollar sign."""
    style = {"fontsize": 8.5, "color": INK, "va": "center", "parse_math": False, "fontfamily": FAMILIES, **style}
    return axes.text(x, y, drawable(text), **style)


def write_lines(axes: Axes, x: float, top: float, text: str, *, width_in: float, lines: int, **style: Any) -> None:
    """Write text wrapped to a width, downwards from `top` (inches); what doesn't fit ends in an ellipsis."""
    size = float(style.get("fontsize", 8.0))
    letters = max(int(width_in * 72 / (size * 0.56)), 8)  # DejaVu Sans: about 0.56 em a letter
    wrapped = textwrap.wrap(drawable(text), letters, max_lines=lines, placeholder=" …") or [""]
    step = size * 1.3 / 72
    for i, line in enumerate(wrapped):
        write(axes, x, top - (i + 0.5) * step, line, **{"fontsize": size, "color": MUTED, **style})


def round_length_m(longest_m: float) -> float:
    """The longest of 1, 2, 5 times a power of ten that isn't longer than `longest_m`."""
    exponent = math.floor(math.log10(longest_m))
    return next(n * 10.0**exponent for n in (5, 2, 1) if n * 10.0**exponent <= longest_m * (1 + 1e-9))


def scale_bar(sheet: Sheet, *, x: float = 0.0, y: float = 0.4, share: float = 0.34) -> float:
    """Draw a bar of two halves whose length is true on the ground at the middle of the picture; give its metres."""
    picture_in = sheet.figure.get_figwidth() * sheet.picture.get_position().width
    length_m = round_length_m(share * picture_in * sheet.metres_per_inch)
    length_in = length_m / sheet.metres_per_inch
    for i, face in enumerate((INK, PAPER)):
        sheet.foot.add_patch(
            Rectangle(
                (x + i * length_in / 2, y - 0.03), length_in / 2, 0.06, facecolor=face, edgecolor=INK, linewidth=0.8
            )
        )
    (line,) = sheet.foot.plot([x, x + length_in], [y - 0.03, y - 0.03], color=INK, linewidth=0.8, solid_capstyle="butt")
    line.set_gid(SCALE_BAR_ID)
    label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    write(sheet.foot, x + length_in + 0.06, y, label)
    return length_m


def _arrow(axes: Axes, x: float, y: float, angle_deg: float, length: float, colour: str) -> None:
    """An arrow of `length` inches, centred, pointing `angle_deg` clockwise from up."""
    angle = math.radians(angle_deg)
    ahead = np.array([math.sin(angle), math.cos(angle)])
    side = np.array([ahead[1], -ahead[0]])
    middle = np.array([x, y])
    tip, tail = middle + ahead * length / 2, middle - ahead * length / 2
    neck = tip - ahead * length * 0.42
    axes.plot([tail[0], neck[0]], [tail[1], neck[1]], color=colour, linewidth=1.2, solid_capstyle="butt")
    axes.add_patch(
        Polygon(
            [tip, neck + side * length * 0.2, neck - side * length * 0.2], closed=True, facecolor=colour, linewidth=0
        )
    )


def north_arrow(sheet: Sheet, frame: Frame, *, x: float, y: float) -> None:
    """Arrow to true north, turned by the grid's convergence."""
    _arrow(sheet.foot, x, y, frame.north_deg, 0.26, INK)
    write(sheet.foot, x + 0.11, y, "N", fontsize=8.5, fontweight="bold")


def look_azimuth_deg(
    orbit_state: str, look_direction: str, latitude_deg: float, constellation: str = ""
) -> float | None:
    """Azimuth in which the radar looks, degrees clockwise from north; None where it isn't known.

    The heading of the ground track of a circular orbit over the turning Earth, from its inclination and latitude
    (Capderou, Handbook of Satellite Orbits, 2014, section 8.4); right within a few degrees for sun-synchronous
    satellites away from the poles.
    """
    if orbit_state not in ("ascending", "descending") or look_direction not in ("left", "right"):
        return None
    cos_i, cos_lat = math.cos(math.radians(INCLINATION_DEG)), math.cos(math.radians(latitude_deg))
    if constellation.lower() in NOT_SUN_SYNCHRONOUS or cos_lat <= abs(cos_i):
        return None
    east = ORBITS_PER_DAY * cos_i / cos_lat - cos_lat
    north = ORBITS_PER_DAY * math.sqrt(cos_lat**2 - cos_i**2) / cos_lat
    heading = math.degrees(math.atan2(east, north if orbit_state == "ascending" else -north))
    return (heading + (90 if look_direction == "right" else -90)) % 360


def look_arrow(sheet: Sheet, frame: Frame, azimuth_deg: float, *, x: float, y: float) -> None:
    """Arrow in which the radar looks; shadows fall that way, and walls that face it are bright."""
    _arrow(sheet.foot, x, y, azimuth_deg + frame.north_deg, 0.26, MUTED)
    write(sheet.foot, x + 0.18, y, LOOK_WORDS, color=MUTED, fontsize=8)
