"""Order statistics of pixels' series, missing images skipped; numpy's masked ones are fifty times as slow."""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from sitewatch.change._numba import kernel, parallel_kernel


@kernel
def _select(values: NDArray[np.float32], count: int, rank: int) -> np.float32:
    """Hoare's selection (1961) in place: the value of that rank, smaller ones before it, larger ones behind."""
    left, right = 0, count - 1
    while left < right:
        pivot = values[(left + right) // 2]
        i, j = left, right
        while i <= j:
            while values[i] < pivot:
                i += 1
            while pivot < values[j]:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if rank <= j:
            right = j
        elif rank >= i:
            left = i
        else:
            break
    return values[rank]


@parallel_kernel
def _quantiles(values: NDArray[np.float32], share: float, out: NDArray[np.float32]) -> None:
    n_time, n_pixel = values.shape
    block = 128
    for start in prange((n_pixel + block - 1) // block):
        first, end = start * block, min(n_pixel, (start + 1) * block)
        # Rows of the block are read in memory order, so that each pixel's series then lies in one piece.
        series = np.empty((block, n_time), np.float32)
        for t in range(n_time):
            for pixel in range(first, end):
                series[pixel - first, t] = values[t, pixel]
        for pixel in range(first, end):
            kept = series[pixel - first]
            count = 0
            for t in range(n_time):
                value = kept[t]
                if not np.isnan(value):
                    kept[count] = value
                    count += 1
            if count == 0:
                out[pixel] = np.nan
                continue
            at = share * (count - 1)
            low = int(at)
            lower = _select(kept, count, low)
            upper = lower
            if at > low:  # the next in order is the least of those behind the selected one
                upper = kept[low + 1]
                for t in range(low + 2, count):
                    upper = min(upper, kept[t])
            out[pixel] = lower + (at - low) * (upper - lower)


def quantile_over_time(values: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """[pixel], quantile of each column of [time, pixel], linear between images; NaN without any image."""
    out = np.empty(values.shape[1], np.float32)
    _quantiles(np.ascontiguousarray(values, dtype=np.float32), share, out)
    return out


def median_over_time(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """[pixel], median of each column of [time, pixel]; NaN without any image."""
    return quantile_over_time(values, 0.5)
