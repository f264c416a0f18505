"""One changed region: delineate, follow, measure and grade it."""

from __future__ import annotations

import dataclasses

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.structures._character import Character, characterise
from sitewatch.structures._delineate import refine_footprint
from sitewatch.structures._grade import LINE_SLENDERNESS, Grade, grade
from sitewatch.structures._ground import Ground
from sitewatch.structures._measure import Shape, as_line, measure, slenderness
from sitewatch.structures._membership import doubtful_pixels
from sitewatch.structures._pixels import box_round, widened
from sitewatch.structures._presence import Presence, follow
from sitewatch.structures._regions import Region
from sitewatch.structures._waterline import named_at_waterline
from sitewatch.structures._window import Window, cut_window, is_filtered, pixel_m_of, pixel_side_m

# Kinds whose length is that of the centreline; of a pier, it is the longer side of the smallest rectangle.
AS_LINE = ("road", "quay wall", "dyke")


@dataclasses.dataclass(frozen=True)
class Found:
    """A footprint of one track with all that was learnt about it.

    Attributes
    ----------
    water
        [y, x] of the window, what was water before it, as the track has it that knows it best.
    doubt_pixels
        Standard deviation of the footprint's number of pixels from doubtful membership.
    """

    window: Window
    footprint: NDArray[np.bool_]
    water: NDArray[np.bool_]
    presence: Presence
    character: Character
    shape: Shape
    grade: Grade
    doubt_pixels: float


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
    line = slenderness(seed, pixel_m_of(stack)) > LINE_SLENDERNESS
    allowed = ((claim == 0) | (claim == number + 1)) & ~taken[rows, columns]
    members = refine_footprint(window, seed, ground, allowed, line)
    footprint = members.inside
    if footprint.sum() < 4:
        return None
    return _judged(window, footprint, change, ground, searched, alpha, doubtful_pixels(members))


def judge(
    stack: xr.Dataset,
    change: xr.Dataset,
    footprint: NDArray[np.bool_],
    ground: Ground,
    searched: int,
    alpha: float,
    doubt_pixels: float = 0.0,
) -> Found:
    """Follow, measure and grade a footprint [y, x] of a whole stack.

    Parameters
    ----------
    searched
        How many pixels were searched for it; the p-value pays for them.
    doubt_pixels
        See `Found`.
    """
    rows, columns = box_round(footprint)
    window = cut_window(stack, change, rows, columns)
    return _judged(window, footprint[rows, columns], change, ground, searched, alpha, doubt_pixels)


def _judged(
    window: Window,
    footprint: NDArray[np.bool_],
    change: xr.Dataset,
    ground: Ground,
    searched: int,
    alpha: float,
    doubt_pixels: float,
) -> Found:
    """The same of a footprint [y, x] of a window."""
    box = change.isel(y=window.rows, x=window.columns)
    first_image, statistic = box["first_image"].to_numpy(), box["statistic"].to_numpy()
    presence = follow(window, footprint, first_image, statistic, ground.covariances)
    character = characterise(window, footprint, presence, ground.covariances, ground.shared, searched)
    return graded(window, footprint, window.water, presence, character, alpha, doubt_pixels)


def graded(
    window: Window,
    footprint: NDArray[np.bool_],
    water: NDArray[np.bool_],
    presence: Presence,
    character: Character,
    alpha: float,
    doubt_pixels: float,
) -> Found:
    """A footprint with what its character makes of it: its kind and status, and the sizes that go with the kind.

    Parameters
    ----------
    water, doubt_pixels
        See `Found`.
    """
    shape = measure(footprint, window.stack.odc.geobox, pixel_m_of(window.stack), doubt=doubt_pixels)
    verdict = grade(character, shape, alpha, filtered=is_filtered(window.stack))
    verdict = named_at_waterline(verdict, shape, footprint, water)
    if verdict.kind in AS_LINE:
        shape = as_line(shape, pixel_side_m(window.stack))
    return Found(window, footprint, water, presence, character, shape, verdict, doubt_pixels)


def regraded(found: Found, character: Character, alpha: float, water: NDArray[np.bool_] | None = None) -> Found:
    """A finding with what another character makes of it, and the water as another track knows it."""
    known = found.water if water is None else water
    return graded(found.window, found.footprint, known, found.presence, character, alpha, found.doubt_pixels)
