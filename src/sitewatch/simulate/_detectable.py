"""What a map of the smallest detectable sizes comes to: how small, on which surface, and shown from when on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sitewatch.simulate._fields import BoolArray, FloatArray, to_linear
from sitewatch.simulate._information import step_information
from sitewatch.simulate._power import CONTRASTS_DB
from sitewatch.sought import Detectable, Sought

# Of a two-lane access road with its verges.
ROAD_WIDTH_M = 20.0

SOUGHT = (
    Sought("pier", "water", CONTRASTS_DB["pier on water"]),
    Sought("building", "land", CONTRASTS_DB["building on land"]),
    Sought("road", "land", CONTRASTS_DB["road"], ROAD_WIDTH_M),
)


def summarise(
    sought: Sought,
    track: str,
    area_m2: FloatArray,
    length_m: FloatArray,
    known: int,
    window: tuple[dt.date, dt.date, int] | None,
) -> Detectable:
    """Put a map of one kind into words.

    Parameters
    ----------
    area_m2, length_m
        (y, x) smallest area and length; NaN outside the surface, inf where none tried would do.
    known
        Pixels of the site with data.
    window
        From `showing_window`.
    """
    on_surface = np.isfinite(area_m2) | np.isinf(area_m2)
    first, last, days = window or (None, None, None)
    return Detectable(
        sought=sought,
        track=track,
        share=float(on_surface.sum() / max(known, 1)),
        half_m2=_at(area_m2, 0.5),
        nine_tenths_m2=_at(area_m2, 0.9),
        half_m=_at(length_m, 0.5),
        nine_tenths_m=_at(length_m, 0.9),
        shown_from=first,
        shown_by=last,
        days_to_confirm=days,
    )


def showing_window(
    times: NDArray[np.datetime64], contrast_db: Sequence[float], images: int, images_before: int, margin: float = 1.0
) -> tuple[dt.date, dt.date, int] | None:
    """First and last date on which a structure may first show and still be found as surely as was asked for.

    A step is worth the more the more evenly it parts the images, so that early steps are worth less again: the window
    holds the dates at which a step is worth at least what one that leaves `images` images after it is worth, less the
    margin.

    Parameters
    ----------
    times
        Of the track's images (UTC), increasing.
    contrast_db
        By polarisation.
    images
        That show it.
    images_before
        That must show the place without it.
    margin
        By how many times the information exceeds what is needed, where `images` images show it.

    Returns
    -------
    First date, last date, and the days that `images` images span; None where there are too few.
    """
    count = len(times)
    if count - images < images_before:
        return None
    first_showing = np.arange(images_before, count - images + 1)
    before = first_showing.astype(float)
    ratio = to_linear(np.asarray(contrast_db, dtype=float))[:, None]
    worth = step_information(ratio, before, count - before).sum(axis=0)
    good = first_showing[worth >= worth[-1] / margin * (1 - 1e-9)]
    days = np.asarray(times, dtype="datetime64[D]")
    spans = (days[good + images - 1] - days[good]).astype(int)
    dates: list[dt.date] = days[[good[0], good[-1]]].tolist()
    return dates[0], dates[1], round(float(np.median(spans)))


def best_of(maps: Sequence[FloatArray]) -> FloatArray:
    """Least of several tracks' maps, place by place; NaN where none has data."""
    return np.asarray(np.fmin.reduce(list(maps)))


def joint_window(
    windows: Sequence[tuple[dt.date, dt.date, int] | None],
) -> tuple[dt.date, dt.date, int] | None:
    """Dates that lie in the windows of all tracks that have one, and the longest of their waits."""
    known = [window for window in windows if window]
    if not known:
        return None
    first, last = max(window[0] for window in known), min(window[1] for window in known)
    return (first, last, max(window[2] for window in known)) if first <= last else None


def on_surface(power: xr.Dataset, surface: BoolArray) -> tuple[FloatArray, FloatArray]:
    """(y, x) areas and lengths of a map, NaN off the surface."""
    area, length = (power[name].to_numpy() for name in ("smallest_area_m2", "smallest_length_m"))
    return np.where(surface, area, np.nan), np.where(surface, length, np.nan)


def _at(values: FloatArray, share: float) -> float | None:
    """Value that a share of the places does not exceed; None where that is infinite, or where there is no place."""
    known = np.sort(values[~np.isnan(values)])
    value = known[max(int(np.ceil(share * known.size)) - 1, 0)] if known.size else np.inf
    return float(value) if np.isfinite(value) else None
