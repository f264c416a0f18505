"""Sizes of outlines that an analyst drew or joined."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyproj
import shapely

from sitewatch.geodesy import area_m2, local_crs
from sitewatch.record._facts import DATES, OUTLINE, Facts
from sitewatch.record._tables import Area


def drawn_facts(outline: Area, computed: Facts) -> Facts:
    """The fields that go with an outline: sizes on the ground, sides of the smallest rotated rectangle.

    The standard deviations stay as computed: the outline was drawn on the same images, and their resolution limits what
    can be told.
    """
    length, width, orientation = _sides(outline)
    sizes = {"area_m2": area_m2(outline), "length_m": length, "width_m": width}
    return {
        **{name: computed[name] for name in OUTLINE if name.endswith("_sd")},
        **sizes,
        "footprint": outline,
        "centreline": None,
        "orientation_deg": orientation,
    }


def joined_facts(one: Facts, other: Facts) -> Facts:
    """Outline, sizes and dates of two structures as one: begun with the first, finished with the last."""
    whole: Any = shapely.union_all([one["footprint"], other["footprint"]])
    sds = {name: _in_quadrature(one[name], other[name]) for name in OUTLINE if name.endswith("_sd")}
    return {**drawn_facts(whole, {**one, **sds}), **_joined_dates(one, other)}


def _joined_dates(one: Facts, other: Facts) -> Facts:
    begun = [f for f in (one, other) if f["onset_earliest"] is not None]
    first = min(begun, key=lambda f: (f["onset_latest"], f["onset_earliest"]), default=one)
    finished = [f for f in (one, other) if f["completion_earliest"] is not None]
    dates: Facts = {name: first[name] for name in DATES if name.startswith("onset")} if begun else {}
    # While one of them grows, so does the whole; then later runs say when it is finished.
    if len(finished) == 2:
        last = max(finished, key=lambda f: (f["completion_latest"], f["completion_earliest"]))
        dates |= {name: last[name] for name in DATES if name.startswith("completion")}
    return dates


def _sides(outline: Area) -> tuple[float, float, float | None]:
    """Length and width in metres, and the long axis clockwise from north in degrees where there is one."""
    to_metres = pyproj.Transformer.from_crs("EPSG:4326", local_crs(outline), always_xy=True)
    flat = shapely.transform(outline, lambda xy: np.column_stack(to_metres.transform(xy[:, 0], xy[:, 1])))
    corners = shapely.get_coordinates(shapely.oriented_envelope(flat))[:4]
    sides = corners[1] - corners[0], corners[2] - corners[1]
    lengths = [float(np.hypot(*side)) for side in sides]
    east, north = sides[int(np.argmax(lengths))]
    slender = max(lengths) > 1.2 * min(lengths)
    return max(lengths), min(lengths), math.degrees(math.atan2(east, north)) % 180 if slender else None


def _in_quadrature(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else math.hypot(one, other)
