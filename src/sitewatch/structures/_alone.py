"""Date a footprint from single images alone, where no track has enough of them to compare with one another.

Each image is judged within itself (`_within`). It shows nothing of the structure, some of it or all of it, in that
order in time; every pair of gaps in which it may have been begun and finished is weighed by what the images say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray

from sitewatch.errors import StructureError
from sitewatch.structure import GrowthPoint, SingleImage, Status, Structure
from sitewatch.structures._describe import Chances, bounds, growth_point, identity, interval, levelled, phases_of
from sitewatch.structures._glimpses import LEAST_SHARE, NEARLY_SHARE, Glimpse, glimpses_of, over_geometries
from sitewatch.structures._grade import CONFIRMING_IMAGES, WATER_IMAGES_BEFORE
from sitewatch.structures._growth import TAIL
from sitewatch.structures._map import covered
from sitewatch.structures._measure import measure
from sitewatch.structures._phases import as_points, prepared_on
from sitewatch.structures._window import pixel_m_of

# Prior: it stood before the first image, or comes after the last; built within one gap; never finished.
OUTER_SHARE = 0.25
AT_ONCE_SHARE = 0.5


def date_alone(
    polygon: shapely.Polygon | shapely.MultiPolygon, singles: Sequence[xr.Dataset], *, alpha: float
) -> Structure:
    """Growth and date intervals of a given footprint from images that are each judged within themselves.

    Parameters
    ----------
    polygon
        EPSG:4326 (longitude, latitude).
    singles
        Stacks of one or two images, of any geometries and sensors.

    Raises
    ------
    StructureError
        Where no image covers the polygon and the ground around it.
    """
    glimpses = sorted((g for stack in singles for g in glimpses_of(stack, polygon)), key=lambda g: g.time)
    if not glimpses:
        raise StructureError(
            "no image covers the polygon and the ground around it",
            hint="Single images are judged against the ground around the footprint: draw the site wider",
        )
    days = np.array([(g.time - glimpses[0].time) / np.timedelta64(1, "D") for g in glimpses])
    begun, finished, p_value = weigh_dates(glimpses, days)
    dates = [g.date for g in glimpses]
    chances = Chances(begun, begun, finished, finished)
    start, end = bounds(chances)
    end = levelled(end, len(dates))
    phases = as_points(dates, phases_of(chances, start, end, days))
    images = tuple(SingleImage(g.date, g.scene, g.track, round(g.log_ratio(), 3)) for g in glimpses)
    finest = min(singles, key=lambda stack: float(stack.attrs["pixel_x_m"]))
    shape = measure(covered(polygon, finest.odc.geobox), finest.odc.geobox, pixel_m_of(finest))
    status, reason = _status(begun, p_value, alpha)
    return Structure(
        id=identity("unknown", polygon),
        kind="unknown",
        status=status,
        reason=reason,
        footprint=polygon,
        area_m2=shape.area_m2,
        length_m=shape.length_m,
        width_m=shape.width_m,
        orientation_deg=shape.orientation_deg,
        growth=tuple(_growth(g, float(b), float(f)) for g, b, f in zip(glimpses, begun, finished, strict=True)),
        levels=(),
        p_value=p_value,
        onset=interval(start, dates),
        completion=interval(end, dates),
        preparation_first_seen=prepared_on(phases),
        scenes=tuple(one.scene for one in images if one.shows),
        tracks=tuple(dict.fromkeys(g.track for g in glimpses)),
        phases=phases,
        single_images=images,
    )


def weigh_dates(
    glimpses: Sequence[Glimpse], days: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Chances [image] of having been begun and finished by each image, and the p-value that nothing came about.

    Parameters
    ----------
    glimpses
        In the order of their times.
    days
        [image], their days.

    Returns
    -------
    begun, finished
        [image].
    p_value
        That the place stayed as it was, with or without the structure: one over the likelihood ratio, an e-value
        (Vovk and Wang 2021, Annals of Statistics 49, section 2).
    """
    n = len(glimpses)
    pairs = [(a, b) for a in range(n + 1) for b in range(a, n + 1)]
    begin, end = _begin_prior(days), [_end_prior(days, a) for a in range(n + 1)]
    log_prior = np.log([begin[a] * end[a][b] for a, b in pairs])
    state = np.array(
        [
            [np.log(g.absent), np.log(g.likelihood(LEAST_SHARE, NEARLY_SHARE)), np.log(g.likelihood(1.0, 1.0))]
            for g in glimpses
        ]
    )
    image = np.arange(n)[:, None]
    first, last = np.array(pairs).T
    stage = (image >= first).astype(int) + (image >= last)
    log_likelihood, _ = over_geometries(glimpses, np.take_along_axis(state, stage, axis=1))
    weight = log_prior + log_likelihood
    chance = np.exp(weight - np.logaddexp.reduce(weight))
    begun, finished = (np.array([chance[by <= i].sum() for i in range(n)]) for by in (first, last))
    came = (first > 0) & (first < n)
    if not came.any():
        return begun, finished, 1.0
    prior = np.logaddexp.reduce(log_prior[came])
    for_change = float(np.logaddexp.reduce(weight[came]) - prior)
    unchanged = max(float(log_likelihood[first == n].max()), float(log_likelihood[(first == 0) & (last == 0)].max()))
    return begun, finished, float(min(np.exp(unchanged - for_change), 1.0))


def _begin_prior(days: NDArray[np.float64]) -> NDArray[np.float64]:
    """[gap], chance that it was begun before the first image, between two, after the last: within by length."""
    inner = np.maximum(np.diff(days), 1e-6)
    if inner.size == 0:
        return np.array([0.5, 0.5])
    return np.concatenate([[OUTER_SHARE], (1.0 - 2.0 * OUTER_SHARE) * inner / inner.sum(), [OUTER_SHARE]])


def _end_prior(days: NDArray[np.float64], begun: int) -> NDArray[np.float64]:
    """[gap], chance that it was finished in each, if it was begun in that one."""
    out = np.zeros(days.size + 1)
    if begun == days.size:
        out[begun] = 1.0
        return out
    out[begun] = AT_ONCE_SHARE
    later = np.maximum(np.diff(days)[begun:], 1e-6)
    rest = 1.0 - AT_ONCE_SHARE
    if later.size:
        out[begun + 1 : -1] = rest * (1.0 - OUTER_SHARE) * later / later.sum()
        rest *= OUTER_SHARE
    out[-1] += rest
    return out


def _growth(glimpse: Glimpse, begun: float, finished: float) -> GrowthPoint:
    mean, sd = glimpse.share_between(LEAST_SHARE, NEARLY_SHARE)
    total = finished + (begun - finished) * mean
    square = finished + (begun - finished) * (sd**2 + mean**2)
    spread = float(np.sqrt(max(square - total**2, 0.0)))
    return growth_point(glimpse.date, total, spread, glimpse.track)


def _status(begun: NDArray[np.float64], p_value: float, alpha: float) -> tuple[Status, str]:
    without, with_it = int((begun < TAIL).sum()), int((begun > 1.0 - TAIL).sum())
    # How the place looks without it is known from the ground around, in every image.
    for count, needed, what in (
        (with_it, CONFIRMING_IMAGES, "from when it surely stands"),
        (without, WATER_IMAGES_BEFORE, "from when it surely does not stand"),
    ):
        if count < needed:
            return "candidate", f"{count} single images are {what}; {needed} are needed"
    if p_value > alpha:
        return "candidate", f"the place as it was gives such images with p = {p_value:.2g}"
    return "confirmed", ""
