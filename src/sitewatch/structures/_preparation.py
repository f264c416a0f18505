"""Site preparation: the ground of a building to be changes before the building itself is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from sitewatch.change import DB_PER_LOG
from sitewatch.change._robust import MAD_TO_SD
from sitewatch.structures._nan import nan_mean, nan_median
from sitewatch.structures._window import Window, ground_round

if TYPE_CHECKING:
    from sitewatch.structures._presence import Presence

LEAST_Z = 4.0
LEAST_DROP_DB = 0.6
# Pixels that may be built already are not waiting ground.
SURELY_WAITING = 0.2
FEWEST_WAITING = 3
# Ground this far round a structure shows what weather does to the place.
AROUND_PIXELS = 6
FEWEST_AROUND = 20


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
    scatter = max(MAD_TO_SD * float(np.median(np.abs(np.diff(series)))) / np.sqrt(2), 0.15 / DB_PER_LOG)
    # A running median keeps the edge and drops single odd images; medians of the sides would pull the best cut inward.
    steady = ndi.median_filter(series, 3, mode="nearest")
    best, image = 0.0, None
    for first in range(3, series.size - 1):
        drop = float(steady[:first].mean() - steady[first:].mean())
        z = drop / (scatter * np.sqrt(1 / first + 1 / (series.size - first)))
        if z > best and drop * DB_PER_LOG > LEAST_DROP_DB:
            best, image = z, int(known[first])
    return image if best > LEAST_Z else None


def waiting_ground(
    window: Window, footprint: NDArray[np.bool_], presence: Presence, last: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[image] mean level of the ground that waits for a structure, dB, and of how many pixels it is the mean.

    What the ground around it does is taken off: rain and growth are shared, clearing is not. NaN where fewer than
    `FEWEST_WAITING` pixels surely wait, and from the image `last` on.
    """
    rows, columns = presence.pixels
    rest = window.residual[:, :, rows, columns].astype(float) - presence.before[None]
    waiting = np.where(presence.built_by[:, None, :] < SURELY_WAITING, rest, np.nan)
    count = np.isfinite(waiting[:, 0]).sum(axis=1)
    level = nan_mean(waiting, axis=2).mean(axis=1) - _around(window, footprint, last)
    level[(count < FEWEST_WAITING) | (np.arange(level.size) >= last)] = np.nan
    return level * DB_PER_LOG, count.astype(float)


def _around(window: Window, footprint: NDArray[np.bool_], last: int) -> NDArray[np.float64]:
    """[image], mean over polarisations of how the ground around a footprint stands against its own level before."""
    ring = ground_round(window, footprint, on_water=False, reach_pixels=AROUND_PIXELS)
    if ring.sum() < FEWEST_AROUND:
        return np.zeros(window.log_values.shape[0])
    rest = window.residual[:, :, ring].astype(float)
    rest -= nan_median(rest[: max(last, 1)], axis=0)
    # The median: what else is built nearby is not weather.
    level: NDArray[np.float64] = np.nan_to_num(nan_median(rest, axis=2).mean(axis=1))
    return level
