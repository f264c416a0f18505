"""Site preparation: the ground of a building to be changes before the building itself is there."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter

from sitewatch.change import DB_PER_LOG
from sitewatch.structures._nan import nan_mean
from sitewatch.structures._presence import Presence
from sitewatch.structures._window import Window

LEAST_Z = 4.0
LEAST_DROP_DB = 0.6


def preparation_image(window: Window, presence: Presence, start: tuple[int, int] | None) -> int | None:
    """First image that shows the footprint's ground darker than before, up to the onset; None without a sign.

    Parameters
    ----------
    start
        Images of the onset interval.
    """
    if start is None or start[1] < 4:
        return None
    rows, columns = presence.pixels
    rest = window.residual()[:, :, rows, columns].astype(float)
    waiting = np.where(presence.built_by[:, None, :] < 0.2, rest - presence.before[None], np.nan)
    last = start[1]
    few = np.isfinite(waiting[:last, 0]).sum(axis=1) < 3
    series = nan_mean(waiting[:last], axis=2).mean(axis=1)
    series = series[~few] if few.any() else series
    if few.any() or series.size < 5:
        return None
    scatter = max(1.4826 * float(np.median(np.abs(np.diff(series)))) / np.sqrt(2), 0.15 / DB_PER_LOG)
    # A running median keeps the edge and drops single odd images; medians of the sides would pull the best cut inward.
    steady = median_filter(series, 3, mode="nearest")
    best, image = 0.0, None
    for first in range(3, series.size - 1):
        drop = float(steady[:first].mean() - steady[first:].mean())
        z = drop / (scatter * np.sqrt(1 / first + 1 / (series.size - first)))
        if z > best and drop * DB_PER_LOG > LEAST_DROP_DB:
            best, image = z, first
    return image if best > LEAST_Z else None
