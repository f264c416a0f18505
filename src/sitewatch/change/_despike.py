"""Take away what stays for one or two images only: ships under way, wet patches, interference."""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from sitewatch.change._numba import parallel_kernel

WINDOW = 5


@parallel_kernel
def _despike(log_values: NDArray[np.float32], reach: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    n_time, n_pixel = log_values.shape
    half = WINDOW // 2
    for block in prange((n_pixel + 255) // 256):
        window = np.empty(WINDOW, np.float32)
        first, end = block * 256, min(n_pixel, (block + 1) * 256)
        # Rows of the block are read in memory order, so that each pixel's series then lies in one piece.
        series = np.empty((256, n_time), np.float32)
        for t in range(n_time):
            for pixel in range(first, end):
                series[pixel - first, t] = log_values[t, pixel]
        for pixel in range(first, end):
            for t in range(n_time):
                # At the ends the window stays whole and off-centre, so that two odd images never make a majority.
                start = min(max(t - half, 0), max(n_time - WINDOW, 0))
                count = 0
                for s in range(start, min(start + WINDOW, n_time)):
                    value = series[pixel - first, s]
                    if not np.isnan(value):
                        at = count
                        while at > 0 and window[at - 1] > value:
                            window[at] = window[at - 1]
                            at -= 1
                        window[at] = value
                        count += 1
                value = series[pixel - first, t]
                if count == 0:
                    out[t, pixel] = np.nan
                    continue
                middle = window[count // 2] if count % 2 else 0.5 * (window[count // 2 - 1] + window[count // 2])
                if np.isnan(value):
                    out[t, pixel] = middle
                else:
                    out[t, pixel] = min(max(value, middle - reach[t]), middle + reach[t])


def despike(log_values: NDArray[np.float32], reach: NDArray[np.float32]) -> NDArray[np.float32]:
    """Clip each series to within `reach` of its running median over five images.

    A lasting step passes unharmed, since the running median keeps edges; what stays for one or two images is cut
    down to `reach`. Missing images take the running median, so that later sums need no masks; where five images in
    a row are missing the result is NaN.

    Parameters
    ----------
    log_values
        [time, pixel], natural logarithm of power, date effects removed; NaN where there is no image.
    reach
        [time], largest distance from the running median that is believed, natural-log units.

    Returns
    -------
    [time, pixel] float32.
    """
    out = np.empty_like(log_values)
    _despike(log_values, reach, out)
    return out
