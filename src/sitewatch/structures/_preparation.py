"""Site preparation: the ground of a building to be changes before the building itself is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from sitewatch.change import DB_PER_LOG
from sitewatch.structures._nan import nan_mean

if TYPE_CHECKING:
    from sitewatch.structures._presence import Presence
    from sitewatch.structures._window import Window

LEAST_Z = 4.0
LEAST_DROP_DB = 0.6
# Pixels that may be built already are not waiting ground.
SURELY_WAITING = 0.2
FEWEST_WAITING = 3


def waiting_drop(deviation: NDArray[np.float64], built: NDArray[np.float64], last: int) -> int | None:
    """First image that shows the ground where a structure will stand darker than before; None without a sign.

    Parameters
    ----------
    deviation
        [image, polarisation, pixel], ln power less date effect and the pixel's level before.
    built
        [image, pixel], probability of being built.
    last
        One past the last image that may count (that of the onset).
    """
    if last < 4:
        return None
    waiting = np.where(built[:, None, :] < SURELY_WAITING, deviation, np.nan)[:last]
    few = np.isfinite(waiting[:, 0]).sum(axis=1) < FEWEST_WAITING
    known = np.flatnonzero(~few)
    if known.size < 5:
        return None
    series = nan_mean(waiting[known], axis=2).mean(axis=1)
    scatter = max(1.4826 * float(np.median(np.abs(np.diff(series)))) / np.sqrt(2), 0.15 / DB_PER_LOG)
    # A running median keeps the edge and drops single odd images; medians of the sides would pull the best cut inward.
    steady = median_filter(series, 3, mode="nearest")
    best, image = 0.0, None
    for first in range(3, series.size - 1):
        drop = float(steady[:first].mean() - steady[first:].mean())
        z = drop / (scatter * np.sqrt(1 / first + 1 / (series.size - first)))
        if z > best and drop * DB_PER_LOG > LEAST_DROP_DB:
            best, image = z, int(known[first])
    return image if best > LEAST_Z else None


def preparation_image(window: Window, presence: Presence, start: tuple[int, int] | None) -> int | None:
    """First image that shows the footprint's ground darker than before, up to the onset; None without a sign.

    Parameters
    ----------
    start
        Images of the onset interval.
    """
    if start is None:
        return None
    rows, columns = presence.pixels
    rest = window.residual()[:, :, rows, columns].astype(float)
    return waiting_drop(rest - presence.before[None], presence.built_by, start[1])
