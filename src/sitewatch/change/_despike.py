"""Take away what stays for one or two images only: ships under way, wet patches, interference."""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from sitewatch.change._numba import kernel, parallel_kernel

WINDOW = 5
_HALF = np.float32(0.5)


@kernel
def _middle_of_five(a: np.float32, b: np.float32, c: np.float32, d: np.float32, e: np.float32) -> np.float32:
    """Median of five numbers, by comparisons without branches."""
    f, g = max(min(a, b), min(c, d)), min(max(a, b), max(c, d))
    return max(min(f, g), min(max(f, g), e))


@kernel
def _first_of_window(t: int, n_time: int) -> int:
    # At the ends the window stays whole and off-centre, so that two odd images never make a majority.
    return min(max(t - WINDOW // 2, 0), max(n_time - WINDOW, 0))


@kernel
def _despike_series(values: NDArray[np.float32], reach: NDArray[np.float32], b: int, out: NDArray[np.float32]) -> None:
    """Column `b` of a block, with missing images or fewer images than the window."""
    n_time = values.shape[0]
    window = np.empty(WINDOW, np.float32)
    for t in range(n_time):
        start = _first_of_window(t, n_time)
        count = 0
        for s in range(start, min(start + WINDOW, n_time)):
            value = values[s, b]
            if not np.isnan(value):
                at = count
                while at > 0 and window[at - 1] > value:
                    window[at] = window[at - 1]
                    at -= 1
                window[at] = value
                count += 1
        value = values[t, b]
        if count == 0:
            out[t, b] = np.nan
            continue
        middle = window[count // 2] if count % 2 else _HALF * (window[count // 2 - 1] + window[count // 2])
        out[t, b] = middle if np.isnan(value) else min(max(value, middle - reach[t]), middle + reach[t])


@kernel
def despike_block(
    values: NDArray[np.float32], reach: NDArray[np.float32], whole: NDArray[np.bool_], out: NDArray[np.float32]
) -> None:
    """`despike` for a block of neighbouring pixels, [time, pixel]; `whole`: which of them have every image."""
    n_time, width = values.shape
    if n_time >= WINDOW:
        for t in range(n_time):
            start = _first_of_window(t, n_time)
            row, target, far = values[t], out[t], reach[t]
            a, b, c, d, e = (
                values[start], values[start + 1], values[start + 2], values[start + 3], values[start + 4],
            )  # fmt: skip
            for i in range(width):
                middle = _middle_of_five(a[i], b[i], c[i], d[i], e[i])
                target[i] = min(max(row[i], middle - far), middle + far)
    for i in range(width):
        if n_time < WINDOW or not whole[i]:
            _despike_series(values, reach, i, out)


@parallel_kernel
def _despike(log_values: NDArray[np.float32], reach: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    n_time, n_pixel = log_values.shape
    size = 64
    for block in prange((n_pixel + size - 1) // size):
        first, width = block * size, min(size, n_pixel - block * size)
        values, clean = np.zeros((n_time, size), np.float32), np.empty((n_time, size), np.float32)
        whole = np.ones(size, np.bool_)
        for t in range(n_time):
            for b in range(width):
                values[t, b] = log_values[t, first + b]
                whole[b] &= not np.isnan(values[t, b])
        despike_block(values, reach, whole, clean)
        for t in range(n_time):
            for b in range(width):
                out[t, first + b] = clean[t, b]


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
