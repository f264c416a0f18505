"""Footprints drawn on a picture: thin lines that leave what they surround visible."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sitewatch.report._frame import Frame
from sitewatch.report._style import halo


def rings(geometry: BaseGeometry) -> list[NDArray[np.float64]]:
    """Every exterior and interior ring of a polygon or multipolygon."""
    parts = [p for p in shapely.get_parts(geometry) if p.geom_type == "Polygon" and not p.is_empty]
    return [np.asarray(ring.coords)[:, :2] for part in parts for ring in (part.exterior, *part.interiors)]


def draw_outline(axes: Axes, frame: Frame, footprint: BaseGeometry, *, apart: float = 0.0, **line: Any) -> None:
    """Outline of a footprint given in EPSG:4326, drawn `apart` CRS units outside of it; solid ones with a halo."""
    line = {"linewidth": 1.0, "solid_joinstyle": "round", **line}
    if line.get("linestyle", "-") == "-" and "path_effects" not in line:
        line["path_effects"] = halo(float(line["linewidth"]) + 0.8)
    for ring in rings(outline_apart(frame, footprint, apart)):
        axes.plot(ring[:, 0], ring[:, 1], **line)


def outline_apart(frame: Frame, footprint: BaseGeometry, apart: float) -> BaseGeometry:
    """A footprint of EPSG:4326 in the frame's CRS, its outline moved outwards by `apart` CRS units."""
    outline = frame.project(footprint)
    return _set_apart(outline, round(apart, 9)) if apart else outline


@functools.lru_cache(maxsize=64)
def _set_apart(outline: BaseGeometry, distance: float) -> BaseGeometry:
    # Kept because a strip of chips draws the same outline many times over.
    return shapely.buffer(outline, distance, join_style="mitre")
