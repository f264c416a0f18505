"""How much of a line's length stands by each date.

The footprint's pixels vote where they lie: the chance that the line has come to a place by an image is the mean of the
chances of the pixels across it there. Its sum along the line is the expected length, whichever way the work goes: from
one end, from both, or in pieces.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from sitewatch.structure import LINEAR_KINDS, LengthPoint, Measure, Structure
from sitewatch.structures._centreline import length_along, positions_along
from sitewatch.structures._find_one import Found
from sitewatch.structures._growth import decided
from sitewatch.structures._window import pixel_m_of, pixel_side_m

# Neighbouring places err together over about this many pixels along the line: the point spread and the neighbours'
# prior hold them together.
TOGETHER_PIXELS = 3.0
# The end of a work under way is blurred as an outline is (pixels, sd).
FRONT_SD_PIXELS = 0.75


def length_growth(found: Found) -> tuple[LengthPoint, ...]:
    """Length that stands at each image of a linear work; empty for other kinds."""
    line = found.shape.line
    if found.grade.kind not in LINEAR_KINDS or line is None:
        return ()
    pixel_m = pixel_m_of(found.window.stack)
    place = positions_along(line, found.presence.pixels, pixel_m) / length_along(line, pixel_m)
    length, sd = length_by_image(found.presence.built_by, place, found.shape.length_m, pixel_side_m(found.window.stack))
    return tuple(
        LengthPoint(day, round(float(value), 1), round(float(error), 1))
        for day, value, error in zip(found.window.dates, length, sd, strict=True)
    )


def length_by_image(
    built_by: NDArray[np.float64], place: NDArray[np.float64], length: Measure, pixel: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[image] expected length that stands, never falling and ending at the whole, and its standard deviation, metres.

    Parameters
    ----------
    built_by
        [image, pixel], probability of being built by each image.
    place
        [pixel], how far along the line each pixel lies, 0 to 1.
    length
        Of the whole line, metres.
    pixel
        Side of a pixel, metres.
    """
    cells = max(round(length.value / pixel), 1)
    cell = np.minimum((place * cells).astype(int), cells - 1)
    count = np.bincount(cell, minlength=cells)
    sums = np.stack([np.bincount(cell, weights=row, minlength=cells) for row in decided(built_by)])
    known = np.flatnonzero(count)
    # Where a gap is bridged no pixel votes; the line comes there between its coming to the sides.
    chance = np.stack([np.interp(np.arange(cells), known, row) for row in sums[:, known] / count[known]])
    share = chance.mean(axis=1) / max(float(chance[-1].mean()), 1e-9)
    share = np.maximum.accumulate(np.clip(share, 0.0, 1.0))
    spread = np.sqrt(chance * (1 - chance))
    apart = np.abs(np.subtract.outer(np.arange(cells), np.arange(cells)))
    dating = np.einsum("ti,ij,tj->t", spread, np.exp(-apart / TOGETHER_PIXELS), spread, optimize=True)
    under_way = FRONT_SD_PIXELS**2 * 4 * share * (1 - share)
    cell_m = length.value / cells
    sd = np.sqrt(cell_m**2 * dating + pixel**2 * under_way + (share * length.sd) ** 2)
    return share * length.value, sd


def joined_lengths(sightings: Sequence[Structure]) -> tuple[LengthPoint, ...]:
    """One length by date from several tracks' sightings of a line, the first of which gave its outline.

    The tracks' shares of their own lengths, each weighted by its certainty, in the never-falling sequence nearest to
    them (isotonic regression: Barlow and others 1972).
    """
    lead = sightings[0]
    lines = [one for one in sightings if one.length_growth and one.length_m.value > 0]
    if not lead.length_growth or len(lines) < 2:
        return lead.length_growth
    whole = lead.length_m
    points = sorted(
        (point.date, share, max(one.length_m.sd / one.length_m.value * share, point.length_m_sd / one.length_m.value))
        for one in lines
        for point in one.length_growth
        for share in (point.length_m / one.length_m.value,)
    )
    sd = np.array([error for _, _, error in points])
    floor = whole.sd / whole.value
    fit = isotonic_regression([share for _, share, _ in points], weights=1.0 / (sd**2 + floor**2)).x
    by_date = {day: (float(f), float(e)) for (day, _, _), f, e in zip(points, fit, sd, strict=True)}
    return tuple(
        LengthPoint(day, round(whole.value * share, 1), round(whole.value * error, 1))
        for day, (share, error) in by_date.items()
    )
