"""Lines at the waterline: what runs along a shore, and what bends through the water."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from sitewatch.structures._centreline import positions_along
from sitewatch.structures._grade import Grade, is_line
from sitewatch.structures._measure import Shape
from sitewatch.structures._pixels import EIGHT

# A quay wall has land beside this share of its length, no farther off than so many pixels.
ALONG_SHORE_SHARE = 0.6
SHORE_PIXELS = 2
# What a wall's or a pier's own echo spills over the water beside it is no land: so wide a rim is not asked.
RIM_PIXELS = 2
# Broader ones are made land, whatever their outline.
WIDEST_M = 90.0
# What lies scattered along a dyke's line is no dyke: this share of its line is in the footprint.
COVERED_SHARE = 0.9


def named_at_waterline(grade: Grade, shape: Shape, footprint: NDArray[np.bool_], water: NDArray[np.bool_]) -> Grade:
    """A pier that runs along the shore is a quay wall, and a fill that is a thin, bent line is a dyke.

    Parameters
    ----------
    footprint, water
        [y, x] of the window: the footprint, and what was water before it.
    """
    if grade.kind not in ("pier", "reclamation") or not is_line(shape) or shape.line is None:
        return grade
    if np.sqrt(shape.area_m2.value / shape.slenderness) > WIDEST_M:
        return grade
    if _share_along_shore(shape.line, footprint, water) > ALONG_SHORE_SHARE:
        return dataclasses.replace(grade, kind="quay wall")
    bent = grade.kind == "reclamation" and _share_covered(shape.line, footprint) > COVERED_SHARE
    return dataclasses.replace(grade, kind="dyke") if bent else grade


def _share_along_shore(line: NDArray[np.float64], footprint: NDArray[np.bool_], water: NDArray[np.bool_]) -> float:
    """Share of a line's length that has land beside it."""
    rim = ndi.binary_dilation(footprint, EIGHT, iterations=RIM_PIXELS)
    land = ndi.binary_dilation(~water & ~rim, EIGHT, iterations=RIM_PIXELS + SHORE_PIXELS)
    rows, columns = np.nonzero(footprint)
    place = positions_along(line, (rows, columns), (1.0, 1.0)).astype(int)
    touched = np.bincount(place[land[rows, columns]], minlength=int(place.max()) + 1) > 0
    return float(touched[np.unique(place)].mean())


def _share_covered(line: NDArray[np.float64], footprint: NDArray[np.bool_]) -> float:
    """Share of a line's points that lie in the footprint."""
    columns, rows = (np.floor(axis).astype(int) for axis in line.T)
    return float(
        footprint[np.clip(rows, 0, footprint.shape[0] - 1), np.clip(columns, 0, footprint.shape[1] - 1)].mean()
    )
