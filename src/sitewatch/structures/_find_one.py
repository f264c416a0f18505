"""One changed region: delineate, follow, measure and grade it."""

from __future__ import annotations

import dataclasses

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.structures._character import Character, characterise
from sitewatch.structures._delineate import refine_footprint
from sitewatch.structures._grade import Grade, grade, is_line
from sitewatch.structures._ground import Ground
from sitewatch.structures._measure import Shape, as_line, measure
from sitewatch.structures._membership import doubtful_pixels
from sitewatch.structures._presence import Presence, follow
from sitewatch.structures._regions import Region
from sitewatch.structures._waterline import named_at_waterline
from sitewatch.structures._window import Window, cut_window, is_filtered, widened

# Kinds whose length is that of the centreline; of a pier, it is the longer side of the smallest rectangle.
AS_LINE = ("road", "quay wall", "dyke")


@dataclasses.dataclass(frozen=True)
class Found:
    """A footprint of one track with all that was learnt about it."""

    window: Window
    footprint: NDArray[np.bool_]
    presence: Presence
    character: Character
    shape: Shape
    grade: Grade
    doubt_pixels: float = 0.0


def examine(
    stack: xr.Dataset,
    change: xr.Dataset,
    region: Region,
    number: int,
    claims: NDArray[np.int32],
    taken: NDArray[np.bool_],
    ground: Ground,
    searched: int,
    alpha: float,
) -> Found | None:
    """Delineate, follow, measure and grade one region."""
    rows, columns = widened(region.rows, region.columns, taken.shape)
    window = cut_window(stack, change, rows, columns)
    claim = claims[rows, columns]
    seed = (claim == number + 1) & ~taken[rows, columns]
    if seed.sum() < 4:
        return None
    box = change.isel(y=rows, x=columns)
    geobox = window.stack.odc.geobox
    pixel_m = (float(stack.attrs["pixel_x_m"]), float(stack.attrs["pixel_y_m"]))
    line = is_line(measure(seed, geobox, pixel_m))
    allowed = ((claim == 0) | (claim == number + 1)) & ~taken[rows, columns]
    members = refine_footprint(window, seed, ground, allowed, line)
    footprint = members.inside
    if footprint.sum() < 4:
        return None
    return judge(window, footprint, stack, box, ground, searched, alpha, doubtful_pixels(members))


def judge(
    window: Window,
    footprint: NDArray[np.bool_],
    stack: xr.Dataset,
    box: xr.Dataset,
    ground: Ground,
    searched: int,
    alpha: float,
    doubt_pixels: float,
) -> Found:
    """Follow, measure and grade a footprint [y, x] of a window.

    Parameters
    ----------
    box
        The window's part of the change.
    doubt_pixels
        Standard deviation of its number of pixels from doubtful membership.
    """
    geobox = window.stack.odc.geobox
    pixel_m = (float(stack.attrs["pixel_x_m"]), float(stack.attrs["pixel_y_m"]))
    first_image = box["first_image"].to_numpy()
    presence = follow(window, footprint, first_image, box["statistic"].to_numpy(), ground.covariances)
    character = characterise(window, footprint, presence, ground.covariances, ground.shared, searched)
    shape = measure(footprint, geobox, pixel_m, doubt=doubt_pixels)
    verdict = grade(character, shape, alpha, filtered=is_filtered(stack))
    verdict = named_at_waterline(verdict, shape, footprint, window.water)
    if verdict.kind in AS_LINE:
        shape = as_line(shape, float(np.sqrt(pixel_m[0] * pixel_m[1])))
    return Found(window, footprint, presence, character, shape, verdict, doubt_pixels)
