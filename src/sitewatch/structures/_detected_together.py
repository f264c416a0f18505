"""When a watch fed with the images of several tracks would have raised and confirmed a structure.

Levels are compared within a track: each image of the footprint is taken against the mean of its own track's teaching
images, and these ratios, of the polarisations that all tracks have, go through the monitor in the order of their dates.
How well those few images know the level is part of what an image is worth.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._gamma import inverse_trigamma, trigamma
from sitewatch.structures._detected import footprint_series, teaching_images, watch
from sitewatch.structures._window import Window, dates_of


def watch_together(
    windows: Sequence[Window], footprint: NDArray[np.bool_], absent: dt.date
) -> tuple[dt.date | None, dt.date | None]:
    """Dates of the images with which one watch of several tracks would have raised a footprint, and confirmed it.

    Parameters
    ----------
    windows
        One a track, on the same pixels.
    footprint
        [y, x] of the windows.
    absent
        Day of the image by which it is credibly absent. A track without an image by then knows no level of its own and
        is not watched.
    """
    names = [name for name in windows[0].polarisations if all(name in w.polarisations for w in windows)]
    parts = [part for w in windows if (part := _ratios(w, footprint, absent, names)) is not None]
    if not names or len(parts) < 2:
        return None, None
    order = np.argsort(np.concatenate([time for time, _, _ in parts]), kind="stable")
    time, ratio, looks = (np.concatenate([part[i] for part in parts])[order] for i in range(3))
    days = dates_of(time)
    raised, confirmed = watch(time, names, ratio, looks, sum(day <= absent for day in days) - 1)
    return None if raised is None else days[raised], None if confirmed is None else days[confirmed]


def _ratios(
    window: Window, footprint: NDArray[np.bool_], absent: dt.date, names: Sequence[str]
) -> tuple[NDArray[np.datetime64], NDArray[np.float64], NDArray[np.float64]] | None:
    """Times, power against the track's own level and looks [time, polarisation]; None without an image by `absent`."""
    before = sum(day <= absent for day in window.dates)
    if before == 0:
        return None
    teaching = teaching_images(before)
    power, looks = footprint_series(window, footprint, teaching)
    chosen = [window.polarisations.index(name) for name in names]
    power, looks = power[:, chosen], looks[:, chosen]
    first = power[:teaching]
    count = np.isfinite(first).sum(axis=0)
    if (count == 0).any():
        return None
    level = np.nanmean(first, axis=0)
    # What the level is not known by is shared by all images, and counted as if it were new in each: on the safe side.
    variance = trigamma(looks) * (1.0 + 1.0 / count)
    return window.stack["time"].values, power / level, inverse_trigamma(variance)
