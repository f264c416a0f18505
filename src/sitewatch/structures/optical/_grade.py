"""What optical images say a footprint is, and whether it stands: kinds, status and reasons.

What is built, paved or made stays without plants through the growing season; fields, felled woods and burnt ground
green again. So nothing on land is confirmed before a growing season has passed without green, and bare ground can't be
told from built ground by a few bands: a place that lost its plants for good is called a clearing, unless its form is a
road's, and radar says whether anything stands on it.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from sitewatch.structure import Lookalike, Status
from sitewatch.structures._grade import NO_MORE_THAN_CHANCE, PIER_ELONGATION, is_line
from sitewatch.structures._measure import Shape
from sitewatch.structures.optical._follow import Followed

# NDVI that ground reaches in the growing season: with plants above the first, without below the second.
GREEN, BARE = 0.4, 0.3
# In season are the dates on which the place before was at least half way between its least and its most green.
SEASON_AMPLITUDE = 0.1
FEWEST_IN_SEASON = 3
CONFIRMING_IMAGES = 4
SHORTEST_AFTER_DAYS = 90.0
# Share of the images of one state that may look like the other: missed clouds, tides.
STRAY_SHARE = 0.2
# A mean level that changes by less than this (NDVI, NDWI; natural log of brightness) is no work.
SMALLEST_STEP = {"NDVI": 0.1, "NDWI": 0.1, "BSI": 0.1, "brightness": 0.25}


@dataclasses.dataclass(frozen=True)
class OpticalGrade:
    """Kind, status and reason; what a rejected one was taken for, and the share of the evidence for the kind."""

    kind: str
    status: Status
    reason: str
    kind_probability: float
    rejected_as: Lookalike | None = None


def grade(
    followed: Followed, names: tuple[str, ...], shape: Shape, p_value: float, alpha: float, days: NDArray[np.float64]
) -> OpticalGrade:
    """Name a footprint and say whether it is confirmed, a candidate or rejected.

    Parameters
    ----------
    days
        [image], of the images that take part.
    """
    growth = followed.built_by.mean(axis=1)
    before, after = growth < 0.1, growth > 0.9 * max(growth[-1], 1e-9)
    series = {name: _median(followed.values[k]) for k, name in enumerate(names)}
    # Less the season before: the two sides need not show the same months.
    net = {name: series[name] - followed.season[k] for k, name in enumerate(names)}
    step = {name: _level(net[name], after) - _level(net[name], before) for name in names}
    if not before.any():
        return OpticalGrade("unknown", "candidate", "no clear image shows the place before", 0.5)
    if not any(abs(step[name]) >= SMALLEST_STEP[name] for name in names):
        return OpticalGrade("unknown", "rejected", "its level hardly changed", 0.5, "noise")
    wet = _share(series, "NDWI", before)
    if wet is not None and wet > 0.5:
        found = _on_water(series, after, shape)
    else:
        found = _on_land(followed, series, names, before, after, shape, step)
    if found.status == "rejected":
        return found
    if p_value > NO_MORE_THAN_CHANCE:
        return OpticalGrade(found.kind, "rejected", "no more than chance would show", found.kind_probability, "noise")
    if found.reason:
        return dataclasses.replace(found, status="candidate")
    if before.sum() < CONFIRMING_IMAGES:
        short = f"only {before.sum()} clear images show the place before"
        return dataclasses.replace(found, status="candidate", reason=short)
    if after.sum() < CONFIRMING_IMAGES or days[-1] - days[after][0] < SHORTEST_AFTER_DAYS:
        short = f"only {after.sum()} clear images over {days[-1] - days[after][0]:.0f} days show most of it"
        return dataclasses.replace(found, status="candidate", reason=short)
    if p_value > alpha:
        return dataclasses.replace(found, status="candidate", reason=f"by chance with p = {p_value:.2g}")
    return found


def _on_water(series: dict[str, NDArray[np.float64]], after: NDArray[np.bool_], shape: Shape) -> OpticalGrade:
    slim = shape.elongation > PIER_ELONGATION
    kind = "pier" if slim else "reclamation"
    still = _share(series, "NDWI", after) or 0.0
    if still > 0.5:
        why = "it is still water: its colour changed, as that of mud, weed or wind does"
        return OpticalGrade(kind, "rejected", why, 0.5, "waves")
    if still > STRAY_SHARE:
        return OpticalGrade(kind, "candidate", f"{still:.0%} of the later images show water: it may be a flat", 0.5)
    return OpticalGrade(kind, "confirmed", "", 0.7)


def _on_land(
    followed: Followed,
    series: dict[str, NDArray[np.float64]],
    names: tuple[str, ...],
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    shape: Shape,
    step: dict[str, float],
) -> OpticalGrade:
    kind = "road" if is_line(shape) else "clearing"
    if (_share(series, "NDWI", after) or 0.0) > 0.5:
        return OpticalGrade("unknown", "candidate", "water lies there now: flooded, or dug out", 0.5)
    if "NDVI" not in names:
        return OpticalGrade("unknown", "candidate", "without a near infrared band plants can't be told", 0.5)
    greenness, season = series["NDVI"], followed.season[names.index("NDVI")]
    in_season = season >= (season.min() + season.max()) / 2 if np.ptp(season) > SEASON_AMPLITUDE else season == season
    green_before = _high(greenness[before & in_season])
    late = after & in_season & np.isfinite(greenness)
    green_after = _high(greenness[late])
    if step["NDVI"] > 0:
        return OpticalGrade("vegetation", "rejected", "it became greener: plants grew", 0.8, "vegetation")
    if np.isfinite(green_before) and green_before < GREEN:
        why = "no plants stood there before: resurfaced, rebuilt or swept ground can't be told apart"
        return OpticalGrade("unknown", "candidate", why, 0.5)
    if late.sum() < FEWEST_IN_SEASON:
        why = f"only {late.sum()} clear images since are of the growing season: it may green again"
        return OpticalGrade(kind, "candidate", why, 0.5)
    if green_after > GREEN:
        woods = np.ptp(season) < 0.4 and green_before > 0.6
        if woods:
            return OpticalGrade("felling", "rejected", "it greened again: felled or thinned trees", 0.7, "felled_trees")
        return OpticalGrade("crop", "rejected", "it greened again, as fields and felled woods do", 0.7, "crop")
    if green_after > BARE:
        return OpticalGrade(kind, "candidate", "some plants stand there in the growing season", 0.5)
    return OpticalGrade(kind, "confirmed", "", 0.6)


def _share(series: dict[str, NDArray[np.float64]], name: str, when: NDArray[np.bool_]) -> float | None:
    """Share of the images `when` in which an index is above 0; None where nothing tells."""
    if name not in series:
        return None
    known = series[name][when & np.isfinite(series[name])]
    return float((known > 0).mean()) if known.size else None


def _high(values: NDArray[np.float64]) -> float:
    """The level that ground reaches: three quarters of its clear images lie below."""
    known = values[np.isfinite(values)]
    return float(np.quantile(known, 0.75)) if known.size else float("nan")


def _level(series: NDArray[np.float64], when: NDArray[np.bool_]) -> float:
    known = series[when & np.isfinite(series)]
    return float(np.median(known)) if known.size else float("nan")


def _median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """[image], the footprint's median; NaN where nothing is clear."""
    out = np.full(values.shape[0], np.nan)
    known = np.isfinite(values).any(axis=1)
    out[known] = np.nanmedian(values[known], axis=1)
    return out
